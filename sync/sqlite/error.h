#ifndef VIGIL_SYNC_SQLITE_ERROR_H_
#define VIGIL_SYNC_SQLITE_ERROR_H_

#include <optional>
#include <string_view>

#include "absl/status/status.h"

namespace vigil::sqlite {

// The one mapping from SQLite's extended result codes to status codes:
//   BUSY, LOCKED, PROTOCOL, IOERR               UNAVAILABLE
//   BUSY_SNAPSHOT, ABORT                        ABORTED
//   FULL, NOMEM, IOERR_NOMEM                    RESOURCE_EXHAUSTED
//   CORRUPT, NOTADB, IOERR_{SHORT_READ,DATA,CORRUPTFS}  DATA_LOSS
//   CONSTRAINT_{UNIQUE,PRIMARYKEY,ROWID}        ALREADY_EXISTS
//   other CONSTRAINT, READONLY                  FAILED_PRECONDITION
//   CANTOPEN, PERM, AUTH                        PERMISSION_DENIED
//   TOOBIG                                      INVALID_ARGUMENT
//   INTERRUPT                                   CANCELLED
//   anything else (our own mistakes)            INTERNAL
// The message holds `doing`, `detail` and the extended code, which is metadata too.
// `code` is an error, so neither SQLITE_OK, SQLITE_ROW nor SQLITE_DONE.
absl::Status FromResultCode(int code, std::string_view doing, std::string_view detail);

// The extended result code that a status was made from.
std::optional<int> ResultCodeOf(const absl::Status& status);

}  // namespace vigil::sqlite

#endif  // VIGIL_SYNC_SQLITE_ERROR_H_
