#include <algorithm>
#include <deque>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/meta.h"
#include "sync/replica/outbox.h"
#include "sync/replica/overlay.h"
#include "sync/replica/quarantine.h"
#include "sync/replica/replica.h"
#include "sync/replica/rows.h"
#include "sync/replica/storage.h"
#include "sync/rules/derive.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"

// Reading: confirmed records with the user's pending writes over them.

namespace vigil::replica {
namespace {

using rules::Refuse;
using sqlite::Database;
using sqlite::Statement;

// Each gives ids after ?1, at most ?2 (negative: all), as the device ?3 sees them.
constexpr char kListAll[] = R"sql(
  SELECT id FROM (
    SELECT id FROM record WHERE id > ?1
    UNION
    SELECT record FROM pending_write WHERE creates = 1 AND record > ?1 AND device = ?3)
  ORDER BY id LIMIT ?2)sql";

// Goes through the index of ids.
constexpr char kListKind[] = R"sql(
  SELECT id FROM (
    SELECT id FROM record WHERE place & 255 = ?4 AND id > ?1
    UNION
    SELECT record FROM pending_write
    WHERE creates = 1 AND kind = ?4 AND record > ?1 AND device = ?3)
  ORDER BY id LIMIT ?2)sql";

constexpr char kListChildren[] = R"sql(
  SELECT id FROM (
    SELECT id FROM record WHERE parent = ?4 AND id > ?1
    UNION
    SELECT record FROM pending_write
    WHERE creates = 1 AND parent = ?4 AND record > ?1 AND device = ?3)
  ORDER BY id LIMIT ?2)sql";

constexpr char kListChildrenOfKind[] = R"sql(
  SELECT id FROM (
    SELECT id FROM record WHERE parent = ?4 AND place & 255 = ?5 AND id > ?1
    UNION
    SELECT record FROM pending_write
    WHERE creates = 1 AND parent = ?4 AND kind = ?5 AND record > ?1 AND device = ?3)
  ORDER BY id LIMIT ?2)sql";

constexpr char kFindKey[] = R"sql(
  SELECT id FROM record WHERE place & 255 = ?1 AND key = ?2 AND key <> ''
  ORDER BY id LIMIT 1)sql";

constexpr char kListCreated[] = R"sql(
  SELECT record FROM pending_write WHERE creates = 1 AND kind = ?1 AND device = ?2
  ORDER BY record)sql";

constexpr char kFindHazardOf[] = "SELECT hazard FROM provisional WHERE number = ?1";
constexpr char kFindProvisional[] = "SELECT number FROM provisional WHERE hazard = ?1";

constexpr char kDuplicates[] = "SELECT id FROM record WHERE merged_into = ?1 ORDER BY id";

// Where a conflict is stored, or may be made by what is pending.
constexpr char kMaybeInConflict[] = R"sql(
  SELECT id FROM record WHERE in_conflict = 1
  UNION
  SELECT record FROM pending_write WHERE device = ?1
  ORDER BY 1)sql";

constexpr char kCount[] = R"sql(
  SELECT
    (SELECT count(*) FROM outbox WHERE device = ?1 AND state NOT IN (3, 5)),
    (SELECT count(*) FROM outbox WHERE device = ?1 AND state = 2),
    (SELECT count(*) FROM attention WHERE device = ?1 AND settled = 0),
    (SELECT count(*) FROM record),
    (SELECT count(*) FROM draft WHERE device = ?1),
    (SELECT count(*) FROM witness WHERE taken_at IS NULL),
    (SELECT count(*) FROM outbox WHERE device = ?1 AND state = 3))sql";

absl::StatusOr<std::vector<RecordView>> ViewsOf(Database& database, const User& user,
                                                const std::vector<Uuid>& ids) {
  std::vector<RecordView> views;
  for (const Uuid& id : ids) {
    VIGIL_ASSIGN_OR_RETURN(std::optional<RecordView> view, FindView(database, user, id));
    if (view) views.push_back(*std::move(view));
  }
  return views;
}

absl::StatusOr<const rules::EntityInfo*> KindOf(std::string_view kind) {
  const rules::EntityInfo* info = rules::Schema::Get().FindEntity(kind);
  if (info != nullptr) return info;
  return Refuse(v1::REASON_INVALID_VALUE, "there is no such kind of record").With("kind", kind);
}

struct ListPlace {
  int kind = 0;
  Uuid parent;
  Uuid after;
  int limit = 0;
};

absl::StatusOr<std::vector<Uuid>> ListIds(Database& database, const User& user,
                                          const ListPlace& place) {
  const bool by_parent = !place.parent.is_nil();
  const bool by_kind = place.kind != 0;
  sqlite::Sql list = kListAll;
  if (by_parent) {
    list = by_kind ? sqlite::Sql(kListChildrenOfKind) : sqlite::Sql(kListChildren);
  } else if (by_kind) {
    list = kListKind;
  }
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(list));
  BindRaw(row, 1, place.after);
  row.BindInt64(2, place.limit > 0 ? place.limit : -1).BindUuid(3, user.device);
  if (by_parent) row.BindUuid(4, place.parent);
  if (by_kind) row.BindInt64(by_parent ? 5 : 4, place.kind);
  return ReadIds(std::move(row));
}

