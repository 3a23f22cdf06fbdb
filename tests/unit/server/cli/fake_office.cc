#include "tests/unit/server/cli/fake_office.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"
#include "sync/rules/work_calendar.h"

namespace vigil::office {
namespace {

constexpr char kIdFormat[] = "018f3b1c-0000-7000-8000-%012d";

// The kind that a key looks like.
std::string KindOf(std::string_view key) {
  const auto begins = [&](std::string_view with) { return key.substr(0, with.size()) == with; };
  if (begins("YH-")) return "hazard";
  if (begins("RS-")) return "risk_source";
  if (begins("督字")) return "supervision_order";
  if (begins("督函")) return "supervision_letter";
  if (begins("通报")) return "bulletin";
  if (begins("LFU-") || begins("DEP-") || begins("DST-")) return "org_unit";
  return "";
}

constexpr std::string_view kPicture = "\xff\xd8\xff\xe0 a picture";

void FillHazard(v1::Entity& entity) {
  entity.mutable_hazard()->set_number("YH-2017-0371");
  entity.mutable_hazard()->set_status(v1::HAZARD_STATUS_RECTIFYING);
  v1::Evidence& photo = *entity.mutable_hazard()->add_photos();
  photo.set_sha256(Sha256Of(kPicture).ToHex());
  photo.set_media_type("image/jpeg");
  photo.set_size_bytes(static_cast<std::int64_t>(kPicture.size()));
}

// A description that two people wrote at once.
void AddConflict(v1::Record& record) {
  const rules::EntityInfo& info = *rules::Schema::Get().FindEntity("hazard");
  const rules::FieldInfo& field = *info.Find(std::string_view("description"));
  v1::FieldState& state = *record.add_states();
  state.set_field(static_cast<std::uint32_t>(field.number()));
  for (const char* words : {"first words", "second words"}) {
    v1::Hazard alone;
    alone.set_description(words);
    v1::Write& write = *state.add_writes();
    write.set_value(rules::FieldBytes(alone, field));
    write.mutable_stamp()->set_device(words);
    write.mutable_stamp()->set_device_seq(1);
  }
}

v1::Record RecordOf(std::string_view kind) {
  const rules::EntityInfo& info = *rules::Schema::Get().FindEntity(kind);
  v1::Record record;
  record.set_id(FakeOffice::IdOf(kind));
  record.set_version(FakeOffice::kVersion);
  rules::MutableBodyOf(*record.mutable_entity(), info);
  v1::Entity& entity = *record.mutable_entity();
  if (kind == "hazard") {
    FillHazard(entity);
    AddConflict(record);
  } else if (kind == "supervision_order") {
    record.set_parent(FakeOffice::IdOf("hazard"));
    entity.mutable_supervision_order()->set_hazard(record.parent());
    entity.mutable_supervision_order()->set_status(v1::ORDER_STATUS_IN_PROGRESS);
  } else if (kind == "extension") {
    record.set_parent(FakeOffice::IdOf("supervision_order"));
    entity.mutable_extension()->set_status(v1::EXTENSION_STATUS_APPLIED);
  } else if (kind == "transfer") {
    record.set_parent(FakeOffice::IdOf("hazard"));
    entity.mutable_transfer()->set_status(v1::TRANSFER_STATUS_PROPOSED);
  } else if (kind == "verification") {
    record.set_parent(FakeOffice::IdOf("hazard"));
    entity.mutable_verification()->set_kind(v1::VERIFICATION_KIND_GOVERNMENT);
    entity.mutable_verification()->set_result(v1::VERIFICATION_RESULT_PASSED);
  } else if (kind == "escalation") {
    record.set_parent(FakeOffice::IdOf("hazard"));
  } else if (kind == "risk_source") {
    entity.mutable_risk_source()->add_control_measures("每日巡查");
  }
  return record;
}

absl::Status NotFound() { return rules::Refuse(v1::REASON_NOT_FOUND, "no such record"); }

}  // namespace

FakeOffice::FakeOffice() { contents[Sha256Of(kPicture).ToHex()] = std::string(kPicture); }

std::string FakeOffice::IdOf(std::string_view kind) {
  return absl::StrFormat(kIdFormat, rules::Schema::Get().FindEntity(kind)->number);
}

absl::StatusOr<v1::SubmitResponse> FakeOffice::Submit(const v1::SubmitRequest& request) {
  v1::Operation& operation = sent.emplace_back();
  if (!operation.ParseFromString(request.operation())) return absl::InternalError("malformed");
  if (!answers.empty()) {
    absl::StatusOr<v1::SubmitResponse> answer = std::move(answers.front());
    answers.erase(answers.begin());
    return answer;
  }
  v1::SubmitResponse response;
  response.mutable_outcome()->set_operation(operation.id());
  response.mutable_outcome()->set_seq(kVersion + sent.size());
  response.mutable_outcome()->set_verdict(v1::VERDICT_APPLIED);
  return response;
}

absl::StatusOr<v1::GetRecordResponse> FakeOffice::GetRecord(const v1::GetRecordRequest& request) {
  std::string kind = request.kind();
  if (!request.record().empty()) {
    for (const rules::EntityInfo& info : rules::Schema::Get().entities()) {
      if (IdOf(info.kind) == request.record()) kind = info.kind;
    }
    // As in the examples.
    if (request.record().rfind("018f3b1c-9d2e", 0) == 0) kind = "inspection";
    // What was just made is an order, for all that these tests make.
    if (kind.empty()) kind = "supervision_order";
  } else {
    const std::string looks_like = KindOf(request.key());
    if (looks_like != kind && !(looks_like.empty() && kind == "person")) return NotFound();
  }
  v1::GetRecordResponse response;
  *response.mutable_record() = RecordOf(kind);
  if (!request.record().empty()) response.mutable_record()->set_id(request.record());
  if (request.version() > 0) response.mutable_record()->set_version(request.version());
  if (kind == "hazard") {
    for (const char* child : {"supervision_order", "transfer", "verification"}) {
      *response.add_children() = RecordOf(child);
    }
  } else if (kind == "supervision_order") {
    *response.add_children() = RecordOf("extension");
  }
  return response;
}

absl::StatusOr<v1::ListRecordsResponse> FakeOffice::ListRecords(
    const v1::ListRecordsRequest& request) {
  v1::ListRecordsResponse response;
  *response.add_records() = RecordOf(request.kind());
  return response;
}

absl::StatusOr<v1::ListHazardsResponse> FakeOffice::ListHazards(
    const v1::ListHazardsRequest& request) {
  last_list = request;
  v1::ListHazardsResponse response;
  v1::HazardRow& row = *response.add_hazards();
  row.set_number("YH-2017-0371");
  row.set_description("坝体渗水");
  response.set_total_size(2);
  if (request.page_token().empty()) response.set_next_page_token("second");
  return response;
}

absl::StatusOr<v1::ListOrdersResponse> FakeOffice::ListOrders(const v1::ListOrdersRequest&) {
  return v1::ListOrdersResponse();
}
absl::StatusOr<v1::ListConflictsResponse> FakeOffice::ListConflicts(
    const v1::ListConflictsRequest&) {
  return v1::ListConflictsResponse();
}
absl::StatusOr<v1::ListEscalationsResponse> FakeOffice::ListEscalations(
    const v1::ListEscalationsRequest&) {
  return v1::ListEscalationsResponse();
}
absl::StatusOr<v1::ListHistoryResponse> FakeOffice::ListHistory(const v1::ListHistoryRequest&) {
  v1::ListHistoryResponse response;
  v1::HistoryEntry& entry = *response.add_entries();
  entry.set_seq(kVersion);
  entry.set_command("confirm_hazard");
  entry.set_kind("hazard");
  v1::FieldChange& change = *entry.add_changes();
  change.set_field("grade");
  change.set_before("general");
  change.set_after("major");
  return response;
}

absl::StatusOr<v1::GetStatsResponse> FakeOffice::GetStats(const v1::GetStatsRequest&) {
  v1::GetStatsResponse response;
  for (const auto& [name, value] : std::vector<std::pair<const char*, const char*>>{
           {"overdue", "4"}, {"hazards", "370"}, {"risk_sources", "912"}, {"rate", "86.49%"}}) {
    v1::Figure& figure = *response.add_figures();
    figure.set_name(name);
    figure.set_value(value);
    figure.set_query("SELECT 1");
  }
  return response;
}

absl::StatusOr<v1::GetSessionResponse> FakeOffice::GetSession(const v1::GetSessionRequest&) {
  v1::GetSessionResponse response;
  response.set_device(IdOf("device"));
  response.set_person(IdOf("person"));
  response.set_time_zone("Asia/Shanghai");
  return response;
}

absl::StatusOr<v1::ListInspectionsDueResponse> FakeOffice::ListInspectionsDue(
    const v1::ListInspectionsDueRequest&) {
  v1::ListInspectionsDueResponse response;
  v1::InspectionDueRow& row = *response.add_inspections();
  row.set_code("RS-LF-001");
  row.set_name("landfill 1");
  *row.mutable_due_on() = rules::ToDate(absl::CivilDay(2017, 8, 1));
  row.set_overdue(true);
  response.set_total_size(1);
  return response;
}

absl::StatusOr<v1::ListEscalationStepsResponse> FakeOffice::ListEscalationSteps(
    const v1::ListEscalationStepsRequest&) {
  v1::ListEscalationStepsResponse response;
  v1::EscalationStepRow& row = *response.add_steps();
  row.set_step(v1::ESCALATION_STEP_E4_OVERDUE);
  row.set_item(IdOf("hazard"));
  row.set_item_number("YH-2017-0001");
  row.set_item_text("a crack above the path");
  row.mutable_falls_due_at()->set_seconds(1501516800);
  return response;
}

absl::StatusOr<v1::AddWorkingDaysResponse> FakeOffice::AddWorkingDays(
    const v1::AddWorkingDaysRequest& request) {
  const rules::WorkCalendar::Result counted =
      rules::WorkCalendar().Add(request.date(), request.days());
  v1::AddWorkingDaysResponse response;
  *response.mutable_date() = counted.date;
  response.mutable_years_without_list()->Add(counted.years_without_list.begin(),
                                             counted.years_without_list.end());
  return response;
}

absl::StatusOr<v1::GetDigestResponse> FakeOffice::GetDigest(const v1::GetDigestRequest&) {
  return v1::GetDigestResponse();
}

KnownRegister FakeOffice::Known() {
  return {.address = "register.example:7443", .id = IdOf("org_unit"), .public_key = {}};
}

absl::StatusOr<v1::GetEvidenceStatusResponse> FakeOffice::GetEvidenceStatus(
    const v1::GetEvidenceStatusRequest& request) {
  v1::GetEvidenceStatusResponse response;
  response.set_chunk_bytes_max(chunk_bytes);
  for (const std::string& sha256 : request.sha256()) {
    v1::EvidenceStatus& status = *response.add_statuses();
    status.set_sha256(sha256);
    status.set_received_bytes(static_cast<std::int64_t>(contents[sha256].size()));
    status.set_complete(Sha256Of(contents[sha256]).ToHex() == sha256);
  }
  return response;
}

absl::StatusOr<v1::UploadEvidenceResponse> FakeOffice::UploadEvidence(
    const v1::UploadEvidenceRequest& request) {
  std::string& content = contents[request.sha256()];
  if (request.offset() == static_cast<std::int64_t>(content.size())) content += request.chunk();
  v1::GetEvidenceStatusRequest question;
  question.add_sha256(request.sha256());
  v1::UploadEvidenceResponse response;
  *response.mutable_status() = GetEvidenceStatus(question)->statuses(0);
  return response;
}

absl::StatusOr<v1::DownloadEvidenceResponse> FakeOffice::DownloadEvidence(
    const v1::DownloadEvidenceRequest& request) {
  const auto found = contents.find(request.sha256());
  if (found == contents.end()) {
    return rules::Refuse(v1::REASON_NOT_FOUND, "no such content");
  }
  v1::DownloadEvidenceResponse response;
  response.set_offset(request.offset());
  response.set_chunk(found->second.substr(static_cast<std::size_t>(request.offset()), chunk_bytes));
  response.set_size_bytes(static_cast<std::int64_t>(found->second.size()));
  response.set_media_type("image/jpeg");
  return response;
}

absl::StatusOr<v1::InviteResponse> FakeOffice::Invite(const v1::InviteRequest& request) {
  last_invite = request;
  v1::InviteResponse response;
  response.set_code(kCode);
  response.set_person(IdOf("person"));
  response.mutable_expires_at()->set_seconds(1499133600);
  return response;
}

// Nothing was judged yet.
absl::StatusOr<v1::ListLogResponse> FakeOffice::ListLog(const v1::ListLogRequest&) {
  v1::ListLogResponse response;
  response.mutable_head()->set_root(std::string(Sha256Of("").bytes()));
  return response;
}

absl::StatusOr<v1::ListNotificationsResponse> FakeOffice::ListNotifications(
    const v1::ListNotificationsRequest&) {
  return v1::ListNotificationsResponse();
}
absl::StatusOr<v1::CheckLadderResponse> FakeOffice::CheckLadder(const v1::CheckLadderRequest&) {
  return v1::CheckLadderResponse();
}

absl::StatusOr<v1::RetryNotificationsResponse> FakeOffice::RetryNotifications(
    const v1::RetryNotificationsRequest&) {
  return v1::RetryNotificationsResponse();
}

absl::StatusOr<v1::TestNotificationChannelResponse> FakeOffice::TestNotificationChannel(
    const v1::TestNotificationChannelRequest&) {
  v1::TestNotificationChannelResponse response;
  response.set_sent(true);
  return response;
}

absl::StatusOr<v1::TickEscalationResponse> FakeOffice::TickEscalation(
    const v1::TickEscalationRequest&) {
  return v1::TickEscalationResponse();
}

absl::Status FakeOffice::DownloadBackup(
    const v1::DownloadBackupRequest&,
    const std::function<bool(const v1::DownloadBackupResponse&)>&) {
  return absl::UnavailableError("no backup from here");
}

absl::StatusOr<v1::ConfirmBackupResponse> FakeOffice::ConfirmBackup(
    const v1::ConfirmBackupRequest&) {
  return v1::ConfirmBackupResponse();
}

absl::StatusOr<v1::ListBackupsResponse> FakeOffice::ListBackups(const v1::ListBackupsRequest&) {
  return v1::ListBackupsResponse();
}

absl::StatusOr<v1::ForgetBackupResponse> FakeOffice::ForgetBackup(const v1::ForgetBackupRequest&) {
  return v1::ForgetBackupResponse();
}

absl::StatusOr<v1::ListWitnessCopiesResponse> FakeOffice::ListWitnessCopies(
    const v1::ListWitnessCopiesRequest&) {
  v1::Record record;
  record.set_id(IdOf("reading"));
  record.mutable_entity()->mutable_risk_source()->set_code("RS-LOST");
  v1::ListWitnessCopiesResponse response;
  v1::ReturnedCopy& copy = *response.add_copies();
  copy.set_id(7);
  copy.set_lost(true);
  copy.set_record(record.SerializeAsString());
  return response;
}

absl::StatusOr<v1::SettleWitnessCopyResponse> FakeOffice::SettleWitnessCopy(
    const v1::SettleWitnessCopyRequest&) {
  return v1::SettleWitnessCopyResponse();
}

absl::Status FakeOffice::ExportReport(
    const v1::ExportReportRequest& request,
    const std::function<bool(const v1::ExportReportResponse&)>& take) {
  last_report = request;
  v1::ExportReportResponse response;
  response.mutable_file()->set_name("report");
  response.mutable_file()->set_size_bytes(static_cast<std::int64_t>(report.size()));
  response.mutable_file()->set_rows(1);
  bool taken = take(response);
  for (std::size_t at = 0; taken && at < report.size(); at += chunk_bytes) {
    response.set_chunk(report.substr(at, chunk_bytes));
    taken = take(response);
  }
  return taken ? report_ends : absl::CancelledError("nobody reads");
}

absl::Status FakeOffice::Import(const v1::ImportOptions& options,
                                const std::vector<v1::ImportFile>& files,
                                const std::function<void(const v1::ImportResponse&)>& on_response) {
  last_options = options;
  last_files = files;
  for (const v1::ImportResponse& response : import_says) on_response(response);
  return absl::OkStatus();
}

absl::StatusOr<std::string> FakeFiles::Read(const std::string& path, std::size_t) {
  const auto found = files.find(path);
  if (found != files.end()) return found->second;
  const bool json = path.size() > 5 && path.substr(path.size() - 5) == ".json";
  if (path.ends_with(".jpg")) return std::string(kPicture);
  return std::string(json ? "{}" : "bytes");
}

absl::Status FakeFiles::WriteAtomic(const std::string& path, std::string_view bytes,
                                    const WriteOptions& options) {
  files[path] = std::string(bytes);
  modes[path] = options.mode;
  return absl::OkStatus();
}

absl::StatusOr<std::string> FakeFiles::ReadRange(const std::string& path, std::int64_t offset,
                                                 std::size_t bytes_max) {
  VIGIL_ASSIGN_OR_RETURN(const std::string all, Read(path, 0));
  if (offset >= static_cast<std::int64_t>(all.size())) return std::string();
  return all.substr(static_cast<std::size_t>(offset), bytes_max);
}

absl::Status FakeFiles::Append(const std::string& path, std::string_view bytes) {
  files[path] += bytes;
  return absl::OkStatus();
}

absl::Status FakeFiles::Rename(const std::string& from, const std::string& to) {
  files[to] = files[from];
  files.erase(from);
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> FakeFiles::Size(const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(const std::string all, Read(path, 0));
  return static_cast<std::int64_t>(all.size());
}

absl::Status FakeFiles::Link(const std::string& path, const std::string& also) {
  files[also] = files[path];
  return absl::OkStatus();
}

absl::Status FakeFiles::Remove(const std::string& path) {
  files.erase(path);
  return absl::OkStatus();
}

}  // namespace vigil::office
