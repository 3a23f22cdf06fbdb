#include "server/register/working_set.h"

#include <algorithm>
#include <utility>

#include "sync/base/status.h"
#include "sync/rules/merge.h"
#include "sync/rules/schema.h"

namespace vigil::registry {

absl::StatusOr<Entry*> WorkingSet::Get(const Uuid& id) {
  std::unique_ptr<Entry>& slot = entries_[id];
  if (slot != nullptr) return slot.get();
  auto entry = std::make_unique<Entry>();
  entry->id = id;
  VIGIL_ASSIGN_OR_RETURN(std::optional<store::StoredRecord> stored, snapshot_.FindRecord(id));
  if (stored.has_value()) {
    if (!entry->record.ParseFromString(stored->bytes)) {
      return absl::DataLossError("a stored record cannot be read");
    }
    entry->absent = false;
    entry->root = stored->root;
    entry->unit = stored->unit;
    entry->stored_unit = stored->unit;
    entry->stored_bytes = std::move(stored->bytes);
    const rules::EntityInfo* info = rules::Schema::Get().FindEntity(stored->kind);
    entry->office_only = info != nullptr && info->rules.audience() == v1::AUDIENCE_OFFICE;
    entry->stored_in_conflict = !rules::ConflictsOf(entry->record).empty();
  }
  slot = std::move(entry);
  return slot.get();
}

absl::StatusOr<const v1::Record*> WorkingSet::Find(std::string_view id) {
  const std::optional<Uuid> uuid = Uuid::Parse(id);
  if (!uuid.has_value()) return nullptr;
  VIGIL_ASSIGN_OR_RETURN(const Entry* entry, Get(*uuid));
  return entry->absent ? nullptr : &entry->record;
}

absl::StatusOr<std::vector<Entry*>> WorkingSet::Children(const Uuid& parent, int kind) {
  std::vector<Entry*> children;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::StoredRecord> stored,
                         snapshot_.Children(parent, kind));
  for (const store::StoredRecord& record : stored) {
    VIGIL_ASSIGN_OR_RETURN(Entry * entry, Get(record.id));
    children.push_back(entry);
  }
  const std::string parent_text = parent.ToString();
  for (Entry* entry : touched_) {
    const bool known = !entry->stored_bytes.empty();
    if (known || entry->absent || entry->record.parent() != parent_text) continue;
    if (kind == 0 || static_cast<int>(entry->record.entity().entity_case()) == kind) {
      children.push_back(entry);
    }
  }
  return children;
}

absl::StatusOr<std::vector<Entry*>> WorkingSet::DuplicatesOf(const Uuid& hazard) {
  std::vector<Entry*> duplicates;
  const std::string target = hazard.ToString();
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> stored, snapshot_.DuplicatesOf(hazard));
  for (const Uuid& id : stored) {
    VIGIL_ASSIGN_OR_RETURN(Entry * entry, Get(id));
    if (entry->record.entity().hazard().merged_into() == target) duplicates.push_back(entry);
  }
  for (Entry* entry : touched_) {
    if (entry->absent || entry->record.entity().hazard().merged_into() != target) continue;
    if (std::find(duplicates.begin(), duplicates.end(), entry) == duplicates.end()) {
      duplicates.push_back(entry);
    }
  }
  return duplicates;
}

absl::StatusOr<std::vector<Entry*>> WorkingSet::HazardsFollowing(const Uuid& risk_source) {
  std::vector<Entry*> hazards;
  const std::string source = risk_source.ToString();
  const auto follows = [&](const Entry& entry) {
    const v1::Hazard& hazard = entry.record.entity().hazard();
    return !entry.absent && hazard.risk_source() == source && hazard.responsible_unit().empty();
  };
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> stored, snapshot_.HazardsFollowing(risk_source));
  for (const Uuid& id : stored) {
    VIGIL_ASSIGN_OR_RETURN(Entry * entry, Get(id));
    if (follows(*entry)) hazards.push_back(entry);
  }
  for (Entry* entry : touched_) {
    const bool listed = std::binary_search(stored.begin(), stored.end(), entry->id);
    if (!listed && follows(*entry)) hazards.push_back(entry);
  }
  return hazards;
}

void WorkingSet::Touch(Entry& entry) {
  if (!std::exchange(entry.touched, true)) touched_.push_back(&entry);
}

}  // namespace vigil::registry
