#ifndef VIGIL_SERVER_REPORT_REPORTS_H_
#define VIGIL_SERVER_REPORT_REPORTS_H_

#include <string>

#include "absl/status/status.h"
#include "server/report/records.h"
#include "server/report/report.h"
#include "server/report/table.h"

// The reports as tables. Each begins and ends the writer.

namespace vigil::report {

struct Task {
  const v1::ExportReportRequest& request;
  Context& context;
  Records& records;
  TableWriter& writer;
  // As of when, in which language; name and title are the report's.
  Heading heading;

  Language language() const { return heading.language; }
};

// The ledger for people.
absl::Status WriteHazards(Task task);
// The ledger in the columns of hazards.csv, as an import takes it: keys for references, the
// contract's names for values (in Chinese their Chinese names). Status, grade and due date are
// those in force.
absl::Status WriteHazardRecords(Task task);
absl::Status WriteSupervision(Task task);
absl::Status WriteStats(Task task);
// INVALID_DATE where the period has no beginning or end, or ends before it begins.
absl::Status WriteBulletin(Task task);

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_REPORTS_H_
