#ifndef VIGIL_SERVER_REGISTER_AUDIT_H_
#define VIGIL_SERVER_REGISTER_AUDIT_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/store/register_store.h"
#include "sync/base/hash.h"

// The audit log: a Merkle tree (RFC 6962) over (operation, outcome) of every judged operation, in
// the order of seq, from the first one on. Appending costs the logarithm of its size.

namespace vigil::registry {

// The leaf of one operation: RFC 6962 leaf hash over SHA-256(operation bytes) and
// SHA-256(outcome bytes), in this order, 64 bytes.
Sha256 AuditLeaf(std::string_view operation_bytes, std::string_view outcome_bytes);
// Where the first of the two is known.
Sha256 AuditLeaf(const Sha256& operation, std::string_view outcome_bytes);

class AuditTree {
 public:
  // The tree over the first `size` leaves, its complete subtrees read from the snapshot.
  static absl::StatusOr<AuditTree> Load(store::Snapshot& snapshot, std::uint64_t size);

  // Appends a leaf and adds the inner nodes that became complete and are stored to `completed`.
  void Append(const Sha256& leaf, std::vector<store::AuditNode>& completed);

  std::uint64_t size() const { return size_; }
  // Of an empty tree: SHA-256 of nothing.
  Sha256 Root() const;

 private:
  std::uint64_t size_ = 0;
  // Roots of the complete subtrees, the largest first: one for each bit set in `size_`.
  std::vector<Sha256> peaks_;
};

// Shows that the tree of the first `older` leaves is the beginning of that of the first `newer`
// ones (RFC 6962, 2.1.2; VerifyConsistency checks it). Costs the square of the logarithm of
// `newer`. OUT_OF_RANGE unless older <= newer <= the snapshot's leaves.
struct TreeSizes {
  std::uint64_t older = 0;
  std::uint64_t newer = 0;
};
absl::StatusOr<std::vector<Sha256>> ProveConsistency(store::Snapshot& snapshot,
                                                     const TreeSizes& sizes);

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_AUDIT_H_
