#ifndef VIGIL_SYNC_REPLICA_PHONE_WORLD_H_
#define VIGIL_SYNC_REPLICA_PHONE_WORLD_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/replica/meta.h"
#include "sync/replica/types.h"
#include "sync/rules/judge.h"
#include "sync/sqlite/database.h"

namespace vigil::replica {

// What a judgement on the phone may look at: the confirmed records with the user's own pending
// writes over them. The register will judge the same operation on the same knowledge.
class PhoneWorld final : public rules::World {
 public:
  struct Now {
    // By the phone's clock, corrected by the measured offset.
    absl::Time corrected;
    absl::TimeZone zone;
  };

  // `shown`: views that were handed out earlier and are judged on instead. All must outlive this.
  PhoneWorld(sqlite::Database& database, const User& user, const std::vector<RecordView>& shown,
             const Now& now)
      : database_(database), user_(user), shown_(shown), now_(now) {}

  const Now& now() const { return now_; }

  // The operation whose `seen` counts from now on; must outlive this.
  void SetOperation(const v1::Operation& operation) { operation_ = &operation; }

  // As shown: what the author sees of it, or saw when he opened a form. Null: he knows none.
  absl::StatusOr<const RecordView*> View(std::string_view record);

  absl::StatusOr<const v1::Record*> Seen(std::string_view record) override;
  absl::StatusOr<const v1::Record*> Current(std::string_view record) override;
  absl::StatusOr<bool> OwnRefused(std::string_view record) override;
  v1::Date Today() override;
  absl::Time ObservedAt() override;
  v1::Date ReceivedOn() override;
  absl::StatusOr<v1::Date> AddWorkingDays(const v1::Date& date, int days) override;

 private:
  const v1::Seen* FindSeen(std::string_view record) const;

  sqlite::Database& database_;
  const User& user_;
  const std::vector<RecordView>& shown_;
  const Now now_;
  const v1::Operation* operation_ = nullptr;
  std::map<std::string, std::optional<RecordView>, std::less<>> views_;
};

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_PHONE_WORLD_H_
