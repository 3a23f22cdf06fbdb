#include "server/register/open_steps.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "server/register/escalation_id.h"
#include "server/register/working_source.h"
#include "sync/base/status.h"
#include "sync/base/time.h"

namespace vigil::registry {

absl::StatusOr<std::vector<OpenStep>> OpenStepsOf(const rules::HazardRecords& records,
                                                  const v1::HazardState& state, WorkingSet& working,
                                                  const rules::LadderRules& rules) {
  WorkingSource source(working);
  VIGIL_ASSIGN_OR_RETURN(std::vector<rules::LadderStep> steps,
                         rules::StepsOfHazard(records, state, source, rules));
  std::vector<OpenStep> open;
  for (rules::LadderStep& step : steps) {
    const Uuid id =
        EscalationId({.item = step.item, .due_version = step.due_version, .step = step.step});
    VIGIL_ASSIGN_OR_RETURN(const Entry* fired, working.Get(id));
    if (!fired->absent) continue;
    const absl::Time falls_due = StartOfDay(step.day, rules.zone);
    const bool past = step.imported_at && falls_due <= *step.imported_at;
    open.push_back({std::move(step), id, falls_due, past});
  }
  std::sort(open.begin(), open.end(), [](const OpenStep& a, const OpenStep& b) {
    return std::tie(a.falls_due, a.escalation) < std::tie(b.falls_due, b.escalation);
  });
  return open;
}

absl::StatusOr<std::vector<OpenStep>> OpenStepsOf(const Uuid& hazard, WorkingSet& working,
                                                  const rules::LadderRules& rules) {
  VIGIL_ASSIGN_OR_RETURN(const Entry* entry, working.Get(hazard));
  if (entry->absent || !entry->record.entity().has_hazard()) return std::vector<OpenStep>();
  WorkingSource source(working);
  VIGIL_ASSIGN_OR_RETURN(const rules::HazardRecords records,
                         rules::GatherHazard(entry->record, source));
  VIGIL_ASSIGN_OR_RETURN(const v1::HazardState state, rules::DeriveHazard(records, source));
  return OpenStepsOf(records, state, working, rules);
}

}  // namespace vigil::registry
