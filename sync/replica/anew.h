#ifndef VIGIL_SYNC_REPLICA_ANEW_H_
#define VIGIL_SYNC_REPLICA_ANEW_H_

#include "absl/status/status.h"
#include "sync/replica/meta.h"
#include "sync/sqlite/database.h"
#include "vigil/v1/operation.pb.h"

// A device whose database was copied goes on as another one of the same person.

namespace vigil::replica {

// Puts an operation of a former device at the end of the author's chain, under its old id. Changes
// `operation`, which becomes what will be sent.
absl::Status AppendRemade(sqlite::Database& database, sqlite::Transaction& transaction,
                          const User& author, v1::Operation& operation);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_ANEW_H_
