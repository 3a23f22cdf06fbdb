#ifndef VIGIL_SYNC_TRANSPORT_CALL_CORE_H_
#define VIGIL_SYNC_TRANSPORT_CALL_CORE_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "sync/base/executor.h"
#include "sync/base/mutex.h"
#include "sync/transport/program_access.h"
#include "vigil/v1/access_service.grpc.pb.h"
#include "vigil/v1/evidence_service.grpc.pb.h"
#include "vigil/v1/sync_service.grpc.pb.h"

namespace vigil::transport {

// Something under way on gRPC's threads.
class Cancellable {
 public:
  virtual ~Cancellable() = default;
  // Any thread.
  virtual void Cancel() = 0;
};

// What calls under way share with the transport.
//
// A channel must not be destroyed on one of gRPC's own threads: its callback queue would wait for
// the thread that it runs on. A call's context holds the channel too. So whatever holds one is
// handed to the executor at the end of a call, or kept here for the thread that destroys the
// transport.
class CallCore : public std::enable_shared_from_this<CallCore> {
 public:
  using Task = std::function<void()>;

  struct Options {
    std::shared_ptr<ProgramAccess> access;
    absl::Duration call_max;
    absl::Duration pull_max;
  };
  CallCore(Executor& executor, const std::shared_ptr<grpc::Channel>& channel, Options options)
      : executor_(executor),
        options_(std::move(options)),
        stub_(v1::SyncService::NewStub(channel)),
        evidence_stub_(v1::EvidenceService::NewStub(channel)),
        access_stub_(v1::AccessService::NewStub(channel)) {}

  const Options& options() const { return options_; }
  ProgramAccess& access() { return *options_.access; }
  // Until Close.
  v1::SyncService::Stub& stub() { return *stub_; }
  v1::EvidenceService::Stub& evidence_stub() { return *evidence_stub_; }

  void Begin(const std::shared_ptr<Cancellable>& call) ABSL_LOCKS_EXCLUDED(mutex_);
  // Runs `task` on the executor, unless the transport is gone by then.
  void Post(Task task) ABSL_LOCKS_EXCLUDED(mutex_);
  // The same, as the last act of a call; `task` holds the call.
  void End(Cancellable* call, Task task) ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsClosed() ABSL_LOCKS_EXCLUDED(mutex_);
  // Cancels what is under way and waits until gRPC is done with it. On the executor's thread.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

  // On the executor's thread, and `then` too: OK once there is an access token that is not `stale`,
  // else why there is none. Possibly at once. Many may wait for one exchange.
  using Then = std::function<void(const absl::Status&)>;
  void EnsureAccess(std::string_view stale, Then then);

 private:
  void PostLocked(Task task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void BeginExchange(const std::string& stale, absl::Time give_up_at);
  void CallRefresh(std::unique_ptr<ProgramAccess::Exchange> exchange);
  void EndExchange(const absl::Status& status);

  Executor& executor_;
  const Options options_;
  std::unique_ptr<v1::SyncService::Stub> stub_;
  std::unique_ptr<v1::EvidenceService::Stub> evidence_stub_;
  std::unique_ptr<v1::AccessService::Stub> access_stub_;
  // Of the exchange that is under way; touched on the executor's thread only.
  std::vector<Then> waiting_;

  Mutex mutex_;
  CondVar all_ended_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<Cancellable*, std::shared_ptr<Cancellable>> calls_ ABSL_GUARDED_BY(mutex_);
  std::vector<Task> never_run_ ABSL_GUARDED_BY(mutex_);
};

// One call, made again where that helps; used on the executor's thread.
class CallAttempts {
 public:
  // With what to make an attempt, or why there is none. As a task of its own where it is an error.
  using Start = std::function<void(const absl::StatusOr<ProgramAccess::Headers>&)>;

  // `method` as "vigil.v1.SyncService/Pull"; must outlive this.
  CallAttempts(std::shared_ptr<CallCore> core, std::string_view method)
      : core_(std::move(core)), method_(method), remedies_(core_->access()) {}

  void Begin(Start start);
  // The attempt has ended with this error. True: `start` is called once more.
  bool MakeAgain(const absl::Status& error, Start start);

 private:
  void After(std::string_view stale, Start start);
  void Go(const absl::Status& status, const Start& start);

  const std::shared_ptr<CallCore> core_;
  const std::string_view method_;
  CallRemedies remedies_;
  // The token of the last attempt.
  std::string token_;
};

}  // namespace vigil::transport

#endif  // VIGIL_SYNC_TRANSPORT_CALL_CORE_H_
