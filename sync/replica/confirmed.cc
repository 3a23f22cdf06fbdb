#include "sync/replica/confirmed.h"

#include <utility>

#include "sync/base/status.h"
#include "sync/replica/rows.h"

namespace vigil::replica {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kLoadDigest[] = "SELECT digest FROM meta WHERE one = 1";
constexpr char kSaveDigest[] = "UPDATE meta SET digest = ?1 WHERE one = 1";

constexpr char kFind[] = "SELECT version, bytes FROM record WHERE id = ?1";

constexpr char kAdd[] = R"sql(
  INSERT INTO record (id, kind, version, parent, unit, key, merged_into, in_conflict, bucket, bytes)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
  ON CONFLICT (id) DO NOTHING)sql";

constexpr char kReplace[] = R"sql(
  UPDATE record SET kind = ?2, version = ?3, parent = ?4, unit = ?5, key = ?6, merged_into = ?7,
    in_conflict = ?8, bucket = ?9, bytes = ?10
  WHERE id = ?1)sql";

constexpr char kRemove[] = "DELETE FROM record WHERE id = ?1";

// The parameters of kAdd and kReplace; both sources must live until it has run.
void BindRecord(const Columns& columns, int bucket, std::string_view bytes, Statement& statement) {
  const auto bind = [&](int parameter, const Uuid& id) {
    if (!id.is_nil()) statement.BindBorrowed(parameter, id.bytes());
  };
  bind(1, columns.id);
  statement.BindInt64(2, columns.kind).BindNumber(3, columns.version);
  bind(4, columns.parent);
  bind(5, columns.unit);
  statement.BindText(6, columns.key);
  bind(7, columns.merged_into);
  statement.BindBool(8, columns.in_conflict).BindInt64(9, bucket).BindBorrowed(10, bytes);
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

void Digest::Add(int bucket, std::string_view bytes) {
  sums_[static_cast<std::size_t>(bucket)] += ShareOf(bytes);
}

void Digest::Remove(int bucket, std::string_view bytes) {
  sums_[static_cast<std::size_t>(bucket)] -= ShareOf(bytes);
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
  VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(kAdd));
  return ConfirmedWriter(database, transaction, std::move(add), digest);
}

absl::StatusOr<bool> ConfirmedWriter::Put(const Columns& columns, std::string_view bytes) {
  const int bucket = BucketOf(columns.id);
  // Most records of a first pull are new: to ask first would cost as much as to add.
  add_.Reset();
  BindRecord(columns, bucket, bytes, add_);
  VIGIL_RETURN_IF_ERROR(add_.Run());
  if (transaction_->changes() == 0) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<ConfirmedRecord> old,
                           FindConfirmed(*database_, columns.id));
    if (!old) return absl::InternalError("a record that is here and is not");
    if (old->version > columns.version || old->bytes == bytes) return false;
    digest_.Remove(bucket, old->bytes);
    VIGIL_ASSIGN_OR_RETURN(Statement replace, transaction_->Prepare(kReplace));
    BindRecord(columns, bucket, bytes, replace);
    VIGIL_RETURN_IF_ERROR(replace.Run());
  }
  digest_.Add(bucket, bytes);
  return true;
}

absl::StatusOr<bool> ConfirmedWriter::Remove(const Uuid& id) {
  return RemoveUpTo(id, Seq(INT64_MAX));
}

absl::StatusOr<bool> ConfirmedWriter::RemoveUpTo(const Uuid& id, Seq version) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<ConfirmedRecord> old, FindConfirmed(*database_, id));
  if (!old || old->version > version) return false;
  digest_.Remove(BucketOf(id), old->bytes);
  VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction_->Prepare(kRemove));
  remove.BindUuid(1, id);
  VIGIL_RETURN_IF_ERROR(remove.Run());
  return true;
}

absl::Status ConfirmedWriter::Finish() { return digest_.Save(*transaction_); }

}  // namespace vigil::replica
