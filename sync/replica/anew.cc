#include "sync/replica/anew.h"

#include <utility>
#include <vector>

#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/replica/outbox.h"
#include "sync/replica/overlay.h"
#include "sync/replica/replica.h"
#include "sync/replica/rows.h"
#include "sync/replica/storage.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"

namespace vigil::replica {
namespace {

using rules::Refuse;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kContinue[] = R"sql(
  UPDATE identity SET continued_by = ?2 WHERE device = ?1 OR continued_by = ?1)sql";

constexpr char kMoveAttention[] = "UPDATE attention SET device = ?2 WHERE device = ?1";
constexpr char kMoveRefused[] = "UPDATE refused_record SET device = ?2 WHERE device = ?1";
constexpr char kMoveDrafts[] = "UPDATE draft SET device = ?2 WHERE device = ?1";
constexpr char kMoveEvidence[] = "UPDATE evidence SET device = ?2 WHERE device = ?1";
constexpr char kMoveEvidenceUse[] = "UPDATE evidence_use SET device = ?2 WHERE device = ?1";

// What its author has said of a quarantined one (states 3 to 5) still holds.
constexpr char kRemake[] = R"sql(
  UPDATE outbox
  SET device = ?2, device_seq = ?3, previous_hash = ?4, bytes = ?5, error = x'',
      state = CASE WHEN state IN (3, 4, 5) THEN state ELSE 0 END
  WHERE operation = ?1)sql";

constexpr char kLoadWrites[] = R"sql(
  SELECT write_bytes, stamp_bytes FROM pending_write
  WHERE device = ?1 AND device_seq = ?2 ORDER BY record)sql";

absl::Status MoveRows(Transaction& transaction, sqlite::Sql sql, const Uuid& from, const Uuid& to) {
  VIGIL_ASSIGN_OR_RETURN(Statement move, transaction.Prepare(sql));
  move.BindUuid(1, from).BindUuid(2, to);
  return move.Run();
}

struct PendingWrite {
  v1::RecordWrite write;
  v1::Stamp stamp;
};

// What the operation writes, as it was decided, now under its new place.
absl::Status MoveWrites(Database& database, Transaction& transaction, const OwnOperation& from,
                        const User& author) {
  std::vector<PendingWrite> writes;
  {
    VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadWrites));
    row.BindUuid(1, from.device).BindNumber(2, from.device_seq);
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
      if (!found) break;
      PendingWrite& pending = writes.emplace_back();
      VIGIL_RETURN_IF_ERROR(ReadMessage(row, 0, pending.write));
      VIGIL_RETURN_IF_ERROR(ReadMessage(row, 1, pending.stamp));
    }
  }
  VIGIL_RETURN_IF_ERROR(DropWrites(transaction, from));
  for (PendingWrite& pending : writes) {
    pending.stamp.set_device(author.device.ToString());
    pending.stamp.set_device_seq(author.last_device_seq.value());
    VIGIL_RETURN_IF_ERROR(AddPendingWrite(transaction, author, pending.write, pending.stamp));
  }
  return absl::OkStatus();
}

// The operation in the author's next place.
absl::StatusOr<OutboxRow> Remake(User& author, v1::Operation& operation) {
  operation.set_device(author.device.ToString());
  operation.set_device_seq(author.last_device_seq.Next().value());
  OutboxRow row;
  row.device_seq = DeviceSeq(operation.device_seq());
  VIGIL_ASSIGN_OR_RETURN(row.operation, ParseId(operation.id()));
  row.previous_hash = author.last_hash;
  row.bytes = rules::CanonicalBytes(operation);
  author.last_device_seq = row.device_seq;
  author.last_hash = Sha256Of(row.bytes);
  return row;
}

absl::Status RemakeInOutbox(Transaction& transaction, User& author, v1::Operation& operation) {
  VIGIL_ASSIGN_OR_RETURN(const OutboxRow row, Remake(author, operation));
  VIGIL_ASSIGN_OR_RETURN(Statement remake, transaction.Prepare(kRemake));
  remake.BindUuid(1, row.operation)
      .BindUuid(2, author.device)
      .BindNumber(3, row.device_seq)
      .BindBlob(4, row.previous_hash.bytes())
      .BindBlob(5, row.bytes);
  return remake.Run();
}

}  // namespace

absl::Status AppendRemade(Transaction& transaction, User& author, v1::Operation& operation) {
  VIGIL_ASSIGN_OR_RETURN(const OutboxRow row, Remake(author, operation));
  return AddOutbox(transaction, author.device, row);
}

absl::Status Replica::EnrolAnew(const Identity& identity) {
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(const Uuid device, ParseId(identity.device));
  VIGIL_ASSIGN_OR_RETURN(const Uuid person, ParseId(identity.person));
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User former, LoadUser(database));
  if (former.person != person) {
    return Refuse(v1::REASON_WRONG_AUTHOR,
                  "only the same person goes on with what this phone holds")
        .With("person", identity.person);
  }
  if (former.device == device) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const std::vector<OutboxRow> rows, LoadOutbox(database, former.device));
  VIGIL_RETURN_IF_ERROR(Activate(transaction, device, person));
  VIGIL_RETURN_IF_ERROR(MoveRows(transaction, kContinue, former.device, device));
  VIGIL_ASSIGN_OR_RETURN(User author, LoadUser(database));
  for (const OutboxRow& row : rows) {
    v1::Operation operation;
    if (!operation.ParseFromString(row.bytes)) {
      return absl::DataLossError("a queued operation cannot be read");
    }
    VIGIL_RETURN_IF_ERROR(RemakeInOutbox(transaction, author, operation));
    VIGIL_RETURN_IF_ERROR(
        MoveWrites(database, transaction, {former.device, row.device_seq}, author));
  }
  for (const sqlite::Sql sql :
       {sqlite::Sql(kMoveAttention), sqlite::Sql(kMoveRefused), sqlite::Sql(kMoveDrafts),
        sqlite::Sql(kMoveEvidence), sqlite::Sql(kMoveEvidenceUse)}) {
    VIGIL_RETURN_IF_ERROR(MoveRows(transaction, sql, former.device, device));
  }
  VIGIL_RETURN_IF_ERROR(SaveUser(transaction, author));
  return storage_->Commit(transaction);
}

}  // namespace vigil::replica
