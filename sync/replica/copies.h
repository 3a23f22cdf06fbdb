#ifndef VIGIL_SYNC_REPLICA_COPIES_H_
#define VIGIL_SYNC_REPLICA_COPIES_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sync/base/ids.h"
#include "sync/sqlite/database.h"

// Copies of records that a restored register may have lost. One that the register has taken is kept
// until a backup holds it, as the journal is: the next restore may go back to before that.

namespace vigil::replica {

struct CopyToKeep {
  const Uuid& record;
  // In which the phone had it.
  const std::string& epoch;
  const std::string& bytes;
};
absl::Status KeepCopy(sqlite::Transaction& transaction, const CopyToKeep& copy);

// The register's log has reached `seq`: what it had taken before lies under that.
absl::Status NoteTakenBefore(sqlite::Transaction& transaction, Seq seq);

// The register went back to `seq`: what it took later is to be returned again.
absl::Status ReturnAgain(sqlite::Transaction& transaction, Seq seq);

// A backup of the register holds what lies under `seq`; or there is none, and what was taken before
// `time` is kept no longer.
absl::Status PruneCopiesUpTo(sqlite::Transaction& transaction, Seq seq);
absl::Status PruneCopiesBefore(sqlite::Transaction& transaction, absl::Time time);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_COPIES_H_
