#include "server/service/sync_service.h"

#include <algorithm>
#include <utility>

#include "server/service/unary_call.h"
#include "sync/rules/reason.h"

namespace vigil::service {

grpc::ServerUnaryReactor* SyncService::Hello(grpc::CallbackServerContext* context,
                                             const v1::HelloRequest* request,
                                             v1::HelloResponse* response) {
  return AnswerNow(guard_, context, "SyncService.Hello", response,
                   [&](const rules::Author& author) { return core_.Hello(author, *request); });
}

grpc::ServerUnaryReactor* SyncService::Push(grpc::CallbackServerContext* context,
                                            const v1::PushRequest* request,
                                            v1::PushResponse* response) {
  return AnswerLater(guard_, context, "SyncService.Push", response,
                     [&](const rules::Author& author, SyncCore::PushDone done) {
                       core_.Push(author, *request, std::move(done));
                     });
}

grpc::ServerWriteReactor<v1::PullResponse>* SyncService::Pull(grpc::CallbackServerContext* context,
                                                              const v1::PullRequest* request) {
  auto reactor = StreamReactor<v1::PullResponse>::Make(context);
  const absl::StatusOr<rules::Author> author = guard_.Admit(*context, "SyncService.Pull");
  if (author.ok()) {
    core_.Pull(*author, *request, reactor);
  } else {
    reactor->Finish(author.status());
  }
  return reactor.get();
}

grpc::ServerUnaryReactor* SyncService::Repair(grpc::CallbackServerContext* context,
                                              const v1::RepairRequest* request,
                                              v1::RepairResponse* response) {
  return AnswerNow(guard_, context, "SyncService.Repair", response,
                   [&](const rules::Author& author) { return core_.Repair(author, *request); });
}

grpc::ServerWriteReactor<v1::WatchResponse>* SyncService::Watch(
    grpc::CallbackServerContext* context, const v1::WatchRequest* request) {
  auto reactor = WatchReactor::Make(context);
  reactor->FinishWhenCancelled();
  const absl::StatusOr<rules::Author> author = guard_.Admit(*context, "SyncService.Watch");
  if (!author.ok()) {
    reactor->Finish(author.status());
    return reactor.get();
  }
  if (!Remember(reactor)) {
    reactor->Finish(rules::Refuse(v1::REASON_SHUTTING_DOWN, "the server is shutting down"));
    return reactor.get();
  }
  absl::StatusOr<std::unique_ptr<service::Watch>> watch =
      core_.OpenWatch(*author, *request, reactor);
  if (watch.ok()) {
    reactor->Keep(std::shared_ptr<service::Watch>(*std::move(watch)));
  } else {
    reactor->Finish(watch.status());
  }
  return reactor.get();
}

bool SyncService::Remember(const std::shared_ptr<WatchReactor>& watch) {
  MutexLock lock(mutex_);
  if (closing_) return false;
  if (watches_.size() == watches_.capacity()) {
    std::erase_if(watches_, [](const auto& weak) { return weak.expired(); });
  }
  watches_.push_back(watch);
  return true;
}

void SyncService::EndWatches() {
  std::vector<std::weak_ptr<WatchReactor>> watches;
  {
    MutexLock lock(mutex_);
    closing_ = true;
    watches.swap(watches_);
  }
  for (const auto& weak : watches) {
    if (const std::shared_ptr<WatchReactor> watch = weak.lock()) {
      watch->Finish(rules::Refuse(v1::REASON_SHUTTING_DOWN, "the server is shutting down"));
    }
  }
}

}  // namespace vigil::service
