#include "server/import/cell_text.h"

#include <charconv>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/import/words.h"
#include "sync/base/status.h"
#include "vigil/v1/common.pb.h"

namespace vigil::importer {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::string_view kListSeparator = ";";

// The fewest digits that give the number back.
template <typename Number>
std::string NumberText(Number value) {
  char digits[64];
  const auto [end, error] = std::to_chars(std::begin(digits), std::end(digits), value);
  return error == std::errc() ? std::string(std::begin(digits), end) : "";
}

std::string EnumCell(const EnumDescriptor& type, int number, const CellFormat& format) {
  const EnumValueDescriptor* value = type.FindValueByNumber(number);
  return value == nullptr || number == 0 ? "" : EnumWord(*value, format.language);
}

std::string TimeText(const google::protobuf::Timestamp& time, const CellFormat& format) {
  const absl::Time instant =
      absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*S%Ez", instant, format.zone);
}

absl::StatusOr<std::string> MessageCell(const Message& value, const CellFormat& format) {
  if (value.GetDescriptor() == v1::Date::descriptor()) {
    const auto& date = static_cast<const v1::Date&>(value);
    return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
  }
  if (value.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    return TimeText(static_cast<const google::protobuf::Timestamp&>(value), format);
  }
  if (value.GetDescriptor() == v1::RoleGrant::descriptor()) {
    const auto& grant = static_cast<const v1::RoleGrant&>(value);
    VIGIL_ASSIGN_OR_RETURN(const std::string unit, format.keys.KeyOf(grant.unit()));
    return absl::StrCat(EnumCell(*v1::Role_descriptor(), grant.role(), format), "@", unit);
  }
  return absl::InternalError("no cell holds such a message");
}

absl::StatusOr<std::string> StringCell(const Column& column, const std::string& value,
                                       const CellFormat& format) {
  if (column.refers_to.empty() || value.empty()) return value;
  return format.keys.KeyOf(value);
}

absl::StatusOr<std::string> Single(const Column& column, const FieldDescriptor& field,
                                   const Message& body, const CellFormat& format) {
  const Reflection& in = *body.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageCell(in.GetMessage(body, &field), format);
    case FieldDescriptor::CPPTYPE_STRING:
      return StringCell(column, in.GetString(body, &field), format);
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumCell(*field.enum_type(), in.GetEnumValue(body, &field), format);
    case FieldDescriptor::CPPTYPE_BOOL: {
      const bool value = in.GetBool(body, &field);
      if (format.language == console::Language::kChinese) return std::string(value ? "是" : "否");
      return std::string(value ? "true" : "false");
    }
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return NumberText(in.GetDouble(body, &field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return NumberText(in.GetFloat(body, &field));
    case FieldDescriptor::CPPTYPE_INT32:
      return NumberText(in.GetInt32(body, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return NumberText(in.GetInt64(body, &field));
    default:
      return absl::InternalError(absl::StrCat(column.name, ": no cell holds such a field"));
  }
}

absl::StatusOr<std::string> Element(const Column& column, const FieldDescriptor& field,
                                    const Message& body, int index, const CellFormat& format) {
  const Reflection& in = *body.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageCell(in.GetRepeatedMessage(body, &field, index), format);
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumCell(*field.enum_type(), in.GetRepeatedEnumValue(body, &field, index), format);
    case FieldDescriptor::CPPTYPE_STRING:
      return StringCell(column, in.GetRepeatedString(body, &field, index), format);
    default:
      return absl::InternalError(absl::StrCat(column.name, ": no cell holds such a list"));
  }
}

absl::StatusOr<std::string> FieldCell(const Column& column, const FieldDescriptor& field,
                                      const Message& body, const CellFormat& format) {
  const Reflection& in = *body.GetReflection();
  if (!field.is_repeated()) {
    // A nested message's plain fields are not set when they are zero, and say nothing then.
    if (!in.HasField(body, &field)) return std::string();
    return Single(column, field, body, format);
  }
  std::string list;
  for (int i = 0; i < in.FieldSize(body, &field); ++i) {
    VIGIL_ASSIGN_OR_RETURN(const std::string element, Element(column, field, body, i, format));
    if (i > 0) list += kListSeparator;
    list += element;
  }
  return list;
}

}  // namespace

std::vector<const Column*> ExportColumns(const FileLayout& layout) {
  std::vector<const Column*> columns;
  for (const Column& column : layout.columns) {
    if (column.use != ColumnUse::kField) continue;
    if (!column.refers_to.empty()) {
      const rules::EntityInfo* kind = rules::Schema::Get().FindEntity(column.refers_to);
      if (kind == nullptr || kind->key_field == nullptr) continue;
    }
    columns.push_back(&column);
  }
  return columns;
}

absl::StatusOr<std::string> CellText(const Column& column, const Message& body,
                                     const CellFormat& format) {
  if (column.use != ColumnUse::kField) return std::string();
  if (column.inner == nullptr) return FieldCell(column, *column.field, body, format);
  const Reflection& in = *body.GetReflection();
  if (!in.HasField(body, column.field)) return std::string();
  return FieldCell(column, *column.inner, in.GetMessage(body, column.field), format);
}

}  // namespace vigil::importer
