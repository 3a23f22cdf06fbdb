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

absl::Status CheckNoStrays(Database& database, std::span<const std::string_view> statements,
                           std::string_view file) {
  for (const std::string_view sql : statements) {
    VIGIL_ASSIGN_OR_RETURN(Statement row, database.QueryText(sql));
    VIGIL_RETURN_IF_ERROR(internal::ToStatus(row.Step()));
    if (row.ColumnInt64(0) > 0) {
      return absl::DataLossError(absl::StrCat(ToAbsl(file), ": rows of ", ToAbsl(sql)));
    }
  }
  return absl::OkStatus();
}

std::size_t DigestSums::BucketOf(const Uuid& record) {
  return static_cast<unsigned char>(Sha256Of(record.bytes()).bytes()[0]);
}

void DigestSums::Add(const Uuid& record, std::string_view bytes) {
  std::uint64_t share = 0;
  const Sha256 hash = Sha256Of(bytes);
  for (const char byte : hash.bytes().substr(0, 8)) {
    share = (share << 8) | static_cast<unsigned char>(byte);
  }
  sums_[BucketOf(record)] += share;
}

std::string DigestSums::Bytes() const {
  std::string bytes;
  for (const std::uint64_t sum : sums_) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<char>((sum >> shift) & 0xff));
    }
  }
  return bytes;
}

}  // namespace vigil::testing
