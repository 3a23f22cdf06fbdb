#ifndef VIGIL_SERVER_REPORT_REPORT_H_
#define VIGIL_SERVER_REPORT_REPORT_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/report/table.h"
#include "server/store/record_scope.h"
#include "server/store/register_store.h"
#include "sync/base/file.h"
#include "sync/base/ids.h"
#include "vigil/v1/report_service.pb.h"

namespace vigil::report {

// What a report is made of: one snapshot, and the part of it that its reader may see.
struct Context {
  // Must outlive the report.
  store::Snapshot& snapshot;
  store::RecordScope scope;
  // Whether the reader may see a record.
  std::function<absl::StatusOr<bool>(const Uuid&)> sees;
  absl::TimeZone zone;
  absl::Time now;
  FileSystem& files;
  // A file that a workbook may make and that is gone afterwards.
  std::string scratch_path;
};

// Name and media type of the file; size and rows are not known yet. INVALID_VALUE for what this
// kind cannot be, REQUIRED_FIELD_MISSING for a document without a record; the filter is not looked
// at.
absl::StatusOr<v1::ReportFile> Describe(const v1::ExportReportRequest& request);

// Writes the report that Describe took; gives the rows that it has. No more than a page of rows and
// some of the records that they name are held. INVALID_FILTER, INVALID_DATE; NOT_FOUND for a
// document's record that does not exist, is of another kind or is not for the reader; what the sink
// refuses.
absl::StatusOr<std::int64_t> Write(const v1::ExportReportRequest& request, Context& context,
                                   ByteSink& sink);

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_REPORT_H_
