#include "server/register/as_of.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "server/register/projections.h"
#include "server/register/working_set.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/judge.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "sync/rules/work_calendar.h"

namespace vigil::registry {
namespace {

constexpr int kRecordsPerRead = 500;
// Projecting one record looks at all that are touched with it.
constexpr std::size_t kProjectedTogether = 200;

// What projections begin at: the others follow from these.
bool IsProjected(const v1::Record& record) {
  const v1::Entity& entity = record.entity();
  return entity.has_hazard() || entity.has_risk_source() || entity.has_org_unit() ||
         !rules::ConflictsOf(record).empty();
}

class Copier {
 public:
  Copier(store::Snapshot& live, store::AsOfStore& copy, const rules::LadderRules& rules)
      : live_(live), copy_(copy), rules_(rules) {}

  absl::Status CopyRecords(Seq seq) {
    std::int64_t after = 0;
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(std::vector<store::PastRecord> records,
                             live_.RecordsAt(seq, after, kRecordsPerRead));
      if (records.empty()) return absl::OkStatus();
      after = records.back().ordinal;
      store::WriteSet first;
      for (store::PastRecord& past : records) VIGIL_RETURN_IF_ERROR(Take(past, first));
      VIGIL_RETURN_IF_ERROR(copy_.Add(records));
      VIGIL_RETURN_IF_ERROR(copy_.Put(first));
    }
  }

  absl::Status Project() {
    for (std::size_t begin = 0; begin < records_.size(); begin += kProjectedTogether) {
      const std::size_t end = std::min(begin + kProjectedTogether, records_.size());
      store::WriteSet writes;
      std::vector<store::MovedRecord> moved;
      VIGIL_RETURN_IF_ERROR(ProjectSome(begin, end, writes, moved));
      // Nobody reads any more.
      VIGIL_RETURN_IF_ERROR(copy_.Put(writes));
      VIGIL_RETURN_IF_ERROR(copy_.Replace(moved));
    }
    return absl::OkStatus();
  }

 private:
  struct Copied {
    Uuid id;
    bool is_projected = false;
  };

  absl::Status Take(store::PastRecord& past, store::WriteSet& first) {
    v1::Record record;
    if (!record.ParseFromString(past.record.bytes)) {
      return absl::DataLossError("a stored record cannot be read");
    }
    past.key = rules::KeyOf(record);
    records_.push_back({past.record.id, IsProjected(record)});
    if (!record.entity().has_hazard()) return absl::OkStatus();
    // A hazard's state follows its duplicates, which are found by their columns.
    store::HazardProjection hazard;
    hazard.id = past.record.id;
    hazard.merged_into = Uuid::ParseOrNil(record.entity().hazard().merged_into());
    first.hazards.push_back(std::move(hazard));
    return absl::OkStatus();
  }

  absl::Status ProjectSome(std::size_t begin, std::size_t end, store::WriteSet& writes,
                           std::vector<store::MovedRecord>& moved) {
    VIGIL_ASSIGN_OR_RETURN(const auto snapshot, copy_.Read());
    WorkingSet records(*snapshot);
    for (std::size_t i = begin; i < end; ++i) {
      VIGIL_ASSIGN_OR_RETURN(Entry * entry, records.Get(records_[i].id));
      VIGIL_ASSIGN_OR_RETURN(const Uuid unit, UnitThen(entry->root, records));
      // What moved with its root, or a hazard with its risk source, has no version of that.
      const std::string text = unit.is_nil() ? "" : unit.ToString();
      if (entry->record.unit() != text) {
        entry->record.set_unit(text);
        moved.push_back({entry->id, rules::CanonicalBytes(entry->record)});
      }
      if (records_[i].is_projected) records.Touch(*entry);
    }
    VIGIL_RETURN_IF_ERROR(AddProjections(records, rules_, {}, writes));
    // The copy's records say where they live now.
    for (store::HazardProjection& hazard : writes.hazards) {
      VIGIL_ASSIGN_OR_RETURN(hazard.responsible_unit, UnitThen(hazard.id, records));
    }
    return absl::OkStatus();
  }

  // Where a root lived.
  static absl::StatusOr<Uuid> UnitThen(const Uuid& root, WorkingSet& records) {
    VIGIL_ASSIGN_OR_RETURN(const Entry* entry, records.Get(root));
    VIGIL_ASSIGN_OR_RETURN(
        const std::string unit,
        rules::UnitOf(entry->record, [&](std::string_view id) { return records.Find(id); }));
    return Uuid::ParseOrNil(unit);
  }

  store::Snapshot& live_;
  store::AsOfStore& copy_;
  const rules::LadderRules& rules_;
  std::vector<Copied> records_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<store::AsOfStore>> CopyAsOf(store::Snapshot& live, Seq seq,
                                                           const rules::LadderRules& rules) {
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<store::AsOfStore> copy,
                         store::AsOfStore::Create(seq, rules.zone));
  Copier copier(live, *copy, rules);
  VIGIL_RETURN_IF_ERROR(copier.CopyRecords(seq));
  VIGIL_RETURN_IF_ERROR(copier.Project());
  return copy;
}

absl::StatusOr<std::shared_ptr<store::AsOfStore>> AsOf::Find(store::Snapshot& live,
                                                             const v1::Date& date,
                                                             const rules::LadderRules& rules,
                                                             bool seen_by_some) {
  rules::LadderRules then = rules;
  then.today = rules::ToDay(date);
  VIGIL_ASSIGN_OR_RETURN(const Seq seq, live.LastSeqBefore(StartOfDay(then.today + 1, rules.zone)));
  VIGIL_ASSIGN_OR_RETURN(const store::Head head, live.GetHead());
  const MutexLock lock(mutex_);
  const auto found = std::find_if(copies_.begin(), copies_.end(), [&](const Copy& copy) {
    return copy.epoch == head.epoch.id() && copy.seq == seq;
  });
  if (found != copies_.end()) {
    Copy copy = std::move(*found);
    copies_.erase(found);
    VIGIL_ASSIGN_OR_RETURN(const bool moved, live.MovedSince(copy.made_at));
    if (!seen_by_some || !moved) {
      copies_.push_back(copy);
      return copy.store;
    }
  }
  VIGIL_ASSIGN_OR_RETURN(std::shared_ptr<store::AsOfStore> made, CopyAsOf(live, seq, then));
  if (copies_.size() == kCopiesMax) copies_.erase(copies_.begin());
  copies_.push_back({head.epoch.id(), seq, head.seq, made});
  return made;
}

}  // namespace vigil::registry
