#include "sync/base/lock_order.h"

#include "absl/synchronization/mutex.h"

namespace vigil {

void AllowLocksInAnyOrder() { absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore); }

}  // namespace vigil
