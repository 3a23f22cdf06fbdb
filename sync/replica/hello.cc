#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/meta.h"
#include "sync/replica/outbox.h"
#include "sync/replica/overlay.h"
#include "sync/replica/replica.h"
#include "sync/replica/rows.h"
#include "sync/replica/storage.h"
#include "sync/rules/judge.h"
#include "sync/rules/reason.h"

// The register's greeting: who I am, which epoch it is in, which scopes I have.

namespace vigil::replica {
namespace {

using rules::Refuse;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kListUnits[] =
    "SELECT DISTINCT unit FROM record WHERE unit IS NOT NULL ORDER BY unit";
constexpr char kListOfUnit[] = "SELECT id FROM record WHERE unit = ?1 ORDER BY id";
constexpr char kListBeyond[] = "SELECT id FROM record WHERE version > ?1 ORDER BY id";

constexpr char kAddWitness[] = R"sql(
  INSERT INTO witness (record, epoch, bytes) VALUES (?1, ?2, ?3)
  ON CONFLICT DO NOTHING)sql";

absl::StatusOr<std::vector<Uuid>> ReadIds(Statement row) {
  std::vector<Uuid> ids;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return ids;
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, row.ColumnUuid(0));
    ids.push_back(id);
  }
}

absl::StatusOr<bool> IsWithinAny(const Uuid& unit, const std::vector<Uuid>& ancestors,
                                 ConfirmedRecords& units) {
  for (const Uuid& ancestor : ancestors) {
    VIGIL_ASSIGN_OR_RETURN(const bool within,
                           rules::IsWithin(unit.ToString(), ancestor.ToString(),
                                           [&](std::string_view id) { return units.Find(id); }));
    if (within) return true;
  }
  return false;
}

// One greeting under way.
class Greeting {
 public:
  Greeting(Database& database, Transaction& transaction, const v1::HelloResponse& hello,
           absl::Time now)
      : database_(database), transaction_(transaction), hello_(hello), now_(now) {}

  absl::Status CheckUser() {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<User> present, FindUser(database_));
    VIGIL_ASSIGN_OR_RETURN(const Uuid device, ParseId(hello_.device()));
    VIGIL_ASSIGN_OR_RETURN(const Uuid person, ParseId(hello_.person()));
    if (!present) VIGIL_RETURN_IF_ERROR(Activate(transaction_, device, person));
    VIGIL_ASSIGN_OR_RETURN(User user, LoadUser(database_));
    if (user.device != device || user.person != person) {
      return Refuse(v1::REASON_WRONG_AUTHOR,
                    "the access token is another device's or person's than this phone's")
          .With("device", hello_.device())
          .With("person", hello_.person());
    }
    user.judged_device_seq =
        std::max(user.judged_device_seq, DeviceSeq(hello_.last_judged_device_seq()));
    return SaveUser(transaction_, user);
  }

  // The epoch of `meta` becomes the register's.
  absl::Status EnterEpoch(Meta& meta) {
    if (hello_.epochs().empty()) {
      return absl::DataLossError("the register did not say in which epoch it is");
    }
    const std::string& current = hello_.epochs(0).id();
    if (meta.epoch.empty()) {
      meta.epoch = current;
      return absl::OkStatus();
    }
    if (meta.epoch == current) {
      if (hello_.head().seq() >= meta.head.seq()) return absl::OkStatus();
      return absl::DataLossError(
          "the register has gone back and did not declare a restore; nothing was taken from it");
    }
    std::uint64_t shared = INT64_MAX;
    for (const v1::Epoch& epoch : hello_.epochs()) {
      if (epoch.id() == meta.epoch) {
        VIGIL_RETURN_IF_ERROR(GoBack(meta, Seq(shared)));
        meta.epoch = current;
        return absl::OkStatus();
      }
      shared = std::min(shared, epoch.back_to_seq());
    }
    return Refuse(v1::REASON_EPOCH_CHANGED,
                  "this is another register than the one whose records this phone holds")
        .With("epoch", current);
  }

  // Gained units are read from the start; what lies in lost ones leaves.
  absl::Status EnterScopes(Meta& meta) {
    std::set<Uuid> wanted = {Uuid()};
    for (const std::string& unit : hello_.units()) {
      VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(unit));
      wanted.insert(id);
    }
    VIGIL_ASSIGN_OR_RETURN(const std::vector<ScopeRow> rows, LoadScopes(database_));
    bool lost = false;
    for (const ScopeRow& row : rows) {
      if (wanted.erase(row.unit) > 0) continue;
      lost = true;
      VIGIL_RETURN_IF_ERROR(DeleteScope(transaction_, row.unit));
    }
    for (const Uuid& unit : wanted) {
      meta.complete = false;
      VIGIL_RETURN_IF_ERROR(SaveScope(transaction_, {unit, Seq(0)}));
    }
    if (!lost) return absl::OkStatus();
    std::vector<Uuid> units;
    for (const std::string& unit : hello_.units()) {
      VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(unit));
      units.push_back(id);
    }
    return RemoveOutside(database_, transaction_, units);
  }

 private:
  // The register was restored to `shared`: what it no longer knows is kept as a witness's copy or
  // offered again, and everything is read anew.
  absl::Status GoBack(Meta& meta, Seq shared) {
    VIGIL_RETURN_IF_ERROR(TakeBackRecords(meta, shared));
    VIGIL_RETURN_IF_ERROR(Unsettle(transaction_, shared));
    VIGIL_ASSIGN_OR_RETURN(const std::vector<JournalRow> beyond,
                           LoadJournalAfter(database_, shared));
    VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(database_));
    for (const JournalRow& row : beyond) {
      VIGIL_RETURN_IF_ERROR(DeleteJournal(transaction_, row.operation));
      VIGIL_RETURN_IF_ERROR(DeleteAttention(transaction_, row.operation));
      VIGIL_RETURN_IF_ERROR(AddOutbox(transaction_, row.device,
                                      {.device_seq = row.device_seq,
                                       .operation = row.operation,
                                       .state = OutboxState::kSent,
                                       .previous_hash = row.previous_hash,
                                       .error = "",
                                       .bytes = row.bytes}));
      VIGIL_RETURN_IF_ERROR(DropWrites(transaction_, {row.device, row.device_seq}));
      v1::Operation operation;
      if (row.device != user.device || !operation.ParseFromString(row.bytes)) continue;
      VIGIL_RETURN_IF_ERROR(RestoreToOverlay(database_, transaction_, user, meta, operation, now_));
    }
    VIGIL_ASSIGN_OR_RETURN(const std::vector<ScopeRow> scopes, LoadScopes(database_));
    for (const ScopeRow& scope : scopes) {
      VIGIL_RETURN_IF_ERROR(SaveScope(transaction_, {scope.unit, Seq(0)}));
    }
    User back = user;
    back.judged_device_seq = DeviceSeq(hello_.last_judged_device_seq());
    VIGIL_RETURN_IF_ERROR(SaveUser(transaction_, back));
    meta.complete = false;
    meta.head.Clear();
    return absl::OkStatus();
  }

  absl::Status TakeBackRecords(const Meta& meta, Seq shared) {
    VIGIL_ASSIGN_OR_RETURN(Statement list, database_.Query(kListBeyond));
    list.BindNumber(1, shared);
    VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadIds(std::move(list)));
    VIGIL_ASSIGN_OR_RETURN(ConfirmedWriter writer, ConfirmedWriter::Begin(database_, transaction_));
    for (const Uuid& id : ids) {
      VIGIL_ASSIGN_OR_RETURN(const std::optional<ConfirmedRecord> record,
                             FindConfirmed(database_, id));
      VIGIL_ASSIGN_OR_RETURN(Statement add, transaction_.Prepare(kAddWitness));
      add.BindUuid(1, id).BindText(2, meta.epoch).BindBlob(3, record->bytes);
      VIGIL_RETURN_IF_ERROR(add.Run());
      VIGIL_RETURN_IF_ERROR(writer.Remove(id));
    }
    return writer.Finish();
  }

  Database& database_;
  Transaction& transaction_;
  const v1::HelloResponse& hello_;
  const absl::Time now_;
};

}  // namespace

