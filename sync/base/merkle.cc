#include "sync/base/merkle.h"

#include <bit>
#include <cstddef>

namespace vigil {

// As RFC 9162 spells it out, 2.1.4.2.
bool VerifyConsistency(const MerklePast& trees, const std::vector<Sha256>& proof) {
  const MerkleHead& older = trees.older;
  const MerkleHead& newer = trees.newer;
  if (older.size > newer.size) return false;
  if (older.size == newer.size) return proof.empty() && older.root == newer.root;
  if (older.size == 0) return proof.empty() && older.root == Sha256Of("");

  std::uint64_t from = older.size - 1;
  std::uint64_t to = newer.size - 1;
  const int complete = std::countr_one(from);
  from >>= complete;
  to >>= complete;
  std::size_t next = 0;
  // The root of a complete older tree is itself where the proof begins.
  Sha256 of_older = older.root;
  if (from != 0) {
    if (proof.empty()) return false;
    of_older = proof[next++];
  }
  Sha256 of_newer = of_older;
  for (; next < proof.size(); ++next) {
    if (to == 0) return false;
    if ((from & 1) != 0 || from == to) {
      of_older = NodeHash({.left = proof[next], .right = of_older});
      of_newer = NodeHash({.left = proof[next], .right = of_newer});
      while ((from & 1) == 0 && from != 0) {
        from >>= 1;
        to >>= 1;
      }
    } else {
      of_newer = NodeHash({.left = of_newer, .right = proof[next]});
    }
    from >>= 1;
    to >>= 1;
  }
  return to == 0 && of_older == older.root && of_newer == newer.root;
}

}  // namespace vigil
