#ifndef VIGIL_SERVER_REPORT_DOCUMENT_H_
#define VIGIL_SERVER_REPORT_DOCUMENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "server/report/records.h"
#include "server/report/report.h"

namespace vigil::report {

bool IsDocument(v1::ReportKind kind);

// A document that people sign, as a page to print on A4. The record is named by its id or its key.
// NOT_FOUND where there is none of this kind that the reader may see.
absl::StatusOr<std::string> RenderDocument(const v1::ExportReportRequest& request, Context& context,
                                           Records& records);

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_DOCUMENT_H_
