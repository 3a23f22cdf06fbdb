#include "server/service/sync_service.h"

#include <memory>
#include <string_view>
#include <utility>

#include "grpcpp/support/proto_buffer_reader.h"
#include "server/service/entered.h"
#include "server/service/stream_reactor.h"
#include "server/service/unary_call.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::service {

grpc::ServerUnaryReactor* SyncService::Hello(grpc::CallbackServerContext* context,
                                             const v1::HelloRequest* request,
                                             v1::HelloResponse* response) {
  return AnswerNow(
      guard_, {context, "SyncService.Hello", request}, response,
      [&](const access::Principal& caller) { return core_.Hello(caller.author, *request); });
}

grpc::ServerUnaryReactor* SyncService::Push(grpc::CallbackServerContext* context,
                                            const v1::PushRequest* request,
                                            v1::PushResponse* response) {
  // What is wrong with one entry costs that entry alone.
  return AnswerLater(guard_, {context, "SyncService.Push", nullptr}, response,
                     [&](const access::Principal& caller, SyncCore::PushDone done) {
                       core_.Push(caller, *request, std::move(done));
                     });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* SyncService::Pull(grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* bytes) {
  auto reactor = StreamReactor<std::string>::Make(context);
  v1::PullRequest request;
  grpc::ByteBuffer unread = *bytes;
  if (!grpc::GenericDeserialize<grpc::ProtoBufferReader, v1::PullRequest>(&unread, &request).ok()) {
    reactor->Finish(rules::Refuse(v1::REASON_MALFORMED, "the request is no PullRequest"));
    return reactor.get();
  }
  absl::StatusOr<Entered> entered =
      Enter(guard_, streams_, {context, "SyncService.Pull", &request}, reactor);
  if (!entered.ok()) {
    reactor->Finish(entered.status());
    return reactor.get();
  }
  reactor->Keep(std::move(entered->ticket));
  core_.Pull(entered->caller->author, request, reactor);
  return reactor.get();
}

grpc::ServerUnaryReactor* SyncService::ReturnCopies(grpc::CallbackServerContext* context,
                                                    const v1::ReturnCopiesRequest* request,
                                                    v1::ReturnCopiesResponse* response) {
  // What is wrong with one copy stops nobody.
  return AnswerLater(guard_, {context, "SyncService.ReturnCopies", nullptr}, response,
                     [&](const access::Principal& caller, SyncCore::ReturnDone done) {
                       core_.ReturnCopies(caller.author, *request, std::move(done));
                     });
}

grpc::ServerUnaryReactor* SyncService::Repair(grpc::CallbackServerContext* context,
                                              const v1::RepairRequest* request,
                                              v1::RepairResponse* response) {
  return AnswerNow(
      guard_, {context, "SyncService.Repair", request}, response,
      [&](const access::Principal& caller) { return core_.Repair(caller.author, *request); });
}

grpc::ServerWriteReactor<v1::WatchResponse>* SyncService::Watch(
    grpc::CallbackServerContext* context, const v1::WatchRequest* request) {
  struct Held {
    OpenStreams::Ticket ticket;
    std::unique_ptr<service::Watch> watch;
  };
  auto reactor = StreamReactor<v1::WatchResponse>::Make(context);
  reactor->FinishWhenCancelled();
  absl::StatusOr<Entered> entered =
      Enter(guard_, streams_, {context, "SyncService.Watch", request}, reactor);
  if (!entered.ok()) {
    reactor->Finish(entered.status());
    return reactor.get();
  }
  auto held = std::make_shared<Held>();
  held->ticket = std::move(entered->ticket);
  reactor->Keep(held);
  absl::StatusOr<std::unique_ptr<service::Watch>> watch =
      core_.OpenWatch(entered->caller->author, *request, reactor);
  if (watch.ok()) {
    held->watch = *std::move(watch);
  } else {
    reactor->Finish(watch.status());
  }
  return reactor.get();
}

}  // namespace vigil::service
