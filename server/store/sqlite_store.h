#ifndef VIGIL_SERVER_STORE_SQLITE_STORE_H_
#define VIGIL_SERVER_STORE_SQLITE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/store/reader_pool.h"
#include "server/store/register_store.h"
#include "server/store/sqlite_outbox.h"
#include "sync/base/file.h"
#include "sync/base/ids.h"
#include "sync/sqlite/database.h"

namespace vigil::store {

struct SqliteStoreOptions {
  // The VFS by name. The default keeps every other process out of the file.
  std::string vfs = "unix-excl";
  // Of backups; empty: SQLite's default.
  std::string backup_vfs = {};
  // For a new register: the id of its first epoch (must not be nil), and when it began.
  Uuid first_epoch;
  absl::Time created_at = absl::UnixEpoch();
  // The register's time zone, in which days begin and end: filters by the day found.
  absl::TimeZone zone = absl::FixedTimeZone(8 * 60 * 60);
  // Checks the whole file when it is opened, which takes time in proportion to it.
  bool check_file = true;
  // A commit that leaves more pages than this in the WAL (4 KiB each) checkpoints by itself.
  std::int64_t wal_pages_max = 4096;
  // Maintain leaves fewer pages than this where they are: some dozens of small commits.
  std::int64_t wal_pages_idle = 1024;
  std::size_t idle_readers_max = 16;
  // For backups and the free space; not owned.
  FileSystem* files = nullptr;
  // What the disk can still take, where the VFS is on another one than `files`.
  std::function<absl::StatusOr<std::int64_t>()> free_bytes = {};
};

// The register in one SQLite file. Commits go to WAL with synchronous=FULL: one sync of the disk
// each. Checkpoints happen in Maintain, and beyond a bound at the end of Commit, never elsewhere.
class SqliteRegisterStore final : public RegisterStore {
 public:
  // Opens the file, or makes it, and brings its schema up to date. FAILED_PRECONDITION with
  // REASON_FOREIGN_FILE: not a register; REASON_SCHEMA_TOO_NEW: a newer program's. DATA_LOSS with
  // REASON_CORRUPT_FILE: damaged. UNAVAILABLE: another process has it, or the disk fails. A full
  // disk is none of these: what is there can be read.
  static absl::StatusOr<std::unique_ptr<SqliteRegisterStore>> Open(
      const std::string& path, const SqliteStoreOptions& options);
  // Snapshots must be gone.
  ~SqliteRegisterStore() override;

  absl::StatusOr<std::unique_ptr<Snapshot>> Read() override;
  absl::StatusOr<std::unique_ptr<Snapshot>> ReadToCommit() override;
  absl::Status Commit(Seq expected_head, const WriteSet& writes, absl::Time now) override;
  absl::Status Maintain(absl::Duration budget) override;
  absl::StatusOr<std::int64_t> FreeBytes() override;
  absl::Status Backup(std::string_view path) override;
  Outbox& outbox() override { return outbox_; }

  // After a restore: this epoch is in force, and this backup is kept. Programs that are known stay
  // so by their keys, whatever refresh token they hold. Before anybody is served.
  absl::Status BeginEpoch(const v1::Epoch& epoch, const v1::Backup& backup);

  // The epoch of this id as another key has signed it. Before anybody is served.
  absl::Status ReplaceEpoch(const v1::Epoch& epoch);

  // Pages in the WAL after the last commit.
  std::int64_t wal_pages() const { return writer_.wal_pages(); }

 private:
  SqliteRegisterStore(sqlite::Database writer, std::string path, SqliteStoreOptions options);

  // False, and nothing written: the head is another one.
  absl::StatusOr<bool> WriteGroup(Seq expected_head, const WriteSet& writes, absl::Time now);
  void CheckpointBeyondBound();

  sqlite::Database writer_;
  SqliteOutbox outbox_{writer_};
  const SqliteStoreOptions options_;
  const std::shared_ptr<ReaderPool> readers_;
  // A checkpoint within a commit that could not empty the WAL (somebody reads) is not tried again
  // before the WAL has grown to this.
  std::int64_t next_forced_pages_;
  // What such a checkpoint failed with: the commit had succeeded. Told by the next Maintain.
  absl::Status checkpoint_status_;
};

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_SQLITE_STORE_H_
