#ifndef VIGIL_SYNC_TRANSPORT_OFFICE_CLIENT_H_
#define VIGIL_SYNC_TRANSPORT_OFFICE_CLIENT_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/transport/connection.h"
#include "sync/transport/program_access.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/evidence_service.pb.h"
#include "vigil/v1/register_service.pb.h"
#include "vigil/v1/report_service.pb.h"

namespace vigil::transport {

// The office's calls, one at a time, each waiting for its answer. Errors carry the register's
// reason; SERVER_UNREACHABLE where there is no answer (what became of a Submit is then unknown:
// send the same operation again). The access is renewed where it must be. Thread-safe.
class OfficeClient {
 public:
  struct Options {
    Connection connection;
    std::shared_ptr<ProgramAccess> access;
    absl::Duration call_max = absl::Seconds(60);
    absl::Duration import_max = absl::Minutes(30);
    absl::Duration backup_max = absl::Hours(6);
    absl::Duration report_max = absl::Hours(1);
  };

  // Errors: see CheckConnection.
  static absl::StatusOr<std::unique_ptr<OfficeClient>> Make(Options options);
  ~OfficeClient();

  absl::StatusOr<v1::SubmitResponse> Submit(const v1::SubmitRequest& request);
  absl::StatusOr<v1::GetSessionResponse> GetSession(const v1::GetSessionRequest& request);
  absl::StatusOr<v1::GetRecordResponse> GetRecord(const v1::GetRecordRequest& request);
  absl::StatusOr<v1::ListRecordsResponse> ListRecords(const v1::ListRecordsRequest& request);
  absl::StatusOr<v1::ListHazardsResponse> ListHazards(const v1::ListHazardsRequest& request);
  absl::StatusOr<v1::ListOrdersResponse> ListOrders(const v1::ListOrdersRequest& request);
  absl::StatusOr<v1::ListConflictsResponse> ListConflicts(const v1::ListConflictsRequest& request);
  absl::StatusOr<v1::ListEscalationsResponse> ListEscalations(
      const v1::ListEscalationsRequest& request);
  absl::StatusOr<v1::ListHistoryResponse> ListHistory(const v1::ListHistoryRequest& request);
  absl::StatusOr<v1::GetStatsResponse> GetStats(const v1::GetStatsRequest& request);
  absl::StatusOr<v1::ListEscalationStepsResponse> ListEscalationSteps(
      const v1::ListEscalationStepsRequest& request);
  absl::StatusOr<v1::ListInspectionsDueResponse> ListInspectionsDue(
      const v1::ListInspectionsDueRequest& request);
  absl::StatusOr<v1::AddWorkingDaysResponse> AddWorkingDays(
      const v1::AddWorkingDaysRequest& request);
  absl::StatusOr<v1::GetDigestResponse> GetDigest(const v1::GetDigestRequest& request);

  absl::StatusOr<v1::GetEvidenceStatusResponse> GetEvidenceStatus(
      const v1::GetEvidenceStatusRequest& request);
  absl::StatusOr<v1::UploadEvidenceResponse> UploadEvidence(
      const v1::UploadEvidenceRequest& request);
  absl::StatusOr<v1::DownloadEvidenceResponse> DownloadEvidence(
      const v1::DownloadEvidenceRequest& request);

  absl::StatusOr<v1::InviteResponse> Invite(const v1::InviteRequest& request);
  absl::StatusOr<v1::ListLogResponse> ListLog(const v1::ListLogRequest& request);
  absl::StatusOr<v1::ListNotificationsResponse> ListNotifications(
      const v1::ListNotificationsRequest& request);
  absl::StatusOr<v1::RetryNotificationsResponse> RetryNotifications(
      const v1::RetryNotificationsRequest& request);
  absl::StatusOr<v1::TestNotificationChannelResponse> TestNotificationChannel(
      const v1::TestNotificationChannelRequest& request);
  absl::StatusOr<v1::TickEscalationResponse> TickEscalation(
      const v1::TickEscalationRequest& request);
  absl::StatusOr<v1::CheckLadderResponse> CheckLadder(const v1::CheckLadderRequest& request);

  // The copy in its parts; it ends with the first that is not taken (CANCELLED).
  absl::Status DownloadBackup(const v1::DownloadBackupRequest& request,
                              const std::function<bool(const v1::DownloadBackupResponse&)>& take);
  absl::StatusOr<v1::ConfirmBackupResponse> ConfirmBackup(const v1::ConfirmBackupRequest& request);
  absl::StatusOr<v1::ListBackupsResponse> ListBackups(const v1::ListBackupsRequest& request);
  absl::StatusOr<v1::ForgetBackupResponse> ForgetBackup(const v1::ForgetBackupRequest& request);
  absl::StatusOr<v1::ListWitnessCopiesResponse> ListWitnessCopies(
      const v1::ListWitnessCopiesRequest& request);
  absl::StatusOr<v1::SettleWitnessCopyResponse> SettleWitnessCopy(
      const v1::SettleWitnessCopyRequest& request);

  // The report in its parts; it ends with the first that is not taken (CANCELLED).
  absl::Status ExportReport(const v1::ExportReportRequest& request,
                            const std::function<bool(const v1::ExportReportResponse&)>& take);

  // Sends the files in parts; `on_response` gets everything that the server says, the summary as
  // the last. OK: the server gave its summary (which may say that nothing was applied).
  absl::Status Import(const v1::ImportOptions& options, const std::vector<v1::ImportFile>& files,
                      const std::function<void(const v1::ImportResponse&)>& on_response);

 private:
  struct Stubs;

  explicit OfficeClient(std::unique_ptr<Stubs> stubs);

  const std::unique_ptr<Stubs> stubs_;
};

}  // namespace vigil::transport

#endif  // VIGIL_SYNC_TRANSPORT_OFFICE_CLIENT_H_
