#ifndef VIGIL_TESTS_SUPPORT_SIM_EXECUTOR_H_
#define VIGIL_TESTS_SUPPORT_SIM_EXECUTOR_H_

#include <cstdint>
#include <functional>
#include <map>
#include <tuple>
#include <utility>

#include "absl/time/time.h"
#include "sync/base/executor.h"
#include "sync/base/random.h"
#include "sync/base/time.h"
#include "tests/support/manual_clock.h"

namespace vigil::testing {

// An executor in virtual time on the caller's thread. Time stands still while a task runs and jumps
// to the next task when none is due. Tasks due at the same time run in an order drawn from the
// seed: the same seed repeats the run. Not thread-safe.
class SimExecutor final : public Executor {
 public:
  struct Options {
    std::uint64_t seed = 1;
    absl::Time begin = StoryBegin();
    // False: tasks due at the same time run in the order in which they were posted.
    bool shuffle = true;
  };

  SimExecutor() : SimExecutor(Options()) {}
  explicit SimExecutor(const Options& options);

  void Post(Task task) override { PostAt(Now(), std::move(task)); }
  void PostAt(absl::Time when, Task task) override;
  absl::Time Now() const override { return clock_.Now(); }
  const Clock& clock() const { return clock_; }

  // Runs the next task, moving time to it. False: there is none.
  bool RunOne();
  // Runs until nothing is left. Aborts after `tasks_max` tasks: something posts itself for ever.
  void RunUntilIdle(std::int64_t tasks_max = 10'000'000);
  // Runs what is due up to and at `end`, then moves time there.
  void RunUntil(absl::Time end);
  void RunFor(absl::Duration duration) { RunUntil(Now() + duration); }
  // Runs until `done` (asked before each task) is true; false: nothing was left, or time `end`
  // passed before that.
  bool RunUntilDone(const std::function<bool()>& done, absl::Time end = absl::InfiniteFuture());

  // Sets the clock back; what waits goes on waiting as long as it was to, as with LoopExecutor.
  void SetBack(absl::Duration by);

  std::int64_t tasks_run() const { return tasks_run_; }
  std::int64_t tasks_waiting() const { return static_cast<std::int64_t>(tasks_.size()); }
  // Drops the tasks that wait, as a crash of everything on this executor does.
  void DropAll() { tasks_.clear(); }

 private:
  // When it is due; a random draw (0 without shuffling); its number, so that no two are equal.
  using Key = std::tuple<absl::Time, std::uint64_t, std::uint64_t>;

  ManualClock clock_;
  SeededRandom random_;
  const bool shuffle_;
  std::uint64_t posted_ = 0;
  std::int64_t tasks_run_ = 0;
  std::map<Key, Task> tasks_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_SIM_EXECUTOR_H_
