#ifndef VIGIL_SYNC_SQLITE_MIGRATIONS_H_
#define VIGIL_SYNC_SQLITE_MIGRATIONS_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "sync/sqlite/database.h"

namespace vigil::sqlite {

// One step of a schema. Released steps never change; a mistake is corrected by a further step.
struct Migration {
  std::int32_t version;   // 1, 2, 3, ...: the user_version after it
  std::string_view name;  // "first-schema"
  std::string_view why;   // one sentence for the reader of the list
  std::string_view sql;   // run as one script in one transaction
};

struct Schema {
  std::string_view what;         // "Vigil register", for messages
  std::uint32_t application_id;  // marks the file as ours
  std::span<const Migration> migrations;

  std::int32_t version() const { return migrations.empty() ? 0 : migrations.back().version; }
};

// Brings a database up to the newest version, each step in a transaction of its own with a foreign
// key check at its end. FAILED_PRECONDITION, with nothing written: the file is another program's,
// or its schema is newer than this program's. A step that fails leaves the version before it.
absl::Status Migrate(Database& database, const Schema& schema);

// The same refusals, and FAILED_PRECONDITION for an older schema too: for those who only read.
absl::Status CheckSchema(Database& database, const Schema& schema);

}  // namespace vigil::sqlite

#endif  // VIGIL_SYNC_SQLITE_MIGRATIONS_H_
