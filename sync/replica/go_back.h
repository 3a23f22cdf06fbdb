#ifndef VIGIL_SYNC_REPLICA_GO_BACK_H_
#define VIGIL_SYNC_REPLICA_GO_BACK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/ids.h"
#include "sync/replica/history.h"
#include "sync/replica/meta.h"
#include "sync/sqlite/database.h"

namespace vigil::replica {

struct GoingBack {
  // The register's, which begins to be the records'.
  std::string epoch;
  // The last seq that it shares with the epoch before.
  Seq shared;
  // Of the phone's user, as the register says now.
  DeviceSeq judged;
  absl::Time now;
};

// A restore took back what lies beyond what both epochs share. Confirmed records from there become
// copies that are returned, and everything is read anew. Operations that were judged there are
// unsent again, whoever used the phone then, with their reasons for refusal forgotten; where only
// the hash of one is left, the hash will travel. Changes `meta`; the caller saves it.
absl::StatusOr<WentBack> GoBack(sqlite::Database& database, sqlite::Transaction& transaction,
                                Meta& meta, const GoingBack& going);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_GO_BACK_H_
