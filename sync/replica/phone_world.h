#ifndef VIGIL_SYNC_REPLICA_PHONE_WORLD_H_
#define VIGIL_SYNC_REPLICA_PHONE_WORLD_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/meta.h"
#include "sync/replica/types.h"
#include "sync/rules/judge.h"
#include "sync/sqlite/database.h"

namespace vigil::replica {

// Records that judgements have read; they hold as long as nobody writes.
struct KnownRecords {
  explicit KnownRecords(sqlite::Database& database) : confirmed(database) {}

  // As the user sees them; nullopt: there is none.
  std::map<std::string, std::optional<RecordView>, std::less<>> views;
  ConfirmedRecords confirmed;
};

// What a judgement on the phone may look at: the confirmed records with the user's own pending
// writes over them. The register will judge the same operation on the same knowledge.
class PhoneWorld final : public rules::World {
 public:
  struct Now {
    // By the phone's clock, corrected by the measured offset.
    absl::Time corrected;
    absl::TimeZone zone;
  };

  struct Source {
    sqlite::Database& database;
    const User& user;
    // What is known already, and what is learned.
    KnownRecords& known;
    // Views that were handed out earlier and are judged on instead.
    const std::vector<RecordView>& shown;
  };

  // All sources must outlive this.
  PhoneWorld(const Source& source, const Now& now)
      : database_(source.database),
        user_(source.user),
        known_(source.known),
        shown_(source.shown),
        now_(now) {}

  const Now& now() const { return now_; }
  ConfirmedRecords& confirmed() { return known_.confirmed; }

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
  // As shown, with what the same phone has done since; null: it was not.
  absl::StatusOr<const RecordView*> Shown(std::string_view record);

  sqlite::Database& database_;
  const User& user_;
  KnownRecords& known_;
  const std::vector<RecordView>& shown_;
  const Now now_;
  const v1::Operation* operation_ = nullptr;
  std::map<std::string, RecordView, std::less<>> shown_since_;
};

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_PHONE_WORLD_H_
