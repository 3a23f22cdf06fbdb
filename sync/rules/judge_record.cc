#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/p256.h"
#include "sync/base/status.h"
#include "sync/rules/derive.h"
#include "sync/rules/judge_internal.h"
#include "sync/rules/merge.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/validate.h"

// Commands on any kind of record: create, edit, withdraw, settle, import.

namespace vigil::rules::internal {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::StatusOr<const EntityInfo*> KindOf(const v1::Entity& entity) {
  const EntityInfo* info = Schema::Get().Of(entity);
  if (info == nullptr) {
    return Refuse(v1::REASON_REQUIRED_FIELD_MISSING, "the record has no content")
        .With("field", "entity");
  }
  return info;
}

// The root's unit of a record that does not exist yet.
absl::StatusOr<std::string> ScopeOfNew(Case& judged, const EntityInfo& info,
                                       const v1::Entity& entity) {
  if (info.parent_field != nullptr) {
    const std::string parent = TextOf(BodyOf(entity), *info.parent_field);
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, judged.world().Current(parent));
    if (record == nullptr) {
      VIGIL_ASSIGN_OR_RETURN(record, judged.world().Seen(parent));
    }
    return record == nullptr ? std::string() : judged.ScopeOf(*record);
  }
  v1::Record record;
  *record.mutable_entity() = entity;
  return UnitOf(record, [&](std::string_view id) { return judged.world().Current(id); });
}

absl::Status CheckRolesGrantable(const Message& body) {
  const auto* person = dynamic_cast<const v1::Person*>(&body);
  if (person == nullptr) return absl::OkStatus();
  for (const v1::RoleGrant& grant : person->roles()) {
    if (grant.role() == v1::ROLE_UNSPECIFIED || grant.role() == v1::ROLE_ESCALATION_CLOCK) {
      return Refuse(v1::REASON_INVALID_VALUE, "this role cannot be granted to a person")
          .With("field", "roles");
    }
  }
  return absl::OkStatus();
}

// The log is checked with the keys of phones, so each has one.
absl::Status CheckDeviceKey(const Message& body) {
  const auto* device = dynamic_cast<const v1::Device*>(&body);
  if (device == nullptr) return absl::OkStatus();
  const bool good = device->kind() == v1::DEVICE_KIND_PHONE
                        ? P256PublicKey::FromDer(device->public_key()).ok()
                        : device->public_key().empty();
  if (good) return absl::OkStatus();
  return Refuse(v1::REASON_INVALID_VALUE,
                "a phone has a P-256 public key, and no other device has one; phones become known "
                "by enrolling")
      .With("field", "public_key");
}

absl::Status CreateRecord(Case& judged) {
  const v1::CreateRecord& command = judged.operation().create_record();
  VIGIL_ASSIGN_OR_RETURN(const EntityInfo* info, KindOf(command.entity()));
  const Message& body = BodyOf(command.entity());
  if (info->rules.creators().empty()) {
    return Refuse(v1::REASON_NOT_PERMITTED,
                  absl::StrCat("a ", info->kind, " is made by its own command"))
        .With("kind", info->kind);
  }
  VIGIL_RETURN_IF_ERROR(ValidateNewBody(*info, body));
  VIGIL_RETURN_IF_ERROR(CheckRolesGrantable(body));
  VIGIL_RETURN_IF_ERROR(CheckDeviceKey(body));
  VIGIL_RETURN_IF_ERROR(judged.CheckReferences(*info, body));
  VIGIL_RETURN_IF_ERROR(judged.CheckNew(command.record()));
  VIGIL_ASSIGN_OR_RETURN(const std::string unit, ScopeOfNew(judged, *info, command.entity()));
  if (info->rules.fact()) {
    VIGIL_ASSIGN_OR_RETURN(const bool within, judged.InScope(unit));
    if (!within) judged.decision().outside_scope = true;
  } else {
    VIGIL_ASSIGN_OR_RETURN(const bool permitted, judged.HasRole(info->rules.creators(), unit));
    if (!permitted) return judged.NotPermitted(info->rules.creators());
    VIGIL_RETURN_IF_ERROR(judged.CheckKeyIsFree(*info, body, command.record()));
  }
  const std::string parent = info->parent_field == nullptr ? "" : TextOf(body, *info->parent_field);
  judged.Create(command.record(), info->kind, parent, body);
  return absl::OkStatus();
}

