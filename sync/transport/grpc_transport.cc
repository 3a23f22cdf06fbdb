#include "sync/transport/grpc_transport.h"

#include <cstddef>
#include <deque>
#include <functional>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"
#include "sync/base/mutex.h"
#include "sync/base/status.h"
#include "sync/transport/call_core.h"
#include "sync/transport/call_status.h"
#include "sync/transport/channel.h"
#include "vigil/v1/sync_service.grpc.pb.h"

namespace vigil::transport {

namespace {

using Headers = absl::StatusOr<ProgramAccess::Headers>;

// Pages of a pull are read while earlier ones are being stored, until so many bytes wait.
constexpr std::size_t kAheadBytesMax = 1024 * 1024;

// A call with one answer, made again where that helps. On the executor's thread.
template <typename Request, typename Response>
class UnaryTask : public std::enable_shared_from_this<UnaryTask<Request, Response>> {
 public:
  using Done = engine::Transport::Done<Response>;

  UnaryTask(const std::shared_ptr<CallCore>& core, std::string_view method, Request request,
            Done done)
      : core_(core),
        attempts_(core, method),
        request_(std::move(request)),
        done_(std::move(done)) {}

  // `start(core, call, on_done)` begins an attempt.
  template <typename Start>
  void Begin(Start start) {
    attempts_.Begin(Starter(std::move(start)));
  }

 private:
  struct Call final : public Cancellable {
    void Cancel() override { context.TryCancel(); }

    grpc::ClientContext context;
    Request request;
    Response response;
  };

  template <typename Start>
  CallAttempts::Start Starter(Start start) {
    return [self = this->shared_from_this(), start](const Headers& headers) {
      if (!headers.ok()) return self->done_(headers.status());
      self->Attempt(*headers, start);
    };
  }

  template <typename Start>
  void Attempt(const ProgramAccess::Headers& headers, const Start& start) {
    auto call = std::make_shared<Call>();
    Prepare(headers, call->context);
    SetDeadline(core_->options().call_max, call->context);
    call->request = request_;
    core_->Begin(call);
    Call& started = *call;
    start(*core_, started,
          [self = this->shared_from_this(), call, start](const grpc::Status& status) mutable {
            // gRPC destroys this function on its own thread: it must hold nothing any more.
            const std::shared_ptr<CallCore> core = self->core_;
            Cancellable* const key = call.get();
            auto task = [self = std::move(self), call = std::move(call), start, status] {
              self->OnEnd(status, *call, start);
            };
            core->End(key, std::move(task));
          });
  }

  template <typename Start>
  void OnEnd(const grpc::Status& status, Call& call, const Start& start) {
    if (status.ok()) return done_(std::move(call.response));
    const absl::Status error = FromGrpc(status, call.context);
    if (!attempts_.MakeAgain(error, Starter(start))) done_(error);
  }

  const std::shared_ptr<CallCore> core_;
  CallAttempts attempts_;
  const Request request_;
  const Done done_;
};

template <typename Request, typename Response, typename Start>
void CallUnary(const std::shared_ptr<CallCore>& core, std::string_view method,
               const Request& request, engine::Transport::Done<Response> done, Start start) {
  std::make_shared<UnaryTask<Request, Response>>(core, method, request, std::move(done))
      ->Begin(std::move(start));
}

// A pull; on the executor's thread.
struct PullTask {
  PullTask(const std::shared_ptr<CallCore>& core_in, v1::PullRequest request_in,
           std::shared_ptr<engine::PageSink> sink_in)
      : core(core_in),
        attempts(core_in, "vigil.v1.SyncService/Pull"),
        request(std::move(request_in)),
        sink(std::move(sink_in)) {}

