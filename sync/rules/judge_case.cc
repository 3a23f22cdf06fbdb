#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/rules/judge_internal.h"
#include "sync/rules/merge.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/validate.h"

// One judgement: what was seen, who may, what is written.

namespace vigil::rules::internal {
namespace {

using google::protobuf::Message;
using google::protobuf::RepeatedField;

constexpr int kLevelsMax = 32;

std::string RoleNames(const RepeatedField<int>& roles) {
  std::vector<std::string> names;
  for (const int role : roles) names.push_back(v1::Role_Name(static_cast<v1::Role>(role)));
  return absl::StrJoin(names, ", ");
}

bool Contains(const RepeatedField<int>& roles, int role) {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

template <typename Row, typename Status>
std::string JoinEvents(std::span<const Row> rows, Status from) {
  std::string events;
  for (const Row& row : rows) {
    if (row.from != from) continue;
    absl::StrAppend(&events, events.empty() ? "" : ", ", ToAbsl(EventName(row.event)));
  }
  return events;
}

// What may happen instead.
std::string EventsFrom(v1::HazardStatus from) { return JoinEvents(HazardTransitions(), from); }
std::string EventsFrom(v1::OrderStatus from) { return JoinEvents(OrderTransitions(), from); }

template <typename Status>
Status StatusOf(const v1::Record& record, const EntityInfo& info) {
  const Message& body = BodyOf(record.entity());
  return static_cast<Status>(
      body.GetReflection()->GetEnumValue(body, info.status_field->descriptor));
}

// As the contract spells it; a number that this contract does not have yet, as a number.
template <typename Status>
std::string NameOf(Status status) {
  const auto* value = google::protobuf::GetEnumDescriptor<Status>()->FindValueByNumber(status);
  return value == nullptr ? absl::StrCat(static_cast<int>(status)) : value->name();
}

}  // namespace

absl::StatusOr<const v1::Record*> Case::Seen(std::string_view id, std::string_view kind) {
  if (id.empty()) {
    return Refuse(v1::REASON_REQUIRED_FIELD_MISSING, absl::StrCat("which ", ToAbsl(kind), "?"))
        .With("field", kind);
  }
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, world_.Seen(id));
  if (record == nullptr) {
    VIGIL_RETURN_IF_ERROR(CheckReference(id, kind));
    return Refuse(v1::REASON_NOT_SEEN,
                  absl::StrCat("the operation does not say which version of the ", ToAbsl(kind),
                               " its author saw; look at it first"))
        .With("record", id);
  }
  if (InfoOf(*record)->kind != kind) {
    return Refuse(v1::REASON_WRONG_ENTITY, absl::StrCat("this record is no ", ToAbsl(kind)))
        .With("record", id);
  }
  return record;
}

absl::Status Case::CheckReference(std::string_view id, std::string_view kind) {
  VIGIL_RETURN_IF_ERROR(ValidateId(id, kind));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, world_.Current(id));
  if (record == nullptr) {
    VIGIL_ASSIGN_OR_RETURN(record, world_.Seen(id));
  }
  if (record != nullptr) {
    if (InfoOf(*record)->kind == kind) return absl::OkStatus();
    return Refuse(v1::REASON_WRONG_ENTITY, absl::StrCat("this record is no ", ToAbsl(kind)))
        .With("record", id);
  }
  VIGIL_ASSIGN_OR_RETURN(const bool refused, RestsOnRefused(id));
  if (refused) {
    return Refuse(v1::REASON_DEPENDS_ON_REFUSED,
                  "this rests on an operation of yours that was refused")
        .With("record", id);
  }
  return Refuse(v1::REASON_DEPENDENCY_MISSING,
                absl::StrCat("the ", ToAbsl(kind), " that this refers to is not known yet"))
      .With("record", id);
}

// A clerk has been told, and has looked again since.
absl::StatusOr<bool> Case::RestsOnRefused(std::string_view record) {
  if (author_.channel != v1::CHANNEL_PHONE) return false;
  return world_.OwnRefused(record);
}

absl::Status Case::CheckInnerReferences(const FieldInfo& field, const Message& value) {
  for (const FieldInfo::Inner& inner : field.inner_references) {
    const std::string id = value.GetReflection()->GetString(value, inner.descriptor);
    if (!id.empty()) VIGIL_RETURN_IF_ERROR(CheckReference(id, inner.refers_to));
  }
  return absl::OkStatus();
}

