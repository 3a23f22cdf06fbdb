#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "server/register/epochs.h"
#include "server/register/fired_before.h"
#include "server/register/group.h"
#include "server/register/group_world.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/lineage.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/validate.h"

// What phones return after a restore. Every copy is kept for the office; what raises vigilance
// becomes an operation of the register's own.

namespace vigil::registry {
namespace {

// A number that a copy names is not given again; but nobody may use up a year's numbers.
constexpr std::int64_t kNumbersAheadMax = 100'000;

rules::Author WitnessAuthor() {
  rules::Author author;
  author.device = DerivedUuid({.name_space = "vigil/device", .name = "witness"}).ToString();
  author.person = DerivedUuid({.name_space = "vigil/person", .name = "witness"}).ToString();
  author.channel = v1::CHANNEL_WITNESS;
  return author;
}

bool IsEscalation(const store::WitnessCopy& copy) {
  v1::Record record;
  return record.ParseFromString(copy.bytes) && record.entity().has_escalation();
}

// Parents before what lives under them, and last what rests on their due dates.
void PutInOrder(std::vector<store::WitnessCopy>& copies) {
  const auto children =
      std::stable_partition(copies.begin(), copies.end(),
                            [](const store::WitnessCopy& copy) { return copy.parent.is_nil(); });
  std::stable_partition(children, copies.end(),
                        [](const store::WitnessCopy& copy) { return !IsEscalation(copy); });
}

std::string KeyOf(const store::WitnessCopy& copy) {
  return absl::StrCat(copy.record.ToString(), "/", copy.epoch.ToString(), "/", copy.version.value(),
                      "/", copy.hash.ToHex());
}

// What a copy says of itself; of one that cannot be read only its bytes and who brought it.
store::WitnessCopy ToRow(const ReturnedCopy& returned, const rules::Author& returner,
                         absl::Time now) {
  store::WitnessCopy row;
  row.epoch = Uuid::ParseOrNil(returned.epoch);
  row.hash = Sha256Of(returned.bytes);
  row.device = Uuid::ParseOrNil(returner.device);
  row.person = Uuid::ParseOrNil(returner.person);
  row.returned_at = now;
  row.bytes = returned.bytes;
  v1::Record record;
  const bool readable = record.ParseFromString(returned.bytes) && Uuid::Parse(record.id()) &&
                        record.version() <= static_cast<std::uint64_t>(rules::kAllShared);
  if (!readable) return row;
  row.record = Uuid::ParseOrNil(record.id());
  row.version = Seq(record.version());
  row.parent = Uuid::ParseOrNil(record.parent());
  return row;
}

// A field without what the device wrote from an operation on: as it was before, as far as the copy
// tells.
void TakeBack(const rules::FieldInfo& field, const v1::Operation& from, v1::FieldState& state,
              google::protobuf::Message& body) {
  auto& writes = *state.mutable_writes();
  const int before = writes.size();
  const bool in_entity = before == 1;
  writes.erase(std::remove_if(writes.begin(), writes.end(),
                              [&](const v1::Write& write) {
                                return write.stamp().device() == from.device() &&
                                       write.stamp().device_seq() >= from.device_seq();
                              }),
               writes.end());
  if (writes.size() == before || field.policy == v1::MERGE_POLICY_UNION) return;
  if (in_entity || writes.empty()) {
    rules::SetFieldBytes(field, "", body);
    return;
  }
  v1::Write& last = *std::max_element(
      writes.begin(), writes.end(),
      [](const v1::Write& a, const v1::Write& b) { return a.stamp().seq() < b.stamp().seq(); });
  last.set_covered(false);
  rules::SetFieldBytes(field, last.value(), body);
}

// What the author of an operation saw of a record whose copy may hold that operation, too.
void TakeBack(const v1::Operation& from, v1::Record& copy) {
  const rules::EntityInfo& info = *rules::InfoOf(copy);
  google::protobuf::Message& body = rules::MutableBodyOf(*copy.mutable_entity(), info);
  auto& states = *copy.mutable_states();
  for (v1::FieldState& state : states) {
    const rules::FieldInfo* field = info.Find(static_cast<int>(state.field()));
    if (field != nullptr) TakeBack(*field, from, state, body);
  }
  states.erase(std::remove_if(states.begin(), states.end(),
                              [](const v1::FieldState& state) { return state.writes().empty(); }),
               states.end());
}

v1::Operation ToOperation(const store::WitnessCopy& copy, const rules::Author& author,
                          std::uint64_t shared, absl::Time now) {
  v1::Operation operation;
  operation.set_id(DerivedUuid({.name_space = "vigil/witness", .name = KeyOf(copy)}).ToString());
  operation.set_device(author.device);
  operation.set_person(author.person);
  *operation.mutable_made_at() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(now));
  v1::Seen& seen = *operation.add_seen();
  seen.set_record(copy.record.ToString());
  seen.set_version(shared);
  v1::WitnessRecord& command = *operation.mutable_witness_record();
  command.set_record(copy.record.ToString());
  command.set_copy(copy.bytes);
  command.set_epoch(copy.epoch.ToString());
  command.set_device(copy.device.ToString());
  return operation;
}

}  // namespace

