#include "server/service/grpc_server.h"

#include <utility>

#include "absl/time/clock.h"
#include "grpc/grpc.h"
#include "grpc/support/log.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server_builder.h"
#include "server/service/log.h"
#include "sync/base/lock_order.h"
#include "sync/base/status.h"

namespace vigil::service {

namespace {

constexpr std::size_t kQuotaBytes = 512 * 1024 * 1024;
// For the health service, which is synchronous; our own services need none.
constexpr int kThreadsMax = 16;
constexpr int kStreamsPerConnectionMax = 16;
// Names and proofs take a few hundred bytes.
constexpr int kMetadataBytesMax = 16 * 1024;
// Phones ask whether the connection still stands once a minute while a watch is open.
constexpr int kPingIntervalMinMs = 20'000;
// From the first byte to the end of the TLS handshake.
constexpr int kHandshakeMs = 10'000;
// Who has gone without a word is noticed after the sum of the two.
constexpr int kKeepaliveMs = 120'000;
constexpr int kKeepaliveAnswerMs = 20'000;
constexpr int kIdleMs = 15 * 60'000;
// However busy: a request that never ends holds its place for so long.
constexpr int kAgeMs = 60 * 60'000;
constexpr int kAgeGraceMs = 5 * 60'000;

void SetLimits(grpc::ServerBuilder& builder, std::uint32_t message_bytes_max) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(message_bytes_max));
  // The size of a message is checked after inflation, so a small request could become a huge one:
  // compressed requests are refused.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingIntervalMinMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveAnswerMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, kAgeMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, kAgeGraceMs);
  grpc::ResourceQuota quota("vigild");
  quota.Resize(kQuotaBytes);
  quota.SetMaxThreads(kThreadsMax);
  builder.SetResourceQuota(quota);
}

// gRPC has a line for whatever a stranger does to a connection: anybody could fill the disk with
// it.
void LogOfGrpc(gpr_log_func_args* line) {
  Log(v1::LOG_LEVEL_DEBUG, "grpc", {{"file", line->file}, {"message", line->message}});
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(const Services& services,
                                                              const Options& options) {
  auto server = std::unique_ptr<GrpcServer>(new GrpcServer(services));
  VIGIL_ASSIGN_OR_RETURN(server->gate_, ConnectionGate::Listen(options.gate, services.first_calls));
  server->credentials_ =
      options.credentials ? options.credentials : grpc::InsecureServerCredentials();

  AllowLocksInAnyOrder();
  gpr_set_log_function(LogOfGrpc);
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  using Experimental = grpc::ServerBuilder::experimental_type;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor =
      builder.experimental().AddExternalConnectionAcceptor(
          Experimental::ExternalConnectionType::FROM_FD, server->credentials_);
  builder.RegisterService(&services.access);
  builder.RegisterService(&services.sync);
  builder.RegisterService(&services.office);
  builder.RegisterService(&services.admin);
  builder.RegisterService(&services.evidence);
  builder.RegisterService(&services.report);
  SetLimits(builder, options.message_bytes_max);
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) {
    return Error(absl::StatusCode::kUnavailable, "the gRPC server does not start");
  }
  server->server_->GetHealthCheckService()->SetServingStatus(true);
  server->gate_->Open([acceptor = std::shared_ptr(std::move(acceptor))](int descriptor) {
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.fd = descriptor;
    acceptor->HandleNewConnection(&connection);
  });
  return server;
}

void GrpcServer::Drain(absl::Duration patience) {
  gate_->Close();
  server_->GetHealthCheckService()->Shutdown();
  services_.streams.Close();
  server_->Shutdown(absl::ToChronoTime(absl::Now() + patience));
  server_->Wait();
}

}  // namespace vigil::service
