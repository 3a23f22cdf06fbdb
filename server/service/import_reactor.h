#ifndef VIGIL_SERVER_SERVICE_IMPORT_REACTOR_H_
#define VIGIL_SERVER_SERVICE_IMPORT_REACTOR_H_

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "server/service/import_job.h"
#include "sync/base/executor.h"
#include "sync/base/mutex.h"
#include "vigil/v1/admin_service.pb.h"

namespace vigil::service {

// The import's call: takes the options and the files, then lets the job run on `worker` and sends
// on what it says. A client that goes away does not stop an import that runs.
class ImportReactor final : public grpc::ServerBidiReactor<v1::ImportRequest, v1::ImportResponse> {
 public:
  using MakeJob = std::function<std::shared_ptr<ImportJob>(ImportJob::Sink)>;

  // It lives until gRPC and the job are done with it.
  static std::shared_ptr<ImportReactor> Start(grpc::CallbackServerContext* context,
                                              Executor& worker, const MakeJob& make_job);
  // Begins to read.
  void Read() { StartRead(&request_); }
  // What is kept until the call is over. Call it before Read.
  void Keep(std::shared_ptr<void> held) { held_ = std::move(held); }
  // Ends the call; what is not being imported yet is not imported. Any thread.
  void BreakOff(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends a call before it began to read.
  static grpc::ServerBidiReactor<v1::ImportRequest, v1::ImportResponse>* Refuse(
      grpc::CallbackServerContext* context, const absl::Status& status);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override;

 private:
  ImportReactor(grpc::CallbackServerContext* context, Executor& worker)
      : context_(context), worker_(worker) {}

  absl::Status Take(const v1::ImportRequest& request);
  void Emit(v1::ImportResponse response) ABSL_LOCKS_EXCLUDED(mutex_);
  void End(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);
  void WriteNext() ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::CallbackServerContext* const context_;
  Executor& worker_;
  std::shared_ptr<ImportReactor> self_;
  std::shared_ptr<ImportJob> job_;
  std::shared_ptr<void> held_;
  v1::ImportRequest request_;
  bool has_options_ = false;
  bool has_file_ = false;

  Mutex mutex_;
  std::deque<v1::ImportResponse> waiting_ ABSL_GUARDED_BY(mutex_);
  // The one under way; stays where it is until it is written.
  v1::ImportResponse writing_message_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool gone_ ABSL_GUARDED_BY(mutex_) = false;
  // The job has it now: what was sent is being imported.
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_IMPORT_REACTOR_H_
