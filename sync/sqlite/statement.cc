#include "sync/sqlite/statement.h"

#include <sqlite3.h>

#include <cmath>

#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/base/utf8.h"
#include "sync/sqlite/connection.h"

namespace vigil::sqlite {
namespace {

absl::Status RefusedBind(absl::StatusCode code, int parameter, std::string_view why) {
  std::string message(why);
  message += " for parameter ";
  message += std::to_string(parameter);
  return Error(code, message);
}

}  // namespace

Statement::Statement(Connection* connection, sqlite3_stmt* handle, Idle* idle)
    : connection_(connection), handle_(handle), idle_(idle) {}

Statement::Statement(Statement&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)),
      handle_(std::exchange(other.handle_, nullptr)),
      idle_(other.idle_),
      is_running_(std::exchange(other.is_running_, false)),
      bind_error_(std::move(other.bind_error_)) {}

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this != &other) {
    Release();
    connection_ = std::exchange(other.connection_, nullptr);
    handle_ = std::exchange(other.handle_, nullptr);
    idle_ = other.idle_;
    is_running_ = std::exchange(other.is_running_, false);
    bind_error_ = std::move(other.bind_error_);
  }
  return *this;
}

Statement::~Statement() { Release(); }

void Statement::Release() {
  if (handle_ == nullptr) return;
  EndRun();
  connection_->Release(handle_, idle_);
  handle_ = nullptr;
}

// What it returns repeats what Step has reported.
void Statement::EndRun() {
  if (std::exchange(is_running_, false)) sqlite3_reset(handle_);
}

Statement& Statement::Note(int parameter, int code) {
  if (code != SQLITE_OK && bind_error_.ok()) {
    bind_error_ = connection_->Failure(code, "binding parameter " + std::to_string(parameter));
  }
  return *this;
}

Statement& Statement::BindNull(int parameter) {
  return Note(parameter, sqlite3_bind_null(handle_, parameter));
}

Statement& Statement::BindBool(int parameter, bool value) {
  return BindInt64(parameter, value ? 1 : 0);
}

Statement& Statement::BindInt64(int parameter, std::int64_t value) {
  return Note(parameter, sqlite3_bind_int64(handle_, parameter, value));
}

Statement& Statement::BindDouble(int parameter, double value) {
  if (std::isnan(value)) {
    bind_error_.Update(RefusedBind(absl::StatusCode::kInvalidArgument, parameter, "not a number"));
    return *this;
  }
  return Note(parameter, sqlite3_bind_double(handle_, parameter, value));
}

Statement& Statement::BindText(int parameter, std::string_view value) {
  if (!IsValidText(value)) {
    bind_error_.Update(
        RefusedBind(absl::StatusCode::kInvalidArgument, parameter, "malformed UTF-8 or NUL"));
    return *this;
  }
  // A null pointer would bind NULL.
  const char* const data = value.data() != nullptr ? value.data() : "";
  return Note(parameter, sqlite3_bind_text64(handle_, parameter, data, value.size(),
                                             SQLITE_TRANSIENT, SQLITE_UTF8));
}

Statement& Statement::BindBlob(int parameter, std::string_view value) {
  const char* const data = value.data() != nullptr ? value.data() : "";
  return Note(parameter,
              sqlite3_bind_blob64(handle_, parameter, data, value.size(), SQLITE_TRANSIENT));
}

Statement& Statement::BindBorrowed(int parameter, std::string_view value) {
  const char* const data = value.data() != nullptr ? value.data() : "";
  return Note(parameter,
              sqlite3_bind_blob64(handle_, parameter, data, value.size(), SQLITE_STATIC));
}

Statement& Statement::BindUuid(int parameter, const Uuid& value) {
  if (value.is_nil()) {
    bind_error_.Update(RefusedBind(absl::StatusCode::kInternal, parameter, "the nil id"));
    return *this;
  }
  return BindBlob(parameter, value.bytes());
}

Statement& Statement::BindTime(int parameter, absl::Time value) {
  return BindInt64(parameter, ToMicros(value));
}

Statement& Statement::BindOptionalInt64(int parameter, std::optional<std::int64_t> value) {
  return value ? BindInt64(parameter, *value) : BindNull(parameter);
}

Statement& Statement::BindOptionalText(int parameter, std::optional<std::string_view> value) {
  return value ? BindText(parameter, *value) : BindNull(parameter);
}

Statement& Statement::BindOptionalBlob(int parameter, std::optional<std::string_view> value) {
  return value ? BindBlob(parameter, *value) : BindNull(parameter);
}

Statement& Statement::BindOptionalTime(int parameter, std::optional<absl::Time> value) {
  return value ? BindTime(parameter, *value) : BindNull(parameter);
}

absl::StatusOr<bool> Statement::Step() {
  VIGIL_RETURN_IF_ERROR(bind_error_);
  is_running_ = true;
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  absl::Status status;
  if (code != SQLITE_DONE) status = connection_->Failure(code, "running");
  // Ends the read that an unfinished statement would hold open.
  EndRun();
  VIGIL_RETURN_IF_ERROR(status);
  return false;
}

absl::Status Statement::Run() {
  VIGIL_ASSIGN_OR_RETURN(const bool found, Step());
  if (!found) return absl::OkStatus();
  EndRun();
  return Error(absl::StatusCode::kInternal, "a row from a statement that gives none");
}

void Statement::Reset() {
  EndRun();
  sqlite3_clear_bindings(handle_);
  bind_error_ = absl::OkStatus();
}

int Statement::column_count() const { return sqlite3_column_count(handle_); }

bool Statement::ColumnIsNull(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

std::int64_t Statement::ColumnInt64(int column) const {
  return sqlite3_column_int64(handle_, column);
}

double Statement::ColumnDouble(int column) const { return sqlite3_column_double(handle_, column); }

// Not as sqlite3_column_text: that one ends the text with a NUL, for which it may need memory, and
// where there is none a text would read as empty.
std::string_view Statement::ColumnText(int column) const { return ColumnBlob(column); }

std::string_view Statement::ColumnBlob(int column) const {
  const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(handle_, column));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

absl::Time Statement::ColumnTime(int column) const { return FromMicros(ColumnInt64(column)); }

absl::StatusOr<Uuid> Statement::ColumnUuid(int column) const {
  const std::optional<Uuid> uuid = Uuid::FromBytes(ColumnBlob(column));
  if (!uuid) {
    return Error(absl::StatusCode::kDataLoss, "column " + std::to_string(column) + " of " +
                                                  connection_->path() + " holds no id");
  }
  return *uuid;
}

}  // namespace vigil::sqlite
