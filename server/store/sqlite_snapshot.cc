#include "server/store/sqlite_snapshot.h"

#include <string>
#include <utility>

#include "server/store/notification_row.h"
#include "server/store/rows.h"
#include "sync/base/status.h"
#include "sync/rules/creation.h"

namespace vigil::store {
namespace {

using sqlite::Statement;

constexpr char kReadHead[] = R"sql(
SELECT meta.seq, meta.audit_root, meta.committed_at, epoch.bytes
FROM meta JOIN epoch ON epoch.ordinal = (SELECT max(ordinal) FROM epoch)
WHERE meta.one = 1
)sql";

constexpr char kReadEpochs[] = "SELECT bytes FROM epoch ORDER BY ordinal DESC";

constexpr char kFindRecord[] = R"sql(
SELECT id, kind, version, parent, root, unit, bytes FROM record WHERE id = ?1
)sql";

constexpr char kFindRecordAt[] = R"sql(
SELECT id, kind, record_version.version, parent, root, record_version.unit, record_version.bytes
FROM record_version JOIN record ON id = record
WHERE record = ?1 AND record_version.version <= ?2 ORDER BY record_version.version DESC LIMIT 1
)sql";

// Nothing where the record has moved since.
constexpr char kFindNewest[] = R"sql(
SELECT id, kind, version, parent, root, unit, bytes FROM record
WHERE id = ?1 AND version <= ?2 AND write_bytes IS NOT NULL
)sql";

constexpr char kFindByKey[] = R"sql(
SELECT id FROM record WHERE kind = ?1 AND key = ?2 AND key <> '' ORDER BY ordinal LIMIT 1
)sql";

constexpr char kChildren[] = R"sql(
SELECT id, kind, version, parent, root, unit, bytes FROM record
WHERE parent = ?1 AND (?2 = 0 OR kind = ?2) ORDER BY id
)sql";

constexpr char kDuplicatesOf[] = "SELECT id FROM hazard WHERE merged_into = ?1 ORDER BY id";

constexpr char kHazardsFollowing[] =
    "SELECT id FROM hazard WHERE risk_source = ?1 AND follows_source = 1 ORDER BY id";

// In each of these, the newest version stands in its record, unless that has moved since.
constexpr char kOwnWrites[] = R"sql(
SELECT version, write_bytes, stamp_bytes, bytes FROM record_version
WHERE record = ?1 AND device = ?2 AND version > ?3
UNION ALL
SELECT version, write_bytes, stamp_bytes, bytes FROM record
WHERE id = ?1 AND device = ?2 AND version > ?3 AND write_bytes IS NOT NULL
ORDER BY version
)sql";

constexpr char kOthersWrote[] = R"sql(
SELECT 1 FROM record_version
WHERE record = ?1 AND version > ?2 AND (device IS NOT ?3 OR device_seq >= ?4)
UNION ALL
SELECT 1 FROM record
WHERE id = ?1 AND version > ?2 AND (device IS NOT ?3 OR device_seq >= ?4)
  AND write_bytes IS NOT NULL
LIMIT 1
)sql";

constexpr char kHistory[] = R"sql(
SELECT version, write_bytes, stamp_bytes, record_version.bytes, operation_bytes, outcome_bytes,
       received_at
FROM record_version JOIN log ON log.seq = version
WHERE record = ?1 AND version > ?2
UNION ALL
SELECT version, write_bytes, stamp_bytes, record.bytes, operation_bytes, outcome_bytes, received_at
FROM record JOIN log ON log.seq = version
WHERE id = ?1 AND version > ?2 AND write_bytes IS NOT NULL
ORDER BY version LIMIT ?3
)sql";

constexpr char kFindOutcome[] = R"sql(
SELECT seq, operation, device, device_seq, operation_hash, outcome_bytes FROM log
WHERE operation = ?1
)sql";

constexpr char kFindOutcomeOfDevice[] = R"sql(
SELECT seq, operation, device, device_seq, operation_hash, outcome_bytes FROM log
WHERE device = ?1 AND device_seq = ?2 AND device_seq > 0
)sql";

constexpr char kGetDevice[] = R"sql(
SELECT device_seq, operation_hash FROM log WHERE device = ?1 AND device_seq > 0
ORDER BY device_seq DESC LIMIT 1
)sql";

