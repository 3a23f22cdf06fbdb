#include "sync/cli/console/names.h"

#include <algorithm>
#include <cctype>

namespace vigil::console {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;

// "HazardGrade" begins its values with "HAZARD_GRADE_".
std::string PrefixOf(const EnumDescriptor& type) {
  std::string prefix;
  for (const char c : type.name()) {
    if (std::isupper(static_cast<unsigned char>(c)) != 0 && !prefix.empty()) prefix += '_';
    prefix += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return prefix + "_";
}

// Lower case without the prefix, words joined by '_'.
std::string ShortName(const EnumDescriptor& type, std::string_view name) {
  const std::string prefix = PrefixOf(type);
  if (name.substr(0, prefix.size()) == prefix) name.remove_prefix(prefix.size());
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string Spaced(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::string Label(std::string_view name, std::string_view chinese, Language language) {
  if (language == Language::kChinese && !chinese.empty()) return std::string(chinese);
  return Spaced(std::string(name));
}

}  // namespace

std::string EnumName(const EnumDescriptor& type, int value, Language language) {
  if (value == 0) return "";
  const EnumValueDescriptor* known = type.FindValueByNumber(value);
  if (known == nullptr) return std::to_string(value);
  return Label(ShortName(type, known->name()), internal::ChineseValue(known->name()), language);
}

std::string FieldLabel(std::string_view field, Language language) {
  return Label(field, internal::ChineseField(field), language);
}

std::string KindLabel(std::string_view kind, Language language) {
  return Label(kind, internal::ChineseKind(kind), language);
}

std::string CommandLabel(std::string_view command, Language language) {
  return Label(command, internal::ChineseCommand(command), language);
}

std::optional<int> ParseEnum(const EnumDescriptor& type, std::string_view text) {
  std::string wanted(text);
  std::transform(wanted.begin(), wanted.end(), wanted.begin(), [](unsigned char c) {
    return c == '-' || c == ' ' ? '_' : static_cast<char>(std::tolower(c));
  });
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor& value = *type.value(i);
    if (value.number() == 0) continue;
    if (wanted == ShortName(type, value.name()) || text == value.name() ||
        text == internal::ChineseValue(value.name())) {
      return value.number();
    }
  }
  return std::nullopt;
}

std::string EnumChoices(const EnumDescriptor& type) {
  std::string choices;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() == 0) continue;
    if (!choices.empty()) choices += ", ";
    choices += ShortName(type, type.value(i)->name());
  }
  return choices;
}

}  // namespace vigil::console
