#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sync/base/status.h"
#include "tests/bench/bench.h"
#include "tests/bench/floor_service.h"
#include "tests/bench/process_figures.h"
#include "tests/bench/push_load.h"
#include "tests/bench/watch_load.h"

// Many phones at once: those that watch, and those that all come back.

namespace vigil::bench {
namespace {

constexpr int kPhones = 500;

struct Side {
  const Server* server = nullptr;
  std::vector<std::shared_ptr<transport::ProgramAccess>> phones;
};

struct Idle {
  double kib_each = 0;
  double cpu_us = 0;
};

// What it costs that so many watch, and nothing happens.
absl::StatusOr<Idle> MeasureIdle(const Side& side) {
  constexpr absl::Duration kSettle = absl::Milliseconds(500);
  constexpr absl::Duration kIdle = absl::Seconds(3);
  VIGIL_ASSIGN_OR_RETURN(const ProcessFigures before, FiguresOf(side.server->pid()));
  VIGIL_ASSIGN_OR_RETURN(const auto watchers, Watchers::Open(*side.server, side.phones));
  absl::SleepFor(kSettle);
  VIGIL_ASSIGN_OR_RETURN(const ProcessFigures opened, FiguresOf(side.server->pid()));
  const std::int64_t messages = watchers->messages();
  absl::SleepFor(kIdle);
  VIGIL_ASSIGN_OR_RETURN(const ProcessFigures idle, FiguresOf(side.server->pid()));
  if (watchers->messages() != messages) {
    return Error(absl::StatusCode::kInternal, "somebody was woken although nothing had changed");
  }
  return Idle{.kib_each = static_cast<double>(opened.resident_kib - before.resident_kib) /
                          static_cast<double>(side.phones.size()),
              .cpu_us = static_cast<double>(idle.running_ns - opened.running_ns) / 1000 /
                        absl::ToDoubleSeconds(kIdle)};
}

absl::StatusOr<double> Broadcast(const Side& side, Watchers& watchers, const PhoneLoad& load) {
  watchers.ExpectNews();
  VIGIL_ASSIGN_OR_RETURN(const PushResult pushed, RunPushes(*side.server, {load}));
  VIGIL_ASSIGN_OR_RETURN(const absl::Time last, watchers.WaitForAll());
  return absl::ToDoubleMilliseconds(last - pushed.began_at);
}

absl::Status MeasureBroadcasts(const Side& side, const std::vector<PhoneLoad>& loads,
                               Figures& into) {
  VIGIL_ASSIGN_OR_RETURN(const auto watchers, Watchers::Open(*side.server, side.phones));
  Figures figures;
  for (const PhoneLoad& load : loads) {
    VIGIL_ASSIGN_OR_RETURN(const double took_ms, Broadcast(side, *watchers, load));
    figures.Add(took_ms);
  }
  into.Add(figures.Median());
  return absl::OkStatus();
}

// One load for each push of one phone.
absl::StatusOr<std::vector<PhoneLoad>> OneByOne(Seed& seed, int pushes) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<PhoneLoad> load,
                         PreparePushes(seed, {.phones = 1, .pushes = pushes, .operations = 1}));
  std::vector<PhoneLoad> loads;
  for (const grpc::ByteBuffer& push : load.front().pushes) {
    loads.push_back({.authorization = load.front().authorization, .pushes = {push}});
  }
  return loads;
}

