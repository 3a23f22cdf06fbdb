#ifndef VIGIL_SERVER_IMPORT_LAYOUT_H_
#define VIGIL_SERVER_IMPORT_LAYOUT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "sync/rules/schema.h"

// Which files an import knows, and which columns they have. Columns follow from the contract: a
// field is a column of its name, a field of a nested message is one joined with "_".

namespace vigil::importer {

enum class ColumnUse : std::uint8_t {
  kField,
  // Key of a kind that has none in the register: used among the files, and for the record's id.
  kFileKey,
  // In a file of list elements: key of the record to which the row belongs.
  kOwner,
  // Product of the LEC rating; checked, not stored.
  kRatingProduct,
};

struct Column {
  std::string name;
  ColumnUse use = ColumnUse::kField;
  // Field of the row's message; null unless kField.
  const google::protobuf::FieldDescriptor* field = nullptr;
  // Field inside `field`, where the column names one.
  const google::protobuf::FieldDescriptor* inner = nullptr;
  // Kind of record that the cell names by key; empty for none.
  std::string refers_to;
  std::uint32_t max_bytes = 0;
  bool required = false;

  // What the cell is parsed as.
  const google::protobuf::FieldDescriptor& value() const { return inner ? *inner : *field; }
};

struct FileLayout {
  // "hazards.csv"
  std::string file;
  const rules::EntityInfo* kind = nullptr;
  // A file of list elements: the list to which its rows belong; null: each row is a record.
  const rules::FieldInfo* list = nullptr;
  std::string key_column;
  // Columns that together identify a row without a key: the register gives it one. Empty: there is
  // no row without a key.
  std::vector<std::string> natural_key;
  std::vector<Column> columns;

  const Column* Find(std::string_view name) const;
};

// In the order in which records are made: what is referred to comes first.
const std::vector<FileLayout>& FileLayouts();
// Null if no such file is known.
const FileLayout* FindLayout(std::string_view file);

// "HAZARD_STATUS_VERIFIED" is "verified" in a cell.
std::string EnumText(const google::protobuf::EnumValueDescriptor& value);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_LAYOUT_H_
