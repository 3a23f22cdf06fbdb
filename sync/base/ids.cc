#include "sync/base/ids.h"

#include <algorithm>

#include "sync/base/hash.h"
#include "sync/base/random.h"

namespace vigil {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

constexpr bool IsHyphenPlace(std::size_t position) {
  return position == 8 || position == 13 || position == 18 || position == 23;
}

int HexValue(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

void SetVersion(std::uint8_t version, std::array<std::uint8_t, Uuid::kSize>& bytes) {
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0fU) | (version << 4U));
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3fU) | 0x80U);
}

std::string BigEndian(std::uint64_t number) {
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<char>(static_cast<std::uint8_t>(number >> (8 * (7 - i))));
  }
  return bytes;
}

}  // namespace

std::optional<Uuid> Uuid::Parse(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  std::array<std::uint8_t, kSize> bytes{};
  std::size_t nibbles = 0;
  for (std::size_t i = 0; i < kTextSize; ++i) {
    if (IsHyphenPlace(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = HexValue(text[i]);
    if (value < 0) return std::nullopt;
    std::uint8_t& byte = bytes[nibbles / 2];
    byte = static_cast<std::uint8_t>((byte << 4U) | static_cast<unsigned>(value));
    ++nibbles;
  }
  return Uuid(bytes);
}

std::optional<Uuid> Uuid::FromBytes(std::string_view bytes) {
  if (bytes.size() != kSize) return std::nullopt;
  std::array<std::uint8_t, kSize> copy{};
  std::copy(bytes.begin(), bytes.end(), copy.begin());
  return Uuid(copy);
}

std::string Uuid::ToString() const {
  std::string text;
  text.reserve(kTextSize);
  for (const std::uint8_t byte : bytes_) {
    if (IsHyphenPlace(text.size())) text += '-';
    text += kHexDigits[byte >> 4U];
    text += kHexDigits[byte & 0x0fU];
  }
  return text;
}

Uuid MakeUuidV7(absl::Time now, Random& random) {
  const std::uint64_t millis =
      static_cast<std::uint64_t>(std::max<std::int64_t>(0, absl::ToUnixMillis(now)));
  const std::string noise = random.Bytes(10);
  std::array<std::uint8_t, Uuid::kSize> bytes{};
  for (std::size_t i = 0; i < 6; ++i) {
    bytes[i] = static_cast<std::uint8_t>(millis >> (8 * (5 - i)));
  }
  std::copy(noise.begin(), noise.end(), bytes.begin() + 6);
  SetVersion(7, bytes);
  return Uuid(bytes);
}

Uuid DerivedUuid(const DerivedFrom& from) {
  const Sha256 hash = Sha256Of({BigEndian(from.name_space.size()), from.name_space, from.name});
  std::array<std::uint8_t, Uuid::kSize> bytes{};
  const std::string_view source = hash.bytes().substr(0, Uuid::kSize);
  std::copy(source.begin(), source.end(), bytes.begin());
  SetVersion(8, bytes);
  return Uuid(bytes);
}

}  // namespace vigil
