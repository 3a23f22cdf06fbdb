#ifndef VIGIL_SYNC_SQLITE_DATABASE_H_
#define VIGIL_SYNC_SQLITE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/sqlite/statement.h"

// A thin wrapper around SQLite 3.40 and the only folder that includes sqlite3.h. Its results
// become absl::Status in one place (error.h); its settings are made in one place (Open). What the
// wrapper knows of SQLite so that its users need not:
//
//  * NaN is stored as NULL, malformed UTF-8 and embedded NUL are taken: binding refuses them.
//  * A commit that returned an error can still be there after a reopen. An error of Commit
//    therefore means "unknown"; a server leaves the process and looks.
//  * On a full disk SQLite rolls the *whole* transaction back by itself, and a SAVEPOINT after
//    that silently opens another. There are no savepoints here, and a transaction that is gone
//    refuses every further write.
//  * On a full disk even DELETE fails. Keep a reserve file beside the database and remove it first.
//  * VACUUM INTO does not sync its file. Backups here use the online backup and sync (backup.h).
//  * Automatic checkpoints run inside somebody's commit; and before 3.51.3 checkpoints of several
//    connections race with a reset of the WAL. They are off; one connection calls Checkpoint.
//  * Foreign keys, a distrusted schema, cell checks, limits and DEFENSIVE are per connection.
//  * A database is opened lazily: Open reads its first page, so a foreign file is refused there.
namespace vigil::sqlite {

class Connection;

struct OpenOptions {
  enum class Mode {
    kReadOnly,   // the file must exist; the path may be a URI: "file:PATH?immutable=1"
    kReadWrite,  // the file must exist
    kCreate,     // read and write; made when missing
  };
  enum class Journal {
    kWal,     // one writer beside any number of snapshot readers
    kMemory,  // for databases in memory (":memory:")
  };
  enum class Synchronous {
    kFull,    // an acknowledged commit survives a power failure
    kNormal,  // it survives a crash of the process only; the database stays sound
  };

  Mode mode = Mode::kCreate;
  Journal journal = Journal::kWal;
  Synchronous synchronous = Synchronous::kFull;
  // The VFS by name; empty: SQLite's default. "unix-excl" keeps other processes out; connections
  // of this process share it, and a read-only one needs the writing one to be open.
  std::string vfs{};
  absl::Duration busy_timeout = absl::Seconds(5);
  // Not 0: a file that is neither new nor marked with this application id is refused
  // (FAILED_PRECONDITION) before anything is written to it. The mark is set by Migrate.
  std::uint32_t application_id = 0;
  std::int64_t cache_kib = 8 * 1024;
  // What is deleted is overwritten with zeros, in pages and in those that are free; what the WAL
  // holds of it stays until a truncating checkpoint.
  bool secure_delete = false;
  // The longest row, text or blob that is read or written.
  int value_bytes_max = 64 * 1024 * 1024;
};

enum class CheckpointMode {
  kPassive,   // what can be done without waiting for anybody
  kTruncate,  // waits (busy timeout) for readers, then empties the WAL file
};
struct CheckpointResult {
  bool complete = false;        // every frame is in the database file
  std::int64_t wal_frames = 0;  // left in the WAL file, in pages
};

class Transaction;
class ReadSnapshot;

// One connection, used by one thread at a time. Moving it keeps its statements valid.
//
// Writing needs a Transaction&, the proof that one is open; a statement that would write is
// refused outside of it (INTERNAL).
class Database {
 public:
  // NOT_FOUND: no such file. FAILED_PRECONDITION: another program's database, or not writable.
  // DATA_LOSS: not a database, or a damaged one. PERMISSION_DENIED: the file cannot be opened.
  // UNAVAILABLE: locked by another process, or the disk fails.
  static absl::StatusOr<Database> Open(const std::string& path, const OpenOptions& options);

  Database(Database&&) noexcept;
  Database& operator=(Database&&) noexcept;
  // Closes the connection; the last one checkpoints and removes the WAL file.
  ~Database();

  // A reading statement. Without an open snapshot or transaction each run sees the newest state.
  [[nodiscard]] absl::StatusOr<Statement> Query(Sql sql);
  // The same for SQL put together at run time; not cached.
  [[nodiscard]] absl::StatusOr<Statement> QueryText(std::string_view sql);

