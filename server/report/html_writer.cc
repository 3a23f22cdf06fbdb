#include "server/report/html_writer.h"

#include "absl/strings/str_cat.h"
#include "server/report/html.h"
#include "sync/base/status.h"

namespace vigil::report {
namespace {

constexpr Text kAsOf{"As of $0 (operation $1 of the register)", "数据截至 $0（登记库序号 $1）"};
constexpr Text kNothing{"Nothing matches.", "没有符合条件的记录。"};

std::string_view ClassOf(ColumnType type) {
  switch (type) {
    case ColumnType::kInteger:
    case ColumnType::kReal:
      return " class=\"n\"";
    case ColumnType::kDate:
    case ColumnType::kInstant:
    case ColumnType::kFlag:
      return " class=\"d\"";
    case ColumnType::kText:
      break;
  }
  return "";
}

}  // namespace

absl::Status HtmlWriter::Begin(const Heading& heading) {
  heading_ = heading;
  std::string text = HtmlHead(heading.title, heading.language, Paper::kLandscape);
  absl::StrAppend(
      &text, "<h1>", Escaped(heading.title), "</h1>\n<p class=\"sub\">",
      Escaped(console::Fill(kAsOf.In(heading.language),
                            {absl::FormatTime("%Y-%m-%d %H:%M", heading.made_at, heading.zone),
                             std::to_string(heading.seq)})),
      "</p>\n");
  for (const std::string& paragraph : heading.paragraphs) {
    absl::StrAppend(&text, "<p>", EscapedLines(paragraph), "</p>\n");
  }
  return sink_.Write(text);
}

std::string HtmlWriter::EndSection() {
  if (!in_section_) return "";
  in_section_ = false;
  std::string text = "</tbody>\n</table>\n";
  if (!has_rows_) absl::StrAppend(&text, "<p>", Escaped(In(kNothing, heading_.language)), "</p>\n");
  return text;
}

absl::Status HtmlWriter::BeginSection(const Section& section) {
  std::string text = EndSection();
  section_ = section;
  in_section_ = true;
  has_rows_ = false;
  // One table needs no second title.
  if (section.title != heading_.title) {
    absl::StrAppend(&text, "<h2>", Escaped(section.title), "</h2>\n");
  }
  absl::StrAppend(&text, "<table>\n<colgroup>");
  int width = 0;
  for (const Column& column : section.columns) width += column.width;
  for (const Column& column : section.columns) {
    absl::StrAppend(&text, "<col style=\"width:", 100 * column.width / (width > 0 ? width : 1),
                    "%\">");
  }
  absl::StrAppend(&text, "</colgroup>\n<thead><tr>");
  for (const Column& column : section.columns) {
    absl::StrAppend(&text, "<th>", Escaped(column.heading), "</th>");
  }
  return sink_.Write(text + "</tr></thead>\n<tbody>\n");
}

absl::Status HtmlWriter::Add(const Row& row) {
  has_rows_ = true;
  std::string text = "<tr>";
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    absl::StrAppend(&text, "<td", ToAbsl(ClassOf(section_.columns[i].type)), ">",
                    EscapedLines(TextOf(row.values[i], heading_.language, heading_.zone)), "</td>");
  }
  return sink_.Write(text + "</tr>\n");
}

absl::Status HtmlWriter::End() {
  std::string text = EndSection();
  if (!heading_.notes.empty()) {
    absl::StrAppend(&text, "<div class=\"notes\">\n");
    for (const std::string& note : heading_.notes) {
      absl::StrAppend(&text, "<p>", EscapedLines(note), "</p>\n");
    }
    absl::StrAppend(&text, "</div>\n");
  }
  return sink_.Write(text + HtmlFoot());
}

}  // namespace vigil::report
