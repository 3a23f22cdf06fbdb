#include "server/service/grpc_status.h"

#include <string>

#include "server/service/log.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::service {

namespace {

// What a caller may know of an error that is not a rule's.
absl::Status Public(const absl::Status& status) {
  if (rules::ReasonOf(status) != v1::REASON_UNSPECIFIED) return status;
  Log(v1::LOG_LEVEL_WARNING, "call failed",
      {{"code", ToStd(absl::StatusCodeToString(status.code()))},
       {"error", ToStd(status.message())}});
  switch (status.code()) {
    case absl::StatusCode::kCancelled:
      return status;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
      return Error(
          status.code(),
          {v1::REASON_STORAGE_UNAVAILABLE, v1::Reason_Name(v1::REASON_STORAGE_UNAVAILABLE)},
          "the register cannot answer now; try again");
    default:
      return Error(status.code(), {v1::REASON_INTERNAL, v1::Reason_Name(v1::REASON_INTERNAL)},
                   "the server failed; its log says more");
  }
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status, grpc::ServerContextBase& context) {
  if (status.ok()) return grpc::Status::OK;
  const absl::Status shown = Public(status);
  context.AddTrailingMetadata(kErrorTrailer, rules::ToDetail(shown).SerializeAsString());
  // The codes of both libraries are the same numbers.
  return {static_cast<grpc::StatusCode>(shown.code()), std::string(ToStd(shown.message()))};
}

}  // namespace vigil::service
