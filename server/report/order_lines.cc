#include "server/report/order_lines.h"

#include <utility>

#include "server/report/hazard_lines.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vigil::report {
namespace {

constexpr int kPageRows = 500;

v1::ListOrdersRequest RequestOf(const OrderChoice& choice) {
  v1::ListOrdersRequest request;
  for (const v1::OrderStatus status : choice.statuses) request.add_statuses(status);
  if (choice.statuses.empty()) {
    for (int status = v1::OrderStatus_MIN; status <= v1::OrderStatus_MAX; ++status) {
      const bool is_entry = status != v1::ORDER_STATUS_UNSPECIFIED &&
                            status != v1::ORDER_STATUS_PROPOSED && v1::OrderStatus_IsValid(status);
      if (is_entry) request.add_statuses(static_cast<v1::OrderStatus>(status));
    }
  }
  request.set_ledger(choice.ledger);
  request.set_page_size(kPageRows);
  return request;
}

absl::Status ForEachRow(Context& context, Records& records, v1::ListOrdersRequest request,
                        const std::function<absl::Status(const OrderLine&)>& take) {
  do {
    VIGIL_ASSIGN_OR_RETURN(store::OrderPage page, context.snapshot.Orders(request, context.scope));
    for (v1::OrderRow& row : page.rows) {
      OrderLine line;
      line.row = std::move(row);
      VIGIL_ASSIGN_OR_RETURN(line.record, records.Read(line.row.record()));
      VIGIL_ASSIGN_OR_RETURN(line.hazard_record, records.Read(line.row.hazard()));
      VIGIL_CHECK(line.record != nullptr && line.hazard_record != nullptr) << line.row.record();
      VIGIL_RETURN_IF_ERROR(take(line));
    }
    request.set_page_token(page.next_page_token);
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

}  // namespace

absl::Status ForEachOrder(Context& context, Records& records, const OrderChoice& choice,
                          const std::function<absl::Status(const OrderLine&)>& take) {
  v1::ListOrdersRequest request = RequestOf(choice);
  if (choice.hazards.ByteSizeLong() == 0) {
    return ForEachRow(context, records, std::move(request), take);
  }
  return ForEachHazard(context, records, choice.hazards, "", [&](const HazardLine& line) {
    request.set_hazard(line.row.record());
    return ForEachRow(context, records, request, take);
  });
}

}  // namespace vigil::report