  const std::shared_ptr<CallCore> core;
  CallAttempts attempts;
  const v1::PullRequest request;
  const std::shared_ptr<engine::PageSink> sink;
  // A page has come: from then on it is not made again here.
  bool has_begun = false;
};

void StartPull(const std::shared_ptr<PullTask>& task, const Headers& headers);

CallAttempts::Start PullStarter(const std::shared_ptr<PullTask>& task) {
  return [task](const Headers& headers) { StartPull(task, headers); };
}

// An attempt of a pull under way. One page is with the sink, and the next one is read meanwhile; a
// hold keeps the call from ending under our hands.
class PullCall final : public grpc::ClientReadReactor<v1::PullResponse>,
                       public Cancellable,
                       public std::enable_shared_from_this<PullCall> {
 public:
  explicit PullCall(std::shared_ptr<PullTask> task) : task_(std::move(task)) {}

  void Start(const ProgramAccess::Headers& headers) {
    self_ = this->shared_from_this();
    CallCore& core = *task_->core;
    core.Begin(self_);
    Prepare(headers, context_);
    SetDeadline(core.options().pull_max, context_);
    core.stub().async()->Pull(&context_, &task_->request, this);
    this->AddHold();
    this->StartRead(&page_);
    this->StartCall();
  }

  void Cancel() override {
    context_.TryCancel();
    Release();
  }

  void OnReadDone(bool ok) override {
    {
      MutexLock lock(mutex_);
      reading_ = false;
      has_ended_ = !ok;
      if (ok) {
        ahead_bytes_ += page_.ByteSizeLong();
        ahead_.push_back(std::move(page_));
      }
    }
    GoOn();
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<CallCore> core = task_->core;
    core->End(this, [self = std::move(self_), status] { self->OnEnd(status); });
  }

 private:
  void OnEnd(const grpc::Status& status) {
    const absl::Status end = FromGrpc(status, context_);
    const bool again =
        !end.ok() && !task_->has_begun && task_->attempts.MakeAgain(end, PullStarter(task_));
    if (!again) task_->sink->Finish(end);
  }

  // Hands over what has come and reads what is next, as far as that may be.
  void GoOn() {
    bool hands_over = false;
    bool reads = false;
    bool lets_go = false;
    {
      MutexLock lock(mutex_);
      hands_over = !ahead_.empty() && !with_sink_ && !is_released_;
      if (hands_over) {
        handed_over_ = std::move(ahead_.front());
        ahead_.pop_front();
        ahead_bytes_ -= handed_over_.ByteSizeLong();
        with_sink_ = true;
      }
      reads = !reading_ && ahead_bytes_ < kAheadBytesMax && !has_ended_ && !is_released_;
      reading_ = reading_ || reads;
      lets_go = holds_ && !reading_ && (is_released_ || (has_ended_ && !with_sink_));
      if (lets_go) holds_ = false;
    }
    if (reads) {
      page_.Clear();
      this->StartRead(&page_);
    }
    if (hands_over) HandOver();
    if (lets_go) this->RemoveHold();
  }

  void HandOver() {
    CallCore& core = *task_->core;
    core.Post([self = self_] {
      self->task_->has_begun = true;
      self->task_->sink->Page(std::move(self->handed_over_),
                              [self](bool go_on) { self->OnReady(go_on); });
    });
    // The transport may have gone before it knew that there was something to let go of.
    if (core.IsClosed()) Release();
  }

  void OnReady(bool go_on) {
    {
      MutexLock lock(mutex_);
      with_sink_ = false;
    }
    if (!go_on) return Cancel();
    GoOn();
  }

  // Reads no more.
  void Release() {
    {
      MutexLock lock(mutex_);
      is_released_ = true;
    }
    GoOn();
  }

  const std::shared_ptr<PullTask> task_;
  std::shared_ptr<PullCall> self_;
  grpc::ClientContext context_;
  // What is being read, and what is with the sink.
  v1::PullResponse page_;
  v1::PullResponse handed_over_;
  Mutex mutex_;
  bool reading_ ABSL_GUARDED_BY(mutex_) = true;
  // What has been read since.
  std::deque<v1::PullResponse> ahead_ ABSL_GUARDED_BY(mutex_);
  std::size_t ahead_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool with_sink_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_released_ ABSL_GUARDED_BY(mutex_) = false;
  bool holds_ ABSL_GUARDED_BY(mutex_) = true;
};

void StartPull(const std::shared_ptr<PullTask>& task, const Headers& headers) {
  if (!headers.ok()) return task->sink->Finish(headers.status());
  std::make_shared<PullCall>(task)->Start(*headers);
}

// A watch; on the executor's thread.
struct WatchTask {
  WatchTask(const std::shared_ptr<CallCore>& core_in, v1::WatchRequest request_in,
            engine::Transport::Changed changed_in, engine::Transport::Ended ended_in)
      : core(core_in),
        attempts(core_in, "vigil.v1.SyncService/Watch"),
        request(std::move(request_in)),
        changed(std::move(changed_in)),
        ended(std::move(ended_in)) {}

