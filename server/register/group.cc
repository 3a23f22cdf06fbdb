#include "server/register/group.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/util/time_util.h"
#include "server/register/epochs.h"
#include "server/register/group_world.h"
#include "server/register/notify.h"
#include "server/register/working_source.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/creation.h"
#include "sync/rules/merge.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/validate.h"

namespace vigil::registry {
namespace {

using rules::Refuse;

constexpr std::string_view kBlockedText =
    "an earlier operation on the same record could not be judged yet; this one waits for it";

constexpr std::string_view kNoRoomText =
    "the register's disk is nearly full; this is taken in once it has room";

// A judgement's error without a reason is storage's, not the rules'.
bool IsDecision(const absl::Status& status) {
  return rules::ReasonOf(status) != v1::REASON_UNSPECIFIED;
}

std::vector<Uuid> IdsOf(const std::vector<std::string>& texts) {
  std::vector<Uuid> ids;
  for (const std::string& text : texts) {
    if (const std::optional<Uuid> id = Uuid::Parse(text)) ids.push_back(*id);
  }
  return ids;
}

}  // namespace

Group::Group(store::Snapshot& snapshot, GroupContext context, std::unique_ptr<WriterCache> cache)
    : snapshot_(snapshot),
      context_(std::move(context)),
      cache_(std::move(cache)),
      records_(&cache_->records),
      last_seq_(cache_->head) {}

absl::StatusOr<Group> Group::Begin(store::Snapshot& snapshot, GroupContext context,
                                   std::unique_ptr<WriterCache> cache) {
  if (cache == nullptr) {
    cache = std::make_unique<WriterCache>(snapshot);
    VIGIL_ASSIGN_OR_RETURN(const store::Head head, snapshot.GetHead());
    cache->head = head.seq;
    VIGIL_ASSIGN_OR_RETURN(cache->epochs, snapshot.Epochs());
    VIGIL_ASSIGN_OR_RETURN(cache->deadlines_in_force, snapshot.DeadlinesInForce());
    VIGIL_ASSIGN_OR_RETURN(cache->audit, AuditTree::Load(snapshot, head.seq.value()));
  }
  cache->records.ReadFrom(snapshot);
  return Group(snapshot, std::move(context), std::move(cache));
}

absl::StatusOr<std::optional<store::StoredOutcome>> Group::Stored(const Uuid& operation) {
  if (const auto found = by_operation_.find(operation); found != by_operation_.end()) {
    const store::LogRow& row = writes_.log[found->second];
    return store::StoredOutcome{row.seq,        row.operation,      row.device,
                                row.device_seq, row.operation_hash, row.outcome_bytes};
  }
  return snapshot_.FindOutcome(operation);
}

absl::StatusOr<std::optional<store::StoredOutcome>> Group::Stored(const Uuid& device,
                                                                  std::uint64_t device_seq) {
  const auto found = by_device_seq_.find({device, device_seq});
  if (found != by_device_seq_.end()) {
    const store::LogRow& row = writes_.log[found->second];
    return store::StoredOutcome{row.seq,        row.operation,      row.device,
                                row.device_seq, row.operation_hash, row.outcome_bytes};
  }
  VIGIL_ASSIGN_OR_RETURN(const WriterCache::Device state, DeviceBefore(device));
  if (device_seq > state.last_judged) return std::optional<store::StoredOutcome>();
  return snapshot_.FindOutcome(device, DeviceSeq(device_seq));
}

absl::StatusOr<WriterCache::Device> Group::DeviceBefore(const Uuid& device) {
  const auto found = cache_->devices.find(device);
  if (found != cache_->devices.end()) return found->second;
  VIGIL_ASSIGN_OR_RETURN(const store::DeviceState state, snapshot_.GetDevice(device));
  const WriterCache::Device known{.last_judged = state.last_judged.value(),
                                  .last_hash = state.last_hash,
                                  .last_link = state.last_link.value()};
  return cache_->devices.emplace(device, known).first->second;
}

absl::StatusOr<std::uint64_t> Group::LastDeviceSeq(const Uuid& device) {
  VIGIL_ASSIGN_OR_RETURN(const WriterCache::Device state, DeviceBefore(device));
  const auto found = device_seqs_.find(device);
  const std::uint64_t in_group = found == device_seqs_.end() ? 0 : found->second.device_seq;
  return std::max(state.last_judged, in_group);
}

// A repeat gets the outcome that was stored; the same identity with other content does not.
absl::StatusOr<std::optional<v1::Outcome>> Group::FindRepeat(
    Envelope& envelope, const absl::StatusOr<v1::Operation>& operation) {
  const auto answer =
      [](const store::StoredOutcome& stored) -> absl::StatusOr<std::optional<v1::Outcome>> {
    v1::Outcome outcome;
    if (!outcome.ParseFromString(stored.outcome_bytes)) {
      return absl::DataLossError("a stored outcome cannot be read");
    }
    outcome.set_repeat(true);
    return outcome;
  };
  std::optional<store::StoredOutcome> stored;
  if (!envelope.operation.is_nil()) {
    VIGIL_ASSIGN_OR_RETURN(stored, Stored(envelope.operation));
  }
  if (!stored.has_value() && envelope.device_seq > 0) {
    VIGIL_ASSIGN_OR_RETURN(stored, Stored(envelope.device, envelope.device_seq));
  }
  if (!stored.has_value()) return std::optional<v1::Outcome>();
  if (stored->operation_hash == envelope.hash && stored->device == envelope.device) {
    return answer(*stored);
  }
  if (operation.ok() && stored->operation == envelope.operation) {
    VIGIL_ASSIGN_OR_RETURN(const bool again, IsMadeAgain(*stored, envelope, *operation));
    if (again) return answer(*stored);
  }
  // What was already recorded as a reuse is a repeat of that refusal.
  envelope.operation =
      DerivedUuid({.name_space = "vigil/reused",
                   .name = absl::StrCat(envelope.device.ToString(), "/", envelope.hash.ToHex())});
  envelope.device_seq = 0;
  VIGIL_ASSIGN_OR_RETURN(stored, Stored(envelope.operation));
  if (stored.has_value()) return answer(*stored);
  envelope.reused = true;
  return std::optional<v1::Outcome>();
}

// Knowledge of another epoch counts up to the last seq that both share; nobody has seen what is
// not written yet.
absl::StatusOr<std::vector<v1::Seen>> Group::CapKnowledge(v1::Operation& operation) const {
  std::vector<v1::Seen> beyond;
  const bool is_in_force = operation.epoch() == cache_->epochs.front().id();
  if (!operation.epoch().empty() && !is_in_force) {
    VIGIL_ASSIGN_OR_RETURN(const std::uint64_t shared,
                           Epochs(snapshot_, cache_->epochs).SharedWith(operation.epoch()));
    for (v1::Seen& seen : *operation.mutable_seen()) {
      if (seen.version() <= shared) continue;
      beyond.push_back(seen);
      seen.set_version(shared);
    }
  }
  for (const v1::Seen& seen : operation.seen()) {
    if (seen.version() > cache_->head.value()) {
      return Refuse(v1::REASON_NOT_SEEN, "no record has the version that was named as seen")
          .With("record", seen.record());
    }
  }
  return beyond;
}

absl::Status Group::CheckCurrent(const v1::Operation& operation) {
  if (!operation.must_be_current()) return absl::OkStatus();
  for (const v1::Seen& seen : operation.seen()) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, records_->Find(seen.record()));
    if (record == nullptr || record->version() <= seen.version()) continue;
    return Refuse(v1::REASON_VERSION_MOVED, "the record has changed; look at it again")
        .With("record", seen.record())
        .With("version", static_cast<std::int64_t>(record->version()));
  }
  return absl::OkStatus();
}

