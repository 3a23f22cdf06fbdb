#include "sync/replica/quarantine.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "google/protobuf/descriptor.h"
#include "sync/base/status.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/overlay.h"
#include "sync/replica/rows.h"
#include "sync/replica/scopes.h"
#include "sync/replica/storage.h"
#include "sync/rules/judge.h"
#include "sync/rules/reason.h"
#include "vigil/v1/entity.pb.h"

namespace vigil::replica {
namespace {

using rules::Refuse;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kUsers[] = R"sql(
  SELECT device, person, number FROM identity
  WHERE device IN (SELECT device FROM outbox) ORDER BY device)sql";

constexpr char kHoldsBack[] = "SELECT 1 FROM outbox WHERE state IN (3, 5) LIMIT 1";

constexpr char kQuarantine[] = R"sql(
  UPDATE outbox SET state = ?2, quarantined_at = ?3 WHERE place = ?1)sql";

constexpr char kHeld[] = R"sql(
  SELECT bytes, state, quarantined_at FROM outbox
  WHERE device = ?1 AND state IN (3, 5) ORDER BY device_seq)sql";

constexpr char kLoadLost[] = "SELECT record FROM lost_record ORDER BY record";
constexpr char kForgetLost[] = "DELETE FROM lost_record";
constexpr char kAddLost[] = "INSERT INTO lost_record (record) VALUES (?1)";

// Records live under their roots in a few steps.
constexpr int kDepthMax = 32;

std::set<Uuid> IdsOf(const std::vector<std::string>& texts) {
  std::set<Uuid> ids;
  for (const std::string& text : texts) {
    const std::optional<Uuid> id = Uuid::Parse(text);
    if (id && !id->is_nil()) ids.insert(*id);
  }
  return ids;
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool Meet(const std::set<Uuid>& a, const std::set<Uuid>& b) {
  return std::any_of(a.begin(), a.end(), [&](const Uuid& id) { return b.contains(id); });
}

struct Unsent {
  OutboxRow row;
  bool is_fact = false;
  std::set<Uuid> named;
  std::set<Uuid> written;
  // Of these, what it makes.
  std::set<Uuid> made;
};

// Records that the operation makes: commands name them by fields of the form "order_id".
std::set<Uuid> MadeBy(const v1::Operation& operation) {
  if (operation.has_create_record()) return IdsOf({operation.create_record().record()});
  std::vector<std::string> ids;
  const auto* field = operation.GetReflection()->GetOneofFieldDescriptor(
      operation, v1::Operation::descriptor()->FindOneofByName("command"));
  if (field == nullptr) return {};
  const auto& command = operation.GetReflection()->GetMessage(operation, field);
  std::vector<const google::protobuf::FieldDescriptor*> set;
  command.GetReflection()->ListFields(command, &set);
  for (const auto* each : set) {
    const bool makes = each->type() == google::protobuf::FieldDescriptor::TYPE_STRING &&
                       !each->is_repeated() && EndsWith(each->name(), "_id");
    if (makes) ids.push_back(command.GetReflection()->GetString(command, each));
  }
  return IdsOf(ids);
}

absl::StatusOr<std::vector<Unsent>> LoadUnsent(Database& database, const Uuid& device) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<OutboxRow> rows, LoadOutbox(database, device));
  std::vector<Unsent> unsent;
  for (OutboxRow& row : rows) {
    v1::Operation operation;
    // What cannot be read names nothing; the register says what is wrong with it.
    if (!operation.ParseFromString(row.bytes)) operation.Clear();
    Unsent& each = unsent.emplace_back();
    each.is_fact = IsFact(operation);
    each.named = IdsOf(rules::RecordsNamed(operation));
    each.written = IdsOf(rules::RecordsWritten(operation));
    each.made = MadeBy(operation);
    each.row = std::move(row);
  }
  return unsent;
}

