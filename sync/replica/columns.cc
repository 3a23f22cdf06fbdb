#include "sync/replica/columns.h"

#include <cstdint>
#include <optional>

#include "sync/base/status.h"
#include "sync/base/utf8.h"
#include "sync/replica/confirmed.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"
#include "sync/rules/wire.h"
#include "vigil/v1/record.pb.h"

namespace vigil::replica {
namespace {

using rules::TakeField;
using rules::WireField;
using rules::WireType;

// The next field of a message whose fields stand in the order of their numbers; nothing where it is
// no such message.
std::optional<WireField> TakeInOrder(std::string_view& rest, int& last) {
  std::optional<WireField> field = TakeField(rest);
  if (!field) return field;
  if (field->number == 0 || field->number < last) field.reset();
  if (field) last = field->number;
  return field;
}

bool CutBody(const rules::EntityInfo& info, std::string_view body, Columns& columns) {
  const bool is_hazard = info.number == v1::Entity::kHazard;
  int last = 0;
  while (!body.empty()) {
    const std::optional<WireField> field = TakeInOrder(body, last);
    if (!field) return false;
    if (info.key_field != nullptr && field->number == info.key_field->number()) {
      columns.key = std::string(field->content);
    } else if (is_hazard && field->number == v1::Hazard::kMergedIntoFieldNumber) {
      columns.merged_into = Uuid::ParseOrNil(field->content);
    }
  }
  return IsValidText(columns.key);
}

bool CutEntity(std::string_view entity, Columns& columns) {
  const std::optional<WireField> choice = TakeField(entity);
  if (!choice || choice->type != WireType::kDelimited || !entity.empty()) return false;
  const rules::EntityInfo* info = rules::Schema::Get().FindEntity(choice->number);
  // A kind that a newer register added is kept, and counted in the digest, without being read.
  if (info == nullptr) return true;
  columns.kind = info->number;
  return CutBody(*info, choice->content, columns);
}

// A field that was written once is not in conflict.
bool IsWrittenOnce(std::string_view state) {
  int writes = 0;
  int last = 0;
  while (!state.empty()) {
    const std::optional<WireField> field = TakeInOrder(state, last);
    if (!field) return false;
    if (field->number == v1::FieldState::kWritesFieldNumber) ++writes;
  }
  return writes < 2;
}

bool CutField(const WireField& field, Columns& columns) {
  switch (field.number) {
    case v1::Record::kIdFieldNumber:
      columns.id = Uuid::ParseOrNil(field.content);
      return true;
    case v1::Record::kVersionFieldNumber:
      columns.version = Seq(field.varint);
      return true;
    case v1::Record::kUnitFieldNumber:
      columns.unit = Uuid::ParseOrNil(field.content);
      return true;
    case v1::Record::kParentFieldNumber:
      columns.parent = Uuid::ParseOrNil(field.content);
      return true;
    case v1::Record::kEntityFieldNumber:
      return CutEntity(field.content, columns);
    case v1::Record::kStatesFieldNumber:
      return IsWrittenOnce(field.content);
    default:
      return true;
  }
}

// Of bytes as a register writes them, without parsing what is only stored. Nothing where more has
// to be known of them.
std::optional<Columns> CutColumns(std::string_view bytes) {
  Columns columns;
  int last = 0;
  while (!bytes.empty()) {
    const int before = last;
    const std::optional<WireField> field = TakeInOrder(bytes, last);
    const bool may_repeat = field && field->number == v1::Record::kStatesFieldNumber;
    if (!field || (field->number == before && !may_repeat)) return std::nullopt;
    if (!CutField(*field, columns)) return std::nullopt;
  }
  if (columns.id.is_nil() || columns.version == Seq()) return std::nullopt;
  return columns;
}

absl::StatusOr<Columns> ParseColumns(std::string_view bytes) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record record, ParseRecord(bytes));
  Columns columns;
  columns.id = Uuid::ParseOrNil(record.id());
  columns.version = Seq(record.version());
  if (columns.id.is_nil() || columns.version == Seq()) {
    return absl::DataLossError("the register sent a record without an id or a version");
  }
  columns.parent = Uuid::ParseOrNil(record.parent());
  columns.unit = Uuid::ParseOrNil(record.unit());
  const rules::EntityInfo* info = rules::InfoOf(record);
  if (info == nullptr) return columns;
  columns.kind = info->number;
  columns.key = rules::KeyOf(record);
  columns.merged_into = Uuid::ParseOrNil(record.entity().hazard().merged_into());
  columns.in_conflict = !rules::ConflictsOf(record).empty();
  return columns;
}

}  // namespace

absl::StatusOr<Columns> ColumnsOf(std::string_view bytes) {
  if (std::optional<Columns> columns = CutColumns(bytes)) return *std::move(columns);
  return ParseColumns(bytes);
}

}  // namespace vigil::replica
