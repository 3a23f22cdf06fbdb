#ifndef VIGIL_SERVER_SERVICE_SYNC_SERVICE_H_
#define VIGIL_SERVER_SERVICE_SYNC_SERVICE_H_

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "server/service/guard.h"
#include "server/service/stream_reactor.h"
#include "server/service/sync_core.h"
#include "sync/base/mutex.h"
#include "vigil/v1/sync_service.grpc.pb.h"

namespace vigil::service {

// Adapts SyncCore to gRPC. An open watch holds no thread.
class SyncService final : public v1::SyncService::CallbackService {
 public:
  // Both must outlive the server.
  SyncService(const Guard& guard, SyncCore& core) : guard_(guard), core_(core) {}

  // Ends all watches, which would otherwise never end, and refuses new ones.
  void EndWatches() ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::ServerUnaryReactor* Hello(grpc::CallbackServerContext* context,
                                  const v1::HelloRequest* request,
                                  v1::HelloResponse* response) override;
  grpc::ServerUnaryReactor* Push(grpc::CallbackServerContext* context,
                                 const v1::PushRequest* request,
                                 v1::PushResponse* response) override;
  grpc::ServerWriteReactor<v1::PullResponse>* Pull(grpc::CallbackServerContext* context,
                                                   const v1::PullRequest* request) override;
  grpc::ServerUnaryReactor* Repair(grpc::CallbackServerContext* context,
                                   const v1::RepairRequest* request,
                                   v1::RepairResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext* context,
                                                     const v1::WatchRequest* request) override;

 private:
  using WatchReactor = StreamReactor<v1::WatchResponse>;

  // False: the server is shutting down.
  bool Remember(const std::shared_ptr<WatchReactor>& watch) ABSL_LOCKS_EXCLUDED(mutex_);

  const Guard& guard_;
  SyncCore& core_;

  Mutex mutex_;
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;
  // Those that have ended are dropped when the list would grow.
  std::vector<std::weak_ptr<WatchReactor>> watches_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_SYNC_SERVICE_H_
