#include "sync/rules/schema.h"

#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vigil::rules {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

constexpr std::uint32_t kTextBytesDefault = 4000;

void CheckRanks(const EnumDescriptor& type, std::vector<std::string>& faults) {
  if (!type.options().GetExtension(v1::ranked)) {
    faults.push_back(absl::StrCat(type.full_name(), ": merged by rank, but not ranked"));
    return;
  }
  const std::int32_t unset = type.FindValueByNumber(0)->options().GetExtension(v1::rank);
  for (int i = 0; i < type.value_count(); ++i) {
    if (!type.value(i)->options().HasExtension(v1::rank)) {
      faults.push_back(absl::StrCat(type.value(i)->full_name(), ": no rank"));
    } else if (type.value(i)->number() != 0 &&
               type.value(i)->options().GetExtension(v1::rank) <= unset) {
      faults.push_back(absl::StrCat(type.value(i)->full_name(), ": ranks no higher than unset"));
    }
  }
}

bool PolicyFits(const FieldDescriptor& field, v1::MergePolicy policy) {
  const bool is_enum = field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
  switch (policy) {
    case v1::MERGE_POLICY_GRAVEST:
      return !field.is_repeated() && (is_enum || field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL);
    case v1::MERGE_POLICY_MOST_OPEN:
      return !field.is_repeated() && is_enum;
    case v1::MERGE_POLICY_EARLIEST:
      return !field.is_repeated() && field.message_type() != nullptr &&
             field.message_type()->full_name() == v1::Date::descriptor()->full_name();
    case v1::MERGE_POLICY_UNION:
      return field.is_repeated();
    case v1::MERGE_POLICY_LATEST:
      return !field.is_repeated();
    case v1::MERGE_POLICY_IMMUTABLE:
    case v1::MERGE_POLICY_SERVER:
      return true;
    default:
      return false;
  }
}

std::vector<FieldInfo::Inner> InnerReferences(const FieldDescriptor& field) {
  std::vector<FieldInfo::Inner> references;
  if (field.message_type() == nullptr) return references;
  for (int i = 0; i < field.message_type()->field_count(); ++i) {
    const FieldDescriptor& inner = *field.message_type()->field(i);
    const std::string& kind = inner.options().GetExtension(v1::field).refers_to();
    if (!kind.empty()) references.push_back({&inner, kind});
  }
  return references;
}

FieldInfo CompileField(const FieldDescriptor& field, std::vector<std::string>& faults) {
  FieldInfo info;
  info.descriptor = &field;
  const v1::FieldRules& rules = field.options().GetExtension(v1::field);
  info.policy = rules.policy();
  info.editable = rules.has_edit();
  info.edit = rules.edit();
  info.refers_to = rules.refers_to();
  info.inner_references = InnerReferences(field);
  info.max_bytes = rules.max_bytes() == 0 ? kTextBytesDefault : rules.max_bytes();
  info.required = rules.required();
  if (field.is_map()) faults.push_back(absl::StrCat(field.full_name(), ": a map"));
  if (info.policy == v1::MERGE_POLICY_UNSPECIFIED) {
    faults.push_back(absl::StrCat(field.full_name(), ": no policy"));
  } else if (!PolicyFits(field, info.policy)) {
    faults.push_back(absl::StrCat(field.full_name(), ": its type cannot be merged so"));
  }
  if (!field.is_repeated() && !field.has_presence()) {
    faults.push_back(absl::StrCat(field.full_name(), ": not optional"));
  }
  const bool ranked =
      info.policy == v1::MERGE_POLICY_GRAVEST || info.policy == v1::MERGE_POLICY_MOST_OPEN;
  if (ranked && field.enum_type() != nullptr) CheckRanks(*field.enum_type(), faults);
  if (info.editable && info.edit.roles().empty() && !info.edit.author()) {
    faults.push_back(absl::StrCat(field.full_name(), ": editable by nobody"));
  }
  return info;
}

const FieldInfo* Required(const EntityInfo& info, const std::string& name,
                          std::vector<std::string>& faults) {
  if (name.empty()) return nullptr;
  const FieldInfo* field = info.Find(std::string_view(name));
  if (field == nullptr) faults.push_back(absl::StrCat(info.kind, ": no field ", name));
  return field;
}

EntityInfo CompileEntity(const FieldDescriptor& in_entity, std::vector<std::string>& faults) {
  EntityInfo info;
  info.kind = in_entity.name();
  info.number = in_entity.number();
  info.in_entity = &in_entity;
  info.descriptor = in_entity.message_type();
  info.rules = info.descriptor->options().GetExtension(v1::entity);
  if (info.rules.audience() == v1::AUDIENCE_UNSPECIFIED) {
    faults.push_back(absl::StrCat(info.kind, ": no audience"));
  }
  std::map<int, const FieldDescriptor*> ordered;
  for (int i = 0; i < info.descriptor->field_count(); ++i) {
    ordered[info.descriptor->field(i)->number()] = info.descriptor->field(i);
  }
  for (const auto& [number, field] : ordered) info.fields.push_back(CompileField(*field, faults));
  return info;
}

// Pointers into `fields` are taken once the entity stands where it stays.
void Link(EntityInfo& info, std::vector<std::string>& faults) {
  info.parent_field = Required(info, info.rules.parent_field(), faults);
  info.unit_field = Required(info, info.rules.unit_field(), faults);
  info.key_field = Required(info, info.rules.key_field(), faults);
  for (const FieldInfo& field : info.fields) {
    if (field.policy == v1::MERGE_POLICY_MOST_OPEN) info.status_field = &field;
    const bool refers = !field.refers_to.empty() || !field.inner_references.empty();
    if (refers) info.references.push_back(&field);
  }
}

