#include "server/register/audit.h"

#include <optional>

#include "sync/base/status.h"

namespace vigil::registry {

Sha256 AuditLeaf(std::string_view operation_bytes, std::string_view outcome_bytes) {
  const Sha256 operation = Sha256Of(operation_bytes);
  const Sha256 outcome = Sha256Of(outcome_bytes);
  return LeafHash({operation.bytes(), outcome.bytes()});
}

absl::StatusOr<AuditTree> AuditTree::Load(store::Snapshot& snapshot, std::uint64_t size) {
  AuditTree tree;
  tree.size_ = size;
  std::uint64_t covered = 0;
  for (int level = 63; level >= 0; --level) {
    const std::uint64_t span = std::uint64_t{1} << level;
    if ((size & span) == 0) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::optional<Sha256> node,
                           snapshot.FindAuditNode(level, covered >> level));
    if (!node.has_value()) return absl::DataLossError("the audit tree lacks a node");
    tree.peaks_.push_back(*node);
    covered += span;
  }
  return tree;
}

void AuditTree::Append(const Sha256& leaf, std::vector<store::AuditNode>& completed) {
  Sha256 node = leaf;
  std::uint64_t index = size_;
  // Each trailing one bit of the old size is a complete subtree that the new leaf completes.
  for (int level = 1; (index & 1) != 0; ++level) {
    node = NodeHash({.left = peaks_.back(), .right = node});
    peaks_.pop_back();
    index >>= 1;
    completed.push_back({.level = level, .index = index, .hash = node});
  }
  peaks_.push_back(node);
  ++size_;
}

Sha256 AuditTree::Root() const {
  if (peaks_.empty()) return Sha256Of("");
  Sha256 root = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) {
    root = NodeHash({.left = peaks_[i], .right = root});
  }
  return root;
}

}  // namespace vigil::registry
