#ifndef VIGIL_SYNC_RULES_WIRE_H_
#define VIGIL_SYNC_RULES_WIRE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Serialised messages, cut into their fields and put together of them without being parsed.

namespace vigil::rules {

struct WireField {
  int number = 0;
  // Tag and value.
  std::string_view bytes;
};

// Takes the first field off `rest`; nothing where that is no message (groups are none).
std::optional<WireField> TakeField(std::string_view& rest);

// Adds a field of bytes, or of a serialised message; at most kFieldHeadBytesMax more than `value`.
void AppendField(int number, std::string_view value, std::string& message);
inline constexpr std::size_t kFieldHeadBytesMax = 10;

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_WIRE_H_
