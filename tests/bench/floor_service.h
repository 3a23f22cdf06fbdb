#ifndef VIGIL_TESTS_BENCH_FLOOR_SERVICE_H_
#define VIGIL_TESTS_BENCH_FLOOR_SERVICE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "sync/base/mutex.h"
#include "sync/sqlite/database.h"
#include "vigil/v1/sync_service.grpc.pb.h"

// The floor: what transport and durability cost by themselves. It takes operations without reading
// them, gives records without knowing them, and promises nothing but that what it has answered is
// on the disk.

namespace vigil::bench {

// One table for operations, one for records in the order of their feed; made where missing.
absl::StatusOr<sqlite::Database> OpenFloorFile(const std::string& path);
// Appends records to the feed.
absl::Status AddFloorRecords(sqlite::Database& database, const std::vector<std::string>& records);

// One thread writes: it takes what has queued up, inserts it, commits once, then answers.
class FloorWriter {
 public:
  using Done = std::function<void(absl::Status)>;
  // After each commit and its answers: how many operations there are.
  using OnCommitted = std::function<void(std::uint64_t)>;

  FloorWriter(sqlite::Database database, OnCommitted on_committed);
  // Ends after what is queued.
  ~FloorWriter();

  // Any thread. `done` is called on the writer's.
  void Insert(std::vector<std::string> operations, Done done) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Request {
    std::vector<std::string> operations;
    Done done;
  };

  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Write(const std::vector<Request>& group);

  sqlite::Database database_;
  const OnCommitted on_committed_;
  std::uint64_t operations_ = 0;
  Mutex mutex_;
  CondVar wake_;
  std::vector<Request> queue_ ABSL_GUARDED_BY(mutex_);
  bool ends_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

// Push, Pull and Watch of SyncService; a pull's pages are stored bytes, put together as they are
// sent.
class FloorService final
    : public v1::SyncService::WithCallbackMethod_Push<v1::SyncService::WithRawCallbackMethod_Pull<
          v1::SyncService::WithCallbackMethod_Watch<v1::SyncService::Service>>> {
 public:
  // `path` is the file that OpenFloorFile has made.
  static absl::StatusOr<std::unique_ptr<FloorService>> Make(const std::string& path);
  ~FloorService() override;

  grpc::ServerUnaryReactor* Push(grpc::CallbackServerContext* context,
                                 const v1::PushRequest* request,
                                 v1::PushResponse* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Pull(grpc::CallbackServerContext* context,
                                                   const grpc::ByteBuffer* request) override;
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext* context,
                                                     const v1::WatchRequest* request) override;

 private:
  class Pulled;
  class Watched;

  explicit FloorService(std::string path) : path_(std::move(path)) {}
  void TellWatchers(std::uint64_t operations) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string path_;
  std::unique_ptr<FloorWriter> writer_;
  Mutex mutex_;
  std::set<Watched*> watchers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::bench

#endif  // VIGIL_TESTS_BENCH_FLOOR_SERVICE_H_
