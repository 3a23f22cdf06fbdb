#ifndef VIGIL_SERVER_STORE_LEDGER_QUERY_H_
#define VIGIL_SERVER_STORE_LEDGER_QUERY_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/ids.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/register_service.pb.h"

// The office's filters as SQL conditions that people can read: values stand in them as literals,
// each of a kind that cannot be anything else (numbers, dates that were checked, ids in hexadecimal
// digits, quoted text), so that a figure is computed by the very text that is shown.

namespace vigil::store {

// 'text' with its quotes doubled. The text must be well-formed UTF-8 without NUL.
std::string TextLiteral(std::string_view text);
// x'0123…'
std::string IdLiteral(const Uuid& id);

struct FilterContext {
  v1::Date today;
  absl::TimeZone zone;
};

// Conditions on `hazard` left-joined with `risk_source`, joined with AND; "1" for none.
// INVALID_ARGUMENT with REASON_INVALID_FILTER names the field.
absl::StatusOr<std::string> HazardConditions(const v1::HazardFilter& filter,
                                             const FilterContext& context);

// Those of them that say something about a risk source by itself: its site type, responsible unit,
// district, industry department.
absl::StatusOr<std::string> RiskSourceConditions(const v1::HazardFilter& filter);

// The due date is over and work is left, as rules::IsOverdue has it.
std::string OverdueCondition(const v1::Date& today);

struct LedgerOrder {
  // The expression that rows are ordered by, then by id.
  std::string_view expression;
  bool is_text = false;
  bool descending = false;
};
// INVALID_ARGUMENT with REASON_INVALID_FILTER for an order that there is not.
absl::StatusOr<LedgerOrder> ParseOrder(std::string_view order_by);

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_LEDGER_QUERY_H_
