#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/rules/judge_internal.h"
#include "sync/rules/merge.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/validate.h"

// What the register makes of a copy that a phone returned after a restore. A copy can raise
// vigilance and nothing else: whatever is taken from it stands beside what is there and covers
// nothing. Each write is taken under the stamp that it had, so that several copies of it, and its
// own operation when that comes back, are one write; and which copies come first does not matter.

namespace vigil::rules::internal {
namespace {

using google::protobuf::Message;

// That something was overdue, and when people were told. What they said to it is theirs to say.
bool IsEscalation(const EntityInfo& info) { return info.kind == "escalation"; }

// From what vigilance derives: which hazards there are, how grave, due when, how open, tagged.
bool IsGuarded(const EntityInfo& info) {
  return info.kind == "hazard" || info.kind == "supervision_order" || info.kind == "risk_source" ||
         IsEscalation(info);
}

// The register makes such a record again by itself; an escalation where it knows that the copy may
// be believed.
bool IsMadeAgain(const EntityInfo& info) {
  return info.kind == "hazard" || info.kind == "supervision_order" || IsEscalation(info);
}

bool IsRanked(const FieldInfo& field) {
  return field.policy == v1::MERGE_POLICY_GRAVEST || field.policy == v1::MERGE_POLICY_EARLIEST ||
         field.policy == v1::MERGE_POLICY_MOST_OPEN;
}

bool IsMergeable(const FieldInfo& field) {
  return field.policy != v1::MERGE_POLICY_IMMUTABLE && field.policy != v1::MERGE_POLICY_SERVER;
}

class Witness {
 public:
  Witness(Case& judged, const v1::Record& copy, const EntityInfo& info)
      : judged_(judged), copy_(copy), info_(info) {}

  // `base`: the record in what both epochs share; `current`: as it stands. Null: there is none.
  absl::Status Judge(const v1::Record* base, const v1::Record* current) {
    for (const v1::Seen& seen : judged_.operation().seen()) shared_ = seen.version();
    write_.set_record(copy_.id());
    write_.set_kind(static_cast<std::uint32_t>(info_.number));
    const bool is_lost = base == nullptr && IsMadeAgain(info_);
    if (current == nullptr) {
      VIGIL_ASSIGN_OR_RETURN(const bool has_place, HasPlace());
      if (!is_lost || !has_place) return absl::OkStatus();
      MakeAgain();
    }
    for (const FieldInfo& field : info_.fields) {
      if (is_lost && !IsEscalation(info_) ? IsMergeable(field) : IsRanked(field)) {
        VIGIL_RETURN_IF_ERROR(TakeWrites(field, base));
      }
    }
    if (write_.creates() || write_.fields_size() > 0) {
      judged_.decision().writes.push_back(std::move(write_));
    }
    return absl::OkStatus();
  }

 private:
  // An order needs its hazard, a hazard a unit that somebody looks after.
  absl::StatusOr<bool> HasPlace() {
    if (info_.parent_field != nullptr) {
      if (TextOf(BodyOf(copy_.entity()), *info_.parent_field) != copy_.parent()) return false;
      VIGIL_ASSIGN_OR_RETURN(const v1::Record* parent, judged_.world().Current(copy_.parent()));
      const std::string& kind = info_.parent_field->refers_to;
      return parent != nullptr && (kind.empty() || InfoOf(*parent)->kind == kind);
    }
    VIGIL_ASSIGN_OR_RETURN(const std::string unit, UnitOf(copy_, [this](std::string_view id) {
                             return judged_.world().Current(id);
                           }));
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, judged_.world().Current(unit));
    return record != nullptr && record->entity().has_org_unit();
  }

  // As its maker made it; what others wrote follows under their stamps.
  void MakeAgain() {
    write_.set_creates(true);
    write_.set_parent(copy_.parent());
    write_.set_outside_scope(copy_.outside_scope());
    *write_.mutable_maker() = Witnessed(copy_.made_by());
    for (const FieldInfo& field : info_.fields) {
      std::string bytes = FieldBytes(BodyOf(copy_.entity()), field);
      const bool by_maker = !IsMergeable(field) || (!HasState(field) && !IsEscalation(info_));
      if (!by_maker || bytes.empty() || !IsSound(field, bytes)) continue;
      v1::FieldWrite& made = *write_.add_fields();
      made.set_field(static_cast<std::uint32_t>(field.number()));
      made.set_value(std::move(bytes));
    }
  }

  bool HasState(const FieldInfo& field) const {
    for (const v1::FieldState& state : copy_.states()) {
      if (static_cast<int>(state.field()) == field.number()) return true;
    }
    return false;
  }

  absl::Status TakeWrites(const FieldInfo& field, const v1::Record* base) {
    if (write_.creates() && !HasState(field)) return absl::OkStatus();
    for (v1::Write& write : LiveWrites(copy_, field)) {
      if (write.stamp().seq() <= shared_ || !IsSound(field, write.value())) continue;
      // What its maker left open says nothing.
      if (write.value().empty() && SameStamp(write.stamp(), copy_.made_by())) continue;
      if (base != nullptr && CompareVigilance(info_, field, write.value(),
                                              FieldBytes(BodyOf(base->entity()), field)) < 0) {
        continue;
      }
      VIGIL_ASSIGN_OR_RETURN(const bool had,
                             judged_.world().Had(copy_.id(), field.number(), write));
      if (had) continue;
      v1::FieldWrite& taken = *write_.add_fields();
      taken.set_field(static_cast<std::uint32_t>(field.number()));
      taken.set_value(write.value());
      *taken.mutable_stamp() = Witnessed(write.stamp());
    }
    return absl::OkStatus();
  }

  v1::Stamp Witnessed(const v1::Stamp& original) {
    v1::Stamp stamp = original;
    const StampTimes times = TimesOf(original);
    const absl::Time now = judged_.world().ObservedAt();
    SetTimes({.observed = times.observed, .received = std::min(times.received, now)}, stamp);
    stamp.clear_seq();
    stamp.clear_seen();
    stamp.set_witnessed(true);
    return stamp;
  }

  bool IsSound(const FieldInfo& field, const std::string& value) const {
    v1::Entity scratch;
    Message& body = MutableBodyOf(scratch, info_);
    return SetFieldBytes(field, value, body) && ValidateContent(body).ok();
  }

  Case& judged_;
  const v1::Record& copy_;
  const EntityInfo& info_;
  std::uint64_t shared_ = 0;
  v1::RecordWrite write_;
};

absl::Status Unreadable() {
  return Refuse(v1::REASON_MALFORMED, "the copy is no record that this program can read");
}

}  // namespace

absl::Status WitnessRecord(Case& judged) {
  const v1::WitnessRecord& command = judged.operation().witness_record();
  v1::Record copy;
  if (!copy.ParseFromString(command.copy()) || copy.id() != command.record()) return Unreadable();
  const EntityInfo* info = InfoOf(copy);
  if (info == nullptr) return Unreadable();
  if (!IsGuarded(*info)) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* current, judged.world().Current(copy.id()));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* base, judged.world().Seen(copy.id()));
  if (current != nullptr && InfoOf(*current) != info) return absl::OkStatus();
  return Witness(judged, copy, *info).Judge(base, current);
}

}  // namespace vigil::rules::internal
