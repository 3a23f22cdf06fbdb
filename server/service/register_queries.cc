// The office's queries that look into single fields and versions.

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "google/protobuf/util/time_util.h"
#include "server/access/visibility.h"
#include "server/service/record_cache.h"
#include "server/service/register_core.h"
#include "server/store/page_token.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/merge.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"
#include "vigil/v1/entity.pb.h"
#include "vigil/v1/operation.pb.h"

namespace vigil::service {

using access::Visibility;
using rules::Refuse;

namespace {

constexpr int kHistoryDefault = 100;

// An entity of this kind with one field alone, from the bytes of a write.
v1::Entity FieldAlone(const rules::EntityInfo& info, const rules::FieldInfo& field,
                      const std::string& bytes) {
  v1::Entity entity;
  rules::SetFieldBytes(field, bytes, rules::MutableBodyOf(entity, info));
  return entity;
}

absl::Status AddConflicts(RecordCache& cache, const v1::Record& record,
                          v1::ListConflictsResponse& response) {
  const rules::EntityInfo* info = rules::InfoOf(record);
  if (info == nullptr) return absl::OkStatus();
  for (const rules::FieldInfo* field : rules::ConflictsOf(record)) {
    v1::ConflictRow& row = *response.add_conflicts();
    row.set_record(record.id());
    row.set_version(record.version());
    row.set_kind(info->kind);
    row.set_key(rules::KeyOf(record));
    row.set_field(field->name());
    row.set_policy(field->policy);
    const std::string in_force = rules::FieldBytes(rules::BodyOf(record.entity()), *field);
    for (const v1::Write& write : rules::LiveWrites(record, *field)) {
      const v1::Entity alone = FieldAlone(*info, *field, write.value());
      v1::ConflictingValue& value = *row.add_values();
      value.set_text(rules::ValueText(rules::BodyOf(alone), *field));
      *value.mutable_stamp() = write.stamp();
      VIGIL_ASSIGN_OR_RETURN(*value.mutable_person_name(), cache.NameOf(write.stamp().person()));
      value.set_in_force(write.value() == in_force);
      value.set_value(rules::CanonicalBytes(alone));
    }
  }
  return absl::OkStatus();
}

// Name of the command, such as "confirm_hazard".
std::string CommandName(const v1::Operation& operation) {
  const google::protobuf::OneofDescriptor* command =
      v1::Operation::descriptor()->FindOneofByName("command");
  const google::protobuf::FieldDescriptor* field =
      operation.GetReflection()->GetOneofFieldDescriptor(operation, command);
  return field == nullptr ? std::string() : field->name();
}

// What a version changed: each written field before and after.
void AddChanges(const v1::RecordWrite& write, const v1::Record* before, const v1::Record& after,
                v1::HistoryEntry& entry) {
  const rules::EntityInfo* info = rules::InfoOf(after);
  if (info == nullptr) return;
  for (const v1::FieldWrite& written : write.fields()) {
    const rules::FieldInfo* field = info->Find(static_cast<int>(written.field()));
    if (field == nullptr) continue;
    v1::FieldChange& change = *entry.add_changes();
    change.set_field(field->name());
    if (before != nullptr && rules::InfoOf(*before) == info) {
      change.set_before(rules::ValueText(rules::BodyOf(before->entity()), *field));
    }
    change.set_after(rules::ValueText(rules::BodyOf(after.entity()), *field));
    change.set_in_conflict(rules::InConflict(after, *field));
  }
}

absl::StatusOr<v1::HistoryEntry> ToEntry(const store::VersionRow& row) {
  v1::Operation operation;
  v1::Outcome outcome;
  v1::Stamp stamp;
  if (!operation.ParseFromString(row.operation_bytes) ||
      !outcome.ParseFromString(row.outcome_bytes) || !stamp.ParseFromString(row.stamp_bytes)) {
    return Error(absl::StatusCode::kDataLoss, "a stored version cannot be read")
        .With("seq", row.version.signed_value());
  }
  v1::HistoryEntry entry;
  entry.set_seq(row.version.value());
  entry.set_command(CommandName(operation));
  entry.set_person(stamp.person());
  entry.set_device(stamp.device());
  if (operation.has_made_at()) *entry.mutable_made_at() = operation.made_at();
  *entry.mutable_received_at() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(row.received_at));
  entry.set_seen(stamp.seen());
  entry.set_verdict(outcome.verdict());
  if (operation.has_import_record()) {
    *entry.mutable_imported_from() = operation.import_record().source();
  }
  return entry;
}

absl::StatusOr<const v1::Record*> VersionOf(store::Snapshot& snapshot, const Uuid& id, Seq version,
                                            v1::Record& storage) {
  if (version == Seq(0)) return nullptr;
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> stored,
                         snapshot.FindRecordAt(id, version));
  if (!stored) return nullptr;
  VIGIL_ASSIGN_OR_RETURN(storage, ParseRecord(*stored));
  return &storage;
}

}  // namespace

