#include "server/report/html.h"

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"

namespace vigil::report {
namespace {

// Songti, as official documents are set. Sizes are for A4.
constexpr std::string_view kStyle = R"css(
:root { color-scheme: light; }
body { font-family: "Songti SC", "SimSun", "Noto Serif CJK SC", "Source Han Serif SC", serif;
  font-size: 10.5pt; line-height: 1.5; color: #000; background: #fff; margin: 0 auto; }
h1 { font-size: 18pt; text-align: center; margin: 0 0 4pt; line-height: 1.3; }
h2 { font-size: 12pt; margin: 14pt 0 4pt; break-after: avoid; }
p { margin: 4pt 0; text-indent: 2em; text-align: justify; }
p.sub { text-align: center; text-indent: 0; color: #333; }
table { border-collapse: collapse; width: 100%; font-size: 8pt; line-height: 1.35; }
th, td { border: 0.5pt solid #444; padding: 2pt 3pt; vertical-align: top; text-align: left;
  overflow-wrap: anywhere; }
th { background: #eef1f5; text-align: center; vertical-align: middle; }
td.n { text-align: right; white-space: nowrap; }
td.d { white-space: nowrap; text-align: center; }
thead { display: table-header-group; }
tr { break-inside: avoid; }
.notes { margin-top: 8pt; font-size: 8pt; color: #333; }
.notes p { text-indent: 0; }
.letter { font-size: 12pt; line-height: 1.5; }
.letter h1 { font-size: 22pt; letter-spacing: 0.1em; margin: 6pt 0 10pt; }
.letter .issuer { color: #c00; font-size: 24pt; font-weight: bold; text-align: center;
  letter-spacing: 0.15em; text-indent: 0; margin: 0; line-height: 1.4; }
.letter .number { text-align: center; text-indent: 0; margin: 0 0 4pt; }
.letter .rule { border: 0; border-top: 1.5pt solid #c00; margin: 2pt 0 14pt; }
.letter p { text-indent: 2em; margin: 0 0 4pt; }
.letter p.to { text-indent: 0; }
.letter .sign { break-inside: avoid; margin-top: 18pt; margin-left: 45%; text-align: center; }
.letter .sign p { text-indent: 0; text-align: center; }
.letter .seal { color: #666; font-size: 10.5pt; }
.letter table { font-size: 10.5pt; line-height: 1.5; margin: 6pt 0 8pt; table-layout: fixed; }
.letter table.wide { font-size: 9pt; table-layout: auto; }
.letter table.wide th { white-space: nowrap; }
.letter td.k, .letter th { background: #f4f4f4; }
.letter td.k { width: 20%; text-align: center; vertical-align: middle; }
.letter .receipt { break-inside: avoid; margin-top: 16pt; border-top: 0.8pt dashed #444;
  padding-top: 8pt; font-size: 10.5pt; }
.letter .receipt p { text-indent: 0; }
.letter .copies { break-inside: avoid; font-size: 10.5pt; border-top: 0.8pt solid #000;
  border-bottom: 0.8pt solid #000; margin-top: 18pt; }
.letter .copies p { text-indent: 0; margin: 2pt 0; }
@media screen { body { padding: 24px 16px; } }
)css";

}  // namespace

std::string Escaped(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_control = (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F;
        if (is_control) {
          escaped += "\xEF\xBF\xBD";
        } else {
          escaped += c;
        }
      }
    }
  }
  return escaped;
}

std::string EscapedLines(std::string_view text) {
  std::string lines;
  for (const char c : Escaped(text)) {
    if (c == '\n') lines += "<br>";
    lines += c;
  }
  return lines;
}

std::string HtmlHead(std::string_view title, Language language, Paper paper) {
  const bool wide = paper == Paper::kLandscape;
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"", language == Language::kChinese ? "zh-CN" : "en",
      "\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" "
      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>",
      Escaped(title), "</title>\n<style>\n@page { size: A4", wide ? " landscape" : "",
      "; margin: ", wide ? "12mm" : "18mm 24mm 18mm",
      ";\n  @bottom-center { content: \"— \" counter(page) \" —\"; font-size: 9pt; } }",
      ToAbsl(kStyle), "@media screen { body { max-width: ", wide ? "277mm" : "160mm",
      "; } }\n</style>\n</head>\n<body>\n");
}

std::string HtmlFoot() { return "</body>\n</html>\n"; }

}  // namespace vigil::report
