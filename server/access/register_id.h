#ifndef VIGIL_SERVER_ACCESS_REGISTER_ID_H_
#define VIGIL_SERVER_ACCESS_REGISTER_ID_H_

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "server/store/register_store.h"
#include "sync/base/ids.h"
#include "sync/base/mutex.h"

namespace vigil::access {

// The register's identity: the id of its first epoch, which stays over restores.
absl::StatusOr<Uuid> RegisterIdOf(store::Snapshot& snapshot);

// The same, read once. Any thread.
class RegisterId {
 public:
  explicit RegisterId(store::RegisterStore& store) : store_(store) {}

  absl::StatusOr<Uuid> Get() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  store::RegisterStore& store_;
  Mutex mutex_;
  Uuid id_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::access

#endif  // VIGIL_SERVER_ACCESS_REGISTER_ID_H_
