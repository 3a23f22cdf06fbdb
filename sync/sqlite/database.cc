#include "sync/sqlite/database.h"

#include <sqlite3.h>

#include <utility>

#include "sync/base/status.h"
#include "sync/sqlite/connection.h"
#include "sync/sqlite/error.h"

namespace vigil::sqlite {
namespace {

struct Limit {
  int id;
  int value;
};

// Far above what our SQL needs, far below what hurts.
constexpr Limit kLimits[] = {
    {SQLITE_LIMIT_SQL_LENGTH, 128 * 1024},
    {SQLITE_LIMIT_COLUMN, 200},
    {SQLITE_LIMIT_EXPR_DEPTH, 100},
    {SQLITE_LIMIT_COMPOUND_SELECT, 20},
    {SQLITE_LIMIT_VDBE_OP, 100'000},
    {SQLITE_LIMIT_FUNCTION_ARG, 20},
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1'000},
    {SQLITE_LIMIT_VARIABLE_NUMBER, 1'000},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 10},
    {SQLITE_LIMIT_WORKER_THREADS, 0},
};

bool IsReadOnly(const OpenOptions& options) { return options.mode == OpenOptions::Mode::kReadOnly; }

// Each commit to the write-ahead log, before anybody is told of it.
bool SyncsItsLog(const OpenOptions& options) {
  return !IsReadOnly(options) && options.journal == OpenOptions::Journal::kWal &&
         options.synchronous == OpenOptions::Synchronous::kFull;
}

int OpenFlags(const OpenOptions& options) {
  // One thread at a time uses a connection, so SQLite's own mutex around it would be waste.
  constexpr int kAlways = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  switch (options.mode) {
    case OpenOptions::Mode::kReadOnly:
      return kAlways | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI;
    case OpenOptions::Mode::kReadWrite:
      return kAlways | SQLITE_OPEN_READWRITE;
    case OpenOptions::Mode::kCreate:
      return kAlways | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  }
  return kAlways | SQLITE_OPEN_READONLY;
}

// Memory of a connection's own, 256 KiB, for what is taken and given back with every row; the rest
// goes through SQLite's global allocator and its lock.
constexpr int kOwnBytesMax = 2048;
constexpr int kOwnPieces = 128;

// SQLite's account of the memory that it has taken costs a lock for each piece, and nobody reads
// it. Too late where somebody has used SQLite before: then it is kept.
void KeepNoAccount() {
  static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(once);
}

int NoteWalPages(void* connection, sqlite3* /*handle*/, const char* /*schema*/, int pages) {
  static_cast<Connection*>(connection)->wal_pages = pages;
  return SQLITE_OK;
}

// SQLite says CANTOPEN of a missing file and of a forbidden one.
absl::Status OpenFailure(int code, const std::string& path, const OpenOptions& options,
                         std::string_view detail) {
  const absl::Status status = FromResultCode(code, "opening " + path, detail);
  if ((code & 0xff) != SQLITE_CANTOPEN || options.mode == OpenOptions::Mode::kCreate) {
    return status;
  }
  sqlite3_vfs* const vfs = sqlite3_vfs_find(options.vfs.empty() ? nullptr : options.vfs.c_str());
  int exists = 1;
  if (vfs != nullptr) vfs->xAccess(vfs, path.c_str(), SQLITE_ACCESS_EXISTS, &exists);
  if (exists != 0) return status;
  return Error(absl::StatusCode::kNotFound, "there is no database " + path)
      .With("sqlite_code", code);
}

// Settings of the connection that touch no file.
absl::Status Harden(Connection& connection, const OpenOptions& options) {
  sqlite3* const handle = connection.handle();
  const int own =
      sqlite3_db_config(handle, SQLITE_DBCONFIG_LOOKASIDE, nullptr, kOwnBytesMax, kOwnPieces);
  if (own != SQLITE_OK) return connection.Failure(own, "configuring");
  for (const Limit& limit : kLimits) sqlite3_limit(handle, limit.id, limit.value);
  sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, options.value_bytes_max);
  struct Setting {
    int id;
    int value;
  };
  constexpr Setting kSettings[] = {
      {SQLITE_DBCONFIG_DEFENSIVE, 1},      {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
      {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0}, {SQLITE_DBCONFIG_DQS_DML, 0},
      {SQLITE_DBCONFIG_DQS_DDL, 0},        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
  };
  for (const Setting& setting : kSettings) {
    const int code = sqlite3_db_config(handle, setting.id, setting.value, nullptr);
    if (code != SQLITE_OK) return connection.Failure(code, "configuring");
  }
  sqlite3_busy_timeout(handle, static_cast<int>(absl::ToInt64Milliseconds(options.busy_timeout)));
  // Takes the place of the automatic checkpoint, which is a hook itself.
  sqlite3_wal_hook(handle, &NoteWalPages, &connection);
  return connection.RunScript("PRAGMA cell_size_check = ON; PRAGMA cache_size = -" +
                              std::to_string(options.cache_kib) +
                              "; PRAGMA secure_delete = " + (options.secure_delete ? "ON" : "OFF"));
}

// Reads the first page: refuses what is no database and what is somebody else's.
absl::Status CheckOwner(Connection& connection, const OpenOptions& options) {
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t tables,
                         connection.QueryNumber("SELECT count(*) FROM sqlite_schema"));
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t id, connection.QueryNumber("PRAGMA application_id"));
  const auto found = static_cast<std::uint32_t>(id);
  const bool is_new = tables == 0 && found == 0;
  if (options.application_id == 0 || is_new || found == options.application_id) {
    return absl::OkStatus();
  }
  return Error(absl::StatusCode::kFailedPrecondition,
               connection.path() + " is the database of another program")
      .With("application_id", found);
}

absl::Status SetJournal(Connection& connection, const OpenOptions& options) {
  if (IsReadOnly(options)) return absl::OkStatus();
  const bool wal = options.journal == OpenOptions::Journal::kWal;
  {
    VIGIL_ASSIGN_OR_RETURN(Statement set, connection.Uncached(wal ? "PRAGMA journal_mode = WAL"
                                                                  : "PRAGMA journal_mode = MEMORY",
                                                              Connection::Access::kWrite));
    VIGIL_ASSIGN_OR_RETURN(const bool answered, set.Step());
    if (!answered || set.ColumnText(0) != (wal ? "wal" : "memory")) {
      return Error(absl::StatusCode::kInternal,
                   "the journal mode of " + connection.path() + " cannot be set");
    }
  }
  return connection.RunScript(options.synchronous == OpenOptions::Synchronous::kFull
                                  ? "PRAGMA synchronous = FULL"
                                  : "PRAGMA synchronous = NORMAL");
}

// Runs a check that answers one row "ok", or one row for each finding.
absl::Status RunCheck(Connection& connection, std::string_view pragma) {
  constexpr int kFindingsShown = 3;
  VIGIL_ASSIGN_OR_RETURN(Statement check, connection.Uncached(pragma, Connection::Access::kWrite));
  std::string findings;
  for (int i = 0; i < kFindingsShown; ++i) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, check.Step());
    if (!found) break;
    if (i == 0 && check.ColumnText(0) == "ok") return absl::OkStatus();
    findings += findings.empty() ? "" : "; ";
    findings += check.ColumnText(0);
  }
  return Error(absl::StatusCode::kDataLoss, connection.path() + " is damaged: " + findings);
}

}  // namespace

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

