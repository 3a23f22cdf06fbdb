// The office's queries that look into single fields.

#include <string>

#include "server/access/visibility.h"
#include "server/service/record_cache.h"
#include "server/service/register_core.h"
#include "sync/base/status.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"
#include "vigil/v1/entity.pb.h"

namespace vigil::service {

using access::Visibility;

namespace {

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

}  // namespace vigil::service
