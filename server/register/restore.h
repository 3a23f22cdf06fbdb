#ifndef VIGIL_SERVER_REGISTER_RESTORE_H_
#define VIGIL_SERVER_REGISTER_RESTORE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/register_store.h"
#include "server/store/restore_file.h"
#include "sync/base/ids.h"
#include "sync/base/p256.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/sync_service.pb.h"

// Going back to a backup, and saying so.

namespace vigil::registry {

// Whether the whole log of a register holds: every row, chain, signature and the head.
// BACKUP_INVALID with the first fault.
absl::Status CheckLog(store::Snapshot& snapshot);

struct RestoreRequest {
  std::string backup;
  // What the register notes of the backup; its epoch and seq are found in the file.
  v1::Backup kept;
  // Id of the new epoch.
  Uuid epoch;
  std::string why;
  // Record of who declares it.
  Uuid person;
  absl::Time now;
};

// Puts the backup into the register's place, as a new epoch that `key` signs, together with the
// restores before it that it has not signed yet. Afterwards it is
// there, durably; after an error or a crash the old register is, or the new one. BACKUP_INVALID:
// the file is no backup of a register, or is damaged.
absl::StatusOr<v1::Epoch> Restore(const store::RestorePlace& place, const RestoreRequest& request,
                                  Signer& key);

}  // namespace vigil::registry

#endif  // VIGIL_SERVER_REGISTER_RESTORE_H_
