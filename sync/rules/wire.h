#ifndef VIGIL_SYNC_RULES_WIRE_H_
#define VIGIL_SYNC_RULES_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Serialised messages, cut into their fields and put together of them without being parsed.

namespace vigil::rules {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };

struct WireField {
  int number = 0;
  WireType type = WireType::kVarint;
  // Tag and value.
  std::string_view bytes;
  // Of a varint.
  std::uint64_t varint = 0;
  // Of a text, bytes or a message: what is in it.
  std::string_view content;
};

// Takes the first field off `rest`; nothing where that is no message (groups are none).
std::optional<WireField> TakeField(std::string_view& rest);

// Adds a field of bytes, or of a serialised message; at most kFieldHeadBytesMax more than `value`.
void AppendField(int number, std::string_view value, std::string& message);
inline constexpr std::size_t kFieldHeadBytesMax = 10;

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_WIRE_H_
