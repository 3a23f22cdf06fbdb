#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "google/protobuf/timestamp.pb.h"
#include "server/import/layout.h"
#include "server/report/hazard_lines.h"
#include "server/report/headings.h"
#include "server/report/reports.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/rules/schema.h"

// The ledger as an import takes it. The columns are the import's own, so that the two agree.

namespace vigil::report {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::string_view kListSeparator = ";";

bool NamesByKey(const std::string& kind) {
  const rules::EntityInfo* const info = rules::Schema::Get().FindEntity(kind);
  return info != nullptr && info->key_field != nullptr;
}

// Records without a key are named by none that an import could find.
std::vector<const importer::Column*> Columns() {
  const importer::FileLayout* const layout = importer::FindLayout("hazards.csv");
  VIGIL_CHECK(layout != nullptr);
  std::vector<const importer::Column*> columns;
  for (const importer::Column& column : layout->columns) {
    if (column.use != importer::ColumnUse::kField) continue;
    if (column.refers_to.empty() || NamesByKey(column.refers_to)) columns.push_back(&column);
  }
  return columns;
}

ColumnType TypeOf(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return ColumnType::kFlag;
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return ColumnType::kReal;
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      return ColumnType::kInteger;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return field.message_type() == v1::Date::descriptor() ? ColumnType::kDate
                                                            : ColumnType::kInstant;
    default:
      return ColumnType::kText;
  }
}

Value EnumValue(const FieldDescriptor& field, int number, Language language) {
  if (number == 0) return std::monostate();
  const auto* const known = field.enum_type()->FindValueByNumber(number);
  if (known == nullptr) return std::to_string(number);
  return language == Language::kChinese ? console::EnumName(*field.enum_type(), number, language)
                                        : importer::EnumText(*known);
}

Value MessageValue(const Message& value) {
  if (value.GetDescriptor() == v1::Date::descriptor()) {
    return DateValue(static_cast<const v1::Date&>(value));
  }
  VIGIL_CHECK(value.GetDescriptor() == google::protobuf::Timestamp::descriptor());
  return TimeOf(static_cast<const google::protobuf::Timestamp&>(value));
}

class CellMaker {
 public:
  explicit CellMaker(Task& task) : task_(task) {}

  absl::StatusOr<Value> Make(const importer::Column& column, const Message& body) {
    const Message* holder = &body;
    if (column.inner != nullptr) {
      if (!body.GetReflection()->HasField(body, column.field)) return std::monostate();
      holder = &body.GetReflection()->GetMessage(body, column.field);
    }
    const FieldDescriptor& field = column.value();
    if (field.is_repeated()) return ListOf(column, *holder, field);
    const Reflection& reflection = *holder->GetReflection();
    if (field.has_presence() && !reflection.HasField(*holder, &field)) return std::monostate();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return TextOfReference(column, reflection.GetString(*holder, &field));
      case FieldDescriptor::CPPTYPE_ENUM:
        return EnumValue(field, reflection.GetEnumValue(*holder, &field), task_.language());
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.GetBool(*holder, &field);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.GetDouble(*holder, &field);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return static_cast<double>(reflection.GetFloat(*holder, &field));
      case FieldDescriptor::CPPTYPE_INT32:
        return std::int64_t{reflection.GetInt32(*holder, &field)};
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.GetInt64(*holder, &field);
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return MessageValue(reflection.GetMessage(*holder, &field));
      default:
        VIGIL_CHECK(false) << column.name;
        return std::monostate();
    }
  }

 private:
  absl::StatusOr<Value> TextOfReference(const importer::Column& column, const std::string& text) {
    if (text.empty()) return std::monostate();
    if (column.refers_to.empty()) return text;
    VIGIL_ASSIGN_OR_RETURN(std::string key, task_.records.KeyOf(text));
    return key;
  }

  absl::StatusOr<Value> ListOf(const importer::Column& column, const Message& holder,
                               const FieldDescriptor& field) {
    const Reflection& reflection = *holder.GetReflection();
    VIGIL_CHECK(field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) << column.name;
    std::vector<std::string> texts;
    for (int i = 0; i < reflection.FieldSize(holder, &field); ++i) {
      VIGIL_ASSIGN_OR_RETURN(
          const Value value,
          TextOfReference(column, reflection.GetRepeatedString(holder, &field, i)));
      texts.push_back(TextOf(value, task_.language(), task_.heading.zone));
    }
    return absl::StrJoin(texts, ToAbsl(kListSeparator));
  }

  Task& task_;
};

// As the ledger has it.
v1::Hazard InForce(const HazardLine& line) {
  v1::Hazard hazard = line.hazard();
  hazard.set_number(line.row.number());
  hazard.set_status(line.row.state().status());
  hazard.set_grade(line.row.state().grade());
  if (line.row.state().has_due_date()) *hazard.mutable_due_date() = line.row.state().due_date();
  return hazard;
}

}  // namespace

absl::Status WriteHazardRecords(Task task) {
  task.heading.name = "hazards";
  const std::vector<const importer::Column*> columns = Columns();
  Section section;
  section.name = "hazards";
  for (const importer::Column* column : columns) {
    section.columns.push_back(
        ColumnOf({.name = column->name, .type = TypeOf(column->value())}, task.language()));
  }
  VIGIL_RETURN_IF_ERROR(task.writer.Begin(task.heading));
  VIGIL_RETURN_IF_ERROR(task.writer.BeginSection(section));
  CellMaker cells(task);
  VIGIL_RETURN_IF_ERROR(
      ForEachHazard(task.context, task.records, task.request.filter(), task.request.order_by(),
                    [&](const HazardLine& line) -> absl::Status {
                      const v1::Hazard hazard = InForce(line);
                      Row row;
                      row.key = line.row.record();
                      for (const importer::Column* column : columns) {
                        VIGIL_ASSIGN_OR_RETURN(Value value, cells.Make(*column, hazard));
                        row.values.push_back(std::move(value));
                      }
                      return task.writer.Add(row);
                    }));
  return task.writer.End();
}

}  // namespace vigil::report
