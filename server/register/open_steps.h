#ifndef VIGIL_SERVER_REGISTER_OPEN_STEPS_H_
#define VIGIL_SERVER_REGISTER_OPEN_STEPS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/register/working_set.h"
#include "sync/base/ids.h"
#include "sync/rules/derive.h"
#include "sync/rules/ladder.h"
#include "vigil/v1/view.pb.h"

namespace vigil::registry {

// A step of the ladder that has not fired.
struct OpenStep {
  rules::LadderStep step;
  // The escalation that it will be.
  Uuid escalation;
  absl::Time falls_due;
  // Before its item was imported.
  bool past = false;
};

// Those of a hazard, its orders and its transfers, earliest first.
absl::StatusOr<std::vector<OpenStep>> OpenStepsOf(const rules::HazardRecords& records,
                                                  const v1::HazardState& state, WorkingSet& working,
                                                  const rules::LadderRules& rules);
// The step of a risk source that was last inspected on `inspected_on` (unset: never), if one is
// open.
absl::StatusOr<std::vector<OpenStep>> OpenStepsOf(const v1::Record& risk_source,
                                                  const v1::Date& inspected_on, WorkingSet& working,
                                                  const rules::LadderRules& rules);
// The same of the hazard or risk source with this id, by what is committed; empty where there is
// none.
absl::StatusOr<std::vector<OpenStep>> OpenStepsOf(const Uuid& item, WorkingSet& working,
                                                  const rules::LadderRules& rules);

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_OPEN_STEPS_H_