constexpr char kLastLink[] = "SELECT max(device_seq) FROM unjudged_link WHERE device = ?1";

constexpr char kOwnRefused[] = R"sql(
SELECT 1 FROM refused_record WHERE device = ?1 AND record = ?2 AND seq > ?3 LIMIT 1
)sql";

constexpr char kUnjudgedLink[] = R"sql(
SELECT operation_hash, previous_hash FROM unjudged_link WHERE device = ?1 AND device_seq = ?2
)sql";

constexpr char kUnjudgedLinks[] = R"sql(
SELECT device, device_seq, operation_hash, previous_hash FROM unjudged_link
WHERE (device, device_seq) > (?1, ?2)
  AND NOT EXISTS (SELECT 1 FROM log WHERE log.device = unjudged_link.device
                  AND log.device_seq = unjudged_link.device_seq AND log.device_seq > 0
                  AND log.seq <= ?3)
ORDER BY device, device_seq LIMIT ?4
)sql";

// Beside its operation, or alone where that had to wait.
constexpr char kPushSignature[] = R"sql(
SELECT operation_hash, signature FROM log
WHERE device = ?1 AND device_seq = ?2 AND device_seq > 0 AND signature IS NOT NULL
UNION ALL
SELECT operation_hash, signature FROM push_signature WHERE device = ?1 AND device_seq = ?2
LIMIT 1
)sql";

constexpr char kCounter[] = "SELECT value FROM counter WHERE series = ?1";

constexpr char kAuditLeaf[] = "SELECT leaf FROM log WHERE seq = ?1";

constexpr char kAuditNode[] = "SELECT hash FROM audit_node WHERE level = ?1 AND position = ?2";

constexpr char kLog[] = R"sql(
SELECT seq, operation, device, device_seq, verdict, received_at, operation_hash, previous_hash,
       leaf, outcome_bytes, operation_bytes
FROM log WHERE seq > ?1 ORDER BY seq LIMIT ?2
)sql";

absl::StatusOr<std::optional<StoredRecord>> OptionalRecord(Statement& find) {
  VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
  if (!found) return std::optional<StoredRecord>();
  VIGIL_ASSIGN_OR_RETURN(StoredRecord record, ReadRecord(find));
  return std::optional<StoredRecord>(std::move(record));
}

absl::StatusOr<std::optional<StoredOutcome>> OptionalOutcome(Statement& find) {
  VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
  if (!found) return std::optional<StoredOutcome>();
  StoredOutcome outcome;
  outcome.seq = find.ColumnNumber<Seq>(0);
  VIGIL_ASSIGN_OR_RETURN(outcome.operation, ReadReference(find, 1));
  VIGIL_ASSIGN_OR_RETURN(outcome.device, ReadReference(find, 2));
  outcome.device_seq = find.ColumnNumber<DeviceSeq>(3);
  VIGIL_ASSIGN_OR_RETURN(outcome.operation_hash, ReadHash(find, 4));
  outcome.outcome_bytes = std::string(find.ColumnBlob(5));
  return std::optional<StoredOutcome>(std::move(outcome));
}

// Of columns write_bytes, stamp_bytes and bytes, which begin with the second one.
template <typename Row>
absl::Status ReadWrite(const Statement& read, Row& row) {
  row.write_bytes = std::string(read.ColumnBlob(1));
  row.stamp_bytes = std::string(read.ColumnBlob(2));
  if (!row.write_bytes.empty()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(rules::Creation creation, rules::CreationOf(read.ColumnBlob(3)));
  row.write_bytes = std::move(creation.write_bytes);
  row.stamp_bytes = std::move(creation.stamp_bytes);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Uuid>> ReadIds(Statement& read) {
  std::vector<Uuid> ids;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return ids;
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, read.ColumnUuid(0));
    ids.push_back(id);
  }
}

