#include "sync/replica/overlay.h"

#include <utility>

#include "sync/base/status.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/meta.h"
#include "sync/replica/rows.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"

namespace vigil::replica {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

// One row, whether there is such a record or not.
constexpr char kFind[] = R"sql(
  SELECT version, bytes, epoch,
    EXISTS (SELECT 1 FROM pending_write WHERE record = ?1 AND device = ?2)
  FROM meta LEFT JOIN record ON id = ?1 WHERE one = 1)sql";

constexpr char kLoadWrites[] = R"sql(
  SELECT write_bytes, stamp_bytes, device_seq
  FROM pending_write
  WHERE record = ?1 AND device = ?2 AND device_seq > ?3 AND judged = 0
  ORDER BY device_seq)sql";

constexpr char kAddWrite[] = R"sql(
  INSERT INTO pending_write (record, device, device_seq, kind, creates, parent, seq, judged,
    write_bytes, stamp_bytes, place)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, 0, ?7, ?8, ?9))sql";

constexpr char kDrop[] = "DELETE FROM pending_write WHERE place BETWEEN ?1 AND ?2";

constexpr char kSetSeq[] = R"sql(
  UPDATE pending_write SET seq = ?3, judged = 0 WHERE place BETWEEN ?1 AND ?2)sql";

// State 1: sent, and not answered.
constexpr char kHideJudged[] = R"sql(
  UPDATE pending_write SET judged = 1
  WHERE place BETWEEN ?1 AND ?2 AND seq IS NULL AND EXISTS (
    SELECT 1 FROM outbox WHERE outbox.place = pending_write.place >> 8 AND state = 1))sql";

constexpr char kShowAgain[] = R"sql(
  UPDATE pending_write SET judged = 0 WHERE place BETWEEN ?1 AND ?2)sql";

constexpr char kAwaitsConfirmation[] = "SELECT 1 FROM pending_write WHERE seq IS NOT NULL LIMIT 1";

constexpr char kSettleRecord[] = R"sql(
  DELETE FROM pending_write WHERE record = ?1 AND seq IS NOT NULL AND seq <= ?2)sql";

constexpr char kSettleScope[] = R"sql(
  DELETE FROM pending_write WHERE seq IS NOT NULL AND seq <= ?1)sql";

constexpr char kSettleOperation[] = R"sql(
  DELETE FROM pending_write
  WHERE place BETWEEN ?1 AND ?2 AND (
    seq <= (SELECT version FROM record WHERE record.id = pending_write.record)
    OR seq <= (SELECT min(scope.seq) FROM scope)))sql";

constexpr char kUnsettle[] = R"sql(
  UPDATE pending_write SET seq = NULL, judged = 0 WHERE seq IS NULL OR seq > ?1)sql";

constexpr char kListStamps[] = R"sql(
  SELECT place, stamp_bytes FROM pending_write ORDER BY place)sql";

constexpr char kSetStamp[] = "UPDATE pending_write SET stamp_bytes = ?2 WHERE place = ?1";

absl::Status RunFor(Transaction& transaction, sqlite::Sql sql, const PlaceRange& places) {
  VIGIL_ASSIGN_OR_RETURN(Statement statement, transaction.Prepare(sql));
  return statement.BindInt64(1, places.first).BindInt64(2, places.last).Run();
}

absl::Status MergeWrite(const Statement& row, RecordView& view) {
  v1::RecordWrite write;
  v1::Stamp stamp;
  VIGIL_RETURN_IF_ERROR(ReadMessage(row, 0, write));
  VIGIL_RETURN_IF_ERROR(ReadMessage(row, 1, stamp));
  // The operation that made the record was refused, or the record has left the scope.
  if (view.record.id().empty() && !write.creates()) return absl::OkStatus();
  VIGIL_RETURN_IF_ERROR(rules::Merge(write, stamp, view.record));
  view.own_device_seq = static_cast<std::uint64_t>(row.ColumnInt64(2));
  view.pending = true;
  return absl::OkStatus();
}

absl::Status MergeWrites(Database& database, const User& user, const Uuid& id, RecordView& view) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadWrites));
  row.BindUuid(1, id)
      .BindUuid(2, user.device)
      .BindInt64(3, static_cast<std::int64_t>(view.own_device_seq));
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return absl::OkStatus();
    VIGIL_RETURN_IF_ERROR(MergeWrite(row, view));
  }
}

void NoteConflicts(RecordView& view) {
  view.conflicts.clear();
  for (const rules::FieldInfo* field : rules::ConflictsOf(view.record)) {
    view.conflicts.push_back(field->name());
  }
}

struct StampRow {
  std::int64_t place = 0;
  v1::Stamp stamp;
};

// Of writes whose author had seen more than `seq`.
absl::StatusOr<std::vector<StampRow>> LoadStampsBeyond(Database& database, Seq seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement list, database.Query(kListStamps));
  std::vector<StampRow> rows;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, list.Step());
    if (!found) return rows;
    StampRow row;
    row.place = list.ColumnInt64(0);
    VIGIL_RETURN_IF_ERROR(ReadMessage(list, 1, row.stamp));
    if (row.stamp.seen() <= seq.value()) continue;
    rows.push_back(std::move(row));
  }
}

}  // namespace

