#include "server/register/working_set.h"

#include <algorithm>
#include <utility>

#include "sync/base/status.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"

namespace vigil::registry {
namespace {

// About 50 MiB.
constexpr std::size_t kEntriesKeptMax = 10'000;

// What is asked of a record as it is stored.
void NoteStored(Entry& entry) {
  entry.stored_unit = entry.unit;
  entry.stored_merged_into = Uuid::ParseOrNil(entry.record.entity().hazard().merged_into());
  entry.stored_in_conflict = !rules::ConflictsOf(entry.record).empty();
}

void AddOnce(Entry* entry, std::vector<Entry*>& entries) {
  if (std::find(entries.begin(), entries.end(), entry) == entries.end()) entries.push_back(entry);
}

}  // namespace

void Entry::NoteAuthor(const Uuid& device, DeviceSeq device_seq, Seq version) {
  if (alone != device) {
    alone = device;
    alone_since = Seq(version.value() - 1);
    alone_up_to = DeviceSeq();
  }
  alone_up_to = std::max(alone_up_to, device_seq);
}

absl::StatusOr<Entry*> WorkingSet::Get(const Uuid& id) {
  std::unique_ptr<Entry>& slot = entries_[id];
  if (slot != nullptr) return slot.get();
  auto entry = std::make_unique<Entry>();
  entry->id = id;
  VIGIL_ASSIGN_OR_RETURN(std::optional<store::StoredRecord> stored, snapshot_->FindRecord(id));
  if (stored.has_value()) {
    if (!entry->record.ParseFromString(stored->bytes)) {
      return absl::DataLossError("a stored record cannot be read");
    }
    entry->absent = false;
    entry->root = stored->root;
    entry->unit = stored->unit;
    entry->stored_bytes = std::move(stored->bytes);
    const rules::EntityInfo* info = rules::Schema::Get().FindEntity(stored->kind);
    entry->office_only = info != nullptr && info->rules.audience() == v1::AUDIENCE_OFFICE;
    NoteStored(*entry);
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

absl::StatusOr<std::vector<Entry*>> WorkingSet::ReadChildren(const Uuid& parent, int kind) {
  std::vector<Entry*> children;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::StoredRecord> stored,
                         snapshot_->Children(parent, kind));
  for (const store::StoredRecord& record : stored) {
    VIGIL_ASSIGN_OR_RETURN(Entry * entry, Get(record.id));
    children.push_back(entry);
  }
  if (const auto made = made_children_.find({parent, kind}); made != made_children_.end()) {
    children.insert(children.end(), made->second.begin(), made->second.end());
  }
  return children;
}

absl::StatusOr<std::vector<Entry*>> WorkingSet::Children(const Uuid& parent, int kind) {
  // A risk source has thousands of inspections, which only its move asks for.
  if (kind == kAllKinds) return ReadChildren(parent, kind);
  const auto known = children_.find({parent, kind});
  if (known != children_.end()) return known->second;
  VIGIL_ASSIGN_OR_RETURN(std::vector<Entry*> children, ReadChildren(parent, kind));
  return children_[{parent, kind}] = std::move(children);
}

absl::StatusOr<std::vector<Entry*>> WorkingSet::DuplicatesOf(const Uuid& hazard) {
  auto known = duplicates_.find(hazard);
  if (known == duplicates_.end()) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> stored, snapshot_->DuplicatesOf(hazard));
    std::vector<Entry*> read;
    for (const Uuid& id : stored) {
      VIGIL_ASSIGN_OR_RETURN(Entry * entry, Get(id));
      read.push_back(entry);
    }
    if (const auto made = made_duplicates_.find(hazard); made != made_duplicates_.end()) {
      for (Entry* entry : made->second) AddOnce(entry, read);
    }
    known = duplicates_.emplace(hazard, std::move(read)).first;
  }
  std::vector<Entry*> duplicates;
  const std::string target = hazard.ToString();
  for (Entry* entry : known->second) {
    if (entry->record.entity().hazard().merged_into() == target) duplicates.push_back(entry);
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
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> stored, snapshot_->HazardsFollowing(risk_source));
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

absl::StatusOr<const store::HazardProjection*> WorkingSet::HazardRow(const Uuid& id) {
  auto known = hazard_rows_.find(id);
  if (known == hazard_rows_.end()) {
    VIGIL_ASSIGN_OR_RETURN(std::optional<store::HazardProjection> row,
                           snapshot_->FindHazardProjection(id));
    known = hazard_rows_.emplace(id, std::move(row)).first;
  }
  return known->second ? &*known->second : nullptr;
}

absl::StatusOr<const store::RiskSourceProjection*> WorkingSet::SourceRow(const Uuid& id) {
  auto known = source_rows_.find(id);
  if (known == source_rows_.end()) {
    VIGIL_ASSIGN_OR_RETURN(std::optional<store::RiskSourceProjection> row,
                           snapshot_->FindRiskSourceProjection(id));
    known = source_rows_.emplace(id, std::move(row)).first;
  }
  return known->second ? &*known->second : nullptr;
}

void WorkingSet::Touch(Entry& entry) {
  if (!std::exchange(entry.touched, true)) touched_.push_back(&entry);
}

void WorkingSet::NoteChild(const Uuid& parent, int kind, Entry& child) {
  made_children_[{parent, kind}].push_back(&child);
  made_children_[{parent, kAllKinds}].push_back(&child);
  const auto known = children_.find({parent, kind});
  if (known != children_.end()) known->second.push_back(&child);
}

void WorkingSet::NoteDuplicate(const Uuid& of, Entry& hazard) {
  AddOnce(&hazard, made_duplicates_[of]);
  const auto known = duplicates_.find(of);
  if (known != duplicates_.end()) AddOnce(&hazard, known->second);
}

void WorkingSet::NoteKey(Entry& entry, int kind, const std::string& key) {
  keyed_[{kind, key}].push_back(&entry);
}

const Entry* WorkingSet::FindTouchedByKey(int kind, std::string_view key) const {
  const auto found = keyed_.find({kind, std::string(key)});
  if (found == keyed_.end()) return nullptr;
  for (const Entry* entry : found->second) {
    if (rules::KeyOf(entry->record) == key) return entry;
  }
  return nullptr;
}

void WorkingSet::Settle() {
  for (Entry* entry : touched_) {
    entry->stored_bytes = std::exchange(entry->bytes, {});
    entry->stored_share = std::exchange(entry->share, std::nullopt);
    entry->versions.clear();
    entry->touched = false;
    NoteStored(*entry);
  }
  touched_.clear();
  made_children_.clear();
  made_duplicates_.clear();
  keyed_.clear();
  if (entries_.size() <= kEntriesKeptMax) return;
  children_.clear();
  duplicates_.clear();
  hazard_rows_.clear();
  source_rows_.clear();
  entries_.clear();
}

}  // namespace vigil::registry
