#ifndef VIGIL_SYNC_REPLICA_SCOPES_H_
#define VIGIL_SYNC_REPLICA_SCOPES_H_

#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/ids.h"
#include "sync/replica/meta.h"
#include "sync/sqlite/database.h"
#include "vigil/v1/sync_service.pb.h"

// Which org units the phone reads, and how far. A unit is read as far as its own row of the table
// `scope` says, or else the nearest one above it in the tree of units as this phone knows it; one
// without such a row is outside. Rows that the person's roles gave are `granted`; others stand for
// units that came under them later, until they have been read as far as what is above them.

namespace vigil::replica {

struct ScopeChange {
  // Records that have left the phone, and org units that have left its scopes.
  std::vector<Uuid> lost;
  // Something must be read that no cursor has reached yet.
  bool gained = false;
  // Cursors went back.
  bool again = false;
};

// Of a record that moves to a unit that is read as well, no departure comes: it arrives there.
// Where that unit is lost before the record was read there, the departure has been missed. So when
// something is lost, what is kept is read anew from `complete_at`, where nothing was missing.

// The register says that the person has roles in these units. What he has gained is read from the
// start, unless it has been read as a part of something else; what lies in lost ones leaves.
absl::StatusOr<ScopeChange> EnterScopes(sqlite::Database& database,
                                        sqlite::Transaction& transaction,
                                        const std::vector<Uuid>& granted, Seq complete_at);

// Nullopt: the unit was not known.
using FormerParents = std::map<Uuid, std::optional<Uuid>>;

// A page has changed the tree of org units: what lies outside now leaves; a unit that came to where
// more has been read than of itself gets a row of its own.
absl::StatusOr<ScopeChange> FollowUnits(sqlite::Database& database,
                                        sqlite::Transaction& transaction,
                                        const FormerParents& former_parents, Seq complete_at);

// Keeps how far a page has read, and takes back rows that say nothing more than those above them.
absl::Status StoreCursor(sqlite::Database& database, sqlite::Transaction& transaction,
                         const v1::ScopeCursor& cursor);

// Every scope has been read up to `seq`.
absl::StatusOr<bool> AreReadTo(sqlite::Database& database, Seq seq);

// Whether these units lie inside the phone's scopes.
absl::StatusOr<std::map<Uuid, bool>> AreInside(sqlite::Database& database,
                                               const std::vector<Uuid>& units);

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_SCOPES_H_
