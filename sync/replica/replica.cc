#include "sync/replica/replica.h"

#include <string>
#include <utility>

#include "sync/base/status.h"
#include "sync/replica/meta.h"
#include "sync/replica/quarantine.h"
#include "sync/replica/rows.h"
#include "sync/replica/schema.h"
#include "sync/replica/storage.h"
#include "sync/rules/reason.h"
#include "sync/rules/work_calendar.h"

// Opening, identity and drafts.

namespace vigil::replica {
namespace {

using rules::Refuse;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

// Pages of 4 KiB that the write-ahead log may have before it is brought into the file: what several
// transactions of a first pull write to the index of ids is brought there once.
constexpr std::int64_t kWalPagesMax = 4000;

// Views of records that are kept from one operation to the next: a day's, and a few hundred KiB.
constexpr std::size_t kKnownViewsMax = 256;

constexpr char kOwesCleaning[] = "SELECT owes_cleaning FROM meta WHERE one = 1";
constexpr char kOweCleaning[] = "UPDATE meta SET owes_cleaning = ?1 WHERE one = 1";

constexpr char kPutDraft[] = R"sql(
  INSERT INTO draft (device, key, saved_at, bytes) VALUES (?1, ?2, ?3, ?4)
  ON CONFLICT (device, key) DO UPDATE SET saved_at = excluded.saved_at, bytes = excluded.bytes)sql";

constexpr char kFindDraft[] = R"sql(
  SELECT key, bytes, saved_at FROM draft WHERE device = ?1 AND key = ?2)sql";

constexpr char kListDrafts[] = R"sql(
  SELECT key, bytes, saved_at FROM draft WHERE device = ?1 AND key >= ?2 ORDER BY key)sql";

constexpr char kDeleteDraft[] = "DELETE FROM draft WHERE device = ?1 AND key = ?2";

// The wrapper's refusals have no reason of the contract yet.
absl::Status WithReason(const absl::Status& status) {
  const auto refuse = [&](v1::Reason reason) { return Refuse(reason, ToStd(status.message())); };
  switch (status.code()) {
    case absl::StatusCode::kDataLoss:
      return refuse(v1::REASON_CORRUPT_FILE);
    case absl::StatusCode::kFailedPrecondition:
      return refuse(MetadataValueOf(status, "schema_version") ? v1::REASON_SCHEMA_TOO_NEW
                                                              : v1::REASON_FOREIGN_FILE);
    default:
      return status;
  }
}

struct Ids {
  Uuid device;
  Uuid person;
};

absl::StatusOr<Ids> ParseIdentity(const Identity& identity) {
  Ids ids;
  VIGIL_ASSIGN_OR_RETURN(ids.device, ParseId(identity.device));
  VIGIL_ASSIGN_OR_RETURN(ids.person, ParseId(identity.person));
  return ids;
}

}  // namespace

absl::Status Storage::Commit(Transaction& transaction) {
  VIGIL_RETURN_IF_ERROR(transaction.Commit());
  if (owes_truncation_) {
    Truncate();
    return absl::OkStatus();
  }
  if (database.wal_pages() < kWalPagesMax) return absl::OkStatus();
  // What is committed is safe; a checkpoint that fails is made up for by the next one.
  const absl::Status ignored = database.Checkpoint(sqlite::CheckpointMode::kPassive).status();
  return absl::OkStatus();
}

absl::Status Storage::CommitRemoval(Transaction& transaction) {
  VIGIL_ASSIGN_OR_RETURN(Statement owe, transaction.Prepare(kOweCleaning));
  VIGIL_RETURN_IF_ERROR(owe.BindBool(1, true).Run());
  return Commit(transaction);
}

absl::Status Storage::Clean() {
  {
    VIGIL_ASSIGN_OR_RETURN(Statement owed, database.Query(kOwesCleaning));
    VIGIL_RETURN_IF_ERROR(owed.Step().status());
    if (!owed.ColumnBool(0)) return absl::OkStatus();
  }
  VIGIL_RETURN_IF_ERROR(database.Vacuum());
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  {
    VIGIL_ASSIGN_OR_RETURN(Statement owe, transaction.Prepare(kOweCleaning));
    VIGIL_RETURN_IF_ERROR(owe.BindBool(1, false).Run());
  }
  VIGIL_RETURN_IF_ERROR(transaction.Commit());
  Truncate();
  return absl::OkStatus();
}

void Storage::Truncate() {
  const absl::StatusOr<sqlite::CheckpointResult> result =
      database.Checkpoint(sqlite::CheckpointMode::kTruncate);
  owes_truncation_ = !result.ok() || !result->complete;
}

absl::StatusOr<std::unique_ptr<Known>> Storage::TakeKnown() {
  std::unique_ptr<Known> known = std::move(known_);
  if (known != nullptr && database.data_version() == known_at_) return known;
  known = std::make_unique<Known>(database);
  VIGIL_ASSIGN_OR_RETURN(known->user, LoadUser(database));
  VIGIL_ASSIGN_OR_RETURN(known->end, LoadEnd(database, known->user));
  VIGIL_ASSIGN_OR_RETURN(known->meta, LoadMeta(database));
  VIGIL_ASSIGN_OR_RETURN(known->holds_back, HoldsBack(database));
  return known;
}

void Storage::KeepKnown(std::unique_ptr<Known> known) {
  if (known->records.views.size() > kKnownViewsMax) return;
  known_ = std::move(known);
  known_at_ = database.data_version();
}

