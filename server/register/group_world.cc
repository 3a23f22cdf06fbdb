#include "server/register/group_world.h"

#include <algorithm>
#include <optional>

#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/merge.h"
#include "sync/rules/workdays.h"

namespace vigil::registry {

GroupWorld::GroupWorld(WorkingSet& records, const std::vector<store::LogRow>& log,
                       const v1::Operation& operation, const rules::Author& author, absl::Time now,
                       absl::TimeZone zone)
    : records_(records),
      log_(log),
      operation_(operation),
      author_(author),
      now_(now),
      zone_(zone),
      device_(Uuid::Parse(author.device).value_or(Uuid())) {}

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
    if (entry->record.version() <= version) {
      seen = &entry->record;
    } else {
      VIGIL_ASSIGN_OR_RETURN(seen, Rebuild(*entry, version));
    }
  }
  seen_[key] = seen;
  return seen;
}

absl::StatusOr<const v1::Record*> GroupWorld::Rebuild(Entry& entry, std::uint64_t version) {
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
    VIGIL_ASSIGN_OR_RETURN(std::vector<store::OwnWrite> own,
                           records_.snapshot().OwnWrites(entry.id, device_, Seq(version)));
    for (const store::RecordChange& change : entry.versions) {
      if (change.device == device_) {
        own.push_back({change.version, change.write_bytes, change.stamp_bytes});
      }
    }
    for (const store::OwnWrite& change : own) {
      v1::RecordWrite write;
      v1::Stamp stamp;
      if (!write.ParseFromString(change.write_bytes) ||
          !stamp.ParseFromString(change.stamp_bytes)) {
        return absl::DataLossError("a stored write cannot be read");
      }
      if (stamp.device_seq() >= operation_.device_seq()) continue;
      if (record.id().empty() && !write.creates()) continue;
      VIGIL_RETURN_IF_ERROR(rules::Merge(write, stamp, record));
    }
  }
  if (record.id().empty()) return nullptr;
  return &rebuilt_.emplace_back(std::move(record));
}

absl::StatusOr<bool> GroupWorld::OwnRefused(std::string_view record) {
  const std::optional<Uuid> id = Uuid::Parse(record);
  if (!id.has_value()) return false;
  for (const store::LogRow& row : log_) {
    if (row.device == device_ && std::find(row.refused_records.begin(), row.refused_records.end(),
                                           *id) != row.refused_records.end()) {
      return true;
    }
  }
  return records_.snapshot().OwnRefused(device_, *id, Seq(SeenVersion(record)));
}

v1::Date GroupWorld::Today() { return rules::DateAt(ObservedAt(), zone_); }

v1::Date GroupWorld::WorkingDays(const v1::Date& date, int days) {
  return rules::AddWorkingDays(date, days);
}

}  // namespace vigil::registry
