#include "server/register/escalation_id.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"

namespace vigil::registry {

Uuid EscalationId(const EscalationKey& key) {
  const std::string name =
      absl::StrCat(ToAbsl(key.item), "|", ToAbsl(key.due_version), "|", static_cast<int>(key.step));
  return DerivedUuid({.name_space = "vigil/escalation", .name = name});
}

}  // namespace vigil::registry