v1::Outcome Group::Record(Incoming& incoming, const Envelope& envelope,
                          const std::vector<std::string>& refused_records, v1::Outcome outcome) {
  last_seq_ = last_seq_.Next();
  outcome.set_operation(envelope.operation.ToString());
  outcome.set_device(envelope.device.ToString());
  outcome.set_device_seq(envelope.device_seq);
  outcome.set_seq(last_seq_.value());
  *outcome.mutable_received_at() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(context_.now));
  store::LogRow row;
  row.seq = last_seq_;
  row.operation = envelope.operation;
  row.device = envelope.device;
  row.device_seq = DeviceSeq(envelope.device_seq);
  row.operation_bytes = std::move(incoming.bytes);
  row.operation_hash = envelope.hash;
  row.previous_hash = incoming.previous_hash;
  row.outcome_bytes = rules::CanonicalBytes(outcome);
  row.verdict = outcome.verdict();
  row.received_at = context_.now;
  row.leaf = AuditLeaf(row.operation_hash, row.outcome_bytes);
  row.refused_records = IdsOf(refused_records);
  cache_->audit.Append(row.leaf, writes_.audit_nodes);
  by_operation_[row.operation] = writes_.log.size();
  if (envelope.device_seq > 0) {
    by_device_seq_[{row.device, envelope.device_seq}] = writes_.log.size();
    Recorded& last = device_seqs_[row.device];
    if (last.device_seq < envelope.device_seq) last = {envelope.device_seq, row.operation_hash};
  }
  writes_.log.push_back(std::move(row));
  return outcome;
}

