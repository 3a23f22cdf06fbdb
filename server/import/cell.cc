#include "server/import/cell.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/import/dates.h"
#include "server/import/words.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/base/utf8.h"
#include "sync/rules/reason.h"
#include "vigil/v1/common.pb.h"

namespace vigil::importer {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using rules::Refuse;

constexpr char kListSeparator = ';';

absl::StatusOr<int> ParseEnum(const EnumDescriptor& type, std::string_view text) {
  if (const std::optional<int> value = ParseEnumWord(type, text)) return *value;
  std::vector<std::string> known;
  for (int i = 1; i < type.value_count(); ++i) {
    const EnumValueDescriptor& value = *type.value(i);
    known.push_back(absl::StrCat(EnumWord(value, console::Language::kEnglish), " (",
                                 EnumWord(value, console::Language::kChinese), ")"));
  }
  return Refuse(v1::REASON_INVALID_VALUE,
                absl::StrCat(Quoted(text), " is none of ", absl::StrJoin(known, ", ")));
}

absl::StatusOr<bool> ParseBool(std::string_view text) {
  // A spreadsheet writes its own in capitals.
  if (text == "true" || text == "TRUE" || text == "是") return true;
  if (text == "false" || text == "FALSE" || text == "否") return false;
  return Refuse(v1::REASON_INVALID_VALUE,
                absl::StrCat(Quoted(text), " is neither true (是) nor false (否)"));
}

absl::StatusOr<double> ParseNumber(std::string_view text) {
  double value = 0;
  // Letters would let "nan", "inf" and hexadecimal numbers pass.
  const bool plain = text.find_first_not_of("0123456789.+-eE") == std::string_view::npos;
  if (!plain || !absl::SimpleAtod(ToAbsl(text), &value) || !std::isfinite(value)) {
    return Refuse(v1::REASON_INVALID_NUMBER, absl::StrCat(Quoted(text), " is not a number"));
  }
  return value;
}

absl::StatusOr<std::int64_t> ParseCount(std::string_view text, std::int64_t max) {
  std::int64_t value = 0;
  if (!absl::SimpleAtoi(ToAbsl(text), &value) || value < 0 || value > max) {
    return Refuse(v1::REASON_INVALID_NUMBER,
                  absl::StrCat(Quoted(text), " is not a whole number from 0 to ", max));
  }
  return value;
}

absl::Status ParseDate(std::string_view text, Message& message) {
  const absl::StatusOr<absl::CivilDay> day = ParseCellDay(text);
  if (!day.ok()) {
    return Refuse(v1::REASON_INVALID_DATE,
                  absl::StrCat(Quoted(text), " is not a date between 1900 and 2200, written as ",
                               "2017-07-31 or 2017/7/31"));
  }
  v1::Date date;
  date.set_year(static_cast<std::int32_t>(day->year()));
  date.set_month(day->month());
  date.set_day(day->day());
  message.CopyFrom(date);
  return absl::OkStatus();
}

absl::Status ParseTime(std::string_view text, const CellContext& context, Message& message) {
  const absl::StatusOr<absl::Time> instant = ParseCellTime(text, context.zone);
  if (!instant.ok()) {
    return Refuse(v1::REASON_INVALID_TIME,
                  absl::StrCat(Quoted(text), " is not a time between 1900 and 2200, written as ",
                               "2017-07-31 08:00, 2017/7/31 8:00 or 2017-07-31T08:00:00+08:00"));
  }
  const std::int64_t micros = ToMicros(*instant);
  google::protobuf::Timestamp time;
  const std::int64_t seconds = absl::ToUnixSeconds(*instant);
  time.set_seconds(seconds);
  time.set_nanos(static_cast<std::int32_t>((micros - seconds * 1000000) * 1000));
  message.CopyFrom(time);
  return absl::OkStatus();
}

absl::Status ParseGrant(std::string_view text, const CellContext& context, Message& message) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) {
    return Refuse(v1::REASON_INVALID_VALUE,
                  absl::StrCat(Quoted(text), " is not of the form role@unit"));
  }
  VIGIL_ASSIGN_OR_RETURN(const int role,
                         ParseEnum(*v1::Role_descriptor(), Trimmed(text.substr(0, at))));
  if (role == v1::ROLE_ESCALATION_CLOCK) {
    return Refuse(v1::REASON_INVALID_VALUE, "this role is the register's own, for no person");
  }
  v1::RoleGrant grant;
  grant.set_role(static_cast<v1::Role>(role));
  VIGIL_ASSIGN_OR_RETURN(*grant.mutable_unit(),
                         context.keys.Resolve("org_unit", Trimmed(text.substr(at + 1))));
  message.CopyFrom(grant);
  return absl::OkStatus();
}

absl::Status CheckText(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return absl::OkStatus();
  return Refuse(v1::REASON_TEXT_TOO_LONG,
                absl::StrCat("the text has ", text.size(), " bytes; shorten it to ", max_bytes));
}

absl::Status PutMessage(const Column& column, const FieldDescriptor& field, std::string_view text,
                        const CellContext& context, Message& body) {
  const Reflection& reflection = *body.GetReflection();
  Message& value = field.is_repeated() ? *reflection.AddMessage(&body, &field)
                                       : *reflection.MutableMessage(&body, &field);
  if (field.message_type() == v1::Date::descriptor()) return ParseDate(text, value);
  if (field.message_type() == v1::RoleGrant::descriptor()) {
    return ParseGrant(text, context, value);
  }
  if (field.message_type() == google::protobuf::Timestamp::descriptor()) {
    return ParseTime(text, context, value);
  }
  return absl::InternalError(absl::StrCat(column.name, ": no cell holds such a message"));
}

