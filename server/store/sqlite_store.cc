#include "server/store/sqlite_store.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/store/commit.h"
#include "server/store/open_error.h"
#include "server/store/rows.h"
#include "server/store/schema.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/sqlite/backup.h"
#include "sync/sqlite/migrations.h"

namespace vigil::store {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kCountEpochs[] = "SELECT count(*) FROM epoch";

constexpr char kInsertEpoch[] = "INSERT INTO epoch (ordinal, id, bytes) VALUES (1, ?1, ?2)";

constexpr char kInsertHead[] = R"sql(
INSERT INTO meta (one, seq, audit_root, committed_at) VALUES (1, 0, ?1, ?2)
)sql";

constexpr char kAppendEpoch[] = R"sql(
INSERT INTO epoch (ordinal, id, bytes) VALUES ((SELECT max(ordinal) + 1 FROM epoch), ?1, ?2)
)sql";

constexpr char kReplaceEpoch[] = "UPDATE epoch SET bytes = ?2 WHERE id = ?1";

// Refresh tokens have been exchanged since the backup: which one a program holds nobody knows.
constexpr char kForgetRefreshTokens[] = R"sql(
UPDATE sign_in SET refresh_hash = zeroblob(32), previous_hash = zeroblob(32)
)sql";

constexpr char kHeadAndLog[] = R"sql(
SELECT meta.seq, coalesce((SELECT max(seq) FROM log), 0) FROM meta WHERE one = 1
)sql";

constexpr std::int64_t kWriterCacheKib = 64 * 1024;

sqlite::OpenOptions ConnectionOptions(const SqliteStoreOptions& options,
                                      sqlite::OpenOptions::Mode mode) {
  sqlite::OpenOptions connection;
  connection.mode = mode;
  connection.vfs = options.vfs;
  connection.application_id = kRegisterApplicationId;
  // The writer judges by what its last commits have touched.
  if (mode != sqlite::OpenOptions::Mode::kReadOnly) connection.cache_kib = kWriterCacheKib;
  return connection;
}

// A new register begins with its first epoch; an existing one is left as it is.
absl::Status Begin(Database& database, const SqliteStoreOptions& options) {
  {
    VIGIL_ASSIGN_OR_RETURN(Statement count, database.Query(kCountEpochs));
    VIGIL_RETURN_IF_ERROR(count.Step());
    if (count.ColumnInt64(0) > 0) return absl::OkStatus();
  }
  if (options.first_epoch.is_nil()) {
    return absl::InvalidArgumentError("a new register needs the id of its first epoch");
  }
  v1::Epoch epoch;
  epoch.set_id(options.first_epoch.ToString());
  epoch.set_why("first epoch");
  *epoch.mutable_began_at() = ToTimestamp(options.created_at);

  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Statement insert, transaction.Prepare(kInsertEpoch));
  insert.BindUuid(1, options.first_epoch).BindBlob(2, epoch.SerializeAsString());
  VIGIL_RETURN_IF_ERROR(insert.Run());
  VIGIL_ASSIGN_OR_RETURN(Statement head, transaction.Prepare(kInsertHead));
  const Sha256 root_of_nothing = Sha256Of("");
  BindHash(head, 1, root_of_nothing);
  head.BindTime(2, options.created_at);
  VIGIL_RETURN_IF_ERROR(head.Run());
  return transaction.Commit();
}

absl::Status CheckContent(Database& database, const SqliteStoreOptions& options) {
  if (options.check_file) VIGIL_RETURN_IF_ERROR(database.QuickCheck());
  VIGIL_ASSIGN_OR_RETURN(Statement read, database.Query(kHeadAndLog));
  VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
  if (!found) return absl::DataLossError("it has no head");
  if (read.ColumnInt64(0) != read.ColumnInt64(1)) {
    return absl::DataLossError(absl::StrCat("its head is ", read.ColumnInt64(0),
                                            ", its log ends at ", read.ColumnInt64(1)));
  }
  return absl::OkStatus();
}

