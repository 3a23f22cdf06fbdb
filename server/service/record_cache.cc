#include "server/service/record_cache.h"

#include <optional>
#include <utility>

#include "sync/base/status.h"
#include "sync/rules/derive.h"
#include "sync/rules/record.h"

namespace vigil::service {

absl::StatusOr<v1::Record> ParseRecord(const store::StoredRecord& stored) {
  v1::Record record;
  if (!record.ParseFromString(stored.bytes)) {
    return Error(absl::StatusCode::kDataLoss, "a stored record cannot be read")
        .With("record", stored.id.ToString());
  }
  return record;
}

absl::StatusOr<const v1::Record*> RecordCache::Find(const Uuid& id) {
  const auto found = records_.find(id);
  if (found != records_.end()) return found->second.get();
  VIGIL_ASSIGN_OR_RETURN(
      const std::optional<store::StoredRecord> stored,
      version_ == Seq(0) ? snapshot_.FindRecord(id) : snapshot_.FindRecordAt(id, version_));
  std::unique_ptr<const v1::Record> record;
  if (stored) {
    VIGIL_ASSIGN_OR_RETURN(v1::Record parsed, ParseRecord(*stored));
    record = std::make_unique<const v1::Record>(std::move(parsed));
  }
  return records_.emplace(id, std::move(record)).first->second.get();
}

absl::StatusOr<const v1::Record*> RecordCache::Find(std::string_view id) {
  const std::optional<Uuid> uuid = Uuid::Parse(id);
  if (!uuid) return nullptr;
  return Find(*uuid);
}

absl::StatusOr<std::vector<const v1::Record*>> RecordCache::Children(const Uuid& parent, int kind) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::StoredRecord> stored,
                         snapshot_.Children(parent, kind));
  std::vector<const v1::Record*> children;
  for (const store::StoredRecord& child : stored) {
    // As of an earlier version a child may not have been there yet.
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, Find(child.id));
    if (record != nullptr) children.push_back(record);
  }
  return children;
}

absl::StatusOr<std::vector<const v1::Record*>> RecordCache::Children(std::string_view parent,
                                                                     int kind) {
  const std::optional<Uuid> id = Uuid::Parse(parent);
  if (!id) return Error(absl::StatusCode::kDataLoss, "a stored record has no id");
  return Children(*id, kind);
}

absl::StatusOr<std::vector<const v1::Record*>> RecordCache::DuplicatesOf(std::string_view hazard) {
  const std::optional<Uuid> id = Uuid::Parse(hazard);
  if (!id) return Error(absl::StatusCode::kDataLoss, "a stored record has no id");
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, snapshot_.DuplicatesOf(*id));
  std::vector<const v1::Record*> duplicates;
  for (const Uuid& duplicate : ids) {
    // As of an earlier version it may not have been one yet.
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, Find(duplicate));
    if (record != nullptr && record->entity().hazard().merged_into() == hazard) {
      duplicates.push_back(record);
    }
  }
  return duplicates;
}

absl::StatusOr<v1::HazardState> RecordCache::HazardStateOf(const v1::Record& hazard) {
  return rules::DeriveHazard(hazard, *this);
}

absl::StatusOr<RecordCache::Description> RecordCache::Describe(std::string_view id) {
  Description description;
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, Find(id));
  if (record == nullptr) return description;
  description.key = rules::KeyOf(*record);
  if (record->entity().has_risk_source()) {
    description.text = record->entity().risk_source().name();
    return description;
  }
  while (record != nullptr && !record->entity().has_hazard()) {
    if (record->parent().empty()) return description;
    VIGIL_ASSIGN_OR_RETURN(record, Find(record->parent()));
  }
  if (record != nullptr) description.text = record->entity().hazard().description();
  return description;
}

absl::StatusOr<std::string> RecordCache::NameOf(std::string_view id) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, Find(id));
  if (record == nullptr) return std::string();
  switch (record->entity().entity_case()) {
    case v1::Entity::kPerson:
      return record->entity().person().name();
    case v1::Entity::kOrgUnit:
      return record->entity().org_unit().name();
    case v1::Entity::kRiskSource:
      return record->entity().risk_source().name();
    default:
      return std::string();
  }
}

}  // namespace vigil::service
