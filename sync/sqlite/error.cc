#include "sync/sqlite/error.h"

#include <sqlite3.h>

#include <charconv>
#include <string>

#include "sync/base/status.h"

namespace vigil::sqlite {
namespace {

constexpr std::string_view kCodeKey = "sqlite_code";

absl::StatusCode ConstraintCode(int extended) {
  switch (extended) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return absl::StatusCode::kAlreadyExists;
    default:
      return absl::StatusCode::kFailedPrecondition;
  }
}

absl::StatusCode IoErrorCode(int extended) {
  switch (extended) {
    case SQLITE_IOERR_NOMEM:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_DATA:
    case SQLITE_IOERR_CORRUPTFS:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

absl::StatusCode StatusCodeOf(int extended) {
  switch (extended & 0xff) {
    case SQLITE_BUSY:
      return extended == SQLITE_BUSY_SNAPSHOT ? absl::StatusCode::kAborted
                                              : absl::StatusCode::kUnavailable;
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return absl::StatusCode::kUnavailable;
    case SQLITE_IOERR:
      return IoErrorCode(extended);
    case SQLITE_ABORT:
      return absl::StatusCode::kAborted;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_CONSTRAINT:
      return ConstraintCode(extended);
    case SQLITE_READONLY:
      return absl::StatusCode::kFailedPrecondition;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::StatusCode::kPermissionDenied;
    case SQLITE_TOOBIG:
      return absl::StatusCode::kInvalidArgument;
    case SQLITE_INTERRUPT:
      return absl::StatusCode::kCancelled;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::Status FromResultCode(int code, std::string_view doing, std::string_view detail) {
  std::string message(doing);
  message += ": ";
  message += detail.empty() ? std::string_view(sqlite3_errstr(code)) : detail;
  message += " (SQLite ";
  message += std::to_string(code);
  message += ')';
  return Error(StatusCodeOf(code), message).With(kCodeKey, code);
}

std::optional<int> ResultCodeOf(const absl::Status& status) {
  const std::optional<std::string> text = MetadataValueOf(status, kCodeKey);
  if (!text) return std::nullopt;
  int code = 0;
  const auto result = std::from_chars(text->data(), text->data() + text->size(), code);
  return result.ec == std::errc() ? std::optional<int>(code) : std::nullopt;
}

}  // namespace vigil::sqlite
