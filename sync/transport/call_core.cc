#include "sync/transport/call_core.h"

#include <utility>

#include "sync/base/status.h"
#include "sync/rules/reason.h"
#include "sync/transport/call_status.h"
#include "sync/transport/channel.h"

namespace vigil::transport {
namespace {

// Between two looks at whether another process is done with its exchange.
constexpr absl::Duration kLookAgain = absl::Milliseconds(50);

struct RefreshCall final : public Cancellable {
  void Cancel() override { context.TryCancel(); }

  grpc::ClientContext context;
  std::unique_ptr<ProgramAccess::Exchange> exchange;
  v1::RefreshTokenResponse response;
};

}  // namespace

void CallCore::Begin(const std::shared_ptr<Cancellable>& call) {
  const MutexLock lock(mutex_);
  ++under_way_;
  calls_[call.get()] = call;
}

void CallCore::Post(Task task) {
  const MutexLock lock(mutex_);
  PostLocked(std::move(task));
}

void CallCore::End(Cancellable* call, Task task) {
  const MutexLock lock(mutex_);
  calls_.erase(call);
  PostLocked(std::move(task));
  --under_way_;
  all_ended_.NotifyAll();
}

bool CallCore::IsClosed() {
  const MutexLock lock(mutex_);
  return closed_;
}

void CallCore::Close() {
  std::map<Cancellable*, std::shared_ptr<Cancellable>> left;
  {
    const MutexLock lock(mutex_);
    closed_ = true;
    left.swap(calls_);
  }
  for (const auto& [key, call] : left) call->Cancel();
  std::vector<Task> dropped;
  {
    const MutexLock lock(mutex_);
    while (under_way_ > 0) all_ended_.Wait(mutex_);
    dropped.swap(never_run_);
  }
  left.clear();
  dropped.clear();
  waiting_.clear();
  stub_.reset();
  evidence_stub_.reset();
  access_stub_.reset();
}

void CallCore::PostLocked(Task task) {
  if (closed_) {
    never_run_.push_back(std::move(task));
    return;
  }
  executor_.Post([weak = weak_from_this(), task = std::move(task)] {
    const std::shared_ptr<CallCore> alive = weak.lock();
    if (alive && !alive->IsClosed()) task();
  });
}

void CallCore::EnsureAccess(std::string_view stale, Then then) {
  if (stale.empty() && access().HasGoodToken()) return then(absl::OkStatus());
  waiting_.push_back(std::move(then));
  if (waiting_.size() > 1) return;
  BeginExchange(std::string(stale), executor_.Now() + options_.call_max);
}

void CallCore::BeginExchange(const std::string& stale, absl::Time give_up_at) {
  absl::StatusOr<std::unique_ptr<ProgramAccess::Exchange>> exchange =
      access().TryBeginExchange(stale);
  if (!exchange.ok()) return EndExchange(exchange.status());
  if (*exchange != nullptr) {
    if (!(*exchange)->request()) return EndExchange(absl::OkStatus());
    return CallRefresh(*std::move(exchange));
  }
  if (executor_.Now() >= give_up_at) {
    return EndExchange(Error(absl::StatusCode::kUnavailable,
                             "another process does not finish renewing this program's access"));
  }
  executor_.PostAfter(kLookAgain, [weak = weak_from_this(), stale, give_up_at] {
    const std::shared_ptr<CallCore> alive = weak.lock();
    if (alive && !alive->IsClosed()) alive->BeginExchange(stale, give_up_at);
  });
}

void CallCore::CallRefresh(std::unique_ptr<ProgramAccess::Exchange> exchange) {
  auto call = std::make_shared<RefreshCall>();
  call->exchange = std::move(exchange);
  SetDeadline(options_.call_max, call->context);
  Begin(call);
  RefreshCall& started = *call;
  access_stub_->async()->RefreshToken(
      &started.context, &*started.exchange->request(), &started.response,
      [core = shared_from_this(), call](const grpc::Status& status) mutable {
        // gRPC destroys this function on its own thread: it must hold nothing any more.
        const std::shared_ptr<CallCore> keep = std::move(core);
        Cancellable* const key = call.get();
        // Outlived by the core: tasks run only while it is there.
        CallCore* const self = keep.get();
        keep->End(key, [self, call = std::move(call), status] {
          absl::StatusOr<v1::RefreshTokenResponse> response = std::move(call->response);
          if (!status.ok()) response = FromGrpc(status, call->context);
          self->EndExchange(self->access().EndExchange(std::move(call->exchange), response));
        });
      });
}

void CallCore::EndExchange(const absl::Status& status) {
  for (const Then& then : std::exchange(waiting_, {})) {
    Post([then, status] { then(status); });
  }
}

void CallAttempts::Begin(Start start) { After("", std::move(start)); }

bool CallAttempts::MakeAgain(const absl::Status& error, Start start) {
  switch (remedies_.After(error)) {
    case CallRemedies::Remedy::kNone:
      return false;
    case CallRemedies::Remedy::kExchange:
      After(token_, std::move(start));
      return true;
    case CallRemedies::Remedy::kRepeat:
      Go(absl::OkStatus(), start);
      return true;
  }
  return false;
}

void CallAttempts::After(std::string_view stale, Start start) {
  // Whoever made this object keeps it in `start`.
  core_->EnsureAccess(
      stale, [this, start = std::move(start)](const absl::Status& status) { Go(status, start); });
}

void CallAttempts::Go(const absl::Status& status, const Start& start) {
  const auto fail = [&](const absl::Status& error) {
    core_->Post([start, error] { start(error); });
  };
  if (!status.ok()) return fail(status);
  const absl::StatusOr<ProgramAccess::Headers> headers = core_->access().MakeHeaders(method_);
  if (!headers.ok()) return fail(headers.status());
  token_ = headers->token;
  start(headers);
}

}  // namespace vigil::transport
