#ifndef VIGIL_SERVER_REPORT_SUPERVISION_REPORT_H_
#define VIGIL_SERVER_REPORT_SUPERVISION_REPORT_H_

#include <string>

#include "server/report/order_lines.h"
#include "server/report/reports.h"

namespace vigil::report {

// The section of the ledger, and its row for an order.
Section SupervisionSection(std::string_view name, std::string title, Language language);
absl::StatusOr<Row> SupervisionRowOf(const OrderLine& line, Records& records, Language language);

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_SUPERVISION_REPORT_H_
