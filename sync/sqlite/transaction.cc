#include <sqlite3.h>

#include <utility>

#include "sync/base/status.h"
#include "sync/sqlite/connection.h"
#include "sync/sqlite/database.h"

namespace vigil::sqlite {
namespace {

absl::Status Gone(const Connection& connection) {
  return Error(absl::StatusCode::kAborted,
               "the transaction on " + connection.path() + " is no longer open");
}

void End(Connection& connection) {
  // What cannot be ended now is as soon as the connection is used again.
  connection.RollBack().IgnoreError();
  connection.busy = false;
}

}  // namespace

Transaction::Transaction(Transaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

Transaction::~Transaction() { Rollback(); }

absl::StatusOr<Statement> Transaction::Prepare(Sql sql) {
  if (connection_ == nullptr) return Error(absl::StatusCode::kAborted, "the transaction is over");
  if (!is_open()) return Gone(*connection_);
  return connection_->Cached(sql, Connection::Access::kWrite);
}

absl::Status Transaction::Execute(Sql sql) {
  VIGIL_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  return statement.Run();
}

absl::Status Transaction::ExecuteScript(std::string_view sql) {
  if (connection_ == nullptr) return Error(absl::StatusCode::kAborted, "the transaction is over");
  if (!is_open()) return Gone(*connection_);
  return connection_->RunScript(sql);
}

std::int64_t Transaction::changes() const { return sqlite3_changes64(connection_->handle()); }

std::int64_t Transaction::last_insert_rowid() const {
  return sqlite3_last_insert_rowid(connection_->handle());
}

absl::Status Transaction::SetUserVersion(std::int32_t version) {
  return ExecuteScript("PRAGMA user_version = " + std::to_string(version));
}

absl::Status Transaction::SetApplicationId(std::uint32_t id) {
  return ExecuteScript("PRAGMA application_id = " + std::to_string(static_cast<std::int32_t>(id)));
}

absl::Status Transaction::Commit() {
  if (connection_ == nullptr) return Error(absl::StatusCode::kAborted, "the transaction is over");
  absl::Status status;
  if (is_open()) {
    absl::StatusOr<Statement> commit = connection_->Cached("COMMIT", Connection::Access::kWrite);
    status = commit.ok() ? commit->Run() : commit.status();
  } else {
    status = Gone(*connection_);
  }
  Rollback();
  return status;
}

void Transaction::Rollback() {
  if (connection_ == nullptr) return;
  End(*connection_);
  connection_ = nullptr;
}

bool Transaction::is_open() const {
  return connection_ != nullptr && connection_->in_transaction();
}

ReadSnapshot::ReadSnapshot(ReadSnapshot&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

ReadSnapshot::~ReadSnapshot() {
  if (connection_ != nullptr) End(*connection_);
}

}  // namespace vigil::sqlite
