#include "server/access/register_id.h"

#include <optional>
#include <vector>

#include "sync/base/status.h"

namespace vigil::access {

absl::StatusOr<Uuid> RegisterIdOf(store::Snapshot& snapshot) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Epoch> epochs, snapshot.Epochs());
  const std::optional<Uuid> first = epochs.empty() ? std::nullopt : Uuid::Parse(epochs.back().id());
  if (!first) return Error(absl::StatusCode::kDataLoss, "the register has no first epoch");
  return *first;
}

absl::StatusOr<Uuid> RegisterId::Get() {
  {
    const MutexLock lock(mutex_);
    if (!id_.is_nil()) return id_;
  }
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, store_.Read());
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, RegisterIdOf(*snapshot));
  const MutexLock lock(mutex_);
  id_ = id;
  return id;
}

}  // namespace vigil::access
