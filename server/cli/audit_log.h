#ifndef VIGIL_SERVER_CLI_AUDIT_LOG_H_
#define VIGIL_SERVER_CLI_AUDIT_LOG_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/cli/office.h"
#include "sync/base/file.h"
#include "sync/base/ids.h"
#include "vigil/v1/admin_service.pb.h"

namespace vigil::office {

// Where the entries of a register's log come from, for whoever checks them.
class AuditLog {
 public:
  virtual ~AuditLog() = default;

  // Of the first epoch: the one for whom pushes were signed.
  virtual const Uuid& register_id() const = 0;
  // The page with this token; empty: the first one.
  virtual absl::StatusOr<v1::ListLogResponse> Page(const std::string& page_token) = 0;
};

// From the register that is served. NOT_INITIALISED: it has not introduced itself.
absl::StatusOr<std::unique_ptr<AuditLog>> LogOfOffice(Office& office);

// From the files of a register that is not served, in its data directory or a copy of it, which
// stay exactly as they are. Heads have no signature. NOT_FOUND: there is no register.
// RESOURCE_EXHAUSTED: vigild has it open. Else see store::ClosedRegister::Open.
absl::StatusOr<std::unique_ptr<AuditLog>> LogOfDirectory(FileSystem& files,
                                                         const std::string& directory);

}  // namespace vigil::office

#endif  // VIGIL_SERVER_CLI_AUDIT_LOG_H_
