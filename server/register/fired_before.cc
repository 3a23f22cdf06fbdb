#include "server/register/fired_before.h"

#include <algorithm>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "server/register/escalation_id.h"
#include "server/register/open_steps.h"
#include "server/register/working_source.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/derive.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"

namespace vigil::registry {
namespace {

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return FromMicros(google::protobuf::util::TimeUtil::TimestampToMicroseconds(time));
}

// Every date that somebody set is one that a copy told.
bool IsDatedByCopies(const v1::Record& record) {
  const std::vector<v1::Write> dates =
      rules::LiveWrites(record, *rules::InfoOf(record)->Find("due_date"));
  return std::all_of(dates.begin(), dates.end(), [](const v1::Write& date) {
    return date.value().empty() || date.stamp().witnessed();
  });
}

bool AreDatedByCopies(const std::vector<const v1::Record*>& records) {
  return std::all_of(records.begin(), records.end(),
                     [](const v1::Record* record) { return IsDatedByCopies(*record); });
}

}  // namespace

absl::StatusOr<bool> HadFired(WorkingSet& records, const Firing& firing) {
  const v1::Escalation& escalation = firing.copy.entity().escalation();
  const Uuid id = EscalationId({.item = escalation.item(),
                                .due_version = escalation.due_version(),
                                .step = v1::ESCALATION_STEP_E4_OVERDUE});
  if (firing.copy.id() != id.ToString() || escalation.step() != v1::ESCALATION_STEP_E4_OVERDUE) {
    return false;
  }
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, records.Find(escalation.item()));
  if (hazard == nullptr || !hazard->entity().has_hazard()) return false;
  WorkingSource source(records);
  VIGIL_ASSIGN_OR_RETURN(const rules::HazardRecords gathered, rules::GatherHazard(*hazard, source));
  VIGIL_ASSIGN_OR_RETURN(const v1::HazardState state, rules::DeriveHazard(gathered, source));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<OpenStep> open,
                         OpenStepsOf(gathered, state, records, firing.rules));
  const auto step = std::find_if(open.begin(), open.end(),
                                 [&](const OpenStep& each) { return each.escalation == id; });
  if (step == open.end()) return false;
  const absl::Time fired = TimeOf(escalation.fired_at());
  if (TimeOf(escalation.fell_due_at()) != step->falls_due || fired < step->falls_due ||
      fired > firing.now) {
    return false;
  }
  return IsDatedByCopies(*hazard) && AreDatedByCopies(gathered.orders) &&
         AreDatedByCopies(gathered.duplicates);
}

}  // namespace vigil::registry
