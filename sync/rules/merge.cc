#include "sync/rules/merge.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/message.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/rules/derive.h"
#include "sync/rules/record.h"

namespace vigil::rules {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

v1::FieldState* FindState(v1::Record& record, int field) {
  for (v1::FieldState& state : *record.mutable_states()) {
    if (static_cast<int>(state.field()) == field) return &state;
  }
  return nullptr;
}

const v1::FieldState* FindState(const v1::Record& record, int field) {
  for (const v1::FieldState& state : record.states()) {
    if (static_cast<int>(state.field()) == field) return &state;
  }
  return nullptr;
}

// What the field's writes are while it has no state of its own: one, by the record's maker; for a
// set, one for each element.
std::vector<v1::Write> WritesByMaker(const v1::Record& record, const FieldInfo& field) {
  const Message& body = BodyOf(record.entity());
  std::vector<std::string> values;
  if (field.policy == v1::MERGE_POLICY_UNION) {
    values = ElementBytes(body, field);
  } else {
    values.push_back(FieldBytes(body, field));
  }
  std::vector<v1::Write> writes;
  for (std::string& value : values) {
    v1::Write& write = writes.emplace_back();
    *write.mutable_stamp() = record.made_by();
    write.set_value(std::move(value));
  }
  return writes;
}

// Every kept write with its value filled in.
std::vector<v1::Write> AllWrites(const v1::Record& record, const FieldInfo& field) {
  const v1::FieldState* state = FindState(record, field.number());
  if (state == nullptr) return WritesByMaker(record, field);
  std::vector<v1::Write> writes(state->writes().begin(), state->writes().end());
  // A single write's value stands in the entity alone.
  if (writes.size() == 1 && field.policy != v1::MERGE_POLICY_UNION) {
    writes[0].set_value(FieldBytes(BodyOf(record.entity()), field));
  }
  return writes;
}

// Later in the order in which authors acted, as far as their clocks tell; arrival has no part.
bool ObservedBefore(const v1::Stamp& a, const v1::Stamp& b) {
  const auto key = [](const v1::Stamp& stamp) {
    return std::make_tuple(stamp.observed_at().seconds(), stamp.observed_at().nanos(),
                           std::string_view(stamp.device()), stamp.device_seq());
  };
  return key(a) < key(b);
}

std::unique_ptr<Message> Parse(const Message& like, const std::string& bytes) {
  std::unique_ptr<Message> message(like.New());
  VIGIL_CHECK(message->ParseFromString(bytes)) << "a stored write that cannot be read";
  return message;
}

std::int64_t RankOfValue(const Message& body, const FieldInfo& field, const std::string& bytes) {
  const std::unique_ptr<Message> value = Parse(body, bytes);
  const auto& reflection = *value->GetReflection();
  if (!reflection.HasField(*value, field.descriptor)) return -1;
  if (field.descriptor->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    return reflection.GetBool(*value, field.descriptor) ? 1 : 0;
  }
  return Schema::RankOf(*field.descriptor->enum_type(),
                        reflection.GetEnumValue(*value, field.descriptor));
}

v1::Date DateOfValue(const Message& body, const FieldInfo& field, const std::string& bytes) {
  const std::unique_ptr<Message> value = Parse(body, bytes);
  v1::Date date;
  if (value->GetReflection()->HasField(*value, field.descriptor)) {
    date.CopyFrom(value->GetReflection()->GetMessage(*value, field.descriptor));
  }
  return date;
}

// True where `b` is rather in force than `a`.
bool Yields(const Message& body, const FieldInfo& field, const v1::Write& a, const v1::Write& b) {
  switch (field.policy) {
    case v1::MERGE_POLICY_GRAVEST:
    case v1::MERGE_POLICY_MOST_OPEN: {
      const std::int64_t rank_a = RankOfValue(body, field, a.value());
      const std::int64_t rank_b = RankOfValue(body, field, b.value());
      if (rank_a != rank_b) return rank_a < rank_b;
      break;
    }
    case v1::MERGE_POLICY_EARLIEST: {
      const int order =
          CompareDates(DateOfValue(body, field, b.value()), DateOfValue(body, field, a.value()));
      if (order != 0) return order < 0;
      break;
    }
    default:
      break;
  }
  return ObservedBefore(a.stamp(), b.stamp());
}

const v1::Write* InForce(const Message& body, const FieldInfo& field,
                         const std::vector<v1::Write>& writes) {
  const v1::Write* best = nullptr;
  for (const v1::Write& write : writes) {
    if (write.covered()) continue;
    if (best == nullptr || Yields(body, field, *best, write)) best = &write;
  }
  return best;
}

void StoreState(v1::Record& record, const FieldInfo& field, std::vector<v1::Write> writes) {
  v1::FieldState* state = FindState(record, field.number());
  if (state == nullptr) {
    record.add_states()->set_field(static_cast<std::uint32_t>(field.number()));
    std::sort(
        record.mutable_states()->begin(), record.mutable_states()->end(),
        [](const v1::FieldState& a, const v1::FieldState& b) { return a.field() < b.field(); });
    state = FindState(record, field.number());
  }
  state->clear_writes();
  const bool value_in_entity = writes.size() == 1 && field.policy != v1::MERGE_POLICY_UNION;
  for (v1::Write& write : writes) {
    if (value_in_entity) write.clear_value();
    *state->add_writes() = std::move(write);
  }
}

// Marks what the new write covers, and then, by equal event keys, what is covered with it.
void CoverStatus(v1::Write& added, std::vector<v1::Write>& trail) {
  for (v1::Write& write : trail) {
    if (Knew(added.stamp(), write.stamp())) write.set_covered(true);
  }
  for (const v1::Write& covered : trail) {
    if (!covered.covered() || covered.event_key().empty()) continue;
    for (v1::Write& write : trail) {
      if (write.event_key() == covered.event_key()) write.set_covered(true);
    }
    if (added.event_key() == covered.event_key()) added.set_covered(true);
  }
  // Whoever knew all that stands decides, also where he did not count something of it as seen.
  const bool knew_all = std::all_of(trail.begin(), trail.end(),
                                    [](const v1::Write& write) { return write.covered(); });
  if (knew_all) added.set_covered(false);
}

// What the record's maker left open. That is no value and nobody's word, and whoever writes to a
// record knows that it was made: no copy and no claim of having seen something is needed for it.
// What somebody cleared is his decision, and not this.
bool IsLeftOpen(const v1::Write& write, const v1::Record& record) {
  return write.value().empty() && SameStamp(write.stamp(), record.made_by()) &&
         write.stamp().seq() == record.made_by().seq();
}

// Until now the register knew it from a copy; now its author's operation is there. It has been in
// the register since the copy came.
bool TakeOver(const v1::Write& witnessed, v1::Write& own) {
  const bool same = SameStamp(witnessed.stamp(), own.stamp()) && witnessed.value() == own.value();
  const bool is_phones = witnessed.stamp().covers_own() && own.stamp().covers_own();
  if (!same || !is_phones || !witnessed.stamp().witnessed() || own.stamp().witnessed()) {
    return false;
  }
  own.mutable_stamp()->set_seq(std::min(own.stamp().seq(), witnessed.stamp().seq()));
  SetTimes(
      {.observed = TimesOf(own.stamp()).observed, .received = TimesOf(witnessed.stamp()).received},
      *own.mutable_stamp());
  own.set_covered(witnessed.covered());
  return true;
}

// Whoever made the stamp knew every value of the field, and decides. (Of statuses a trail is kept;
// of what a copy told its author may be heard yet.)
bool CoversAll(const v1::Stamp& stamp, const FieldInfo& field, const v1::Record& record) {
  if (field.policy == v1::MERGE_POLICY_MOST_OPEN) return false;
  const auto covers = [&](const v1::Stamp& there) {
    return !there.witnessed() && Knew(stamp, there);
  };
  const v1::FieldState* state = FindState(record, field.number());
  if (state == nullptr) return covers(record.made_by());
  return std::all_of(state->writes().begin(), state->writes().end(),
                     [&](const v1::Write& write) { return covers(write.stamp()); });
}

void MergeSingle(const v1::FieldWrite& change, const FieldInfo& field, const v1::Stamp& stamp,
                 v1::Record& record) {
  std::vector<v1::Write> writes;
  if (!CoversAll(stamp, field, record)) writes = AllWrites(record, field);
  v1::Write added;
  *added.mutable_stamp() = stamp;
  added.set_value(change.value());
  added.set_event_key(change.event_key());
  std::erase_if(writes, [&](const v1::Write& write) { return TakeOver(write, added); });
  if (field.policy == v1::MERGE_POLICY_MOST_OPEN) {
    CoverStatus(added, writes);
  } else {
    std::erase_if(writes, [&](const v1::Write& write) {
      return Knew(stamp, write.stamp()) || IsLeftOpen(write, record);
    });
  }
  writes.push_back(std::move(added));
  Message& body = MutableBodyOf(*record.mutable_entity(), *InfoOf(record));
  const v1::Write* in_force = InForce(body, field, writes);
  VIGIL_CHECK(in_force != nullptr) << field.name() << ": every write is covered";
  VIGIL_CHECK(SetFieldBytes(field, in_force->value(), body)) << field.name();
  StoreState(record, field, std::move(writes));
}

absl::Status MergeSet(const v1::FieldWrite& change, const FieldInfo& field, const v1::Stamp& stamp,
                      v1::Record& record) {
  Message& body = MutableBodyOf(*record.mutable_entity(), *InfoOf(record));
  std::unique_ptr<Message> added(body.New());
  std::unique_ptr<Message> removed(body.New());
  if (!added->ParseFromString(change.value()) || !removed->ParseFromString(change.removed())) {
    return absl::DataLossError(absl::StrCat(field.name(), ": a write that cannot be read"));
  }
  std::vector<v1::Write> writes = AllWrites(record, field);
  const auto cover = [&](const std::string& element) {
    std::erase_if(writes, [&](const v1::Write& write) {
      return write.value() == element && Knew(stamp, write.stamp());
    });
  };
  for (const std::string& element : ElementBytes(*removed, field)) cover(element);
  for (std::string& element : ElementBytes(*added, field)) {
    cover(element);
    v1::Write own;
    *own.mutable_stamp() = stamp;
    own.set_value(std::move(element));
    std::erase_if(writes, [&](const v1::Write& write) { return TakeOver(write, own); });
    writes.push_back(std::move(own));
  }
  // The maker's elements keep their places; later ones follow in the order in which their authors
  // acted, not in which they came.
  std::stable_sort(writes.begin(), writes.end(), [&](const v1::Write& a, const v1::Write& b) {
    const bool first_a = SameStamp(a.stamp(), record.made_by());
    const bool first_b = SameStamp(b.stamp(), record.made_by());
    if (first_a || first_b) return first_a && !first_b;
    return ObservedBefore(a.stamp(), b.stamp());
  });
  body.GetReflection()->ClearField(&body, field.descriptor);
  std::vector<std::string_view> shown;
  for (const v1::Write& write : writes) {
    if (std::find(shown.begin(), shown.end(), write.value()) != shown.end()) continue;
    shown.push_back(write.value());
    if (!body.MergeFromString(write.value())) {
      return absl::DataLossError(absl::StrCat(field.name(), ": an element that cannot be read"));
    }
  }
  StoreState(record, field, std::move(writes));
  return absl::OkStatus();
}

bool AlreadyThere(const v1::Record& record, const FieldInfo& field, const v1::Stamp& stamp) {
  const auto is_it = [&](const v1::Stamp& there) {
    return SameStamp(there, stamp) && there.witnessed() == stamp.witnessed();
  };
  const v1::FieldState* state = FindState(record, field.number());
  if (state == nullptr) return is_it(record.made_by());
  return std::any_of(state->writes().begin(), state->writes().end(),
                     [&](const v1::Write& write) { return is_it(write.stamp()); });
}

absl::Status MergeField(const v1::FieldWrite& change, const FieldInfo& field,
                        const v1::Stamp& stamp, v1::Record& record) {
  if (field.policy == v1::MERGE_POLICY_UNION) return MergeSet(change, field, stamp, record);
  MergeSingle(change, field, stamp, record);
  return absl::OkStatus();
}

// The field's writes, under the stamps that they had, in a record that is being made.
absl::Status MakeState(const FieldInfo& field, const v1::RecordWrite& write, std::uint64_t seq,
                       v1::Record& record) {
  Message& body = MutableBodyOf(*record.mutable_entity(), *InfoOf(record));
  std::vector<v1::Write> writes;
  for (const v1::FieldWrite& change : write.fields()) {
    if (static_cast<int>(change.field()) != field.number() || !change.has_stamp()) continue;
    v1::Write& made = writes.emplace_back();
    *made.mutable_stamp() = change.stamp();
    made.mutable_stamp()->set_seq(seq);
    made.set_value(change.value());
    const bool taken = field.policy == v1::MERGE_POLICY_UNION
                           ? body.MergeFromString(change.value())
                           : SetFieldBytes(field, change.value(), body);
    if (!taken) return absl::DataLossError("a copy's write that cannot be read");
  }
  if (writes.empty()) return absl::OkStatus();
  if (field.policy != v1::MERGE_POLICY_UNION) {
    const v1::Write* in_force = InForce(body, field, writes);
    VIGIL_CHECK(SetFieldBytes(field, in_force->value(), body)) << field.name();
  }
  StoreState(record, field, std::move(writes));
  return absl::OkStatus();
}

// The operation that made a record which was known from a copy alone: what it says stands beside
// what the copy said.
absl::Status MergeMaker(const v1::RecordWrite& write, const v1::Stamp& stamp,
                        const EntityInfo& info, v1::Record& record) {
  Message& body = MutableBodyOf(*record.mutable_entity(), info);
  for (const v1::FieldWrite& change : write.fields()) {
    const FieldInfo* field = info.Find(static_cast<int>(change.field()));
    if (field == nullptr) return absl::DataLossError("a write of an unknown field");
    if (field->policy == v1::MERGE_POLICY_SERVER) continue;
    if (field->policy == v1::MERGE_POLICY_IMMUTABLE) {
      VIGIL_CHECK(SetFieldBytes(*field, change.value(), body)) << field->name();
      continue;
    }
    const bool as_made =
        FindState(record, field->number()) == nullptr && FieldBytes(body, *field) == change.value();
    if (as_made) continue;
    VIGIL_RETURN_IF_ERROR(MergeField(change, *field, stamp, record));
  }
  if (SameStamp(record.made_by(), stamp)) record.mutable_made_by()->set_witnessed(false);
  return absl::OkStatus();
}

absl::Status Create(const v1::RecordWrite& write, const v1::Stamp& stamp, const EntityInfo& info,
                    v1::Record& record) {
  record.set_id(write.record());
  record.set_parent(write.parent());
  record.set_version(stamp.seq());
  *record.mutable_made_by() = write.has_maker() ? write.maker() : stamp;
  record.mutable_made_by()->set_seq(stamp.seq());
  record.set_outside_scope(write.outside_scope());
  Message& body = MutableBodyOf(*record.mutable_entity(), info);
  std::string fields;
  bool readable = true;
  bool is_copy = false;
  for (const v1::FieldWrite& change : write.fields()) {
    is_copy = is_copy || change.has_stamp();
    readable = readable && HoldsOnly(static_cast<int>(change.field()), change.value());
    if (!change.has_stamp()) fields += change.value();
  }
  if (!readable || !body.ParseFromString(fields) ||
      !body.GetReflection()->GetUnknownFields(body).empty()) {
    return absl::DataLossError(absl::StrCat(info.kind, ": a write that cannot be read"));
  }
  if (!is_copy) return absl::OkStatus();
  for (const FieldInfo& field : info.fields) {
    VIGIL_RETURN_IF_ERROR(MakeState(field, write, stamp.seq(), record));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Merge(const v1::RecordWrite& write, const v1::Stamp& stamp, v1::Record& record) {
  const EntityInfo* info = Schema::Get().FindEntity(static_cast<int>(write.kind()));
  if (info == nullptr) return absl::DataLossError("a write of an unknown kind");
  if (record.id().empty()) {
    if (!write.creates()) return absl::DataLossError("a write of a record that does not exist");
    return Create(write, stamp, *info, record);
  }
  if (InfoOf(record) != info || record.id() != write.record()) {
    return absl::DataLossError("a write of another record");
  }
  // A record that is already there was made by this very operation, seen again; or it was known
  // from a copy alone.
  if (write.creates()) {
    if (record.made_by().witnessed() && !stamp.witnessed() && !write.has_maker()) {
      VIGIL_RETURN_IF_ERROR(MergeMaker(write, stamp, *info, record));
    }
  } else {
    for (const v1::FieldWrite& change : write.fields()) {
      const FieldInfo* field = info->Find(static_cast<int>(change.field()));
      if (field == nullptr) return absl::DataLossError("a write of an unknown field");
      v1::Stamp own = change.has_stamp() ? change.stamp() : stamp;
      own.set_seq(stamp.seq());
      // Of one write from copies there may be two values: somebody's copy is wrong.
      if (!change.has_stamp() && AlreadyThere(record, *field, own)) continue;
      VIGIL_RETURN_IF_ERROR(MergeField(change, *field, own, record));
    }
    // Of several withdrawals the least id is shown, whichever came first.
    if (!write.withdrawn_by().empty() &&
        (record.withdrawn_by().empty() || write.withdrawn_by() < record.withdrawn_by())) {
      record.set_withdrawn_by(write.withdrawn_by());
    }
  }
  if (stamp.seq() > record.version()) record.set_version(stamp.seq());
  return absl::OkStatus();
}

absl::Status MergeOwn(const v1::Record& later, std::string_view device, v1::Record& seen) {
  struct Own {
    v1::Stamp stamp;
    v1::RecordWrite write;
  };
  const EntityInfo* info = InfoOf(later);
  if (info == nullptr) return absl::OkStatus();
  std::map<std::uint64_t, Own> operations;
  for (const FieldInfo& field : info->fields) {
    if (FindState(later, field.number()) == nullptr) continue;
    std::map<std::uint64_t, v1::FieldWrite> changes;
    for (const v1::Write& write : AllWrites(later, field)) {
      const v1::Stamp& stamp = write.stamp();
      if (stamp.device() != device || stamp.witnessed()) continue;
      operations[stamp.device_seq()].stamp = stamp;
      v1::FieldWrite& change = changes[stamp.device_seq()];
      change.set_field(static_cast<std::uint32_t>(field.number()));
      change.mutable_value()->append(write.value());
      change.set_event_key(write.event_key());
    }
    for (auto& [device_seq, change] : changes) {
      *operations[device_seq].write.add_fields() = std::move(change);
    }
  }
  for (auto& [device_seq, operation] : operations) {
    operation.write.set_record(later.id());
    operation.write.set_kind(static_cast<std::uint32_t>(info->number));
    absl::Status status = Merge(operation.write, operation.stamp, seen);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

int CompareVigilance(const EntityInfo& info, const FieldInfo& field, const std::string& a,
                     const std::string& b) {
  v1::Entity none;
  const Message& body = MutableBodyOf(none, info);
  if (field.policy == v1::MERGE_POLICY_EARLIEST) {
    return CompareDates(DateOfValue(body, field, b), DateOfValue(body, field, a));
  }
  const std::int64_t rank_a = RankOfValue(body, field, a);
  const std::int64_t rank_b = RankOfValue(body, field, b);
  return rank_a < rank_b ? -1 : (rank_a == rank_b ? 0 : 1);
}

std::vector<v1::Write> LiveWrites(const v1::Record& record, const FieldInfo& field) {
  std::vector<v1::Write> writes = AllWrites(record, field);
  std::erase_if(writes, [](const v1::Write& write) { return write.covered(); });
  return writes;
}

std::vector<v1::Write> StatusTrail(const v1::Record& record, const FieldInfo& field) {
  return AllWrites(record, field);
}

bool InConflict(const v1::Record& record, const FieldInfo& field) {
  if (field.policy == v1::MERGE_POLICY_UNION) return false;
  const v1::FieldState* state = FindState(record, field.number());
  if (state == nullptr || state->writes_size() < 2) return false;
  const std::string* first = nullptr;
  for (const v1::Write& write : state->writes()) {
    if (write.covered()) continue;
    if (first == nullptr) {
      first = &write.value();
    } else if (*first != write.value()) {
      return true;
    }
  }
  return false;
}

std::vector<const FieldInfo*> ConflictsOf(const v1::Record& record) {
  std::vector<const FieldInfo*> conflicts;
  const EntityInfo* info = InfoOf(record);
  if (info == nullptr) return conflicts;
  for (const v1::FieldState& state : record.states()) {
    const FieldInfo* field = info->Find(static_cast<int>(state.field()));
    if (field != nullptr && InConflict(record, *field)) conflicts.push_back(field);
  }
  return conflicts;
}

v1::Stamp StampInForce(const v1::Record& record, const FieldInfo& field) {
  // Of one write no value matters, and most fields have one.
  const v1::FieldState* state = FindState(record, field.number());
  if (state == nullptr) return record.made_by();
  if (state->writes_size() == 1 && !state->writes(0).covered()) return state->writes(0).stamp();
  const std::vector<v1::Write> writes = AllWrites(record, field);
  const v1::Write* in_force = InForce(BodyOf(record.entity()), field, writes);
  return in_force == nullptr ? record.made_by() : in_force->stamp();
}

}  // namespace vigil::rules
