#ifndef VIGIL_SYNC_TRANSPORT_ACCESS_CLIENT_H_
#define VIGIL_SYNC_TRANSPORT_ACCESS_CLIENT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/transport/access_calls.h"
#include "sync/transport/connection.h"

namespace vigil::transport {

// AccessService over gRPC. Thread-safe.
class AccessClient final : public AccessCalls {
 public:
  // Errors: see CheckConnection.
  static absl::StatusOr<std::unique_ptr<AccessClient>> Make(
      const Connection& connection, absl::Duration call_max = absl::Seconds(60));
  ~AccessClient() override;

  absl::StatusOr<v1::EnrolResponse> Enrol(const v1::EnrolRequest& request) override;
  absl::StatusOr<v1::SignInResponse> SignIn(const v1::SignInRequest& request) override;
  absl::StatusOr<v1::SetPasswordResponse> SetPassword(
      const v1::SetPasswordRequest& request) override;
  absl::StatusOr<v1::SignOutResponse> SignOut(
      const std::shared_ptr<ProgramAccess>& access) override;

 private:
  struct Stubs;

  explicit AccessClient(std::unique_ptr<Stubs> stubs);

  const std::unique_ptr<Stubs> stubs_;
};

}  // namespace vigil::transport

#endif  // VIGIL_SYNC_TRANSPORT_ACCESS_CLIENT_H_
