#include "sync/base/bucket_sums.h"

#include <bit>
#include <cstddef>
#include <cstring>

#include "absl/status/status.h"

namespace vigil {
namespace {

constexpr std::size_t kSumBytes = 8;

// And back again.
constexpr std::uint64_t InBigEndian(std::uint64_t value) {
  return std::endian::native == std::endian::big ? value : __builtin_bswap64(value);
}

std::uint64_t BigEndian(std::string_view bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), kSumBytes);
  return InBigEndian(value);
}

}  // namespace

int BucketOf(const Uuid& record) {
  return static_cast<std::uint8_t>(Sha256Of(record.bytes()).bytes().front());
}

std::uint64_t ShareOf(std::string_view bytes) { return BigEndian(Sha256Of(bytes).bytes()); }

void AddSums(const BucketSums& more, BucketSums& sums) {
  for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += more[i];
}

std::string EncodeSums(std::span<const std::uint64_t> sums) {
  std::string bytes(sums.size() * kSumBytes, '\0');
  char* at = bytes.data();
  for (const std::uint64_t sum : sums) {
    const std::uint64_t written = InBigEndian(sum);
    std::memcpy(at, &written, kSumBytes);
    at += kSumBytes;
  }
  return bytes;
}

absl::StatusOr<BucketSums> DecodeSums(std::string_view bytes) {
  BucketSums sums{};
  if (bytes.size() != sums.size() * kSumBytes) {
    return absl::DataLossError("a stored digest has not 256 sums");
  }
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] = BigEndian(bytes.substr(i * kSumBytes, kSumBytes));
  }
  return sums;
}

Sha256 HashOfSums(std::span<const std::uint64_t> sums) { return Sha256Of(EncodeSums(sums)); }

}  // namespace vigil
