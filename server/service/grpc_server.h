#ifndef VIGIL_SERVER_SERVICE_GRPC_SERVER_H_
#define VIGIL_SERVER_SERVICE_GRPC_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "server/service/access_service.h"
#include "server/service/admin_service.h"
#include "server/service/connection_gate.h"
#include "server/service/evidence_service.h"
#include "server/service/first_calls.h"
#include "server/service/open_streams.h"
#include "server/service/register_service.h"
#include "server/service/report_service.h"
#include "server/service/sync_service.h"

namespace vigil::service {

// The listening server: its gate, services and health, and the limits of connections.
class GrpcServer {
 public:
  struct Options {
    ConnectionGate::Options gate;
    // Null: plain text.
    std::shared_ptr<grpc::ServerCredentials> credentials;
    // Bytes of one message from a client.
    std::uint32_t message_bytes_max = 4 * 1024 * 1024;
  };
  // Must outlive the server.
  struct Services {
    AccessService& access;
    SyncService& sync;
    RegisterService& office;
    AdminService& admin;
    EvidenceService& evidence;
    ReportService& report;
    OpenStreams& streams;
    FirstCalls& first_calls;
  };

  // PORT_IN_USE, or UNAVAILABLE where the address cannot be bound.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const Services& services,
                                                           const Options& options);

  const ConnectionGate& gate() const { return *gate_; }

  // Accepts no more, says "not serving", ends the streams, takes no new calls and waits for those
  // under way, at most so long; then cuts them off. The writer must go on meanwhile.
  void Drain(absl::Duration patience);

 private:
  explicit GrpcServer(const Services& services) : services_(services) {}

  const Services services_;
  std::shared_ptr<grpc::ServerCredentials> credentials_;
  std::unique_ptr<grpc::Server> server_;
  // Hands on to the server.
  std::unique_ptr<ConnectionGate> gate_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_GRPC_SERVER_H_
