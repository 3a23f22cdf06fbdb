#include "server/import/layout.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/timestamp.pb.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/document.pb.h"
#include "vigil/v1/risk_source.pb.h"

namespace vigil::importer {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

struct RecordFile {
  std::string_view file;
  std::string_view kind;
};

constexpr std::array kRecordFiles = {
    RecordFile{"org_units.csv", "org_unit"},
    RecordFile{"persons.csv", "person"},
    RecordFile{"risk_sources.csv", "risk_source"},
    RecordFile{"campaigns.csv", "campaign"},
    RecordFile{"checklists.csv", "checklist"},
    RecordFile{"inspections.csv", "inspection"},
    RecordFile{"readings.csv", "reading"},
    RecordFile{"hazards.csv", "hazard"},
    RecordFile{"rectification_plans.csv", "rectification_plan"},
    RecordFile{"supervision_orders.csv", "supervision_order"},
    RecordFile{"transfers.csv", "transfer"},
    RecordFile{"bulletins.csv", "bulletin"},
    RecordFile{"assessments.csv", "assessment"},
    RecordFile{"duty_lists.csv", "duty_list"},
    RecordFile{"responsibility_statements.csv", "responsibility_statement"},
};

struct ListFile {
  std::string_view file;
  std::string_view kind;
  std::string_view list;
};

constexpr std::array kListFiles = {
    ListFile{"control_measures.csv", "risk_source", "control_measures"},
    ListFile{"checklist_items.csv", "checklist", "items"},
    ListFile{"assessment_points.csv", "assessment", "points"},
    ListFile{"duties.csv", "duty_list", "duties"},
};

constexpr std::string_view kFileKey = "code";
constexpr std::string_view kNumbered = "hazard";
constexpr std::string_view kRatingProduct = "rating_d";
// Column of a list of plain texts.
constexpr std::string_view kElement = "text";

bool HasFileOfItsOwn(const rules::EntityInfo& kind, const rules::FieldInfo& field) {
  return std::any_of(kListFiles.begin(), kListFiles.end(), [&](const ListFile& list) {
    return list.kind == kind.kind && list.list == field.name();
  });
}

// One cell holds the whole value.
bool FitsOneCell(const FieldDescriptor& field) {
  if (field.type() == FieldDescriptor::TYPE_BYTES) return false;
  const Descriptor* type = field.message_type();
  if (type == nullptr) return true;
  return type == v1::Date::descriptor() || type == google::protobuf::Timestamp::descriptor() ||
         type == v1::RoleGrant::descriptor();
}

// Each field of the message is a column.
bool Unfolds(const FieldDescriptor& field) {
  const Descriptor* type = field.message_type();
  return !field.is_repeated() &&
         (type == v1::Position::descriptor() || type == v1::Rating::descriptor() ||
          type == v1::Money::descriptor());
}

void AddColumns(const rules::FieldInfo& field, std::vector<Column>& columns) {
  Column column;
  column.name = field.name();
  column.field = field.descriptor;
  column.refers_to = field.refers_to;
  column.max_bytes = field.max_bytes;
  column.required = field.required;
  if (FitsOneCell(*field.descriptor)) {
    if (field.descriptor->message_type() == v1::RoleGrant::descriptor()) {
      column.refers_to = "org_unit";
    }
    columns.push_back(std::move(column));
    return;
  }
  if (!Unfolds(*field.descriptor)) return;
  const Descriptor& type = *field.descriptor->message_type();
  for (int i = 0; i < type.field_count(); ++i) {
    column.inner = type.field(i);
    column.name = absl::StrCat(field.name(), "_", type.field(i)->name());
    column.required = false;
    columns.push_back(column);
  }
}

FileLayout RecordLayout(const RecordFile& file) {
  FileLayout layout;
  layout.file = file.file;
  layout.kind = rules::Schema::Get().FindEntity(file.kind);
  VIGIL_CHECK(layout.kind != nullptr) << file.kind;
  if (layout.kind->key_field == nullptr) {
    layout.key_column = kFileKey;
    Column& key = layout.columns.emplace_back();
    key.name = kFileKey;
    key.use = ColumnUse::kFileKey;
    key.required = true;
  } else {
    layout.key_column = layout.kind->key_field->name();
  }
  for (const rules::FieldInfo& field : layout.kind->fields) {
    const bool given_by_import = field.descriptor->message_type() == v1::ImportSource::descriptor();
    if (given_by_import || HasFileOfItsOwn(*layout.kind, field)) continue;
    AddColumns(field, layout.columns);
  }
  // A hazard's number is the register's to give.
  if (file.kind == kNumbered) layout.natural_key = {"risk_source", "found_at", "description"};
  for (Column& column : layout.columns) {
    if (column.name == layout.key_column) column.required = layout.natural_key.empty();
  }
  if (layout.Find("rating_l") != nullptr) {
    Column& product = layout.columns.emplace_back();
    product.name = kRatingProduct;
    product.use = ColumnUse::kRatingProduct;
  }
  return layout;
}

void AddElementColumns(const rules::FieldInfo& list, std::vector<Column>& columns) {
  Column column;
  column.field = list.descriptor;
  column.max_bytes = list.max_bytes;
  const Descriptor* type = list.descriptor->message_type();
  if (type == nullptr) {
    column.name = kElement;
    column.required = true;
    columns.push_back(std::move(column));
    return;
  }
  for (int i = 0; i < type->field_count(); ++i) {
    column.inner = type->field(i);
    column.name = type->field(i)->name();
    column.refers_to.clear();
    for (const rules::FieldInfo::Inner& inner : list.inner_references) {
      if (inner.descriptor == column.inner) column.refers_to = inner.refers_to;
    }
    column.required = column.name == "code" || column.name == "number" || column.name == kElement;
    columns.push_back(column);
  }
}

FileLayout ListLayout(const ListFile& file) {
  FileLayout layout;
  layout.file = file.file;
  layout.kind = rules::Schema::Get().FindEntity(file.kind);
  VIGIL_CHECK(layout.kind != nullptr) << file.kind;
  layout.list = layout.kind->Find(file.list);
  VIGIL_CHECK(layout.list != nullptr) << file.list;
  layout.key_column = layout.kind->kind;
  Column& owner = layout.columns.emplace_back();
  owner.name = layout.key_column;
  owner.use = ColumnUse::kOwner;
  owner.required = true;
  AddElementColumns(*layout.list, layout.columns);
  return layout;
}

std::vector<FileLayout> AllLayouts() {
  std::vector<FileLayout> layouts;
  for (const RecordFile& file : kRecordFiles) layouts.push_back(RecordLayout(file));
  for (const ListFile& file : kListFiles) layouts.push_back(ListLayout(file));
  return layouts;
}

}  // namespace

const Column* FileLayout::Find(std::string_view name) const {
  for (const Column& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

const std::vector<FileLayout>& FileLayouts() {
  static const auto* const layouts = new std::vector<FileLayout>(AllLayouts());
  return *layouts;
}

const FileLayout* FindLayout(std::string_view file) {
  for (const FileLayout& layout : FileLayouts()) {
    if (layout.file == file) return &layout;
  }
  return nullptr;
}

std::string EnumText(const google::protobuf::EnumValueDescriptor& value) {
  // Every enum begins with its UNSPECIFIED value, which carries the prefix of all.
  const std::string& first = value.type()->value(0)->name();
  const std::size_t prefix = first.size() - std::string_view("UNSPECIFIED").size();
  return absl::AsciiStrToLower(value.name().substr(prefix));
}

}  // namespace vigil::importer