absl::Status Watching(Bench& bench) {
  const int phones = bench.Sized(kPhones, 50);
  VIGIL_ASSIGN_OR_RETURN(Seed * seed, bench.SeedOf({.phones = phones}));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<PhoneLoad> loads, OneByOne(*seed, bench.Sized(20)));
  Row memory = AtMost("watch-memory", "KiB each", {.target = 2, .aim = 1.3});
  Row idle = AtMost("watch-idle", "CPU µs/s", {.target = 2, .aim = 1.3});
  Row broadcast = AtMost("watch-broadcast", "ms (p50)", {.target = 3, .aim = 1.5});
  for (int i = 0; i < bench.repetitions(); ++i) {
    bench.Say(absl::StrCat("watch: ", i + 1, " of ", bench.repetitions()));
    VIGIL_ASSIGN_OR_RETURN(const ServerPair servers, StartBoth(bench, *seed, nullptr));
    const Side ours{servers.ours.get(), seed->phones()};
    const Side floor{servers.floor.get(), std::vector<std::shared_ptr<transport::ProgramAccess>>(
                                              static_cast<std::size_t>(phones))};
    VIGIL_ASSIGN_OR_RETURN(const Idle idle_ours, MeasureIdle(ours));
    VIGIL_ASSIGN_OR_RETURN(const Idle idle_floor, MeasureIdle(floor));
    memory.ours.Add(idle_ours.kib_each);
    memory.floor.Add(idle_floor.kib_each);
    idle.ours.Add(idle_ours.cpu_us);
    idle.floor.Add(idle_floor.cpu_us);
    VIGIL_RETURN_IF_ERROR(MeasureBroadcasts(ours, loads, broadcast.ours));
    VIGIL_RETURN_IF_ERROR(MeasureBroadcasts(floor, loads, broadcast.floor));
    VIGIL_RETURN_IF_ERROR(servers.ours->Stop());
    VIGIL_RETURN_IF_ERROR(servers.floor->Stop());
  }
  for (Row* row : {&memory, &idle, &broadcast}) bench.Add(std::move(*row));
  return absl::OkStatus();
}

struct Rush {
  double operations_per_s = 0;
  double peak_mib = 0;
};

// Over a fresh copy, each with 20 operations; or steadily, in the batches of the push workload.
absl::StatusOr<Rush> RunRush(Bench& bench, const Seed& seed, const std::vector<PhoneLoad>& load,
                             int operations, const PushOptions& options) {
  VIGIL_ASSIGN_OR_RETURN(const std::string directory, bench.FreshDirectory("herd"));
  const std::string data_dir = JoinPath(directory, "reg");
  VIGIL_RETURN_IF_ERROR(seed.CopyTo(data_dir));
  VIGIL_ASSIGN_OR_RETURN(const auto server, Server::StartVigild(data_dir));
  VIGIL_ASSIGN_OR_RETURN(const PushResult result, RunPushes(*server, load, options));
  VIGIL_ASSIGN_OR_RETURN(const ProcessFigures figures, FiguresOf(server->pid()));
  VIGIL_RETURN_IF_ERROR(server->Stop());
  return Rush{.operations_per_s = operations / result.seconds,
              .peak_mib = static_cast<double>(figures.peak_kib) / 1024};
}

// What it is measured against is Vigil's own steady push, of as many operations.
absl::Status Herd(Bench& bench) {
  const PushSpec herd{.phones = bench.Sized(kPhones, 50), .pushes = 1, .operations = 20};
  const PushSpec steady{.phones = herd.phones / 8, .pushes = 3, .operations = 50};
  VIGIL_ASSIGN_OR_RETURN(Seed * seed, bench.SeedOf({.phones = herd.phones}));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<PhoneLoad> herd_load, PreparePushes(*seed, herd));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<PhoneLoad> steady_load, PreparePushes(*seed, steady));
  Row memory = AtMost("herd-memory", "MiB (peak)", {.target = 2});
  const Row rate = AtLeast("herd", "operations/s", {.target = 0.8});
  VIGIL_RETURN_IF_ERROR(AddRepeated(bench, rate, [&]() -> absl::StatusOr<Measured> {
    VIGIL_ASSIGN_OR_RETURN(const Rush rush, RunRush(bench, *seed, herd_load, herd.total(),
                                                    {.greeters = &seed->phones()}));
    VIGIL_ASSIGN_OR_RETURN(const Rush calm, RunRush(bench, *seed, steady_load, steady.total(), {}));
    memory.ours.Add(rush.peak_mib);
    memory.floor.Add(calm.peak_mib);
    return Measured{rush.operations_per_s, calm.operations_per_s};
  }));
  bench.Add(std::move(memory));
  return absl::OkStatus();
}

}  // namespace

std::vector<Workload> WatchWorkloads() {
  return {
      {"watch", "500 phones watch: memory each, cost of doing nothing, one change to all of them",
       Watching},
      {"herd", "500 phones connect, say hello and push 20 operations each, all at once", Herd},
  };
}

}  // namespace vigil::bench