absl::StatusOr<LogRow> ReadLogRow(const Statement& read) {
  LogRow row;
  row.seq = read.ColumnNumber<Seq>(0);
  VIGIL_ASSIGN_OR_RETURN(row.operation, ReadReference(read, 1));
  VIGIL_ASSIGN_OR_RETURN(row.device, ReadReference(read, 2));
  row.device_seq = read.ColumnNumber<DeviceSeq>(3);
  row.verdict = static_cast<v1::Verdict>(read.ColumnInt64(4));
  row.received_at = read.ColumnTime(5);
  VIGIL_ASSIGN_OR_RETURN(row.operation_hash, ReadHash(read, 6));
  VIGIL_ASSIGN_OR_RETURN(row.previous_hash, ReadHash(read, 7));
  VIGIL_ASSIGN_OR_RETURN(row.leaf, ReadHash(read, 8));
  row.outcome_bytes = std::string(read.ColumnBlob(9));
  row.operation_bytes = std::string(read.ColumnBlob(10));
  return row;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Snapshot>> SqliteSnapshot::Begin(std::shared_ptr<ReaderPool> pool,
                                                                absl::TimeZone zone) {
  VIGIL_ASSIGN_OR_RETURN(std::unique_ptr<sqlite::Database> pooled, pool->Take());
  sqlite::Database& database = *pooled;
  VIGIL_ASSIGN_OR_RETURN(sqlite::ReadSnapshot view, database.BeginRead());
  return std::unique_ptr<Snapshot>(
      new SqliteSnapshot(std::move(pool), std::move(pooled), database, std::move(view), zone));
}

absl::StatusOr<std::unique_ptr<Snapshot>> SqliteSnapshot::Begin(sqlite::Database& database,
                                                                absl::TimeZone zone) {
  VIGIL_ASSIGN_OR_RETURN(sqlite::ReadSnapshot view, database.BeginRead());
  return std::unique_ptr<Snapshot>(
      new SqliteSnapshot(nullptr, nullptr, database, std::move(view), zone));
}

SqliteSnapshot::SqliteSnapshot(std::shared_ptr<ReaderPool> pool,
                               std::unique_ptr<sqlite::Database> pooled, sqlite::Database& database,
                               sqlite::ReadSnapshot view, absl::TimeZone zone)
    : pool_(std::move(pool)),
      pooled_(std::move(pooled)),
      database_(&database),
      view_(std::move(view)),
      zone_(zone) {}

SqliteSnapshot::~SqliteSnapshot() {
  view_.reset();
  if (pool_ != nullptr) pool_->Give(std::move(pooled_));
}

absl::StatusOr<Head> SqliteSnapshot::GetHead() {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kReadHead));
  VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
  if (!found) return absl::DataLossError("the register has no head");
  Head head;
  head.seq = read.ColumnNumber<Seq>(0);
  VIGIL_ASSIGN_OR_RETURN(head.audit_root, ReadHash(read, 1));
  head.committed_at = read.ColumnTime(2);
  VIGIL_RETURN_IF_ERROR(ReadMessage(read, 3, head.epoch));
  return head;
}

absl::StatusOr<std::vector<v1::Epoch>> SqliteSnapshot::Epochs() {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kReadEpochs));
  std::vector<v1::Epoch> epochs;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return epochs;
    VIGIL_RETURN_IF_ERROR(ReadMessage(read, 0, epochs.emplace_back()));
  }
}

absl::StatusOr<std::optional<StoredRecord>> SqliteSnapshot::FindRecord(const Uuid& id) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kFindRecord));
  BindRawUuid(find, 1, id);
  return OptionalRecord(find);
}

absl::StatusOr<std::optional<StoredRecord>> SqliteSnapshot::FindRecordAt(const Uuid& id,
                                                                         Seq version) {
  VIGIL_ASSIGN_OR_RETURN(Statement newest, database_->Query(kFindNewest));
  BindRawUuid(newest, 1, id);
  newest.BindNumber(2, version);
  VIGIL_ASSIGN_OR_RETURN(std::optional<StoredRecord> record, OptionalRecord(newest));
  if (record) return record;
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kFindRecordAt));
  BindRawUuid(find, 1, id);
  find.BindNumber(2, version);
  return OptionalRecord(find);
}

absl::StatusOr<std::optional<Uuid>> SqliteSnapshot::FindByKey(int kind, std::string_view key) {
  // No record is found by having none.
  if (key.empty()) return std::optional<Uuid>();
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kFindByKey));
  find.BindInt64(1, kind).BindText(2, key);
  VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
  if (!found) return std::optional<Uuid>();
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, find.ColumnUuid(0));
  return std::optional<Uuid>(id);
}

