#ifndef VIGIL_SYNC_REPLICA_UNREAD_H_
#define VIGIL_SYNC_REPLICA_UNREAD_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/ids.h"
#include "sync/sqlite/database.h"

// When the register went back, everything is read anew. What does not come again by the time that
// all is read had come here because a record, an org unit or a role had moved, beyond what both
// epochs share, and lives elsewhere now.

namespace vigil::replica {

// All confirmed records have to come again.
absl::Status ExpectAll(sqlite::Transaction& transaction);

// Some have not come yet.
absl::StatusOr<bool> ExpectsAny(sqlite::Database& database);

// This one has come.
absl::Status NoteRead(sqlite::Transaction& transaction, const Uuid& record);

// All is read: removes the confirmed records that have not come, and returns their ids. The caller
// commits it as a removal.
absl::StatusOr<std::vector<Uuid>> RemoveUnread(sqlite::Database& database,
                                               sqlite::Transaction& transaction);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_UNREAD_H_
