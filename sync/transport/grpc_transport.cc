#include "sync/transport/grpc_transport.h"

#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"
#include "sync/base/mutex.h"
#include "sync/transport/call_status.h"
#include "sync/transport/channel.h"
#include "vigil/v1/sync_service.grpc.pb.h"

namespace vigil::transport {

namespace {

// Something under way on gRPC's threads.
class Cancellable {
 public:
  virtual ~Cancellable() = default;
  // Any thread.
  virtual void Cancel() = 0;
};

}  // namespace

// What calls under way share with the transport.
//
// A channel must not be destroyed on one of gRPC's own threads: its callback queue would wait for
// the thread that it runs on. A call's context holds the channel too. So whatever holds one is
// handed to the executor at the end of a call, or kept here for the thread that destroys the
// transport.
struct GrpcTransport::Core : std::enable_shared_from_this<Core> {
  using Task = std::function<void()>;
  using Calls = std::map<Cancellable*, std::shared_ptr<Cancellable>>;

  Core(Executor& the_executor, Options the_options)
      : executor(the_executor),
        options(std::move(the_options)),
        stub(v1::SyncService::NewStub(MakeChannel(options.server))) {}

  void Begin(const std::shared_ptr<Cancellable>& call) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    ++under_way_;
    calls_[call.get()] = call;
  }
  // Runs `task` on the executor, unless the transport is gone by then.
  void Post(Task task) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    PostLocked(std::move(task));
  }
  // The same, as the last act of a call; `task` holds the call.
  void End(Cancellable* call, Task task) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    calls_.erase(call);
    PostLocked(std::move(task));
    --under_way_;
    all_ended_.NotifyAll();
  }
  bool IsClosed() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(mutex_);
    return closed_;
  }
  // Cancels what is under way and waits until gRPC is done with it.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_) {
    Calls left;
    {
      MutexLock lock(mutex_);
      closed_ = true;
      left.swap(calls_);
    }
    for (const auto& [key, call] : left) call->Cancel();
    std::vector<Task> dropped;
    {
      MutexLock lock(mutex_);
      while (under_way_ > 0) all_ended_.Wait(mutex_);
      dropped.swap(never_run_);
    }
    left.clear();
    dropped.clear();
    stub.reset();
  }

  Executor& executor;
  const Options options;
  std::unique_ptr<v1::SyncService::Stub> stub;

 private:
  void PostLocked(Task task) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (closed_) {
      never_run_.push_back(std::move(task));
      return;
    }
    executor.Post([weak = weak_from_this(), task = std::move(task)] {
      const std::shared_ptr<Core> alive = weak.lock();
      if (alive && !alive->IsClosed()) task();
    });
  }

  Mutex mutex_;
  CondVar all_ended_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  Calls calls_ ABSL_GUARDED_BY(mutex_);
  std::vector<Task> never_run_ ABSL_GUARDED_BY(mutex_);
};

namespace {

template <typename Request, typename Response>
struct UnaryCall final : public Cancellable {
  void Cancel() override { context.TryCancel(); }

  grpc::ClientContext context;
  Request request;
  Response response;
};

// `start(stub, call, on_done)` begins the call.
template <typename Request, typename Response, typename Core, typename Start>
void CallOnce(const std::shared_ptr<Core>& core, const Request& request,
              std::function<void(absl::StatusOr<Response>)> done, const Start& start) {
  auto call = std::make_shared<UnaryCall<Request, Response>>();
  Prepare({.token = core->options.token, .time_max = core->options.call_max}, call->context);
  call->request = request;
  core->Begin(call);
  UnaryCall<Request, Response>& started = *call;
  start(*core->stub->async(), started,
        [core, call, done = std::move(done)](const grpc::Status& status) mutable {
          // gRPC destroys this function on its own thread: it must hold nothing any more.
          const std::shared_ptr<Core> keep = std::move(core);
          Cancellable* const key = call.get();
          auto task = [call = std::move(call), done = std::move(done), status] {
            if (status.ok()) {
              done(std::move(call->response));
            } else {
              done(FromGrpc(status, call->context));
            }
          };
          keep->End(key, std::move(task));
        });
}

// A pull under way. A page is read when the sink asks for it; while it does not, a hold keeps the
// call from ending under our hands.
template <typename Core>
class PullCall final : public grpc::ClientReadReactor<v1::PullResponse>,
                       public Cancellable,
                       public std::enable_shared_from_this<PullCall<Core>> {
 public:
  PullCall(std::shared_ptr<Core> core, std::shared_ptr<engine::PageSink> sink)
      : core_(std::move(core)), sink_(std::move(sink)) {}

  void Start(const v1::PullRequest& request) {
    self_ = this->shared_from_this();
    core_->Begin(self_);
    request_ = request;
    Prepare({.token = core_->options.token, .time_max = core_->options.pull_max}, context_);
    core_->stub->async()->Pull(&context_, &request_, this);
    this->AddHold();
    this->StartRead(&page_);
    this->StartCall();
  }

  void Cancel() override {
    context_.TryCancel();
    Release();
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      this->RemoveHold();
      return;
    }
    {
      MutexLock lock(mutex_);
      waiting_ = true;
    }
    core_->Post([self = self_] {
      self->sink_->Page(std::move(self->page_), [self](bool go_on) { self->OnReady(go_on); });
    });
    // The transport may have gone before it knew that there was something to let go of.
    if (core_->IsClosed()) Release();
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<Core> core = core_;
    core->End(this, [self = std::move(self_), status] {
      self->sink_->Finish(FromGrpc(status, self->context_));
    });
  }

