#include "sync/transport/sync_caller.h"

namespace vigil::transport {

absl::Status SyncCaller::Attempt(std::string_view method, const Attempts& attempt) const {
  if (!access_.HasGoodToken()) VIGIL_RETURN_IF_ERROR(Exchange(""));
  CallRemedies remedies(access_);
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const ProgramAccess::Headers headers, access_.MakeHeaders(method));
    grpc::ClientContext context;
    Prepare(headers, context);
    const absl::Status status = FromGrpc(attempt(context), context);
    if (status.ok()) return status;
    switch (remedies.After(status)) {
      case CallRemedies::Remedy::kNone:
        return status;
      case CallRemedies::Remedy::kExchange:
        VIGIL_RETURN_IF_ERROR(Exchange(headers.token));
        break;
      case CallRemedies::Remedy::kRepeat:
        break;
    }
  }
}

absl::Status SyncCaller::Exchange(std::string_view stale) const {
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<ProgramAccess::Exchange> exchange,
                         access_.BeginExchange(stale));
  if (!exchange->request()) return absl::OkStatus();
  grpc::ClientContext context;
  SetDeadline(call_max_, context);
  v1::RefreshTokenResponse response;
  const grpc::Status status = stub_.RefreshToken(&context, *exchange->request(), &response);
  if (!status.ok()) {
    return access_.EndExchange(std::move(exchange), FromGrpc(status, context));
  }
  return access_.EndExchange(std::move(exchange), std::move(response));
}

}  // namespace vigil::transport