// The new value ranks higher than the one that the author saw in force.
bool Raises(const FieldInfo& field, const Message& seen, const Message& changes) {
  if (field.descriptor->is_repeated()) return false;
  const auto& before = *seen.GetReflection();
  const auto& after = *changes.GetReflection();
  if (!after.HasField(changes, field.descriptor)) return false;
  if (field.policy == v1::MERGE_POLICY_EARLIEST) {
    const auto& old_date = static_cast<const v1::Date&>(before.GetMessage(seen, field.descriptor));
    const auto& new_date =
        static_cast<const v1::Date&>(after.GetMessage(changes, field.descriptor));
    return CompareDates(new_date, old_date) < 0;
  }
  if (field.descriptor->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    return after.GetBool(changes, field.descriptor) && !before.GetBool(seen, field.descriptor);
  }
  if (field.descriptor->enum_type() == nullptr) return false;
  const auto& type = *field.descriptor->enum_type();
  return Schema::RankOf(type, after.GetEnumValue(changes, field.descriptor)) >
         Schema::RankOf(type, before.GetEnumValue(seen, field.descriptor));
}

// The least that can be said by name. To say it is no raise of what only raises: "no suspension"
// beside a suspension would be a value to choose.
bool IsLeast(const FieldInfo& field, const Message& changes) {
  const auto* type = field.descriptor->enum_type();
  if (type == nullptr) return false;
  std::int32_t least = std::numeric_limits<std::int32_t>::max();
  for (int i = 0; i < type->value_count(); ++i) {
    if (type->value(i)->number() == 0) continue;
    least = std::min(least, Schema::RankOf(*type, type->value(i)->number()));
  }
  const int value = changes.GetReflection()->GetEnumValue(changes, field.descriptor);
  return Schema::RankOf(*type, value) <= least;
}

// Finder until confirmed: an author edits what has no status, or is still only reported.
bool StillAuthors(const Case& judged, const v1::Record& record) {
  if (record.made_by().person() != judged.author().person) return false;
  if (record.entity().has_hazard()) {
    return record.entity().hazard().status() == v1::HAZARD_STATUS_REPORTED;
  }
  return InfoOf(record)->status_field == nullptr;
}

absl::Status RequireFieldAuthority(Case& judged, const v1::Record& record, const FieldInfo& field,
                                   const Message& changes) {
  if (!field.editable) {
    return Refuse(v1::REASON_FIELD_NOT_EDITABLE,
                  absl::StrCat(field.name(), " is not written by an edit"))
        .With("field", field.name());
  }
  VIGIL_ASSIGN_OR_RETURN(const std::string unit, judged.ScopeOf(record));
  VIGIL_ASSIGN_OR_RETURN(const bool permitted, judged.HasRole(field.edit.roles(), unit));
  const bool raises = Raises(field, BodyOf(record.entity()), changes) &&
                      !(field.edit.only_raises() && IsLeast(field, changes));
  if (permitted && (raises || !field.edit.only_raises())) return absl::OkStatus();
  if (permitted) {
    return Refuse(v1::REASON_FIELD_NOT_EDITABLE,
                  absl::StrCat("an edit makes ", field.name(),
                               " stricter only; for the rest there is a command of its own"))
        .With("field", field.name());
  }
  if (field.edit.author() && StillAuthors(judged, record)) return absl::OkStatus();
  if (field.edit.anybody_may_raise() && raises) {
    VIGIL_ASSIGN_OR_RETURN(const bool within, judged.InScope(unit));
    if (within) return absl::OkStatus();
  }
  return Annotate(judged.NotPermitted(field.edit.roles()), field.name());
}

absl::Status CheckNotBlank(const FieldInfo& field, const Message& changes) {
  if (!field.required) return absl::OkStatus();
  const bool text =
      field.descriptor->type() == FieldDescriptor::TYPE_STRING && !field.descriptor->is_repeated();
  const bool blank = !IsSet(changes, field) || (text && TextOf(changes, field).empty());
  if (!blank) return absl::OkStatus();
  return Refuse(v1::REASON_REQUIRED_FIELD_MISSING, absl::StrCat(field.name(), " cannot be cleared"))
      .With("field", field.name());
}

