#ifndef VIGIL_SERVER_REGISTER_EPOCHS_H_
#define VIGIL_SERVER_REGISTER_EPOCHS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/register_store.h"
#include "sync/rules/lineage.h"
#include "vigil/v1/sync_service.pb.h"

// Where epochs stand in the register's tree of them: its own lineage, and branches that it knows
// from phones.

namespace vigil::registry {

// Epochs that phones brought are kept up to this many; and looked at so many in one call.
inline constexpr std::int64_t kForeignEpochsMax = 1000;
inline constexpr int kEpochsPerCallMax = 64;

class Epochs {
 public:
  // `own`: the epoch in force, then its ancestors. `brought`: what a caller says, and this
  // register's key has signed. The snapshot must outlive this.
  Epochs(store::Snapshot& snapshot, rules::Lineage own, std::vector<v1::Epoch> brought = {});

  // The last seq that the epoch shares with the one in force; kAllShared for that itself, 0 for one
  // that nobody can place.
  absl::StatusOr<std::uint64_t> SharedWith(const std::string& epoch) const;

  // Of those brought: what is neither of the register's own lineage nor kept yet.
  absl::StatusOr<std::vector<v1::Epoch>> NotKept() const;

 private:
  absl::StatusOr<v1::Epoch> Find(const std::string& id) const;

  store::Snapshot& snapshot_;
  const rules::Lineage own_;
  const std::vector<v1::Epoch> brought_;
};

// From the newest of the heads that lies in what its epoch and the register's share, to the
// register's own; nullopt: none does. A head that is not this log's gets a proof that does not
// hold.
absl::StatusOr<std::optional<v1::HeadProof>> ProveHead(store::Snapshot& snapshot,
                                                       const Epochs& epochs,
                                                       const std::vector<v1::RegisterHead>& heads);

// The least seq of the backups that are kept; 0 without any.
absl::StatusOr<Seq> ArchivedSeq(store::Snapshot& snapshot);

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_EPOCHS_H_