absl::StatusOr<Database> Database::Open(const std::string& path, const OpenOptions& options) {
  KeepNoAccount();
  std::unique_ptr<GatheringVfs> gathering;
  if (SyncsItsLog(options)) gathering = GatheringVfs::Make(options.vfs);
  const std::string& vfs = gathering == nullptr ? options.vfs : gathering->name();
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, OpenFlags(options),
                                   vfs.empty() ? nullptr : vfs.c_str());
  if (handle == nullptr) return FromResultCode(SQLITE_NOMEM, "opening " + path, "");
  auto connection = std::make_unique<Connection>(handle, path, std::move(gathering));
  if (code != SQLITE_OK) return OpenFailure(code, path, options, sqlite3_errmsg(handle));
  VIGIL_RETURN_IF_ERROR(Harden(*connection, options));
  const absl::Status owned = CheckOwner(*connection, options);
  if (const std::optional<int> result = ResultCodeOf(owned);
      result && (*result & 0xff) == SQLITE_CANTOPEN) {
    return OpenFailure(*result, path, options, ToStd(owned.message()));
  }
  VIGIL_RETURN_IF_ERROR(owned);
  if (!IsReadOnly(options) && sqlite3_db_readonly(handle, "main") == 1) {
    return Error(absl::StatusCode::kFailedPrecondition, path + " is not writable");
  }
  VIGIL_RETURN_IF_ERROR(SetJournal(*connection, options));
  VIGIL_RETURN_IF_ERROR(
      internal::ToStatus(connection->Cached("ROLLBACK", Connection::Access::kWrite)));
  return Database(std::move(connection));
}

absl::StatusOr<Statement> Database::Query(Sql sql) {
  VIGIL_RETURN_IF_ERROR(connection_->EndLeftOver());
  return connection_->Cached(sql, Connection::Access::kRead);
}

absl::StatusOr<Statement> Database::QueryText(std::string_view sql) {
  VIGIL_RETURN_IF_ERROR(connection_->EndLeftOver());
  return connection_->Uncached(sql, Connection::Access::kRead);
}

absl::StatusOr<Transaction> Database::BeginWrite() {
  if (!connection_->durable) VIGIL_RETURN_IF_ERROR(MakeDurable());
  return Begin();
}

