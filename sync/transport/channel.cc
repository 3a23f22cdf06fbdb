#include "sync/transport/channel.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpc/grpc.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"

namespace vigil::transport {

namespace {

// A dead connection under an open watch is noticed within about a minute.
constexpr int kKeepaliveTimeMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kReconnectMaxMs = 2'000;
constexpr int kMessageBytesMax = 64 * 1024 * 1024;

// gRPC 1.51 reads the errno of its connect() late: the first wait for a lock in between makes
// Abseil count the processors, which leaves ENOENT where there is no /sys (a bare chroot), and a
// connection under way counts as failed. So a first failure is not believed: the calls with which
// clients begin, which change nothing, are made again, for a second and a half at most.
constexpr char kServiceConfig[] = R"json({"methodConfig": [{
  "name": [
    {"service": "vigil.v1.SyncService", "method": "Hello"},
    {"service": "vigil.v1.RegisterService", "method": "GetSession"}
  ],
  "retryPolicy": {
    "maxAttempts": 4,
    "initialBackoff": "0.2s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"]
  }
}]})json";

}  // namespace

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& server) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  // The engine has a backoff of its own; a second one below it would double its pauses.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMaxMs);
  // The answer to an error must be the register's, never that of a proxy from the environment.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetServiceConfigJSON(kServiceConfig);
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

void Prepare(const CallOptions& options, grpc::ClientContext& context) {
  context.AddMetadata("authorization", absl::StrCat("Bearer ", options.token));
  if (options.time_max != absl::InfiniteDuration()) {
    context.set_deadline(absl::ToChronoTime(absl::Now() + options.time_max));
  }
}

}  // namespace vigil::transport
