#ifndef VIGIL_SYNC_REPLICA_HISTORY_H_
#define VIGIL_SYNC_REPLICA_HISTORY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/ids.h"
#include "sync/replica/types.h"
#include "sync/rules/lineage.h"
#include "sync/sqlite/database.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/sync_service.pb.h"

// The register's history as this phone has witnessed it: the epochs that it was told, and heads of
// the log, which the log of later must continue. Signatures are the session's to check.

namespace vigil::replica {

// In a greeting; the head of the last page comes on top.
inline constexpr std::size_t kKeptHeadsMax = 64;

// The epoch and its ancestors; the epoch alone where no more is known of it.
absl::StatusOr<rules::Lineage> LoadLineage(sqlite::Database& database, const std::string& epoch);
// What else the phone was told of epochs: other branches, of which its unsent operations and copies
// may be. Those that began last come first.
absl::StatusOr<std::vector<v1::Epoch>> LoadOtherEpochs(sqlite::Database& database,
                                                       const rules::Lineage& lineage);
// The last seq that the histories of both epochs share, as far as the phone knows.
absl::StatusOr<std::uint64_t> SharedSeqOf(sqlite::Database& database, const std::string& a,
                                          const std::string& b);
// What an operation's author has seen, as far as it counts in this epoch.
absl::Status CapKnowledge(sqlite::Database& database, const std::string& epoch,
                          v1::Operation& operation);
// What is known already stays.
absl::Status AddEpochs(sqlite::Transaction& transaction, const rules::Lineage& lineage);

struct WentBack {
  // Judged before, and unsent again now.
  std::int64_t operations = 0;
  // Taken back, and kept as copies.
  std::int64_t records = 0;
};
absl::Status NoteRestore(sqlite::Transaction& transaction, const std::string& epoch,
                         const WentBack& went_back, absl::Time now);
// The last ones first.
absl::StatusOr<std::vector<Restore>> LoadRestores(sqlite::Database& database);

// The newest first, at most kKeptHeadsMax + 1.
absl::StatusOr<std::vector<v1::RegisterHead>> LoadHeads(sqlite::Database& database);
// Keeps a head, and of the others one at each doubling of the distance to it, and the newest that
// the oldest backup (of `archived`) holds. HISTORY_CHANGED: another head of this seq is kept.
absl::Status KeepHead(sqlite::Database& database, sqlite::Transaction& transaction,
                      const v1::RegisterHead& head, Seq archived);
absl::Status DropHeadsAfter(sqlite::Transaction& transaction, Seq seq);

// HISTORY_CHANGED unless the answer proves that the log under the newest of the heads in the
// question, up to `shared`, is the beginning of the register's.
absl::Status CheckContinues(const v1::HelloRequest& asked, const v1::HelloResponse& hello,
                            std::uint64_t shared);

absl::Status HistoryChanged(std::uint64_t seq);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_HISTORY_H_
