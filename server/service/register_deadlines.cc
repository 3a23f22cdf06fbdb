#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "server/access/visibility.h"
#include "server/register/open_steps.h"
#include "server/service/record_cache.h"
#include "server/service/register_core.h"
#include "server/store/page_token.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/reason.h"
#include "sync/rules/validate.h"
#include "sync/rules/work_calendar.h"

// What the register says of times to come.

namespace vigil::service {

using access::Visibility;
using google::protobuf::util::TimeUtil;
using rules::Refuse;

namespace {

constexpr int kWorkingDaysMax = 10'000;
constexpr int kStepsPageDefault = 100;

absl::StatusOr<store::Waiting> PlaceOf(const std::string& query, const std::string& token) {
  store::Waiting place;
  if (token.empty()) return place;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> key,
                         store::DecodePageToken(query, 2, token));
  std::int64_t micros = 0;
  const std::optional<Uuid> item = Uuid::Parse(key[1]);
  if (!absl::SimpleAtoi(key[0], &micros) || !item) {
    return Refuse(v1::REASON_INVALID_PAGE_TOKEN, "this page token is not of this list");
  }
  place.next_step_at = FromMicros(micros);
  place.item = *item;
  return place;
}

}  // namespace

absl::StatusOr<v1::AddWorkingDaysResponse> RegisterCore::AddWorkingDays(
    const v1::AddWorkingDaysRequest& request) const {
  VIGIL_RETURN_IF_ERROR(rules::ValidateDate(request.date()));
  if (std::abs(std::int64_t{request.days()}) > kWorkingDaysMax) {
    return Refuse(v1::REASON_INVALID_VALUE, absl::StrCat("days is ", request.days(), "; at most ",
                                                         kWorkingDaysMax, " are counted"))
        .With("field", "days");
  }
  const rules::WorkCalendar::Result counted =
      register_.deadlines()->working_days.Add(request.date(), request.days());
  v1::AddWorkingDaysResponse response;
  *response.mutable_date() = counted.date;
  response.mutable_years_without_list()->Add(counted.years_without_list.begin(),
                                             counted.years_without_list.end());
  return response;
}

absl::StatusOr<v1::ListEscalationStepsResponse> RegisterCore::ListEscalationSteps(
    const rules::Author& caller, const v1::ListEscalationStepsRequest& request) {
  rules::LadderRules rules = register_.ladder_rules();
  absl::Time until = absl::InfiniteFuture();
  std::string query = "escalation steps";
  if (request.has_until()) {
    VIGIL_RETURN_IF_ERROR(rules::ValidateDate(request.until()));
    rules.today = rules::ToDay(request.until());
    // A step falls due when a day begins.
    until = StartOfDay(rules.today, rules.zone);
    absl::StrAppend(&query, " until ", FormatDay(rules.today));
  }
  VIGIL_ASSIGN_OR_RETURN(const store::Waiting after, PlaceOf(query, request.page_token()));
  const int page_size = store::ClampPageSize(request.page_size(), kStepsPageDefault);
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(Visibility visibility, Visibility::Of(caller, *snapshot));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::Waiting> waiting,
                         snapshot->DueForEscalation(until, after, page_size));
  RecordCache cache(*snapshot);
  registry::WorkingSet records(*snapshot);
  v1::ListEscalationStepsResponse response;
  for (const store::Waiting& row : waiting) {
    VIGIL_ASSIGN_OR_RETURN(const bool sees, visibility.Sees(row.item));
    if (!sees) continue;
    VIGIL_ASSIGN_OR_RETURN(std::vector<registry::OpenStep> steps,
                           registry::OpenStepsOf(row.item, records, rules));
    if (!request.has_until() && steps.size() > 1) steps.resize(1);
    for (const registry::OpenStep& step : steps) {
      if (step.falls_due > until) break;
      VIGIL_ASSIGN_OR_RETURN(const RecordCache::Description item, cache.Describe(step.step.item));
      v1::EscalationStepRow& shown = *response.add_steps();
      shown.set_step(step.step.step);
      shown.set_item(step.step.item);
      shown.set_item_number(item.key);
      shown.set_item_text(item.text);
      shown.set_due_version(step.step.due_version);
      *shown.mutable_falls_due_at() = TimeUtil::MicrosecondsToTimestamp(ToMicros(step.falls_due));
      shown.set_past(step.past);
    }
  }
  if (static_cast<int>(waiting.size()) == page_size) {
    response.set_next_page_token(store::EncodePageToken(
        query,
        {absl::StrCat(ToMicros(waiting.back().next_step_at)), waiting.back().item.ToString()}));
  }
  return response;
}

absl::StatusOr<v1::ListInspectionsDueResponse> RegisterCore::ListInspectionsDue(
    const rules::Author& caller, const v1::ListInspectionsDueRequest& request) {
  if (request.has_until()) VIGIL_RETURN_IF_ERROR(rules::ValidateDate(request.until()));
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(Visibility visibility, Visibility::Of(caller, *snapshot));
  VIGIL_ASSIGN_OR_RETURN(const store::RecordScope scope, visibility.Scope());
  VIGIL_ASSIGN_OR_RETURN(store::InspectionPage page,
                         snapshot->InspectionsDue(request, register_.Today(), scope));
  v1::ListInspectionsDueResponse response;
  for (v1::InspectionDueRow& row : page.rows) *response.add_inspections() = std::move(row);
  response.set_next_page_token(std::move(page.next_page_token));
  response.set_total_size(page.total);
  return response;
}

}  // namespace vigil::service