absl::StatusOr<v1::ListConflictsResponse> RegisterCore::ListConflicts(
    const rules::Author& caller, const v1::ListConflictsRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(Visibility visibility, Visibility::Of(caller, *snapshot));
  VIGIL_ASSIGN_OR_RETURN(const store::RecordScope scope, visibility.Scope());
  VIGIL_ASSIGN_OR_RETURN(const store::RecordPage page,
                         snapshot->Conflicts(request.page_size(), request.page_token(), scope));
  RecordCache cache(*snapshot);
  v1::ListConflictsResponse response;
  for (const store::StoredRecord& stored : page.records) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record record, ParseRecord(stored));
    VIGIL_RETURN_IF_ERROR(AddConflicts(cache, record, response));
  }
  response.set_next_page_token(page.next_page_token);
  return response;
}

absl::StatusOr<v1::ListEscalationsResponse> RegisterCore::ListEscalations(
    const rules::Author& caller, const v1::ListEscalationsRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(Visibility visibility, Visibility::Of(caller, *snapshot));
  VIGIL_ASSIGN_OR_RETURN(const store::RecordScope scope, visibility.Scope());
  VIGIL_ASSIGN_OR_RETURN(const store::RecordPage page,
                         snapshot->Records(v1::Entity::kEscalation, Uuid(), request.page_size(),
                                           request.page_token(), scope));
  RecordCache cache(*snapshot);
  v1::ListEscalationsResponse response;
  for (const store::StoredRecord& stored : page.records) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record record, ParseRecord(stored));
    const v1::Escalation& escalation = record.entity().escalation();
    v1::EscalationRow& row = *response.add_escalations();
    row.set_record(record.id());
    row.set_step(escalation.step());
    row.set_item(escalation.item());
    row.set_due_version(escalation.due_version());
    *row.mutable_fell_due_at() = escalation.fell_due_at();
    *row.mutable_fired_at() = escalation.fired_at();
    row.set_past(escalation.past());
    row.set_acknowledged(escalation.has_acknowledged_at());
    VIGIL_ASSIGN_OR_RETURN(const RecordCache::Description item, cache.Describe(escalation.item()));
    row.set_item_number(item.key);
    row.set_item_text(item.text);
  }
  response.set_next_page_token(page.next_page_token);
  return response;
}

absl::StatusOr<v1::ListHistoryResponse> RegisterCore::ListHistory(
    const rules::Author& caller, const v1::ListHistoryRequest& request) {
  const std::optional<Uuid> id = Uuid::Parse(request.record());
  if (!id) return Refuse(v1::REASON_INVALID_ID, "the record is named by what is no id");
  std::uint64_t after = 0;
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &after)) {
    return Refuse(v1::REASON_INVALID_PAGE_TOKEN, "this page token is not of this list");
  }
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, register_.store().Read());
  VIGIL_ASSIGN_OR_RETURN(Visibility visibility, Visibility::Of(caller, *snapshot));
  VIGIL_ASSIGN_OR_RETURN(const bool sees, visibility.Sees(*id));
  if (!sees) return NoSuchRecord(id->ToString());
  const int page_size = store::ClampPageSize(request.page_size(), kHistoryDefault);
  VIGIL_ASSIGN_OR_RETURN(std::vector<store::VersionRow> rows,
                         snapshot->History(*id, Seq(after), page_size + 1));
  const bool more = static_cast<int>(rows.size()) > page_size;
  if (more) rows.pop_back();
  RecordCache cache(*snapshot);
  v1::Record storage;
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* before, VersionOf(*snapshot, *id, Seq(after), storage));
  v1::Record previous;
  if (before != nullptr) previous = *before;
  bool has_previous = before != nullptr;
  v1::ListHistoryResponse response;
  for (const store::VersionRow& row : rows) {
    VIGIL_ASSIGN_OR_RETURN(v1::HistoryEntry entry, ToEntry(row));
    VIGIL_ASSIGN_OR_RETURN(*entry.mutable_person_name(), cache.NameOf(entry.person()));
    // The clock is no person of the register's.
    if (entry.command() == "fire_escalation") entry.set_person_name("escalation clock");
    v1::RecordWrite write;
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* now, VersionOf(*snapshot, *id, row.version, storage));
    if (now != nullptr && write.ParseFromString(row.write_bytes)) {
      AddChanges(write, has_previous ? &previous : nullptr, *now, entry);
      previous = *now;
      has_previous = true;
    }
    *response.add_entries() = std::move(entry);
  }
  if (more) {
    response.set_next_page_token(std::to_string(rows.back().version.value()));
  }
  return response;
}

}  // namespace vigil::service