  const std::shared_ptr<CallCore> core;
  CallAttempts attempts;
  const v1::WatchRequest request;
  const engine::Transport::Changed changed;
  const engine::Transport::Ended ended;
  // The attempt under way; it keeps itself while it is.
  std::weak_ptr<Cancellable> call;
  bool has_begun = false;
  // Nothing is reported any more.
  bool forgotten = false;
};

void StartWatch(const std::shared_ptr<WatchTask>& task, const Headers& headers);

CallAttempts::Start WatchStarter(const std::shared_ptr<WatchTask>& task) {
  return [task](const Headers& headers) { StartWatch(task, headers); };
}

class WatchCall final : public grpc::ClientReadReactor<v1::WatchResponse>,
                        public Cancellable,
                        public std::enable_shared_from_this<WatchCall> {
 public:
  explicit WatchCall(std::shared_ptr<WatchTask> task) : task_(std::move(task)) {}

  void Start(const ProgramAccess::Headers& headers) {
    self_ = this->shared_from_this();
    task_->call = self_;
    task_->core->Begin(self_);
    Prepare(headers, context_);
    task_->core->stub().async()->Watch(&context_, &task_->request, this);
    this->StartRead(&response_);
    this->StartCall();
  }

  void Cancel() override { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    task_->core->Post([self = self_, response = response_] {
      self->task_->has_begun = true;
      if (!self->task_->forgotten) self->task_->changed(response);
    });
    this->StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<CallCore> core = task_->core;
    core->End(this, [self = std::move(self_), status] { self->OnEnd(status); });
  }

 private:
  void OnEnd(const grpc::Status& status) {
    if (task_->forgotten) return;
    const absl::Status end = FromGrpc(status, context_);
    const bool again =
        !end.ok() && !task_->has_begun && task_->attempts.MakeAgain(end, WatchStarter(task_));
    if (!again) task_->ended(end);
  }

  const std::shared_ptr<WatchTask> task_;
  std::shared_ptr<WatchCall> self_;
  grpc::ClientContext context_;
  v1::WatchResponse response_;
};

void StartWatch(const std::shared_ptr<WatchTask>& task, const Headers& headers) {
  if (task->forgotten) return;
  if (!headers.ok()) return task->ended(headers.status());
  std::make_shared<WatchCall>(task)->Start(*headers);
}

class OpenedWatch final : public engine::Watch {
 public:
  explicit OpenedWatch(std::shared_ptr<WatchTask> task) : task_(std::move(task)) {}
  ~OpenedWatch() override {
    task_->forgotten = true;
    if (const std::shared_ptr<Cancellable> call = task_->call.lock()) call->Cancel();
  }

