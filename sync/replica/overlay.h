#ifndef VIGIL_SYNC_REPLICA_OVERLAY_H_
#define VIGIL_SYNC_REPLICA_OVERLAY_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/ids.h"
#include "sync/replica/meta.h"
#include "sync/replica/place.h"
#include "sync/replica/types.h"
#include "sync/sqlite/database.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"

// The overlay: what this phone's pending operations write, over the confirmed records. A decision
// depends on what its author saw alone, so its writes, kept as they were decided, stay valid
// whatever is confirmed meanwhile.

namespace vigil::replica {

// The record as `user` sees it; nullopt: there is none. Cost depends on its own pending writes.
absl::StatusOr<std::optional<RecordView>> FindView(sqlite::Database& database, const User& user,
                                                   const Uuid& id);

// Brings a view that was handed out earlier up to what the same phone has done since.
absl::Status MergeLaterWrites(sqlite::Database& database, const User& user, RecordView& view);

// A write of the user's operation, by its place among those, and who made it when.
struct PendingWrite {
  int ordinal = 0;
  const v1::RecordWrite& write;
  const v1::Stamp& stamp;
};
absl::Status AddPendingWrite(sqlite::Transaction& transaction, const User& user,
                             const PendingWrite& pending);

// The operation has no effect: it was refused.
absl::Status DropWrites(sqlite::Transaction& transaction, const OwnOperation& operation);
// It was judged at `seq`: each write leaves once its record is confirmed up to there.
absl::Status SetSeq(sqlite::Transaction& transaction, const OwnOperation& operation, Seq seq);
// A page's snapshot holds what was sent and judged up to `last`, answered or not.
absl::Status HideJudged(sqlite::Transaction& transaction, const OwnOperation& last);
// It was not judged after all.
absl::Status ShowAgain(sqlite::Transaction& transaction, const OwnOperation& operation);

// There are writes whose operations were judged; without them no record settles any.
absl::StatusOr<bool> AwaitsConfirmation(sqlite::Database& database);
// The record is confirmed up to `version`; the whole scope is, up to `seq`.
absl::Status SettleRecord(sqlite::Transaction& transaction, const Uuid& record, Seq version);
absl::Status SettleScope(sqlite::Transaction& transaction, Seq seq);
// What is confirmed already of an operation that was just answered.
absl::Status SettleOperation(sqlite::Transaction& transaction, const OwnOperation& operation);
// The register went back to `seq`: what was judged later is pending again, and so is what may have
// been; and nobody has seen more than that.
absl::Status Unsettle(sqlite::Database& database, sqlite::Transaction& transaction, Seq seq);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_OVERLAY_H_
