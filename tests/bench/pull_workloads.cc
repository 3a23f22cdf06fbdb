#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "tests/bench/bench.h"
#include "tests/bench/floor_service.h"
#include "tests/bench/pull_load.h"
#include "tests/bench/push_load.h"
#include "tests/support/relay.h"

// Phones that pull, and the same records from the floor.

namespace vigil::bench {
namespace {

absl::Status PullIntoMemory(Bench& bench, const std::string& name, int records, bool tls) {
  const Identity* identity = nullptr;
  if (tls) {
    VIGIL_ASSIGN_OR_RETURN(identity, bench.ServerIdentity());
  }
  VIGIL_ASSIGN_OR_RETURN(Seed * seed, bench.SeedOf({.records = bench.Sized(records, 1270)}));
  VIGIL_ASSIGN_OR_RETURN(const ServerPair servers, StartBoth(bench, *seed, identity));
  const auto count = static_cast<double>(seed->stored().size());
  const auto once = [&]() -> absl::StatusOr<Measured> {
    VIGIL_ASSIGN_OR_RETURN(const Pulled ours,
                           PullAll(*servers.ours, seed->phones().front().get(), {}));
    VIGIL_ASSIGN_OR_RETURN(const Pulled floor, PullAll(*servers.floor, nullptr, {}));
    if (ours.records.size() != floor.records.size()) {
      return Error(absl::StatusCode::kInternal, "the floor gave other records");
    }
    return Measured{count / ours.seconds, count / floor.seconds};
  };
  // Once before it counts: both have read their files then.
  VIGIL_RETURN_IF_ERROR(once().status());
  VIGIL_RETURN_IF_ERROR(
      AddRepeated(bench, AtLeast(name, "records/s", {.target = 0.6, .aim = 0.85}), once));
  VIGIL_RETURN_IF_ERROR(servers.ours->Stop());
  return servers.floor->Stop();
}

Workload Memory(const std::string& name, int records, bool tls, std::string what) {
  return {name, std::move(what),
          [=](Bench& bench) { return PullIntoMemory(bench, name, records, tls); }};
}

// --- What has changed ----------------------------------------------------------------------------

constexpr int kChanges = 10;
// Pulls that are weighed, and one before.
constexpr int kWeighed = 6;

double StoredBytes(const Pulled& pulled) {
  std::size_t bytes = 0;
  for (const std::string& record : pulled.records) bytes += record.size();
  return static_cast<double>(bytes);
}

// A register in which somebody changes ten records, again and again, and a phone that follows.
class Changing {
 public:
  static absl::StatusOr<std::unique_ptr<Changing>> Start(Bench& bench, Seed& seed,
                                                         const std::string& name, int rounds,
                                                         int history) {
    VIGIL_ASSIGN_OR_RETURN(const std::string directory, bench.FreshDirectory(name));
    const std::string data_dir = JoinPath(directory, "reg");
    VIGIL_RETURN_IF_ERROR(seed.CopyTo(data_dir));
    auto changing = std::unique_ptr<Changing>(new Changing(seed));
    VIGIL_ASSIGN_OR_RETURN(changing->server_, Server::StartVigild(data_dir));
    VIGIL_ASSIGN_OR_RETURN(const std::vector<PhoneLoad> load,
                           PreparePushes(seed, {.phones = 1,
                                                .pushes = rounds,
                                                .operations = kChanges,
                                                .edits_only = true,
                                                .history = history}));
    changing->load_ = load.front();
    bench.Say(absl::StrCat("making a history of ", history, " pushes"));
    for (int i = 0; i < history; ++i) VIGIL_RETURN_IF_ERROR(changing->PushNext());
    changing->channel_ = changing->server_->Connect();
    VIGIL_ASSIGN_OR_RETURN(changing->before_,
                           PullAll(changing->channel_, seed.phones().back().get(), {}));
    return changing;
  }

  // The next ten changes, and what it takes to learn of them.
  absl::StatusOr<Pulled> Next() { return Follow(channel_); }

  // The same, with the bytes that the register sent for it, whatever they were wrapped in.
  struct Weighed {
    double on_the_wire = 0;
    double stored = 0;
  };
  absl::StatusOr<Weighed> Weigh() {
    if (relay_ == nullptr) {
      relay_ = std::make_unique<testing::Relay>(
          testing::Relay::Options{.port = server_->port(), .drops = 0});
      relayed_ = server_->ConnectTo(relay_->address());
      // The connection's own first words are not the pull's.
      VIGIL_RETURN_IF_ERROR(Follow(relayed_).status());
    }
    const std::int64_t before = relay_->bytes_from_server();
    VIGIL_ASSIGN_OR_RETURN(const Pulled pulled, Follow(relayed_));
    return Weighed{.on_the_wire = static_cast<double>(relay_->bytes_from_server() - before),
                   .stored = StoredBytes(pulled)};
  }

