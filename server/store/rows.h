#ifndef VIGIL_SERVER_STORE_ROWS_H_
#define VIGIL_SERVER_STORE_ROWS_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/store/register_store.h"
#include "server/store/write_set.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/sqlite/statement.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/error.pb.h"

// Between rows of the register's tables and values. Reading what is not of the expected form is
// DATA_LOSS: somebody else wrote the file, or it is damaged.

namespace vigil::store {

// An error with its reason.
ErrorBuilder StoreError(absl::StatusCode code, v1::Reason reason, std::string_view message);

// The value is not copied: it must live until the statement has been run.
// Nil is kept as 16 zeros (a unit: everybody's).
void BindRawUuid(sqlite::Statement& statement, int parameter, const Uuid& id);
void BindRawUuid(sqlite::Statement& statement, int parameter, Uuid&& id) = delete;
// Nil is kept as NULL (a reference: none).
void BindReference(sqlite::Statement& statement, int parameter, const Uuid& id);
void BindReference(sqlite::Statement& statement, int parameter, Uuid&& id) = delete;
void BindHash(sqlite::Statement& statement, int parameter, const Sha256& hash);
void BindHash(sqlite::Statement& statement, int parameter, Sha256&& hash) = delete;

// An unset date (year 0) is kept as NULL.
void BindDate(sqlite::Statement& statement, int parameter, const v1::Date& date);

// NULL is nil.
absl::StatusOr<Uuid> ReadReference(const sqlite::Statement& statement, int column);
absl::StatusOr<Sha256> ReadHash(const sqlite::Statement& statement, int column);
// NULL is the unset date.
absl::StatusOr<v1::Date> ReadDate(const sqlite::Statement& statement, int column);
template <typename Message>
absl::Status ReadMessage(const sqlite::Statement& statement, int column, Message& message) {
  const std::string_view bytes = statement.ColumnBlob(column);
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return {};
  return absl::DataLossError("a stored message cannot be read");
}

// Columns id, kind, version, parent, root, unit, bytes, beginning with `column`.
absl::StatusOr<StoredRecord> ReadRecord(const sqlite::Statement& statement, int column = 0);
inline constexpr int kRecordColumns = 7;

// "2017-07-31"; the date must be set.
std::string DateText(const v1::Date& date);
google::protobuf::Timestamp ToTimestamp(absl::Time time);

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_ROWS_H_
