#include "server/cli/clerk.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/photo.h"
#include "sync/rules/evidence.h"
#include "sync/rules/judge.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"

namespace vigil::office {

using console::Language;

namespace {

constexpr int kPageSize = 1000;
constexpr std::size_t kPrefixMin = 4;

bool IsIdPrefix(std::string_view text) {
  return text.size() >= kPrefixMin && text.size() < Uuid::kTextSize &&
         text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

bool IsMissing(const absl::Status& status) {
  return console::ExitCodeOf(status) == console::kNotFound;
}

}  // namespace

absl::Status Clerk::Begin() {
  VIGIL_ASSIGN_OR_RETURN(session_, parts_.office.GetSession(v1::GetSessionRequest()));
  VIGIL_ASSIGN_OR_RETURN(zone_, LoadZone(session_.time_zone()));
  return absl::OkStatus();
}

absl::StatusOr<v1::Evidence> Clerk::TakePhoto(const std::string& path, const std::string& caption) {
  VIGIL_ASSIGN_OR_RETURN(const std::string bytes, console::ReadPhoto(path, parts_.files));
  absl::StatusOr<v1::Evidence> evidence = rules::DescribeEvidence(bytes, rules::kEvidenceBytesMax);
  if (!evidence.ok()) return Annotate(evidence.status(), path);
  v1::GetEvidenceStatusRequest question;
  question.add_sha256(evidence->sha256());
  VIGIL_ASSIGN_OR_RETURN(const v1::GetEvidenceStatusResponse answer,
                         parts_.office.GetEvidenceStatus(question));
  if (answer.statuses().empty() || answer.chunk_bytes_max() == 0) {
    return Error(absl::StatusCode::kInternal, "the register answered another question");
  }
  v1::EvidenceStatus status = answer.statuses(0);
  v1::UploadEvidenceRequest request;
  request.set_sha256(evidence->sha256());
  request.set_media_type(evidence->media_type());
  request.set_size_bytes(evidence->size_bytes());
  while (!status.complete()) {
    const std::int64_t offset = status.received_bytes();
    request.set_offset(offset);
    request.set_chunk(bytes.substr(static_cast<std::size_t>(offset), answer.chunk_bytes_max()));
    VIGIL_ASSIGN_OR_RETURN(const v1::UploadEvidenceResponse response,
                           parts_.office.UploadEvidence(request));
    status = response.status();
    if (!status.complete() &&
        (status.received_bytes() <= offset || status.received_bytes() > evidence->size_bytes())) {
      return Error(absl::StatusCode::kUnavailable, "the register gets no further with the photo");
    }
  }
  evidence->set_caption(caption);
  return evidence;
}

absl::Status Clerk::ActOn(const std::vector<std::string>& assignments) {
  for (const std::string& text : assignments) {
    const std::size_t equals = text.rfind('=');
    std::uint64_t version = 0;
    if (equals == std::string::npos || !absl::SimpleAtoi(text.substr(equals + 1), &version)) {
      return console::UsageError("--seen takes RECORD=VERSION, not '" + text + "'");
    }
    VIGIL_ASSIGN_OR_RETURN(const v1::GetRecordResponse found, Look("", text.substr(0, equals)));
    act_on_[found.record().id()] = version;
  }
  return absl::OkStatus();
}

std::string Clerk::NewId() { return MakeUuidV7(parts_.clock.Now(), parts_.random).ToString(); }

absl::StatusOr<v1::GetRecordResponse> Clerk::Get(const v1::GetRecordRequest& request) {
  return parts_.office.GetRecord(request);
}

absl::StatusOr<v1::GetRecordResponse> Clerk::LookByKey(std::string_view kind,
                                                       std::string_view key) {
  v1::GetRecordRequest request;
  request.set_key(std::string(key));
  if (!kind.empty()) {
    request.set_kind(std::string(kind));
    return Get(request);
  }
  for (const rules::EntityInfo& info : rules::Schema::Get().entities()) {
    if (info.key_field == nullptr) continue;
    request.set_kind(info.kind);
    absl::StatusOr<v1::GetRecordResponse> found = Get(request);
    if (found.ok() || !IsMissing(found.status())) return found;
  }
  return rules::Refuse(v1::REASON_NOT_FOUND, "the register has no such record").With("key", key);
}

absl::StatusOr<v1::GetRecordResponse> Clerk::LookByPrefix(std::string_view kind,
                                                          std::string_view prefix) {
  v1::ListRecordsRequest list;
  list.set_kind(std::string(kind));
  list.set_page_size(kPageSize);
  std::string id;
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListRecordsResponse page, parts_.office.ListRecords(list));
    for (const v1::Record& record : page.records()) {
      if (record.id().compare(0, prefix.size(), prefix) != 0) continue;
      if (!id.empty()) {
        return console::UsageError(
            absl::StrCat("several ids begin with '", ToAbsl(prefix), "': give more of it"));
      }
      id = record.id();
    }
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  if (id.empty()) {
    return rules::Refuse(v1::REASON_NOT_FOUND, "the register has no such record")
        .With("id", prefix);
  }
  v1::GetRecordRequest request;
  request.set_record(id);
  return Get(request);
}

absl::StatusOr<v1::GetRecordResponse> Clerk::Look(std::string_view kind, std::string_view name) {
  if (Uuid::Parse(name)) {
    v1::GetRecordRequest request;
    request.set_record(std::string(name));
    return Get(request);
  }
  const rules::EntityInfo* info = rules::Schema::Get().FindEntity(kind);
  if (!kind.empty() && info == nullptr) {
    return console::UsageError(absl::StrCat("'", ToAbsl(kind), "' is no kind of record"));
  }
  absl::StatusOr<v1::GetRecordResponse> found =
      rules::Refuse(v1::REASON_NOT_FOUND, "the register has no such record").With("name", name);
  if (info == nullptr || info->key_field != nullptr) found = LookByKey(kind, name);
  if (found.ok() || !IsMissing(found.status()) || info == nullptr || !IsIdPrefix(name)) {
    return found;
  }
  return LookByPrefix(kind, name);
}

absl::StatusOr<v1::GetRecordResponse> Clerk::FindAll(std::string_view kind, std::string_view name) {
  VIGIL_ASSIGN_OR_RETURN(v1::GetRecordResponse found, Look(kind, name));
  const std::string id = found.record().id();
  const rules::EntityInfo* info = rules::InfoOf(found.record());
  if (!kind.empty() && info != nullptr && info->kind != kind) {
    return rules::Refuse(v1::REASON_WRONG_ENTITY, absl::StrCat("this is no ", ToAbsl(kind)))
        .With("record", id)
        .With("kind", info->kind);
  }
  const auto act_on = act_on_.find(id);
  if (act_on != act_on_.end() && act_on->second > 0) {
    v1::GetRecordRequest request;
    request.set_record(id);
    request.set_version(act_on->second);
    VIGIL_ASSIGN_OR_RETURN(found, Get(request));
  }
  shown_[id] = found.record();
  return found;
}

absl::StatusOr<v1::Record> Clerk::Find(std::string_view kind, std::string_view name) {
  VIGIL_ASSIGN_OR_RETURN(const v1::GetRecordResponse found, FindAll(kind, name));
  return found.record();
}

absl::StatusOr<std::vector<v1::Record>> Clerk::Children(const v1::Record& parent,
                                                        std::string_view kind) {
  VIGIL_ASSIGN_OR_RETURN(const v1::GetRecordResponse found, FindAll("", parent.id()));
  std::vector<v1::Record> children;
  for (const v1::Record& child : found.children()) {
    const rules::EntityInfo* info = rules::InfoOf(child);
    if (info == nullptr || info->kind != kind || child.parent() != parent.id()) continue;
    // An older version may be asked for; Find gives it, and remembers what was shown.
    VIGIL_ASSIGN_OR_RETURN(children.emplace_back(), Find(kind, child.id()));
  }
  return children;
}

// One entry for each record that the operation names, or that a named one lives under.
absl::Status Clerk::FillSeen(v1::Operation& operation) {
  std::vector<std::string> named = rules::RecordsNamed(operation);
  for (std::size_t i = 0; i < named.size(); ++i) {
    const auto shown = shown_.find(named[i]);
    if (shown == shown_.end()) continue;
    const auto act_on = act_on_.find(named[i]);
    const bool never_seen = act_on != act_on_.end() && act_on->second == 0;
    if (!never_seen) {
      v1::Seen& seen = *operation.add_seen();
      seen.set_record(named[i]);
      seen.set_version(shown->second.version());
    }
    const std::string parent = shown->second.parent();
    if (parent.empty() || std::find(named.begin(), named.end(), parent) != named.end()) continue;
    if (shown_.find(parent) == shown_.end()) VIGIL_RETURN_IF_ERROR(Find("", parent));
    named.push_back(parent);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::Record>> Clerk::All(const std::string& kind) {
  v1::ListRecordsRequest request;
  request.set_kind(kind);
  request.set_page_size(kPageSize);
  std::vector<v1::Record> records;
  do {
    VIGIL_ASSIGN_OR_RETURN(v1::ListRecordsResponse page, parts_.office.ListRecords(request));
    for (v1::Record& record : *page.mutable_records()) {
      shown_[record.id()] = record;
      records.push_back(std::move(record));
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return records;
}

absl::StatusOr<v1::SubmitResponse> Clerk::Send(v1::Operation& operation) {
  operation.set_id(NewId());
  operation.set_device(session_.device());
  operation.set_person(session_.person());
  operation.set_epoch(session_.head().epoch());
  operation.set_must_be_current(must_be_current_);
  *operation.mutable_made_at() =
      google::protobuf::util::TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(Now()));
  VIGIL_RETURN_IF_ERROR(FillSeen(operation));
  v1::SubmitRequest request;
  request.set_operation(rules::CanonicalBytes(operation));
  absl::StatusOr<v1::SubmitResponse> response = parts_.office.Submit(request);
  if (!response.ok() && console::ExitCodeOf(response.status()) == console::kUnreachable) {
    // What became of it is unknown; the same operation again is judged once at most.
    response = parts_.office.Submit(request);
  }
  return response;
}

absl::StatusOr<v1::Outcome> Clerk::Judge(v1::Operation operation) {
  VIGIL_ASSIGN_OR_RETURN(const v1::SubmitResponse response, Send(operation));
  const v1::Outcome& outcome = response.outcome();
  if (outcome.verdict() == v1::VERDICT_REFUSED || outcome.verdict() == v1::VERDICT_DEFERRED) {
    return rules::FromDetail(outcome.error());
  }
  return outcome;
}

absl::Status Clerk::Submit(v1::Operation operation) {
  VIGIL_ASSIGN_OR_RETURN(const v1::SubmitResponse response, Send(operation));
  const v1::Outcome& outcome = response.outcome();
  outcomes_.push_back(outcome);
  if (outcome.verdict() == v1::VERDICT_REFUSED || outcome.verdict() == v1::VERDICT_DEFERRED) {
    return rules::FromDetail(outcome.error());
  }
  const Language language = parts_.console.language();
  const std::string command = console::CommandLabel(
      rules::Schema::Get().FindCommand(operation.command_case())->name, language);
  parts_.console.Say(
      {"$0: $1, seq $2", "$0：$1，序号 $2"},
      {command, console::NameOf(outcome.verdict(), language), std::to_string(outcome.seq())});
  if (!outcome.number().empty()) {
    parts_.console.Say({"number: $0", "编号：$0"}, {outcome.number()});
  }
  for (const v1::FieldConflict& conflict : outcome.conflicts()) {
    parts_.console.Say(
        {"in conflict now: $0 of $1; see `vigilctl conflicts`",
         "出现冲突：$1 的 $0；请看 vigilctl conflicts"},
        {console::FieldLabel(conflict.field(), language), NameOf(conflict.record())});
  }
  if (outcome.outside_scope()) {
    parts_.console.Say({"taken in from outside your units", "已作为辖区外的事实收录"});
  }
  return absl::OkStatus();
}

void Clerk::Finish() {
  if (outcomes_.size() == 1) {
    parts_.console.Json(outcomes_.front());
  } else if (!outcomes_.empty()) {
    console::JsonArray array;
    for (const v1::Outcome& outcome : outcomes_) array.AddRaw(console::ProtoJson(outcome));
    parts_.console.Json(array.ToString());
  }
}

std::string Clerk::NameOf(std::string_view id) {
  if (id.empty()) return "";
  const auto known = names_.find(id);
  if (known != names_.end()) return known->second;
  std::string name;
  v1::GetRecordRequest request;
  request.set_record(std::string(id));
  if (const auto found = Get(request); found.ok()) name = console::RecordTitle(found->record());
  if (name.empty()) name = std::string(id);
  return names_[std::string(id)] = name;
}

console::Display Clerk::display() {
  return {.language = parts_.console.language(),
          .zone = zone_,
          .name_of = [this](std::string_view id) { return NameOf(id); }};
}

}  // namespace vigil::office
