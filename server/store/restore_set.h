#ifndef VIGIL_SERVER_STORE_RESTORE_SET_H_
#define VIGIL_SERVER_STORE_RESTORE_SET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/sync_service.pb.h"

// What restores need and leave behind: backups that are kept, epochs of other branches, and the
// copies that phones return. None of it is part of the register's history.

namespace vigil::store {

// A phone's copy of a record, from an epoch that a restore ended. One that cannot be read has
// neither record nor version.
struct WitnessCopy {
  // Given by the store.
  std::int64_t id = 0;
  Uuid epoch;
  Uuid record;
  // Of the copy, in its epoch.
  Seq version;
  // Of its bytes.
  Sha256 hash;
  // Nil for a root.
  Uuid parent;
  // Who returned it first.
  Uuid device;
  Uuid person;
  absl::Time returned_at;
  bool settled = false;
  // Serialised v1::Record.
  std::string bytes;
};

struct RestoreWrites {
  // Replaces nothing: what is known already stays as it is.
  std::vector<v1::Epoch> foreign_epochs;
  std::vector<v1::Backup> backups;
  std::vector<Uuid> forgotten_backups;
  // The same copy twice is one.
  std::vector<WitnessCopy> copies;
  // Ids of copies that the office has dealt with.
  std::vector<std::int64_t> settled_copies;

  bool empty() const {
    return foreign_epochs.empty() && backups.empty() && forgotten_backups.empty() &&
           copies.empty() && settled_copies.empty();
  }
};

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_RESTORE_SET_H_
