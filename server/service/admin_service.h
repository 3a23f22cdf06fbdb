#ifndef VIGIL_SERVER_SERVICE_ADMIN_SERVICE_H_
#define VIGIL_SERVER_SERVICE_ADMIN_SERVICE_H_

#include "server/access/access_desk.h"
#include "server/escalation/escalation_clock.h"
#include "server/register/register.h"
#include "server/service/backup_desk.h"
#include "server/service/guard.h"
#include "server/service/open_streams.h"
#include "server/service/outbox_desk.h"
#include "sync/base/executor.h"
#include "sync/base/random.h"
#include "vigil/v1/admin_service.grpc.pb.h"

namespace vigil::service {

// Administration over gRPC.
class AdminService final : public v1::AdminService::CallbackService {
 public:
  // Imports are planned on `worker`, one after the other. All must outlive the server.
  struct Parts {
    Guard& guard;
    OpenStreams& streams;
    access::AccessDesk& desk;
    registry::Register& target;
    escalation::EscalationClock& clock;
    BackupDesk& backups;
    OutboxDesk& outbox;
    Executor& worker;
    Random& random;
  };

  explicit AdminService(const Parts& parts) : parts_(parts) {}

  grpc::ServerUnaryReactor* Invite(grpc::CallbackServerContext* context,
                                   const v1::InviteRequest* request,
                                   v1::InviteResponse* response) override;
  grpc::ServerUnaryReactor* ListLog(grpc::CallbackServerContext* context,
                                    const v1::ListLogRequest* request,
                                    v1::ListLogResponse* response) override;
  grpc::ServerBidiReactor<v1::ImportRequest, v1::ImportResponse>* Import(
      grpc::CallbackServerContext* context) override;
  grpc::ServerWriteReactor<v1::DownloadBackupResponse>* DownloadBackup(
      grpc::CallbackServerContext* context, const v1::DownloadBackupRequest* request) override;
  grpc::ServerUnaryReactor* ConfirmBackup(grpc::CallbackServerContext* context,
                                          const v1::ConfirmBackupRequest* request,
                                          v1::ConfirmBackupResponse* response) override;
  grpc::ServerUnaryReactor* ListBackups(grpc::CallbackServerContext* context,
                                        const v1::ListBackupsRequest* request,
                                        v1::ListBackupsResponse* response) override;
  grpc::ServerUnaryReactor* ForgetBackup(grpc::CallbackServerContext* context,
                                         const v1::ForgetBackupRequest* request,
                                         v1::ForgetBackupResponse* response) override;
  grpc::ServerUnaryReactor* ListWitnessCopies(grpc::CallbackServerContext* context,
                                              const v1::ListWitnessCopiesRequest* request,
                                              v1::ListWitnessCopiesResponse* response) override;
  grpc::ServerUnaryReactor* SettleWitnessCopy(grpc::CallbackServerContext* context,
                                              const v1::SettleWitnessCopyRequest* request,
                                              v1::SettleWitnessCopyResponse* response) override;
  grpc::ServerUnaryReactor* ListNotifications(grpc::CallbackServerContext* context,
                                              const v1::ListNotificationsRequest* request,
                                              v1::ListNotificationsResponse* response) override;
  grpc::ServerUnaryReactor* RetryNotifications(grpc::CallbackServerContext* context,
                                               const v1::RetryNotificationsRequest* request,
                                               v1::RetryNotificationsResponse* response) override;
  grpc::ServerUnaryReactor* TestNotificationChannel(
      grpc::CallbackServerContext* context, const v1::TestNotificationChannelRequest* request,
      v1::TestNotificationChannelResponse* response) override;
  grpc::ServerUnaryReactor* TickEscalation(grpc::CallbackServerContext* context,
                                           const v1::TickEscalationRequest* request,
                                           v1::TickEscalationResponse* response) override;
  grpc::ServerUnaryReactor* CheckLadder(grpc::CallbackServerContext* context,
                                        const v1::CheckLadderRequest* request,
                                        v1::CheckLadderResponse* response) override;

 private:
  const Parts parts_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_ADMIN_SERVICE_H_
