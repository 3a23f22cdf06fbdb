#ifndef VIGIL_TESTS_UNIT_SYNC_SQLITE_FIXTURE_H_
#define VIGIL_TESTS_UNIT_SYNC_SQLITE_FIXTURE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "sync/sqlite/database.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace vigil::sqlite {

// A database file with one table, t(n INTEGER PRIMARY KEY, text TEXT, bytes BLOB, real REAL).
class SqliteTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Transaction transaction = Begin();
    VIGIL_ASSERT_OK(transaction.Execute(
        "CREATE TABLE t (n INTEGER PRIMARY KEY, text TEXT, bytes BLOB, real REAL) STRICT"));
    VIGIL_ASSERT_OK(transaction.Commit());
  }

  Database Open(const std::string& path, const OpenOptions& options = OpenOptions()) {
    absl::StatusOr<Database> database = Database::Open(path, options);
    VIGIL_CHECK(database.ok()) << database.status();
    return *std::move(database);
  }

  Transaction Begin() {
    absl::StatusOr<Transaction> transaction = database_.BeginWrite();
    VIGIL_CHECK(transaction.ok()) << transaction.status();
    return *std::move(transaction);
  }

  // Inserts and commits.
  absl::Status Insert(std::int64_t number) {
    VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database_.BeginWrite());
    VIGIL_RETURN_IF_ERROR(InsertInto(transaction, number));
    return transaction.Commit();
  }

  static absl::Status InsertInto(Transaction& transaction, std::int64_t number) {
    VIGIL_ASSIGN_OR_RETURN(Statement insert, transaction.Prepare("INSERT INTO t (n) VALUES (?)"));
    insert.BindInt64(1, number);
    return insert.Run();
  }

  static absl::StatusOr<std::int64_t> Count(Database& database) {
    VIGIL_ASSIGN_OR_RETURN(Statement count, database.Query("SELECT count(*) FROM t"));
    VIGIL_RETURN_IF_ERROR(count.Step());
    return count.ColumnInt64(0);
  }

  testing::TempDir directory_;
  Database database_ = Open(directory_.File("test.db"));
};

}  // namespace vigil::sqlite

#endif  // VIGIL_TESTS_UNIT_SYNC_SQLITE_FIXTURE_H_