  absl::Status Stop() {
    relayed_.reset();
    relay_.reset();
    return server_->Stop();
  }

 private:
  explicit Changing(Seed& seed) : seed_(seed) {}

  absl::StatusOr<Pulled> Follow(const std::shared_ptr<grpc::Channel>& channel) {
    VIGIL_RETURN_IF_ERROR(PushNext());
    VIGIL_ASSIGN_OR_RETURN(Pulled pulled,
                           PullAll(channel, seed_.phones().back().get(), before_.cursors));
    before_ = pulled;
    if (pulled.records.size() == kChanges) return pulled;
    return Error(absl::StatusCode::kInternal,
                 absl::StrCat("a pull brought ", pulled.records.size(), " records"));
  }

  absl::Status PushNext() {
    return RunPushes(*server_,
                     {{.authorization = load_.authorization, .pushes = {load_.pushes[next_++]}}})
        .status();
  }

  Seed& seed_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<testing::Relay> relay_;
  std::shared_ptr<grpc::Channel> relayed_;
  PhoneLoad load_;
  std::size_t next_ = 0;
  Pulled before_;
};

struct Compared {
  std::string name;
  SeedSpec small;
  SeedSpec large;
  // Pushes of 50 that the large one has had besides.
  int history = 0;
  double target = 0;
};

// The same change in a small register and in a large one.
absl::Status CompareChanges(Bench& bench, const Compared& compared) {
  const int rounds = bench.Sized(30, 5);
  VIGIL_ASSIGN_OR_RETURN(Seed * small_seed, bench.SeedOf(compared.small));
  VIGIL_ASSIGN_OR_RETURN(Seed * large_seed, bench.SeedOf(compared.large));
  Row bytes = AtMost(compared.name + "-bytes", "bytes", {.target = 1.2, .aim = 1});
  const Row time = AtMost(compared.name, "ms (p50)", {.target = compared.target, .aim = 1});
  const auto compare = [&]() -> absl::StatusOr<Measured> {
    VIGIL_ASSIGN_OR_RETURN(const auto small,
                           Changing::Start(bench, *small_seed, "small", rounds + kWeighed, 0));
    VIGIL_ASSIGN_OR_RETURN(const auto large, Changing::Start(bench, *large_seed, "large",
                                                             rounds + kWeighed, compared.history));
    VIGIL_ASSIGN_OR_RETURN(const Measured medians,
                           MediansOf(rounds, [&]() -> absl::StatusOr<Measured> {
                             VIGIL_ASSIGN_OR_RETURN(const Pulled in_small, small->Next());
                             VIGIL_ASSIGN_OR_RETURN(const Pulled in_large, large->Next());
                             return Measured{in_large.seconds * 1000, in_small.seconds * 1000};
                           }));
    for (int j = 1; j < kWeighed; ++j) {
      VIGIL_ASSIGN_OR_RETURN(const Changing::Weighed weighed, large->Weigh());
      bytes.ours.Add(weighed.on_the_wire);
      bytes.floor.Add(weighed.stored);
    }
    VIGIL_RETURN_IF_ERROR(small->Stop());
    VIGIL_RETURN_IF_ERROR(large->Stop());
    return medians;
  };
  VIGIL_RETURN_IF_ERROR(AddRepeated(bench, time, compare));
  if (compared.history == 0) bench.Add(std::move(bytes));
  return absl::OkStatus();
}

absl::Status PullChange(Bench& bench) {
  return CompareChanges(bench, {.name = "pull-change",
                                .small = {.records = 1000},
                                .large = {.records = bench.Sized(100'000, 1270)},
                                .target = 1.2});
}

absl::Status PullChangeHistory(Bench& bench) {
  constexpr SeedSpec kSpec{};
  VIGIL_ASSIGN_OR_RETURN(const Seed* seed, bench.SeedOf(kSpec));
  return CompareChanges(bench, {.name = "pull-change-history",
                                .small = kSpec,
                                .large = kSpec,
                                .history = bench.Sized(static_cast<int>(seed->seq()) * 2),
                                .target = 1.1});
}

}  // namespace

std::vector<Workload> PullWorkloads() {
  return {
      Memory("pull-1270", 1270, false, "a first pull of 1,270 records into memory"),
      Memory("pull-20k", 20'000, false, "the same of 20,000"),
      Memory("pull-20k-tls", 20'000, true, "the same over TLS, the floor too"),
      Memory("pull-100k", 100'000, false, "the same of 100,000"),
      {"pull-change", "10 changed records, in a register of 1,000 and in one of 100,000",
       PullChange},
      {"pull-change-history", "the same in a register with 100 times as much history",
       PullChangeHistory},
  };
}

}  // namespace vigil::bench
