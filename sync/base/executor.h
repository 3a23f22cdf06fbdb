#ifndef VIGIL_SYNC_BASE_EXECUTOR_H_
#define VIGIL_SYNC_BASE_EXECUTOR_H_

#include <functional>
#include <utility>

#include "absl/time/time.h"

namespace vigil {

// Where code runs and what time it is there: a loop on somebody's thread in production, a seeded
// queue under simulation.
//
// Tasks of one executor run one after the other, never inside Post or PostAt. No order is promised
// among tasks that are due: the simulator shuffles them. Post and PostAt may be called from any
// thread, unless an implementation says otherwise. There is no cancelling: a task that may have
// become pointless finds out by itself (a generation number, a weak pointer). An executor that is
// destroyed drops the tasks that it has not run.
class Executor {
 public:
  using Task = std::function<void()>;

  virtual ~Executor() = default;

  virtual void Post(Task task) = 0;
  // Runs `task` once, not before `when`; a time that has passed means now.
  virtual void PostAt(absl::Time when, Task task) = 0;
  virtual absl::Time Now() const = 0;

  void PostAfter(absl::Duration delay, Task task) { PostAt(Now() + delay, std::move(task)); }
};

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_EXECUTOR_H_