v1::Outcome Group::Refused(Incoming& incoming, const Envelope& envelope, const absl::Status& why,
                           const std::vector<std::string>& records) {
  v1::Outcome outcome;
  outcome.set_verdict(v1::VERDICT_REFUSED);
  *outcome.mutable_error() = rules::ToDetail(why);
  return Record(incoming, envelope, records, std::move(outcome));
}

v1::Outcome Group::Deferred(const Envelope& envelope, const absl::Status& why) const {
  v1::Outcome outcome;
  outcome.set_operation(envelope.operation.ToString());
  outcome.set_device(envelope.device.ToString());
  outcome.set_device_seq(envelope.device_seq);
  outcome.set_verdict(v1::VERDICT_DEFERRED);
  *outcome.mutable_error() = rules::ToDetail(why);
  return outcome;
}

// What was sent, and under which identity.
absl::StatusOr<v1::Operation> Group::Open(Incoming& incoming, const rules::Author& author,
                                          Envelope& envelope) const {
  envelope.device = Uuid::ParseOrNil(author.device);
  envelope.hash = incoming.hash.is_zero() ? Sha256Of(incoming.bytes) : incoming.hash;
  envelope.operation = Uuid::ParseOrNil(incoming.operation_id);
  envelope.device_seq = incoming.device_seq;
  absl::StatusOr<v1::Operation> parsed;
  if (incoming.bytes.size() > context_.operation_bytes_max) {
    parsed = Refuse(v1::REASON_TOO_LARGE,
                    absl::StrCat("the operation has ", incoming.bytes.size(), " bytes; at most ",
                                 context_.operation_bytes_max, " are taken"));
  } else if (incoming.content) {
    parsed = *std::move(incoming.content);
  } else {
    parsed = rules::ParseOperation(incoming.bytes);
  }
  if (parsed.ok() && incoming.operation_id.empty()) {
    envelope.operation = Uuid::ParseOrNil(parsed->id());
    envelope.device_seq = parsed->device_seq();
  } else if (parsed.ok() && (parsed->id() != incoming.operation_id ||
                             parsed->device_seq() != incoming.device_seq)) {
    parsed = Refuse(v1::REASON_MALFORMED,
                    "the operation names another identity than what it was sent under");
  }
  if (rules::IsReservedId(envelope.operation, author.channel)) {
    // Even an operation that is refused would take it.
    parsed = Refuse(v1::REASON_MALFORMED,
                    "ids of version 8 follow from names and are the register's own");
    envelope.operation = Uuid();
  }
  // Content that names nobody's identity is recorded under one of its own.
  if (envelope.operation.is_nil()) {
    envelope.operation =
        DerivedUuid({.name_space = "vigil/unnamed",
                     .name = absl::StrCat(author.device, "/", envelope.hash.ToHex())});
  }
  return parsed;
}