absl::StatusOr<std::optional<Uuid>> SqliteSnapshot::FindByKey(int kind, std::string_view key,
                                                              const RecordScope& scope) {
  if (scope.IsEverything() || key.empty()) return FindByKey(kind, key);
  VIGIL_ASSIGN_OR_RETURN(
      Statement find,
      database_->QueryText("SELECT id FROM record WHERE kind = ?1 AND key = ?2 AND " +
                           RecordCondition(scope) + " ORDER BY ordinal LIMIT 1"));
  find.BindInt64(1, kind).BindText(2, key);
  VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
  if (!found) return std::optional<Uuid>();
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, find.ColumnUuid(0));
  return std::optional<Uuid>(id);
}

absl::StatusOr<std::vector<StoredRecord>> SqliteSnapshot::Children(const Uuid& parent, int kind) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kChildren));
  BindRawUuid(find, 1, parent);
  find.BindInt64(2, kind);
  std::vector<StoredRecord> children;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
    if (!found) return children;
    VIGIL_ASSIGN_OR_RETURN(StoredRecord child, ReadRecord(find));
    children.push_back(std::move(child));
  }
}

absl::StatusOr<std::vector<Uuid>> SqliteSnapshot::DuplicatesOf(const Uuid& hazard) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kDuplicatesOf));
  BindRawUuid(find, 1, hazard);
  return ReadIds(find);
}

absl::StatusOr<std::vector<Uuid>> SqliteSnapshot::HazardsFollowing(const Uuid& risk_source) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kHazardsFollowing));
  BindRawUuid(find, 1, risk_source);
  return ReadIds(find);
}

absl::StatusOr<std::vector<OwnWrite>> SqliteSnapshot::OwnWrites(const Uuid& record,
                                                                const Uuid& device, Seq after) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kOwnWrites));
  BindRawUuid(find, 1, record);
  BindRawUuid(find, 2, device);
  find.BindNumber(3, after);
  std::vector<OwnWrite> writes;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
    if (!found) return writes;
    OwnWrite& write = writes.emplace_back();
    write.seq = find.ColumnNumber<Seq>(0);
    VIGIL_RETURN_IF_ERROR(ReadWrite(find, write));
  }
}

absl::StatusOr<bool> SqliteSnapshot::OthersWrote(const Uuid& record, const OwnBefore& own,
                                                 Seq after) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kOthersWrote));
  BindRawUuid(find, 1, record);
  find.BindNumber(2, after);
  BindRawUuid(find, 3, own.device);
  find.BindNumber(4, own.device_seq);
  return find.Step();
}

absl::StatusOr<std::vector<VersionRow>> SqliteSnapshot::History(const Uuid& record, Seq after,
                                                                int limit) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kHistory));
  BindRawUuid(find, 1, record);
  find.BindNumber(2, after).BindInt64(3, limit);
  std::vector<VersionRow> rows;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
    if (!found) return rows;
    VersionRow& row = rows.emplace_back();
    row.version = find.ColumnNumber<Seq>(0);
    VIGIL_RETURN_IF_ERROR(ReadWrite(find, row));
    row.operation_bytes = std::string(find.ColumnBlob(4));
    row.outcome_bytes = std::string(find.ColumnBlob(5));
    row.received_at = find.ColumnTime(6);
  }
}

absl::StatusOr<std::optional<StoredOutcome>> SqliteSnapshot::FindOutcome(const Uuid& operation) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kFindOutcome));
  BindRawUuid(find, 1, operation);
  return OptionalOutcome(find);
}

absl::StatusOr<std::optional<StoredOutcome>> SqliteSnapshot::FindOutcome(const Uuid& device,
                                                                         DeviceSeq device_seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kFindOutcomeOfDevice));
  BindRawUuid(find, 1, device);
  find.BindNumber(2, device_seq);
  return OptionalOutcome(find);
}

absl::StatusOr<DeviceState> SqliteSnapshot::GetDevice(const Uuid& device) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kGetDevice));
  BindRawUuid(find, 1, device);
  VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
  DeviceState state;
  if (found) {
    state.last_judged = find.ColumnNumber<DeviceSeq>(0);
    VIGIL_ASSIGN_OR_RETURN(state.last_hash, ReadHash(find, 1));
  }
  VIGIL_ASSIGN_OR_RETURN(Statement link, database_->Query(kLastLink));
  BindRawUuid(link, 1, device);
  VIGIL_RETURN_IF_ERROR(link.Step().status());
  state.last_link = std::max(state.last_judged, link.ColumnNumber<DeviceSeq>(0));
  return state;
}

