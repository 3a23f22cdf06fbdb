#ifndef VIGIL_SYNC_TRANSPORT_CALL_STATUS_H_
#define VIGIL_SYNC_TRANSPORT_CALL_STATUS_H_

#include "absl/status/status.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"

namespace vigil::transport {

// The one way from a call's end to our errors: the detail that the server put into the trailer,
// with its reason; without one, SERVER_UNREACHABLE for what did not reach it or did not come back
// in time (UNAVAILABLE: what became of the request is unknown), else the code alone.
absl::Status FromGrpc(const grpc::Status& status, const grpc::ClientContext& context);

}  // namespace vigil::transport

#endif  // VIGIL_SYNC_TRANSPORT_CALL_STATUS_H_
