#ifndef VIGIL_SYNC_REPLICA_WITHHELD_H_
#define VIGIL_SYNC_REPLICA_WITHHELD_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/sqlite/database.h"

// Operations whose content does not travel: what is left of those that a backup holds, and those
// that are not to be sent. Their hashes are kept for good, since each operation names the one
// before it: where the register lacks a link, the hash travels in the operation's place, else
// everything after it would be out of the chain.

namespace vigil::replica {

struct WithheldRow {
  Uuid device;
  DeviceSeq device_seq;
  Uuid operation;
  // Where the register judged it; nullopt: it has the hash at most.
  std::optional<Seq> seq;
  // The register may lack it: the hash goes before the next operation that is pushed.
  bool owed = false;
  // Of the operation before it; zero for the first.
  Sha256 previous_hash;
  // Of its own bytes.
  Sha256 hash;
};

absl::Status AddWithheld(sqlite::Transaction& transaction, const WithheldRow& row);
absl::Status DeleteWithheld(sqlite::Transaction& transaction, const Uuid& operation);
absl::StatusOr<std::optional<WithheldRow>> FindWithheld(sqlite::Database& database,
                                                        const Uuid& operation);
// Those from `first` to `last`, in the order of their sequence.
absl::StatusOr<std::vector<WithheldRow>> LoadWithheld(sqlite::Database& database,
                                                      const Uuid& device, DeviceSeq first,
                                                      DeviceSeq last);
// Those that the register may lack, in the order of their sequence.
absl::StatusOr<std::vector<WithheldRow>> LoadOwed(sqlite::Database& database, const Uuid& device);
// The register has the hash. How far it must go back to lose it again is not known.
absl::Status NoteHashArrived(sqlite::Transaction& transaction, const Uuid& operation);
// The register went back to `seq`: it may lack every hash that it got later.
absl::Status OweAfter(sqlite::Transaction& transaction, Seq seq);

// Of journal rows judged up to `seq`, or acknowledged before `time`, the hashes stay.
absl::Status PruneJournalUpTo(sqlite::Database& database, sqlite::Transaction& transaction,
                              Seq seq);
absl::Status PruneJournalBefore(sqlite::Database& database, sqlite::Transaction& transaction,
                                absl::Time time);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_WITHHELD_H_
