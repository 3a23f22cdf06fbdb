#ifndef VIGIL_TESTS_SIM_WAITS_H_
#define VIGIL_TESTS_SIM_WAITS_H_

#include "absl/status/status.h"
#include "server/register/working_set.h"
#include "server/store/register_store.h"
#include "sync/rules/ladder.h"
#include "tests/sim/server.h"
#include "tests/sim/world.h"

namespace vigil::sim {

// Nothing that waits is forgotten: when the register looks at a hazard or a risk source next is
// when its first step that has not fired falls due, worked out anew from the records; and after
// quiescence nothing that is due has not fired.
class Waits {
 public:
  explicit Waits(World& world) : world_(world) {}
  void Check(Server& server);

 private:
  absl::Status CheckKind(int kind, registry::WorkingSet& records, const rules::LadderRules& rules);
  absl::Status CheckDue(Server& server, store::Snapshot& snapshot);

  World& world_;
};

// A ladder with a rung for every step there is, so many days after its date.
v1::Ladder EveryStep(int days);

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_WAITS_H_
