#include "tests/support/database_dump.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"

namespace vigil::testing {
namespace {

using sqlite::Database;
using sqlite::Statement;

absl::StatusOr<std::vector<std::string>> TextsOf(Database& database, const std::string& sql) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.QueryText(sql));
  std::vector<std::string> texts;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return texts;
    texts.emplace_back(row.ColumnText(0));
  }
}

}  // namespace

absl::StatusOr<std::string> DumpOf(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(
      const std::vector<std::string> tables,
      TextsOf(database,
              "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
              "ORDER BY name"));
  std::string dump;
  for (const std::string& table : tables) {
    VIGIL_ASSIGN_OR_RETURN(
        const std::vector<std::string> columns,
        TextsOf(database, absl::StrCat("SELECT 'quote(' || name || ')' FROM pragma_table_info('",
                                       table, "') WHERE name <> 'ordinal'")));
    std::string values;
    for (const std::string& column : columns) {
      absl::StrAppend(&values, values.empty() ? "" : " || ' ' || ", column);
    }
    VIGIL_ASSIGN_OR_RETURN(
        std::vector<std::string> rows,
        TextsOf(database, absl::StrCat("SELECT '", table, " ' || ", values, " FROM ", table)));
    std::sort(rows.begin(), rows.end());
    for (const std::string& row : rows) absl::StrAppend(&dump, row, "\n");
  }
  return dump;
}

absl::Status CheckDatabase(Database& database) {
  VIGIL_RETURN_IF_ERROR(database.IntegrityCheck());
  return database.ForeignKeyCheck();
}

}  // namespace vigil::testing
