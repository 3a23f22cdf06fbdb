#ifndef VIGIL_SERVER_IMPORT_IMPORTER_H_
#define VIGIL_SERVER_IMPORT_IMPORTER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/import/register_view.h"
#include "server/import/tables.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/operation.pb.h"

// CSV files in, operations out. An import is planned here and applied by the register, like every
// other change.

namespace vigil::importer {

struct PlanOptions {
  // Take the good rows even where others are bad. Default: all or nothing.
  bool keep_good_rows = false;
  // From this day on a risk source counts as not inspected, unless its row names another.
  v1::Date today;
  // The register's own: times in the files that name no offset are meant in it.
  absl::TimeZone zone = absl::FixedTimeZone(8 * 60 * 60);
  TableOptions tables = {};
  std::size_t operation_bytes_max = 256 * 1024;
  // Stage ("reading", "checking"), rows done, rows in all. May be empty.
  std::function<void(std::string_view stage, std::int64_t done, std::int64_t total)> progress;
};

struct ImportPlan {
  // In the order in which they must be judged. Each has its ImportRecord, and for a record that
  // exists its `seen`, in the epoch of the view. Whoever submits them adds identity, author and
  // that epoch. Empty where the plan is rejected.
  std::vector<v1::Operation> operations;
  // By file (as given) and line. Warnings are among them.
  std::vector<v1::ImportProblem> problems;
  // One for each operation that changes a record which exists, in the order of the operations.
  std::vector<v1::ImportChange> changes;
  // One for each known file: what its rows would do to the register. A row with a problem, or
  // left out because of another row's, counts as bad.
  std::vector<v1::ImportFileCount> files;
  // There are problems (no warnings), and not even the good rows were asked for. `changes` still
  // says what the good rows would change.
  bool rejected = false;
};

// Record ids follow from the key alone (DerivedUuid, name space "vigil/import/<kind>"), unless the
// register knows the key already; so the same files give the same records, and a second import of
// them gives no operation. A hazard without a number, which the register then gives it, is known
// again by its risk source, the time at which it was found and its description, as long as none of
// them changes in the file. Errors are the view's; bad rows are problems.
absl::StatusOr<ImportPlan> PlanImport(const std::vector<InputFile>& files, RegisterView& view,
                                      const PlanOptions& options);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_IMPORTER_H_