absl::StatusOr<std::optional<RecordView>> FindView(Database& database, const User& user,
                                                   const Uuid& id) {
  RecordView view;
  bool is_pending = false;
  {
    VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kFind));
    row.BindUuid(1, id).BindUuid(2, user.device);
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return absl::DataLossError("the phone's database lacks its first row");
    is_pending = row.ColumnBool(3);
    if (!row.ColumnIsNull(0)) {
      view.version = static_cast<std::uint64_t>(row.ColumnInt64(0));
      VIGIL_ASSIGN_OR_RETURN(view.record, ParseRecord(row.ColumnBlob(1)));
      view.epoch = std::string(row.ColumnText(2));
      // Of a kind that this program does not know: there is nothing to show.
      if (rules::InfoOf(view.record) == nullptr) return std::optional<RecordView>();
    }
  }
  if (is_pending) VIGIL_RETURN_IF_ERROR(MergeWrites(database, user, id, view));
  NoteConflicts(view);
  if (view.record.id().empty()) return std::optional<RecordView>();
  return std::optional<RecordView>(std::move(view));
}

absl::Status MergeLaterWrites(Database& database, const User& user, RecordView& view) {
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(view.record.id()));
  VIGIL_ASSIGN_OR_RETURN(const std::optional<ConfirmedRecord> confirmed,
                         FindConfirmed(database, id));
  if (confirmed) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record since, ParseRecord(confirmed->bytes));
    VIGIL_RETURN_IF_ERROR(rules::MergeOwn(since, user.device.ToString(), view.record));
  }
  VIGIL_RETURN_IF_ERROR(MergeWrites(database, user, id, view));
  NoteConflicts(view);
  return absl::OkStatus();
}

absl::Status AddPendingWrite(Transaction& transaction, const User& user,
                             const PendingWrite& pending) {
  const v1::RecordWrite& write = pending.write;
  if (pending.ordinal >= kWritesMax) return absl::InternalError("an operation writes too much");
  VIGIL_ASSIGN_OR_RETURN(const Uuid record, ParseId(write.record()));
  const Uuid parent = Uuid::ParseOrNil(write.parent());
  const DeviceSeq device_seq(pending.stamp.device_seq());
  const std::string write_bytes = rules::CanonicalBytes(write);
  const std::string stamp_bytes = rules::CanonicalBytes(pending.stamp);
  VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(kAddWrite));
  add.BindUuid(1, record)
      .BindUuid(2, user.device)
      .BindNumber(3, device_seq)
      .BindInt64(4, write.kind())
      .BindBool(5, write.creates());
  BindReference(add, 6, parent);
  add.BindBorrowed(7, write_bytes)
      .BindBorrowed(8, stamp_bytes)
      .BindInt64(9, WritesOf(user.Own(device_seq)).first + pending.ordinal);
  return add.Run();
}

absl::Status DropWrites(Transaction& transaction, const OwnOperation& operation) {
  return RunFor(transaction, kDrop, WritesOf(operation));
}

absl::Status SetSeq(Transaction& transaction, const OwnOperation& operation, Seq seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement statement, transaction.Prepare(kSetSeq));
  const PlaceRange places = WritesOf(operation);
  return statement.BindInt64(1, places.first).BindInt64(2, places.last).BindNumber(3, seq).Run();
}

absl::Status HideJudged(Transaction& transaction, const OwnOperation& last) {
  return RunFor(transaction, kHideJudged, WritesOf(PlacesUpTo(last)));
}

absl::Status ShowAgain(Transaction& transaction, const OwnOperation& operation) {
  return RunFor(transaction, kShowAgain, WritesOf(operation));
}

absl::StatusOr<bool> AwaitsConfirmation(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kAwaitsConfirmation));
  return row.Step();
}

absl::Status SettleRecord(Transaction& transaction, const Uuid& record, Seq version) {
  VIGIL_ASSIGN_OR_RETURN(Statement settle, transaction.Prepare(kSettleRecord));
  settle.BindUuid(1, record).BindNumber(2, version);
  return settle.Run();
}

absl::Status SettleScope(Transaction& transaction, Seq seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement settle, transaction.Prepare(kSettleScope));
  settle.BindNumber(1, seq);
  return settle.Run();
}

absl::Status SettleOperation(Transaction& transaction, const OwnOperation& operation) {
  return RunFor(transaction, kSettleOperation, WritesOf(operation));
}

absl::Status Unsettle(Database& database, Transaction& transaction, Seq seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement unsettle, transaction.Prepare(kUnsettle));
  unsettle.BindNumber(1, seq);
  VIGIL_RETURN_IF_ERROR(unsettle.Run());
  VIGIL_ASSIGN_OR_RETURN(std::vector<StampRow> beyond, LoadStampsBeyond(database, seq));
  for (StampRow& row : beyond) {
    row.stamp.set_seen(seq.value());
    VIGIL_ASSIGN_OR_RETURN(Statement set, transaction.Prepare(kSetStamp));
    set.BindInt64(1, row.place).BindBlob(2, rules::CanonicalBytes(row.stamp));
    VIGIL_RETURN_IF_ERROR(set.Run());
  }
  return absl::OkStatus();
}

}  // namespace vigil::replica
