#ifndef VIGIL_SYNC_SQLITE_CONNECTION_H_
#define VIGIL_SYNC_SQLITE_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/sqlite/gathering_vfs.h"
#include "sync/sqlite/statement.h"

struct sqlite3;
struct sqlite3_stmt;

namespace vigil::sqlite {

// What Database, Transaction and Statement share: the handle, the statement cache and what is
// open. Stays in place when a Database moves. Internal to this folder.
class Connection {
 public:
  enum class Access { kRead, kWrite };

  // `vfs`: what it was opened with, if that is its own; null otherwise.
  Connection(sqlite3* handle, std::string path, std::unique_ptr<GatheringVfs> vfs)
      : vfs_(std::move(vfs)), handle_(handle), path_(std::move(path)) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  sqlite3* handle() const { return handle_; }
  const std::string& path() const { return path_; }

  // A cached statement, prepared if need be. INTERNAL when it would write and `access` is kRead.
  absl::StatusOr<Statement> Cached(Sql sql, Access access);
  // A statement that is not cached. Refuses text with more than one statement.
  absl::StatusOr<Statement> Uncached(std::string_view sql, Access access);
  // Runs all statements of a script, ignoring rows.
  absl::Status RunScript(std::string_view sql);
  // The first column of the only row; an error if there is no row.
  absl::StatusOr<std::int64_t> QueryNumber(std::string_view sql);

  // The status for an extended result code, with SQLite's message of the last call.
  absl::Status Failure(int code, std::string_view doing) const;
  bool in_transaction() const;
  // Ends whatever transaction is open. Where even that fails (no memory), it stays open …
  absl::Status RollBack();
  // … and is ended before anything else is done: nobody may read what was never committed.
  absl::Status EndLeftOver() { return busy ? absl::OkStatus() : RollBack(); }

  // Writes all of the WAL over itself and syncs it. Nobody else may be writing.
  absl::Status RewriteWal();

  // Takes back a statement that does not run; `idle` null: finalises it.
  void Release(sqlite3_stmt* statement, std::vector<sqlite3_stmt*>* idle);

  // Exactly one of a Transaction and a ReadSnapshot may be open.
  bool busy = false;
  // Pages in the WAL after the last commit.
  std::int64_t wal_pages = 0;
  // False: MakeDurable has failed, and comes before the next transaction.
  bool durable = true;

 private:
  absl::StatusOr<sqlite3_stmt*> Prepare(std::string_view sql, Access access, unsigned flags);

  std::unique_ptr<GatheringVfs> vfs_;
  sqlite3* handle_;
  std::string path_;
  // By address of the SQL: idle statements, which stay where they are while others are added.
  // Lookup only; its order is never seen.
  absl::node_hash_map<const char*, std::vector<sqlite3_stmt*>> idle_;
};

}  // namespace vigil::sqlite

#endif  // VIGIL_SYNC_SQLITE_CONNECTION_H_
