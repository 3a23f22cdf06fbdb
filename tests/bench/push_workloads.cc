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
  std::string name;
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

absl::StatusOr<std::vector<Pair>> Repeat(Bench& bench, const PushCase& asked) {
  VIGIL_ASSIGN_OR_RETURN(Seed * seed,
                         bench.SeedOf({.records = asked.records, .phones = asked.spec.phones}));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<PhoneLoad> load, PreparePushes(*seed, asked.spec));
  std::vector<Pair> pairs;
  for (int i = 0; i < bench.repetitions(); ++i) {
    bench.Say(absl::StrCat(asked.name, ": ", i + 1, " of ", bench.repetitions()));
    VIGIL_ASSIGN_OR_RETURN(pairs.emplace_back(), Once(bench, asked, *seed, load));
  }
  return pairs;
}

struct Limits {
  double target = 0;
  double aim = 0;
};

Workload Throughput(PushCase asked, Limits limits, std::string what) {
  const auto run = [asked, limits](Bench& bench) -> absl::Status {
    PushCase sized = asked;
    sized.spec.pushes = bench.Sized(asked.spec.pushes);
    sized.records = bench.Sized(asked.records, 1270);
    VIGIL_ASSIGN_OR_RETURN(const std::vector<Pair> pairs, Repeat(bench, sized));
    Row row{.name = asked.name,
            .unit = "operations/s",
            .ours = {},
            .floor = {},
            .bound = Bound::kAtLeast,
            .target = limits.target,
            .aim = limits.aim};
    for (const Pair& pair : pairs) {
      row.ours.Add(sized.spec.total() / pair.ours.seconds);
      row.floor.Add(sized.spec.total() / pair.floor.seconds);
    }
    bench.Add(std::move(row));
    return absl::OkStatus();
  };
  return {asked.name, std::move(what), run};
}

Workload Latency(PushCase asked, Limits limits, std::string what) {
  const auto run = [asked, limits](Bench& bench) -> absl::Status {
    PushCase sized = asked;
    sized.spec.pushes = bench.Sized(asked.spec.pushes);
    VIGIL_ASSIGN_OR_RETURN(const std::vector<Pair> pairs, Repeat(bench, sized));
    Row row{.name = asked.name,
            .unit = "ms (p50)",
            .ours = {},
            .floor = {},
            .bound = Bound::kAtMost,
            .target = limits.target,
            .aim = limits.aim};
    for (const Pair& pair : pairs) {
      row.ours.Add(pair.ours.latency_ms.Median());
      row.floor.Add(pair.floor.latency_ms.Median());
    }
    bench.Add(std::move(row));
    return absl::OkStatus();
  };
  return {asked.name, std::move(what), run};
}

constexpr PushSpec kBatched{.phones = 64, .pushes = 8, .operations = 50};
constexpr PushSpec kSingle{.phones = 64, .pushes = 100, .operations = 1};
constexpr PushSpec kAlone{.phones = 1, .pushes = 1000, .operations = 1};

}  // namespace

std::vector<Workload> PushWorkloads() {
  return {
      Throughput({.name = "push-batched", .spec = kBatched}, {.target = 0.35, .aim = 0.5},
                 "64 phones push batches of 50, half inspections, half edits of one field"),
      Throughput({.name = "push-batched-tls", .spec = kBatched, .tls = true},
                 {.target = 0.35, .aim = 0.5}, "the same over TLS, the floor too"),
      Throughput({.name = "push-batched-50k", .spec = kBatched, .records = 50'000},
                 {.target = 0.25, .aim = 0.4}, "the same into a register of 50,000 records"),
      Throughput({.name = "push-single", .spec = kSingle}, {.target = 0.65, .aim = 0.8},
                 "64 phones push one operation at a time"),
      Throughput({.name = "push-single-tls", .spec = kSingle, .tls = true},
                 {.target = 0.65, .aim = 0.8}, "the same over TLS, the floor too"),
      Latency({.name = "push-alone", .spec = kAlone}, {.target = 1.3, .aim = 1.15},
              "one phone pushes one operation at a time"),
  };
}

}  // namespace vigil::bench
