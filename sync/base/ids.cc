#include "sync/base/ids.h"

#include <algorithm>
#include <utility>

#include "sync/base/hash.h"
#include "sync/base/random.h"

namespace vigil {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

constexpr std::array<std::size_t, 4> kHyphenPlaces = {8, 13, 18, 23};
// Where the two digits of each byte begin.
constexpr std::array<std::size_t, Uuid::kSize> kDigitPlaces = {0,  2,  4,  6,  9,  11, 14, 16,
                                                               19, 21, 24, 26, 28, 30, 32, 34};

constexpr std::uint8_t kNoDigit = 0x10;
constexpr std::array<std::uint8_t, 256> kHexValues = []() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 16; ++i) values[static_cast<std::uint8_t>(kHexDigits[i])] = i;
  return values;
}();

// Calls `take` with the place of each byte, known when this is compiled: ids are read and written
// some dozens of times for one operation.
template <typename Take>
void ForEachByte(const Take& take) {
  [&]<std::size_t... kPlace>(std::index_sequence<kPlace...>) {
    (take(std::integral_constant<std::size_t, kPlace>()), ...);
  }
  (std::make_index_sequence<Uuid::kSize>());
}

unsigned HexValue(char digit) { return kHexValues[static_cast<std::uint8_t>(digit)]; }

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
  for (const std::size_t place : kHyphenPlaces) {
    if (text[place] != '-') return std::nullopt;
  }
  std::array<std::uint8_t, kSize> bytes{};
  // A digit that is none leaves a bit above the four that digits have.
  unsigned seen = 0;
  const char* const digits = text.data();
  ForEachByte([&](auto i) {
    const unsigned high = HexValue(digits[kDigitPlaces[i]]);
    const unsigned low = HexValue(digits[kDigitPlaces[i] + 1]);
    seen |= high | low;
    bytes[i] = static_cast<std::uint8_t>(high << 4U | (low & 0x0fU));
  });
  if (seen > 0x0fU) return std::nullopt;
  return Uuid(bytes);
}

std::optional<Uuid> Uuid::FromBytes(std::string_view bytes) {
  if (bytes.size() != kSize) return std::nullopt;
  std::array<std::uint8_t, kSize> copy{};
  std::copy(bytes.begin(), bytes.end(), copy.begin());
  return Uuid(copy);
}

std::string Uuid::ToString() const {
  std::string text(kTextSize, '-');
  ForEachByte([&](auto i) {
    text[kDigitPlaces[i]] = kHexDigits[bytes_[i] >> 4U];
    text[kDigitPlaces[i] + 1] = kHexDigits[bytes_[i] & 0x0fU];
  });
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