absl::Status PutText(const Column& column, const FieldDescriptor& field, std::string_view text,
                     const CellContext& context, Message& body) {
  std::string value(text);
  if (column.refers_to.empty()) {
    VIGIL_RETURN_IF_ERROR(CheckText(text, column.max_bytes));
  } else {
    VIGIL_ASSIGN_OR_RETURN(value, context.keys.Resolve(column.refers_to, text));
  }
  const Reflection& reflection = *body.GetReflection();
  if (field.is_repeated()) {
    reflection.AddString(&body, &field, std::move(value));
  } else {
    reflection.SetString(&body, &field, std::move(value));
  }
  return absl::OkStatus();
}

// One value: the cell's, or one of its list's.
absl::Status Put(const Column& column, const FieldDescriptor& field, std::string_view text,
                 const CellContext& context, Message& body) {
  const Reflection& reflection = *body.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return PutMessage(column, field, text, context, body);
    case FieldDescriptor::CPPTYPE_STRING:
      return PutText(column, field, text, context, body);
    case FieldDescriptor::CPPTYPE_ENUM: {
      VIGIL_ASSIGN_OR_RETURN(const int value, ParseEnum(*field.enum_type(), text));
      if (field.is_repeated()) {
        reflection.AddEnumValue(&body, &field, value);
      } else {
        reflection.SetEnumValue(&body, &field, value);
      }
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      VIGIL_ASSIGN_OR_RETURN(const bool value, ParseBool(text));
      reflection.SetBool(&body, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      VIGIL_ASSIGN_OR_RETURN(const double value, ParseNumber(text));
      reflection.SetDouble(&body, &field, value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      VIGIL_ASSIGN_OR_RETURN(const double value, ParseNumber(text));
      if (std::abs(value) > std::numeric_limits<float>::max()) {
        return Refuse(v1::REASON_INVALID_NUMBER, "the number is too large");
      }
      reflection.SetFloat(&body, &field, static_cast<float>(value));
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      VIGIL_ASSIGN_OR_RETURN(const std::int64_t value,
                             ParseCount(text, std::numeric_limits<std::int32_t>::max()));
      reflection.SetInt32(&body, &field, static_cast<std::int32_t>(value));
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      VIGIL_ASSIGN_OR_RETURN(const std::int64_t value,
                             ParseCount(text, std::numeric_limits<std::int64_t>::max()));
      reflection.SetInt64(&body, &field, value);
      return absl::OkStatus();
    }
    default:
      return absl::InternalError(absl::StrCat(column.name, ": no cell holds such a field"));
  }
}

absl::Status PutAll(const Column& column, const FieldDescriptor& field, std::string_view text,
                    const CellContext& context, Message& body) {
  if (text.empty()) return absl::OkStatus();
  if (!field.is_repeated()) return Put(column, field, text, context, body);
  // Names hold no full-width semicolon; free text may.
  const bool names = !column.refers_to.empty() || field.enum_type() != nullptr;
  const std::string list =
      names ? absl::StrReplaceAll(ToAbsl(text), {{"；", ";"}}) : std::string(text);
  std::vector<std::string_view> seen;
  for (const absl::string_view part : absl::StrSplit(list, kListSeparator)) {
    const std::string_view element = Trimmed(ToStd(part));
    if (element.empty()) continue;
    for (const std::string_view other : seen) {
      if (other == element) {
        return Refuse(v1::REASON_INVALID_VALUE,
                      absl::StrCat(Quoted(element), " stands twice in the list"));
      }
    }
    seen.push_back(element);
    VIGIL_RETURN_IF_ERROR(Put(column, field, element, context, body));
  }
  return absl::OkStatus();
}

absl::Status CheckEncoding(std::string_view text) {
  if (IsValidText(text)) return absl::OkStatus();
  return Refuse(v1::REASON_INVALID_UTF8,
                "the cell is not UTF-8, or holds a NUL; save the file as UTF-8");
}

}  // namespace

std::string Quoted(std::string_view text) {
  constexpr std::size_t kColumnsMax = 40;
  const std::string_view head = TruncateToWidth(text, kColumnsMax);
  return absl::StrCat("\"", ToAbsl(head), head.size() < text.size() ? "…\"" : "\"");
}

std::string_view Trimmed(std::string_view text) {
  return ToStd(absl::StripAsciiWhitespace(ToAbsl(text)));
}

absl::Status ParseCell(const Column& column, std::string_view text, const CellContext& context,
                       Message& body) {
  VIGIL_RETURN_IF_ERROR(CheckEncoding(text));
  const std::string_view cell = Trimmed(text);
  if (cell.empty()) return absl::OkStatus();
  if (column.inner == nullptr) return PutAll(column, *column.field, cell, context, body);
  Message& nested = *body.GetReflection()->MutableMessage(&body, column.field);
  return PutAll(column, *column.inner, cell, context, nested);
}

absl::Status ParseElementCell(const Column& column, std::string_view text,
                              const CellContext& context, Message& element) {
  VIGIL_RETURN_IF_ERROR(CheckEncoding(text));
  const FieldDescriptor& field = column.inner == nullptr ? *column.field : *column.inner;
  if (column.inner == nullptr) {
    // A list of plain texts: the whole cell is one element, whatever it holds.
    const std::string_view cell = Trimmed(text);
    return cell.empty() ? absl::OkStatus() : Put(column, field, cell, context, element);
  }
  return PutAll(column, field, Trimmed(text), context, element);
}

}  // namespace vigil::importer
