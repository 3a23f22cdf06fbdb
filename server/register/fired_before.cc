#include "server/register/fired_before.h"

#include <algorithm>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "server/register/escalation_id.h"
#include "server/register/open_steps.h"
#include "sync/base/status.h"
#include "sync/base/time.h"

namespace vigil::registry {
namespace {

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return FromMicros(google::protobuf::util::TimeUtil::TimestampToMicroseconds(time));
}

}  // namespace

absl::StatusOr<bool> HadFired(WorkingSet& records, const Firing& firing) {
  const v1::Escalation& escalation = firing.copy.entity().escalation();
  const Uuid id = EscalationId({.item = escalation.item(),
                                .due_version = escalation.due_version(),
                                .step = escalation.step()});
  if (firing.copy.id() != id.ToString()) return false;
  VIGIL_ASSIGN_OR_RETURN(const Entry* item, records.Get(Uuid::ParseOrNil(escalation.item())));
  if (item->absent) return false;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<OpenStep> open,
                         OpenStepsOf(item->root, records, firing.rules));
  const auto step = std::find_if(open.begin(), open.end(),
                                 [&](const OpenStep& each) { return each.escalation == id; });
  if (step == open.end() || !step->step.by_copies) return false;
  const absl::Time fired = TimeOf(escalation.fired_at());
  return TimeOf(escalation.fell_due_at()) == step->falls_due && fired >= step->falls_due &&
         fired <= firing.now;
}

}  // namespace vigil::registry
