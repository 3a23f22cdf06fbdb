#ifndef VIGIL_SYNC_TRANSPORT_CHANNEL_H_
#define VIGIL_SYNC_TRANSPORT_CHANNEL_H_

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"

namespace vigil::transport {

// A channel to a server on loopback, without encryption: until access control is complete, servers
// listen nowhere else.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& server);

// The credential as the server expects it; a deadline, unless it is infinite.
struct CallOptions {
  const std::string& token;
  absl::Duration time_max = absl::InfiniteDuration();
};
void Prepare(const CallOptions& options, grpc::ClientContext& context);

}  // namespace vigil::transport

#endif  // VIGIL_SYNC_TRANSPORT_CHANNEL_H_