CommandInfo CompileCommand(const FieldDescriptor& field, std::vector<std::string>& faults) {
  CommandInfo info;
  info.name = field.name();
  info.number = static_cast<v1::Operation::CommandCase>(field.number());
  info.descriptor = field.message_type();
  info.rules = info.descriptor->options().GetExtension(v1::command);
  if (info.rules.kind() == v1::COMMAND_KIND_UNSPECIFIED) {
    faults.push_back(absl::StrCat(info.name, ": neither fact nor decision"));
  }
  if (info.rules.channels().empty()) faults.push_back(absl::StrCat(info.name, ": no channel"));
  // Commands on any record take their authority from the entity's or the field's rule.
  const bool by_field = info.number == v1::Operation::kCreateRecord ||
                        info.number == v1::Operation::kEditRecord ||
                        info.number == v1::Operation::kWithdrawRecord ||
                        // What a phone returns is the register's own doing.
                        info.Allows(v1::CHANNEL_WITNESS);
  if (info.rules.roles().empty() && !by_field) {
    faults.push_back(absl::StrCat(info.name, ": no authority"));
  }
  return info;
}

}  // namespace

const FieldInfo* EntityInfo::Find(int field_number) const {
  for (const FieldInfo& field : fields) {
    if (field.number() == field_number) return &field;
  }
  return nullptr;
}

const FieldInfo* EntityInfo::Find(std::string_view name) const {
  for (const FieldInfo& field : fields) {
    if (field.name() == name) return &field;
  }
  return nullptr;
}

bool CommandInfo::Allows(v1::Channel channel) const {
  for (const int allowed : rules.channels()) {
    if (allowed == channel) return true;
  }
  return false;
}

absl::StatusOr<std::unique_ptr<Schema>> Schema::Load() {
  return Load(*v1::Entity::descriptor(), *v1::Operation::descriptor());
}

absl::StatusOr<std::unique_ptr<Schema>> Schema::Load(const Descriptor& entity,
                                                     const Descriptor& operation) {
  std::vector<std::string> faults;
  std::unique_ptr<Schema> schema(new Schema());
  schema->entities_.reserve(static_cast<std::size_t>(entity.field_count()));
  for (int i = 0; i < entity.field_count(); ++i) {
    schema->entities_.push_back(CompileEntity(*entity.field(i), faults));
  }
  for (EntityInfo& info : schema->entities_) Link(info, faults);
  const auto& commands = *operation.FindOneofByName("command");
  for (int i = 0; i < commands.field_count(); ++i) {
    schema->commands_.push_back(CompileCommand(*commands.field(i), faults));
  }
  for (const EntityInfo& info : schema->entities_) {
    for (const FieldInfo& field : info.fields) {
      if (!field.refers_to.empty() && schema->FindEntity(field.refers_to) == nullptr) {
        faults.push_back(absl::StrCat(field.descriptor->full_name(), ": refers to no entity"));
      }
      for (const FieldInfo::Inner& inner : field.inner_references) {
        const bool is_text = inner.descriptor->type() == FieldDescriptor::TYPE_STRING &&
                             !inner.descriptor->is_repeated();
        if (is_text && schema->FindEntity(inner.refers_to) != nullptr) continue;
        faults.push_back(absl::StrCat(inner.descriptor->full_name(), ": refers to no entity"));
      }
    }
  }
  if (!faults.empty()) {
    return absl::InternalError(
        absl::StrCat("the contract is incomplete: ", absl::StrJoin(faults, "; ")));
  }
  return schema;
}

const Schema& Schema::Get() {
  static const Schema* const schema = [] {
    absl::StatusOr<std::unique_ptr<Schema>> loaded = Load();
    VIGIL_CHECK(loaded.ok()) << loaded.status().ToString();
    return loaded->release();
  }();
  return *schema;
}

const EntityInfo* Schema::FindEntity(std::string_view kind) const {
  for (const EntityInfo& info : entities_) {
    if (info.kind == kind) return &info;
  }
  return nullptr;
}

const EntityInfo* Schema::FindEntity(int number) const {
  // Numbers in Entity are 1, 2, 3 … in the order of the table.
  const auto index = static_cast<std::size_t>(number - 1);
  if (index < entities_.size() && entities_[index].number == number) return &entities_[index];
  for (const EntityInfo& info : entities_) {
    if (info.number == number) return &info;
  }
  return nullptr;
}

const EntityInfo* Schema::Of(const v1::Entity& entity) const {
  return entity.entity_case() == v1::Entity::ENTITY_NOT_SET
             ? nullptr
             : FindEntity(static_cast<int>(entity.entity_case()));
}

const CommandInfo* Schema::FindCommand(v1::Operation::CommandCase number) const {
  for (const CommandInfo& info : commands_) {
    if (info.number == number) return &info;
  }
  return nullptr;
}

std::int32_t Schema::RankOf(const google::protobuf::EnumDescriptor& type, int value) {
  const google::protobuf::EnumValueDescriptor* known = type.FindValueByNumber(value);
  if (known == nullptr) return std::numeric_limits<std::int32_t>::max();
  return known->options().GetExtension(v1::rank);
}

}  // namespace vigil::rules