absl::StatusOr<std::unique_ptr<Replica>> Replica::Open(const std::string& path,
                                                       const Options& options, const Clock& clock,
                                                       Random& random) {
  sqlite::OpenOptions open;
  open.mode = options.must_exist ? sqlite::OpenOptions::Mode::kReadWrite
                                 : sqlite::OpenOptions::Mode::kCreate;
  open.vfs = options.vfs;
  open.application_id = kReplicaApplicationId;
  open.secure_delete = true;
  absl::StatusOr<Database> database = Database::Open(path, open);
  if (!database.ok()) return WithReason(database.status());
  if (const absl::Status status = sqlite::Migrate(*database, ReplicaSchema()); !status.ok()) {
    return WithReason(status);
  }
  // A phone whose storage is full still shows what it holds.
  if (const absl::Status status = database->MakeDurable(); !absl::IsResourceExhausted(status)) {
    VIGIL_RETURN_IF_ERROR(status);
  }
  auto storage = std::make_unique<Storage>(*std::move(database));
  // On a phone that is full, or while somebody reads the file, both stay owed.
  static_cast<void>(ConfirmedWriter::ReadUnknownKinds(storage->database));
  static_cast<void>(storage->Clean());
  return std::unique_ptr<Replica>(new Replica(std::move(storage), clock, random));
}

Replica::Replica(std::unique_ptr<Storage> storage, const Clock& clock, Random& random)
    : storage_(std::move(storage)), clock_(clock), random_(random) {}

Replica::~Replica() = default;

absl::StatusOr<std::optional<Identity>> Replica::GetIdentity() {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<User> user, FindUser(storage_->database));
  if (!user) return std::optional<Identity>();
  return std::optional<Identity>(Identity{user->device.ToString(), user->person.ToString()});
}

absl::Status Replica::Initialise(const Identity& identity) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Identity> present, GetIdentity());
  if (!present) return HandOver(identity);
  if (*present == identity) return absl::OkStatus();
  return Refuse(v1::REASON_ALREADY_INITIALISED,
                "this phone is in use for another device or person; hand it over instead")
      .With("device", present->device)
      .With("person", present->person);
}

absl::Status Replica::HandOver(const Identity& identity) {
  VIGIL_ASSIGN_OR_RETURN(const Ids ids, ParseIdentity(identity));
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  VIGIL_RETURN_IF_ERROR(Activate(transaction, ids.device, ids.person));
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  if (user.person != ids.person) {
    return Refuse(v1::REASON_WRONG_AUTHOR, "this device was enrolled for another person")
        .With("device", identity.device);
  }
  if (!user.continued_by.is_nil()) {
    return Refuse(v1::REASON_CHAIN_BROKEN,
                  "a copy of this device's database may be in use; its user went on as another one")
        .With("device", user.continued_by.ToString());
  }
  return storage_->Commit(transaction);
}

absl::StatusOr<std::vector<v1::RoleGrant>> Replica::Roles() {
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(const Meta meta, LoadMeta(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(const PhoneWorld::Now now, CorrectedNow(meta, clock_.Now()));
  ConfirmedRecords records(storage_->database);
  return RolesOf(records, user, now);
}

absl::StatusOr<v1::Date> Replica::Today() {
  VIGIL_ASSIGN_OR_RETURN(const Meta meta, LoadMeta(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(const PhoneWorld::Now now, CorrectedNow(meta, clock_.Now()));
  return rules::DateAt(now.corrected, now.zone);
}

absl::StatusOr<SyncState> Replica::GetSyncState() {
  // Furthest below the register's bound of 64.
  constexpr std::size_t kCursorsMax = 60;
  VIGIL_ASSIGN_OR_RETURN(const Meta meta, LoadMeta(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<ScopeRow> scopes, LoadScopes(storage_->database));
  SyncState state;
  state.epoch = meta.epoch;
  state.head = meta.head;
  for (const ScopeRow& scope : scopes) {
    if (!scope.unit.is_nil() && scope.granted) state.units.push_back(scope.unit.ToString());
  }
  state.cursors = ToCursors(scopes, kCursorsMax);
  state.complete = meta.complete;
  state.clock_offset = absl::Milliseconds(meta.clock_offset_ms);
  state.last_sync_at = meta.last_sync_at.value_or(absl::InfinitePast());
  state.time_zone = meta.time_zone;
  state.server = meta.server;
  state.archived_seq = meta.archived_seq;
  return state;
}

absl::Status Replica::PutDraft(std::string_view key, std::string_view bytes) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(Statement put, transaction.Prepare(kPutDraft));
  put.BindUuid(1, user.device).BindText(2, key).BindTime(3, clock_.Now()).BindBlob(4, bytes);
  VIGIL_RETURN_IF_ERROR(put.Run());
  return storage_->Commit(transaction);
}

absl::StatusOr<std::optional<Draft>> Replica::FindDraft(std::string_view key) {
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(Statement row, storage_->database.Query(kFindDraft));
  row.BindUuid(1, user.device).BindText(2, key);
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::optional<Draft>();
  return std::optional<Draft>(
      Draft{std::string(row.ColumnText(0)), std::string(row.ColumnBlob(1)), row.ColumnTime(2)});
}

absl::StatusOr<std::vector<Draft>> Replica::Drafts(std::string_view prefix) {
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(Statement row, storage_->database.Query(kListDrafts));
  row.BindUuid(1, user.device).BindText(2, prefix);
  std::vector<Draft> drafts;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found || !row.ColumnText(0).starts_with(prefix)) return drafts;
    drafts.push_back(
        {std::string(row.ColumnText(0)), std::string(row.ColumnBlob(1)), row.ColumnTime(2)});
  }
}

absl::Status Replica::DeleteDraft(std::string_view key) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(Statement remove, transaction.Prepare(kDeleteDraft));
  remove.BindUuid(1, user.device).BindText(2, key);
  VIGIL_RETURN_IF_ERROR(remove.Run());
  return storage_->Commit(transaction);
}

}  // namespace vigil::replica
