#ifndef VIGIL_SYNC_BASE_LOOP_EXECUTOR_H_
#define VIGIL_SYNC_BASE_LOOP_EXECUTOR_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "sync/base/executor.h"
#include "sync/base/mutex.h"
#include "sync/base/time.h"

namespace vigil {

// Runs tasks on the thread that calls Run; starts no thread of its own. Posted tasks run in the
// order of posting, timed ones by their time. When the clock is set back, what waits goes on
// waiting as long as it was to: nobody sleeps for the ten years that a clock was wrong. Post,
// PostAt, Stop and Now may be called from any thread; only one thread at a time may be inside a Run
// function.
class LoopExecutor final : public Executor {
 public:
  // `clock` must outlive this object and be safe to use from all threads that do.
  explicit LoopExecutor(const Clock& clock) : clock_(clock) {}
  LoopExecutor(const LoopExecutor&) = delete;
  LoopExecutor& operator=(const LoopExecutor&) = delete;

  void Post(Task task) override ABSL_LOCKS_EXCLUDED(mutex_);
  void PostAt(absl::Time when, Task task) override ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Time Now() const override { return clock_.Now(); }

  // Runs tasks, waiting for more, until Stop. Returns at once after a Stop that came first.
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  // As Run, but also ends once `done` (asked before the first task and after each) is true.
  // Returns whether it was `done` that ended it.
  bool RunUntil(const std::function<bool()>& done) ABSL_LOCKS_EXCLUDED(mutex_);
  // Runs what is due now, and what that posts, without waiting. Returns the number of tasks run.
  int RunReady() ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends Run after the task that is under way, for good. Tasks left stay unrun.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // The clock's time. If it was set back since it was looked at last, the times of what waits
  // follow it.
  absl::Time LookAtClock() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The next task that is due, or an empty one.
  Task TakeDue() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WaitForWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  Mutex mutex_;
  CondVar wake_;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time seen_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  std::uint64_t posted_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<Task> ready_ ABSL_GUARDED_BY(mutex_);
  std::map<std::pair<absl::Time, std::uint64_t>, Task> timed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_LOOP_EXECUTOR_H_
