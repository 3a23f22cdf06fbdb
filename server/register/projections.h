#ifndef VIGIL_SERVER_REGISTER_PROJECTIONS_H_
#define VIGIL_SERVER_REGISTER_PROJECTIONS_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/register/working_set.h"
#include "server/store/write_set.h"

namespace vigil::registry {

// Adds to `writes` the columns by which the office finds what the group touched, and whatever is
// derived from it: a hazard's state follows its orders, their extensions and its duplicates.
absl::Status AddProjections(WorkingSet& records, const absl::TimeZone& zone,
                            store::WriteSet& writes);

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_PROJECTIONS_H_