absl::Status Case::CheckReferences(const EntityInfo& info, const Message& body) {
  const auto& reflection = *body.GetReflection();
  std::string scratch;
  for (const FieldInfo* const reference : info.references) {
    const FieldInfo& field = *reference;
    if (!field.inner_references.empty()) {
      if (!field.descriptor->is_repeated()) {
        VIGIL_RETURN_IF_ERROR(
            CheckInnerReferences(field, reflection.GetMessage(body, field.descriptor)));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(body, field.descriptor); ++i) {
        VIGIL_RETURN_IF_ERROR(
            CheckInnerReferences(field, reflection.GetRepeatedMessage(body, field.descriptor, i)));
      }
      continue;
    }
    if (field.descriptor->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(body, field.descriptor); ++i) {
        VIGIL_RETURN_IF_ERROR(CheckReference(
            reflection.GetRepeatedString(body, field.descriptor, i), field.refers_to));
      }
    } else if (const std::string& id =
                   reflection.GetStringReference(body, field.descriptor, &scratch);
               !id.empty()) {
      VIGIL_RETURN_IF_ERROR(CheckReference(id, field.refers_to));
    }
  }
  return absl::OkStatus();
}

absl::Status Case::CheckKeyIsFree(const EntityInfo& info, const Message& body,
                                  std::string_view id) {
  if (info.key_field == nullptr) return absl::OkStatus();
  const std::string key = TextOf(body, *info.key_field);
  if (key.empty()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const std::string other, world_.FindByKey(info.number, key));
  if (other.empty() || other == id) return absl::OkStatus();
  return Refuse(v1::REASON_ALREADY_EXISTS,
                absl::StrCat("another ", absl::StrReplaceAll(info.kind, {{"_", " "}}), " has the ",
                             info.key_field->name(), " ", key))
      .With("field", info.key_field->name());
}

absl::Status Case::CheckNew(std::string_view id) {
  VIGIL_RETURN_IF_ERROR(ValidateId(id, "id"));
  if (IsReservedId(*Uuid::Parse(id), author_.channel)) {
    return Refuse(
               v1::REASON_INVALID_VALUE,
               "ids of version 8 follow from names and are the register's own; make a random one")
        .With("field", "id");
  }
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, world_.Current(id));
  if (record == nullptr) return absl::OkStatus();
  // What is known of it from a phone's copy alone waits for its maker.
  const v1::Stamp& maker = record->made_by();
  const bool is_maker =
      maker.person() == author_.person ||
      (maker.device() == author_.device && maker.device_seq() == operation_.device_seq());
  if (maker.witnessed() && is_maker) return absl::OkStatus();
  return Refuse(v1::REASON_ALREADY_EXISTS, "a record with this id exists").With("record", id);
}

absl::StatusOr<std::string> Case::ScopeOf(const v1::Record& record) {
  const v1::Record* root = &record;
  for (int level = 0; level < kLevelsMax && !root->parent().empty(); ++level) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* parent, world_.Seen(root->parent()));
    if (parent == nullptr) {
      VIGIL_ASSIGN_OR_RETURN(parent, world_.Current(root->parent()));
    }
    if (parent == nullptr) break;
    root = parent;
  }
  return UnitOf(*root, [this](std::string_view id) { return world_.Current(id); });
}

absl::StatusOr<bool> Case::IsAtTheTop(const std::string& unit) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, world_.Current(unit));
  return record != nullptr && record->entity().has_org_unit() &&
         record->entity().org_unit().parent_unit().empty();
}

absl::StatusOr<bool> Case::HasRole(const RepeatedField<int>& roles, const std::string& unit) {
  for (const v1::RoleGrant& grant : author_.roles) {
    if (!Contains(roles, grant.role())) continue;
    if (grant.unit().empty()) return true;
    if (unit.empty()) {
      // What belongs to no unit, a person for one, is for those above all units alone.
      VIGIL_ASSIGN_OR_RETURN(const bool at_the_top, IsAtTheTop(grant.unit()));
      if (at_the_top) return true;
      continue;
    }
    VIGIL_ASSIGN_OR_RETURN(
        const bool within,
        IsWithin(unit, grant.unit(), [this](std::string_view id) { return world_.Current(id); }));
    if (within) return true;
  }
  return false;
}

absl::StatusOr<bool> Case::InScope(const std::string& unit) {
  for (const v1::RoleGrant& grant : author_.roles) {
    // An auditor looks on; that is no standing to act.
    if (grant.role() == v1::ROLE_AUDITOR) continue;
    if (grant.unit().empty() || unit.empty()) return true;
    VIGIL_ASSIGN_OR_RETURN(
        const bool within,
        IsWithin(unit, grant.unit(), [this](std::string_view id) { return world_.Current(id); }));
    if (within) return true;
  }
  return false;
}

