#ifndef VIGIL_SERVER_REPORT_HAZARD_LINES_H_
#define VIGIL_SERVER_REPORT_HAZARD_LINES_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/report/records.h"
#include "server/report/report.h"
#include "server/report/table.h"

namespace vigil::report {

// A hazard as the ledger has it, with its record and its risk source's.
struct HazardLine {
  v1::HazardRow row;
  RecordPtr record;
  // Null: there is none.
  RecordPtr source;

  const v1::Hazard& hazard() const { return record->entity().hazard(); }
  const v1::RiskSource& risk_source() const;
  // Neither a report that was rejected nor a duplicate, as long as that holds.
  bool Counts() const;
  bool IsRectified() const { return row.state().status() == v1::HAZARD_STATUS_VERIFIED; }
  // From when it was found to when it was verified; nothing where it is not, or was not dated.
  std::optional<double> DaysToRectify() const;
  // The hazard's own position, or else its risk source's.
  std::optional<GeoPoint> Point() const;
};

// Hands on every hazard that matches, page by page.
absl::Status ForEachHazard(Context& context, Records& records, const v1::HazardFilter& filter,
                           std::string_view order_by,
                           const std::function<absl::Status(const HazardLine&)>& take);

// A column of hazards for people.
struct HazardColumn {
  std::string_view name;
  ColumnType type;
  int width;
  absl::StatusOr<Value> (*value)(const HazardLine& line, Records& records, Language language);
};
// Those of the ledger.
const std::vector<HazardColumn>& HazardColumns();
// Those of these names, in this order.
std::vector<HazardColumn> HazardColumns(const std::vector<std::string_view>& names);

Section HazardSection(std::string_view name, std::string title,
                      const std::vector<HazardColumn>& columns, Language language);
absl::StatusOr<Row> HazardRowOf(const HazardLine& line, const std::vector<HazardColumn>& columns,
                                Records& records, Language language);

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_HAZARD_LINES_H_
