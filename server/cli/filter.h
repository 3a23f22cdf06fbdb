#ifndef VIGIL_SERVER_CLI_FILTER_H_
#define VIGIL_SERVER_CLI_FILTER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "server/cli/clerk.h"
#include "sync/cli/console/command.h"
#include "vigil/v1/register_service.pb.h"

namespace vigil::office {

// The options by which hazards are chosen, and the filter that they give.
std::vector<console::OptionSpec> FilterOptions();
absl::StatusOr<v1::HazardFilter> TakeFilter(Clerk& clerk, const console::Arguments& arguments);

}  // namespace vigil::office

#endif  // VIGIL_SERVER_CLI_FILTER_H_
