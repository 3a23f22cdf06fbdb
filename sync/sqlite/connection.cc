#include "sync/sqlite/connection.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/sqlite/error.h"

namespace vigil::sqlite {
namespace {

// Statements of one SQL text that are kept idle; more are in use at a time only in recursion.
constexpr std::size_t kIdlePerSqlMax = 4;

bool IsBlank(std::string_view sql) {
  return sql.find_first_not_of(" \t\r\n;") == std::string_view::npos;
}

// Writes a file's bytes over themselves and syncs it.
absl::Status Rewrite(sqlite3_file& file, const std::string& path) {
  constexpr sqlite3_int64 kChunkBytes = 64 * 1024;
  const auto check = [&](int code) {
    return code == SQLITE_OK ? absl::OkStatus()
                             : FromResultCode(code, "writing " + path + " anew", "");
  };
  sqlite3_int64 size = 0;
  VIGIL_RETURN_IF_ERROR(check(file.pMethods->xFileSize(&file, &size)));
  std::vector<char> chunk(static_cast<std::size_t>(std::min(size, kChunkBytes)));
  for (sqlite3_int64 at = 0; at < size; at += kChunkBytes) {
    const int bytes = static_cast<int>(std::min(kChunkBytes, size - at));
    VIGIL_RETURN_IF_ERROR(check(file.pMethods->xRead(&file, chunk.data(), bytes, at)));
    VIGIL_RETURN_IF_ERROR(check(file.pMethods->xWrite(&file, chunk.data(), bytes, at)));
  }
  return check(file.pMethods->xSync(&file, SQLITE_SYNC_NORMAL));
}

}  // namespace

Connection::~Connection() {
  for (auto& [key, statements] : idle_) {
    for (sqlite3_stmt* const statement : statements) sqlite3_finalize(statement);
  }
  // Anything but OK: a Statement outlived its Database.
  VIGIL_CHECK(sqlite3_close(handle_) == SQLITE_OK) << "statements of " << path_ << " are in use";
}

absl::Status Connection::RewriteWal() {
  sqlite3_file* wal = nullptr;
  const int code = sqlite3_file_control(handle_, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
  if (code != SQLITE_OK) return Failure(code, "finding the log of");
  if (wal == nullptr || wal->pMethods == nullptr) return absl::OkStatus();
  return Rewrite(*wal, path_ + "-wal");
}

absl::StatusOr<Statement> Connection::Cached(Sql sql, Access access) {
  std::vector<sqlite3_stmt*>& idle = idle_[sql.text().data()];
  sqlite3_stmt* statement = nullptr;
  if (!idle.empty()) {
    statement = idle.back();
    if (access == Access::kRead && sqlite3_stmt_readonly(statement) == 0) {
      return Error(absl::StatusCode::kInternal, "a query that writes");
    }
    idle.pop_back();
  } else {
    VIGIL_ASSIGN_OR_RETURN(statement, Prepare(sql.text(), access, SQLITE_PREPARE_PERSISTENT));
  }
  return Statement(this, statement, &idle);
}

absl::StatusOr<Statement> Connection::Uncached(std::string_view sql, Access access) {
  VIGIL_ASSIGN_OR_RETURN(sqlite3_stmt* const statement, Prepare(sql, access, 0));
  return Statement(this, statement, nullptr);
}

absl::StatusOr<sqlite3_stmt*> Connection::Prepare(std::string_view sql, Access access,
                                                  unsigned flags) {
  sqlite3_stmt* statement = nullptr;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()), flags,
                                      &statement, &tail);
  if (code != SQLITE_OK) return Failure(code, "preparing");
  const char* const end = sql.data() + sql.size();
  absl::Status refused;
  if (statement == nullptr || !IsBlank({tail, static_cast<std::size_t>(end - tail)})) {
    refused = Error(absl::StatusCode::kInternal, "not exactly one statement");
  } else if (access == Access::kRead && sqlite3_stmt_readonly(statement) == 0) {
    refused = Error(absl::StatusCode::kInternal, "a query that writes");
  }
  if (!refused.ok()) {
    sqlite3_finalize(statement);
    return refused;
  }
  return statement;
}

absl::Status Connection::RunScript(std::string_view sql) {
  while (!IsBlank(sql)) {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    int code =
        sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, &tail);
    if (code != SQLITE_OK) return Failure(code, "preparing");
    sql.remove_prefix(static_cast<std::size_t>(tail - sql.data()));
    if (statement == nullptr) continue;  // a comment
    do {
      code = sqlite3_step(statement);
    } while (code == SQLITE_ROW);
    const absl::Status status = code == SQLITE_DONE ? absl::OkStatus() : Failure(code, "running");
    sqlite3_finalize(statement);
    VIGIL_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> Connection::QueryNumber(std::string_view sql) {
  // Settings that are read by PRAGMA count as reading, those that are set do not come here.
  VIGIL_ASSIGN_OR_RETURN(Statement statement, Uncached(sql, Access::kWrite));
  VIGIL_ASSIGN_OR_RETURN(const bool found, statement.Step());
  if (!found) return Error(absl::StatusCode::kInternal, "no row");
  return statement.ColumnInt64(0);
}

absl::Status Connection::Failure(int code, std::string_view doing) const {
  std::string what(doing);
  what += ' ';
  what += path_;
  return FromResultCode(code, what, sqlite3_errmsg(handle_));
}

bool Connection::in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

absl::Status Connection::RollBack() {
  // SQLite may have ended it by itself.
  if (!in_transaction()) return absl::OkStatus();
  // Prepared since Open: what has failed for want of memory can still be rolled back.
  VIGIL_ASSIGN_OR_RETURN(Statement rollback, Cached("ROLLBACK", Access::kWrite));
  return rollback.Run();
}

void Connection::Release(sqlite3_stmt* statement, std::vector<sqlite3_stmt*>* idle) {
  if (idle == nullptr || idle->size() >= kIdlePerSqlMax) {
    sqlite3_finalize(statement);
    return;
  }
  sqlite3_clear_bindings(statement);
  idle->push_back(statement);
}

}  // namespace vigil::sqlite