absl::StatusOr<bool> IsOrgUnit(Database& database, const Uuid& id) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<ConfirmedRecord> here, FindConfirmed(database, id));
  if (!here) return false;
  VIGIL_ASSIGN_OR_RETURN(const v1::Record record, ParseRecord(here->bytes));
  return record.entity().has_org_unit();
}

// What has left the phone: records, as far as unsent work names them, and org units, which stay
// known but are not read any more.
class Lost {
 public:
  static absl::StatusOr<Lost> Load(Database& database) {
    Lost lost;
    VIGIL_ASSIGN_OR_RETURN(Statement read, database.Query(kLoadLost));
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
      if (!found) return lost;
      VIGIL_ASSIGN_OR_RETURN(const Uuid id, read.ColumnUuid(0));
      lost.ids_.insert(id);
    }
  }

  absl::Status Update(Database& database, Transaction& transaction, const std::set<Uuid>& named,
                      const std::vector<Uuid>& newly) {
    const std::set<Uuid> before = ids_;
    ids_.insert(newly.begin(), newly.end());
    // What named it may have been judged since, and what waits still rests on it.
    VIGIL_ASSIGN_OR_RETURN(const bool holds_back, HoldsBack(database));
    std::vector<Uuid> units;
    for (auto it = ids_.begin(); it != ids_.end();) {
      VIGIL_ASSIGN_OR_RETURN(const bool is_unit, IsOrgUnit(database, *it));
      VIGIL_ASSIGN_OR_RETURN(const auto here, FindConfirmed(database, *it));
      if (is_unit) units.push_back(*it);
      const bool is_of_use = named.contains(*it) || (holds_back && before.contains(*it));
      const bool stays = is_unit || (!here && is_of_use);
      it = stays ? std::next(it) : ids_.erase(it);
    }
    if (!units.empty()) {
      VIGIL_ASSIGN_OR_RETURN(const auto inside, AreInside(database, units));
      for (const auto& [unit, is_inside] : inside) {
        if (is_inside) ids_.erase(unit);
      }
    }
    return ids_ == before ? absl::OkStatus() : Save(transaction);
  }

  const std::set<Uuid>& ids() const { return ids_; }

 private:
  absl::Status Save(Transaction& transaction) const {
    VIGIL_RETURN_IF_ERROR(transaction.Execute(kForgetLost));
    for (const Uuid& id : ids_) {
      VIGIL_ASSIGN_OR_RETURN(Statement add, transaction.Prepare(kAddLost));
      add.BindUuid(1, id);
      VIGIL_RETURN_IF_ERROR(add.Run());
    }
    return absl::OkStatus();
  }

  std::set<Uuid> ids_;
};

// Goes through one user's unsent work in its order.
class Review {
 public:
  Review(Database& database, const User& user, const std::set<Uuid>& lost)
      : database_(database), user_(user), lost_(lost) {}

  // Whether the operation waits; later ones that rest on it do too.
  absl::StatusOr<bool> Holds(const Unsent& unsent) {
    VIGIL_ASSIGN_OR_RETURN(const bool held, Decide(unsent));
    if (held) unmade_.insert(unsent.made.begin(), unsent.made.end());
    if (held && unsent.row.state != OutboxState::kDiscarded) {
      waiting_.insert(unsent.written.begin(), unsent.written.end());
    }
    return held;
  }

 private:
  absl::StatusOr<bool> Decide(const Unsent& unsent) {
    switch (unsent.row.state) {
      case OutboxState::kDiscarded:
        return true;
      case OutboxState::kPending:
      case OutboxState::kQuarantined:
        break;
      default:
        return false;
    }
    // Nobody can judge what is about a record that was never made.
    if (Meet(unsent.named, unmade_)) return true;
    if (unsent.is_fact) return false;
    if (Meet(unsent.named, waiting_)) return true;
    for (const Uuid& record : unsent.written) {
      VIGIL_ASSIGN_OR_RETURN(const bool under_lost, LivesUnderLost(record, kDepthMax));
      if (under_lost) return true;
    }
    if (unsent.row.state == OutboxState::kPending) return false;
    // It was about an own record that has been judged since, and has not come back.
    for (const Uuid& record : unsent.written) {
      VIGIL_ASSIGN_OR_RETURN(const auto view, FindView(database_, user_, record));
      if (!view && !unsent.made.contains(record)) return true;
    }
    return false;
  }

