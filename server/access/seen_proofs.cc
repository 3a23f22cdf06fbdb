#include "server/access/seen_proofs.h"

#include <utility>

namespace vigil::access {

SeenProofs::Verdict SeenProofs::Take(const Sha256& proof, absl::Time now) {
  const absl::Duration span = 2 * options_.window;
  const MutexLock lock(mutex_);
  if (now - begun_ >= span) {
    // After a long pause the former span is out of date as well.
    former_ = now - begun_ < 2 * span ? std::move(current_) : Set();
    current_ = Set();
    begun_ = now;
  }
  if (former_.contains(proof) || current_.contains(proof)) return Verdict::kUsed;
  if (current_.size() + former_.size() >= options_.proofs_max) return Verdict::kFull;
  current_.insert(proof);
  return Verdict::kFresh;
}

}  // namespace vigil::access
