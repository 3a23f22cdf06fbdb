#include "sync/sqlite/gathering_vfs.h"

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "sync/sqlite/database.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"

// What a crash leaves of gathered writes is told by crash_test.cc.

namespace vigil::sqlite {
namespace {

using ::testing::Not;
using testing::SimVfs;
using testing::StatusIs;

class GatheringVfsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Transaction transaction = Begin();
    VIGIL_ASSERT_OK(
        transaction.Execute("CREATE TABLE t (n INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT"));
    VIGIL_ASSERT_OK(transaction.Commit());
  }

  Database Open(const OpenOptions& asked = OpenOptions()) {
    OpenOptions options = asked;
    options.vfs = disk_.name();
    absl::StatusOr<Database> database = Database::Open("test.db", options);
    VIGIL_CHECK(database.ok()) << database.status();
    return *std::move(database);
  }

  Transaction Begin() {
    absl::StatusOr<Transaction> transaction = database_.BeginWrite();
    VIGIL_CHECK(transaction.ok()) << transaction.status();
    return *std::move(transaction);
  }

  // Rows that take a page each.
  static absl::Status Insert(Transaction& transaction, int rows) {
    for (int i = 0; i < rows; ++i) {
      VIGIL_ASSIGN_OR_RETURN(Statement insert,
                             transaction.Prepare("INSERT INTO t (bytes) VALUES (?1)"));
      VIGIL_RETURN_IF_ERROR(insert.BindBlob(1, std::string(3000, 'x')).Run());
    }
    return absl::OkStatus();
  }

  absl::Status Commit(int rows) {
    VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database_.BeginWrite());
    VIGIL_RETURN_IF_ERROR(Insert(transaction, rows));
    return transaction.Commit();
  }

  static std::int64_t Count(Database& database) {
    absl::StatusOr<Statement> count = database.Query("SELECT count(*), sum(length(bytes)) FROM t");
    VIGIL_CHECK(count.ok()) << count.status();
    VIGIL_CHECK(count->Step().ok());
    const std::int64_t rows = count->ColumnInt64(0);
    EXPECT_EQ(count->ColumnInt64(1), rows * 3000);
    return rows;
  }

  SimVfs disk_;
  Database database_ = Open();
};

TEST_F(GatheringVfsTest, TheFramesOfACommitAreWrittenTogether) {
  const SimVfs::Counts before = disk_.counts();
  VIGIL_ASSERT_OK(Commit(20));
  const SimVfs::Counts after = disk_.counts();
  EXPECT_EQ(after.syncs - before.syncs, 1);
  EXPECT_EQ(after.writes - before.writes, 1);
  EXPECT_GT(after.bytes_written - before.bytes_written, 20 * 4096);
}

// SQLite's own VFS for Unix takes 128 KiB at once.
TEST_F(GatheringVfsTest, ALargeCommitIsWrittenInParts) {
  const SimVfs::Counts before = disk_.counts();
  VIGIL_ASSERT_OK(Commit(200));
  const SimVfs::Counts after = disk_.counts();
  EXPECT_LE(after.bytes_written - before.bytes_written,
            (after.writes - before.writes) * (128 * 1024 - 1));
  EXPECT_EQ(Count(database_), 200);
}

TEST_F(GatheringVfsTest, OthersSeeACommitOnceItIsAcknowledged) {
  Database reader = Open({.mode = OpenOptions::Mode::kReadOnly});
  for (int i = 1; i <= 20; ++i) {
    VIGIL_ASSERT_OK(Commit(1));
    EXPECT_EQ(Count(reader), i);
  }
}

// Pages that did not fit the cache go to the log before the commit, and are read from it.
TEST_F(GatheringVfsTest, ATransactionLargerThanTheCacheReadsItsOwnPages) {
  database_ = Open({.cache_kib = 64});
  Transaction transaction = Begin();
  VIGIL_ASSERT_OK(Insert(transaction, 300));
  EXPECT_EQ(Count(database_), 300);
  VIGIL_ASSERT_OK(transaction.Execute("DELETE FROM t WHERE n > 100"));
  EXPECT_EQ(Count(database_), 100);
  VIGIL_ASSERT_OK(transaction.Commit());
  Database reader = Open({.mode = OpenOptions::Mode::kReadOnly});
  EXPECT_EQ(Count(reader), 100);
}

TEST_F(GatheringVfsTest, NothingIsLeftOfACommitThatCouldNotBeWritten) {
  VIGIL_ASSERT_OK(Commit(5));
  const std::int64_t before = disk_.counts().bytes_written;
  disk_.SetFault({.operations = SimVfs::kWrite, .full = true});
  EXPECT_THAT(Commit(5), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_TRUE(disk_.fault_struck());
  EXPECT_EQ(Count(database_), 5);
  EXPECT_EQ(disk_.counts().bytes_written, before) << "the commit that failed is written after all";
  VIGIL_ASSERT_OK(Commit(1));
  Database reader = Open({.mode = OpenOptions::Mode::kReadOnly});
  EXPECT_EQ(Count(reader), 6);
}

// Its frames are in the log by then; the next commit's take their place.
TEST_F(GatheringVfsTest, WhatIsRolledBackIsWrittenOver) {
  database_ = Open({.cache_kib = 64});
  VIGIL_ASSERT_OK(Commit(5));
  {
    const std::int64_t before = disk_.counts().bytes_written;
    Transaction transaction = Begin();
    VIGIL_ASSERT_OK(Insert(transaction, 300));
    EXPECT_GT(disk_.counts().bytes_written, before) << "all of it fits the cache";
  }
  VIGIL_ASSERT_OK(Commit(1));
  Database reader = Open({.mode = OpenOptions::Mode::kReadOnly});
  EXPECT_EQ(Count(reader), 6);
}

// SQLite goes back in the log for a page that it has written in the same transaction.
TEST_F(GatheringVfsTest, WhatIsWrittenAnywhereStandsThere) {
  const auto gathering = GatheringVfs::Make(disk_.name());
  sqlite3_vfs* const vfs = sqlite3_vfs_find(gathering->name().c_str());
  std::vector<char> memory(static_cast<std::size_t>(vfs->szOsFile));
  auto* const log = reinterpret_cast<sqlite3_file*>(memory.data());
  constexpr int kFlags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL;
  ASSERT_EQ(vfs->xOpen(vfs, "log", log, kFlags, nullptr), SQLITE_OK);
  const auto write = [&](std::string_view bytes, int offset) {
    return log->pMethods->xWrite(log, bytes.data(), static_cast<int>(bytes.size()), offset);
  };
  EXPECT_EQ(write("abcd", 0), SQLITE_OK);
  EXPECT_EQ(write("ef", 4), SQLITE_OK);
  EXPECT_EQ(write("XY", 1), SQLITE_OK);
  EXPECT_EQ(write("gh", 6), SQLITE_OK);
  EXPECT_EQ(log->pMethods->xSync(log, SQLITE_SYNC_NORMAL), SQLITE_OK);
  EXPECT_EQ(disk_.Content("log"), "aXYdefgh");
  EXPECT_EQ(log->pMethods->xClose(log), SQLITE_OK);
}

TEST_F(GatheringVfsTest, MakeTellsWhereThereIsNothingBelow) {
  EXPECT_EQ(GatheringVfs::Make("no such vfs"), nullptr);
  EXPECT_THAT(Database::Open("test.db", {.vfs = "no such vfs"}).status(), Not(testing::IsOk()));
}

}  // namespace
}  // namespace vigil::sqlite
