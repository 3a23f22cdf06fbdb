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
  SET place = ?2, device = ?3, device_seq = ?4, previous_hash = ?5, bytes = ?6, error = x'',
      state = CASE WHEN state IN (3, 4, 5) THEN state ELSE 0 END
  WHERE place = ?1)sql";

constexpr char kLoadWrites[] = R"sql(
  SELECT write_bytes, stamp_bytes FROM pending_write
  WHERE place BETWEEN ?1 AND ?2 ORDER BY place)sql";

absl::Status MoveRows(Transaction& transaction, sqlite::Sql sql, const Uuid& from, const Uuid& to) {
  VIGIL_ASSIGN_OR_RETURN(Statement move, transaction.Prepare(sql));
  move.BindUuid(1, from).BindUuid(2, to);
  return move.Run();
}

struct FormerWrite {
  v1::RecordWrite write;
  v1::Stamp stamp;
};

// What the operation writes, as it was decided, now under its new place.
absl::Status MoveWrites(Database& database, Transaction& transaction, const OwnOperation& from,
                        const User& author, DeviceSeq device_seq) {
  std::vector<FormerWrite> writes;
  {
    VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadWrites));
    const PlaceRange places = WritesOf(from);
    row.BindInt64(1, places.first).BindInt64(2, places.last);
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
      if (!found) break;
      FormerWrite& former = writes.emplace_back();
      VIGIL_RETURN_IF_ERROR(ReadMessage(row, 0, former.write));
      VIGIL_RETURN_IF_ERROR(ReadMessage(row, 1, former.stamp));
    }
  }
  VIGIL_RETURN_IF_ERROR(DropWrites(transaction, from));
  int ordinal = 0;
  for (auto& [write, stamp] : writes) {
    stamp.set_device(author.device.ToString());
    stamp.set_device_seq(device_seq.value());
    VIGIL_RETURN_IF_ERROR(AddPendingWrite(transaction, author, {ordinal++, write, stamp}));
  }
  return absl::OkStatus();
}

// The operation in the author's next place.
absl::StatusOr<OutboxRow> Remake(Database& database, const User& author, v1::Operation& operation) {
  VIGIL_ASSIGN_OR_RETURN(const ChainEnd end, LoadEnd(database, author));
  operation.set_device(author.device.ToString());
  operation.set_device_seq(end.device_seq.Next().value());
  OutboxRow row;
  row.device_seq = DeviceSeq(operation.device_seq());
  VIGIL_ASSIGN_OR_RETURN(row.operation, ParseId(operation.id()));
  row.previous_hash = end.hash;
  row.bytes = rules::CanonicalBytes(operation);
  return row;
}

absl::Status RemakeInOutbox(Database& database, Transaction& transaction, const OwnOperation& from,
                            const User& author, v1::Operation& operation) {
  VIGIL_ASSIGN_OR_RETURN(const OutboxRow row, Remake(database, author, operation));
  VIGIL_ASSIGN_OR_RETURN(Statement remake, transaction.Prepare(kRemake));
  remake.BindInt64(1, PlaceOf(from))
      .BindInt64(2, PlaceOf(author.Own(row.device_seq)))
      .BindUuid(3, author.device)
      .BindNumber(4, row.device_seq)
      .BindBlob(5, row.previous_hash.bytes())
      .BindBlob(6, row.bytes);
  VIGIL_RETURN_IF_ERROR(remake.Run());
  return MoveWrites(database, transaction, from, author, row.device_seq);
}

}  // namespace

absl::Status AppendRemade(Database& database, Transaction& transaction, const User& author,
                          v1::Operation& operation) {
  VIGIL_ASSIGN_OR_RETURN(const OutboxRow row, Remake(database, author, operation));
  return AddOutbox(transaction, author, row);
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
  VIGIL_ASSIGN_OR_RETURN(const ChainEnd end, LoadEnd(database, former));
  VIGIL_RETURN_IF_ERROR(NoteEnd(transaction, former, end));
  VIGIL_RETURN_IF_ERROR(Activate(transaction, device, person));
  VIGIL_RETURN_IF_ERROR(MoveRows(transaction, kContinue, former.device, device));
  VIGIL_ASSIGN_OR_RETURN(const User author, LoadUser(database));
  for (const OutboxRow& row : rows) {
    v1::Operation operation;
    if (!operation.ParseFromString(row.bytes)) {
      return absl::DataLossError("a queued operation cannot be read");
    }
    VIGIL_RETURN_IF_ERROR(
        RemakeInOutbox(database, transaction, former.Own(row.device_seq), author, operation));
  }
  for (const sqlite::Sql sql :
       {sqlite::Sql(kMoveAttention), sqlite::Sql(kMoveRefused), sqlite::Sql(kMoveDrafts),
        sqlite::Sql(kMoveEvidence), sqlite::Sql(kMoveEvidenceUse)}) {
    VIGIL_RETURN_IF_ERROR(MoveRows(transaction, sql, former.device, device));
  }
  return storage_->Commit(transaction);
}

}  // namespace vigil::replica
