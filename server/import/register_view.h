#ifndef VIGIL_SERVER_IMPORT_REGISTER_VIEW_H_
#define VIGIL_SERVER_IMPORT_REGISTER_VIEW_H_

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "sync/base/ids.h"
#include "sync/rules/schema.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"
#include "vigil/v1/record_command.pb.h"

namespace vigil::importer {

// One version of a record.
struct PastWrite {
  v1::RecordWrite write;
  // Where an import made it: what that said.
  std::optional<v1::ImportRecord> import;
};

// What an import needs to know of the register, all of one moment. Errors are the storage's.
class RegisterView {
 public:
  virtual ~RegisterView() = default;

  virtual absl::StatusOr<std::optional<v1::Record>> Find(const Uuid& id) = 0;
  // By the record's own key for people.
  virtual absl::StatusOr<std::optional<Uuid>> FindByKey(const rules::EntityInfo& kind,
                                                        std::string_view key) = 0;
  // By what people call it; none for a kind that has no names.
  virtual absl::StatusOr<std::vector<Uuid>> FindByName(const rules::EntityInfo& kind,
                                                       std::string_view name) = 0;
  // What has been written to the record so far, oldest first.
  virtual absl::StatusOr<std::vector<PastWrite>> History(const Uuid& id) = 0;
};

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_REGISTER_VIEW_H_
