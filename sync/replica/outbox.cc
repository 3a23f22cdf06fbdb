#include "sync/replica/outbox.h"

#include <utility>

#include "sync/base/status.h"
#include "sync/replica/rows.h"

namespace vigil::replica {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kLoad[] = R"sql(
  SELECT device_seq, operation, state, previous_hash, error, bytes
  FROM outbox WHERE device = ?1 ORDER BY place)sql";

constexpr char kLoadIds[] = "SELECT operation, device_seq FROM outbox WHERE device = ?1";

constexpr char kFind[] = R"sql(
  SELECT device_seq, operation, state, previous_hash, error, bytes
  FROM outbox WHERE place = ?1)sql";

constexpr char kAdd[] = R"sql(
  INSERT INTO outbox (device, device_seq, operation, state, previous_hash, error, bytes, place)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8))sql";

constexpr char kSetState[] = R"sql(
  UPDATE outbox SET state = ?2, error = ?3 WHERE place = ?1)sql";

constexpr char kDelete[] = "DELETE FROM outbox WHERE place = ?1";

constexpr char kLastWaiting[] = R"sql(
  SELECT device_seq, bytes FROM outbox WHERE place BETWEEN ?1 AND ?2
  ORDER BY place DESC LIMIT 1)sql";

constexpr char kLastNoted[] = R"sql(
  SELECT last_device_seq, last_hash FROM identity WHERE device = ?1)sql";

constexpr char kNoteEnd[] = R"sql(
  UPDATE identity SET last_device_seq = ?2, last_hash = ?3
  WHERE device = ?1 AND last_device_seq < ?2)sql";

constexpr char kAddJournal[] = R"sql(
  INSERT INTO journal (device, device_seq, operation, seq, acknowledged_at, previous_hash,
    outcome_bytes, bytes)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8))sql";

constexpr char kLoadJournal[] = R"sql(
  SELECT device, device_seq, operation, seq, previous_hash, outcome_bytes, bytes
  FROM journal
  WHERE device = ?1 OR device IN (SELECT device FROM identity WHERE continued_by = ?1)
  ORDER BY device = ?1, device, device_seq)sql";

constexpr char kLoadJournalAfter[] = R"sql(
  SELECT device, device_seq, operation, seq, previous_hash, outcome_bytes, bytes
  FROM journal WHERE seq > ?1 ORDER BY device, device_seq)sql";

constexpr char kFindJournal[] = R"sql(
  SELECT device, device_seq, operation, seq, previous_hash, outcome_bytes, bytes
  FROM journal WHERE operation = ?1)sql";

constexpr char kDeleteJournal[] = "DELETE FROM journal WHERE operation = ?1";

constexpr char kAddAttention[] = R"sql(
  INSERT INTO attention (device, operation, refused_at, settled, outcome_bytes, bytes)
  VALUES (?1, ?2, ?3, 0, ?4, ?5)
  ON CONFLICT (operation) DO UPDATE SET outcome_bytes = excluded.outcome_bytes)sql";

constexpr char kDeleteAttention[] = "DELETE FROM attention WHERE operation = ?1";

constexpr char kAddRefusedRecord[] = R"sql(
  INSERT INTO refused_record (record, device, seq) VALUES (?1, ?2, ?3)
  ON CONFLICT DO NOTHING)sql";

constexpr char kLoadAttention[] = R"sql(
  SELECT bytes, outcome_bytes, refused_at, settled
  FROM attention WHERE device = ?1 ORDER BY ordinal)sql";

constexpr char kSettle[] = R"sql(
  UPDATE attention SET settled = 1 WHERE device = ?1 AND operation = ?2)sql";

constexpr char kWasRefused[] = R"sql(
  SELECT 1 FROM refused_record WHERE record = ?1 AND device = ?2 AND seq > ?3 LIMIT 1)sql";

absl::StatusOr<OutboxRow> ReadOutbox(const Statement& row) {
  OutboxRow out;
  out.device_seq = row.ColumnNumber<DeviceSeq>(0);
  VIGIL_ASSIGN_OR_RETURN(out.operation, row.ColumnUuid(1));
  out.state = static_cast<OutboxState>(row.ColumnInt64(2));
  VIGIL_ASSIGN_OR_RETURN(out.previous_hash, ReadHash(row, 3));
  out.error = std::string(row.ColumnBlob(4));
  out.bytes = std::string(row.ColumnBlob(5));
  return out;
}

