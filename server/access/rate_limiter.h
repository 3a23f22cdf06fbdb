#ifndef VIGIL_SERVER_ACCESS_RATE_LIMITER_H_
#define VIGIL_SERVER_ACCESS_RATE_LIMITER_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "sync/base/mutex.h"

namespace vigil::access {

// So many calls in a second for each key (an address, a device, a person), and so many at once
// after a pause. Memory is bounded: a key that has its full allowance again is forgotten when there
// are too many, and while all of them are in use a new one must wait. Thread-safe.
class RateLimiter {
 public:
  struct Options {
    double per_second = 50;
    double burst = 200;
    std::size_t keys_max = 100'000;
  };

  explicit RateLimiter(const Options& options) : options_(options) {}

  // Zero: go on. Otherwise the time after which it is worth trying again.
  absl::Duration Take(std::string_view key, absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

  std::size_t keys() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Bucket {
    double left = 0;
    absl::Time at;
  };

  double LeftAt(const Bucket& bucket, absl::Time now) const;
  void ForgetFull(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::access

#endif  // VIGIL_SERVER_ACCESS_RATE_LIMITER_H_
