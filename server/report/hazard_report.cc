#include "server/report/hazard_lines.h"
#include "server/report/reports.h"
#include "sync/base/status.h"

namespace vigil::report {
namespace {

constexpr Text kTitle{"Hazard ledger", "隐患台账"};

}  // namespace

absl::Status WriteHazards(Task task) {
  task.heading.name = "hazards";
  task.heading.title = In(kTitle, task.language());
  VIGIL_RETURN_IF_ERROR(task.writer.Begin(task.heading));
  // A sheet of paper has room for fewer.
  const std::vector<HazardColumn> columns =
      task.request.format() == v1::REPORT_FORMAT_HTML
          ? HazardColumns({"number", "risk_source_name", "description", "grade", "state",
                           "found_at", "due_date", "overdue", "responsible_unit", "rectification",
                           "verified_at"})
          : HazardColumns();
  VIGIL_RETURN_IF_ERROR(task.writer.BeginSection(
      HazardSection("hazards", task.heading.title, columns, task.language())));
  VIGIL_RETURN_IF_ERROR(
      ForEachHazard(task.context, task.records, task.request.filter(), task.request.order_by(),
                    [&](const HazardLine& line) -> absl::Status {
                      VIGIL_ASSIGN_OR_RETURN(
                          const Row row, HazardRowOf(line, columns, task.records, task.language()));
                      return task.writer.Add(row);
                    }));
  return task.writer.End();
}

}  // namespace vigil::report