 private:
  const std::shared_ptr<WatchTask> task_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcTransport>> GrpcTransport::Make(Executor& executor,
                                                                   Options options) {
  VIGIL_CHECK(options.access != nullptr);
  VIGIL_ASSIGN_OR_RETURN(const auto channel, MakeChannel(options.connection));
  return std::unique_ptr<GrpcTransport>(new GrpcTransport(std::make_shared<CallCore>(
      executor, channel,
      CallCore::Options{std::move(options.access), options.call_max, options.pull_max})));
}

GrpcTransport::GrpcTransport(std::shared_ptr<CallCore> core) : core_(std::move(core)) {}

GrpcTransport::~GrpcTransport() { core_->Close(); }

void GrpcTransport::Hello(const v1::HelloRequest& request, Done<v1::HelloResponse> done) {
  CallUnary<v1::HelloRequest, v1::HelloResponse>(
      core_, "vigil.v1.SyncService/Hello", request, std::move(done),
      [](CallCore& core, auto& call, auto on_done) {
        core.stub().async()->Hello(&call.context, &call.request, &call.response,
                                   std::move(on_done));
      });
}

void GrpcTransport::ReturnCopies(const v1::ReturnCopiesRequest& request,
                                 Done<v1::ReturnCopiesResponse> done) {
  CallUnary<v1::ReturnCopiesRequest, v1::ReturnCopiesResponse>(
      core_, "vigil.v1.SyncService/ReturnCopies", request, std::move(done),
      [](CallCore& core, auto& call, auto on_done) {
        core.stub().async()->ReturnCopies(&call.context, &call.request, &call.response,
                                          std::move(on_done));
      });
}

void GrpcTransport::Push(const v1::PushRequest& request, Done<v1::PushResponse> done) {
  CallUnary<v1::PushRequest, v1::PushResponse>(
      core_, "vigil.v1.SyncService/Push", request, std::move(done),
      [](CallCore& core, auto& call, auto on_done) {
        core.stub().async()->Push(&call.context, &call.request, &call.response, std::move(on_done));
      });
}

void GrpcTransport::Repair(const v1::RepairRequest& request, Done<v1::RepairResponse> done) {
  CallUnary<v1::RepairRequest, v1::RepairResponse>(
      core_, "vigil.v1.SyncService/Repair", request, std::move(done),
      [](CallCore& core, auto& call, auto on_done) {
        core.stub().async()->Repair(&call.context, &call.request, &call.response,
                                    std::move(on_done));
      });
}

void GrpcTransport::GetEvidenceStatus(const v1::GetEvidenceStatusRequest& request,
                                      Answer<v1::GetEvidenceStatusResponse> answer) {
  CallUnary<v1::GetEvidenceStatusRequest, v1::GetEvidenceStatusResponse>(
      core_, "vigil.v1.EvidenceService/GetEvidenceStatus", request, std::move(answer),
      [](CallCore& core, auto& call, auto on_done) {
        core.evidence_stub().async()->GetEvidenceStatus(&call.context, &call.request,
                                                        &call.response, std::move(on_done));
      });
}

void GrpcTransport::UploadEvidence(const v1::UploadEvidenceRequest& request,
                                   Answer<v1::UploadEvidenceResponse> answer) {
  CallUnary<v1::UploadEvidenceRequest, v1::UploadEvidenceResponse>(
      core_, "vigil.v1.EvidenceService/UploadEvidence", request, std::move(answer),
      [](CallCore& core, auto& call, auto on_done) {
        core.evidence_stub().async()->UploadEvidence(&call.context, &call.request, &call.response,
                                                     std::move(on_done));
      });
}

void GrpcTransport::DownloadEvidence(const v1::DownloadEvidenceRequest& request,
                                     Answer<v1::DownloadEvidenceResponse> answer) {
  CallUnary<v1::DownloadEvidenceRequest, v1::DownloadEvidenceResponse>(
      core_, "vigil.v1.EvidenceService/DownloadEvidence", request, std::move(answer),
      [](CallCore& core, auto& call, auto on_done) {
        core.evidence_stub().async()->DownloadEvidence(&call.context, &call.request, &call.response,
                                                       std::move(on_done));
      });
}

void GrpcTransport::Pull(const v1::PullRequest& request, std::shared_ptr<engine::PageSink> sink) {
  const auto task = std::make_shared<PullTask>(core_, request, std::move(sink));
  task->attempts.Begin(PullStarter(task));
}

std::unique_ptr<engine::Watch> GrpcTransport::OpenWatch(const v1::WatchRequest& request,
                                                        Changed changed, Ended ended) {
  const auto task =
      std::make_shared<WatchTask>(core_, request, std::move(changed), std::move(ended));
  task->attempts.Begin(WatchStarter(task));
  return std::make_unique<OpenedWatch>(task);
}

}  // namespace vigil::transport
