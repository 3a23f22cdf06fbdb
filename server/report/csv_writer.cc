#include "server/report/csv_writer.h"

#include "sync/base/status.h"

namespace vigil::report {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr Text kSection{"section", "分类"};

}  // namespace

std::string CsvCell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string cell = "\"";
  for (const char c : text) {
    if (c == '"') cell += '"';
    cell += c;
  }
  return cell + "\"";
}

std::string InertText(std::string_view text) {
  const bool is_formula =
      !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
  return (is_formula ? "'" : "") + std::string(text);
}

std::string CsvWriter::CellOf(const Value& value) const {
  if (const auto* text = std::get_if<std::string>(&value)) return CsvCell(InertText(*text));
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* instant = std::get_if<absl::Time>(&value)) {
    return absl::FormatTime("%Y-%m-%dT%H:%M:%S%Ez", *instant, heading_.zone);
  }
  return TextOf(value, heading_.language, heading_.zone);
}

absl::Status CsvWriter::Begin(const Heading& heading) {
  heading_ = heading;
  return byte_order_mark_ ? sink_.Write(kByteOrderMark) : absl::OkStatus();
}

absl::Status CsvWriter::BeginSection(const Section& section) {
  skips_ = section.is_figures;
  section_ = heading_.language == Language::kEnglish ? section.name : section.title;
  if (skips_ || has_header_) return absl::OkStatus();
  has_header_ = true;
  std::string line;
  if (heading_.has_sections) line = In(kSection, heading_.language);
  for (const Column& column : section.columns) {
    if (!line.empty()) line += ',';
    line += CsvCell(heading_.language == Language::kEnglish ? column.name : column.heading);
  }
  return sink_.Write(line + "\r\n");
}

absl::Status CsvWriter::Add(const Row& row) {
  if (skips_) return absl::OkStatus();
  std::string line;
  if (heading_.has_sections) line = CsvCell(section_) + ",";
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    if (i > 0) line += ',';
    line += CellOf(row.values[i]);
  }
  return sink_.Write(line + "\r\n");
}

}  // namespace vigil::report
