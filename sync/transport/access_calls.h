#ifndef VIGIL_SYNC_TRANSPORT_ACCESS_CALLS_H_
#define VIGIL_SYNC_TRANSPORT_ACCESS_CALLS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "sync/transport/program_access.h"
#include "vigil/v1/access_service.pb.h"

namespace vigil::transport {

// AccessService's calls by which programs become known, each waiting for its answer. Errors carry
// the register's reason; SERVER_UNREACHABLE where there is no answer.
class AccessCalls {
 public:
  virtual ~AccessCalls() = default;

  virtual absl::StatusOr<v1::EnrolResponse> Enrol(const v1::EnrolRequest& request) = 0;
  virtual absl::StatusOr<v1::SignInResponse> SignIn(const v1::SignInRequest& request) = 0;
  virtual absl::StatusOr<v1::SetPasswordResponse> SetPassword(
      const v1::SetPasswordRequest& request) = 0;
  // As the program whose access this is.
  virtual absl::StatusOr<v1::SignOutResponse> SignOut(
      const std::shared_ptr<ProgramAccess>& access) = 0;
};

}  // namespace vigil::transport

#endif  // VIGIL_SYNC_TRANSPORT_ACCESS_CALLS_H_
