#ifndef VIGIL_SYNC_REPLICA_ROWS_H_
#define VIGIL_SYNC_REPLICA_ROWS_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/sqlite/statement.h"

// Between rows of a phone's tables and values. Reading what is not of the expected form is
// DATA_LOSS.

namespace vigil::replica {

// INVALID_ID unless `text` is an id.
absl::StatusOr<Uuid> ParseId(std::string_view text);

// Nil is kept as 16 zeros (a unit: everybody's).
void BindRaw(sqlite::Statement& statement, int parameter, const Uuid& id);
// Nil is kept as NULL.
void BindReference(sqlite::Statement& statement, int parameter, const Uuid& id);

// The ids in the first column of all rows.
absl::StatusOr<std::vector<Uuid>> ReadIds(sqlite::Statement row);

absl::StatusOr<Sha256> ReadHash(const sqlite::Statement& statement, int column);

template <typename Message>
absl::Status ReadMessage(const sqlite::Statement& statement, int column, Message& message) {
  const std::string_view bytes = statement.ColumnBlob(column);
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::OkStatus();
  }
  return absl::DataLossError("a stored message cannot be read");
}

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_ROWS_H_
