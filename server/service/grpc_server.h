#ifndef VIGIL_SERVER_SERVICE_GRPC_SERVER_H_
#define VIGIL_SERVER_SERVICE_GRPC_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/server.h"
#include "server/service/admin_service.h"
#include "server/service/register_service.h"
#include "server/service/sync_service.h"

namespace vigil::service {

// The listening server: services, health and reflection, limits.
class GrpcServer {
 public:
  struct Options {
    // A loopback address.
    std::string address = "127.0.0.1";
    // 0: a free one.
    std::uint32_t port = 0;
    // Bytes of one message from a client.
    std::uint32_t message_bytes_max = 16 * 1024 * 1024;
  };
  // Must outlive the server.
  struct Services {
    SyncService& sync;
    RegisterService& office;
    AdminService& admin;
  };

  // PORT_IN_USE, or UNAVAILABLE where the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const Services& services,
                                                           const Options& options);

  std::uint32_t port() const { return port_; }

  // Says "not serving", ends the watches, takes no new calls and waits for those under way, at most
  // so long; then cuts them off. The writer must go on meanwhile.
  void Drain(absl::Duration patience);

 private:
  GrpcServer(const Services& services) : services_(services) {}

  const Services services_;
  std::unique_ptr<grpc::Server> server_;
  std::uint32_t port_ = 0;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_GRPC_SERVER_H_
