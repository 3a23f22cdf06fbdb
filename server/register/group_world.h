#ifndef VIGIL_SERVER_REGISTER_GROUP_WORLD_H_
#define VIGIL_SERVER_REGISTER_GROUP_WORLD_H_

#include <list>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/register/working_set.h"
#include "server/store/write_set.h"
#include "sync/rules/judge.h"
#include "sync/rules/work_calendar.h"

namespace vigil::registry {

// What one operation's judgement may look at: each record as its author saw it, which is the
// version that he names and what his own phone has had applied since.
class GroupWorld final : public rules::World {
 public:
  struct Calendar {
    absl::Time now;
    absl::TimeZone zone;
    const rules::WorkCalendar& working_days;
  };

  // `writes` are the group's so far. All must outlive this.
  GroupWorld(WorkingSet& records, const store::WriteSet& writes, const v1::Operation& operation,
             const rules::Author& author, const Calendar& calendar);

  // As a copy has it, the author saw the record: more than the register has kept.
  void SeeCopy(v1::Record copy);

  absl::StatusOr<const v1::Record*> Seen(std::string_view record) override;
  absl::StatusOr<const v1::Record*> Current(std::string_view record) override {
    return records_.Find(record);
  }
  absl::StatusOr<bool> OwnRefused(std::string_view record) override;
  absl::StatusOr<bool> Had(std::string_view record, int field, const v1::Write& write) override;
  absl::StatusOr<std::string> FindByKey(int kind, std::string_view key) override;
  v1::Date Today() override;
  absl::Time ObservedAt() override { return rules::ObservedAt(operation_, calendar_.now); }
  v1::Date ReceivedOn() override { return rules::DateAt(calendar_.now, calendar_.zone); }
  absl::StatusOr<v1::Date> AddWorkingDays(const v1::Date& date, int days) override {
    return calendar_.working_days.Add(date, days).date;
  }

 private:
  absl::StatusOr<std::vector<store::OwnWrite>> WritesOf(const Entry& entry, Seq after);
  absl::StatusOr<bool> OnlyOwnSince(Entry& entry, Seq version);
  absl::StatusOr<const v1::Record*> Rebuild(Entry& entry, std::uint64_t version);
  absl::Status AddOwn(Entry& entry, Seq after, v1::Record& record);
  absl::StatusOr<bool> IsApplied(const v1::Stamp& stamp);
  std::uint64_t SeenVersion(std::string_view record) const;

  WorkingSet& records_;
  const store::WriteSet& writes_;
  const v1::Operation& operation_;
  const rules::Author& author_;
  const Calendar calendar_;
  const Uuid device_;
  absl::flat_hash_map<std::string, const v1::Record*> seen_;
  std::list<v1::Record> rebuilt_;
  absl::flat_hash_map<std::string, v1::Record> copies_;
};

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_GROUP_WORLD_H_
