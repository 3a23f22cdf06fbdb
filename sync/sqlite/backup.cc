#include "sync/sqlite/backup.h"

#include <sqlite3.h>

#include "sync/base/status.h"
#include "sync/sqlite/connection.h"
#include "sync/sqlite/error.h"

namespace vigil::sqlite {
namespace {

absl::Status Copy(Connection& source, Connection& target, const BackupOptions& options) {
  sqlite3_backup* const backup =
      sqlite3_backup_init(target.handle(), "main", source.handle(), "main");
  if (backup == nullptr) {
    return target.Failure(sqlite3_extended_errcode(target.handle()), "copying to");
  }
  absl::Status status;
  int code = SQLITE_OK;
  while (status.ok() && code == SQLITE_OK) {
    code = sqlite3_backup_step(backup, options.pages_per_step);
    if (code == SQLITE_OK && options.after_step) status = options.after_step();
  }
  sqlite3_backup_finish(backup);
  VIGIL_RETURN_IF_ERROR(status);
  if (code != SQLITE_DONE) return FromResultCode(code, "copying to " + target.path(), "");
  return absl::OkStatus();
}

absl::Status CopyAndCheck(Database& source, const std::string& path, const BackupOptions& options) {
  OpenOptions target_options;
  target_options.journal = OpenOptions::Journal::kMemory;
  target_options.vfs = options.vfs;
  VIGIL_ASSIGN_OR_RETURN(Database target, Database::Open(path, target_options));
  // While the source's snapshot is open, its pages stay those of one moment, and the copy need not
  // begin anew when the writer commits.
  VIGIL_ASSIGN_OR_RETURN(const ReadSnapshot snapshot, source.BeginRead());
  VIGIL_RETURN_IF_ERROR(Copy(source.connection(), target.connection(), options));
  return target.IntegrityCheck();
}

}  // namespace

absl::Status BackupTo(Database& source, FileSystem& files, const std::string& path,
                      const BackupOptions& options) {
  if (files.Exists(path)) return Error(absl::StatusCode::kAlreadyExists, path + " exists");
  absl::Status status = CopyAndCheck(source, path, options);
  if (status.ok()) status = files.Sync(path);
  if (!status.ok()) {
    for (const char* const suffix : {"", "-wal", "-shm", "-journal"}) {
      files.Remove(path + suffix).IgnoreError();
    }
  }
  return status;
}

}  // namespace vigil::sqlite
