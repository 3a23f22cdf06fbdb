#ifndef VIGIL_SERVER_REPORT_ORDER_LINES_H_
#define VIGIL_SERVER_REPORT_ORDER_LINES_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/report/records.h"
#include "server/report/report.h"

namespace vigil::report {

// An entry of a ledger of tagged supervision, with its record and its hazard's.
struct OrderLine {
  v1::OrderRow row;
  RecordPtr record;
  RecordPtr hazard_record;

  const v1::SupervisionOrder& order() const { return record->entity().supervision_order(); }
  const v1::Hazard& hazard() const { return hazard_record->entity().hazard(); }
};

struct OrderChoice {
  // None: all but PROPOSED, which is no entry of a ledger yet.
  std::vector<v1::OrderStatus> statuses;
  // Empty: all ledgers.
  std::string ledger;
  // Of which hazards.
  v1::HazardFilter hazards;
};

// Hands on every order that is chosen, page by page: in the order of their numbers, or where
// hazards are chosen, of theirs.
absl::Status ForEachOrder(Context& context, Records& records, const OrderChoice& choice,
                          const std::function<absl::Status(const OrderLine&)>& take);

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_ORDER_LINES_H_
