#ifndef VIGIL_SYNC_SQLITE_BACKUP_H_
#define VIGIL_SYNC_SQLITE_BACKUP_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "sync/base/file.h"
#include "sync/sqlite/database.h"

namespace vigil::sqlite {

struct BackupOptions {
  int pages_per_step = 1024;
  // Asked after each step; an error ends the backup with it. May sleep to keep the disk free.
  std::function<absl::Status()> after_step{};
  // Of the copy; empty: SQLite's default.
  std::string vfs{};
};

// Copies the database as it is now into a new file at `path` (ALREADY_EXISTS if there is one),
// checks the copy and makes it durable; an error leaves no file. `source` is a connection of its
// own that has no snapshot open; the writer goes on meanwhile, though its WAL cannot be emptied.
absl::Status BackupTo(Database& source, FileSystem& files, const std::string& path,
                      const BackupOptions& options);

}  // namespace vigil::sqlite

#endif  // VIGIL_SYNC_SQLITE_BACKUP_H_
