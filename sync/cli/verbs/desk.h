#ifndef VIGIL_SYNC_CLI_VERBS_DESK_H_
#define VIGIL_SYNC_CLI_VERBS_DESK_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/file.h"
#include "sync/cli/console/console.h"
#include "sync/cli/console/value_parse.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"

namespace vigil::verbs {

// Where somebody works: a phone or an office. The verbs say the same at both; what differs is where
// records come from and what becomes of an operation.
class Desk {
 public:
  virtual ~Desk() = default;

  virtual console::Console& console() = 0;
  virtual FileSystem& files() = 0;
  // The register's.
  virtual absl::TimeZone zone() = 0;
  virtual absl::Time Now() = 0;
  // A new record's.
  virtual std::string NewId() = 0;

  // The record as its user is shown it, by its key (a hazard's number, a code), its id or the
  // beginning of its id. NOT_FOUND; a usage error where several begin so. `kind` may be empty: any.
  virtual absl::StatusOr<v1::Record> Find(std::string_view kind, std::string_view name) = 0;
  // Children of one kind, in the order of ids.
  virtual absl::StatusOr<std::vector<v1::Record>> Children(const v1::Record& parent,
                                                           std::string_view kind) = 0;

  // Takes a photo or document and sees to it that its bytes get to the register: a phone keeps it
  // until it can be sent, the office sends it. Before the operation that names it.
  virtual absl::StatusOr<v1::Evidence> TakePhoto(const std::string& path,
                                                 const std::string& caption) = 0;

  // Brings an operation (its command alone is filled in) on its way and says what became of it: a
  // phone queues it, the office has it judged. What was refused is an error.
  virtual absl::Status Submit(v1::Operation operation) = 0;

  // For values that people type.
  console::Reading reading();
};

}  // namespace vigil::verbs

#endif  // VIGIL_SYNC_CLI_VERBS_DESK_H_
