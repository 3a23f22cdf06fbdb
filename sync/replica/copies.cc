#include "sync/replica/copies.h"

#include <string>

#include "sync/base/status.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/meta.h"
#include "sync/replica/replica.h"
#include "sync/replica/rows.h"
#include "sync/replica/storage.h"

namespace vigil::replica {

using sqlite::Statement;
using sqlite::Transaction;

namespace {

constexpr char kKeep[] = R"sql(
  INSERT INTO witness (record, epoch, bytes) VALUES (?1, ?2, ?3)
  ON CONFLICT DO NOTHING)sql";
constexpr char kList[] = R"sql(
  SELECT epoch, bytes FROM witness WHERE taken_at IS NULL ORDER BY record, epoch LIMIT ?1)sql";
constexpr char kTake[] = "UPDATE witness SET taken_at = ?3 WHERE record = ?1 AND epoch = ?2";
constexpr char kNoteSeq[] = R"sql(
  UPDATE witness SET taken_before = ?1 WHERE taken_at IS NOT NULL AND taken_before IS NULL)sql";
// A backup of the same seq may have been made before the copy came.
constexpr char kReturnAgain[] = R"sql(
  UPDATE witness SET taken_at = NULL, taken_before = NULL
  WHERE taken_before IS NULL OR taken_before >= ?1)sql";
constexpr char kPruneUpTo[] = "DELETE FROM witness WHERE taken_before < ?1";
constexpr char kPruneBefore[] = "DELETE FROM witness WHERE taken_at < ?1";

absl::Status RunWith(Transaction& transaction, sqlite::Sql sql, Seq seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement statement, transaction.Prepare(sql));
  statement.BindNumber(1, seq);
  return statement.Run();
}

}  // namespace

absl::Status KeepCopy(Transaction& transaction, const CopyToKeep& copy) {
  VIGIL_ASSIGN_OR_RETURN(Statement keep, transaction.Prepare(kKeep));
  keep.BindUuid(1, copy.record).BindText(2, copy.epoch).BindBlob(3, copy.bytes);
  return keep.Run();
}

absl::Status NoteTakenBefore(Transaction& transaction, Seq seq) {
  return RunWith(transaction, kNoteSeq, seq);
}

absl::Status ReturnAgain(Transaction& transaction, Seq seq) {
  return RunWith(transaction, kReturnAgain, seq);
}

absl::Status PruneCopiesUpTo(Transaction& transaction, Seq seq) {
  return RunWith(transaction, kPruneUpTo, seq);
}

absl::Status PruneCopiesBefore(Transaction& transaction, absl::Time time) {
  VIGIL_ASSIGN_OR_RETURN(Statement prune, transaction.Prepare(kPruneBefore));
  prune.BindTime(1, time);
  return prune.Run();
}

absl::StatusOr<v1::ReturnCopiesRequest> Replica::NextCopies(const CopyLimits& limits) {
  VIGIL_ASSIGN_OR_RETURN(const Meta meta, LoadMeta(storage_->database));
  v1::ReturnCopiesRequest request;
  request.set_epoch(meta.epoch);
  VIGIL_ASSIGN_OR_RETURN(Statement row, storage_->database.Query(kList));
  row.BindInt64(1, limits.copies_max);
  std::int64_t bytes = 0;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return request;
    bytes += static_cast<std::int64_t>(row.ColumnBlob(1).size());
    if (bytes > limits.bytes_max && request.copies_size() > 0) return request;
    v1::WitnessCopy& copy = *request.add_copies();
    copy.set_epoch(std::string(row.ColumnText(0)));
    copy.set_record(std::string(row.ColumnBlob(1)));
  }
}

absl::Status Replica::NoteCopiesTaken(const v1::ReturnCopiesRequest& taken) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  for (const v1::WitnessCopy& copy : taken.copies()) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record record, ParseRecord(copy.record()));
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(record.id()));
    VIGIL_ASSIGN_OR_RETURN(Statement take, transaction.Prepare(kTake));
    take.BindUuid(1, id).BindText(2, copy.epoch()).BindTime(3, clock_.Now());
    VIGIL_RETURN_IF_ERROR(take.Run());
  }
  return storage_->Commit(transaction);
}

}  // namespace vigil::replica
