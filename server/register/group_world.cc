#include "server/register/group_world.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/creation.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "sync/rules/work_calendar.h"

namespace vigil::registry {

GroupWorld::GroupWorld(WorkingSet& records, const store::WriteSet& writes,
                       const v1::Operation& operation, const rules::Author& author,
                       const Calendar& calendar)
    : records_(records),
      writes_(writes),
      operation_(operation),
      author_(author),
      calendar_(calendar),
      device_(Uuid::ParseOrNil(author.device)) {}

std::uint64_t GroupWorld::SeenVersion(std::string_view record) const {
  for (const v1::Seen& seen : operation_.seen()) {
    if (seen.record() == record) return seen.version();
  }
  return 0;
}

absl::StatusOr<const v1::Record*> GroupWorld::Seen(std::string_view record) {
  const std::string key(record);
  if (const auto found = seen_.find(key); found != seen_.end()) return found->second;
  const std::optional<Uuid> id = Uuid::Parse(record);
  if (!id.has_value()) return nullptr;
  VIGIL_ASSIGN_OR_RETURN(Entry * entry, records_.Get(*id));
  const v1::Record* seen = nullptr;
  if (!entry->absent) {
    const std::uint64_t version = SeenVersion(record);
    if (const auto copy = copies_.find(key); copy != copies_.end()) {
      v1::Record& shown = rebuilt_.emplace_back(copy->second);
      VIGIL_RETURN_IF_ERROR(AddOwn(*entry, Seq(0), shown));
      seen = &shown;
    } else if (entry->record.version() <= version) {
      seen = &entry->record;
    } else {
      VIGIL_ASSIGN_OR_RETURN(seen, Rebuild(*entry, version));
    }
  }
  seen_[key] = seen;
  return seen;
}

// What the author's device wrote to a record after a version, in order.
absl::StatusOr<std::vector<store::OwnWrite>> GroupWorld::WritesOf(const Entry& entry, Seq after) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<store::OwnWrite> writes,
                         records_.snapshot().OwnWrites(entry.id, device_, after));
  for (const std::size_t place : entry.versions) {
    const store::RecordChange& change = writes_.records[place];
    if (change.device != device_) continue;
    if (!change.write_bytes.empty()) {
      writes.push_back({change.version, change.write_bytes, change.stamp_bytes});
      continue;
    }
    VIGIL_ASSIGN_OR_RETURN(rules::Creation creation, rules::CreationOf(change.bytes));
    writes.push_back(
        {change.version, std::move(creation.write_bytes), std::move(creation.stamp_bytes)});
  }
  return writes;
}

// The record as it is now is what its author saw, and what he himself has written since.
absl::StatusOr<bool> GroupWorld::OnlyOwnSince(Entry& entry, Seq version) {
  if (author_.channel != v1::CHANNEL_PHONE) return false;
  const DeviceSeq before(operation_.device_seq());
  if (entry.alone == device_ && entry.alone_since <= version && entry.alone_up_to < before) {
    return true;
  }
  for (const std::size_t place : entry.versions) {
    const store::RecordChange& change = writes_.records[place];
    if (change.device != device_ || change.device_seq >= before) return false;
  }
  VIGIL_ASSIGN_OR_RETURN(const bool others,
                         records_.snapshot().OthersWrote(entry.id, {device_, before}, version));
  if (others) return false;
  entry.alone = device_;
  entry.alone_since = version;
  entry.alone_up_to = DeviceSeq(before.value() - 1);
  return true;
}

absl::StatusOr<const v1::Record*> GroupWorld::Rebuild(Entry& entry, std::uint64_t version) {
  VIGIL_ASSIGN_OR_RETURN(const bool only_own, OnlyOwnSince(entry, Seq(version)));
  if (only_own) return &entry.record;
  v1::Record record;
  if (version > 0) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredRecord> stored,
                           records_.snapshot().FindRecordAt(entry.id, Seq(version)));
    if (stored.has_value() && !record.ParseFromString(stored->bytes)) {
      return absl::DataLossError("a stored version cannot be read");
    }
  }
  // Two clerks are not one author: only a phone knows what it wrote itself.
  if (author_.channel == v1::CHANNEL_PHONE) {
    VIGIL_RETURN_IF_ERROR(AddOwn(entry, Seq(version), record));
  }
  if (record.id().empty()) return nullptr;
  return &rebuilt_.emplace_back(std::move(record));
}

