#ifndef VIGIL_SYNC_RULES_WIRE_H_
#define VIGIL_SYNC_RULES_WIRE_H_

#include <optional>
#include <string_view>

// Serialised messages, cut into their fields without being parsed.

namespace vigil::rules {

struct WireField {
  int number = 0;
  // Tag and value.
  std::string_view bytes;
};

// Takes the first field off `rest`; nothing where that is no message (groups are none).
std::optional<WireField> TakeField(std::string_view& rest);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_WIRE_H_
