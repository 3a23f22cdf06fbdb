#include "sync/rules/judge.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/rules/judge_internal.h"
#include "sync/rules/merge.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/validate.h"

namespace vigil::rules {
namespace internal {
namespace {

using google::protobuf::FieldDescriptor;
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

template <typename Status>
Status StatusOf(const v1::Record& record, const EntityInfo& info) {
  const Message& body = BodyOf(record.entity());
  return static_cast<Status>(
      body.GetReflection()->GetEnumValue(body, info.status_field->descriptor));
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
  VIGIL_ASSIGN_OR_RETURN(const bool refused, world_.OwnRefused(id));
  if (refused) {
    return Refuse(v1::REASON_DEPENDS_ON_REFUSED,
                  "this rests on an operation of yours that was refused")
        .With("record", id);
  }
  return Refuse(v1::REASON_DEPENDENCY_MISSING,
                absl::StrCat("the ", ToAbsl(kind), " that this refers to is not known yet"))
      .With("record", id);
}

absl::Status Case::CheckReferences(const EntityInfo& info, const Message& body) {
  const auto& reflection = *body.GetReflection();
  for (const FieldInfo& field : info.fields) {
    if (field.refers_to.empty()) continue;
    if (field.descriptor->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(body, field.descriptor); ++i) {
        VIGIL_RETURN_IF_ERROR(CheckReference(
            reflection.GetRepeatedString(body, field.descriptor, i), field.refers_to));
      }
    } else if (const std::string id = TextOf(body, field); !id.empty()) {
      VIGIL_RETURN_IF_ERROR(CheckReference(id, field.refers_to));
    }
  }
  return absl::OkStatus();
}

absl::Status Case::CheckNew(std::string_view id) {
  VIGIL_RETURN_IF_ERROR(ValidateId(id, "id"));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, world_.Current(id));
  if (record == nullptr) return absl::OkStatus();
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

absl::StatusOr<bool> Case::HasRole(const RepeatedField<int>& roles, const std::string& unit) {
  for (const v1::RoleGrant& grant : author_.roles) {
    if (!Contains(roles, grant.role())) continue;
    if (grant.unit().empty() || unit.empty()) return true;
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
  for (const FieldInfo& field : info.fields) {
    if (std::string bytes = FieldBytes(body, field); !bytes.empty()) {
      v1::FieldWrite& added = *write.add_fields();
      added.set_field(static_cast<std::uint32_t>(field.number()));
      added.set_value(std::move(bytes));
    }
  }
  return write;
}

std::string Case::EventKey(const v1::Record& record, Event event, bool lowers) {
  if (!lowers) return "";
  std::vector<std::string> seen;
  for (const v1::Write& write : LiveWrites(record, *InfoOf(record)->status_field)) {
    seen.push_back(IdentityOf(write.stamp()));
  }
  std::sort(seen.begin(), seen.end());
  return absl::StrCat(ToAbsl(EventName(event)), "<", absl::StrJoin(seen, ","));
}

absl::Status Case::StatusNotSeen(const v1::Record& record, std::string_view named,
                                 std::string_view seen) {
  VIGIL_ASSIGN_OR_RETURN(const bool refused, world_.OwnRefused(record.id()));
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
  const EntityInfo& info = *InfoOf(hazard);
  const auto from = StatusOf<v1::HazardStatus>(hazard, info);
  if (named != v1::HAZARD_STATUS_UNSPECIFIED && named != from) {
    return StatusNotSeen(hazard, v1::HazardStatus_Name(named), v1::HazardStatus_Name(from));
  }
  const HazardTransition* transition = Find(from, event);
  if (transition == nullptr) {
    VIGIL_ASSIGN_OR_RETURN(const bool refused, world_.OwnRefused(hazard.id()));
    if (refused) return StatusNotSeen(hazard, v1::HazardStatus_Name(from), "");
    return Refuse(v1::REASON_EVENT_NOT_ALLOWED,
                  absl::StrCat("a hazard in status ", v1::HazardStatus_Name(from),
                               " does not take the event ", ToAbsl(EventName(event))))
        .With("record", hazard.id())
        .With("status", v1::HazardStatus_Name(from))
        .With("event", EventName(event));
  }
  v1::Hazard changes;
  changes.set_status(transition->to == v1::HAZARD_STATUS_UNSPECIFIED ? before : transition->to);
  v1::RecordWrite& write = Write(hazard, changes, {});
  AddField(write, *info.status_field, changes)
      .set_event_key(EventKey(hazard, event, RankOf(changes.status()) < RankOf(from)));
  return absl::OkStatus();
}

absl::Status Case::OrderEvent(const v1::Record& order, v1::OrderStatus named, Event event) {
  const EntityInfo& info = *InfoOf(order);
  const auto from = StatusOf<v1::OrderStatus>(order, info);
  if (named != v1::ORDER_STATUS_UNSPECIFIED && named != from) {
    return StatusNotSeen(order, v1::OrderStatus_Name(named), v1::OrderStatus_Name(from));
  }
  const OrderTransition* transition = Find(from, event);
  if (transition == nullptr) {
    VIGIL_ASSIGN_OR_RETURN(const bool refused, world_.OwnRefused(order.id()));
    if (refused) return StatusNotSeen(order, v1::OrderStatus_Name(from), "");
    return Refuse(v1::REASON_EVENT_NOT_ALLOWED,
                  absl::StrCat("an order in status ", v1::OrderStatus_Name(from),
                               " does not take the event ", ToAbsl(EventName(event))))
        .With("record", order.id())
        .With("status", v1::OrderStatus_Name(from))
        .With("event", EventName(event));
  }
  v1::SupervisionOrder changes;
  changes.set_status(transition->to);
  v1::RecordWrite& write = Write(order, changes, {});
  AddField(write, *info.status_field, changes)
      .set_event_key(EventKey(order, event, RankOf(transition->to) < RankOf(from)));
  return absl::OkStatus();
}

absl::Status Case::CheckPlan(const v1::RectificationPlan& plan) {
  std::vector<std::string> missing;
  if (plan.responsible_person().empty()) missing.emplace_back("responsible_person");
  if (plan.measures().empty()) missing.emplace_back("measures");
  if (!plan.has_funds()) missing.emplace_back("funds");
  if (!plan.has_due_on()) missing.emplace_back("due_on");
  if (plan.contingency_plan().empty()) missing.emplace_back("contingency_plan");
  if (missing.empty()) return absl::OkStatus();
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

}  // namespace internal

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Fields of commands that hold the id of a record.
constexpr std::array<std::string_view, 26> kIdFields = {
    "record",
    "replacement_id",
    "hazard_id",
    "hazard",
    "into",
    "plan_id",
    "existing_plan",
    "verification_id",
    "verification",
    "recurrence_id",
    "transfer_id",
    "transfer",
    "to_unit",
    "order_id",
    "order",
    "ordered_by",
    "extension_id",
    "extension",
    "escalation_id",
    "escalation",
    "responsible_unit",
    "supervising_unit",
    "progress_report_id",
    "risk_source",
    "inspection",
    "parent_unit",
};

bool IsIdField(const FieldDescriptor& field) {
  if (field.type() != FieldDescriptor::TYPE_STRING || field.is_repeated()) return false;
  return std::find(kIdFields.begin(), kIdFields.end(), field.name()) != kIdFields.end();
}

void CollectIds(const Message& message, std::vector<std::string>& ids) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> set;
  reflection.ListFields(message, &set);
  for (const FieldDescriptor* field : set) {
    const bool reference = !field->options().GetExtension(v1::field).refers_to().empty();
    if (field->type() == FieldDescriptor::TYPE_STRING && (reference || IsIdField(*field))) {
      if (!field->is_repeated()) {
        ids.push_back(reflection.GetString(message, field));
      } else {
        for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
          ids.push_back(reflection.GetRepeatedString(message, field, i));
        }
      }
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated()) {
      CollectIds(reflection.GetMessage(message, field), ids);
    }
  }
}

const Message& CommandOf(const v1::Operation& operation) {
  const FieldDescriptor* field = operation.GetReflection()->GetOneofFieldDescriptor(
      operation, v1::Operation::descriptor()->FindOneofByName("command"));
  VIGIL_CHECK(field != nullptr) << "an operation without a command has none to read";
  return operation.GetReflection()->GetMessage(operation, field);
}

bool IsSupervision(v1::Operation::CommandCase command) {
  return command >= v1::Operation::kProposeSupervision;
}

bool IsRecordCommand(v1::Operation::CommandCase command) {
  return command < v1::Operation::kReportHazard;
}

// Records are written in one order, whatever the order of the parts.
absl::Status CheckBounds(const Decision& decision) {
  if (decision.writes.size() <= kRecordsPerOperationMax) return absl::OkStatus();
  return Refuse(
      v1::REASON_TOO_MANY_RECORDS,
      absl::StrCat("an operation changes at most ", kRecordsPerOperationMax, " records; split it"));
}

}  // namespace

