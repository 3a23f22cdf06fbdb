#include "server/access/rate_limiter.h"

#include <algorithm>

#include "sync/base/status.h"

namespace vigil::access {

double RateLimiter::LeftAt(const Bucket& bucket, absl::Time now) const {
  // A clock that went back fills nothing.
  const double passed = std::max(0.0, absl::ToDoubleSeconds(now - bucket.at));
  return std::min(options_.burst, bucket.left + passed * options_.per_second);
}

void RateLimiter::ForgetFull(absl::Time now) {
  absl::erase_if(buckets_,
                 [&](const auto& each) { return LeftAt(each.second, now) >= options_.burst; });
}

absl::Duration RateLimiter::Take(std::string_view key, absl::Time now) {
  const MutexLock lock(mutex_);
  auto found = buckets_.find(ToAbsl(key));
  if (found == buckets_.end()) {
    if (buckets_.size() >= options_.keys_max) ForgetFull(now);
    if (buckets_.size() >= options_.keys_max) return absl::Seconds(1);
    found = buckets_.emplace(std::string(key), Bucket{options_.burst, now}).first;
  }
  Bucket& bucket = found->second;
  bucket.left = LeftAt(bucket, now);
  bucket.at = std::max(bucket.at, now);
  if (bucket.left < 1) return absl::Seconds((1 - bucket.left) / options_.per_second);
  bucket.left -= 1;
  return absl::ZeroDuration();
}

std::size_t RateLimiter::keys() const {
  const MutexLock lock(mutex_);
  return buckets_.size();
}

}  // namespace vigil::access
