#ifndef VIGIL_SERVER_REPORT_CSV_WRITER_H_
#define VIGIL_SERVER_REPORT_CSV_WRITER_H_

#include <string>
#include <string_view>

#include "server/report/table.h"

namespace vigil::report {

// A cell as RFC 4180 has it: in quotes where it holds a comma, a quote or a line break.
std::string CsvCell(std::string_view text);
// Text that no spreadsheet takes for a formula: an apostrophe stands before = + - @ tab and CR at
// its beginning.
std::string InertText(std::string_view text);

// Lines end with CRLF; the first one is the headings (in English the columns' names). Dates are
// "2017-07-31", instants RFC 3339 with the zone's offset, flags "true" and "false"; a number is no
// text, so that a negative one stays what it is.
class CsvWriter final : public TableWriter {
 public:
  CsvWriter(ByteSink& sink, bool byte_order_mark)
      : sink_(sink), byte_order_mark_(byte_order_mark) {}

  absl::Status Begin(const Heading& heading) override;
  // Figures are left out: they have other columns.
  absl::Status BeginSection(const Section& section) override;
  absl::Status Add(const Row& row) override;
  absl::Status End() override { return absl::OkStatus(); }

 private:
  std::string CellOf(const Value& value) const;

  ByteSink& sink_;
  const bool byte_order_mark_;
  Heading heading_;
  std::string section_;
  bool has_header_ = false;
  bool skips_ = false;
};

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_CSV_WRITER_H_
