#ifndef VIGIL_SERVER_IMPORT_CELL_H_
#define VIGIL_SERVER_IMPORT_CELL_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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

// Without the blanks around it.
std::string_view Trimmed(std::string_view text);

// For messages: in quotes, and not whole novels.
std::string Quoted(std::string_view text);

// Puts a cell's value into the message of its row: the entity, or an element of a list (then the
// column's `inner` is the field). An empty cell sets nothing. A bad one leaves the message as it
// was or half set, and says why with a reason.
absl::Status ParseCell(const Column& column, std::string_view text, KeyResolver& resolver,
                       google::protobuf::Message& body);
absl::Status ParseElementCell(const Column& column, std::string_view text, KeyResolver& resolver,
                              google::protobuf::Message& element);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_CELL_H_
