#ifndef VIGIL_SERVER_SERVICE_SYNC_SERVICE_H_
#define VIGIL_SERVER_SERVICE_SYNC_SERVICE_H_

#include "server/service/guard.h"
#include "server/service/open_streams.h"
#include "server/service/sync_core.h"
#include "vigil/v1/sync_service.grpc.pb.h"

namespace vigil::service {

// Adapts SyncCore to gRPC. An open watch holds no thread; the pages of a pull are sent as bytes.
class SyncService final
    : public v1::SyncService::WithRawCallbackMethod_Pull<v1::SyncService::CallbackService> {
 public:
  // All must outlive the server.
  SyncService(Guard& guard, OpenStreams& streams, SyncCore& core)
      : guard_(guard), streams_(streams), core_(core) {}

  grpc::ServerUnaryReactor* Hello(grpc::CallbackServerContext* context,
                                  const v1::HelloRequest* request,
                                  v1::HelloResponse* response) override;
  grpc::ServerUnaryReactor* Push(grpc::CallbackServerContext* context,
                                 const v1::PushRequest* request,
                                 v1::PushResponse* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Pull(grpc::CallbackServerContext* context,
                                                   const grpc::ByteBuffer* bytes) override;
  grpc::ServerUnaryReactor* ReturnCopies(grpc::CallbackServerContext* context,
                                         const v1::ReturnCopiesRequest* request,
                                         v1::ReturnCopiesResponse* response) override;
  grpc::ServerUnaryReactor* Repair(grpc::CallbackServerContext* context,
                                   const v1::RepairRequest* request,
                                   v1::RepairResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext* context,
                                                     const v1::WatchRequest* request) override;

 private:
  Guard& guard_;
  OpenStreams& streams_;
  SyncCore& core_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_SYNC_SERVICE_H_