absl::Status RemoveOutside(Database& database, Transaction& transaction,
                           const std::vector<Uuid>& units) {
  VIGIL_ASSIGN_OR_RETURN(Statement list, database.Query(kListUnits));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> present, ReadIds(std::move(list)));
  ConfirmedRecords tree(database);
  VIGIL_ASSIGN_OR_RETURN(ConfirmedWriter writer, ConfirmedWriter::Begin(database, transaction));
  for (const Uuid& unit : present) {
    VIGIL_ASSIGN_OR_RETURN(const bool stays, IsWithinAny(unit, units, tree));
    if (stays) continue;
    VIGIL_ASSIGN_OR_RETURN(Statement of_unit, database.Query(kListOfUnit));
    of_unit.BindUuid(1, unit);
    VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadIds(std::move(of_unit)));
    for (const Uuid& id : ids) VIGIL_RETURN_IF_ERROR(writer.Remove(id));
  }
  return writer.Finish();
}

absl::Status Replica::ApplyHello(const v1::HelloResponse& hello, absl::Duration clock_offset) {
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Meta meta, LoadMeta(database));
  Greeting greeting(database, transaction, hello, clock_.Now());
  VIGIL_RETURN_IF_ERROR(greeting.CheckUser());
  // A zone that this phone does not know would make every later judgement fail.
  if (!hello.time_zone().empty()) {
    VIGIL_RETURN_IF_ERROR(LoadZone(hello.time_zone()));
    meta.time_zone = hello.time_zone();
  }
  meta.server = hello.server();
  meta.clock_offset_ms = absl::ToInt64Milliseconds(clock_offset);
  meta.archived_seq = hello.archived_seq();
  VIGIL_RETURN_IF_ERROR(greeting.EnterEpoch(meta));
  VIGIL_RETURN_IF_ERROR(greeting.EnterScopes(meta));
  VIGIL_RETURN_IF_ERROR(SaveMeta(transaction, meta));
  return storage_->Commit(transaction);
}

}  // namespace vigil::replica
