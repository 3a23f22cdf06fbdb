#ifndef VIGIL_SERVER_REPORT_WORDS_H_
#define VIGIL_SERVER_REPORT_WORDS_H_

#include <string>
#include <string_view>

#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/text.h"
#include "sync/cli/console/value_text.h"

// The words of the command lines, which are the reports' too: a term has one name everywhere.

namespace vigil::report {

using console::Language;
using console::Text;

// Of a column or a value; in English with blanks for "_".
inline std::string Label(std::string_view field, Language language) {
  return console::FieldLabel(field, language);
}

inline std::string In(const Text& text, Language language) {
  return std::string(text.In(language));
}

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_WORDS_H_
