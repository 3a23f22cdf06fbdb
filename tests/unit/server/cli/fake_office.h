#ifndef VIGIL_TESTS_UNIT_SERVER_CLI_FAKE_OFFICE_H_
#define VIGIL_TESTS_UNIT_SERVER_CLI_FAKE_OFFICE_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/cli/office.h"
#include "sync/base/file.h"

namespace vigil::office {

// A register that has one record of every kind, at version 40 and, for those who ask, any other;
// it applies whatever it is sent and keeps it.
class FakeOffice : public Office {
 public:
  FakeOffice();

  static constexpr std::uint64_t kVersion = 40;
  static constexpr char kCode[] = "K3M7-2QPX-9RTB-H4WD";

  // The id of the one record of a kind.
  static std::string IdOf(std::string_view kind);

  KnownRegister Known() override;
  absl::StatusOr<v1::SubmitResponse> Submit(const v1::SubmitRequest& request) override;
  absl::StatusOr<v1::GetRecordResponse> GetRecord(const v1::GetRecordRequest& request) override;
  absl::StatusOr<v1::ListRecordsResponse> ListRecords(
      const v1::ListRecordsRequest& request) override;
  absl::StatusOr<v1::ListHazardsResponse> ListHazards(
      const v1::ListHazardsRequest& request) override;
  absl::StatusOr<v1::ListOrdersResponse> ListOrders(const v1::ListOrdersRequest& request) override;
  absl::StatusOr<v1::ListConflictsResponse> ListConflicts(
      const v1::ListConflictsRequest& request) override;
  absl::StatusOr<v1::ListEscalationsResponse> ListEscalations(
      const v1::ListEscalationsRequest& request) override;
  absl::StatusOr<v1::ListHistoryResponse> ListHistory(
      const v1::ListHistoryRequest& request) override;
  absl::StatusOr<v1::GetStatsResponse> GetStats(const v1::GetStatsRequest& request) override;
  absl::StatusOr<v1::GetSessionResponse> GetSession(const v1::GetSessionRequest& request) override;
  absl::StatusOr<v1::ListEscalationStepsResponse> ListEscalationSteps(
      const v1::ListEscalationStepsRequest& request) override;
  absl::StatusOr<v1::ListInspectionsDueResponse> ListInspectionsDue(
      const v1::ListInspectionsDueRequest& request) override;
  absl::StatusOr<v1::AddWorkingDaysResponse> AddWorkingDays(
      const v1::AddWorkingDaysRequest& request) override;
  absl::StatusOr<v1::GetDigestResponse> GetDigest(const v1::GetDigestRequest& request) override;
  // Has everything that was sent, and says so at once.
  absl::StatusOr<v1::GetEvidenceStatusResponse> GetEvidenceStatus(
      const v1::GetEvidenceStatusRequest& request) override;
  absl::StatusOr<v1::UploadEvidenceResponse> UploadEvidence(
      const v1::UploadEvidenceRequest& request) override;
  absl::StatusOr<v1::DownloadEvidenceResponse> DownloadEvidence(
      const v1::DownloadEvidenceRequest& request) override;
  absl::StatusOr<v1::InviteResponse> Invite(const v1::InviteRequest& request) override;
  absl::StatusOr<v1::ListLogResponse> ListLog(const v1::ListLogRequest& request) override;
  absl::StatusOr<v1::ListNotificationsResponse> ListNotifications(
      const v1::ListNotificationsRequest& request) override;
  absl::StatusOr<v1::RetryNotificationsResponse> RetryNotifications(
      const v1::RetryNotificationsRequest& request) override;
  absl::StatusOr<v1::TestNotificationChannelResponse> TestNotificationChannel(
      const v1::TestNotificationChannelRequest& request) override;
  absl::StatusOr<v1::TickEscalationResponse> TickEscalation(
      const v1::TickEscalationRequest& request) override;
  absl::StatusOr<v1::CheckLadderResponse> CheckLadder(
      const v1::CheckLadderRequest& request) override;
  absl::Status DownloadBackup(
      const v1::DownloadBackupRequest& request,
      const std::function<bool(const v1::DownloadBackupResponse&)>& take) override;
  absl::StatusOr<v1::ConfirmBackupResponse> ConfirmBackup(
      const v1::ConfirmBackupRequest& request) override;
  absl::StatusOr<v1::ListBackupsResponse> ListBackups(
      const v1::ListBackupsRequest& request) override;
  absl::StatusOr<v1::ForgetBackupResponse> ForgetBackup(
      const v1::ForgetBackupRequest& request) override;
  absl::StatusOr<v1::ListWitnessCopiesResponse> ListWitnessCopies(
      const v1::ListWitnessCopiesRequest& request) override;
  absl::StatusOr<v1::SettleWitnessCopyResponse> SettleWitnessCopy(
      const v1::SettleWitnessCopyRequest& request) override;
  // `report` in chunks of `chunk_bytes`.
  absl::Status ExportReport(
      const v1::ExportReportRequest& request,
      const std::function<bool(const v1::ExportReportResponse&)>& take) override;
  absl::Status Import(const v1::ImportOptions& options, const std::vector<v1::ImportFile>& files,
                      const std::function<void(const v1::ImportResponse&)>& on_response) override;

  // Operations as they were sent, repeats included.
  std::vector<v1::Operation> sent;
  // Answers to the next submissions, before those that are made up.
  std::vector<absl::StatusOr<v1::SubmitResponse>> answers;
  v1::ListHazardsRequest last_list;
  // Contents by their SHA-256, whole or not.
  std::map<std::string, std::string> contents;
  // Bytes of the chunks that it takes and gives.
  std::uint32_t chunk_bytes = 4;
  v1::InviteRequest last_invite;
  v1::ImportOptions last_options;
  std::vector<v1::ImportFile> last_files;
  std::vector<v1::ImportResponse> import_says;
  v1::ExportReportRequest last_report;
  std::string report = "one,two\r\n";
  // What the register says after the report's bytes.
  absl::Status report_ends;
};

// Files that hold something, whatever their name is.
class FakeFiles final : public FileSystem {
 public:
  absl::StatusOr<std::string> Read(const std::string& path, std::size_t bytes_max) override;
  absl::Status WriteAtomic(const std::string& path, std::string_view bytes,
                           const WriteOptions& options) override;
  absl::StatusOr<std::string> ReadRange(const std::string& path, std::int64_t offset,
                                        std::size_t bytes_max) override;
  absl::Status Append(const std::string& path, std::string_view bytes) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  bool Exists(const std::string& path) override { return files.count(path) > 0; }
  absl::StatusOr<std::int64_t> Size(const std::string& path) override;
  absl::Status Link(const std::string& path, const std::string& also) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status MakeDirectories(const std::string&, unsigned) override { return absl::OkStatus(); }
  absl::StatusOr<std::vector<std::string>> List(const std::string&) override { return listing; }
  absl::Status Sync(const std::string&) override { return absl::OkStatus(); }
  absl::StatusOr<std::int64_t> FreeBytes(const std::string&) override { return 1 << 30; }

  std::map<std::string, std::string> files;
  std::map<std::string, unsigned> modes;
  std::vector<std::string> listing;
};

}  // namespace vigil::office

#endif  // VIGIL_TESTS_UNIT_SERVER_CLI_FAKE_OFFICE_H_
