#ifndef VIGIL_SERVER_SERVICE_LADDER_CHECK_H_
#define VIGIL_SERVER_SERVICE_LADDER_CHECK_H_

#include "absl/status/statusor.h"
#include "server/register/register.h"
#include "vigil/v1/admin_service.pb.h"

namespace vigil::service {

// A page of what another ladder would change. INVALID_CONFIGURATION with line and column for a text
// that is no ladder; INVALID_PAGE_TOKEN.
absl::StatusOr<v1::CheckLadderResponse> CheckLadder(registry::Register& target,
                                                    const v1::CheckLadderRequest& request);

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_LADDER_CHECK_H_
