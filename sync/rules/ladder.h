#ifndef VIGIL_SYNC_RULES_LADDER_H_
#define VIGIL_SYNC_RULES_LADDER_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "sync/base/hash.h"
#include "sync/rules/derive.h"
#include "sync/rules/work_calendar.h"
#include "vigil/v1/ladder.pb.h"
#include "vigil/v1/supervision.pb.h"

// The escalation ladder: which steps a hazard and what hangs on it take, and when, by what the
// records say now. What has fired already is no part of it.

namespace vigil::rules {

// The first fault of a ladder that somebody wrote, and where it is.
struct LadderFault {
  // -1: the ladder's own field.
  int rung = -1;
  std::string field;
  // Which of the field's values.
  int index = 0;
  std::string reason;
};
std::optional<LadderFault> FindFault(const v1::Ladder& ladder);

// Null: such a step never fires.
const v1::Rung* FindRung(const v1::Ladder& ladder, v1::EscalationStep step);

struct LadderStep {
  v1::EscalationStep step = v1::ESCALATION_STEP_UNSPECIFIED;
  // Id of a hazard, an order, a transfer or a risk source.
  std::string item;
  // See Escalation.due_version.
  std::string due_version;
  // It falls due when this day begins in the register's zone.
  absl::CivilDay day;
  // When the item was imported, if the import brought the date: what fell due before that is
  // recorded and not chased.
  std::optional<absl::Time> imported_at;
  // What it waits for is known from copies alone that phones returned after a restore.
  bool by_copies = false;
};

// What E4 alone fires: the ladder of a register that was given none.
v1::Ladder OverdueAlone();

// By what a register counts; replaced as a whole when its configuration changes.
struct Deadlines {
  v1::Ladder ladder = OverdueAlone();
  WorkCalendar working_days;
};

// Tells deadlines apart by which the steps of the same records fall due on other days: of the
// ladder, the lists, the zone's name and of the way in which steps are worked out.
Sha256 FingerprintOf(const Deadlines& deadlines, std::string_view zone);

struct LadderRules {
  // Never null.
  std::shared_ptr<const Deadlines> deadlines;
  absl::TimeZone zone;
  absl::CivilDay today;
};

// Steps of a hazard, its orders and its transfers, in no order: those that have fallen due and
// those that will if nothing else happens. Of quarters without a report of progress, up to the
// first one that is not over yet.
absl::StatusOr<std::vector<LadderStep>> StepsOfHazard(const HazardRecords& records,
                                                      const v1::HazardState& state,
                                                      RecordSource& source,
                                                      const LadderRules& rules);

// The day on which an inspection counts: the one on which it began, as its author says, and never
// one after it came. A clock that was wrong makes the next one due too early, not too late.
absl::CivilDay InspectedOn(const v1::Record& inspection, const absl::TimeZone& zone);

// The last day on which a risk source is inspected in time, which was last inspected on
// `inspected_on`, if it ever was. Nullopt: it has no interval, or is retired.
std::optional<absl::CivilDay> InspectionDueOn(const v1::Record& risk_source,
                                              const std::optional<absl::CivilDay>& inspected_on,
                                              const absl::TimeZone& zone);
// When it is overdue. Nullopt also where the ladder has no such step.
std::optional<LadderStep> InspectionStep(const v1::Record& risk_source,
                                         const std::optional<absl::CivilDay>& inspected_on,
                                         const LadderRules& rules);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_LADDER_H_