absl::StatusOr<Transaction> Database::Begin() {
  VIGIL_CHECK(!connection_->busy) << "a transaction or snapshot is open already";
  VIGIL_RETURN_IF_ERROR(connection_->EndLeftOver());
  VIGIL_ASSIGN_OR_RETURN(Statement begin,
                         connection_->Cached("BEGIN IMMEDIATE", Connection::Access::kWrite));
  VIGIL_RETURN_IF_ERROR(begin.Run());
  connection_->busy = true;
  return Transaction(connection_.get());
}

absl::StatusOr<ReadSnapshot> Database::BeginRead() {
  VIGIL_CHECK(!connection_->busy) << "a transaction or snapshot is open already";
  VIGIL_RETURN_IF_ERROR(connection_->EndLeftOver());
  VIGIL_ASSIGN_OR_RETURN(Statement begin, connection_->Cached("BEGIN", Connection::Access::kWrite));
  VIGIL_RETURN_IF_ERROR(begin.Run());
  connection_->busy = true;
  ReadSnapshot snapshot(connection_.get());
  // BEGIN by itself takes no snapshot; the first read does.
  VIGIL_ASSIGN_OR_RETURN(Statement touch, connection_->Cached("SELECT 1 FROM sqlite_schema LIMIT 1",
                                                              Connection::Access::kRead));
  VIGIL_RETURN_IF_ERROR(touch.Step());
  return snapshot;
}

std::uint32_t Database::data_version() const {
  unsigned int version = 0;
  const int code =
      sqlite3_file_control(connection_->handle(), "main", SQLITE_FCNTL_DATA_VERSION, &version);
  VIGIL_CHECK(code == SQLITE_OK) << "SQLite does not tell its data version";
  return version;
}

absl::StatusOr<CheckpointResult> Database::Checkpoint(CheckpointMode mode) {
  int frames = 0;
  int moved = 0;
  const int code = sqlite3_wal_checkpoint_v2(
      connection_->handle(), "main",
      mode == CheckpointMode::kPassive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE,
      &frames, &moved);
  // Busy: readers need frames that were not moved; the rest has been.
  if (code != SQLITE_OK && code != SQLITE_BUSY) {
    return connection_->Failure(code, "checkpointing");
  }
  return CheckpointResult{code == SQLITE_OK && frames == moved, frames};
}

absl::Status Database::MakeDurable() {
  connection_->durable = false;
  // Otherwise a power failure in the middle of the checkpoint leaves the WAL without its last
  // frames, and older ones would be taken over what is newer in the file.
  VIGIL_RETURN_IF_ERROR(connection_->RewriteWal());
  VIGIL_ASSIGN_OR_RETURN(const CheckpointResult result, Checkpoint(CheckpointMode::kTruncate));
  if (!result.complete) return absl::UnavailableError("somebody reads the file");
  connection_->durable = true;
  return absl::OkStatus();
}

absl::Status Database::Vacuum() {
  // It attaches the copy that it makes, in memory.
  sqlite3* const handle = connection_->handle();
  const int attached_max = sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 1);
  const absl::Status status = connection_->RunScript("PRAGMA temp_store = MEMORY; VACUUM");
  sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, attached_max);
  return status;
}

std::int64_t Database::wal_pages() const { return connection_->wal_pages; }

absl::StatusOr<std::int64_t> Database::UserVersion() {
  return connection_->QueryNumber("PRAGMA user_version");
}

absl::StatusOr<std::uint32_t> Database::ApplicationId() {
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t id, connection_->QueryNumber("PRAGMA application_id"));
  return static_cast<std::uint32_t>(id);
}

absl::StatusOr<bool> Database::IsEmpty() {
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t tables,
                         connection_->QueryNumber("SELECT count(*) FROM sqlite_schema"));
  return tables == 0;
}

absl::Status Database::QuickCheck() { return RunCheck(*connection_, "PRAGMA quick_check(3)"); }

absl::Status Database::IntegrityCheck() {
  return RunCheck(*connection_, "PRAGMA integrity_check(3)");
}

absl::Status Database::ForeignKeyCheck() {
  VIGIL_ASSIGN_OR_RETURN(Statement check, connection_->Uncached("PRAGMA foreign_key_check",
                                                                Connection::Access::kWrite));
  VIGIL_ASSIGN_OR_RETURN(const bool found, check.Step());
  if (!found) return absl::OkStatus();
  std::string message = connection_->path() + ": a row of ";
  message += check.ColumnText(0);
  message += " points to a missing row of ";
  message += check.ColumnText(2);
  return Error(absl::StatusCode::kFailedPrecondition, message);
}

void Database::Interrupt() { sqlite3_interrupt(connection_->handle()); }

const std::string& Database::path() const { return connection_->path(); }

}  // namespace vigil::sqlite
