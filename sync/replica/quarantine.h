#ifndef VIGIL_SYNC_REPLICA_QUARANTINE_H_
#define VIGIL_SYNC_REPLICA_QUARANTINE_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/ids.h"
#include "sync/replica/meta.h"
#include "sync/replica/outbox.h"
#include "sync/replica/types.h"
#include "sync/sqlite/database.h"

// Decisions that were never offered to the register, on records that have left the phone, or on own
// ones that live under such: whoever no longer sees a record should not decide on it unasked. They
// wait until the records are back or their author says what to do with them. What rests on one that
// waits, waits too. Facts go all the same; what was offered once is offered again, since its
// outcome is unknown.

namespace vigil::replica {

// Looks at the unsent work of every user of this phone, after `lost` (records and org units) has
// left or something has arrived. Returns whether an operation may be sent again.
absl::StatusOr<bool> Reconsider(sqlite::Database& database, sqlite::Transaction& transaction,
                                const std::vector<Uuid>& lost, absl::Time now);

// Some operation is held back: quarantined, or given up.
absl::StatusOr<bool> HoldsBack(sqlite::Database& database);

// The operation travels as its hash.
bool IsWithheld(OutboxState state);

// Its author says: send it all the same. Operations that it rests on go too. NOT_FOUND: nothing is
// quarantined under this id; DEPENDENCY_MISSING: it rests on one that was given up.
absl::Status Release(sqlite::Database& database, sqlite::Transaction& transaction, const User& user,
                     const Uuid& operation, absl::Time now);
// Its author gives it up. NOT_FOUND as above.
absl::Status Discard(sqlite::Database& database, sqlite::Transaction& transaction, const User& user,
                     const Uuid& operation, absl::Time now);

// Those of the user that are quarantined or given up, in the order in which they were made.
absl::StatusOr<std::vector<AttentionItem>> LoadQuarantine(sqlite::Database& database,
                                                          const Uuid& device);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_QUARANTINE_H_
