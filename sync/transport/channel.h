#ifndef VIGIL_SYNC_TRANSPORT_CHANNEL_H_
#define VIGIL_SYNC_TRANSPORT_CHANNEL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "sync/transport/connection.h"
#include "sync/transport/program_access.h"

namespace vigil::transport {

// A channel over TLS (1.2 or better), or in plain text where the connection says so. Errors: see
// CheckConnection. It connects when it is first used.
absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const Connection& connection);

// Puts in what the call carries.
void Prepare(const ProgramAccess::Headers& headers, grpc::ClientContext& context);
void SetDeadline(absl::Duration time_max, grpc::ClientContext& context);

}  // namespace vigil::transport

#endif  // VIGIL_SYNC_TRANSPORT_CHANNEL_H_
