#ifndef VIGIL_TESTS_SUPPORT_DATABASE_DUMP_H_
#define VIGIL_TESTS_SUPPORT_DATABASE_DUMP_H_

#include <string>

#include "absl/status/statusor.h"
#include "sync/sqlite/database.h"

namespace vigil::testing {

// All rows of all tables as text, a line each, in an order that does not depend on how they came
// there: what can be compared. Rowids that name nothing (columns `ordinal`) are left out.
absl::StatusOr<std::string> DumpOf(sqlite::Database& database);

// What holds of every sound database: SQLite's own checks. DATA_LOSS with what does not.
absl::Status CheckDatabase(sqlite::Database& database);

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_DATABASE_DUMP_H_
