#include "sync/transport/office_client.h"

#include <utility>

#include "grpcpp/client_context.h"
#include "sync/base/status.h"
#include "sync/transport/channel.h"
#include "sync/transport/sync_caller.h"
#include "vigil/v1/access_service.grpc.pb.h"
#include "vigil/v1/admin_service.grpc.pb.h"
#include "vigil/v1/evidence_service.grpc.pb.h"
#include "vigil/v1/register_service.grpc.pb.h"
#include "vigil/v1/report_service.grpc.pb.h"

namespace vigil::transport {

namespace {

constexpr std::size_t kPartBytes = 256 * 1024;

// False: the server listens no more.
template <typename Stream>
bool SendFile(Stream& stream, const v1::ImportFile& file) {
  std::size_t sent = 0;
  do {
    v1::ImportRequest request;
    request.mutable_file()->set_name(file.name());
    request.mutable_file()->set_content(file.content().substr(sent, kPartBytes));
    if (!stream.Write(request)) return false;
    sent += kPartBytes;
  } while (sent < file.content().size());
  return true;
}

}  // namespace

struct OfficeClient::Stubs {
  Stubs(OfficeClient::Options options_in, const std::shared_ptr<grpc::Channel>& channel)
      : options(std::move(options_in)),
        access(v1::AccessService::NewStub(channel)),
        office(v1::RegisterService::NewStub(channel)),
        admin(v1::AdminService::NewStub(channel)),
        evidence(v1::EvidenceService::NewStub(channel)),
        report(v1::ReportService::NewStub(channel)),
        caller(*options.access, *access, options.call_max) {}

  const OfficeClient::Options options;
  const std::unique_ptr<v1::AccessService::Stub> access;
  const std::unique_ptr<v1::RegisterService::Stub> office;
  const std::unique_ptr<v1::AdminService::Stub> admin;
  const std::unique_ptr<v1::EvidenceService::Stub> evidence;
  const std::unique_ptr<v1::ReportService::Stub> report;
  const SyncCaller caller;
};

absl::StatusOr<std::unique_ptr<OfficeClient>> OfficeClient::Make(Options options) {
  VIGIL_CHECK(options.access != nullptr);
  VIGIL_ASSIGN_OR_RETURN(const auto channel, MakeChannel(options.connection));
  return std::unique_ptr<OfficeClient>(
      new OfficeClient(std::make_unique<Stubs>(std::move(options), channel)));
}

OfficeClient::OfficeClient(std::unique_ptr<Stubs> stubs) : stubs_(std::move(stubs)) {}

OfficeClient::~OfficeClient() = default;

absl::StatusOr<v1::SubmitResponse> OfficeClient::Submit(const v1::SubmitRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/Submit", request,
                             &v1::RegisterService::Stub::Submit);
}

absl::StatusOr<v1::GetSessionResponse> OfficeClient::GetSession(
    const v1::GetSessionRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/GetSession", request,
                             &v1::RegisterService::Stub::GetSession);
}

absl::StatusOr<v1::GetRecordResponse> OfficeClient::GetRecord(const v1::GetRecordRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/GetRecord", request,
                             &v1::RegisterService::Stub::GetRecord);
}

absl::StatusOr<v1::ListRecordsResponse> OfficeClient::ListRecords(
    const v1::ListRecordsRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/ListRecords", request,
                             &v1::RegisterService::Stub::ListRecords);
}

absl::StatusOr<v1::ListHazardsResponse> OfficeClient::ListHazards(
    const v1::ListHazardsRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/ListHazards", request,
                             &v1::RegisterService::Stub::ListHazards);
}

absl::StatusOr<v1::ListOrdersResponse> OfficeClient::ListOrders(
    const v1::ListOrdersRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/ListOrders", request,
                             &v1::RegisterService::Stub::ListOrders);
}

absl::StatusOr<v1::ListConflictsResponse> OfficeClient::ListConflicts(
    const v1::ListConflictsRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/ListConflicts", request,
                             &v1::RegisterService::Stub::ListConflicts);
}

absl::StatusOr<v1::ListEscalationsResponse> OfficeClient::ListEscalations(
    const v1::ListEscalationsRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/ListEscalations", request,
                             &v1::RegisterService::Stub::ListEscalations);
}

