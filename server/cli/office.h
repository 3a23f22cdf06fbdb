#ifndef VIGIL_SERVER_CLI_OFFICE_H_
#define VIGIL_SERVER_CLI_OFFICE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/evidence_service.pb.h"
#include "vigil/v1/register_service.pb.h"
#include "vigil/v1/report_service.pb.h"

namespace vigil::office {

// What a program knows of its register without asking it; empty: not known.
struct KnownRegister {
  // "HOST:PORT"
  std::string address;
  // Of its first epoch: the one for whom pushes are signed.
  std::string id;
  // By which heads are signed: SubjectPublicKeyInfo (DER). As the register named it at sign-in.
  std::string public_key;
};

// The register as the office reaches it: RegisterService, AdminService, EvidenceService and
// ReportService, one call at a time, each waiting for its answer. An error carries the register's
// reason where it gave one; UNAVAILABLE or DEADLINE_EXCEEDED where there was no answer.
class Office {
 public:
  virtual ~Office() = default;

  virtual KnownRegister Known() = 0;

  virtual absl::StatusOr<v1::SubmitResponse> Submit(const v1::SubmitRequest& request) = 0;
  virtual absl::StatusOr<v1::GetRecordResponse> GetRecord(const v1::GetRecordRequest& request) = 0;
  virtual absl::StatusOr<v1::ListRecordsResponse> ListRecords(
      const v1::ListRecordsRequest& request) = 0;
  virtual absl::StatusOr<v1::ListHazardsResponse> ListHazards(
      const v1::ListHazardsRequest& request) = 0;
  virtual absl::StatusOr<v1::ListOrdersResponse> ListOrders(
      const v1::ListOrdersRequest& request) = 0;
  virtual absl::StatusOr<v1::ListConflictsResponse> ListConflicts(
      const v1::ListConflictsRequest& request) = 0;
  virtual absl::StatusOr<v1::ListEscalationsResponse> ListEscalations(
      const v1::ListEscalationsRequest& request) = 0;
  virtual absl::StatusOr<v1::ListHistoryResponse> ListHistory(
      const v1::ListHistoryRequest& request) = 0;
  virtual absl::StatusOr<v1::GetStatsResponse> GetStats(const v1::GetStatsRequest& request) = 0;
  virtual absl::StatusOr<v1::GetSessionResponse> GetSession(
      const v1::GetSessionRequest& request) = 0;
  virtual absl::StatusOr<v1::ListEscalationStepsResponse> ListEscalationSteps(
      const v1::ListEscalationStepsRequest& request) = 0;
  virtual absl::StatusOr<v1::ListInspectionsDueResponse> ListInspectionsDue(
      const v1::ListInspectionsDueRequest& request) = 0;
  virtual absl::StatusOr<v1::AddWorkingDaysResponse> AddWorkingDays(
      const v1::AddWorkingDaysRequest& request) = 0;
  virtual absl::StatusOr<v1::GetDigestResponse> GetDigest(const v1::GetDigestRequest& request) = 0;

  virtual absl::StatusOr<v1::GetEvidenceStatusResponse> GetEvidenceStatus(
      const v1::GetEvidenceStatusRequest& request) = 0;
  virtual absl::StatusOr<v1::UploadEvidenceResponse> UploadEvidence(
      const v1::UploadEvidenceRequest& request) = 0;
  virtual absl::StatusOr<v1::DownloadEvidenceResponse> DownloadEvidence(
      const v1::DownloadEvidenceRequest& request) = 0;

  virtual absl::StatusOr<v1::InviteResponse> Invite(const v1::InviteRequest& request) = 0;
  virtual absl::StatusOr<v1::ListLogResponse> ListLog(const v1::ListLogRequest& request) = 0;
  virtual absl::StatusOr<v1::ListNotificationsResponse> ListNotifications(
      const v1::ListNotificationsRequest& request) = 0;
  virtual absl::StatusOr<v1::RetryNotificationsResponse> RetryNotifications(
      const v1::RetryNotificationsRequest& request) = 0;
  virtual absl::StatusOr<v1::TestNotificationChannelResponse> TestNotificationChannel(
      const v1::TestNotificationChannelRequest& request) = 0;
  virtual absl::StatusOr<v1::TickEscalationResponse> TickEscalation(
      const v1::TickEscalationRequest& request) = 0;
  virtual absl::StatusOr<v1::CheckLadderResponse> CheckLadder(
      const v1::CheckLadderRequest& request) = 0;
  // The copy in its parts; it ends with the first that is not taken.
  virtual absl::Status DownloadBackup(
      const v1::DownloadBackupRequest& request,
      const std::function<bool(const v1::DownloadBackupResponse&)>& take) = 0;
  virtual absl::StatusOr<v1::ConfirmBackupResponse> ConfirmBackup(
      const v1::ConfirmBackupRequest& request) = 0;
  virtual absl::StatusOr<v1::ListBackupsResponse> ListBackups(
      const v1::ListBackupsRequest& request) = 0;
  virtual absl::StatusOr<v1::ForgetBackupResponse> ForgetBackup(
      const v1::ForgetBackupRequest& request) = 0;
  virtual absl::StatusOr<v1::ListWitnessCopiesResponse> ListWitnessCopies(
      const v1::ListWitnessCopiesRequest& request) = 0;
  virtual absl::StatusOr<v1::SettleWitnessCopyResponse> SettleWitnessCopy(
      const v1::SettleWitnessCopyRequest& request) = 0;
  // The report in its parts; it ends with the first that is not taken.
  virtual absl::Status ExportReport(
      const v1::ExportReportRequest& request,
      const std::function<bool(const v1::ExportReportResponse&)>& take) = 0;
  // Sends the files; `on_response` gets everything that the server says, the summary as the last.
  virtual absl::Status Import(
      const v1::ImportOptions& options, const std::vector<v1::ImportFile>& files,
      const std::function<void(const v1::ImportResponse&)>& on_response) = 0;
};

}  // namespace vigil::office

#endif  // VIGIL_SERVER_CLI_OFFICE_H_
