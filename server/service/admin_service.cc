#include "server/service/admin_service.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/register/log_page.h"
#include "server/service/entered.h"
#include "server/service/import_job.h"
#include "server/service/import_reactor.h"
#include "server/service/ladder_check.h"
#include "server/service/stream_reactor.h"
#include "server/service/unary_call.h"
#include "sync/base/status.h"

namespace vigil::service {

grpc::ServerUnaryReactor* AdminService::Invite(grpc::CallbackServerContext* context,
                                               const v1::InviteRequest* request,
                                               v1::InviteResponse* response) {
  return AnswerLater(
      parts_.guard, {context, "AdminService.Invite", request}, response,
      [&](const access::Principal& caller, access::AccessDesk::Done<v1::InviteResponse> done) {
        parts_.desk.Invite(caller, *request, std::move(done));
      });
}

grpc::ServerUnaryReactor* AdminService::ListLog(grpc::CallbackServerContext* context,
                                                const v1::ListLogRequest* request,
                                                v1::ListLogResponse* response) {
  return AnswerNow(parts_.guard, {context, "AdminService.ListLog", request}, response,
                   [&](const access::Principal&) -> absl::StatusOr<v1::ListLogResponse> {
                     VIGIL_ASSIGN_OR_RETURN(const auto snapshot, parts_.target.store().Read());
                     VIGIL_ASSIGN_OR_RETURN(v1::ListLogResponse page,
                                            registry::ListLog(*snapshot, *request));
                     parts_.target.SignHead(*page.mutable_head());
                     return page;
                   });
}

grpc::ServerBidiReactor<v1::ImportRequest, v1::ImportResponse>* AdminService::Import(
    grpc::CallbackServerContext* context) {
  const absl::StatusOr<Guard::Caller> caller = parts_.guard.Admit(*context, "AdminService.Import");
  if (!caller.ok()) return ImportReactor::Refuse(context, caller.status());
  const auto reactor = ImportReactor::Start(context, parts_.worker, [&](ImportJob::Sink sink) {
    return std::make_shared<ImportJob>(parts_.target, parts_.random, (*caller)->author,
                                       std::move(sink));
  });
  const std::weak_ptr<ImportReactor> weak = reactor;
  absl::StatusOr<OpenStreams::Ticket> ticket = parts_.streams.Open(
      *caller,
      [weak](const absl::Status& status) {
        if (const auto alive = weak.lock()) alive->BreakOff(status);
      },
      parts_.guard.Now());
  if (ticket.ok()) {
    reactor->Keep(*std::move(ticket));
    reactor->Read();
  } else {
    reactor->BreakOff(ticket.status());
  }
  return reactor.get();
}

grpc::ServerWriteReactor<v1::DownloadBackupResponse>* AdminService::DownloadBackup(
    grpc::CallbackServerContext* context, const v1::DownloadBackupRequest* request) {
  auto reactor = StreamReactor<v1::DownloadBackupResponse>::Make(context);
  absl::StatusOr<Entered> entered = Enter(
      parts_.guard, parts_.streams, {context, "AdminService.DownloadBackup", request}, reactor);
  if (!entered.ok()) {
    reactor->Finish(entered.status());
    return reactor.get();
  }
  reactor->Keep(std::move(entered->ticket));
  parts_.backups.Download(entered->caller->author, reactor);
  return reactor.get();
}

grpc::ServerUnaryReactor* AdminService::ConfirmBackup(grpc::CallbackServerContext* context,
                                                      const v1::ConfirmBackupRequest* request,
                                                      v1::ConfirmBackupResponse* response) {
  return AnswerLater(parts_.guard, {context, "AdminService.ConfirmBackup", request}, response,
                     [&](const access::Principal&, BackupDesk::ConfirmDone done) {
                       parts_.backups.Confirm(*request, std::move(done));
                     });
}

grpc::ServerUnaryReactor* AdminService::ForgetBackup(grpc::CallbackServerContext* context,
                                                     const v1::ForgetBackupRequest* request,
                                                     v1::ForgetBackupResponse* response) {
  return AnswerLater(parts_.guard, {context, "AdminService.ForgetBackup", request}, response,
                     [&](const access::Principal&, BackupDesk::ForgetDone done) {
                       parts_.backups.Forget(*request, std::move(done));
                     });
}

grpc::ServerUnaryReactor* AdminService::SettleWitnessCopy(
    grpc::CallbackServerContext* context, const v1::SettleWitnessCopyRequest* request,
    v1::SettleWitnessCopyResponse* response) {
  return AnswerLater(parts_.guard, {context, "AdminService.SettleWitnessCopy", request}, response,
                     [&](const access::Principal&, BackupDesk::SettleDone done) {
                       parts_.backups.Settle(*request, std::move(done));
                     });
}

grpc::ServerUnaryReactor* AdminService::ListBackups(grpc::CallbackServerContext* context,
                                                    const v1::ListBackupsRequest* request,
                                                    v1::ListBackupsResponse* response) {
  return AnswerNow(parts_.guard, {context, "AdminService.ListBackups", request}, response,
                   [&](const access::Principal&) { return parts_.backups.List(); });
}

grpc::ServerUnaryReactor* AdminService::ListWitnessCopies(
    grpc::CallbackServerContext* context, const v1::ListWitnessCopiesRequest* request,
    v1::ListWitnessCopiesResponse* response) {
  return AnswerNow(parts_.guard, {context, "AdminService.ListWitnessCopies", request}, response,
                   [&](const access::Principal&) { return parts_.backups.ListCopies(*request); });
}

grpc::ServerUnaryReactor* AdminService::ListNotifications(
    grpc::CallbackServerContext* context, const v1::ListNotificationsRequest* request,
    v1::ListNotificationsResponse* response) {
  return AnswerNow(parts_.guard, {context, "AdminService.ListNotifications", request}, response,
                   [&](const access::Principal&) { return parts_.outbox.List(*request); });
}

grpc::ServerUnaryReactor* AdminService::RetryNotifications(
    grpc::CallbackServerContext* context, const v1::RetryNotificationsRequest* request,
    v1::RetryNotificationsResponse* response) {
  return AnswerLater(parts_.guard, {context, "AdminService.RetryNotifications", request}, response,
                     [&](const access::Principal&, OutboxDesk::RetryDone done) {
                       parts_.outbox.Retry(*request, std::move(done));
                     });
}

grpc::ServerUnaryReactor* AdminService::TestNotificationChannel(
    grpc::CallbackServerContext* context, const v1::TestNotificationChannelRequest* request,
    v1::TestNotificationChannelResponse* response) {
  return AnswerLater(parts_.guard, {context, "AdminService.TestNotificationChannel", request},
                     response, [&](const access::Principal&, outbox::Sender::TestDone done) {
                       parts_.outbox.Test(*request, std::move(done));
                     });
}

grpc::ServerUnaryReactor* AdminService::TickEscalation(grpc::CallbackServerContext* context,
                                                       const v1::TickEscalationRequest* request,
                                                       v1::TickEscalationResponse* response) {
  return AnswerLater(
      parts_.guard, {context, "AdminService.TickEscalation", request}, response,
      [&](const access::Principal&,
          const std::function<void(absl::StatusOr<v1::TickEscalationResponse>)>& done) {
        parts_.clock.Tick([done](absl::StatusOr<std::int64_t> fired) {
          if (!fired.ok()) return done(fired.status());
          v1::TickEscalationResponse answer;
          answer.set_fired(*fired);
          done(answer);
        });
      });
}

grpc::ServerUnaryReactor* AdminService::CheckLadder(grpc::CallbackServerContext* context,
                                                    const v1::CheckLadderRequest* request,
                                                    v1::CheckLadderResponse* response) {
  return AnswerNow(
      parts_.guard, {context, "AdminService.CheckLadder", request}, response,
      [&](const access::Principal&) { return service::CheckLadder(parts_.target, *request); });
}

}  // namespace vigil::service
