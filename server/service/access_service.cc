#include "server/service/access_service.h"

#include <string>
#include <utility>

#include "server/service/unary_call.h"

namespace vigil::service {

grpc::ServerUnaryReactor* AccessService::Enrol(grpc::CallbackServerContext* context,
                                               const v1::EnrolRequest* request,
                                               v1::EnrolResponse* response) {
  return AnswerAnybody(guard_, {context, "AccessService.Enrol", request}, response,
                       [&](const std::string&, access::AccessDesk::Done<v1::EnrolResponse> done) {
                         desk_.Enrol(*request, std::move(done));
                       });
}

grpc::ServerUnaryReactor* AccessService::SignIn(grpc::CallbackServerContext* context,
                                                const v1::SignInRequest* request,
                                                v1::SignInResponse* response) {
  return AnswerAnybody(
      guard_, {context, "AccessService.SignIn", request}, response,
      [&](const std::string& address, access::AccessDesk::Done<v1::SignInResponse> done) {
        desk_.SignIn(*request, address, std::move(done));
      });
}

grpc::ServerUnaryReactor* AccessService::SetPassword(grpc::CallbackServerContext* context,
                                                     const v1::SetPasswordRequest* request,
                                                     v1::SetPasswordResponse* response) {
  return AnswerAnybody(
      guard_, {context, "AccessService.SetPassword", request}, response,
      [&](const std::string& address, access::AccessDesk::Done<v1::SetPasswordResponse> done) {
        desk_.SetPassword(*request, address, std::move(done));
      });
}

grpc::ServerUnaryReactor* AccessService::RefreshToken(grpc::CallbackServerContext* context,
                                                      const v1::RefreshTokenRequest* request,
                                                      v1::RefreshTokenResponse* response) {
  return AnswerAnybody(
      guard_, {context, "AccessService.RefreshToken", request}, response,
      [&](const std::string&, access::AccessDesk::Done<v1::RefreshTokenResponse> done) {
        desk_.Refresh(*request, std::move(done));
      });
}

grpc::ServerUnaryReactor* AccessService::SignOut(grpc::CallbackServerContext* context,
                                                 const v1::SignOutRequest* request,
                                                 v1::SignOutResponse* response) {
  return AnswerLater(
      guard_, {context, "AccessService.SignOut", request}, response,
      [&](const access::Principal& caller, access::AccessDesk::Done<v1::SignOutResponse> done) {
        desk_.SignOut(caller, std::move(done));
      });
}

}  // namespace vigil::service
