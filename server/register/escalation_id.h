#ifndef VIGIL_SERVER_REGISTER_ESCALATION_ID_H_
#define VIGIL_SERVER_REGISTER_ESCALATION_ID_H_

#include <string_view>

#include "sync/base/ids.h"
#include "vigil/v1/supervision.pb.h"

namespace vigil::registry {

// The id of the one escalation that an item's step can ever have for one due version. The formula
// never changes: it is what makes each fire once.
struct EscalationKey {
  std::string_view item;
  std::string_view due_version;
  v1::EscalationStep step = v1::ESCALATION_STEP_UNSPECIFIED;
};
Uuid EscalationId(const EscalationKey& key);

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_ESCALATION_ID_H_
