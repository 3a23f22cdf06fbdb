#include <optional>
#include <utility>
#include <vector>

#include "server/store/rows.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/status.h"

namespace vigil::store {
namespace {

using sqlite::Statement;

constexpr char kFindForeignEpoch[] = "SELECT bytes FROM foreign_epoch WHERE id = ?1";

constexpr char kCountForeignEpochs[] = "SELECT count(*) FROM foreign_epoch";

constexpr char kBackups[] = "SELECT bytes FROM backup ORDER BY seq, id";

constexpr char kHasCopy[] = R"sql(
SELECT 1 FROM witness_copy WHERE record = ?1 AND epoch = ?2 AND version = ?3 AND hash = ?4
)sql";

constexpr char kCopies[] = R"sql(
SELECT id, epoch, record, version, hash, parent, device, person, returned_at, settled, bytes
FROM witness_copy WHERE id > ?1 AND (?2 OR settled = 0) ORDER BY id LIMIT ?3
)sql";

constexpr char kCopiesOf[] = R"sql(
SELECT id, epoch, record, version, hash, parent, device, person, returned_at, settled, bytes
FROM witness_copy WHERE record = ?1 ORDER BY id
)sql";

constexpr char kCopiesUnder[] = R"sql(
SELECT id, epoch, record, version, hash, parent, device, person, returned_at, settled, bytes
FROM witness_copy WHERE parent = ?1 ORDER BY id
)sql";

constexpr char kCopy[] = R"sql(
SELECT id, epoch, record, version, hash, parent, device, person, returned_at, settled, bytes
FROM witness_copy WHERE id = ?1
)sql";

absl::StatusOr<std::vector<WitnessCopy>> ReadCopies(Statement& read) {
  std::vector<WitnessCopy> copies;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return copies;
    WitnessCopy& copy = copies.emplace_back();
    copy.id = read.ColumnInt64(0);
    VIGIL_ASSIGN_OR_RETURN(copy.epoch, read.ColumnUuid(1));
    VIGIL_ASSIGN_OR_RETURN(copy.record, read.ColumnUuid(2));
    copy.version = read.ColumnNumber<Seq>(3);
    VIGIL_ASSIGN_OR_RETURN(copy.hash, ReadHash(read, 4));
    VIGIL_ASSIGN_OR_RETURN(copy.parent, ReadReference(read, 5));
    VIGIL_ASSIGN_OR_RETURN(copy.device, read.ColumnUuid(6));
    VIGIL_ASSIGN_OR_RETURN(copy.person, read.ColumnUuid(7));
    copy.returned_at = read.ColumnTime(8);
    copy.settled = read.ColumnInt64(9) != 0;
    copy.bytes = std::string(read.ColumnBlob(10));
  }
}

}  // namespace

absl::StatusOr<std::optional<v1::Epoch>> SqliteSnapshot::FindForeignEpoch(const Uuid& id) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kFindForeignEpoch));
  find.BindUuid(1, id);
  VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
  if (!found) return std::optional<v1::Epoch>();
  v1::Epoch epoch;
  VIGIL_RETURN_IF_ERROR(ReadMessage(find, 0, epoch));
  return std::optional<v1::Epoch>(std::move(epoch));
}

absl::StatusOr<std::int64_t> SqliteSnapshot::CountForeignEpochs() {
  VIGIL_ASSIGN_OR_RETURN(Statement count, database_->Query(kCountForeignEpochs));
  VIGIL_RETURN_IF_ERROR(count.Step());
  return count.ColumnInt64(0);
}

absl::StatusOr<std::vector<v1::Backup>> SqliteSnapshot::Backups() {
  std::vector<v1::Backup> backups;
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kBackups));
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return backups;
    VIGIL_RETURN_IF_ERROR(ReadMessage(read, 0, backups.emplace_back()));
  }
}

absl::StatusOr<bool> SqliteSnapshot::HasWitnessCopy(const WitnessCopy& copy) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kHasCopy));
  BindRawUuid(find, 1, copy.record);
  BindRawUuid(find, 2, copy.epoch);
  find.BindNumber(3, copy.version);
  BindHash(find, 4, copy.hash);
  return find.Step();
}

absl::StatusOr<std::optional<WitnessCopy>> SqliteSnapshot::FindWitnessCopy(std::int64_t id) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kCopy));
  find.BindInt64(1, id);
  VIGIL_ASSIGN_OR_RETURN(std::vector<WitnessCopy> copies, ReadCopies(find));
  if (copies.empty()) return std::optional<WitnessCopy>();
  return std::optional<WitnessCopy>(std::move(copies.front()));
}

absl::StatusOr<std::vector<WitnessCopy>> SqliteSnapshot::WitnessCopiesOf(const Uuid& record) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kCopiesOf));
  read.BindUuid(1, record);
  return ReadCopies(read);
}

absl::StatusOr<std::vector<WitnessCopy>> SqliteSnapshot::WitnessCopiesUnder(const Uuid& parent) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kCopiesUnder));
  read.BindUuid(1, parent);
  return ReadCopies(read);
}

absl::StatusOr<std::vector<WitnessCopy>> SqliteSnapshot::WitnessCopies(std::int64_t after,
                                                                       bool settled_too,
                                                                       int limit) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kCopies));
  read.BindInt64(1, after).BindBool(2, settled_too).BindInt64(3, limit);
  return ReadCopies(read);
}

}  // namespace vigil::store
