#ifndef VIGIL_SYNC_REPLICA_EVIDENCE_H_
#define VIGIL_SYNC_REPLICA_EVIDENCE_H_

#include "absl/status/status.h"
#include "sync/replica/meta.h"
#include "sync/sqlite/database.h"
#include "vigil/v1/operation.pb.h"

namespace vigil::replica {

// Remembers which of the contents that this user keeps an operation of his names.
absl::Status NoteEvidenceUse(sqlite::Transaction& transaction, const User& user,
                             const v1::Operation& operation);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_EVIDENCE_H_
