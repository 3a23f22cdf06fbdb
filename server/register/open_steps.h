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
// The same, of what the hazard's records say; empty where there is no such hazard.
absl::StatusOr<std::vector<OpenStep>> OpenStepsOf(const Uuid& hazard, WorkingSet& working,
                                                  const rules::LadderRules& rules);

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_OPEN_STEPS_H_
