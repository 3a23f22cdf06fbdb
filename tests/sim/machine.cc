#include "tests/sim/machine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"

namespace vigil::sim {

using testing::SimVfs;

absl::Time Machine::OwnClock::Now() const {
  return machine_.world_.executor().Now() + machine_.clock_error_;
}

// By the machine's clock as it goes now: a jump later moves nothing that waits.
void Machine::View::PostAt(absl::Time when, Task task) {
  const absl::Time at =
      std::max(machine_.world_.now(),
               std::min(when - machine_.clock_error_, absl::FromUnixSeconds(4'000'000'000)));
  machine_.world_.executor().PostAt(at, [machine = &machine_, life = machine_.life_,
                                         task = std::move(task)] { machine->RunTask(life, task); });
}

Machine::Machine(World& world, const Options& options)
    : world_(world),
      options_(options),
      clock_error_(options.clock_error),
      clock_(*this),
      disk_({.seed = world.random().Next(), .clock = &clock_}),
      executor_(*this) {}

void Machine::RunTask(std::uint64_t life, const Executor::Task& task) {
  if (life != life_ || !up_) return;
  if (BusyUntil() > world_.now()) {
    world_.executor().PostAt(BusyUntil(), [this, life, task] { RunTask(life, task); });
    return;
  }
  EnterLife(life, task);
}

void Machine::Enter(const std::function<void()>& task) {
  if (!up_) return;
  if (inside_) return task();
  inside_ = true;
  task();
  inside_ = false;
  LookAfter();
}

void Machine::EnterLife(std::uint64_t life, const std::function<void()>& task) {
  if (life == life_) Enter(task);
}

void Machine::LookAfter() {
  if (!up_) return;
  if (IsDying()) {
    world_.Note(options_.is_server ? Fault::kServerDiesInWrite : Fault::kPhoneDiesInWrite, name());
    if (armed_torn_) world_.Note(Fault::kTornWrite, name());
    return Die(armed_death_);
  }
  if (failure_armed_ && disk_.fault_struck()) {
    failure_armed_ = false;
    world_.Note(options_.is_server ? Fault::kServerSyncFails : Fault::kPhoneSyncFails, name());
  }
  AfterTask();
}

void Machine::Die(Death death) {
  if (!up_) return;
  world_.Trace(name(), death == Death::kPowerFails ? "power is gone" : "program is gone");
  up_ = false;
  ++life_;
  armed_ = false;
  failure_armed_ = false;
  if (death == Death::kPowerFails) {
    disk_.Crash();
  } else {
    disk_.KillProcess();
  }
  TearDown();
  const absl::Duration down = world_.Between(absl::Seconds(1), absl::Minutes(4));
  world_.executor().PostAt(world_.now() + down, [this, life = life_] {
    if (life == life_) Start();
  });
}

void Machine::Stop() {
  world_.Trace(name(), "is stopped");
  up_ = false;
  ++life_;
  armed_ = false;
  failure_armed_ = false;
  disk_.ClearFaults();
  TearDown();
}

void Machine::ArmDeath(SimVfs::Fault fault, Death death) {
  if (!up_) return;
  fault.sticky = true;
  disk_.SetFault(fault);
  armed_ = true;
  armed_torn_ = fault.torn;
  failure_armed_ = false;
  armed_death_ = death;
}

void Machine::ArmFailure(SimVfs::Fault fault) {
  if (!up_ || armed_) return;
  fault.sticky = false;
  disk_.SetFault(fault);
  failure_armed_ = true;
}

void Machine::FillDisk(std::int64_t spare_bytes, absl::Duration until) {
  disk_.SetCapacity(disk_.bytes_used() + spare_bytes);
  world_.executor().PostAt(world_.now() + until, [this] { disk_.SetCapacity(0); });
}

void Machine::DisarmAll() {
  armed_ = false;
  failure_armed_ = false;
  disk_.ClearFaults();
  disk_.SetCapacity(0);
}

// While its database recovers.
void Machine::MayDieWhileStarting() {
  if (life_ == 0 || !world_.Draw(Fault::kDiesWhileStarting)) return;
  disk_.SetFault({.operations = SimVfs::kAny,
                  .after = static_cast<std::int64_t>(world_.random().Below(60)),
                  .sticky = true,
                  .torn = world_.random().Chance(0.5)});
  armed_ = true;
  armed_torn_ = false;
}

void Machine::Start() {
  if (up_) return;
  MayDieWhileStarting();
  const absl::Status status = Build();
  const bool struck = IsDying();
  armed_ = false;
  disk_.ClearFaults();
  if (status.ok() && !struck) {
    up_ = true;
    failed_starts_ = 0;
    world_.Trace(name(), "runs");
    return AfterTask();
  }
  if (struck) {
    world_.Note(Fault::kDiesWhileStarting, name());
    disk_.Crash();
  } else {
    world_.Trace(name(), absl::StrCat("does not start: ", status.ToString()));
  }
  TearDown();
  ++life_;
  constexpr int kFailuresMax = 3;
  if (world_.calm() && ++failed_starts_ == kFailuresMax) {
    world_.Violation("machine", absl::StrCat(name(), " does not start: ", status.ToString()));
    return;
  }
  world_.executor().PostAt(world_.now() + absl::Seconds(30), [this, life = life_] {
    if (life == life_) Start();
  });
}

}  // namespace vigil::sim
