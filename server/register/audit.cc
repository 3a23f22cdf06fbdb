#include "server/register/audit.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "sync/base/status.h"

namespace vigil::registry {
namespace {

// Leaves first … first + count - 1, where `first` is a multiple of every power of two up to count.
struct Range {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

// A complete subtree's node; nothing where the log does not reach so far.
absl::StatusOr<std::optional<Sha256>> NodeAt(store::Snapshot& snapshot, int level,
                                             std::uint64_t index) {
  if (level % store::kAuditLevelsStored == 0) return snapshot.FindAuditNode(level, index);
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Sha256> left, NodeAt(snapshot, level - 1, index * 2));
  if (!left) return std::optional<Sha256>();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Sha256> right,
                         NodeAt(snapshot, level - 1, index * 2 + 1));
  if (!right) return std::optional<Sha256>();
  return std::optional<Sha256>(NodeHash({.left = *left, .right = *right}));
}

// Roots of the complete subtrees of a range, the largest first.
absl::StatusOr<std::vector<Sha256>> PeaksOf(store::Snapshot& snapshot, const Range& range) {
  std::vector<Sha256> peaks;
  std::uint64_t at = range.first;
  for (int level = 63; level >= 0; --level) {
    const std::uint64_t span = std::uint64_t{1} << level;
    if ((range.count & span) == 0) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::optional<Sha256> node, NodeAt(snapshot, level, at >> level));
    if (!node.has_value()) return absl::DataLossError("the audit tree lacks a node");
    peaks.push_back(*node);
    at += span;
  }
  return peaks;
}

Sha256 RootOf(const std::vector<Sha256>& peaks) {
  if (peaks.empty()) return Sha256Of("");
  Sha256 root = peaks.back();
  for (std::size_t i = peaks.size() - 1; i-- > 0;) {
    root = NodeHash({.left = peaks[i], .right = root});
  }
  return root;
}

}  // namespace

Sha256 AuditLeaf(std::string_view operation_bytes, std::string_view outcome_bytes) {
  return AuditLeaf(Sha256Of(operation_bytes), outcome_bytes);
}

Sha256 AuditLeaf(const Sha256& operation, std::string_view outcome_bytes) {
  const Sha256 outcome = Sha256Of(outcome_bytes);
  return LeafHash({operation.bytes(), outcome.bytes()});
}

absl::StatusOr<AuditTree> AuditTree::Load(store::Snapshot& snapshot, std::uint64_t size) {
  AuditTree tree;
  tree.size_ = size;
  VIGIL_ASSIGN_OR_RETURN(tree.peaks_, PeaksOf(snapshot, {.first = 0, .count = size}));
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
    if (level % store::kAuditLevelsStored != 0) continue;
    completed.push_back({.level = level, .index = index, .hash = node});
  }
  peaks_.push_back(node);
  ++size_;
}

Sha256 AuditTree::Root() const { return RootOf(peaks_); }

absl::StatusOr<std::vector<Sha256>> ProveConsistency(store::Snapshot& snapshot,
                                                     const TreeSizes& sizes) {
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot.GetHead());
  if (sizes.older > sizes.newer || sizes.newer > head.seq.value()) {
    return absl::OutOfRangeError("the log has no such beginning");
  }
  std::vector<Sha256> proof;
  if (sizes.older == 0 || sizes.older == sizes.newer) return proof;
  const auto add = [&](const Range& range) -> absl::Status {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<Sha256> peaks, PeaksOf(snapshot, range));
    proof.push_back(RootOf(peaks));
    return absl::OkStatus();
  };
  // Down to where the older tree ends, gathering what stands beside the way.
  Range rest{.first = 0, .count = sizes.newer};
  std::uint64_t older = sizes.older;
  bool is_older_root = true;
  while (older != rest.count) {
    const std::uint64_t left = std::bit_floor(rest.count - 1);
    if (older <= left) {
      VIGIL_RETURN_IF_ERROR(add({.first = rest.first + left, .count = rest.count - left}));
      rest.count = left;
    } else {
      VIGIL_RETURN_IF_ERROR(add({.first = rest.first, .count = left}));
      rest = {.first = rest.first + left, .count = rest.count - left};
      older -= left;
      is_older_root = false;
    }
  }
  if (!is_older_root) VIGIL_RETURN_IF_ERROR(add(rest));
  std::reverse(proof.begin(), proof.end());
  return proof;
}

}  // namespace vigil::registry
