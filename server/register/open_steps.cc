#include "server/register/open_steps.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "server/register/escalation_id.h"
#include "server/register/working_source.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/work_calendar.h"

namespace vigil::registry {

namespace {

absl::StatusOr<std::vector<OpenStep>> Open(std::vector<rules::LadderStep> steps,
                                           WorkingSet& working, const absl::TimeZone& zone) {
  std::vector<OpenStep> open;
  for (rules::LadderStep& step : steps) {
    const Uuid id =
        EscalationId({.item = step.item, .due_version = step.due_version, .step = step.step});
    VIGIL_ASSIGN_OR_RETURN(const Entry* fired, working.Get(id));
    if (!fired->absent) continue;
    const absl::Time falls_due = StartOfDay(step.day, zone);
    const bool past = step.imported_at && falls_due <= *step.imported_at;
    open.push_back({std::move(step), id, falls_due, past});
  }
  std::sort(open.begin(), open.end(), [](const OpenStep& a, const OpenStep& b) {
    return std::tie(a.falls_due, a.escalation) < std::tie(b.falls_due, b.escalation);
  });
  return open;
}

}  // namespace

absl::StatusOr<std::vector<OpenStep>> OpenStepsOf(const rules::HazardRecords& records,
                                                  const v1::HazardState& state, WorkingSet& working,
                                                  const rules::LadderRules& rules) {
  WorkingSource source(working);
  VIGIL_ASSIGN_OR_RETURN(std::vector<rules::LadderStep> steps,
                         rules::StepsOfHazard(records, state, source, rules));
  return Open(std::move(steps), working, rules.zone);
}

absl::StatusOr<std::vector<OpenStep>> OpenStepsOf(const v1::Record& risk_source,
                                                  const v1::Date& inspected_on, WorkingSet& working,
                                                  const rules::LadderRules& rules) {
  std::optional<absl::CivilDay> day;
  if (inspected_on.year() != 0) day = rules::ToDay(inspected_on);
  std::vector<rules::LadderStep> steps;
  if (std::optional<rules::LadderStep> step = rules::InspectionStep(risk_source, day, rules)) {
    steps.push_back(*std::move(step));
  }
  return Open(std::move(steps), working, rules.zone);
}

absl::StatusOr<std::vector<OpenStep>> OpenStepsOf(const Uuid& item, WorkingSet& working,
                                                  const rules::LadderRules& rules) {
  VIGIL_ASSIGN_OR_RETURN(const Entry* entry, working.Get(item));
  if (entry->absent) return std::vector<OpenStep>();
  if (entry->record.entity().has_risk_source()) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<store::RiskSourceProjection> stored,
                           working.snapshot().FindRiskSourceProjection(item));
    return OpenStepsOf(entry->record, stored ? stored->inspected_on : v1::Date(), working, rules);
  }
  if (!entry->record.entity().has_hazard()) return std::vector<OpenStep>();
  WorkingSource source(working);
  VIGIL_ASSIGN_OR_RETURN(const rules::HazardRecords records,
                         rules::GatherHazard(entry->record, source));
  VIGIL_ASSIGN_OR_RETURN(const v1::HazardState state, rules::DeriveHazard(records, source));
  return OpenStepsOf(records, state, working, rules);
}

}  // namespace vigil::registry
