#ifndef VIGIL_TESTS_SUPPORT_REGISTER_FILE_CHECK_H_
#define VIGIL_TESTS_SUPPORT_REGISTER_FILE_CHECK_H_

#include "absl/status/status.h"
#include "sync/sqlite/database.h"

namespace vigil::testing {

// What must hold of a register's file after anything that may happen to it, read from its tables
// alone: SQLite's checks; the log is whole and ends at the head; every leaf, node and the root of
// the audit tree is that of its rows; each record is the last of its versions, and each version was
// made by an applied operation; the digests are those of the records. DATA_LOSS with what is wrong.
absl::Status CheckRegisterFile(sqlite::Database& database);

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_REGISTER_FILE_CHECK_H_
