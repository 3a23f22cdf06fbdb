#ifndef VIGIL_SERVER_REPORT_TABLE_H_
#define VIGIL_SERVER_REPORT_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "server/report/words.h"

// What a report says, whatever file it becomes: a heading, and sections of rows.

namespace vigil::report {

// Where the bytes of a file go. What it refuses ends the report.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual absl::Status Write(std::string_view bytes) = 0;
};

// Nothing is an empty cell.
using Value = std::variant<std::monostate, std::string, std::int64_t, double, bool, absl::CivilDay,
                           absl::Time>;

enum class ColumnType : std::uint8_t { kText, kInteger, kReal, kFlag, kDate, kInstant };

struct Column {
  // As programs call it: "due_date".
  std::string name;
  // As people do, in the report's language.
  std::string heading;
  ColumnType type = ColumnType::kText;
  // In characters of a spreadsheet.
  int width = 12;
};

// WGS-84, in degrees.
struct GeoPoint {
  double longitude = 0;
  double latitude = 0;
};

struct Row {
  // As many as the section has columns.
  std::vector<Value> values;
  // Id of the record that the row is about, or of a figure its name.
  std::string key;
  std::optional<GeoPoint> point;
};

struct Section {
  // As programs call it: "department".
  std::string name;
  std::string title;
  std::vector<Column> columns;
  // Each row is a name and a value.
  bool is_figures = false;
};

struct Heading {
  // "hazards", "stats" …
  std::string name;
  std::string title;
  // Before the tables, for people.
  std::vector<std::string> paragraphs;
  // Under the tables: as of when, by whose rules.
  std::vector<std::string> notes;
  Language language = Language::kChinese;
  absl::TimeZone zone;
  absl::Time made_at;
  // The register's last operation that is in it.
  std::uint64_t seq = 0;
  // Has several sections of the same columns; in one table they are told apart by a column.
  bool has_sections = false;
};

// One file under way: Begin, then sections with their rows, then End. Rows are not kept.
class TableWriter {
 public:
  virtual ~TableWriter() = default;
  virtual absl::Status Begin(const Heading& heading) = 0;
  virtual absl::Status BeginSection(const Section& section) = 0;
  virtual absl::Status Add(const Row& row) = 0;
  virtual absl::Status End() = 0;
};

// Some columns of a section, in its order.
class Chosen {
 public:
  // Names that the section has not are a bug of ours.
  Chosen(const Section& section, const std::vector<std::string_view>& names);

  const Section& section() const { return section_; }
  Row Of(Row row) const;

 private:
  Section section_;
  std::vector<std::size_t> places_;
};

// The value as people read it.
std::string TextOf(const Value& value, Language language, const absl::TimeZone& zone);

// "12", "86.49": no more digits than it takes.
std::string NumberText(double value);

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_TABLE_H_