 private:
  void OnReady(bool go_on) {
    if (!go_on) return Cancel();
    {
      MutexLock lock(mutex_);
      if (!waiting_) return;
      waiting_ = false;
    }
    page_.Clear();
    this->StartRead(&page_);
  }

  // Reads no more.
  void Release() {
    {
      MutexLock lock(mutex_);
      if (!waiting_) return;
      waiting_ = false;
    }
    this->RemoveHold();
  }

  const std::shared_ptr<Core> core_;
  const std::shared_ptr<engine::PageSink> sink_;
  std::shared_ptr<PullCall> self_;
  grpc::ClientContext context_;
  v1::PullRequest request_;
  v1::PullResponse page_;
  Mutex mutex_;
  // A page is with the sink, and no read is under way.
  bool waiting_ ABSL_GUARDED_BY(mutex_) = false;
};

template <typename Core>
class WatchCall final : public grpc::ClientReadReactor<v1::WatchResponse>,
                        public Cancellable,
                        public std::enable_shared_from_this<WatchCall<Core>> {
 public:
  WatchCall(std::shared_ptr<Core> core, engine::Transport::Changed changed,
            engine::Transport::Ended ended)
      : core_(std::move(core)), changed_(std::move(changed)), ended_(std::move(ended)) {}

  void Start(const v1::WatchRequest& request) {
    self_ = this->shared_from_this();
    core_->Begin(self_);
    request_ = request;
    Prepare({.token = core_->options.token}, context_);
    core_->stub->async()->Watch(&context_, &request_, this);
    this->StartRead(&response_);
    this->StartCall();
  }

  void Cancel() override { context_.TryCancel(); }

  // On the executor's thread: nothing is reported afterwards.
  void Forget() {
    forgotten_ = true;
    Cancel();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    core_->Post([self = self_, response = response_] {
      if (!self->forgotten_) self->changed_(response);
    });
    this->StartRead(&response_);
  }

  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<Core> core = core_;
    core->End(this, [self = std::move(self_), status] {
      if (!self->forgotten_) self->ended_(FromGrpc(status, self->context_));
    });
  }

 private:
  const std::shared_ptr<Core> core_;
  const engine::Transport::Changed changed_;
  const engine::Transport::Ended ended_;
  std::shared_ptr<WatchCall> self_;
  grpc::ClientContext context_;
  v1::WatchRequest request_;
  v1::WatchResponse response_;
  // Touched on the executor's thread only.
  bool forgotten_ = false;
};

template <typename Core>
class OpenedWatch final : public engine::Watch {
 public:
  explicit OpenedWatch(std::shared_ptr<WatchCall<Core>> call) : call_(std::move(call)) {}
  ~OpenedWatch() override { call_->Forget(); }

 private:
  const std::shared_ptr<WatchCall<Core>> call_;
};

}  // namespace

GrpcTransport::GrpcTransport(Executor& executor, Options options)
    : core_(std::make_shared<Core>(executor, std::move(options))) {}

GrpcTransport::~GrpcTransport() { core_->Close(); }

void GrpcTransport::Hello(const v1::HelloRequest& request, Done<v1::HelloResponse> done) {
  CallOnce<v1::HelloRequest, v1::HelloResponse>(
      core_, request, std::move(done), [](auto& stub, auto& call, auto on_done) {
        stub.Hello(&call.context, &call.request, &call.response, std::move(on_done));
      });
}

void GrpcTransport::Push(const v1::PushRequest& request, Done<v1::PushResponse> done) {
  CallOnce<v1::PushRequest, v1::PushResponse>(
      core_, request, std::move(done), [](auto& stub, auto& call, auto on_done) {
        stub.Push(&call.context, &call.request, &call.response, std::move(on_done));
      });
}

void GrpcTransport::Repair(const v1::RepairRequest& request, Done<v1::RepairResponse> done) {
  CallOnce<v1::RepairRequest, v1::RepairResponse>(
      core_, request, std::move(done), [](auto& stub, auto& call, auto on_done) {
        stub.Repair(&call.context, &call.request, &call.response, std::move(on_done));
      });
}

void GrpcTransport::Pull(const v1::PullRequest& request, std::shared_ptr<engine::PageSink> sink) {
  std::make_shared<PullCall<Core>>(core_, std::move(sink))->Start(request);
}

std::unique_ptr<engine::Watch> GrpcTransport::OpenWatch(const v1::WatchRequest& request,
                                                        Changed changed, Ended ended) {
  auto call = std::make_shared<WatchCall<Core>>(core_, std::move(changed), std::move(ended));
  call->Start(request);
  return std::make_unique<OpenedWatch<Core>>(std::move(call));
}

}  // namespace vigil::transport
