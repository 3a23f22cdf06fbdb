#ifndef VIGIL_SERVER_REGISTER_PROJECTIONS_H_
#define VIGIL_SERVER_REGISTER_PROJECTIONS_H_

#include <vector>

#include "absl/status/status.h"
#include "server/register/working_set.h"
#include "server/store/write_set.h"
#include "sync/base/ids.h"
#include "sync/rules/ladder.h"

namespace vigil::registry {

// Adds to `writes` the columns by which the office finds what the group touched, and whatever is
// derived from it: a hazard's state follows its orders, their extensions and its duplicates. The
// same for the hazards and risk sources of `again`, which it need not have touched.
absl::Status AddProjections(WorkingSet& records, const rules::LadderRules& rules,
                            const std::vector<Uuid>& again, store::WriteSet& writes);

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_PROJECTIONS_H_