// Keeps records alive while a derivation points at them.
class Shelf final : public rules::RecordSource {
 public:
  Shelf(Database& database, const User& user) : database_(database), user_(user) {}

  absl::StatusOr<const v1::Record*> Find(std::string_view id) override {
    const std::optional<Uuid> uuid = Uuid::Parse(id);
    if (!uuid || uuid->is_nil()) return nullptr;
    VIGIL_ASSIGN_OR_RETURN(std::optional<RecordView> view, FindView(database_, user_, *uuid));
    if (!view) return nullptr;
    return &records_.emplace_back(std::move(view->record));
  }

  absl::StatusOr<std::vector<const v1::Record*>> Children(std::string_view parent,
                                                          int kind) override {
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(parent));
    VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> ids,
                           ListIds(database_, user_, {.kind = kind, .parent = id, .after = {}}));
    return FindAll(ids);
  }

  absl::StatusOr<std::vector<const v1::Record*>> DuplicatesOf(std::string_view hazard) override {
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(hazard));
    VIGIL_ASSIGN_OR_RETURN(Statement row, database_.Query(kDuplicates));
    row.BindUuid(1, id);
    VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadIds(std::move(row)));
    return FindAll(ids);
  }

 private:
  absl::StatusOr<std::vector<const v1::Record*>> FindAll(const std::vector<Uuid>& ids) {
    std::vector<const v1::Record*> records;
    for (const Uuid& id : ids) {
      VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, Find(id.ToString()));
      if (record != nullptr) records.push_back(record);
    }
    return records;
  }

  Database& database_;
  const User& user_;
  std::deque<v1::Record> records_;
};

// The register has judged what this database does not know, or does not follow it any more.
absl::StatusOr<bool> IsForked(Database& database, const User& user) {
  VIGIL_ASSIGN_OR_RETURN(const ChainEnd end, LoadEnd(database, user));
  if (user.judged_device_seq > end.device_seq) return true;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<OutboxRow> rows, LoadOutbox(database, user.device));
  for (const OutboxRow& row : rows) {
    v1::ErrorDetail error;
    if (row.state != OutboxState::kDeferred || !error.ParseFromString(row.error)) continue;
    if (error.reason() == v1::REASON_CHAIN_BROKEN || error.reason() == v1::REASON_ID_REUSED) {
      return true;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<std::optional<RecordView>> Replica::Find(std::string_view id) {
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(const Uuid uuid, ParseId(id));
  return FindView(storage_->database, user, uuid);
}

absl::StatusOr<std::vector<RecordView>> Replica::List(const RecordQuery& query) {
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  ListPlace place;
  place.limit = query.limit;
  if (!query.kind.empty()) {
    VIGIL_ASSIGN_OR_RETURN(const rules::EntityInfo* info, KindOf(query.kind));
    place.kind = info->number;
  }
  if (!query.parent.empty()) {
    VIGIL_ASSIGN_OR_RETURN(place.parent, ParseId(query.parent));
  }
  if (!query.after.empty()) {
    VIGIL_ASSIGN_OR_RETURN(place.after, ParseId(query.after));
  }
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ListIds(storage_->database, user, place));
  return ViewsOf(storage_->database, user, ids);
}

absl::StatusOr<std::optional<RecordView>> Replica::FindByKey(std::string_view kind,
                                                             std::string_view key) {
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(database));
  VIGIL_ASSIGN_OR_RETURN(const rules::EntityInfo* info, KindOf(kind));
  if (key.empty()) return std::optional<RecordView>();
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kFindKey));
  row.BindInt64(1, info->number).BindText(2, key);
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadIds(std::move(row)));
  if (!ids.empty()) return FindView(database, user, ids.front());
  VIGIL_ASSIGN_OR_RETURN(Statement created, database.Query(kListCreated));
  created.BindInt64(1, info->number).BindUuid(2, user.device);
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> new_ids, ReadIds(std::move(created)));
  for (const Uuid& id : new_ids) {
    VIGIL_ASSIGN_OR_RETURN(std::optional<RecordView> view, FindView(database, user, id));
    if (view && rules::KeyOf(view->record) == key) return view;
  }
  return std::optional<RecordView>();
}

absl::StatusOr<std::optional<RecordView>> Replica::FindHazard(std::string_view number) {
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(database));
  if (const std::optional<Uuid> id = Uuid::Parse(number); id && !id->is_nil()) {
    VIGIL_ASSIGN_OR_RETURN(std::optional<RecordView> view, FindView(database, user, *id));
    if (view && view->record.entity().has_hazard()) return view;
    return std::optional<RecordView>();
  }
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kFindHazardOf));
  row.BindText(1, absl::AsciiStrToUpper(ToAbsl(number)));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadIds(std::move(row)));
  if (!ids.empty()) return FindView(database, user, ids.front());
  return FindByKey("hazard", number);
}