absl::Status Group::TakeCopies(const std::vector<ReturnedCopy>& copies,
                               const rules::Author& returner) {
  const Epochs epochs(snapshot_, cache_->epochs);
  std::vector<store::WitnessCopy> taken;
  for (const ReturnedCopy& copy : copies) {
    store::WitnessCopy row = ToRow(copy, returner, context_.now);
    VIGIL_ASSIGN_OR_RETURN(const std::uint64_t shared, epochs.SharedWith(copy.epoch));
    // Of this very epoch, of one that nobody can place, or of what both share.
    const bool is_beyond = shared > 0 && shared != rules::kAllShared &&
                           (row.record.is_nil() || row.version.value() > shared);
    if (!is_beyond || copies_.contains(KeyOf(row))) continue;
    VIGIL_ASSIGN_OR_RETURN(const bool kept, snapshot_.HasWitnessCopy(row));
    if (kept) continue;
    copies_.insert(KeyOf(row));
    writes_.restore.copies.push_back(row);
    taken.push_back(std::move(row));
  }
  PutInOrder(taken);
  for (const store::WitnessCopy& copy : taken) {
    VIGIL_ASSIGN_OR_RETURN(const bool wrote, JudgeCopy(copy));
    if (!wrote) continue;
    // What lives under it may have come before it, and what rests on an order's due date.
    VIGIL_RETURN_IF_ERROR(JudgeCopiesUnder(copy.record));
    if (!copy.parent.is_nil()) VIGIL_RETURN_IF_ERROR(JudgeCopiesUnder(copy.parent));
  }
  return absl::OkStatus();
}

absl::Status Group::JudgeCopiesUnder(const Uuid& parent) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<store::WitnessCopy> waiting,
                         snapshot_.WitnessCopiesUnder(parent));
  for (const store::WitnessCopy& copy : writes_.restore.copies) {
    if (copy.parent == parent) waiting.push_back(copy);
  }
  PutInOrder(waiting);
  for (const store::WitnessCopy& copy : waiting) {
    VIGIL_RETURN_IF_ERROR(JudgeCopy(copy).status());
  }
  return absl::OkStatus();
}

// True: something was taken from it.
absl::StatusOr<bool> Group::JudgeCopy(const store::WitnessCopy& copy) {
  VIGIL_ASSIGN_OR_RETURN(const bool may_take, MayTake(copy));
  if (!may_take) return false;
  static const rules::Author& author = *new rules::Author(WitnessAuthor());
  VIGIL_ASSIGN_OR_RETURN(const std::uint64_t shared,
                         Epochs(snapshot_, cache_->epochs).SharedWith(copy.epoch.ToString()));
  v1::Operation operation = ToOperation(copy, author, shared, context_.now);
  Envelope envelope;
  envelope.operation = Uuid::ParseOrNil(operation.id());
  envelope.device = Uuid::ParseOrNil(author.device);
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::StoredOutcome> before,
                         Stored(envelope.operation));
  if (before) return false;
  VIGIL_ASSIGN_OR_RETURN(const std::uint64_t last, LastDeviceSeq(envelope.device));
  envelope.device_seq = last + 1;
  operation.set_device_seq(envelope.device_seq);
  GroupWorld world(*records_, writes_, operation, author, calendar());
  absl::StatusOr<rules::Decision> decision = rules::Judge(operation, author, world);
  if (!decision.ok()) {
    // One that the rules cannot read stays for the office.
    if (rules::ReasonOf(decision.status()) != v1::REASON_UNSPECIFIED) return false;
    return decision.status();
  }
  VIGIL_RETURN_IF_ERROR(KeepNumbers(copy, *decision));
  if (decision->writes.empty()) return false;
  v1::Outcome outcome;
  VIGIL_RETURN_IF_ERROR(GiveNumber(*decision, outcome));
  VIGIL_RETURN_IF_ERROR(Apply(operation, author, *decision, outcome));
  Incoming incoming;
  incoming.bytes = operation.SerializeAsString();
  envelope.hash = Sha256Of(incoming.bytes);
  Record(incoming, envelope, {}, std::move(outcome));
  return true;
}

absl::StatusOr<bool> Group::MayTake(const store::WitnessCopy& copy) {
  v1::Record record;
  if (copy.record.is_nil() || !record.ParseFromString(copy.bytes)) return false;
  if (!record.entity().has_escalation()) return true;
  const rules::LadderRules rules = ladder_rules();
  return HadFired(*records_, {.copy = record, .now = context_.now, .rules = rules});
}

