#ifndef VIGIL_SERVER_IMPORT_DIFFERENCE_H_
#define VIGIL_SERVER_IMPORT_DIFFERENCE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "server/import/cell_text.h"
#include "server/import/register_view.h"
#include "sync/rules/schema.h"
#include "vigil/v1/admin_service.pb.h"
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
  // Fields of which the row says what the register held, until people wrote something else: the
  // file is older than that, and the register's value stays.
  std::vector<const rules::FieldInfo*> older;
};

// Compares what the row says of `fields` with what the register holds and with what imports said
// last. What is equal to either changes nothing: what the office or a phone has changed since
// stays, the same files change nothing, and nor does what was exported. Text is equal but for
// blanks around it and the kind of its line breaks, times as dates.h has it. A record that no
// import has named yet is compared with the register alone.
absl::StatusOr<Difference> Compare(const v1::Entity& row,
                                   const std::vector<const rules::FieldInfo*>& fields,
                                   const v1::Record& record, RegisterView& view,
                                   const absl::TimeZone& zone);

// The fields of an entity's value in words of the contract, references as keys.
absl::StatusOr<std::string> FieldText(const google::protobuf::Message& body,
                                      const rules::FieldInfo& field, KeySource& keys);

// Each field that `command` changes of `record`, before and after; of a set, what comes and goes.
absl::Status Describe(const v1::ImportRecord& command, const v1::Record& record, KeySource& keys,
                      v1::ImportChange& change);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_DIFFERENCE_H_
