#include "sync/sqlite/column_reader.h"

#include <sqlite3.h>

#include "sync/base/status.h"
#include "sync/sqlite/connection.h"

namespace vigil::sqlite {

ColumnReader::~ColumnReader() { sqlite3_blob_close(blob_); }

absl::Status ColumnReader::Seek(std::int64_t rowid) {
  const int code = blob_ == nullptr ? sqlite3_blob_open(connection_.handle(), "main", column_.table,
                                                        column_.column, rowid, /*flags=*/0, &blob_)
                                    : sqlite3_blob_reopen(blob_, rowid);
  if (code == SQLITE_OK) return absl::OkStatus();
  const absl::Status status = connection_.Failure(code, "looking for a row");
  // After an error it stands nowhere.
  sqlite3_blob_close(blob_);
  blob_ = nullptr;
  if (code != SQLITE_ERROR) return status;
  return Error(absl::StatusCode::kNotFound, ToStd(status.message()));
}

absl::StatusOr<std::string> ColumnReader::Read(std::int64_t rowid) {
  VIGIL_RETURN_IF_ERROR(Seek(rowid));
  std::string value(static_cast<std::size_t>(sqlite3_blob_bytes(blob_)), '\0');
  const int code = sqlite3_blob_read(blob_, value.data(), static_cast<int>(value.size()), 0);
  if (code != SQLITE_OK) return connection_.Failure(code, "reading a column");
  return value;
}

}  // namespace vigil::sqlite
