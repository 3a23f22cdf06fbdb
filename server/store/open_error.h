#ifndef VIGIL_SERVER_STORE_OPEN_ERROR_H_
#define VIGIL_SERVER_STORE_OPEN_ERROR_H_

#include <string>

#include "absl/status/status.h"
#include "sync/sqlite/database.h"

// Why a register's file cannot be opened.

namespace vigil::store {

// Says what is wrong with a file in the terms of those who start the register: FOREIGN_FILE,
// CORRUPT_FILE. Other errors stay what they are.
absl::Status WhyNotOpened(const absl::Status& status, const std::string& path);

// SCHEMA_TOO_NEW: a newer program wrote it.
absl::Status CheckVersion(sqlite::Database& database, const std::string& path);

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_OPEN_ERROR_H_
