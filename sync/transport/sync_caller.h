#ifndef VIGIL_SYNC_TRANSPORT_SYNC_CALLER_H_
#define VIGIL_SYNC_TRANSPORT_SYNC_CALLER_H_

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "sync/base/status.h"
#include "sync/transport/call_status.h"
#include "sync/transport/channel.h"
#include "sync/transport/program_access.h"
#include "vigil/v1/access_service.grpc.pb.h"

namespace vigil::transport {

// Makes calls with a program's access, each waiting for its answer; renews the access where it must
// be. Thread-safe.
class SyncCaller {
 public:
  // Both must outlive this. `call_max` bounds each call.
  SyncCaller(ProgramAccess& access, v1::AccessService::Stub& stub, absl::Duration call_max)
      : access_(access), stub_(stub), call_max_(call_max) {}

  // `method` as "vigil.v1.RegisterService/Submit".
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub, std::string_view method, const Request& request,
                                grpc::Status (Stub::*call)(grpc::ClientContext*, const Request&,
                                                           Response*)) const {
    Response response;
    const auto attempt = [&](grpc::ClientContext& context) {
      SetDeadline(call_max_, context);
      return (stub.*call)(&context, request, &response);
    };
    VIGIL_RETURN_IF_ERROR(Attempt(method, attempt));
    return response;
  }

  // A call of another shape: `attempt` makes it with the context that it is given, once more where
  // that helps. What was refused for its access has done nothing.
  using Attempts = std::function<grpc::Status(grpc::ClientContext& context)>;
  absl::Status Attempt(std::string_view method, const Attempts& attempt) const;

 private:
  absl::Status Exchange(std::string_view stale) const;

  ProgramAccess& access_;
  v1::AccessService::Stub& stub_;
  const absl::Duration call_max_;
};

}  // namespace vigil::transport

#endif  // VIGIL_SYNC_TRANSPORT_SYNC_CALLER_H_
