#include "server/store/rows.h"

#include <cstdint>
#include <utility>

#include "absl/strings/str_format.h"
#include "sync/base/time.h"

namespace vigil::store {

ErrorBuilder StoreError(absl::StatusCode code, v1::Reason reason, std::string_view message) {
  return Error(code, ReasonTag{static_cast<int>(reason), v1::Reason_Name(reason)}, message);
}

void BindRawUuid(sqlite::Statement& statement, int parameter, const Uuid& id) {
  statement.BindBorrowed(parameter, id.bytes());
}

void BindReference(sqlite::Statement& statement, int parameter, const Uuid& id) {
  if (id.is_nil()) {
    statement.BindNull(parameter);
  } else {
    statement.BindBorrowed(parameter, id.bytes());
  }
}

void BindHash(sqlite::Statement& statement, int parameter, const Sha256& hash) {
  statement.BindBorrowed(parameter, hash.bytes());
}

void BindDate(sqlite::Statement& statement, int parameter, const v1::Date& date) {
  if (date.year() == 0) {
    statement.BindNull(parameter);
  } else {
    statement.BindText(parameter, DateText(date));
  }
}

absl::StatusOr<Uuid> ReadReference(const sqlite::Statement& statement, int column) {
  if (statement.ColumnIsNull(column)) return Uuid();
  return statement.ColumnUuid(column);
}

absl::StatusOr<Sha256> ReadHash(const sqlite::Statement& statement, int column) {
  const std::optional<Sha256> hash = Sha256::FromBytes(statement.ColumnBlob(column));
  if (!hash) return absl::DataLossError("a stored hash has not 32 bytes");
  return *hash;
}

absl::StatusOr<v1::Date> ReadDate(const sqlite::Statement& statement, int column) {
  v1::Date date;
  if (statement.ColumnIsNull(column)) return date;
  const absl::StatusOr<absl::CivilDay> day = ParseDay(statement.ColumnText(column));
  if (!day.ok()) return absl::DataLossError("a stored date cannot be read");
  date.set_year(static_cast<std::int32_t>(day->year()));
  date.set_month(day->month());
  date.set_day(day->day());
  return date;
}

absl::StatusOr<StoredRecord> ReadRecord(const sqlite::Statement& statement, int column) {
  StoredRecord record;
  VIGIL_ASSIGN_OR_RETURN(record.id, statement.ColumnUuid(column));
  record.kind = static_cast<int>(statement.ColumnInt64(column + 1));
  record.version = statement.ColumnNumber<Seq>(column + 2);
  VIGIL_ASSIGN_OR_RETURN(record.parent, ReadReference(statement, column + 3));
  VIGIL_ASSIGN_OR_RETURN(record.root, statement.ColumnUuid(column + 4));
  VIGIL_ASSIGN_OR_RETURN(record.unit, statement.ColumnUuid(column + 5));
  record.bytes = std::string(statement.ColumnBlob(column + 6));
  return record;
}

std::string DateText(const v1::Date& date) {
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const std::int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(
      static_cast<std::int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

}  // namespace vigil::store
