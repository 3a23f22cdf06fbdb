#ifndef VIGIL_SERVER_IMPORT_CELL_TEXT_H_
#define VIGIL_SERVER_IMPORT_CELL_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "server/import/layout.h"
#include "sync/cli/console/text.h"

// Records as cells: what an export writes so that an import of it changes nothing.

namespace vigil::importer {

// Finds the key of a record that a cell names.
class KeySource {
 public:
  virtual ~KeySource() = default;
  // Empty for a record that is not there, or has no key. Errors are the storage's.
  virtual absl::StatusOr<std::string> KeyOf(std::string_view id) = 0;
};

struct CellFormat {
  KeySource& keys;
  // Times are written in it, with their offset.
  absl::TimeZone zone;
  console::Language language = console::Language::kEnglish;
};

// The columns that say something the register holds and an import can find again: neither the key
// of a kind that has none, nor what refers to such a kind, nor a rating's product.
std::vector<const Column*> ExportColumns(const FileLayout& layout);

// What ParseCell makes the same value of; empty where the field is not set. For columns
// that are fields; others are empty.
absl::StatusOr<std::string> CellText(const Column& column, const google::protobuf::Message& body,
                                     const CellFormat& format);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_CELL_TEXT_H_
