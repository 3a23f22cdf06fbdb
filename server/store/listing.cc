#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/store/page_token.h"
#include "server/store/record_scope.h"
#include "server/store/rows.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/status.h"

namespace vigil::store {
namespace {

using sqlite::Statement;

constexpr int kRecordsDefault = 100;

constexpr char kRecordsOfKind[] = R"sql(
SELECT id, kind, version, parent, root, unit, bytes, key, ordinal FROM record
WHERE kind = ?1 AND (key, ordinal) > (?2, ?3) ORDER BY key, ordinal LIMIT ?4
)sql";

constexpr char kRecordsOfParent[] = R"sql(
SELECT id, kind, version, parent, root, unit, bytes FROM record
WHERE parent = ?1 AND (?2 = 0 OR kind = ?2) AND id > ?3 ORDER BY id LIMIT ?4
)sql";

constexpr char kConflicts[] = R"sql(
SELECT record.id, record.kind, record.version, record.parent, record.root, record.unit,
       record.bytes
FROM conflict JOIN record ON record.id = conflict.record
WHERE conflict.record > ?1 ORDER BY conflict.record LIMIT ?2
)sql";

// The same for a part of the register: the columns, what the condition of the scope is added to,
// and the order.
constexpr char kColumns[] =
    "SELECT record.id, record.kind, record.version, record.parent, record.root, record.unit,"
    " record.bytes";
constexpr char kOfKind[] =
    ", record.key, record.ordinal FROM record"
    " WHERE record.kind = ?1 AND (record.key, record.ordinal) > (?2, ?3) AND ";
constexpr char kOfKindOrder[] = " ORDER BY record.key, record.ordinal LIMIT ?4";
constexpr char kOfParent[] =
    " FROM record WHERE record.parent = ?1 AND (?2 = 0 OR record.kind = ?2) AND record.id > ?3"
    " AND ";
constexpr char kOfParentOrder[] = " ORDER BY record.id LIMIT ?4";
constexpr char kInConflict[] =
    " FROM conflict JOIN record ON record.id = conflict.record WHERE conflict.record > ?1 AND ";
constexpr char kInConflictOrder[] = " ORDER BY conflict.record LIMIT ?2";

absl::StatusOr<Statement> Confined(sqlite::Database& database, const std::string& from,
                                   const RecordScope& scope, const std::string& order) {
  return database.QueryText(kColumns + from + RecordCondition(scope) + order);
}

constexpr char kFindHazard[] = R"sql(
SELECT id, number, risk_source, responsible_unit, state_bytes, origin, found_at, description,
       merged_into, imported, next_step_at, follows_source
FROM hazard WHERE id = ?1
)sql";

// Where a page begins: after this key, and this id or ordinal.
struct Start {
  std::string key;
  std::int64_t ordinal = 0;
  Uuid id;
};

absl::Status Unreadable() {
  return StoreError(absl::StatusCode::kInvalidArgument, v1::REASON_INVALID_PAGE_TOKEN,
                    "the page token cannot be read");
}

absl::StatusOr<Uuid> IdAfter(std::string_view query, std::string_view token) {
  if (token.empty()) return Uuid();
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> key, DecodePageToken(query, 1, token));
  const std::optional<Uuid> id = Uuid::FromBytes(key[0]);
  if (!id) return Unreadable();
  return *id;
}

absl::StatusOr<Start> KeyAfter(std::string_view query, std::string_view token) {
  Start start;
  if (token.empty()) return start;
  VIGIL_ASSIGN_OR_RETURN(std::vector<std::string> key, DecodePageToken(query, 2, token));
  start.key = std::move(key[0]);
  if (!absl::SimpleAtoi(key[1], &start.ordinal)) return Unreadable();
  return start;
}

// Reads rows of records; the token for what comes after `page_size` of them is made of the last
// one's id.
absl::StatusOr<RecordPage> ReadById(Statement& read, std::string_view query, int page_size) {
  RecordPage page;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return page;
    if (static_cast<int>(page.records.size()) == page_size) {
      page.next_page_token = EncodePageToken(query, {std::string(page.records.back().id.bytes())});
      return page;
    }
    VIGIL_ASSIGN_OR_RETURN(StoredRecord record, ReadRecord(read));
    page.records.push_back(std::move(record));
  }
}

}  // namespace

