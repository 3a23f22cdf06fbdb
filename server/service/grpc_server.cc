#include "server/service/grpc_server.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpc/grpc.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::service {

namespace {

constexpr std::size_t kQuotaBytes = 512 * 1024 * 1024;
// For reflection and health, which are synchronous; our own services need none.
constexpr int kThreadsMax = 16;
constexpr int kStreamsPerConnectionMax = 256;
// Phones ask whether the connection still stands once a minute while a watch is open.
constexpr int kPingIntervalMinMs = 20'000;

std::string HostPort(const GrpcServer::Options& options) {
  const bool is_v6 = options.address.find(':') != std::string::npos;
  return absl::StrCat(is_v6 ? "[" : "", options.address, is_v6 ? "]:" : ":", options.port);
}

// gRPC only says that it could not listen; this says why.
absl::Status CheckAddress(const GrpcServer::Options& options) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(options.address.c_str(), std::to_string(options.port).c_str(), &hints, &found);
  if (error != 0) {
    return Error(absl::StatusCode::kUnavailable,
                 absl::StrCat("cannot resolve ", options.address, ": ", gai_strerror(error)));
  }
  absl::Status status;
  const int fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, 0);
  const int yes = 1;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
      bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 1) != 0) {
    const int cause = errno;
    if (cause == EADDRINUSE) {
      status =
          rules::Refuse(v1::REASON_PORT_IN_USE, absl::StrCat(HostPort(options),
                                                             " is in use by another process; stop "
                                                             "it, or take another port (--port 0 "
                                                             "takes a free one)"));
    } else {
      status = Error(absl::StatusCode::kUnavailable,
                     absl::StrCat("cannot listen on ", HostPort(options), ": ", strerror(cause)));
    }
  }
  if (fd >= 0) close(fd);
  freeaddrinfo(found);
  return status;
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(const Services& services,
                                                              const Options& options) {
  VIGIL_RETURN_IF_ERROR(CheckAddress(options));
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(HostPort(options), grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&services.sync);
  builder.RegisterService(&services.office);
  builder.RegisterService(&services.admin);
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
  // The size of a message is checked after inflation, so a small request could become a huge one:
  // compressed requests are refused.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  // Otherwise a second server would take half of the connections without a word.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kStreamsPerConnectionMax);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingIntervalMinMs);
  grpc::ResourceQuota quota("vigild");
  quota.Resize(kQuotaBytes);
  quota.SetMaxThreads(kThreadsMax);
  builder.SetResourceQuota(quota);
  auto server = std::unique_ptr<GrpcServer>(new GrpcServer(services));
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr || port == 0) {
    return Error(absl::StatusCode::kUnavailable,
                 absl::StrCat("cannot listen on ", HostPort(options)));
  }
  server->port_ = static_cast<std::uint32_t>(port);
  server->server_->GetHealthCheckService()->SetServingStatus(true);
  return server;
}

void GrpcServer::Drain(absl::Duration patience) {
  server_->GetHealthCheckService()->Shutdown();
  services_.sync.EndWatches();
  server_->Shutdown(absl::ToChronoTime(absl::Now() + patience));
  server_->Wait();
}

}  // namespace vigil::service