// The record with what is written to it. What did not fit before is not this edit's fault.
absl::Status CheckTogether(const EntityInfo& info, const v1::Entity& entity,
                           const v1::RecordWrite& write) {
  if (!IsValidatedTogether(*info.descriptor)) return absl::OkStatus();
  v1::Entity edited = entity;
  Message& body = MutableBodyOf(edited, info);
  for (const v1::FieldWrite& field : write.fields()) {
    SetFieldBytes(*info.Find(static_cast<int>(field.field())), field.value(), body);
  }
  const absl::Status fits = ValidateTogether(body);
  if (fits.ok() || !ValidateTogether(BodyOf(entity)).ok()) return absl::OkStatus();
  return fits;
}

absl::Status EditRecord(Case& judged) {
  const v1::EditRecord& command = judged.operation().edit_record();
  VIGIL_ASSIGN_OR_RETURN(const EntityInfo* info, KindOf(command.entity()));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, judged.Seen(command.record(), info->kind));
  if (command.update_mask().paths().empty()) {
    return Refuse(v1::REASON_REQUIRED_FIELD_MISSING, "the edit names no field")
        .With("field", "update_mask");
  }
  const Message& changes = BodyOf(command.entity());
  const bool removes =
      command.has_removed() && command.removed().entity_case() == command.entity().entity_case();
  VIGIL_RETURN_IF_ERROR(judged.CheckReferences(*info, changes));
  VIGIL_RETURN_IF_ERROR(CheckRolesGrantable(changes));
  v1::RecordWrite& write = judged.Write(*record, changes, {});
  for (const std::string& path : command.update_mask().paths()) {
    const FieldInfo* field = info->Find(std::string_view(path));
    if (field == nullptr) {
      return Refuse(v1::REASON_FIELD_UNKNOWN, "the edit names a field that is not known here")
          .With("field", path);
    }
    VIGIL_RETURN_IF_ERROR(RequireFieldAuthority(judged, *record, *field, changes));
    VIGIL_RETURN_IF_ERROR(CheckNotBlank(*field, changes));
    if (field == info->key_field) {
      VIGIL_RETURN_IF_ERROR(judged.CheckKeyIsFree(*info, changes, record->id()));
    }
    v1::FieldWrite& written = AddField(write, *field, changes);
    if (removes && field->policy == v1::MERGE_POLICY_UNION) {
      written.set_removed(FieldBytes(BodyOf(command.removed()), *field));
    }
  }
  return CheckTogether(*info, record->entity(), write);
}

// A replacement says the same thing rightly; it is no way around a command's guards, nor to another
// hazard or risk source.
absl::Status CheckReplacement(Case& judged, const v1::Record& record) {
  const v1::WithdrawRecord& command = judged.operation().withdraw_record();
  const EntityInfo& info = *InfoOf(record);
  if (Schema::Get().Of(command.replacement()) != &info) {
    return Refuse(v1::REASON_WRONG_ENTITY, "the replacement must be of the same kind");
  }
  if (info.rules.creators().empty() && !info.rules.fact()) {
    return Refuse(v1::REASON_NOT_PERMITTED,
                  absl::StrCat("a ", info.kind, " is made by its own command; withdraw this one"))
        .With("kind", info.kind);
  }
  const Message& body = BodyOf(command.replacement());
  VIGIL_RETURN_IF_ERROR(ValidateNewBody(info, body));
  if (info.parent_field != nullptr && TextOf(body, *info.parent_field) != record.parent()) {
    return Refuse(v1::REASON_INVALID_VALUE, "the replacement must be about the same record")
        .With("field", info.parent_field->name());
  }
  VIGIL_RETURN_IF_ERROR(judged.CheckReferences(info, body));
  return judged.CheckNew(command.replacement_id());
}

