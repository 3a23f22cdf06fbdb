#include "sync/base/lock_order.h"

#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"

namespace vigil {
namespace {

// As Debian builds it; elsewhere there is nothing to see.
TEST(LockOrderTest, AbseilsLocksMayBeTakenInAnyOrder) {
  AllowLocksInAnyOrder();
  absl::Mutex first;
  absl::Mutex second;
  {
    const absl::MutexLock outer(&first);
    const absl::MutexLock inner(&second);
  }
  const absl::MutexLock outer(&second);
  const absl::MutexLock inner(&first);
}

}  // namespace
}  // namespace vigil
