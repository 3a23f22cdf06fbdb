#include "sync/replica/confirmed.h"

#include <utility>

#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/replica/rows.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"

namespace vigil::replica {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kLoadDigest[] = "SELECT digest FROM meta WHERE one = 1";
constexpr char kSaveDigest[] = "UPDATE meta SET digest = ?1 WHERE one = 1";

constexpr char kFind[] = "SELECT version, bytes FROM record WHERE id = ?1";

constexpr char kPut[] = R"sql(
  INSERT INTO record (id, kind, version, parent, unit, key, merged_into, in_conflict, bucket, bytes)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
  ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, version = excluded.version,
    parent = excluded.parent, unit = excluded.unit, key = excluded.key,
    merged_into = excluded.merged_into, in_conflict = excluded.in_conflict,
    bytes = excluded.bytes)sql";

constexpr char kRemove[] = "DELETE FROM record WHERE id = ?1";

// What the columns beside the bytes hold.
struct Columns {
  Uuid id;
  int kind = 0;
  Uuid parent;
  Uuid unit;
  std::string key;
  Uuid merged_into;
  bool in_conflict = false;
};

absl::StatusOr<Columns> ColumnsOf(const v1::Record& record) {
  Columns columns;
  columns.id = Uuid::ParseOrNil(record.id());
  if (columns.id.is_nil() || record.version() == 0) {
    return absl::DataLossError("the register sent a record without an id or a version");
  }
  columns.parent = Uuid::ParseOrNil(record.parent());
  columns.unit = Uuid::ParseOrNil(record.unit());
  // A kind that a newer register added is kept, and counted in the digest, without being read.
  const rules::EntityInfo* info = rules::InfoOf(record);
  if (info == nullptr) return columns;
  columns.kind = info->number;
  columns.key = rules::KeyOf(record);
  columns.merged_into = Uuid::ParseOrNil(record.entity().hazard().merged_into());
  columns.in_conflict = !rules::ConflictsOf(record).empty();
  return columns;
}

}  // namespace

absl::StatusOr<Digest> Digest::Load(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadDigest));
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  Digest digest;
  VIGIL_ASSIGN_OR_RETURN(digest.sums_, DecodeSums(found ? row.ColumnBlob(0) : std::string_view()));
  return digest;
}

absl::Status Digest::Save(Transaction& transaction) const {
  VIGIL_ASSIGN_OR_RETURN(Statement save, transaction.Prepare(kSaveDigest));
  save.BindBlob(1, EncodeSums(sums_));
  return save.Run();
}

void Digest::Add(const Uuid& record, std::string_view bytes) { AddRecord(record, bytes, sums_); }

void Digest::Remove(const Uuid& record, std::string_view bytes) {
  RemoveRecord(record, bytes, sums_);
}

absl::StatusOr<std::optional<ConfirmedRecord>> FindConfirmed(Database& database, const Uuid& id) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kFind));
  row.BindUuid(1, id);
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::optional<ConfirmedRecord>();
  ConfirmedRecord record;
  record.id = id;
  record.version = row.ColumnNumber<Seq>(0);
  record.bytes = std::string(row.ColumnBlob(1));
  return std::optional<ConfirmedRecord>(std::move(record));
}

absl::StatusOr<v1::Record> ParseRecord(std::string_view bytes) {
  v1::Record record;
  if (record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return record;
  return absl::DataLossError("a record cannot be read");
}

absl::StatusOr<const v1::Record*> ConfirmedRecords::Find(std::string_view id) {
  const std::optional<Uuid> uuid = Uuid::Parse(id);
  if (!uuid || uuid->is_nil()) return nullptr;
  auto found = records_.find(*uuid);
  if (found == records_.end()) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<ConfirmedRecord> confirmed,
                           FindConfirmed(database_, *uuid));
    std::unique_ptr<v1::Record> record;
    if (confirmed) {
      VIGIL_ASSIGN_OR_RETURN(v1::Record parsed, ParseRecord(confirmed->bytes));
      record = std::make_unique<v1::Record>(std::move(parsed));
    }
    found = records_.emplace(*uuid, std::move(record)).first;
  }
  return found->second.get();
}

absl::StatusOr<ConfirmedWriter> ConfirmedWriter::Begin(Database& database,
                                                       Transaction& transaction) {
  VIGIL_ASSIGN_OR_RETURN(const Digest digest, Digest::Load(database));
  return ConfirmedWriter(database, transaction, digest);
}

absl::StatusOr<bool> ConfirmedWriter::Put(const std::string& bytes, const v1::Record& record) {
  VIGIL_ASSIGN_OR_RETURN(const Columns columns, ColumnsOf(record));
  VIGIL_ASSIGN_OR_RETURN(const std::optional<ConfirmedRecord> old,
                         FindConfirmed(*database_, columns.id));
  if (old && (old->version.value() > record.version() || old->bytes == bytes)) return false;
  if (old) digest_.Remove(columns.id, old->bytes);
  digest_.Add(columns.id, bytes);
  VIGIL_ASSIGN_OR_RETURN(Statement put, transaction_->Prepare(kPut));
  put.BindUuid(1, columns.id)
      .BindInt64(2, columns.kind)
      .BindInt64(3, static_cast<std::int64_t>(record.version()));
  BindReference(put, 4, columns.parent);
  BindReference(put, 5, columns.unit);
  put.BindText(6, columns.key);
  BindReference(put, 7, columns.merged_into);
  put.BindBool(8, columns.in_conflict).BindInt64(9, BucketOf(columns.id)).BindBorrowed(10, bytes);
  VIGIL_RETURN_IF_ERROR(put.Run());
  return true;
}

absl::StatusOr<bool> ConfirmedWriter::Remove(const Uuid& id) {
  return RemoveUpTo(id, Seq(INT64_MAX));
}

absl::StatusOr<bool> ConfirmedWriter::RemoveUpTo(const Uuid& id, Seq version) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<ConfirmedRecord> old, FindConfirmed(*database_, id));
  if (!old || old->version > version) return false;
  digest_.Remove(id, old->bytes);
  VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction_->Prepare(kRemove));
  remove.BindUuid(1, id);
  VIGIL_RETURN_IF_ERROR(remove.Run());
  return true;
}

absl::Status ConfirmedWriter::Finish() { return digest_.Save(*transaction_); }

}  // namespace vigil::replica
