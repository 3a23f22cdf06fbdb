#ifndef VIGIL_SYNC_REPLICA_STORAGE_H_
#define VIGIL_SYNC_REPLICA_STORAGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/meta.h"
#include "sync/replica/outbox.h"
#include "sync/replica/overlay.h"
#include "sync/replica/phone_world.h"
#include "sync/replica/types.h"
#include "sync/rules/judge.h"
#include "sync/sqlite/database.h"
#include "vigil/v1/operation.pb.h"

// What the replica's files share.

namespace vigil::replica {

// What making an operation has read.
struct Known {
  explicit Known(sqlite::Database& database) : records(database) {}

  User user;
  ChainEnd end;
  Meta meta;
  // Some of the outbox is held back; see quarantine.h.
  bool holds_back = false;
  KnownRecords records;
};

class Storage {
 public:
  explicit Storage(sqlite::Database opened) : database(std::move(opened)) {}

  // Within a transaction: what was kept after the last one, if nobody has written to the file
  // since, or else as the file says. NOT_INITIALISED (reason).
  absl::StatusOr<std::unique_ptr<Known>> TakeKnown();
  // After a commit with which it agrees.
  void KeepKnown(std::unique_ptr<Known> known);

  // Commits, and keeps the write-ahead log from growing without bound.
  absl::Status Commit(sqlite::Transaction& transaction);
  // The same where records have left the phone: from then on Clean is owed, whatever happens.
  absl::Status CommitRemoval(sqlite::Transaction& transaction);
  // Where it is owed: nothing of what has left stays in the phone's files. What cannot be done now
  // stays owed.
  absl::Status Clean();

  sqlite::Database database;

 private:
  void Truncate();

  // The log still holds what was removed, since somebody reads it; opening the file truncates it.
  bool owes_truncation_ = false;
  std::unique_ptr<Known> known_;
  std::uint32_t known_at_ = 0;
};

// Those that hold, as the register confirmed them.
absl::StatusOr<std::vector<v1::RoleGrant>> RolesOf(ConfirmedRecords& records, const User& user,
                                                   const PhoneWorld::Now& now);

// Time and zone for judgements: `clock` is the phone's.
absl::StatusOr<PhoneWorld::Now> CorrectedNow(const Meta& meta, absl::Time clock);

// A report, a reading, an inspection: taken in from anybody.
bool IsFact(const v1::Operation& operation);

// Judges a complete operation as the register will and returns what it writes.
absl::StatusOr<rules::Decision> JudgeLocally(const User& user, PhoneWorld& world,
                                             const v1::Operation& operation);
// Puts a decision over the confirmed records.
absl::Status AddToOverlay(sqlite::Transaction& transaction, const User& user,
                          const v1::Operation& operation, const rules::Decision& decision,
                          absl::Time received_at);
// The overlay of an operation that came back, from a file or the journal, as far as it can be
// judged here.
absl::Status RestoreToOverlay(sqlite::Database& database, sqlite::Transaction& transaction,
                              const User& user, const Meta& meta, const v1::Operation& operation,
                              absl::Time clock);

// Gives the hazard its short number, or finds the one that it has.
absl::StatusOr<std::string> ProvisionalNumber(sqlite::Database& database,
                                              sqlite::Transaction& transaction, const Uuid& hazard);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_STORAGE_H_
