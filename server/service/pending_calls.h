#ifndef VIGIL_SERVER_SERVICE_PENDING_CALLS_H_
#define VIGIL_SERVER_SERVICE_PENDING_CALLS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sync/base/mutex.h"

namespace vigil::service {

// Calls that wait for their answer: none does so for ever, also where the client set no deadline.
// Thread-safe.
class PendingCalls {
 public:
  // Ends a call; gets the answer's status.
  using Finish = std::function<void(const absl::Status&)>;

  explicit PendingCalls(absl::Duration call_max) : call_max_(call_max) {}

  // Gives what is to be called with the answer: true for the first time, false where the call has
  // been given up already (nothing of it may be touched then).
  using Claim = std::function<bool()>;
  Claim Add(absl::Time now, Finish give_up) ABSL_LOCKS_EXCLUDED(mutex_);

  // Gives up (DEADLINE_EXCEEDED; what becomes of the request is unknown) what came too long ago.
  void EndOverdue(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const absl::Duration call_max_;

  Mutex mutex_;
  std::uint64_t next_ ABSL_GUARDED_BY(mutex_) = 1;
  struct Call {
    absl::Time until;
    Finish give_up;
  };
  // In the order in which they came.
  std::map<std::uint64_t, Call> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_PENDING_CALLS_H_
