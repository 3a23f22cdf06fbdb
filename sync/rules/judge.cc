#include "sync/rules/judge.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/rules/judge_internal.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"

namespace vigil::rules {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Fields of commands that hold the id of a record.
constexpr std::array<std::string_view, 27> kIdFields = {
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
    "item",
    "responsible_unit",
    "supervising_unit",
    "progress_report_id",
    "risk_source",
    "inspection",
    "parent_unit",
};

// Those that a command names and leaves as they are.
constexpr std::array<std::string_view, 7> kOnlyNamed = {
    "into",       "existing_plan",    "verification",     "to_unit",
    "ordered_by", "responsible_unit", "supervising_unit",
};

bool IsIdField(const FieldDescriptor& field) {
  if (field.type() != FieldDescriptor::TYPE_STRING || field.is_repeated()) return false;
  return std::find(kIdFields.begin(), kIdFields.end(), field.name()) != kIdFields.end();
}

// Where messages of one type name records: fields of their own, and messages in which to look on.
struct IdPlaces {
  std::vector<const FieldDescriptor*> ids;
  std::vector<std::pair<const FieldDescriptor*, const IdPlaces*>> within;
  // The same where one message of several stands.
  const google::protobuf::OneofDescriptor* choice = nullptr;
  absl::flat_hash_map<const FieldDescriptor*, const IdPlaces*> chosen;

  bool empty() const { return ids.empty() && within.empty() && chosen.empty(); }
};

using IdPlacesByType = absl::flat_hash_map<const Descriptor*, std::unique_ptr<IdPlaces>>;

const IdPlaces& FindPlaces(const Descriptor& type, IdPlacesByType& known) {
  if (const auto found = known.find(&type); found != known.end()) {
    VIGIL_CHECK(found->second != nullptr) << type.full_name() << " contains itself";
    return *found->second;
  }
  known.emplace(&type, nullptr);
  auto places = std::make_unique<IdPlaces>();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* const field = type.field(i);
    const bool reference = !field->options().GetExtension(v1::field).refers_to().empty();
    if (field->type() == FieldDescriptor::TYPE_STRING && (reference || IsIdField(*field))) {
      places->ids.push_back(field);
      continue;
    }
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated()) continue;
    const IdPlaces& inner = FindPlaces(*field->message_type(), known);
    // Most name nobody.
    if (inner.empty()) continue;
    const auto* const oneof = field->real_containing_oneof();
    if (oneof == nullptr || (places->choice != nullptr && places->choice != oneof)) {
      places->within.emplace_back(field, &inner);
    } else {
      places->choice = oneof;
      places->chosen.emplace(field, &inner);
    }
  }
  return *(known[&type] = std::move(places));
}

// Of every command.
const IdPlaces& PlacesOf(const Message& command) {
  static const IdPlacesByType* const known = [] {
    auto* const places = new IdPlacesByType;
    for (const CommandInfo& info : Schema::Get().commands()) FindPlaces(*info.descriptor, *places);
    return places;
  }();
  return *known->at(command.GetDescriptor());
}

void CollectIds(const Message& message, const IdPlaces& places, std::vector<std::string>& ids) {
  const auto& reflection = *message.GetReflection();
  for (const FieldDescriptor* field : places.ids) {
    if (!field->is_repeated()) {
      ids.push_back(reflection.GetString(message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      ids.push_back(reflection.GetRepeatedString(message, field, i));
    }
  }
  for (const auto& [field, inner] : places.within) {
    if (!reflection.HasField(message, field)) continue;
    CollectIds(reflection.GetMessage(message, field), *inner, ids);
  }
  if (places.choice == nullptr) return;
  const FieldDescriptor* const chosen = reflection.GetOneofFieldDescriptor(message, places.choice);
  const auto found = places.chosen.find(chosen);
  if (found == places.chosen.end()) return;
  CollectIds(reflection.GetMessage(message, chosen), *found->second, ids);
}

const Message& CommandOf(const v1::Operation& operation) {
  static const auto* const commands = v1::Operation::descriptor()->FindOneofByName("command");
  const FieldDescriptor* field =
      operation.GetReflection()->GetOneofFieldDescriptor(operation, commands);
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
  SetTimes(
      {.observed = ObservedAt(operation, context.received_at), .received = context.received_at},
      stamp);
  for (const v1::Seen& seen : operation.seen()) {
    if (seen.record() == record) stamp.set_seen(seen.version());
  }
  // Nobody has seen what comes after him, whatever he says.
  if (context.seq != 0) stamp.set_seen(std::min(stamp.seen(), context.seq - 1));
  stamp.set_covers_own(author.channel == v1::CHANNEL_PHONE);
  return stamp;
}

std::vector<std::string> RecordsNamed(const v1::Operation& operation) {
  std::vector<std::string> ids;
  if (operation.command_case() == v1::Operation::COMMAND_NOT_SET) return ids;
  const Message& command = CommandOf(operation);
  CollectIds(command, PlacesOf(command), ids);
  std::erase(ids, "");
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

std::vector<std::string> RecordsWritten(const v1::Operation& operation) {
  std::vector<std::string> ids;
  if (operation.command_case() == v1::Operation::COMMAND_NOT_SET) return ids;
  const Message& command = CommandOf(operation);
  std::vector<const FieldDescriptor*> set;
  command.GetReflection()->ListFields(command, &set);
  for (const FieldDescriptor* field : set) {
    const bool only_named =
        std::find(kOnlyNamed.begin(), kOnlyNamed.end(), field->name()) != kOnlyNamed.end();
    if (IsIdField(*field) && !only_named) {
      ids.push_back(command.GetReflection()->GetString(command, field));
    }
  }
  std::erase(ids, "");
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