absl::StatusOr<Decision> Judge(const v1::Operation& operation, const Author& author, World& world) {
  const CommandInfo* command = Schema::Get().FindCommand(operation.command_case());
  if (command == nullptr) {
    return Refuse(v1::REASON_COMMAND_UNKNOWN, "a command that this program does not know yet");
  }
  if (operation.person() != author.person || operation.device() != author.device) {
    return Refuse(v1::REASON_WRONG_AUTHOR, "the operation names another author than its sender");
  }
  if (!command->Allows(author.channel)) {
    return Refuse(v1::REASON_WRONG_CHANNEL,
                  absl::StrCat(command->name, " is not taken from here (",
                               v1::Channel_Name(author.channel), "); the office does this"))
        .With("command", command->name)
        .With("channel", v1::Channel_Name(author.channel));
  }
  internal::Case judged(operation, author, world, *command);
  absl::Status status;
  if (IsRecordCommand(command->number)) {
    status = internal::JudgeRecordCommand(judged);
  } else if (IsSupervision(command->number)) {
    status = internal::JudgeSupervisionCommand(judged);
  } else {
    status = internal::JudgeHazardCommand(judged);
  }
  VIGIL_RETURN_IF_ERROR(status);
  VIGIL_RETURN_IF_ERROR(CheckBounds(judged.decision()));
  return std::move(judged.decision());
}

