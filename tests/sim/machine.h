#ifndef VIGIL_TESTS_SIM_MACHINE_H_
#define VIGIL_TESTS_SIM_MACHINE_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sync/base/executor.h"
#include "sync/base/time.h"
#include "tests/sim/world.h"
#include "tests/support/sim_vfs.h"

namespace vigil::sim {

// A machine with a disk and a clock of its own, which dies and starts again. All that runs on it
// runs inside Enter or as a task of its executor; what was posted in an earlier life never runs.
// A death that was armed strikes at an I/O call: the call and all later ones fail, nothing leaves
// the machine any more, and once the task has returned its program is gone.
class Machine {
 public:
  struct Options {
    std::string name;
    absl::Duration clock_error = absl::ZeroDuration();
    bool is_server = false;
  };
  Machine(World& world, const Options& options);
  virtual ~Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  const std::string& name() const { return options_.name; }
  World& world() { return world_; }
  testing::SimVfs& disk() { return disk_; }
  Executor& executor() { return executor_; }
  const Clock& clock() const { return clock_; }
  // The machine's own time.
  absl::Time Now() const { return clock_.Now(); }
  void MoveClock(absl::Duration by) { clock_error_ += by; }

  bool is_up() const { return up_; }
  // Grows with each death.
  std::uint64_t life() const { return life_; }
  // Whether what is sent now leaves the machine.
  bool CanSend() const { return up_ && !IsDying(); }

  // Runs the task now, unless the machine is down.
  void Enter(const std::function<void()>& task);
  // The same, unless it has died since `life`.
  void EnterLife(std::uint64_t life, const std::function<void()>& task);

  enum class Death : std::uint8_t { kPowerFails, kKilled };
  // At once; it starts again by itself later.
  void Die(Death death);
  // At an I/O call to come, of the kinds that the fault names.
  void ArmDeath(testing::SimVfs::Fault fault, Death death);
  // A single failure that the program survives or not.
  void ArmFailure(testing::SimVfs::Fault fault);
  void FillDisk(std::int64_t spare_bytes, absl::Duration until);
  // Starts a machine that has never run or is down; tries again until it runs.
  void Start();
  // Ends the program in order, or keeps one that has died from starting again, until Start.
  void Stop();
  // No deaths or failures that are still to come.
  void DisarmAll();

 protected:
  // Opens the database and starts the program. An error: tried again later.
  virtual absl::Status Build() = 0;
  // Destroys the program; its disk is gone already.
  virtual void TearDown() = 0;
  // After each task.
  virtual void AfterTask() {}
  // A task of the executor may not begin before this.
  virtual absl::Time BusyUntil() const { return absl::InfinitePast(); }

 private:
  class OwnClock final : public Clock {
   public:
    explicit OwnClock(const Machine& machine) : machine_(machine) {}
    absl::Time Now() const override;

   private:
    const Machine& machine_;
  };
  class View final : public Executor {
   public:
    explicit View(Machine& machine) : machine_(machine) {}
    void Post(Task task) override { PostAt(Now(), std::move(task)); }
    void PostAt(absl::Time when, Task task) override;
    absl::Time Now() const override { return machine_.Now(); }

   private:
    Machine& machine_;
  };

  bool IsDying() const { return armed_ && disk_.fault_struck(); }
  void RunTask(std::uint64_t life, const Executor::Task& task);
  void LookAfter();
  void MayDieWhileStarting();

  World& world_;
  const Options options_;
  absl::Duration clock_error_;
  OwnClock clock_;
  testing::SimVfs disk_;
  View executor_;
  bool up_ = false;
  bool inside_ = false;
  bool armed_ = false;
  bool armed_torn_ = false;
  bool failure_armed_ = false;
  Death armed_death_ = Death::kPowerFails;
  std::uint64_t life_ = 0;
  int failed_starts_ = 0;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_MACHINE_H_