absl::StatusOr<bool> SqliteSnapshot::OwnRefused(const Uuid& device, const Uuid& record, Seq after) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kOwnRefused));
  BindRawUuid(find, 1, device);
  BindRawUuid(find, 2, record);
  find.BindNumber(3, after);
  return find.Step();
}

absl::StatusOr<std::optional<ChainLink>> SqliteSnapshot::FindUnjudgedLink(const Uuid& device,
                                                                          DeviceSeq device_seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kUnjudgedLink));
  BindRawUuid(find, 1, device);
  find.BindNumber(2, device_seq);
  VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
  if (!found) return std::optional<ChainLink>();
  ChainLink link{
      .device = device, .device_seq = device_seq, .operation_hash = {}, .previous_hash = {}};
  VIGIL_ASSIGN_OR_RETURN(link.operation_hash, ReadHash(find, 0));
  VIGIL_ASSIGN_OR_RETURN(link.previous_hash, ReadHash(find, 1));
  return std::optional<ChainLink>(link);
}

absl::StatusOr<std::vector<ChainLink>> SqliteSnapshot::UnjudgedLinks(const LinkPlace& after,
                                                                     int limit) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kUnjudgedLinks));
  BindRawUuid(read, 1, after.device);
  read.BindNumber(2, after.device_seq).BindNumber(3, after.head).BindInt64(4, limit);
  std::vector<ChainLink> links;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return links;
    ChainLink& link = links.emplace_back();
    VIGIL_ASSIGN_OR_RETURN(link.device, read.ColumnUuid(0));
    link.device_seq = read.ColumnNumber<DeviceSeq>(1);
    VIGIL_ASSIGN_OR_RETURN(link.operation_hash, ReadHash(read, 2));
    VIGIL_ASSIGN_OR_RETURN(link.previous_hash, ReadHash(read, 3));
  }
}

absl::StatusOr<std::optional<PushSignature>> SqliteSnapshot::FindPushSignature(
    const Uuid& device, DeviceSeq device_seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kPushSignature));
  BindRawUuid(find, 1, device);
  find.BindNumber(2, device_seq);
  VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
  if (!found) return std::optional<PushSignature>();
  PushSignature signature{.device = device,
                          .device_seq = device_seq,
                          .operation_hash = {},
                          .signature = std::string(find.ColumnBlob(1))};
  VIGIL_ASSIGN_OR_RETURN(signature.operation_hash, ReadHash(find, 0));
  return std::optional<PushSignature>(std::move(signature));
}

absl::StatusOr<std::int64_t> SqliteSnapshot::Counter(std::string_view series) {
  VIGIL_ASSIGN_OR_RETURN(Statement find, database_->Query(kCounter));
  find.BindText(1, series);
  VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
  return found ? find.ColumnInt64(0) : 0;
}

absl::StatusOr<std::optional<Sha256>> SqliteSnapshot::FindAuditNode(int level,
                                                                    std::uint64_t index) {
  const auto position = static_cast<std::int64_t>(index);
  Statement find;
  if (level == 0) {
    VIGIL_ASSIGN_OR_RETURN(find, database_->Query(kAuditLeaf));
    find.BindInt64(1, position + 1);
  } else {
    VIGIL_ASSIGN_OR_RETURN(find, database_->Query(kAuditNode));
    find.BindInt64(1, level).BindInt64(2, position);
  }
  VIGIL_ASSIGN_OR_RETURN(const bool found, find.Step());
  if (!found) return std::optional<Sha256>();
  VIGIL_ASSIGN_OR_RETURN(const Sha256 hash, ReadHash(find, 0));
  return std::optional<Sha256>(hash);
}

absl::StatusOr<std::vector<LogRow>> SqliteSnapshot::Log(Seq after, int limit) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kLog));
  read.BindNumber(1, after).BindInt64(2, limit);
  std::vector<LogRow> rows;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return rows;
    VIGIL_ASSIGN_OR_RETURN(LogRow row, ReadLogRow(read));
    rows.push_back(std::move(row));
  }
}

absl::StatusOr<std::vector<v1::Notification>> SqliteSnapshot::Notifications(
    std::int64_t after, int limit, const NotificationFilter& filter) {
  return ListNotifications(*database_, after, limit, filter);
}

}  // namespace vigil::store
