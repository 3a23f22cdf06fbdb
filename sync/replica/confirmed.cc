#include "sync/replica/confirmed.h"

#include <string>
#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/replica/place.h"
#include "sync/replica/rows.h"

namespace vigil::replica {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kLoadDigest[] = "SELECT digest FROM meta WHERE one = 1";
constexpr char kSaveDigest[] = "UPDATE meta SET digest = ?1 WHERE one = 1";

constexpr char kFind[] = "SELECT version, bytes FROM record WHERE id = ?1";

constexpr char kLastArrival[] = "SELECT coalesce(max(place), 0) >> 8 FROM record";

constexpr char kAdd[] = R"sql(
  INSERT INTO record (place, id, version, parent, unit, key, merged_into, in_conflict, bytes)
  VALUES (?9, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
  ON CONFLICT (id) DO NOTHING)sql";

// Of one kind: what is of another one now was unknown to the program that stored it.
constexpr char kReplace[] = R"sql(
  UPDATE record SET version = ?2, parent = ?3, unit = ?4, key = ?5, merged_into = ?6,
    in_conflict = ?7, bytes = ?8
  WHERE id = ?1 AND place & 255 = ?9)sql";

constexpr char kRemove[] = "DELETE FROM record WHERE id = ?1";

constexpr char kListUnknownKinds[] = "SELECT bytes FROM record WHERE place & 255 = 0";

// Parameters that kAdd and kReplace share; both sources must live until it has run.
void BindRecord(const Columns& columns, std::string_view bytes, Statement& statement) {
  const auto bind = [&](int parameter, const Uuid& id) {
    if (!id.is_nil()) statement.BindBorrowed(parameter, id.bytes());
  };
  bind(1, columns.id);
  statement.BindNumber(2, columns.version);
  bind(3, columns.parent);
  bind(4, columns.unit);
  statement.BindText(5, columns.key);
  bind(6, columns.merged_into);
  statement.BindBool(7, columns.in_conflict).BindBorrowed(8, bytes);
}

struct Stored {
  Columns columns;
  std::string bytes;
};

// What was stored under no kind and has one now.
absl::StatusOr<std::vector<Stored>> ListOfKindsNowKnown(Database& database) {
  std::vector<Stored> known;
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kListUnknownKinds));
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return known;
    const std::string_view bytes = row.ColumnBlob(0);
    absl::StatusOr<Columns> columns = ColumnsOf(bytes);
    // What cannot be read stays as it is.
    if (!columns.ok() || columns->kind == 0) continue;
    known.push_back({*std::move(columns), std::string(bytes)});
  }
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
  ConfirmedWriter writer(database, transaction, std::move(add), digest);
  VIGIL_ASSIGN_OR_RETURN(Statement last, database.Query(kLastArrival));
  VIGIL_RETURN_IF_ERROR(last.Step().status());
  writer.last_arrival_ = last.ColumnInt64(0);
  return writer;
}

absl::Status ConfirmedWriter::ReadUnknownKinds(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Stored> records, ListOfKindsNowKnown(database));
  if (records.empty()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(ConfirmedWriter writer, Begin(database, transaction));
  for (const Stored& record : records) {
    VIGIL_RETURN_IF_ERROR(writer.Replace(record.columns, record.bytes));
  }
  return transaction.Commit();
}

absl::StatusOr<bool> ConfirmedWriter::Add(const Columns& columns, std::string_view bytes) {
  add_.Reset();
  BindRecord(columns, bytes, add_);
  add_.BindInt64(9, PlaceOfRecord(last_arrival_ + 1, columns.kind));
  VIGIL_RETURN_IF_ERROR(add_.Run());
  if (transaction_->changes() == 0) return false;
  ++last_arrival_;
  return true;
}

absl::Status ConfirmedWriter::Replace(const Columns& columns, std::string_view bytes) {
  VIGIL_ASSIGN_OR_RETURN(Statement replace, transaction_->Prepare(kReplace));
  BindRecord(columns, bytes, replace);
  VIGIL_RETURN_IF_ERROR(replace.BindInt64(9, columns.kind).Run());
  if (transaction_->changes() > 0) return absl::OkStatus();
  VIGIL_RETURN_IF_ERROR(Delete(columns.id));
  return Add(columns, bytes).status();
}

absl::Status ConfirmedWriter::Delete(const Uuid& id) {
  VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction_->Prepare(kRemove));
  return remove.BindUuid(1, id).Run();
}

absl::StatusOr<bool> ConfirmedWriter::Put(const Columns& columns, std::string_view bytes) {
  const int bucket = BucketOf(columns.id);
  // Most records of a first pull are new: to ask first would cost as much as to add.
  VIGIL_ASSIGN_OR_RETURN(const bool added, Add(columns, bytes));
  if (!added) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<ConfirmedRecord> old,
                           FindConfirmed(*database_, columns.id));
    if (!old) return absl::InternalError("a record that is here and is not");
    if (old->version > columns.version || old->bytes == bytes) return false;
    digest_.Remove(bucket, old->bytes);
    VIGIL_RETURN_IF_ERROR(Replace(columns, bytes));
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
  VIGIL_RETURN_IF_ERROR(Delete(id));
  return true;
}

absl::Status ConfirmedWriter::Finish() { return digest_.Save(*transaction_); }

}  // namespace vigil::replica
