#include "sync/transport/access_client.h"

#include <utility>

#include "sync/base/status.h"
#include "sync/transport/sync_caller.h"

namespace vigil::transport {

struct AccessClient::Stubs {
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::AccessService::Stub> access;
  absl::Duration call_max;

  // A call that carries no access.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(const Request& request,
                                grpc::Status (v1::AccessService::Stub::*method)(
                                    grpc::ClientContext*, const Request&, Response*)) const {
    // None of them may come twice by gRPC's own doing; see kServiceConfig for what this waits for.
    channel->WaitForConnected(absl::ToChronoTime(absl::Now() + kFirstConnectionMax));
    grpc::ClientContext context;
    SetDeadline(call_max, context);
    Response response;
    const grpc::Status status = (*access.*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(status, context);
    return response;
  }

 private:
  static constexpr absl::Duration kFirstConnectionMax = absl::Milliseconds(1500);
};

absl::StatusOr<std::unique_ptr<AccessClient>> AccessClient::Make(const Connection& connection,
                                                                 absl::Duration call_max) {
  auto stubs = std::make_unique<Stubs>();
  VIGIL_ASSIGN_OR_RETURN(stubs->channel, MakeChannel(connection));
  stubs->access = v1::AccessService::NewStub(stubs->channel);
  stubs->call_max = call_max;
  return std::unique_ptr<AccessClient>(new AccessClient(std::move(stubs)));
}

AccessClient::AccessClient(std::unique_ptr<Stubs> stubs) : stubs_(std::move(stubs)) {}

AccessClient::~AccessClient() = default;

absl::StatusOr<v1::EnrolResponse> AccessClient::Enrol(const v1::EnrolRequest& request) {
  return stubs_->Call(request, &v1::AccessService::Stub::Enrol);
}

absl::StatusOr<v1::SignInResponse> AccessClient::SignIn(const v1::SignInRequest& request) {
  return stubs_->Call(request, &v1::AccessService::Stub::SignIn);
}

absl::StatusOr<v1::SetPasswordResponse> AccessClient::SetPassword(
    const v1::SetPasswordRequest& request) {
  return stubs_->Call(request, &v1::AccessService::Stub::SetPassword);
}

absl::StatusOr<v1::SignOutResponse> AccessClient::SignOut(
    const std::shared_ptr<ProgramAccess>& access) {
  const SyncCaller caller(*access, *stubs_->access, stubs_->call_max);
  return caller.Call(*stubs_->access, "vigil.v1.AccessService/SignOut", v1::SignOutRequest(),
                     &v1::AccessService::Stub::SignOut);
}

}  // namespace vigil::transport