absl::StatusOr<v1::Outcome> Group::Judge(Incoming& incoming, const rules::Author& author,
                                         std::set<std::string>& waiting) {
  Envelope envelope;
  absl::StatusOr<v1::Operation> parsed = Open(incoming, author, envelope);
  VIGIL_ASSIGN_OR_RETURN(std::optional<v1::Outcome> repeat, FindRepeat(envelope, parsed));
  if (repeat.has_value()) return *std::move(repeat);
  if (context_.no_room) {
    return Deferred(envelope, Refuse(v1::REASON_STORAGE_UNAVAILABLE, kNoRoomText));
  }
  if (envelope.reused) {
    return Refused(
        incoming, envelope,
        Refuse(v1::REASON_ID_REUSED, "this identity was used before, for another operation"), {});
  }
  v1::Operation operation;
  absl::StatusOr<rules::Decision> decision;
  if (parsed.ok()) {
    operation = *std::move(parsed);
    decision = Decide(author, waiting, envelope, operation);
  } else {
    decision = parsed.status();
    // As much of it as can be read says what else must wait.
    static_cast<void>(operation.ParseFromString(incoming.bytes));
  }
  if (!decision.ok()) {
    if (!IsDecision(decision.status())) return decision.status();
    const v1::Reason reason = rules::ReasonOf(decision.status());
    if (rules::IsDeferral(reason) || reason == v1::REASON_VERSION_MOVED) {
      const std::vector<std::string> written = rules::RecordsWritten(operation);
      waiting.insert(written.begin(), written.end());
      return Deferred(envelope, decision.status());
    }
    return Refused(incoming, envelope, decision.status(), rules::RecordsWritten(operation));
  }
  v1::Outcome outcome;
  VIGIL_RETURN_IF_ERROR(GiveNumber(*decision, outcome));
  VIGIL_RETURN_IF_ERROR(Apply(operation, author, *decision, outcome));
  return Record(incoming, envelope, {}, std::move(outcome));
}

absl::StatusOr<rules::Decision> Group::Decide(const rules::Author& author,
                                              const std::set<std::string>& waiting,
                                              Envelope& envelope, v1::Operation& operation) {
  if (!waiting.empty()) {
    for (const std::string& record : rules::RecordsNamed(operation)) {
      if (waiting.contains(record)) return Refuse(v1::REASON_BLOCKED_BY_DEFERRED, kBlockedText);
    }
  }
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Seen> beyond, CapKnowledge(operation));
  VIGIL_RETURN_IF_ERROR(CheckCurrent(operation));
  if (operation.device_seq() == 0) {
    if (author.channel == v1::CHANNEL_PHONE) {
      return Refuse(v1::REASON_INVALID_NUMBER, "a phone counts its operations from 1");
    }
    VIGIL_ASSIGN_OR_RETURN(const std::uint64_t last, LastDeviceSeq(envelope.device));
    envelope.device_seq = last + 1;
    operation.set_device_seq(envelope.device_seq);
  }
  GroupWorld world(*records_, writes_, operation, author, calendar());
  absl::StatusOr<rules::Decision> decision = rules::Judge(operation, author, world);
  const bool is_refusal = !decision.ok() && IsDecision(decision.status()) &&
                          !rules::IsDeferral(rules::ReasonOf(decision.status()));
  if (!is_refusal || beyond.empty()) return decision;
  return JudgeOnCopies(author, beyond, operation, decision.status());
}

absl::StatusOr<std::int64_t*> Group::CounterOf(const std::string& series) {
  auto counter = counters_.find(series);
  if (counter == counters_.end()) {
    VIGIL_ASSIGN_OR_RETURN(const std::int64_t last, snapshot_.Counter(series));
    counter = counters_.emplace(series, last).first;
  }
  return &counter->second;
}

// Hazards are numbered within the year of their arrival: 2017-0371.
absl::Status Group::GiveNumber(rules::Decision& decision, v1::Outcome& outcome) {
  if (decision.needs_number.empty()) return absl::OkStatus();
  // One that was known from a copy has its number.
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* known, records_->Find(decision.needs_number));
  if (known != nullptr && known->entity().hazard().has_number()) {
    outcome.set_number(known->entity().hazard().number());
    return absl::OkStatus();
  }
  const auto year = absl::ToCivilYear(context_.now, context_.zone).year();
  const std::string series = absl::StrCat("hazard/", year);
  VIGIL_ASSIGN_OR_RETURN(std::int64_t * counter, CounterOf(series));
  const rules::EntityInfo& info = *rules::Schema::Get().FindEntity("hazard");
  v1::Hazard numbered;
  // An import may have brought numbers of the same form.
  for (bool taken = true; taken;) {
    numbered.set_number(absl::StrFormat("%d-%04d", year, ++*counter));
    VIGIL_ASSIGN_OR_RETURN(const std::optional<Uuid> other,
                           snapshot_.FindByKey(info.number, numbered.number()));
    taken =
        other.has_value() || records_->FindTouchedByKey(info.number, numbered.number()) != nullptr;
  }
  for (v1::RecordWrite& write : decision.writes) {
    if (write.record() != decision.needs_number) continue;
    v1::FieldWrite field;
    field.set_field(v1::Hazard::kNumberFieldNumber);
    field.set_value(rules::CanonicalBytes(numbered));
    // Fields are written in the order of their numbers, and this is the first.
    write.mutable_fields()->Add(std::move(field));
    std::rotate(write.mutable_fields()->rbegin(), write.mutable_fields()->rbegin() + 1,
                write.mutable_fields()->rend());
  }
  outcome.set_number(numbered.number());
  return absl::OkStatus();
}

