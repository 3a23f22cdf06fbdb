#ifndef VIGIL_SYNC_RULES_LINEAGE_H_
#define VIGIL_SYNC_RULES_LINEAGE_H_

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sync/base/p256.h"
#include "vigil/v1/sync_service.pb.h"

// Epochs and what their histories share. Every restore begins an epoch; several restores from
// backups of different age make a tree of them.

namespace vigil::rules {

// An epoch, then its parent, and so on to the register's first one, which has no parent.
using Lineage = std::vector<v1::Epoch>;

// One history is the other.
inline constexpr std::uint64_t kAllShared = std::numeric_limits<std::int64_t>::max();

// The last seq that the histories of both lineages' first entries share: a seq up to it names the
// same operation in both. 0 where they have no epoch in common. What does not follow from the entry
// before it (its parent) is not looked at.
std::uint64_t SharedSeq(const Lineage& a, const Lineage& b);

// The bytes that the register's key signs for an epoch that a restore began (sync/base/signing.h).
std::string BytesToSign(const v1::Epoch& epoch);
// False for a first epoch: nobody signs that.
bool IsSignedBy(const v1::Epoch& epoch, const P256PublicKey& key);

// The lineage of the epoch with this id; empty where an ancestor is not found. `find` gives an
// epoch by its id, or one without an id for none.
using FindEpoch = std::function<absl::StatusOr<v1::Epoch>(const std::string& id)>;
absl::StatusOr<Lineage> LineageOf(const std::string& id, const FindEpoch& find);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_LINEAGE_H_