absl::StatusOr<JournalRow> ReadJournal(const Statement& row) {
  JournalRow out;
  VIGIL_ASSIGN_OR_RETURN(out.device, row.ColumnUuid(0));
  out.device_seq = row.ColumnNumber<DeviceSeq>(1);
  VIGIL_ASSIGN_OR_RETURN(out.operation, row.ColumnUuid(2));
  out.seq = row.ColumnNumber<Seq>(3);
  VIGIL_ASSIGN_OR_RETURN(out.previous_hash, ReadHash(row, 4));
  out.outcome_bytes = std::string(row.ColumnBlob(5));
  out.bytes = std::string(row.ColumnBlob(6));
  return out;
}

absl::StatusOr<std::vector<JournalRow>> ReadJournals(Statement row) {
  std::vector<JournalRow> rows;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return rows;
    VIGIL_ASSIGN_OR_RETURN(JournalRow journal, ReadJournal(row));
    rows.push_back(std::move(journal));
  }
}

}  // namespace

absl::StatusOr<std::vector<OutboxRow>> LoadOutbox(Database& database, const Uuid& device) {
  std::vector<OutboxRow> rows;
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoad));
  row.BindUuid(1, device);
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return rows;
    VIGIL_ASSIGN_OR_RETURN(OutboxRow out, ReadOutbox(row));
    rows.push_back(std::move(out));
  }
}

absl::StatusOr<OutboxIds> LoadOutboxIds(Database& database, const Uuid& device) {
  OutboxIds ids;
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadIds));
  row.BindUuid(1, device);
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return ids;
    VIGIL_ASSIGN_OR_RETURN(const Uuid operation, row.ColumnUuid(0));
    ids.emplace(operation, row.ColumnNumber<DeviceSeq>(1));
  }
}

absl::StatusOr<std::optional<OutboxRow>> FindOutbox(Database& database,
                                                    const OwnOperation& operation) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kFind));
  row.BindInt64(1, PlaceOf(operation));
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::optional<OutboxRow>();
  VIGIL_ASSIGN_OR_RETURN(OutboxRow out, ReadOutbox(row));
  return std::optional<OutboxRow>(std::move(out));
}

absl::Status AddOutbox(Transaction& transaction, const User& user, const OutboxRow& row) {
  VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(kAdd));
  add.BindUuid(1, user.device)
      .BindNumber(2, row.device_seq)
      .BindUuid(3, row.operation)
      .BindInt64(4, static_cast<std::int64_t>(row.state))
      .BindBorrowed(5, row.previous_hash.bytes())
      .BindBorrowed(6, row.error)
      .BindBorrowed(7, row.bytes)
      .BindInt64(8, PlaceOf(user.Own(row.device_seq)));
  return add.Run();
}

absl::Status SetState(Transaction& transaction, const OwnOperation& operation, OutboxState state,
                      const std::string& error) {
  VIGIL_ASSIGN_OR_RETURN(Statement set, transaction.Prepare(kSetState));
  set.BindInt64(1, PlaceOf(operation))
      .BindInt64(2, static_cast<std::int64_t>(state))
      .BindBlob(3, error);
  return set.Run();
}

absl::Status DeleteOutbox(Transaction& transaction, const User& user, const OutboxRow& row) {
  VIGIL_RETURN_IF_ERROR(NoteEnd(transaction, user, {row.device_seq, Sha256Of(row.bytes)}));
  VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction.Prepare(kDelete));
  return remove.BindInt64(1, PlaceOf(user.Own(row.device_seq))).Run();
}

absl::StatusOr<ChainEnd> LoadEnd(Database& database, const User& user) {
  ChainEnd end;
  {
    VIGIL_ASSIGN_OR_RETURN(Statement noted, database.Query(kLastNoted));
    noted.BindUuid(1, user.device);
    VIGIL_ASSIGN_OR_RETURN(const bool found, noted.Step());
    if (!found) return absl::DataLossError("the phone's database lacks its user");
    end.device_seq = noted.ColumnNumber<DeviceSeq>(0);
    VIGIL_ASSIGN_OR_RETURN(end.hash, ReadHash(noted, 1));
  }
  VIGIL_ASSIGN_OR_RETURN(Statement waiting, database.Query(kLastWaiting));
  const PlaceRange all = PlacesUpTo(user.Own(kDeviceSeqMax));
  waiting.BindInt64(1, all.first).BindInt64(2, all.last);
  VIGIL_ASSIGN_OR_RETURN(const bool found, waiting.Step());
  if (!found || waiting.ColumnNumber<DeviceSeq>(0) <= end.device_seq) return end;
  return ChainEnd{waiting.ColumnNumber<DeviceSeq>(0), Sha256Of(waiting.ColumnBlob(1))};
}

