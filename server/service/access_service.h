#ifndef VIGIL_SERVER_SERVICE_ACCESS_SERVICE_H_
#define VIGIL_SERVER_SERVICE_ACCESS_SERVICE_H_

#include "server/access/access_desk.h"
#include "server/service/guard.h"
#include "vigil/v1/access_service.grpc.pb.h"

namespace vigil::service {

// Adapts AccessDesk to gRPC.
class AccessService final : public v1::AccessService::CallbackService {
 public:
  // Both must outlive the server.
  AccessService(Guard& guard, access::AccessDesk& desk) : guard_(guard), desk_(desk) {}

  grpc::ServerUnaryReactor* Enrol(grpc::CallbackServerContext* context,
                                  const v1::EnrolRequest* request,
                                  v1::EnrolResponse* response) override;
  grpc::ServerUnaryReactor* SignIn(grpc::CallbackServerContext* context,
                                   const v1::SignInRequest* request,
                                   v1::SignInResponse* response) override;
  grpc::ServerUnaryReactor* SetPassword(grpc::CallbackServerContext* context,
                                        const v1::SetPasswordRequest* request,
                                        v1::SetPasswordResponse* response) override;
  grpc::ServerUnaryReactor* RefreshToken(grpc::CallbackServerContext* context,
                                         const v1::RefreshTokenRequest* request,
                                         v1::RefreshTokenResponse* response) override;
  grpc::ServerUnaryReactor* SignOut(grpc::CallbackServerContext* context,
                                    const v1::SignOutRequest* request,
                                    v1::SignOutResponse* response) override;

 private:
  Guard& guard_;
  access::AccessDesk& desk_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_ACCESS_SERVICE_H_
