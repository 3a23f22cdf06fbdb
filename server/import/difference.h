#ifndef VIGIL_SERVER_IMPORT_DIFFERENCE_H_
#define VIGIL_SERVER_IMPORT_DIFFERENCE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/import/register_view.h"
#include "sync/rules/schema.h"
#include "vigil/v1/entity.pb.h"
#include "vigil/v1/record.pb.h"
#include "vigil/v1/record_command.pb.h"

namespace vigil::importer {

// What a row changes of a record that exists.
struct Difference {
  // Entity, removed elements and mask; no fields in the mask: nothing changes.
  v1::ImportRecord command;
  // Fields that never change after a record was made, and that the row would change.
  std::vector<const rules::FieldInfo*> fixed;
};

// Compares what the row says of `fields` with what imports said last, not with what the register
// holds: what the office or a phone has changed since stays, and the same files change nothing.
// A record that no import has named yet is compared with nothing.
absl::StatusOr<Difference> Compare(const v1::Entity& row,
                                   const std::vector<const rules::FieldInfo*>& fields,
                                   const v1::Record& record, RegisterView& view);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_DIFFERENCE_H_
