#ifndef VIGIL_SERVER_SERVICE_GRPC_STATUS_H_
#define VIGIL_SERVER_SERVICE_GRPC_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/status.h"

namespace vigil::service {

// Trailer of a failed call: a serialised vigil.v1.ErrorDetail.
inline constexpr char kErrorTrailer[] = "vigil-error-bin";

// The one way from our errors to a call's: same code, message for people, and the detail with its
// reason in the trailer. Storage errors and our own bugs keep their text to the log: the caller
// learns the reason alone.
grpc::Status ToGrpc(const absl::Status& status, grpc::ServerContextBase& context);

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_GRPC_STATUS_H_
