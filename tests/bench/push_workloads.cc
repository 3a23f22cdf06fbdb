#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "tests/bench/bench.h"
#include "tests/bench/floor_service.h"
#include "tests/bench/push_load.h"

// Phones that push, and the same bytes into the floor.

namespace vigil::bench {
namespace {

struct PushCase {
  PushSpec spec;
  int records = 1270;
  bool tls = false;
};

// In turn, so that a machine whose speed drifts does both alike.
struct Pair {
  PushResult ours;
  PushResult floor;
};

absl::StatusOr<Pair> Once(Bench& bench, const PushCase& asked, const Seed& seed,
                          const std::vector<PhoneLoad>& load) {
  const Identity* identity = nullptr;
  if (asked.tls) {
    VIGIL_ASSIGN_OR_RETURN(identity, bench.ServerIdentity());
  }
  VIGIL_ASSIGN_OR_RETURN(const std::string directory, bench.FreshDirectory("push"));
  Pair pair;
  {
    const std::string data_dir = JoinPath(directory, "reg");
    VIGIL_RETURN_IF_ERROR(seed.CopyTo(data_dir));
    VIGIL_ASSIGN_OR_RETURN(const auto server, Server::StartVigild(data_dir, identity));
    VIGIL_ASSIGN_OR_RETURN(pair.ours, RunPushes(*server, load));
    VIGIL_RETURN_IF_ERROR(server->Stop());
    VIGIL_RETURN_IF_ERROR(bench.Keep(data_dir, seed.seq(), asked.spec.total()));
  }
  const std::string file = JoinPath(directory, "floor.db");
  VIGIL_RETURN_IF_ERROR(OpenFloorFile(file).status());
  VIGIL_ASSIGN_OR_RETURN(const auto server, Server::StartFloor(file, identity));
  VIGIL_ASSIGN_OR_RETURN(pair.floor, RunPushes(*server, load));
  VIGIL_RETURN_IF_ERROR(server->Stop());
  return pair;
}

// What is said of one run of pushes.
using Figure = std::function<double(const PushSpec&, const PushResult&)>;

Workload Pushing(PushCase asked, const Row& row, const Figure& figure, std::string what) {
  const auto run = [=](Bench& bench) -> absl::Status {
    PushCase sized = asked;
    sized.spec.pushes = bench.Sized(asked.spec.pushes);
    sized.records = bench.Sized(asked.records, 1270);
    VIGIL_ASSIGN_OR_RETURN(Seed * seed,
                           bench.SeedOf({.records = sized.records, .phones = sized.spec.phones}));
    VIGIL_ASSIGN_OR_RETURN(const std::vector<PhoneLoad> load, PreparePushes(*seed, sized.spec));
    return AddRepeated(bench, row, [&]() -> absl::StatusOr<Measured> {
      VIGIL_ASSIGN_OR_RETURN(const Pair pair, Once(bench, sized, *seed, load));
      return Measured{figure(sized.spec, pair.ours), figure(sized.spec, pair.floor)};
    });
  };
  return {row.name, std::move(what), run};
}

Workload Throughput(const std::string& name, const PushCase& asked, const Limits& limits,
                    std::string what) {
  return Pushing(
      asked, AtLeast(name, "operations/s", limits),
      [](const PushSpec& spec, const PushResult& result) { return spec.total() / result.seconds; },
      std::move(what));
}

Workload Latency(const std::string& name, const PushCase& asked, const Limits& limits,
                 std::string what) {
  return Pushing(
      asked, AtMost(name, "ms (p50)", limits),
      [](const PushSpec& /*spec*/, const PushResult& result) { return result.latency_ms.Median(); },
      std::move(what));
}

constexpr PushSpec kBatched{.phones = 64, .pushes = 8, .operations = 50};
constexpr PushSpec kSingle{.phones = 64, .pushes = 100, .operations = 1};
constexpr PushSpec kAlone{.phones = 1, .pushes = 1000, .operations = 1};

}  // namespace

std::vector<Workload> PushWorkloads() {
  return {
      Throughput("push-batched", {.spec = kBatched}, {.target = 0.35, .aim = 0.5},
                 "64 phones push batches of 50, half inspections, half edits of one field"),
      Throughput("push-batched-tls", {.spec = kBatched, .tls = true}, {.target = 0.35, .aim = 0.5},
                 "the same over TLS, the floor too"),
      Throughput("push-batched-50k", {.spec = kBatched, .records = 50'000},
                 {.target = 0.25, .aim = 0.4}, "the same into a register of 50,000 records"),
      Throughput("push-single", {.spec = kSingle}, {.target = 0.65, .aim = 0.8},
                 "64 phones push one operation at a time"),
      Throughput("push-single-tls", {.spec = kSingle, .tls = true}, {.target = 0.65, .aim = 0.8},
                 "the same over TLS, the floor too"),
      Latency("push-alone", {.spec = kAlone}, {.target = 1.3, .aim = 1.15},
              "one phone pushes one operation at a time"),
  };
}

}  // namespace vigil::bench