  // It has left; or it is an own record, not confirmed yet, that belongs to what has left.
  absl::StatusOr<bool> LivesUnderLost(const Uuid& record, int depth) {
    if (lost_.contains(record)) return true;
    VIGIL_ASSIGN_OR_RETURN(const auto here, FindConfirmed(database_, record));
    if (here || depth == 0) return false;
    VIGIL_ASSIGN_OR_RETURN(const auto view, FindView(database_, user_, record));
    if (!view) return false;
    if (const auto parent = Uuid::Parse(view->record.parent()); parent && !parent->is_nil()) {
      return LivesUnderLost(*parent, depth - 1);
    }
    const v1::Hazard& hazard = view->record.entity().hazard();
    VIGIL_ASSIGN_OR_RETURN(
        const std::string unit,
        rules::UnitOf(view->record, [](std::string_view) -> absl::StatusOr<const v1::Record*> {
          return nullptr;
        }));
    const std::string& home = unit.empty() ? hazard.risk_source() : unit;
    const auto id = Uuid::Parse(home);
    if (!id || id->is_nil()) return false;
    // A risk source may be an own record too.
    return unit.empty() ? LivesUnderLost(*id, depth - 1) : lost_.contains(*id);
  }

  Database& database_;
  const User& user_;
  const std::set<Uuid>& lost_;
  // Written by quarantined operations; made by those and by discarded ones.
  std::set<Uuid> waiting_;
  std::set<Uuid> unmade_;
};

absl::Status SetHeld(Transaction& transaction, const OwnOperation& operation, OutboxState state,
                     std::optional<absl::Time> at) {
  VIGIL_ASSIGN_OR_RETURN(Statement set, transaction.Prepare(kQuarantine));
  set.BindInt64(1, PlaceOf(operation))
      .BindInt64(2, static_cast<std::int64_t>(state))
      .BindOptionalTime(3, at);
  return set.Run();
}

absl::StatusOr<std::vector<User>> UsersWithUnsent(Database& database) {
  std::vector<User> users;
  VIGIL_ASSIGN_OR_RETURN(Statement read, database.Query(kUsers));
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return users;
    User& user = users.emplace_back();
    VIGIL_ASSIGN_OR_RETURN(user.device, read.ColumnUuid(0));
    VIGIL_ASSIGN_OR_RETURN(user.person, read.ColumnUuid(1));
    user.number = read.ColumnInt64(2);
  }
}

absl::StatusOr<OutboxRow> FindQuarantined(Database& database, const User& user,
                                          const Uuid& operation) {
  VIGIL_ASSIGN_OR_RETURN(const OutboxIds waiting, LoadOutboxIds(database, user.device));
  if (const auto found = waiting.find(operation); found != waiting.end()) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<OutboxRow> row,
                           FindOutbox(database, user.Own(found->second)));
    if (row && row->state == OutboxState::kQuarantined) return *row;
  }
  return Refuse(v1::REASON_NOT_FOUND, "no operation of this id is quarantined")
      .With("operation", operation.ToString());
}

}  // namespace

bool IsWithheld(OutboxState state) {
  return state == OutboxState::kQuarantined || state == OutboxState::kDiscarded;
}

absl::StatusOr<bool> HoldsBack(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kHoldsBack));
  return row.Step();
}