absl::StatusOr<Database> OpenFile(const std::string& path, const SqliteStoreOptions& options) {
  VIGIL_ASSIGN_OR_RETURN(
      Database database,
      Database::Open(path, ConnectionOptions(options, sqlite::OpenOptions::Mode::kCreate)));
  VIGIL_RETURN_IF_ERROR(CheckVersion(database, path));
  VIGIL_RETURN_IF_ERROR(sqlite::Migrate(database, RegisterSchema()));
  VIGIL_RETURN_IF_ERROR(Begin(database, options));
  VIGIL_RETURN_IF_ERROR(CheckContent(database, options));
  if (const absl::Status status = database.MakeDurable(); !absl::IsResourceExhausted(status)) {
    VIGIL_RETURN_IF_ERROR(status);
  }
  return database;
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteRegisterStore>> SqliteRegisterStore::Open(
    const std::string& path, const SqliteStoreOptions& options) {
  absl::StatusOr<Database> database = OpenFile(path, options);
  if (!database.ok()) return WhyNotOpened(database.status(), path);
  return std::unique_ptr<SqliteRegisterStore>(
      new SqliteRegisterStore(*std::move(database), path, options));
}

SqliteRegisterStore::SqliteRegisterStore(Database writer, std::string path,
                                         SqliteStoreOptions options)
    : writer_(std::move(writer)),
      options_(std::move(options)),
      readers_(std::make_shared<ReaderPool>(
          std::move(path), ConnectionOptions(options_, sqlite::OpenOptions::Mode::kReadOnly),
          options_.idle_readers_max)),
      next_forced_pages_(options_.wal_pages_max) {}

SqliteRegisterStore::~SqliteRegisterStore() = default;

absl::StatusOr<std::unique_ptr<Snapshot>> SqliteRegisterStore::Read() {
  return SqliteSnapshot::Begin(readers_, options_.zone);
}

absl::StatusOr<std::unique_ptr<Snapshot>> SqliteRegisterStore::ReadToCommit() {
  return SqliteSnapshot::Begin(writer_, options_.zone);
}

absl::StatusOr<bool> SqliteRegisterStore::WriteGroup(Seq expected_head, const WriteSet& writes,
                                                     absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, writer_.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const Seq head, ReadHeadSeq(writer_));
  if (head != expected_head) return false;
  VIGIL_RETURN_IF_ERROR(WriteLog(transaction, expected_head, writes));
  VIGIL_RETURN_IF_ERROR(WriteRecords(transaction, writes));
  VIGIL_RETURN_IF_ERROR(WriteProjections(transaction, writes));
  VIGIL_RETURN_IF_ERROR(WriteRest(transaction, writes));
  VIGIL_RETURN_IF_ERROR(WriteChains(transaction, writes));
  VIGIL_RETURN_IF_ERROR(WriteAccess(transaction, writes.access));
  VIGIL_RETURN_IF_ERROR(WriteRestore(transaction, writes.restore));
  VIGIL_RETURN_IF_ERROR(WriteHead(transaction, writes, now));
  VIGIL_RETURN_IF_ERROR(transaction.Commit());
  return true;
}

absl::Status SqliteRegisterStore::Commit(Seq expected_head, const WriteSet& writes,
                                         absl::Time now) {
  const absl::StatusOr<bool> written = WriteGroup(expected_head, writes, now);
  if (!written.ok()) {
    // ABORTED is kept for a head that moved; SQLite's own means "unknown" like all others.
    if (!absl::IsAborted(written.status())) return written.status();
    return absl::UnknownError(written.status().message());
  }
  if (!*written) {
    return absl::AbortedError(
        absl::StrCat("the register does not stand at ", expected_head.value(), " any more"));
  }
  CheckpointBeyondBound();
  return absl::OkStatus();
}

void SqliteRegisterStore::CheckpointBeyondBound() {
  const std::int64_t pages = writer_.wal_pages();
  // SQLite begins the WAL anew by itself once all of it is checkpointed and nobody reads it.
  if (pages <= options_.wal_pages_max) next_forced_pages_ = options_.wal_pages_max;
  if (pages <= next_forced_pages_) return;
  const absl::StatusOr<sqlite::CheckpointResult> result =
      writer_.Checkpoint(sqlite::CheckpointMode::kPassive);
  if (!result.ok()) checkpoint_status_.Update(result.status());
  next_forced_pages_ = pages + options_.wal_pages_max / 2;
}

absl::Status SqliteRegisterStore::Maintain(absl::Duration budget) {
  VIGIL_RETURN_IF_ERROR(std::exchange(checkpoint_status_, absl::OkStatus()));
  if (budget <= absl::ZeroDuration() || writer_.wal_pages() < options_.wal_pages_idle) {
    return absl::OkStatus();
  }
  return internal::ToStatus(writer_.Checkpoint(sqlite::CheckpointMode::kPassive));
}

absl::StatusOr<std::int64_t> SqliteRegisterStore::FreeBytes() {
  if (options_.free_bytes) return options_.free_bytes();
  PosixFileSystem posix;
  FileSystem& files = options_.files != nullptr ? *options_.files : posix;
  return files.FreeBytes(writer_.path());
}

absl::Status SqliteRegisterStore::Backup(std::string_view path) {
  PosixFileSystem posix;
  FileSystem& files = options_.files != nullptr ? *options_.files : posix;
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<Database> source, readers_->Take());
  sqlite::BackupOptions copying;
  copying.vfs = options_.backup_vfs;
  const absl::Status status = sqlite::BackupTo(*source, files, std::string(path), copying);
  readers_->Give(std::move(source));
  return status;
}

absl::Status SqliteRegisterStore::BeginEpoch(const v1::Epoch& epoch, const v1::Backup& backup) {
  const std::optional<Uuid> id = Uuid::Parse(epoch.id());
  if (!id) return absl::InternalError("an epoch without an id");
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, writer_.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Statement append, transaction.Prepare(kAppendEpoch));
  const std::string bytes = epoch.SerializeAsString();
  append.BindUuid(1, *id).BindBlob(2, bytes);
  VIGIL_RETURN_IF_ERROR(append.Run());
  VIGIL_RETURN_IF_ERROR(transaction.Execute(kForgetRefreshTokens));
  RestoreWrites kept;
  kept.backups.push_back(backup);
  VIGIL_RETURN_IF_ERROR(WriteRestore(transaction, kept));
  return transaction.Commit();
}

absl::Status SqliteRegisterStore::ReplaceEpoch(const v1::Epoch& epoch) {
  const std::optional<Uuid> id = Uuid::Parse(epoch.id());
  if (!id) return absl::InternalError("an epoch without an id");
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, writer_.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Statement replace, transaction.Prepare(kReplaceEpoch));
  const std::string bytes = epoch.SerializeAsString();
  replace.BindUuid(1, *id).BindBlob(2, bytes);
  VIGIL_RETURN_IF_ERROR(replace.Run());
  return transaction.Commit();
}

}  // namespace vigil::store