absl::Status Group::Apply(const v1::Operation& operation, const rules::Author& author,
                          const rules::Decision& decision, v1::Outcome& outcome) {
  const Seq seq = last_seq_.Next();
  outcome.set_verdict(v1::VERDICT_APPLIED);
  outcome.set_outside_scope(decision.outside_scope);
  for (const v1::RecordWrite& write : decision.writes) {
    VIGIL_ASSIGN_OR_RETURN(Entry * entry, records_->Get(Uuid::ParseOrNil(write.record())));
    const v1::Stamp stamp = rules::StampFor(operation, author, write.record(),
                                            {.seq = seq.value(), .received_at = context_.now});
    const bool created = entry->absent;
    const std::string key_before = created ? std::string() : rules::KeyOf(entry->record);
    VIGIL_RETURN_IF_ERROR(rules::Merge(write, stamp, entry->record));
    entry->absent = false;
    records_->Touch(*entry);
    VIGIL_RETURN_IF_ERROR(Place(*entry, seq));
    const rules::EntityInfo& info = *rules::InfoOf(entry->record);
    for (const v1::FieldWrite& field : write.fields()) {
      const rules::FieldInfo& field_info = *info.Find(static_cast<int>(field.field()));
      if (!rules::InConflict(entry->record, field_info)) continue;
      outcome.set_verdict(v1::VERDICT_MERGED);
      v1::FieldConflict& conflict = *outcome.add_conflicts();
      conflict.set_record(write.record());
      conflict.set_field(field_info.name());
    }
    outcome.add_changed(write.record());
    store::RecordChange change;
    change.id = entry->id;
    change.kind = info.number;
    change.version = seq;
    change.parent = Uuid::ParseOrNil(entry->record.parent());
    change.root = entry->root;
    change.unit = entry->unit;
    change.office_only = entry->office_only;
    change.key = rules::KeyOf(entry->record);
    change.bytes = rules::CanonicalBytes(entry->record);
    entry->bytes = change.bytes;
    change.created = created;
    change.placed = created || change.key != key_before || entry->unit != entry->stored_unit;
    if (!created || !rules::IsPlainCreation(write)) {
      change.write_bytes = rules::CanonicalBytes(write);
      change.stamp_bytes = rules::CanonicalBytes(stamp);
    }
    change.device = Uuid::ParseOrNil(operation.device());
    change.device_seq = DeviceSeq(operation.device_seq());
    entry->NoteAuthor(change.device, change.device_seq, seq);
    NoteInSet(*entry, change, key_before);
    entry->versions.push_back(writes_.records.size());
    writes_.records.push_back(std::move(change));
  }
  return operation.has_fire_escalation() ? Tell(operation.fire_escalation()) : absl::OkStatus();
}

// By what others find it.
void Group::NoteInSet(Entry& entry, const store::RecordChange& change,
                      const std::string& key_before) {
  if (change.created && !change.parent.is_nil()) {
    records_->NoteChild(change.parent, change.kind, entry);
  }
  if (change.key != key_before) records_->NoteKey(entry, change.kind, change.key);
  const Uuid duplicated = Uuid::ParseOrNil(entry.record.entity().hazard().merged_into());
  if (!duplicated.is_nil()) records_->NoteDuplicate(duplicated, entry);
}

absl::Status Group::Tell(const v1::FireEscalation& fired) {
  const v1::Ladder& ladder = context_.deadlines->ladder;
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Uuid> office,
                         snapshot_.FindByKey(v1::Entity::kOrgUnit, ladder.safety_office()));
  WorkingSource source(*records_);
  return notices_.Add(
      fired, {.ladder = ladder, .safety_office = office.value_or(Uuid()), .records = source});
}

}  // namespace vigil::registry
