#ifndef VIGIL_SERVER_CLI_GRPC_OFFICE_H_
#define VIGIL_SERVER_CLI_GRPC_OFFICE_H_

#include <functional>
#include <vector>

#include "server/cli/office.h"
#include "sync/transport/office_client.h"

namespace vigil::office {

// The office over gRPC.
class GrpcOffice final : public Office {
 public:
  // The client must outlive this.
  GrpcOffice(transport::OfficeClient& client, KnownRegister known)
      : client_(client), known_(std::move(known)) {}

  KnownRegister Known() override { return known_; }

  absl::StatusOr<v1::SubmitResponse> Submit(const v1::SubmitRequest& request) override {
    return client_.Submit(request);
  }
  absl::StatusOr<v1::GetRecordResponse> GetRecord(const v1::GetRecordRequest& request) override {
    return client_.GetRecord(request);
  }
  absl::StatusOr<v1::ListRecordsResponse> ListRecords(
      const v1::ListRecordsRequest& request) override {
    return client_.ListRecords(request);
  }
  absl::StatusOr<v1::ListHazardsResponse> ListHazards(
      const v1::ListHazardsRequest& request) override {
    return client_.ListHazards(request);
  }
  absl::StatusOr<v1::ListOrdersResponse> ListOrders(const v1::ListOrdersRequest& request) override {
    return client_.ListOrders(request);
  }
  absl::StatusOr<v1::ListConflictsResponse> ListConflicts(
      const v1::ListConflictsRequest& request) override {
    return client_.ListConflicts(request);
  }
  absl::StatusOr<v1::ListEscalationsResponse> ListEscalations(
      const v1::ListEscalationsRequest& request) override {
    return client_.ListEscalations(request);
  }
  absl::StatusOr<v1::ListHistoryResponse> ListHistory(
      const v1::ListHistoryRequest& request) override {
    return client_.ListHistory(request);
  }
  absl::StatusOr<v1::GetStatsResponse> GetStats(const v1::GetStatsRequest& request) override {
    return client_.GetStats(request);
  }
  absl::StatusOr<v1::GetSessionResponse> GetSession(const v1::GetSessionRequest& request) override {
    return client_.GetSession(request);
  }
  absl::StatusOr<v1::ListEscalationStepsResponse> ListEscalationSteps(
      const v1::ListEscalationStepsRequest& request) override {
    return client_.ListEscalationSteps(request);
  }
  absl::StatusOr<v1::ListInspectionsDueResponse> ListInspectionsDue(
      const v1::ListInspectionsDueRequest& request) override {
    return client_.ListInspectionsDue(request);
  }
  absl::StatusOr<v1::AddWorkingDaysResponse> AddWorkingDays(
      const v1::AddWorkingDaysRequest& request) override {
    return client_.AddWorkingDays(request);
  }
  absl::StatusOr<v1::GetDigestResponse> GetDigest(const v1::GetDigestRequest& request) override {
    return client_.GetDigest(request);
  }
  absl::StatusOr<v1::GetEvidenceStatusResponse> GetEvidenceStatus(
      const v1::GetEvidenceStatusRequest& request) override {
    return client_.GetEvidenceStatus(request);
  }
  absl::StatusOr<v1::UploadEvidenceResponse> UploadEvidence(
      const v1::UploadEvidenceRequest& request) override {
    return client_.UploadEvidence(request);
  }
  absl::StatusOr<v1::DownloadEvidenceResponse> DownloadEvidence(
      const v1::DownloadEvidenceRequest& request) override {
    return client_.DownloadEvidence(request);
  }
  absl::StatusOr<v1::InviteResponse> Invite(const v1::InviteRequest& request) override {
    return client_.Invite(request);
  }
  absl::StatusOr<v1::ListLogResponse> ListLog(const v1::ListLogRequest& request) override {
    return client_.ListLog(request);
  }
  absl::StatusOr<v1::ListNotificationsResponse> ListNotifications(
      const v1::ListNotificationsRequest& request) override {
    return client_.ListNotifications(request);
  }
  absl::StatusOr<v1::RetryNotificationsResponse> RetryNotifications(
      const v1::RetryNotificationsRequest& request) override {
    return client_.RetryNotifications(request);
  }
  absl::StatusOr<v1::TestNotificationChannelResponse> TestNotificationChannel(
      const v1::TestNotificationChannelRequest& request) override {
    return client_.TestNotificationChannel(request);
  }
  absl::StatusOr<v1::TickEscalationResponse> TickEscalation(
      const v1::TickEscalationRequest& request) override {
    return client_.TickEscalation(request);
  }
  absl::StatusOr<v1::CheckLadderResponse> CheckLadder(
      const v1::CheckLadderRequest& request) override {
    return client_.CheckLadder(request);
  }
  absl::Status DownloadBackup(
      const v1::DownloadBackupRequest& request,
      const std::function<bool(const v1::DownloadBackupResponse&)>& take) override {
    return client_.DownloadBackup(request, take);
  }
  absl::StatusOr<v1::ConfirmBackupResponse> ConfirmBackup(
      const v1::ConfirmBackupRequest& request) override {
    return client_.ConfirmBackup(request);
  }
  absl::StatusOr<v1::ListBackupsResponse> ListBackups(
      const v1::ListBackupsRequest& request) override {
    return client_.ListBackups(request);
  }
  absl::StatusOr<v1::ForgetBackupResponse> ForgetBackup(
      const v1::ForgetBackupRequest& request) override {
    return client_.ForgetBackup(request);
  }
  absl::StatusOr<v1::ListWitnessCopiesResponse> ListWitnessCopies(
      const v1::ListWitnessCopiesRequest& request) override {
    return client_.ListWitnessCopies(request);
  }
  absl::StatusOr<v1::SettleWitnessCopyResponse> SettleWitnessCopy(
      const v1::SettleWitnessCopyRequest& request) override {
    return client_.SettleWitnessCopy(request);
  }
  absl::Status ExportReport(
      const v1::ExportReportRequest& request,
      const std::function<bool(const v1::ExportReportResponse&)>& take) override {
    return client_.ExportReport(request, take);
  }
  absl::Status Import(const v1::ImportOptions& options, const std::vector<v1::ImportFile>& files,
                      const std::function<void(const v1::ImportResponse&)>& on_response) override {
    return client_.Import(options, files, on_response);
  }

 private:
  transport::OfficeClient& client_;
  const KnownRegister known_;
};

}  // namespace vigil::office

#endif  // VIGIL_SERVER_CLI_GRPC_OFFICE_H_
