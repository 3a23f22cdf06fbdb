#include "sync/cli/console/text.h"

#include <cstdlib>

namespace vigil::console {

std::string Fill(std::string_view pattern, std::initializer_list<std::string_view> values) {
  std::string filled;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const bool placeholder = pattern[i] == '$' && i + 1 < pattern.size() && pattern[i + 1] >= '0' &&
                             pattern[i + 1] <= '9';
    const std::size_t index = placeholder ? static_cast<std::size_t>(pattern[i + 1] - '0') : 0;
    if (placeholder && index < values.size()) {
      filled += *(values.begin() + index);
      ++i;
    } else {
      filled += pattern[i];
    }
  }
  return filled;
}

Language LanguageOf(std::string_view name) {
  const bool chinese = name.substr(0, 2) == "zh" &&
                       (name.size() == 2 || name[2] == '_' || name[2] == '-' || name[2] == '.');
  return chinese ? Language::kChinese : Language::kEnglish;
}

Language LanguageOfEnvironment() {
  for (const char* variable : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') return LanguageOf(value);
  }
  return Language::kEnglish;
}

}  // namespace vigil::console