// This verification is what closed the hazard: it was not opened since by somebody who knew of it.
// One that is not in the hazard's trail was imported with it.
bool HasClosed(const v1::Record& verification, const v1::Record& hazard) {
  const std::vector<v1::Write> trail = StatusTrail(hazard, *InfoOf(hazard)->status_field);
  const auto written = [&](const v1::Stamp& by) {
    return std::find_if(trail.begin(), trail.end(),
                        [&](const v1::Write& write) { return SameStamp(write.stamp(), by); });
  };
  auto closing = written(verification.made_by());
  if (closing == trail.end()) closing = written(hazard.made_by());
  if (closing == trail.end()) return false;
  return std::none_of(trail.begin(), trail.end(), [&](const v1::Write& write) {
    v1::Hazard body;
    return Knew(write.stamp(), closing->stamp()) && body.ParseFromString(write.value()) &&
           body.status() != v1::HAZARD_STATUS_VERIFIED;
  });
}

// What a verification closed is to be verified again once it is withdrawn.
absl::Status ReopenVerified(Case& judged, const v1::Record& verification) {
  const v1::Verification& body = verification.entity().verification();
  const bool closes =
      body.result() == v1::VERIFICATION_RESULT_PASSED && body.kind() != v1::VERIFICATION_KIND_SELF;
  if (!closes) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, judged.Seen(verification.parent(), "hazard"));
  const bool is_closed = hazard->entity().hazard().status() == v1::HAZARD_STATUS_VERIFIED;
  if (!is_closed || !HasClosed(verification, *hazard)) return absl::OkStatus();
  return judged.HazardEvent(*hazard, v1::HAZARD_STATUS_UNSPECIFIED, Event::kWithdrawVerification);
}

absl::Status WithdrawRecord(Case& judged) {
  const v1::WithdrawRecord& command = judged.operation().withdraw_record();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* current, judged.world().Seen(command.record()));
  const std::string kind = current == nullptr ? "record" : InfoOf(*current)->kind;
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, judged.Seen(command.record(), kind));
  const EntityInfo& info = *InfoOf(*record);
  if (!info.rules.append_only()) {
    return Refuse(v1::REASON_WRONG_ENTITY, "this kind of record is edited, not withdrawn")
        .With("kind", info.kind);
  }
  if (command.reason().empty()) {
    return Refuse(v1::REASON_REASON_REQUIRED, "say why it is withdrawn").With("field", "reason");
  }
  if (record->made_by().person() != judged.author().person) {
    google::protobuf::RepeatedField<int> office;
    office.Add(v1::ROLE_SAFETY_OFFICE);
    VIGIL_ASSIGN_OR_RETURN(const std::string unit, judged.ScopeOf(*record));
    VIGIL_ASSIGN_OR_RETURN(const bool permitted, judged.HasRole(office, unit));
    if (!permitted) return judged.NotPermitted(office);
  }
  if (!record->withdrawn_by().empty()) {
    return Refuse(v1::REASON_RECORD_WITHDRAWN, "this record is withdrawn already")
        .With("record", record->id());
  }
  std::string successor = judged.operation().id();
  if (command.has_replacement()) {
    VIGIL_RETURN_IF_ERROR(CheckReplacement(judged, *record));
    judged.Create(command.replacement_id(), info.kind, record->parent(),
                  BodyOf(command.replacement()));
    successor = command.replacement_id();
  }
  judged.Write(*record, BodyOf(record->entity()), {}).set_withdrawn_by(successor);
  if (record->entity().has_verification()) return ReopenVerified(judged, *record);
  return absl::OkStatus();
}

