#include "tests/bench/watch_load.h"

#include <utility>

#include "absl/time/clock.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"
#include "sync/base/status.h"
#include "sync/transport/channel.h"
#include "vigil/v1/sync_service.grpc.pb.h"

namespace vigil::bench {

class Watchers::Watch final : public grpc::ClientReadReactor<v1::WatchResponse> {
 public:
  Watch(Watchers& all, std::shared_ptr<grpc::Channel> channel)
      : all_(all), channel_(std::move(channel)), stub_(v1::SyncService::NewStub(channel_)) {}

  absl::Status Start(transport::ProgramAccess* access) {
    if (access != nullptr) {
      VIGIL_ASSIGN_OR_RETURN(const auto headers, access->MakeHeaders("vigil.v1.SyncService/Watch"));
      transport::Prepare(headers, context_);
    }
    stub_->async()->Watch(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
    return absl::OkStatus();
  }
  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    all_.Told(*this);
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& /*status*/) override { all_.Ended(); }

  // Of the news of which it was told last; guarded by the watchers' mutex.
  std::uint64_t round = 0;

 private:
  Watchers& all_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::SyncService::Stub> stub_;
  grpc::ClientContext context_;
  // Of one who knows nothing: he is told at once how things stand.
  v1::WatchRequest request_;
  v1::WatchResponse response_;
};

absl::StatusOr<std::unique_ptr<Watchers>> Watchers::Open(
    const Server& server, const std::vector<std::shared_ptr<transport::ProgramAccess>>& phones) {
  auto all = std::unique_ptr<Watchers>(new Watchers());
  all->ExpectNews();
  for (const std::shared_ptr<transport::ProgramAccess>& phone : phones) {
    Watch& watch = *all->watches_.emplace_back(std::make_unique<Watch>(*all, server.Connect()));
    {
      const MutexLock lock(all->mutex_);
      ++all->open_;
    }
    VIGIL_RETURN_IF_ERROR(watch.Start(phone.get()));
  }
  VIGIL_RETURN_IF_ERROR(all->WaitForAll().status());
  return all;
}

Watchers::~Watchers() {
  for (const std::unique_ptr<Watch>& watch : watches_) watch->Cancel();
  const MutexLock lock(mutex_);
  while (open_ > 0) changed_.Wait(mutex_);
}

std::int64_t Watchers::messages() {
  const MutexLock lock(mutex_);
  return messages_;
}

void Watchers::ExpectNews() {
  const MutexLock lock(mutex_);
  ++round_;
  told_ = 0;
}

absl::StatusOr<absl::Time> Watchers::WaitForAll(absl::Duration patience) {
  const absl::Time end = absl::Now() + patience;
  const MutexLock lock(mutex_);
  while (told_ < watches_.size()) {
    if (absl::Now() >= end || open_ < watches_.size()) {
      return Error(absl::StatusCode::kUnavailable, "not everybody who watches was told");
    }
    changed_.WaitFor(mutex_, end - absl::Now());
  }
  return last_told_;
}

void Watchers::Told(Watch& watch) {
  const absl::Time now = absl::Now();
  const MutexLock lock(mutex_);
  ++messages_;
  if (std::exchange(watch.round, round_) == round_) return;
  last_told_ = now;
  if (++told_ == watches_.size()) changed_.NotifyAll();
}

void Watchers::Ended() {
  const MutexLock lock(mutex_);
  --open_;
  changed_.NotifyAll();
}

}  // namespace vigil::bench