  // Begins the only transaction that may write (waits for another connection's: busy timeout).
  [[nodiscard]] absl::StatusOr<Transaction> BeginWrite();
  // Fixes what this connection's queries see until the snapshot is destroyed.
  [[nodiscard]] absl::StatusOr<ReadSnapshot> BeginRead();

  // Another number after each commit, whoever makes it; one of another connection is noticed where
  // a transaction or a snapshot begins. Of this connection: no two compare.
  std::uint32_t data_version() const;

  [[nodiscard]] absl::StatusOr<CheckpointResult> Checkpoint(CheckpointMode mode);
  // Brings all that the WAL has into the file and syncs both, before anybody relies on what is
  // read. A process that died within a commit may have left it unsynced; and after a failed fsync
  // Linux may hold pages for clean that never reached the disk, which no later fsync writes: the
  // WAL is written anew first. UNAVAILABLE: somebody reads the file. After an error what can be
  // read can be read; the next BeginWrite tries again first.
  [[nodiscard]] absl::Status MakeDurable();
  // Writes the file anew, with what is in it and nothing else: secure_delete does not reach what
  // SQLite leaves behind on a page when it moves rows to another one. Takes as much memory as the
  // file is large, and room for it in the WAL; a Checkpoint brings it into the file.
  [[nodiscard]] absl::Status Vacuum();
  // Pages in the WAL after this connection's last commit; what a size bound looks at.
  std::int64_t wal_pages() const;

  [[nodiscard]] absl::StatusOr<std::int64_t> UserVersion();
  [[nodiscard]] absl::StatusOr<std::uint32_t> ApplicationId();
  // True: there is no table yet.
  [[nodiscard]] absl::StatusOr<bool> IsEmpty();

  // DATA_LOSS with SQLite's first findings. Quick leaves out the indexes' content; both take time
  // in proportion to the file.
  [[nodiscard]] absl::Status QuickCheck();
  [[nodiscard]] absl::Status IntegrityCheck();
  // FAILED_PRECONDITION if some foreign key points nowhere.
  [[nodiscard]] absl::Status ForeignKeyCheck();

  // Makes a query that is under way on another thread fail with CANCELLED.
  void Interrupt();
  const std::string& path() const;

  Connection& connection() { return *connection_; }  // for this folder's use

 private:
  explicit Database(std::unique_ptr<Connection> connection);
  absl::StatusOr<Transaction> Begin();

  std::unique_ptr<Connection> connection_;
};

// An open write transaction (BEGIN IMMEDIATE) and the proof of it. Rolled back by its destructor
// unless Commit was called.
class Transaction {
 public:
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // A statement that may write.
  [[nodiscard]] absl::StatusOr<Statement> Prepare(Sql sql);
  // Runs one statement without parameters and rows.
  [[nodiscard]] absl::Status Execute(Sql sql);
  // Runs statements that are put together at run time or read from a list, such as migrations.
  [[nodiscard]] absl::Status ExecuteScript(std::string_view sql);

  // Rows changed by the last INSERT, UPDATE or DELETE.
  std::int64_t changes() const;
  std::int64_t last_insert_rowid() const;
  // The number that PRAGMA user_version holds; commits with the rest.
  [[nodiscard]] absl::Status SetUserVersion(std::int32_t version);
  [[nodiscard]] absl::Status SetApplicationId(std::uint32_t id);

  // OK: durable, as far as `synchronous` promises. An error: UNKNOWN whether it will be there
  // after a reopen, whatever its code. The transaction is over in either case.
  [[nodiscard]] absl::Status Commit();
  void Rollback();
  // False after Commit, Rollback, or when SQLite rolled back by itself (disk full, I/O error).
  bool is_open() const;

 private:
  friend class Database;
  explicit Transaction(Connection* connection) : connection_(connection) {}

  Connection* connection_;
};

// While it lives, its database's queries see one state. Holding one for long keeps the WAL from
// being emptied.
class ReadSnapshot {
 public:
  ReadSnapshot(ReadSnapshot&& other) noexcept;
  ReadSnapshot& operator=(ReadSnapshot&&) = delete;
  ~ReadSnapshot();

 private:
  friend class Database;
  explicit ReadSnapshot(Connection* connection) : connection_(connection) {}

  Connection* connection_;
};

}  // namespace vigil::sqlite

#endif  // VIGIL_SYNC_SQLITE_DATABASE_H_