// No number that a copy names is given again; a hazard that is made again keeps its own unless
// another has it by now.
absl::Status Group::KeepNumbers(const store::WitnessCopy& copy, rules::Decision& decision) {
  v1::Record record;
  if (!record.ParseFromString(copy.bytes) || !record.entity().has_hazard()) {
    return absl::OkStatus();
  }
  const std::string& number = record.entity().hazard().number();
  const std::size_t dash = number.find('-');
  std::int64_t counted = 0;
  if (dash == 4 && absl::SimpleAtoi(number.substr(dash + 1), &counted) && counted > 0) {
    const std::string series = absl::StrCat("hazard/", number.substr(0, dash));
    VIGIL_ASSIGN_OR_RETURN(std::int64_t * last, CounterOf(series));
    if (counted > *last && counted - *last <= kNumbersAheadMax) *last = counted;
  }
  if (decision.writes.empty() || !decision.writes.front().creates()) return absl::OkStatus();
  bool is_free =
      !number.empty() && records_->FindTouchedByKey(v1::Entity::kHazard, number) == nullptr;
  if (is_free) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<Uuid> other,
                           snapshot_.FindByKey(v1::Entity::kHazard, number));
    is_free = !other || *other == copy.record;
  }
  if (is_free) return absl::OkStatus();
  v1::RecordWrite& write = decision.writes.front();
  auto& fields = *write.mutable_fields();
  fields.erase(std::remove_if(fields.begin(), fields.end(),
                              [](const v1::FieldWrite& field) {
                                return field.field() == v1::Hazard::kNumberFieldNumber;
                              }),
               fields.end());
  decision.needs_number = write.record();
  return absl::OkStatus();
}

// The author of an operation from another epoch had seen more than the register has kept, and the
// rules refuse it for that. Judged on what phones have returned of it, it may pass; then it covers
// nothing but his own: a copy is no proof.
absl::StatusOr<rules::Decision> Group::JudgeOnCopies(const rules::Author& author,
                                                     const std::vector<v1::Seen>& beyond,
                                                     v1::Operation& operation,
                                                     const absl::Status& refusal) {
  v1::Operation blind = operation;
  for (v1::Seen& seen : *blind.mutable_seen()) {
    const bool is_beyond = std::any_of(beyond.begin(), beyond.end(), [&](const v1::Seen& known) {
      return known.record() == seen.record();
    });
    if (is_beyond) seen.set_version(0);
  }
  GroupWorld world(*records_, writes_, blind, author, calendar());
  bool any = false;
  for (const v1::Seen& known : beyond) {
    VIGIL_ASSIGN_OR_RETURN(std::optional<v1::Record> copy, FindCopy(known, operation.epoch()));
    if (!copy) continue;
    TakeBack(operation, *copy);
    world.SeeCopy(*std::move(copy));
    any = true;
  }
  if (!any) return refusal;
  absl::StatusOr<rules::Decision> decision = rules::Judge(blind, author, world);
  if (!decision.ok()) {
    return rules::ReasonOf(decision.status()) == v1::REASON_UNSPECIFIED ? decision.status()
                                                                        : refusal;
  }
  for (const v1::RecordWrite& write : decision->writes) {
    if (write.creates()) continue;
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, records_->Find(write.record()));
    if (record == nullptr) return refusal;
  }
  operation = std::move(blind);
  return decision;
}

// The copy nearest to what was seen: of that epoch the oldest one that has it, else any.
absl::StatusOr<std::optional<v1::Record>> Group::FindCopy(const v1::Seen& seen,
                                                          const std::string& epoch) {
  const Uuid id = Uuid::ParseOrNil(seen.record());
  VIGIL_ASSIGN_OR_RETURN(std::vector<store::WitnessCopy> copies, snapshot_.WitnessCopiesOf(id));
  for (const store::WitnessCopy& copy : writes_.restore.copies) {
    if (copy.record == id) copies.push_back(copy);
  }
  const auto distance = [&](const store::WitnessCopy& copy) {
    const bool has_it = copy.epoch.ToString() == epoch && copy.version.value() >= seen.version();
    return std::make_pair(has_it ? 0 : 1, copy.version);
  };
  std::optional<v1::Record> nearest;
  std::optional<std::pair<int, Seq>> least;
  for (const store::WitnessCopy& copy : copies) {
    v1::Record record;
    if (least && *least <= distance(copy)) continue;
    if (!record.ParseFromString(copy.bytes) || !rules::ValidateRecord(record).ok()) continue;
    least = distance(copy);
    nearest = std::move(record);
  }
  return nearest;
}

}  // namespace vigil::registry