absl::Status SettleConflict(Case& judged) {
  const v1::SettleConflict& command = judged.operation().settle_conflict();
  VIGIL_ASSIGN_OR_RETURN(const EntityInfo* info, KindOf(command.value()));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, judged.Seen(command.record(), info->kind));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*record));
  const FieldInfo* field = info->Find(std::string_view(command.field()));
  if (field == nullptr) {
    return Refuse(v1::REASON_FIELD_UNKNOWN, "no such field").With("field", command.field());
  }
  if (!InConflict(*record, *field)) {
    return Refuse(v1::REASON_NOTHING_TO_SETTLE,
                  absl::StrCat(field->name(), " is not in conflict in the version that was seen"))
        .With("field", field->name());
  }
  const Message& value = BodyOf(command.value());
  VIGIL_RETURN_IF_ERROR(judged.CheckReferences(*info, value));
  const std::string bytes = FieldBytes(value, *field);
  const std::vector<v1::Write> siblings = LiveWrites(*record, *field);
  const bool chosen = std::any_of(siblings.begin(), siblings.end(),
                                  [&](const v1::Write& write) { return write.value() == bytes; });
  if (!chosen && !field->editable) {
    return Refuse(v1::REASON_INVALID_VALUE,
                  absl::StrCat("choose one of the concurrent values of ", field->name()))
        .With("field", field->name());
  }
  if (!chosen && field->edit.only_raises() && Raises(*field, value, BodyOf(record->entity()))) {
    return Refuse(v1::REASON_INVALID_VALUE, absl::StrCat("choose one of the concurrent values of ",
                                                         field->name(), ", or a stricter one"))
        .With("field", field->name());
  }
  VIGIL_RETURN_IF_ERROR(CheckNotBlank(*field, value));
  judged.Write(*record, value, {field->number()});
  // To choose the lift is to lift.
  const v1::SupervisionOrder& order = command.value().supervision_order();
  if (field == info->status_field && order.status() == v1::ORDER_STATUS_LIFTED) {
    return LeaveMarkOfLift(judged, record->entity().supervision_order().hazard());
  }
  return absl::OkStatus();
}

absl::Status ImportRecord(Case& judged) {
  const v1::ImportRecord& command = judged.operation().import_record();
  VIGIL_ASSIGN_OR_RETURN(const EntityInfo* info, KindOf(command.entity()));
  v1::Entity marked = command.entity();
  Message& body = MutableBodyOf(marked, *info);
  const FieldInfo* source = info->Find(std::string_view("imported_from"));
  if (source == nullptr) {
    return Refuse(v1::REASON_WRONG_ENTITY, "records of this kind are not imported")
        .With("kind", info->kind);
  }
  body.GetReflection()->MutableMessage(&body, source->descriptor)->CopyFrom(command.source());
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthorityOver("", judged.command().rules.roles()));
  // References are resolved where the files are read: units and their heads name each other, so no
  // order of the rows would let each one find what it names.
  if (!command.has_update_mask()) {
    VIGIL_RETURN_IF_ERROR(judged.CheckNew(command.record()));
    std::string parent;
    if (info->parent_field != nullptr) {
      // Where a record lives cannot wait for a later row.
      parent = TextOf(body, *info->parent_field);
      VIGIL_RETURN_IF_ERROR(judged.CheckReference(parent, info->parent_field->refers_to));
    }
    judged.Create(command.record(), info->kind, parent, body);
    if (marked.has_hazard() && !marked.hazard().has_number()) {
      judged.decision().needs_number = command.record();
    }
    return absl::OkStatus();
  }
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, judged.Seen(command.record(), info->kind));
  v1::Entity none;
  const bool removes = command.removed().entity_case() == command.entity().entity_case();
  const Message& removed = removes ? BodyOf(command.removed()) : MutableBodyOf(none, *info);
  for (const std::string& path : command.update_mask().paths()) {
    const FieldInfo* field = info->Find(std::string_view(path));
    if (field == nullptr)
      return Refuse(v1::REASON_FIELD_UNKNOWN, "no such field").With("field", path);
    v1::RecordWrite& write = judged.Write(*record, body, {field->number()});
    if (field->policy == v1::MERGE_POLICY_UNION) {
      // Only what the files themselves had added leaves with them.
      AddField(write, *field, body).set_removed(FieldBytes(removed, *field));
    }
  }
  judged.Write(*record, body, {source->number()});
  return absl::OkStatus();
}

}  // namespace

absl::Status JudgeRecordCommand(Case& judged) {
  switch (judged.operation().command_case()) {
    case v1::Operation::kCreateRecord:
      return CreateRecord(judged);
    case v1::Operation::kEditRecord:
      return EditRecord(judged);
    case v1::Operation::kWithdrawRecord:
      return WithdrawRecord(judged);
    case v1::Operation::kSettleConflict:
      return SettleConflict(judged);
    case v1::Operation::kImportRecord:
      return ImportRecord(judged);
    case v1::Operation::kWitnessRecord:
      return WitnessRecord(judged);
    default:
      return Refuse(v1::REASON_COMMAND_UNKNOWN, "no rule for this command");
  }
}

}  // namespace vigil::rules::internal