absl::StatusOr<v1::HazardState> Replica::HazardState(std::string_view id) {
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  Shelf shelf(storage_->database, user);
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, shelf.Find(id));
  if (hazard == nullptr || !hazard->entity().has_hazard()) {
    return Refuse(v1::REASON_NOT_FOUND, "there is no such hazard here").With("record", id);
  }
  return rules::DeriveHazard(*hazard, shelf);
}

absl::StatusOr<std::string> Replica::DisplayNumber(const v1::Record& hazard) {
  const std::string key = rules::KeyOf(hazard);
  if (!key.empty()) return key;
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(hazard.id()));
  VIGIL_ASSIGN_OR_RETURN(Statement row, storage_->database.Query(kFindProvisional));
  row.BindUuid(1, id);
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  return found ? std::string(row.ColumnText(0)) : hazard.id();
}

absl::StatusOr<std::vector<RecordView>> Replica::Conflicts() {
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(Statement row, storage_->database.Query(kMaybeInConflict));
  row.BindUuid(1, user.device);
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadIds(std::move(row)));
  VIGIL_ASSIGN_OR_RETURN(std::vector<RecordView> views, ViewsOf(storage_->database, user, ids));
  std::erase_if(views, [](const RecordView& view) { return view.conflicts.empty(); });
  return views;
}

absl::StatusOr<std::vector<OutboxItem>> Replica::Outbox() {
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<OutboxRow> rows,
                         LoadOutbox(storage_->database, user.device));
  std::vector<OutboxItem> items;
  for (const OutboxRow& row : rows) {
    OutboxItem& item = items.emplace_back();
    item.state = row.state;
    if (!item.operation.ParseFromString(row.bytes) || !item.error.ParseFromString(row.error)) {
      return absl::DataLossError("a queued operation cannot be read");
    }
  }
  return items;
}

absl::StatusOr<std::vector<AttentionItem>> Replica::Attention() {
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(std::vector<AttentionItem> items,
                         LoadAttention(storage_->database, user.device));
  VIGIL_ASSIGN_OR_RETURN(std::vector<AttentionItem> quarantined,
                         LoadQuarantine(storage_->database, user.device));
  std::move(quarantined.begin(), quarantined.end(), std::back_inserter(items));
  return items;
}

absl::StatusOr<std::vector<JournalItem>> Replica::Journal() {
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<JournalRow> rows,
                         LoadJournal(storage_->database, user.device));
  std::vector<JournalItem> items;
  for (const JournalRow& row : rows) {
    JournalItem& item = items.emplace_back();
    if (!item.operation.ParseFromString(row.bytes) ||
        !item.outcome.ParseFromString(row.outcome_bytes)) {
      return absl::DataLossError("an operation in the journal cannot be read");
    }
  }
  return items;
}

absl::StatusOr<std::optional<v1::Outcome>> Replica::FindOutcome(std::string_view operation) {
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(operation));
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(const std::optional<JournalRow> row, FindJournal(storage_->database, id));
  if (!row) return std::optional<v1::Outcome>();
  // Another user's is nothing of his.
  VIGIL_ASSIGN_OR_RETURN(const std::vector<User> users, LoadUsers(storage_->database));
  const bool is_own = std::any_of(users.begin(), users.end(), [&](const User& each) {
    return each.device == row->device &&
           (each.device == user.device || each.continued_by == user.device);
  });
  if (!is_own) return std::optional<v1::Outcome>();
  v1::Outcome outcome;
  if (!outcome.ParseFromString(row->outcome_bytes)) {
    return absl::DataLossError("a kept outcome cannot be read");
  }
  return std::optional<v1::Outcome>(std::move(outcome));
}

absl::StatusOr<StatusCounts> Replica::Counts() {
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(const Meta meta, LoadMeta(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<RecordView> conflicts, Conflicts());
  VIGIL_ASSIGN_OR_RETURN(Statement row, storage_->database.Query(kCount));
  row.BindUuid(1, user.device);
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return absl::InternalError("counting gave no row");
  StatusCounts counts;
  counts.pending = row.ColumnInt64(0);
  counts.deferred = row.ColumnInt64(1);
  counts.refused = row.ColumnInt64(2);
  counts.records = row.ColumnInt64(3);
  counts.drafts = row.ColumnInt64(4);
  counts.copies = row.ColumnInt64(5);
  counts.quarantined = row.ColumnInt64(6);
  VIGIL_ASSIGN_OR_RETURN(counts.forked, IsForked(storage_->database, user));
  counts.in_conflict = static_cast<std::int64_t>(conflicts.size());
  counts.faults = meta.faults;
  counts.complete = meta.complete;
  return counts;
}

}  // namespace vigil::replica
