#ifndef VIGIL_TESTS_SUPPORT_SIM_EXECUTOR_H_
#define VIGIL_TESTS_SUPPORT_SIM_EXECUTOR_H_

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
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

  std::int64_t tasks_run() const { return tasks_run_; }
  std::int64_t tasks_waiting() const { return static_cast<std::int64_t>(tasks_.size()); }
  // Drops the tasks that wait, as a crash of everything on this executor does.
  void DropAll() { tasks_.clear(); }

 private:
  struct Key {
    absl::Time when;
    std::uint64_t draw;    // random, or 0 without shuffling
    std::uint64_t posted;  // so that no two keys are equal

    friend auto operator<=>(const Key& a, const Key& b) = default;
  };

  ManualClock clock_;
  SeededRandom random_;
  const bool shuffle_;
  std::uint64_t posted_ = 0;
  std::int64_t tasks_run_ = 0;
  std::map<Key, Task> tasks_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_SIM_EXECUTOR_H_