absl::Status Case::NotPermitted(const RepeatedField<int>& roles) {
  const bool has_elsewhere =
      std::any_of(author_.roles.begin(), author_.roles.end(),
                  [&](const v1::RoleGrant& grant) { return Contains(roles, grant.role()); });
  if (has_elsewhere) {
    return Refuse(v1::REASON_OUT_OF_SCOPE,
                  "your role does not reach the org unit in which this record lives");
  }
  return Refuse(v1::REASON_NOT_PERMITTED,
                absl::StrCat("only these roles may do this: ", RoleNames(roles)))
      .With("roles", RoleNames(roles));
}

absl::Status Case::RequireAuthorityOver(const std::string& unit, const RepeatedField<int>& roles) {
  if (command_.rules.kind() == v1::COMMAND_KIND_FACT) {
    VIGIL_ASSIGN_OR_RETURN(const bool within, InScope(unit));
    if (!within) decision_.outside_scope = true;
    return absl::OkStatus();
  }
  VIGIL_ASSIGN_OR_RETURN(const bool permitted, HasRole(roles, unit));
  return permitted ? absl::OkStatus() : NotPermitted(roles);
}

absl::Status Case::RequireAuthority(const v1::Record& record) {
  VIGIL_ASSIGN_OR_RETURN(const std::string unit, ScopeOf(record));
  return RequireAuthorityOver(unit, command_.rules.roles());
}

bool IsBlank(std::string_view text) {
  constexpr std::string_view kWideBlank = "\u3000";
  while (!text.empty()) {
    if (text.substr(0, kWideBlank.size()) == kWideBlank) {
      text.remove_prefix(kWideBlank.size());
    } else if (absl::ascii_isspace(static_cast<unsigned char>(text.front()))) {
      text.remove_prefix(1);
    } else {
      return false;
    }
  }
  return true;
}

absl::Status RequireText(std::string_view text, v1::Reason reason, std::string_view field) {
  if (!IsBlank(text)) return absl::OkStatus();
  return Refuse(reason, absl::StrCat(ToAbsl(field), " is missing")).With("field", field);
}

v1::FieldWrite& AddField(v1::RecordWrite& write, const FieldInfo& field, const Message& changes) {
  for (v1::FieldWrite& present : *write.mutable_fields()) {
    if (static_cast<int>(present.field()) != field.number()) continue;
    present.set_value(FieldBytes(changes, field));
    return present;
  }
  v1::FieldWrite& added = *write.add_fields();
  added.set_field(static_cast<std::uint32_t>(field.number()));
  added.set_value(FieldBytes(changes, field));
  return added;
}

v1::RecordWrite& Case::Write(const v1::Record& record, const Message& changes,
                             std::initializer_list<int> fields) {
  const EntityInfo& info = *InfoOf(record);
  v1::RecordWrite* write = nullptr;
  for (v1::RecordWrite& present : decision_.writes) {
    if (present.record() == record.id()) write = &present;
  }
  if (write == nullptr) {
    write = &decision_.writes.emplace_back();
    write->set_record(record.id());
    write->set_kind(static_cast<std::uint32_t>(info.number));
  }
  for (const int number : fields) AddField(*write, *info.Find(number), changes);
  return *write;
}

v1::RecordWrite& Case::Create(std::string_view id, std::string_view kind, std::string_view parent,
                              const Message& body) {
  const EntityInfo& info = *Schema::Get().FindEntity(kind);
  v1::RecordWrite& write = decision_.writes.emplace_back();
  write.set_record(std::string(id));
  write.set_kind(static_cast<std::uint32_t>(info.number));
  write.set_creates(true);
  write.set_parent(std::string(parent));
  write.set_outside_scope(decision_.outside_scope);
  for (SetField& set : FieldsOf(info, body)) {
    v1::FieldWrite& added = *write.add_fields();
    added.set_field(static_cast<std::uint32_t>(set.field->number()));
    added.set_value(std::move(set.bytes));
  }
  return write;
}

std::string Case::EventKey(const v1::Record& record, Event event, bool lowers) {
  if (!lowers) return "";
  // Writes with equal keys are one write: whoever saw one of them saw the same as another who saw
  // two.
  std::set<std::string> seen;
  for (const v1::Write& write : LiveWrites(record, *InfoOf(record)->status_field)) {
    seen.insert(write.event_key().empty() ? IdentityOf(write.stamp())
                                          : absl::StrCat("(", write.event_key(), ")"));
  }
  return absl::StrCat(ToAbsl(EventName(event)), "<", absl::StrJoin(seen, ","));
}