absl::StatusOr<v1::ListHistoryResponse> OfficeClient::ListHistory(
    const v1::ListHistoryRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/ListHistory", request,
                             &v1::RegisterService::Stub::ListHistory);
}

absl::StatusOr<v1::GetStatsResponse> OfficeClient::GetStats(const v1::GetStatsRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/GetStats", request,
                             &v1::RegisterService::Stub::GetStats);
}

absl::StatusOr<v1::ListEscalationStepsResponse> OfficeClient::ListEscalationSteps(
    const v1::ListEscalationStepsRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/ListEscalationSteps",
                             request, &v1::RegisterService::Stub::ListEscalationSteps);
}

absl::StatusOr<v1::ListInspectionsDueResponse> OfficeClient::ListInspectionsDue(
    const v1::ListInspectionsDueRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/ListInspectionsDue",
                             request, &v1::RegisterService::Stub::ListInspectionsDue);
}

absl::StatusOr<v1::AddWorkingDaysResponse> OfficeClient::AddWorkingDays(
    const v1::AddWorkingDaysRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/AddWorkingDays", request,
                             &v1::RegisterService::Stub::AddWorkingDays);
}

absl::StatusOr<v1::GetDigestResponse> OfficeClient::GetDigest(const v1::GetDigestRequest& request) {
  return stubs_->caller.Call(*stubs_->office, "vigil.v1.RegisterService/GetDigest", request,
                             &v1::RegisterService::Stub::GetDigest);
}

absl::StatusOr<v1::GetEvidenceStatusResponse> OfficeClient::GetEvidenceStatus(
    const v1::GetEvidenceStatusRequest& request) {
  return stubs_->caller.Call(*stubs_->evidence, "vigil.v1.EvidenceService/GetEvidenceStatus",
                             request, &v1::EvidenceService::Stub::GetEvidenceStatus);
}

absl::StatusOr<v1::UploadEvidenceResponse> OfficeClient::UploadEvidence(
    const v1::UploadEvidenceRequest& request) {
  return stubs_->caller.Call(*stubs_->evidence, "vigil.v1.EvidenceService/UploadEvidence", request,
                             &v1::EvidenceService::Stub::UploadEvidence);
}

absl::StatusOr<v1::DownloadEvidenceResponse> OfficeClient::DownloadEvidence(
    const v1::DownloadEvidenceRequest& request) {
  return stubs_->caller.Call(*stubs_->evidence, "vigil.v1.EvidenceService/DownloadEvidence",
                             request, &v1::EvidenceService::Stub::DownloadEvidence);
}

absl::StatusOr<v1::InviteResponse> OfficeClient::Invite(const v1::InviteRequest& request) {
  return stubs_->caller.Call(*stubs_->admin, "vigil.v1.AdminService/Invite", request,
                             &v1::AdminService::Stub::Invite);
}

absl::StatusOr<v1::ListLogResponse> OfficeClient::ListLog(const v1::ListLogRequest& request) {
  return stubs_->caller.Call(*stubs_->admin, "vigil.v1.AdminService/ListLog", request,
                             &v1::AdminService::Stub::ListLog);
}

absl::StatusOr<v1::ListNotificationsResponse> OfficeClient::ListNotifications(
    const v1::ListNotificationsRequest& request) {
  return stubs_->caller.Call(*stubs_->admin, "vigil.v1.AdminService/ListNotifications", request,
                             &v1::AdminService::Stub::ListNotifications);
}

absl::StatusOr<v1::RetryNotificationsResponse> OfficeClient::RetryNotifications(
    const v1::RetryNotificationsRequest& request) {
  return stubs_->caller.Call(*stubs_->admin, "vigil.v1.AdminService/RetryNotifications", request,
                             &v1::AdminService::Stub::RetryNotifications);
}

absl::StatusOr<v1::TestNotificationChannelResponse> OfficeClient::TestNotificationChannel(
    const v1::TestNotificationChannelRequest& request) {
  return stubs_->caller.Call(*stubs_->admin, "vigil.v1.AdminService/TestNotificationChannel",
                             request, &v1::AdminService::Stub::TestNotificationChannel);
}

absl::StatusOr<v1::TickEscalationResponse> OfficeClient::TickEscalation(
    const v1::TickEscalationRequest& request) {
  return stubs_->caller.Call(*stubs_->admin, "vigil.v1.AdminService/TickEscalation", request,
                             &v1::AdminService::Stub::TickEscalation);
}