absl::Time ObservedAt(const v1::Operation& operation, absl::Time received_at) {
  if (!operation.has_made_at()) return received_at;
  const absl::Time made = absl::FromUnixSeconds(operation.made_at().seconds()) +
                          absl::Nanoseconds(operation.made_at().nanos());
  return std::min(made + absl::Milliseconds(operation.clock_offset_ms()), received_at);
}

v1::Stamp StampFor(const v1::Operation& operation, const Author& author, std::string_view record,
                   const StampContext& context) {
  v1::Stamp stamp;
  stamp.set_seq(context.seq);
  stamp.set_device(operation.device());
  stamp.set_device_seq(operation.device_seq());
  stamp.set_person(operation.person());
  *stamp.mutable_observed_at() = google::protobuf::util::TimeUtil::MillisecondsToTimestamp(
      absl::ToUnixMillis(ObservedAt(operation, context.received_at)));
  for (const v1::Seen& seen : operation.seen()) {
    if (seen.record() == record) stamp.set_seen(seen.version());
  }
  stamp.set_covers_own(author.channel == v1::CHANNEL_PHONE);
  return stamp;
}

std::vector<std::string> RecordsNamed(const v1::Operation& operation) {
  std::vector<std::string> ids;
  if (operation.command_case() == v1::Operation::COMMAND_NOT_SET) return ids;
  CollectIds(CommandOf(operation), ids);
  std::erase(ids, "");
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

absl::StatusOr<std::string> UnitOf(const v1::Record& record, const FindRecord& find) {
  const EntityInfo* info = InfoOf(record);
  if (info == nullptr || info->rules.audience() == v1::AUDIENCE_EVERYONE) return std::string();
  if (info->unit_field != nullptr) {
    const std::string unit = TextOf(BodyOf(record.entity()), *info->unit_field);
    if (!unit.empty()) return unit;
  }
  if (record.entity().has_hazard()) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* source, find(record.entity().hazard().risk_source()));
    if (source != nullptr) return source->entity().risk_source().responsible_unit();
  }
  return std::string();
}

absl::StatusOr<bool> IsWithin(std::string unit, std::string_view ancestor, const FindRecord& find) {
  for (int level = 0; level < 32 && !unit.empty(); ++level) {
    if (unit == ancestor) return true;
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, find(unit));
    if (record == nullptr) return false;
    unit = record->entity().org_unit().parent_unit();
  }
  return false;
}

}  // namespace vigil::rules
