#ifndef VIGIL_SYNC_CLI_CONSOLE_NAMES_H_
#define VIGIL_SYNC_CLI_CONSOLE_NAMES_H_

#include <optional>
#include <string>
#include <string_view>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"
#include "sync/cli/console/text.h"
#include "vigil/v1/error.pb.h"

// The names of the contract's terms, as people call them. English ones follow from the contract
// ("HAZARD_GRADE_MAJOR" is "major"); the Chinese ones stand in tables, and a test finds what the
// tables lack.

namespace vigil::console {

// Empty for the unspecified value; a value that this program does not know is shown as its number.
std::string EnumName(const google::protobuf::EnumDescriptor& type, int value, Language language);
template <typename Enum>
std::string NameOf(Enum value, Language language) {
  return EnumName(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value), language);
}

// Of a field of an entity ("due_date"), a kind of record ("hazard") and a command
// ("confirm_hazard").
std::string FieldLabel(std::string_view field, Language language);
std::string KindLabel(std::string_view kind, Language language);
std::string CommandLabel(std::string_view command, Language language);

// What a reason means, and what its reader can do. Null for none.
struct ReasonWords {
  v1::Reason reason;
  Text meaning;
  Text advice;
};
const ReasonWords* FindReasonWords(v1::Reason reason);

// The value that somebody wrote: "major", "HAZARD_GRADE_MAJOR" or "重大"; case, "-" and " " for "_"
// do not matter. Nullopt for no value of this type; the unspecified one cannot be written.
std::optional<int> ParseEnum(const google::protobuf::EnumDescriptor& type, std::string_view text);
template <typename Enum>
std::optional<Enum> ParseEnum(std::string_view text) {
  const std::optional<int> value = ParseEnum(*google::protobuf::GetEnumDescriptor<Enum>(), text);
  return value ? std::optional<Enum>(static_cast<Enum>(*value)) : std::nullopt;
}
// "general, major": what ParseEnum takes, for messages.
std::string EnumChoices(const google::protobuf::EnumDescriptor& type);

namespace internal {
// The tables' Chinese words; empty for what they lack. Keys: "HAZARD_GRADE_MAJOR", "due_date",
// "hazard", "confirm_hazard".
std::string_view ChineseValue(std::string_view name);
std::string_view ChineseField(std::string_view name);
std::string_view ChineseKind(std::string_view name);
std::string_view ChineseCommand(std::string_view name);
}  // namespace internal

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_NAMES_H_