absl::StatusOr<v1::CheckLadderResponse> OfficeClient::CheckLadder(
    const v1::CheckLadderRequest& request) {
  return stubs_->caller.Call(*stubs_->admin, "vigil.v1.AdminService/CheckLadder", request,
                             &v1::AdminService::Stub::CheckLadder);
}

absl::Status OfficeClient::DownloadBackup(
    const v1::DownloadBackupRequest& request,
    const std::function<bool(const v1::DownloadBackupResponse&)>& take) {
  return stubs_->caller.Attempt(
      "vigil.v1.AdminService/DownloadBackup", [&](grpc::ClientContext& context) {
        SetDeadline(stubs_->options.backup_max, context);
        const auto stream = stubs_->admin->DownloadBackup(&context, request);
        v1::DownloadBackupResponse response;
        bool taken = true;
        while (taken && stream->Read(&response)) taken = take(response);
        if (!taken) context.TryCancel();
        return stream->Finish();
      });
}

absl::Status OfficeClient::ExportReport(
    const v1::ExportReportRequest& request,
    const std::function<bool(const v1::ExportReportResponse&)>& take) {
  return stubs_->caller.Attempt(
      "vigil.v1.ReportService/ExportReport", [&](grpc::ClientContext& context) {
        SetDeadline(stubs_->options.report_max, context);
        const auto stream = stubs_->report->ExportReport(&context, request);
        v1::ExportReportResponse response;
        bool taken = true;
        while (taken && stream->Read(&response)) taken = take(response);
        if (!taken) context.TryCancel();
        return stream->Finish();
      });
}

absl::StatusOr<v1::ConfirmBackupResponse> OfficeClient::ConfirmBackup(
    const v1::ConfirmBackupRequest& request) {
  return stubs_->caller.Call(*stubs_->admin, "vigil.v1.AdminService/ConfirmBackup", request,
                             &v1::AdminService::Stub::ConfirmBackup);
}

absl::StatusOr<v1::ListBackupsResponse> OfficeClient::ListBackups(
    const v1::ListBackupsRequest& request) {
  return stubs_->caller.Call(*stubs_->admin, "vigil.v1.AdminService/ListBackups", request,
                             &v1::AdminService::Stub::ListBackups);
}

absl::StatusOr<v1::ForgetBackupResponse> OfficeClient::ForgetBackup(
    const v1::ForgetBackupRequest& request) {
  return stubs_->caller.Call(*stubs_->admin, "vigil.v1.AdminService/ForgetBackup", request,
                             &v1::AdminService::Stub::ForgetBackup);
}

absl::StatusOr<v1::ListWitnessCopiesResponse> OfficeClient::ListWitnessCopies(
    const v1::ListWitnessCopiesRequest& request) {
  return stubs_->caller.Call(*stubs_->admin, "vigil.v1.AdminService/ListWitnessCopies", request,
                             &v1::AdminService::Stub::ListWitnessCopies);
}

absl::StatusOr<v1::SettleWitnessCopyResponse> OfficeClient::SettleWitnessCopy(
    const v1::SettleWitnessCopyRequest& request) {
  return stubs_->caller.Call(*stubs_->admin, "vigil.v1.AdminService/SettleWitnessCopy", request,
                             &v1::AdminService::Stub::SettleWitnessCopy);
}

absl::Status OfficeClient::Import(
    const v1::ImportOptions& options, const std::vector<v1::ImportFile>& files,
    const std::function<void(const v1::ImportResponse&)>& on_response) {
  return stubs_->caller.Attempt("vigil.v1.AdminService/Import", [&](grpc::ClientContext& context) {
    SetDeadline(stubs_->options.import_max, context);
    const auto stream = stubs_->admin->Import(&context);
    v1::ImportRequest first;
    *first.mutable_options() = options;
    bool listens = stream->Write(first);
    for (const v1::ImportFile& file : files) listens = listens && SendFile(*stream, file);
    // Nothing comes back before the last part has gone, so that reading may wait until then.
    if (listens) stream->WritesDone();
    v1::ImportResponse response;
    while (stream->Read(&response)) on_response(response);
    return stream->Finish();
  });
}

}  // namespace vigil::transport
