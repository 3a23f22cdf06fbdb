#ifndef VIGIL_TESTS_SUPPORT_PHONE_FILE_CHECK_H_
#define VIGIL_TESTS_SUPPORT_PHONE_FILE_CHECK_H_

#include "absl/status/status.h"
#include "sync/sqlite/database.h"

namespace vigil::testing {

// What must hold of a phone's file after anything that may happen to it, read from its tables
// alone: SQLite's checks; the digest is that of the confirmed records, and the columns beside a
// record's bytes say what they say; an operation waits or is judged, never both; each one that
// waits continues the chain of its device, whose end is the last one made; the overlay holds writes
// of operations that wait, or that are judged and not yet confirmed. DATA_LOSS with what is wrong.
absl::Status CheckPhoneFile(sqlite::Database& database);

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_PHONE_FILE_CHECK_H_
