#ifndef VIGIL_SERVER_IMPORT_CELL_H_
#define VIGIL_SERVER_IMPORT_CELL_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "server/import/layout.h"

namespace vigil::importer {

// Finds the record that a cell names by its key.
class KeyResolver {
 public:
  virtual ~KeyResolver() = default;
  // Its id as text; REASON_UNKNOWN_REFERENCE if there is none. An error without a reason is the
  // storage's.
  virtual absl::StatusOr<std::string> Resolve(std::string_view kind, std::string_view key) = 0;
};

struct CellContext {
  KeyResolver& keys;
  // In which times without an offset are meant.
  absl::TimeZone zone;
};

// Without the blanks around it.
std::string_view Trimmed(std::string_view text);

// For messages: in quotes, and not whole novels.
std::string Quoted(std::string_view text);

// Puts a cell's value into the message of its row: the entity, or an element of a list (then the
// column's `inner` is the field). An empty cell sets nothing. A bad one leaves the message as it
// was or half set, and says why with a reason. Values of enums are taken by their English or their
// Chinese words, yes and no as true, 是, false and 否, dates and times as in dates.h; between the
// elements of a list stands ";", or "；" where they name something.
absl::Status ParseCell(const Column& column, std::string_view text, const CellContext& context,
                       google::protobuf::Message& body);
absl::Status ParseElementCell(const Column& column, std::string_view text,
                              const CellContext& context, google::protobuf::Message& element);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_CELL_H_
