#ifndef VIGIL_SERVER_ACCESS_SEEN_PROOFS_H_
#define VIGIL_SERVER_ACCESS_SEEN_PROOFS_H_

#include <cstddef>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "sync/base/hash.h"
#include "sync/base/mutex.h"

namespace vigil::access {

// Remembers the proofs that were used, for as long as they could be used again. Memory is bounded.
// Thread-safe.
class SeenProofs {
 public:
  struct Options {
    // A proof whose time differs more from the register's is not taken at all.
    absl::Duration window = absl::Minutes(1);
    std::size_t proofs_max = 2'000'000;
  };

  explicit SeenProofs(const Options& options) : options_(options) {}

  enum class Verdict { kFresh, kUsed, kFull };
  // `proof` identifies it, `now` never goes back.
  Verdict Take(const Sha256& proof, absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Set = absl::flat_hash_set<Sha256>;

  const Options options_;
  Mutex mutex_;
  // What came since `begun_`, and what came in the span before that: a proof is good for two
  // windows at most, from one window before its time until one after.
  Set current_ ABSL_GUARDED_BY(mutex_);
  Set former_ ABSL_GUARDED_BY(mutex_);
  absl::Time begun_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
};

}  // namespace vigil::access

#endif  // VIGIL_SERVER_ACCESS_SEEN_PROOFS_H_
