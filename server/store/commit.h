#ifndef VIGIL_SERVER_STORE_COMMIT_H_
#define VIGIL_SERVER_STORE_COMMIT_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/write_set.h"
#include "sync/base/ids.h"
#include "sync/sqlite/database.h"

// The statements that write a group, within the transaction of its commit. INTERNAL: the write set
// contradicts itself or what is stored.

namespace vigil::store {

absl::StatusOr<Seq> ReadHeadSeq(sqlite::Database& database);

// The log, in order and without a gap after `expected_head`, and what was refused.
absl::Status WriteLog(sqlite::Transaction& transaction, Seq expected_head, const WriteSet& writes);

// Records, their versions, moves, and the units' feeds.
absl::Status WriteRecords(sqlite::Transaction& transaction, const WriteSet& writes);

// Columns for the office's queries: hazards, orders, risk sources, conflicts, units.
absl::Status WriteProjections(sqlite::Transaction& transaction, const WriteSet& writes);

// Digests, audit nodes, notifications, counters.
absl::Status WriteRest(sqlite::Transaction& transaction, const WriteSet& writes);

// Links and signatures of phones' chains.
absl::Status WriteChains(sqlite::Transaction& transaction, const WriteSet& writes);

// Codes, sign-ins, tokens, passwords.
absl::Status WriteAccess(sqlite::Transaction& transaction, const AccessWrites& writes);

// Epochs of other branches, backups, copies that phones returned.
absl::Status WriteRestore(sqlite::Transaction& transaction, const RestoreWrites& writes);

// Moves the head to the last row of the log; leaves it where there is none.
absl::Status WriteHead(sqlite::Transaction& transaction, const WriteSet& writes, absl::Time now);

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_COMMIT_H_
