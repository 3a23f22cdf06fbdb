#include "sync/cli/console/value_parse.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/names.h"
#include "sync/rules/record.h"
#include "sync/rules/work_calendar.h"

namespace vigil::console {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

absl::Status NotA(std::string_view text, std::string_view what) {
  return UsageError(absl::StrCat("'", ToAbsl(text), "' is no ", ToAbsl(what)));
}

struct Assignment {
  const rules::FieldInfo* field = nullptr;
  std::string value;
};

absl::StatusOr<const rules::FieldInfo*> FindField(const rules::EntityInfo& info,
                                                  std::string_view name) {
  const rules::FieldInfo* field = info.Find(name);
  if (field != nullptr) return field;
  std::string fields;
  for (const rules::FieldInfo& each : info.fields) {
    if (each.policy == v1::MERGE_POLICY_SERVER) continue;
    absl::StrAppend(&fields, fields.empty() ? "" : ", ", each.name(),
                    each.required ? " (required)" : "");
  }
  return UsageError(
      absl::StrCat("a ", info.kind, " has no field '", ToAbsl(name), "'; it has ", fields));
}

absl::StatusOr<Assignment> ParseAssignment(const rules::EntityInfo& info, std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return NotA(text, "FIELD=VALUE");
  Assignment assignment;
  VIGIL_ASSIGN_OR_RETURN(assignment.field, FindField(info, text.substr(0, equals)));
  assignment.value = std::string(text.substr(equals + 1));
  return assignment;
}

absl::Status SetMessage(const FieldDescriptor& field, std::string_view text, const Reading& reading,
                        Message& value) {
  const std::string& type = field.message_type()->full_name();
  if (type == "vigil.v1.Date") {
    VIGIL_ASSIGN_OR_RETURN(static_cast<v1::Date&>(value), ParseDate(text));
  } else if (type == "google.protobuf.Timestamp") {
    VIGIL_ASSIGN_OR_RETURN(static_cast<google::protobuf::Timestamp&>(value),
                           ParseTime(text, reading.zone));
  } else if (type == "vigil.v1.Money") {
    VIGIL_ASSIGN_OR_RETURN(static_cast<v1::Money&>(value), ParseMoney(text));
  } else if (type == "vigil.v1.Position") {
    VIGIL_ASSIGN_OR_RETURN(static_cast<v1::Position&>(value), ParsePosition(text));
  } else if (type == "vigil.v1.RoleGrant") {
    // As in the import's files: "inspector@LFU-01", "auditor".
    const std::size_t at = text.find('@');
    const std::optional<v1::Role> role = ParseEnum<v1::Role>(text.substr(0, at));
    if (!role) return NotA(text, "ROLE@UNIT");
    auto& grant = static_cast<v1::RoleGrant&>(value);
    grant.set_role(*role);
    if (at == std::string_view::npos) return absl::OkStatus();
    VIGIL_ASSIGN_OR_RETURN(*grant.mutable_unit(), reading.find("org_unit", text.substr(at + 1)));
  } else {
    return ParseJson(text, value);
  }
  return absl::OkStatus();
}

// People write numbers and codes inside JSON, too.
absl::Status ResolveInner(const rules::FieldInfo& field, const Reading& reading, Message& value) {
  for (const rules::FieldInfo::Inner& inner : field.inner_references) {
    const std::string name = value.GetReflection()->GetString(value, inner.descriptor);
    if (name.empty()) continue;
    VIGIL_ASSIGN_OR_RETURN(std::string id, reading.find(inner.refers_to, name));
    value.GetReflection()->SetString(&value, inner.descriptor, std::move(id));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> TextValue(const rules::FieldInfo& field, std::string_view text,
                                      const Reading& reading) {
  if (field.refers_to.empty() || text.empty()) return std::string(text);
  return reading.find(field.refers_to, text);
}

template <typename Add, typename Set>
void Put(const FieldDescriptor& field, const Add& add, const Set& set) {
  if (field.is_repeated()) {
    add();
  } else {
    set();
  }
}

}  // namespace

absl::StatusOr<v1::Date> ParseDate(std::string_view text) {
  const absl::StatusOr<absl::CivilDay> day = ParseDay(text);
  if (!day.ok()) return NotA(text, "date such as 2017-06-30");
  return rules::ToDate(*day);
}

absl::StatusOr<google::protobuf::Timestamp> ParseTime(std::string_view text,
                                                      const absl::TimeZone& zone) {
  absl::Time time;
  if (const absl::StatusOr<absl::Time> instant = ParseInstant(text); instant.ok()) {
    time = *instant;
  } else {
    bool read = false;
    for (const char* format : {"%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
      read = read || absl::ParseTime(format, ToAbsl(text), zone, &time, nullptr);
    }
    if (!read || !IsPlausible(time)) return NotA(text, "time such as '2017-06-30 09:15'");
  }
  return google::protobuf::util::TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(time));
}

absl::StatusOr<v1::Money> ParseMoney(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  std::string cents = dot == std::string_view::npos ? "" : std::string(text.substr(dot + 1));
  const bool bad_cents = dot != std::string_view::npos && (cents.empty() || cents.size() > 2);
  cents.resize(2, '0');
  std::int64_t yuan = 0;
  std::int64_t fen = 0;
  const bool digits = text.find_first_not_of("0123456789.") == std::string_view::npos;
  if (bad_cents || !digits || !absl::SimpleAtoi(ToAbsl(whole), &yuan) ||
      !absl::SimpleAtoi(cents, &fen) || yuan > std::numeric_limits<std::int64_t>::max() / 1000) {
    return NotA(text, "sum in yuan such as 86.50");
  }
  v1::Money money;
  money.set_fen(yuan * 100 + fen);
  return money;
}

absl::StatusOr<double> ParseNumber(std::string_view text) {
  double number = 0;
  if (!absl::SimpleAtod(ToAbsl(text), &number) || !std::isfinite(number)) {
    return NotA(text, "number");
  }
  return number;
}

absl::StatusOr<bool> ParseYesNo(std::string_view text) {
  for (const std::string_view yes : {"yes", "y", "true", "是", "1"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"no", "n", "false", "否", "0"}) {
    if (text == no) return false;
  }
  return NotA(text, "yes or no");
}

absl::StatusOr<v1::Position> ParsePosition(std::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(ToAbsl(text), ',');
  if (parts.size() < 2 || parts.size() > 4) return NotA(text, "position such as 22.56,114.13,10");
  v1::Position position;
  VIGIL_ASSIGN_OR_RETURN(const double latitude, ParseNumber(parts[0]));
  VIGIL_ASSIGN_OR_RETURN(const double longitude, ParseNumber(parts[1]));
  position.set_latitude(latitude);
  position.set_longitude(longitude);
  if (parts.size() > 2) {
    VIGIL_ASSIGN_OR_RETURN(const double accuracy, ParseNumber(parts[2]));
    position.set_accuracy_m(static_cast<float>(accuracy));
  }
  position.set_datum(v1::DATUM_WGS84);
  if (parts.size() > 3) {
    const std::optional<v1::Datum> datum = ParseEnum<v1::Datum>(parts[3]);
    if (!datum) return NotA(parts[3], "datum (wgs84, gcj02)");
    position.set_datum(*datum);
  }
  return position;
}

absl::Status ParseJson(std::string_view json, Message& message) {
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(json.data(), json.size()), &message);
  if (status.ok()) return absl::OkStatus();
  return UsageError(absl::StrCat("not the JSON of a ", message.GetDescriptor()->name(), ": ",
                                 status.message().ToString()));
}

absl::Status SetField(const rules::FieldInfo& field, std::string_view text, const Reading& reading,
                      Message& body) {
  const FieldDescriptor* descriptor = field.descriptor;
  const auto& reflection = *body.GetReflection();
  switch (descriptor->cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM: {
      const std::optional<int> value = ParseEnum(*descriptor->enum_type(), text);
      if (!value) {
        return NotA(text, absl::StrCat("value of ", field.name(), " (",
                                       EnumChoices(*descriptor->enum_type()), ")"));
      }
      Put(
          *descriptor, [&] { reflection.AddEnumValue(&body, descriptor, *value); },
          [&] { reflection.SetEnumValue(&body, descriptor, *value); });
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      VIGIL_ASSIGN_OR_RETURN(const bool value, ParseYesNo(text));
      reflection.SetBool(&body, descriptor, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      VIGIL_ASSIGN_OR_RETURN(const double value, ParseNumber(text));
      reflection.SetDouble(&body, descriptor, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      std::int32_t value = 0;
      if (!absl::SimpleAtoi(ToAbsl(text), &value)) return NotA(text, "whole number");
      reflection.SetInt32(&body, descriptor, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      VIGIL_ASSIGN_OR_RETURN(std::string value, TextValue(field, text, reading));
      Put(
          *descriptor, [&] { reflection.AddString(&body, descriptor, value); },
          [&] { reflection.SetString(&body, descriptor, value); });
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      Message& value = descriptor->is_repeated() ? *reflection.AddMessage(&body, descriptor)
                                                 : *reflection.MutableMessage(&body, descriptor);
      VIGIL_RETURN_IF_ERROR(SetMessage(*descriptor, text, reading, value));
      return ResolveInner(field, reading, value);
    }
    default:
      return UsageError(absl::StrCat(field.name(), " cannot be given here"));
  }
}

absl::Status SetFields(const rules::EntityInfo& info, const std::vector<std::string>& assignments,
                       const Reading& reading, v1::Entity& entity) {
  Message& body = rules::MutableBodyOf(entity, info);
  for (const std::string& text : assignments) {
    VIGIL_ASSIGN_OR_RETURN(const Assignment assignment, ParseAssignment(info, text));
    VIGIL_RETURN_IF_ERROR(SetField(*assignment.field, assignment.value, reading, body));
  }
  return absl::OkStatus();
}

std::vector<OptionSpec> EditOptions() {
  return {
      {"--set", "FIELD=VALUE", {"write a field", "写入字段"}, Count::kRepeated},
      {"--clear", "FIELD", {"clear a field", "清空字段"}, Count::kRepeated},
      {"--add", "FIELD=VALUE", {"add an element to a list", "向列表添加一项"}, Count::kRepeated},
      {"--remove",
       "FIELD=VALUE",
       {"remove an element from a list", "从列表移除一项"},
       Count::kRepeated},
  };
}

absl::StatusOr<v1::EditRecord> BuildEdit(const rules::EntityInfo& info, const Arguments& arguments,
                                         const Reading& reading) {
  v1::EditRecord edit;
  Message& body = rules::MutableBodyOf(*edit.mutable_entity(), info);
  const auto note = [&](const rules::FieldInfo& field) {
    for (const std::string& path : edit.update_mask().paths()) {
      if (path == field.name()) return;
    }
    edit.mutable_update_mask()->add_paths(field.name());
  };
  for (const std::string_view option : {"--set", "--add", "--remove"}) {
    for (const std::string& text : arguments.All(option)) {
      VIGIL_ASSIGN_OR_RETURN(const Assignment assignment, ParseAssignment(info, text));
      const rules::FieldInfo& field = *assignment.field;
      if ((option == "--set") == field.descriptor->is_repeated()) {
        return UsageError(field.name() + (field.descriptor->is_repeated()
                                              ? " is a list: use --add and --remove"
                                              : " is no list: use --set"));
      }
      Message& target =
          option == "--remove" ? rules::MutableBodyOf(*edit.mutable_removed(), info) : body;
      VIGIL_RETURN_IF_ERROR(SetField(field, assignment.value, reading, target));
      note(field);
    }
  }
  for (const std::string& name : arguments.All("--clear")) {
    VIGIL_ASSIGN_OR_RETURN(const rules::FieldInfo* field, FindField(info, name));
    note(*field);
  }
  if (edit.update_mask().paths().empty()) return UsageError("nothing to change: give --set");
  return edit;
}

}  // namespace vigil::console
