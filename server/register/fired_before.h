#ifndef VIGIL_SERVER_REGISTER_FIRED_BEFORE_H_
#define VIGIL_SERVER_REGISTER_FIRED_BEFORE_H_

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/register/working_set.h"
#include "sync/rules/ladder.h"

namespace vigil::registry {

// A phone's copy of an escalation says that it had fired before the register was restored. Whether
// the register takes its word, so that people are not told again: where it knows what the step
// waits for from copies alone, and this escalation is what its clock would fire now. What it knows
// by itself fires as ever, and no phone can keep it from that.
struct Firing {
  const v1::Record& copy;
  absl::Time now;
  const rules::LadderRules& rules;
};
absl::StatusOr<bool> HadFired(WorkingSet& records, const Firing& firing);

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_FIRED_BEFORE_H_
