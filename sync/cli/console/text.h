#ifndef VIGIL_SYNC_CLI_CONSOLE_TEXT_H_
#define VIGIL_SYNC_CLI_CONSOLE_TEXT_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

// What the command lines say, in both languages. The two stand side by side where they are said,
// so that nobody changes one of them alone; names of the contract's terms stand in names.h.

namespace vigil::console {

enum class Language : std::uint8_t { kEnglish, kChinese };

// One thing to say. `$0` … `$9` stand for what is filled in. A missing translation, and
// placeholders that differ between the two, do not compile.
class Text {
 public:
  consteval Text(const char* english, const char* chinese) : english_(english), chinese_(chinese) {
    if (english_.empty() || chinese_.empty()) throw "a text needs both languages";
    if (Placeholders(english_) != Placeholders(chinese_)) throw "both need the same placeholders";
  }

  constexpr std::string_view In(Language language) const {
    return language == Language::kChinese ? chinese_ : english_;
  }

 private:
  // One bit for each placeholder.
  static consteval unsigned Placeholders(std::string_view text) {
    unsigned found = 0;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      if (text[i] == '$' && text[i + 1] >= '0' && text[i + 1] <= '9') {
        found |= 1U << static_cast<unsigned>(text[i + 1] - '0');
      }
    }
    return found;
  }

  std::string_view english_;
  std::string_view chinese_;
};

// `pattern` with `$0` … `$9` replaced; a placeholder without a value stays as it is.
std::string Fill(std::string_view pattern, std::initializer_list<std::string_view> values);

// The language of a name such as "zh", "zh_CN.UTF-8", "en": Chinese for zh*, English for all else.
Language LanguageOf(std::string_view name);
// Of the environment: LC_ALL, LC_MESSAGES and LANG, the first that is set and not empty.
Language LanguageOfEnvironment();

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_TEXT_H_
