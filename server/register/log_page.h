#ifndef VIGIL_SERVER_REGISTER_LOG_PAGE_H_
#define VIGIL_SERVER_REGISTER_LOG_PAGE_H_

#include "absl/status/statusor.h"
#include "server/store/register_store.h"
#include "vigil/v1/admin_service.pb.h"

namespace vigil::registry {

// A page of the log, for whoever checks it himself (audit_check.h). The head is the one of the
// first page, without its signature. INVALID_PAGE_TOKEN.
absl::StatusOr<v1::ListLogResponse> ListLog(store::Snapshot& snapshot,
                                            const v1::ListLogRequest& request);

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_LOG_PAGE_H_
