#include "server/store/restore_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/store/closed_register.h"
#include "server/store/open_error.h"
#include "server/store/schema.h"
#include "sync/base/status.h"
#include "sync/sqlite/backup.h"
#include "sync/sqlite/database.h"

namespace vigil::store {
namespace {

using sqlite::Database;
using sqlite::OpenOptions;

constexpr const char* kBeside[] = {"-wal", "-shm", "-journal"};

absl::Status RemoveAll(FileSystem& files, const std::string& path) {
  for (const char* const suffix : kBeside) {
    VIGIL_RETURN_IF_ERROR(files.Remove(absl::StrCat(path, suffix)));
  }
  return files.Remove(path);
}

// What was committed last is in the file itself then. False: the file cannot be opened.
absl::StatusOr<bool> MergeWal(const RestorePlace& place) {
  OpenOptions options;
  options.mode = OpenOptions::Mode::kReadWrite;
  options.vfs = place.vfs;
  options.busy_timeout = absl::ZeroDuration();
  absl::StatusOr<Database> old = Database::Open(place.path, options);
  absl::Status status = old.status();
  if (status.ok()) status = internal::ToStatus(old->Checkpoint(sqlite::CheckpointMode::kTruncate));
  if (status.code() == absl::StatusCode::kUnavailable) {
    return Annotate(status, "the register's file is in use, or its disk fails: stop vigild first");
  }
  return status.ok();
}

// Gives what is in the register's place a second name.
absl::Status KeepOld(const RestorePlace& place, const std::string& kept) {
  for (const char* const suffix : {"-wal", "-journal", ""}) {
    const std::string path = absl::StrCat(place.path, suffix);
    if (!place.files.Exists(path)) continue;
    VIGIL_RETURN_IF_ERROR(place.files.Link(path, absl::StrCat(kept, suffix)));
  }
  return absl::OkStatus();
}

}  // namespace

std::string RestoringPath(const RestorePlace& place) {
  return absl::StrCat(place.path, ".restoring");
}

absl::StatusOr<std::unique_ptr<SqliteRegisterStore>> CopyBackup(const RestorePlace& place,
                                                                const std::string& backup) {
  const std::string path = RestoringPath(place);
  VIGIL_RETURN_IF_ERROR(RemoveAll(place.files, path));
  OpenOptions options;
  options.mode = OpenOptions::Mode::kReadOnly;
  options.vfs = place.backup_vfs;
  options.application_id = kRegisterApplicationId;
  absl::StatusOr<Database> source =
      Database::Open(place.backup_vfs.empty() ? ImmutableUri(backup) : backup, options);
  if (!source.ok()) return WhyNotOpened(source.status(), backup);
  VIGIL_RETURN_IF_ERROR(CheckVersion(*source, backup));
  sqlite::BackupOptions copying;
  copying.vfs = place.vfs;
  VIGIL_RETURN_IF_ERROR(sqlite::BackupTo(*source, place.files, path, copying));
  SqliteStoreOptions store;
  store.vfs = place.vfs;
  store.files = &place.files;
  return SqliteRegisterStore::Open(path, store);
}

absl::Status PutInPlace(const RestorePlace& place, std::unique_ptr<SqliteRegisterStore> copy,
                        const Uuid& epoch) {
  // The last connection that closes brings all into the file and removes the WAL.
  copy.reset();
  const std::string path = RestoringPath(place);
  if (place.files.Exists(absl::StrCat(path, "-wal"))) {
    return absl::UnavailableError(absl::StrCat(path, " could not be closed in order"));
  }
  VIGIL_RETURN_IF_ERROR(place.files.Sync(path));
  if (place.files.Exists(place.path)) {
    VIGIL_RETURN_IF_ERROR(MergeWal(place).status());
    VIGIL_RETURN_IF_ERROR(KeepOld(place, absl::StrCat(place.path, ".before-", epoch.ToString())));
    // Nothing of the old register may be taken for the new one's. Empty where the old one could be
    // opened; where it could not, all of it stands under its other name.
    for (const char* const suffix : kBeside) {
      VIGIL_RETURN_IF_ERROR(place.files.Remove(absl::StrCat(place.path, suffix)));
    }
    VIGIL_RETURN_IF_ERROR(place.files.Sync(place.path));
  }
  return place.files.Rename(path, place.path);
}

}  // namespace vigil::store
