#ifndef VIGIL_SERVER_REPORT_HTML_H_
#define VIGIL_SERVER_REPORT_HTML_H_

#include <string>
#include <string_view>

#include "server/report/words.h"

namespace vigil::report {

// Text between tags and inside quoted attributes. What a browser may not show (control characters
// but tab and line feed) becomes U+FFFD.
std::string Escaped(std::string_view text);
// The same with its line breaks.
std::string EscapedLines(std::string_view text);

enum class Paper : std::uint8_t { kPortrait, kLandscape };

// Beginning of a page that needs nothing from elsewhere: no script, no picture, no style sheet.
std::string HtmlHead(std::string_view title, Language language, Paper paper);
std::string HtmlFoot();

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_HTML_H_