absl::StatusOr<RecordPage> SqliteSnapshot::Records(int kind, const Uuid& parent, int page_size,
                                                   std::string_view page_token,
                                                   const RecordScope& scope) {
  page_size = ClampPageSize(page_size, kRecordsDefault);
  const std::string query = absl::StrCat("records ", kind, " ", parent.ToString());
  if (!parent.is_nil()) {
    VIGIL_ASSIGN_OR_RETURN(const Uuid after, IdAfter(query, page_token));
    VIGIL_ASSIGN_OR_RETURN(Statement read, scope.IsEverything() ? database_->Query(kRecordsOfParent)
                                                                : Confined(*database_, kOfParent,
                                                                           scope, kOfParentOrder));
    read.BindUuid(1, parent).BindInt64(2, kind);
    BindRawUuid(read, 3, after);
    read.BindInt64(4, page_size + 1);
    return ReadById(read, query, page_size);
  }

  VIGIL_ASSIGN_OR_RETURN(const Start start, KeyAfter(query, page_token));
  VIGIL_ASSIGN_OR_RETURN(Statement read, scope.IsEverything()
                                             ? database_->Query(kRecordsOfKind)
                                             : Confined(*database_, kOfKind, scope, kOfKindOrder));
  read.BindInt64(1, kind)
      .BindText(2, start.key)
      .BindInt64(3, start.ordinal)
      .BindInt64(4, page_size + 1);
  RecordPage page;
  std::vector<std::string> last;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return page;
    if (static_cast<int>(page.records.size()) == page_size) {
      page.next_page_token = EncodePageToken(query, last);
      return page;
    }
    VIGIL_ASSIGN_OR_RETURN(StoredRecord record, ReadRecord(read));
    page.records.push_back(std::move(record));
    last = {std::string(read.ColumnText(kRecordColumns)),
            std::to_string(read.ColumnInt64(kRecordColumns + 1))};
  }
}

absl::StatusOr<RecordPage> SqliteSnapshot::Conflicts(int page_size, std::string_view page_token,
                                                     const RecordScope& scope) {
  page_size = ClampPageSize(page_size, kRecordsDefault);
  constexpr std::string_view kQuery = "conflicts";
  VIGIL_ASSIGN_OR_RETURN(const Uuid after, IdAfter(kQuery, page_token));
  VIGIL_ASSIGN_OR_RETURN(Statement read, scope.IsEverything() ? database_->Query(kConflicts)
                                                              : Confined(*database_, kInConflict,
                                                                         scope, kInConflictOrder));
  BindRawUuid(read, 1, after);
  read.BindInt64(2, page_size + 1);
  return ReadById(read, kQuery, page_size);
}

absl::StatusOr<std::optional<HazardProjection>> SqliteSnapshot::FindHazardProjection(
    const Uuid& id) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kFindHazard));
  BindRawUuid(read, 1, id);
  VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
  if (!found) return std::optional<HazardProjection>();
  HazardProjection hazard;
  VIGIL_ASSIGN_OR_RETURN(hazard.id, read.ColumnUuid(0));
  hazard.number = std::string(read.ColumnText(1));
  VIGIL_ASSIGN_OR_RETURN(hazard.risk_source, ReadReference(read, 2));
  VIGIL_ASSIGN_OR_RETURN(hazard.responsible_unit, ReadReference(read, 3));
  VIGIL_RETURN_IF_ERROR(ReadMessage(read, 4, hazard.state));
  hazard.origin = static_cast<v1::HazardOrigin>(read.ColumnInt64(5));
  hazard.found_at = read.ColumnTime(6);
  hazard.description = std::string(read.ColumnText(7));
  VIGIL_ASSIGN_OR_RETURN(hazard.merged_into, ReadReference(read, 8));
  hazard.imported = read.ColumnBool(9);
  if (!read.ColumnIsNull(10)) hazard.next_step_at = read.ColumnTime(10);
  hazard.follows_source = read.ColumnBool(11);
  return std::optional<HazardProjection>(std::move(hazard));
}

}  // namespace vigil::store
