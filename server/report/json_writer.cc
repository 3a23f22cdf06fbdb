#include "server/report/json_writer.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sync/base/status.h"

namespace vigil::report {
namespace {

using console::QuotedJson;

std::string InstantText(absl::Time instant, const absl::TimeZone& zone) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%S%Ez", instant, zone);
}

std::string Members(const Section& section, const Row& row, const absl::TimeZone& zone) {
  std::string members;
  for (std::size_t i = 0; i < row.values.size(); ++i) {
    absl::StrAppend(&members, i == 0 ? "" : ",", QuotedJson(section.columns[i].name), ":",
                    JsonValue(row.values[i], zone));
  }
  return members;
}

std::string Opening(const Heading& heading) {
  return absl::StrCat("\"report\":", QuotedJson(heading.name),
                      ",\"title\":", QuotedJson(heading.title),
                      ",\"as_of\":", QuotedJson(InstantText(heading.made_at, heading.zone)),
                      ",\"seq\":", heading.seq);
}

}  // namespace

std::string JsonValue(const Value& value, const absl::TimeZone& zone) {
  if (std::holds_alternative<std::monostate>(value)) return "null";
  if (const auto* text = std::get_if<std::string>(&value)) return QuotedJson(*text);
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* instant = std::get_if<absl::Time>(&value)) {
    return QuotedJson(InstantText(*instant, zone));
  }
  const std::string text = TextOf(value, Language::kEnglish, zone);
  return std::holds_alternative<absl::CivilDay>(value) ? QuotedJson(text) : text;
}

absl::Status JsonWriter::Begin(const Heading& heading) {
  heading_ = heading;
  std::string text = absl::StrCat("{", Opening(heading));
  if (!heading.paragraphs.empty()) {
    absl::StrAppend(&text, ",\"text\":[");
    for (std::size_t i = 0; i < heading.paragraphs.size(); ++i) {
      absl::StrAppend(&text, i == 0 ? "" : ",", QuotedJson(heading.paragraphs[i]));
    }
    absl::StrAppend(&text, "]");
  }
  return sink_.Write(text);
}

std::string JsonWriter::EndSection() {
  if (!in_section_) return "";
  in_section_ = false;
  return section_.is_figures ? "\n}" : "\n]";
}

absl::Status JsonWriter::BeginSection(const Section& section) {
  const std::string end = EndSection();
  section_ = section;
  in_section_ = true;
  has_rows_ = false;
  return sink_.Write(
      absl::StrCat(end, ",\n", QuotedJson(section.name), ":", section.is_figures ? "{" : "["));
}

absl::Status JsonWriter::Add(const Row& row) {
  const char* const separator = has_rows_ ? ",\n" : "\n";
  has_rows_ = true;
  if (section_.is_figures) {
    return sink_.Write(absl::StrCat(separator, QuotedJson(row.key), ":",
                                    JsonValue(row.values.back(), heading_.zone)));
  }
  return sink_.Write(absl::StrCat(separator, "{", Members(section_, row, heading_.zone), "}"));
}

absl::Status JsonWriter::End() { return sink_.Write(EndSection() + "\n}\n"); }

absl::Status GeoJsonWriter::Begin(const Heading& heading) {
  heading_ = heading;
  return sink_.Write(
      absl::StrCat("{\"type\":\"FeatureCollection\",", Opening(heading), ",\"features\":["));
}

absl::Status GeoJsonWriter::BeginSection(const Section& section) {
  section_ = section;
  return absl::OkStatus();
}

absl::Status GeoJsonWriter::Add(const Row& row) {
  std::string geometry = "null";
  if (row.point) {
    // About 0.1 m.
    geometry = absl::StrFormat("{\"type\":\"Point\",\"coordinates\":[%.6f,%.6f]}",
                               row.point->longitude, row.point->latitude);
  }
  const char* const separator = has_rows_ ? ",\n" : "\n";
  has_rows_ = true;
  return sink_.Write(absl::StrCat(separator, "{\"type\":\"Feature\",\"id\":", QuotedJson(row.key),
                                  ",\"geometry\":", geometry, ",\"properties\":{",
                                  Members(section_, row, heading_.zone), "}}"));
}

absl::Status GeoJsonWriter::End() { return sink_.Write("\n]}\n"); }

}  // namespace vigil::report