absl::StatusOr<bool> Reconsider(Database& database, Transaction& transaction,
                                const std::vector<Uuid>& lost, absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<User> users, UsersWithUnsent(database));
  std::map<Uuid, std::vector<Unsent>> unsent;
  std::set<Uuid> named;
  for (const User& user : users) {
    VIGIL_ASSIGN_OR_RETURN(unsent[user.device], LoadUnsent(database, user.device));
    for (const Unsent& each : unsent[user.device]) {
      named.insert(each.named.begin(), each.named.end());
    }
  }
  VIGIL_ASSIGN_OR_RETURN(Lost gone, Lost::Load(database));
  VIGIL_RETURN_IF_ERROR(gone.Update(database, transaction, named, lost));
  bool freed = false;
  for (const User& user : users) {
    Review review(database, user, gone.ids());
    for (const Unsent& each : unsent[user.device]) {
      VIGIL_ASSIGN_OR_RETURN(const bool held, review.Holds(each));
      const OutboxRow& row = each.row;
      const OwnOperation operation = user.Own(row.device_seq);
      if (held && row.state == OutboxState::kPending) {
        VIGIL_RETURN_IF_ERROR(SetHeld(transaction, operation, OutboxState::kQuarantined, now));
      } else if (!held && row.state == OutboxState::kQuarantined) {
        freed = true;
        VIGIL_RETURN_IF_ERROR(SetHeld(transaction, operation, OutboxState::kPending, std::nullopt));
      }
    }
  }
  return freed;
}

absl::Status Release(Database& database, Transaction& transaction, const User& user,
                     const Uuid& operation, absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(const OutboxRow asked, FindQuarantined(database, user, operation));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Unsent> unsent, LoadUnsent(database, user.device));
  std::set<Uuid> needed;
  for (auto it = unsent.rbegin(); it != unsent.rend(); ++it) {
    const bool is_asked = it->row.device_seq == asked.device_seq;
    if (it->row.device_seq > asked.device_seq || !IsWithheld(it->row.state)) continue;
    if (!is_asked && !Meet(it->written, needed)) continue;
    if (it->row.state == OutboxState::kDiscarded) {
      if (!Meet(it->made, needed)) continue;
      return Refuse(v1::REASON_DEPENDENCY_MISSING,
                    "it rests on an operation that you have given up")
          .With("operation", it->row.operation.ToString());
    }
    needed.insert(it->named.begin(), it->named.end());
    VIGIL_RETURN_IF_ERROR(
        SetHeld(transaction, user.Own(it->row.device_seq), OutboxState::kReleased, std::nullopt));
  }
  return Reconsider(database, transaction, {}, now).status();
}

absl::Status Discard(Database& database, Transaction& transaction, const User& user,
                     const Uuid& operation, absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(const OutboxRow row, FindQuarantined(database, user, operation));
  const OwnOperation given_up = user.Own(row.device_seq);
  VIGIL_RETURN_IF_ERROR(SetState(transaction, given_up, OutboxState::kDiscarded, ""));
  VIGIL_RETURN_IF_ERROR(DropWrites(transaction, given_up));
  return Reconsider(database, transaction, {}, now).status();
}

absl::StatusOr<std::vector<AttentionItem>> LoadQuarantine(Database& database, const Uuid& device) {
  std::vector<AttentionItem> items;
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kHeld));
  row.BindUuid(1, device);
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return items;
    AttentionItem& item = items.emplace_back();
    VIGIL_RETURN_IF_ERROR(ReadMessage(row, 0, item.operation));
    item.settled = static_cast<OutboxState>(row.ColumnInt64(1)) == OutboxState::kDiscarded;
    item.refused_at = row.ColumnTime(2);
    item.quarantined = true;
    item.outcome.set_operation(item.operation.id());
    item.outcome.set_device(item.operation.device());
    item.outcome.set_device_seq(item.operation.device_seq());
    v1::ErrorDetail& error = *item.outcome.mutable_error();
    error.set_reason(v1::REASON_OUT_OF_SCOPE);
    error.set_message(
        "what this decides on is no longer in your care, and it was not sent: send it all the "
        "same, or give it up");
  }
}

}  // namespace vigil::replica