// What the author's phone has had applied, before this operation.
absl::Status GroupWorld::AddOwn(Entry& entry, Seq after, v1::Record& record) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::OwnWrite> own, WritesOf(entry, after));
  for (const store::OwnWrite& change : own) {
    v1::RecordWrite write;
    v1::Stamp stamp;
    if (!write.ParseFromString(change.write_bytes) || !stamp.ParseFromString(change.stamp_bytes)) {
      return absl::DataLossError("a stored write cannot be read");
    }
    if (stamp.device_seq() >= operation_.device_seq()) continue;
    if (record.id().empty() && !write.creates()) continue;
    VIGIL_RETURN_IF_ERROR(rules::Merge(write, stamp, record));
  }
  return absl::OkStatus();
}

void GroupWorld::SeeCopy(v1::Record copy) {
  const std::string id = copy.id();
  copies_.insert_or_assign(id, std::move(copy));
}

absl::StatusOr<bool> GroupWorld::IsApplied(const v1::Stamp& stamp) {
  const auto is_applied = [](v1::Verdict verdict) {
    return verdict == v1::VERDICT_APPLIED || verdict == v1::VERDICT_MERGED;
  };
  const std::optional<Uuid> device = Uuid::Parse(stamp.device());
  if (!device || stamp.device_seq() == 0) return false;
  for (const store::LogRow& row : writes_.log) {
    if (row.device == *device && row.device_seq.value() == stamp.device_seq()) {
      return is_applied(row.verdict);
    }
  }
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredOutcome> stored,
                         records_.snapshot().FindOutcome(*device, DeviceSeq(stamp.device_seq())));
  v1::Outcome outcome;
  return stored && outcome.ParseFromString(stored->outcome_bytes) && is_applied(outcome.verdict());
}

// Phones number their operations themselves, so that the stamp names one; the office's numbers are
// the register's, and a restored one gives them again.
absl::StatusOr<bool> GroupWorld::Had(std::string_view record, int field, const v1::Write& write) {
  if (write.stamp().covers_own()) {
    VIGIL_ASSIGN_OR_RETURN(const bool applied, IsApplied(write.stamp()));
    if (applied) return true;
  }
  VIGIL_ASSIGN_OR_RETURN(Entry * entry, records_.Get(Uuid::ParseOrNil(record)));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<store::OwnWrite> taken, WritesOf(*entry, Seq(0)));
  for (const store::OwnWrite& before : taken) {
    v1::RecordWrite copied;
    if (!copied.ParseFromString(before.write_bytes)) {
      return absl::DataLossError("a stored write cannot be read");
    }
    for (const v1::FieldWrite& change : copied.fields()) {
      const v1::Stamp& stamp = change.has_stamp() ? change.stamp() : copied.maker();
      if (static_cast<int>(change.field()) == field && change.value() == write.value() &&
          rules::SameStamp(stamp, write.stamp())) {
        return true;
      }
    }
  }
  return false;
}

absl::StatusOr<std::string> GroupWorld::FindByKey(int kind, std::string_view key) {
  if (const Entry* touched = records_.FindTouchedByKey(kind, key)) return touched->record.id();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Uuid> id, records_.snapshot().FindByKey(kind, key));
  if (!id) return std::string();
  VIGIL_ASSIGN_OR_RETURN(const Entry* entry, records_.Get(*id));
  const bool has_it = !entry->absent && rules::KeyOf(entry->record) == key;
  return has_it ? id->ToString() : std::string();
}

absl::StatusOr<bool> GroupWorld::OwnRefused(std::string_view record) {
  const std::optional<Uuid> id = Uuid::Parse(record);
  if (!id.has_value()) return false;
  for (const store::LogRow& row : writes_.log) {
    if (row.device == device_ && std::find(row.refused_records.begin(), row.refused_records.end(),
                                           *id) != row.refused_records.end()) {
      return true;
    }
  }
  return records_.snapshot().OwnRefused(device_, *id, Seq(SeenVersion(record)));
}

v1::Date GroupWorld::Today() { return rules::DateAt(ObservedAt(), calendar_.zone); }

}  // namespace vigil::registry
