#ifndef VIGIL_SYNC_BASE_MERKLE_H_
#define VIGIL_SYNC_BASE_MERKLE_H_

#include <cstdint>
#include <vector>

#include "sync/base/hash.h"

// Merkle trees of RFC 6962: whether a log is the continuation of what was seen of it.

namespace vigil {

struct MerkleHead {
  // Number of leaves.
  std::uint64_t size = 0;
  // Of an empty tree: SHA-256 of nothing.
  Sha256 root;
};

// Two trees, as their roots say them.
struct MerklePast {
  MerkleHead older;
  MerkleHead newer;
};

// Whether `proof` (RFC 6962, 2.1.2; as registry::ProveConsistency makes it) shows that the leaves
// of the older tree are the first leaves of the newer one. Between equal sizes, and from an empty
// tree, the proof is empty.
bool VerifyConsistency(const MerklePast& trees, const std::vector<Sha256>& proof);

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_MERKLE_H_
