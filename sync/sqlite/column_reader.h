#ifndef VIGIL_SYNC_SQLITE_COLUMN_READER_H_
#define VIGIL_SYNC_SQLITE_COLUMN_READER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "sync/sqlite/database.h"

struct sqlite3_blob;

namespace vigil::sqlite {

// Reads one column of many rows by their rowids: it stays where it is between two rows, and so does
// half of what a statement does for each. For blobs that are not NULL. Inside of a snapshot or
// transaction only, and no longer than it; what it read before a write of the same connection it
// does not read again (ABORTED).
class ColumnReader {
 public:
  // Of the schema; they must live as long as this.
  struct Column {
    const char* table;
    const char* column;
  };
  ColumnReader(Database& database, const Column& column)
      : connection_(database.connection()), column_(column) {}
  ColumnReader(const ColumnReader&) = delete;
  ColumnReader& operator=(const ColumnReader&) = delete;
  ~ColumnReader();

  // NOT_FOUND: there is no such row.
  [[nodiscard]] absl::StatusOr<std::string> Read(std::int64_t rowid);

 private:
  absl::Status Seek(std::int64_t rowid);

  Connection& connection_;
  const Column column_;
  sqlite3_blob* blob_ = nullptr;
};

}  // namespace vigil::sqlite

#endif  // VIGIL_SYNC_SQLITE_COLUMN_READER_H_
