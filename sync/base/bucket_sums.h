#ifndef VIGIL_SYNC_BASE_BUCKET_SUMS_H_
#define VIGIL_SYNC_BASE_BUCKET_SUMS_H_

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"

// By which two copies of the same records are compared: each record counts in one of 256 sums, so
// that a difference tells which few to look at.

namespace vigil {

inline constexpr int kBuckets = 256;

// Modulo 2^64, of each record in the bucket the first eight bytes, big-endian, of SHA-256(its bytes
// as stored).
using BucketSums = std::array<std::uint64_t, kBuckets>;

// First byte of SHA-256(16-byte id).
int BucketOf(const Uuid& record);

// What a record of these bytes adds to its bucket's sum.
std::uint64_t ShareOf(std::string_view bytes);

void AddSums(const BucketSums& more, BucketSums& sums);

// One after the other, eight bytes each, big-endian.
std::string EncodeSums(std::span<const std::uint64_t> sums);
// DATA_LOSS unless there are 256.
absl::StatusOr<BucketSums> DecodeSums(std::string_view bytes);

// SHA-256 of what EncodeSums gives: whether two copies are equal, in 32 bytes.
Sha256 HashOfSums(std::span<const std::uint64_t> sums);

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_BUCKET_SUMS_H_
