#include "sync/replica/withheld.h"

#include <utility>

#include "sync/base/status.h"
#include "sync/replica/outbox.h"
#include "sync/replica/rows.h"

namespace vigil::replica {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kAdd[] = R"sql(
  INSERT INTO withheld (device, device_seq, operation, seq, owed, previous_hash, hash)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7))sql";

constexpr char kDelete[] = "DELETE FROM withheld WHERE operation = ?1";

constexpr char kFind[] = R"sql(
  SELECT device, device_seq, operation, seq, owed, previous_hash, hash
  FROM withheld WHERE operation = ?1)sql";

constexpr char kLoadOwed[] = R"sql(
  SELECT device, device_seq, operation, seq, owed, previous_hash, hash
  FROM withheld WHERE device = ?1 AND owed = 1 ORDER BY device_seq)sql";

constexpr char kLoadRange[] = R"sql(
  SELECT device, device_seq, operation, seq, owed, previous_hash, hash
  FROM withheld WHERE device = ?1 AND device_seq BETWEEN ?2 AND ?3 ORDER BY device_seq)sql";

constexpr char kArrived[] = R"sql(
  UPDATE withheld SET owed = 0, seq = NULL WHERE operation = ?1 AND owed = 1)sql";

constexpr char kOweAfter[] = R"sql(
  UPDATE withheld SET owed = 1 WHERE seq IS NULL OR seq > ?1)sql";

constexpr char kListUpTo[] = "SELECT operation FROM journal WHERE seq <= ?1 ORDER BY ordinal";
constexpr char kListBefore[] = R"sql(
  SELECT operation FROM journal WHERE acknowledged_at < ?1 ORDER BY ordinal)sql";

absl::StatusOr<WithheldRow> Read(const Statement& row) {
  WithheldRow out;
  VIGIL_ASSIGN_OR_RETURN(out.device, row.ColumnUuid(0));
  out.device_seq = row.ColumnNumber<DeviceSeq>(1);
  VIGIL_ASSIGN_OR_RETURN(out.operation, row.ColumnUuid(2));
  if (!row.ColumnIsNull(3)) out.seq = row.ColumnNumber<Seq>(3);
  out.owed = row.ColumnBool(4);
  VIGIL_ASSIGN_OR_RETURN(out.previous_hash, ReadHash(row, 5));
  VIGIL_ASSIGN_OR_RETURN(out.hash, ReadHash(row, 6));
  return out;
}

absl::StatusOr<std::vector<WithheldRow>> ReadAll(Statement row) {
  std::vector<WithheldRow> rows;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return rows;
    VIGIL_ASSIGN_OR_RETURN(const WithheldRow out, Read(row));
    rows.push_back(out);
  }
}

absl::Status Prune(Database& database, Transaction& transaction, Statement list) {
  std::vector<Uuid> operations;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, list.Step());
    if (!found) break;
    VIGIL_ASSIGN_OR_RETURN(const Uuid operation, list.ColumnUuid(0));
    operations.push_back(operation);
  }
  for (const Uuid& operation : operations) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<JournalRow> row, FindJournal(database, operation));
    if (!row) continue;
    VIGIL_RETURN_IF_ERROR(AddWithheld(transaction, {.device = row->device,
                                                    .device_seq = row->device_seq,
                                                    .operation = operation,
                                                    .seq = row->seq,
                                                    .owed = false,
                                                    .previous_hash = row->previous_hash,
                                                    .hash = Sha256Of(row->bytes)}));
    VIGIL_RETURN_IF_ERROR(DeleteJournal(transaction, operation));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AddWithheld(Transaction& transaction, const WithheldRow& row) {
  VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(kAdd));
  add.BindUuid(1, row.device).BindNumber(2, row.device_seq).BindUuid(3, row.operation);
  if (row.seq) {
    add.BindNumber(4, *row.seq);
  } else {
    add.BindNull(4);
  }
  add.BindBool(5, row.owed).BindBlob(6, row.previous_hash.bytes()).BindBlob(7, row.hash.bytes());
  return add.Run();
}

absl::Status DeleteWithheld(Transaction& transaction, const Uuid& operation) {
  VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction.Prepare(kDelete));
  remove.BindUuid(1, operation);
  return remove.Run();
}

absl::StatusOr<std::optional<WithheldRow>> FindWithheld(Database& database, const Uuid& operation) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kFind));
  row.BindUuid(1, operation);
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::optional<WithheldRow>();
  VIGIL_ASSIGN_OR_RETURN(const WithheldRow out, Read(row));
  return std::optional<WithheldRow>(out);
}

absl::StatusOr<std::vector<WithheldRow>> LoadWithheld(Database& database, const Uuid& device,
                                                      DeviceSeq first, DeviceSeq last) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadRange));
  row.BindUuid(1, device).BindNumber(2, first).BindNumber(3, last);
  return ReadAll(std::move(row));
}

absl::StatusOr<std::vector<WithheldRow>> LoadOwed(Database& database, const Uuid& device) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadOwed));
  row.BindUuid(1, device);
  return ReadAll(std::move(row));
}

absl::Status NoteHashArrived(Transaction& transaction, const Uuid& operation) {
  VIGIL_ASSIGN_OR_RETURN(Statement note, transaction.Prepare(kArrived));
  note.BindUuid(1, operation);
  return note.Run();
}

absl::Status OweAfter(Transaction& transaction, Seq seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement owe, transaction.Prepare(kOweAfter));
  owe.BindNumber(1, seq);
  return owe.Run();
}

absl::Status PruneJournalUpTo(Database& database, Transaction& transaction, Seq seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement list, database.Query(kListUpTo));
  list.BindNumber(1, seq);
  return Prune(database, transaction, std::move(list));
}

absl::Status PruneJournalBefore(Database& database, Transaction& transaction, absl::Time time) {
  VIGIL_ASSIGN_OR_RETURN(Statement list, database.Query(kListBefore));
  list.BindTime(1, time);
  return Prune(database, transaction, std::move(list));
}

}  // namespace vigil::replica