absl::Status NoteEnd(Transaction& transaction, const User& user, const ChainEnd& end) {
  VIGIL_ASSIGN_OR_RETURN(Statement note, transaction.Prepare(kNoteEnd));
  note.BindUuid(1, user.device).BindNumber(2, end.device_seq).BindBlob(3, end.hash.bytes());
  return note.Run();
}

absl::Status AddJournal(Transaction& transaction, const JournalRow& row, absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(kAddJournal));
  add.BindUuid(1, row.device)
      .BindNumber(2, row.device_seq)
      .BindUuid(3, row.operation)
      .BindNumber(4, row.seq)
      .BindTime(5, now)
      .BindBlob(6, row.previous_hash.bytes())
      .BindBlob(7, row.outcome_bytes)
      .BindBlob(8, row.bytes);
  return add.Run();
}

absl::StatusOr<std::vector<JournalRow>> LoadJournal(Database& database, const Uuid& device) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadJournal));
  row.BindUuid(1, device);
  return ReadJournals(std::move(row));
}

absl::StatusOr<std::vector<JournalRow>> LoadJournalAfter(Database& database, Seq seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadJournalAfter));
  row.BindNumber(1, seq);
  return ReadJournals(std::move(row));
}

absl::StatusOr<std::optional<JournalRow>> FindJournal(Database& database, const Uuid& operation) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kFindJournal));
  row.BindUuid(1, operation);
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::optional<JournalRow>();
  VIGIL_ASSIGN_OR_RETURN(JournalRow out, ReadJournal(row));
  return std::optional<JournalRow>(std::move(out));
}

absl::Status DeleteJournal(Transaction& transaction, const Uuid& operation) {
  VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction.Prepare(kDeleteJournal));
  remove.BindUuid(1, operation);
  return remove.Run();
}

absl::Status AddAttention(Transaction& transaction, const Refused& refused) {
  VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(kAddAttention));
  add.BindUuid(1, refused.operation.device)
      .BindUuid(2, refused.id)
      .BindTime(3, refused.at)
      .BindBlob(4, refused.outcome_bytes)
      .BindBlob(5, refused.bytes);
  VIGIL_RETURN_IF_ERROR(add.Run());
  for (const Uuid& record : refused.records) {
    VIGIL_ASSIGN_OR_RETURN(Statement note, transaction.Prepare(kAddRefusedRecord));
    note.BindUuid(1, record).BindUuid(2, refused.operation.device).BindNumber(3, refused.seq);
    VIGIL_RETURN_IF_ERROR(note.Run());
  }
  return absl::OkStatus();
}

absl::Status DeleteAttention(Transaction& transaction, const Uuid& operation) {
  VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction.Prepare(kDeleteAttention));
  remove.BindUuid(1, operation);
  return remove.Run();
}

absl::StatusOr<std::vector<AttentionItem>> LoadAttention(Database& database, const Uuid& device) {
  std::vector<AttentionItem> items;
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kLoadAttention));
  row.BindUuid(1, device);
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return items;
    AttentionItem& item = items.emplace_back();
    VIGIL_RETURN_IF_ERROR(ReadMessage(row, 0, item.operation));
    VIGIL_RETURN_IF_ERROR(ReadMessage(row, 1, item.outcome));
    item.refused_at = row.ColumnTime(2);
    item.settled = row.ColumnBool(3);
  }
}

absl::StatusOr<bool> Settle(Transaction& transaction, const Uuid& device, const Uuid& operation) {
  VIGIL_ASSIGN_OR_RETURN(Statement settle, transaction.Prepare(kSettle));
  settle.BindUuid(1, device).BindUuid(2, operation);
  VIGIL_RETURN_IF_ERROR(settle.Run());
  return transaction.changes() > 0;
}

absl::StatusOr<bool> WasRefusedAfter(Database& database, const Uuid& device, const Uuid& record,
                                     Seq seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kWasRefused));
  row.BindUuid(1, record).BindUuid(2, device).BindNumber(3, seq);
  return row.Step();
}

}  // namespace vigil::replica
