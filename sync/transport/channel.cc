#include "sync/transport/channel.h"

#include <string>

#include "absl/time/clock.h"
#include "grpc/grpc.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "sync/base/lock_order.h"
#include "sync/base/status.h"

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
// clients begin, which change nothing or may come twice, are made again, for a second and a half at
// most.
constexpr char kServiceConfig[] = R"json({"methodConfig": [{
  "name": [
    {"service": "vigil.v1.SyncService", "method": "Hello"},
    {"service": "vigil.v1.RegisterService", "method": "GetSession"},
    {"service": "vigil.v1.AccessService", "method": "RefreshToken"}
  ],
  "retryPolicy": {
    "maxAttempts": 4,
    "initialBackoff": "0.2s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"]
  }
}]})json";

std::shared_ptr<grpc::ChannelCredentials> MakeCredentials(const Connection& connection) {
  if (connection.plain_text) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = connection.authorities;
  options.pem_private_key = connection.key;
  options.pem_cert_chain = connection.certificate;
  return grpc::SslCredentials(options);
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> MakeChannel(const Connection& connection) {
  VIGIL_RETURN_IF_ERROR(CheckConnection(connection));
  AllowLocksInAnyOrder();
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
  return grpc::CreateCustomChannel(connection.server, MakeCredentials(connection), arguments);
}

void Prepare(const ProgramAccess::Headers& headers, grpc::ClientContext& context) {
  context.AddMetadata("authorization", headers.authorization);
  if (!headers.proof.empty()) context.AddMetadata("vigil-proof-bin", headers.proof);
}

void SetDeadline(absl::Duration time_max, grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + time_max));
}

}  // namespace vigil::transport
