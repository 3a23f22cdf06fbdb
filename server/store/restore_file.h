#ifndef VIGIL_SERVER_STORE_RESTORE_FILE_H_
#define VIGIL_SERVER_STORE_RESTORE_FILE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite_store.h"
#include "sync/base/file.h"
#include "sync/base/ids.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/sync_service.pb.h"

// A register's file put in the place of another one. Nobody serves the register meanwhile.

namespace vigil::store {

struct RestorePlace {
  FileSystem& files;
  // "DIR/register.db"
  std::string path;
  // Of the register and of the backup, by name; empty: SQLite's default.
  std::string vfs = "unix-excl";
  std::string backup_vfs = {};
};

// Where the new register grows before it is put into its place.
std::string RestoringPath(const RestorePlace& place);

// A copy of the backup beside the register, brought up to date and checked; what an interrupted
// restore left there is removed. Errors as SqliteRegisterStore::Open.
absl::StatusOr<std::unique_ptr<SqliteRegisterStore>> CopyBackup(const RestorePlace& place,
                                                                const std::string& backup);

// Closes the copy and puts it into the register's place. The register that was there stays beside
// it as PATH.before-EPOCH, with its WAL if it could not be opened. Whenever this is interrupted,
// the old register or the new one is in place. UNAVAILABLE: the old one is served.
absl::Status PutInPlace(const RestorePlace& place, std::unique_ptr<SqliteRegisterStore> copy,
                        const Uuid& epoch);

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_RESTORE_FILE_H_
