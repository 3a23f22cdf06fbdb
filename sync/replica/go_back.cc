#include "sync/replica/go_back.h"

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/replica/anew.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/copies.h"
#include "sync/replica/outbox.h"
#include "sync/replica/overlay.h"
#include "sync/replica/rows.h"
#include "sync/replica/storage.h"
#include "sync/replica/unread.h"
#include "sync/replica/withheld.h"

namespace vigil::replica {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kListBeyond[] = "SELECT id FROM record WHERE version > ?1 ORDER BY id";

constexpr char kForgetRefused[] = "DELETE FROM refused_record WHERE seq > ?1";

absl::StatusOr<std::int64_t> TakeBackRecords(Database& database, Transaction& transaction,
                                             const std::string& epoch, Seq shared) {
  VIGIL_ASSIGN_OR_RETURN(Statement list, database.Query(kListBeyond));
  list.BindNumber(1, shared);
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> ids, ReadIds(std::move(list)));
  VIGIL_ASSIGN_OR_RETURN(ConfirmedWriter writer, ConfirmedWriter::Begin(database, transaction));
  for (const Uuid& id : ids) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<ConfirmedRecord> record,
                           FindConfirmed(database, id));
    VIGIL_RETURN_IF_ERROR(
        KeepCopy(transaction, {.record = id, .epoch = epoch, .bytes = record->bytes}));
    VIGIL_RETURN_IF_ERROR(writer.Remove(id).status());
  }
  VIGIL_RETURN_IF_ERROR(writer.Finish());
  return static_cast<std::int64_t>(ids.size());
}

// Makes one judged operation unsent again.
absl::Status TakeBackOperation(Database& database, Transaction& transaction, const Meta& meta,
                               const JournalRow& row, const std::map<Uuid, User>& users,
                               absl::Time now) {
  VIGIL_RETURN_IF_ERROR(DeleteJournal(transaction, row.operation));
  VIGIL_RETURN_IF_ERROR(DeleteAttention(transaction, row.operation));
  const User& maker = users.at(row.device);
  v1::Operation operation;
  const bool is_read = operation.ParseFromString(row.bytes);
  if (!maker.continued_by.is_nil() && is_read) {
    // His chain is another copy's; he goes on as another device.
    VIGIL_RETURN_IF_ERROR(DropWrites(transaction, maker.Own(row.device_seq)));
    const User& author = users.at(maker.continued_by);
    VIGIL_RETURN_IF_ERROR(AppendRemade(database, transaction, author, operation));
    return RestoreToOverlay(database, transaction, author, meta, operation, now);
  }
  VIGIL_RETURN_IF_ERROR(AddOutbox(transaction, maker,
                                  {.device_seq = row.device_seq,
                                   .operation = row.operation,
                                   .state = OutboxState::kSent,
                                   .previous_hash = row.previous_hash,
                                   .error = "",
                                   .bytes = row.bytes}));
  if (!is_read) return absl::OkStatus();
  return RestoreToOverlay(database, transaction, maker, meta, operation, now);
}

}  // namespace

absl::StatusOr<WentBack> GoBack(Database& database, Transaction& transaction, Meta& meta,
                                const GoingBack& going) {
  WentBack went_back;
  VIGIL_ASSIGN_OR_RETURN(went_back.records,
                         TakeBackRecords(database, transaction, meta.epoch, going.shared));
  VIGIL_RETURN_IF_ERROR(ReturnAgain(transaction, going.shared));
  VIGIL_RETURN_IF_ERROR(ExpectAll(transaction));
  meta.epoch = going.epoch;
  VIGIL_RETURN_IF_ERROR(Unsettle(database, transaction, going.shared));
  VIGIL_RETURN_IF_ERROR(OweAfter(transaction, going.shared));
  VIGIL_RETURN_IF_ERROR(DropHeadsAfter(transaction, going.shared));
  VIGIL_ASSIGN_OR_RETURN(Statement forget, transaction.Prepare(kForgetRefused));
  forget.BindNumber(1, going.shared);
  VIGIL_RETURN_IF_ERROR(forget.Run());

  std::map<Uuid, User> users;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<User> all, LoadUsers(database));
  for (const User& user : all) users.emplace(user.device, user);
  VIGIL_ASSIGN_OR_RETURN(const std::vector<JournalRow> beyond,
                         LoadJournalAfter(database, going.shared));
  for (const JournalRow& row : beyond) {
    VIGIL_RETURN_IF_ERROR(TakeBackOperation(database, transaction, meta, row, users, going.now));
  }
  went_back.operations = static_cast<std::int64_t>(beyond.size());
  // Of the others the register will say when they greet it themselves.
  for (auto& [device, user] : users) {
    user.judged_device_seq = user.active ? going.judged : DeviceSeq(0);
    VIGIL_RETURN_IF_ERROR(SaveUser(transaction, user));
  }
  VIGIL_ASSIGN_OR_RETURN(const std::vector<ScopeRow> scopes, LoadScopes(database));
  for (const ScopeRow& scope : scopes) {
    VIGIL_RETURN_IF_ERROR(SaveScope(transaction, {scope.unit, {}, scope.granted}));
  }
  meta.complete = false;
  meta.complete_at = Seq(0);
  meta.head.Clear();
  return went_back;
}

}  // namespace vigil::replica