absl::Status Case::StatusNotSeen(const v1::Record& record, std::string_view named,
                                 std::string_view seen) {
  VIGIL_ASSIGN_OR_RETURN(const bool refused, RestsOnRefused(record.id()));
  if (refused) {
    return Refuse(v1::REASON_DEPENDS_ON_REFUSED,
                  "this rests on an operation of yours that was refused")
        .With("record", record.id())
        .With("status", named);
  }
  return Refuse(v1::REASON_STATUS_NOT_SEEN,
                absl::StrCat("in the version that was seen the status is ", ToAbsl(seen), ", not ",
                             ToAbsl(named), "; synchronise and look again"))
      .With("record", record.id())
      .With("status", named)
      .With("seen_status", seen);
}

absl::Status Case::HazardEvent(const v1::Record& hazard, v1::HazardStatus named, Event event,
                               v1::HazardStatus before) {
  return TakeEvent<v1::Hazard>(hazard, named, event, before);
}

absl::Status Case::OrderEvent(const v1::Record& order, v1::OrderStatus named, Event event) {
  return TakeEvent<v1::SupervisionOrder>(order, named, event, v1::ORDER_STATUS_UNSPECIFIED);
}

template <typename Body, typename Status>
absl::Status Case::TakeEvent(const v1::Record& record, Status named, Event event, Status before) {
  const EntityInfo& info = *InfoOf(record);
  const auto from = StatusOf<Status>(record, info);
  if (named != Status() && named != from) {
    return StatusNotSeen(record, NameOf(named), NameOf(from));
  }
  const auto* transition = Find(from, event);
  if (transition == nullptr) {
    VIGIL_ASSIGN_OR_RETURN(const bool refused, RestsOnRefused(record.id()));
    if (refused) return StatusNotSeen(record, NameOf(from), "");
    const std::string possible = EventsFrom(from);
    return Refuse(v1::REASON_EVENT_NOT_ALLOWED,
                  absl::StrCat("a ", info.kind, " in status ", NameOf(from),
                               " does not take the event ", ToAbsl(EventName(event)),
                               possible.empty() ? "; it takes none" : "; it takes ", possible))
        .With("record", record.id())
        .With("status", NameOf(from))
        .With("event", EventName(event));
  }
  Body changes;
  changes.set_status(transition->to == Status() ? before : transition->to);
  v1::RecordWrite& write = Write(record, changes, {});
  AddField(write, *info.status_field, changes)
      .set_event_key(EventKey(record, event, RankOf(changes.status()) < RankOf(from)));
  return absl::OkStatus();
}

absl::Status Case::CheckPlan(const v1::RectificationPlan& plan) {
  std::vector<std::string> missing;
  if (IsBlank(plan.responsible_person())) missing.emplace_back("responsible_person");
  if (IsBlank(plan.measures())) missing.emplace_back("measures");
  if (!plan.has_funds()) missing.emplace_back("funds");
  if (!plan.has_due_on()) missing.emplace_back("due_on");
  if (IsBlank(plan.contingency_plan())) missing.emplace_back("contingency_plan");
  if (missing.empty()) return ValidateTogether(plan);
  return Refuse(v1::REASON_PLAN_INCOMPLETE, absl::StrCat("the plan lacks of the five settlements: ",
                                                         absl::StrJoin(missing, ", ")))
      .With("missing", absl::StrJoin(missing, ","));
}

absl::StatusOr<std::string> Case::TakePlan(const PlanPart& part) {
  if (!part.existing.empty()) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* plan, Seen(part.existing, "rectification_plan"));
    if (plan->entity().rectification_plan().hazard() != part.hazard) {
      return Refuse(v1::REASON_WRONG_ENTITY, "this plan is another hazard's")
          .With("record", part.existing);
    }
    if (part.must_be_complete) {
      VIGIL_RETURN_IF_ERROR(CheckPlan(plan->entity().rectification_plan()));
    }
    return part.existing;
  }
  if (part.plan == nullptr) {
    if (!part.must_be_complete) return std::string();
    return CheckPlan(v1::RectificationPlan());
  }
  if (part.must_be_complete) VIGIL_RETURN_IF_ERROR(CheckPlan(*part.plan));
  VIGIL_RETURN_IF_ERROR(CheckNew(part.plan_id));
  v1::RectificationPlan body = *part.plan;
  body.set_hazard(part.hazard);
  Create(part.plan_id, "rectification_plan", part.hazard, body);
  return part.plan_id;
}

}  // namespace vigil::rules::internal
