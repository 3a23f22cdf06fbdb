#include "sync/sqlite/database.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/file.h"
#include "sync/sqlite/connection.h"
#include "sync/sqlite/error.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/sqlite_memory.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sync/sqlite/fixture.h"

namespace vigil::sqlite {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::vigil::testing::IsOk;
using ::vigil::testing::IsOkAndHolds;
using ::vigil::testing::StatusIs;

using Mode = OpenOptions::Mode;

class DatabaseTest : public SqliteTest {
 protected:
  std::int64_t Pragma(const std::string& name) {
    // Reading a setting counts as writing for the settings that can be set.
    Statement pragma =
        *database_.connection().Uncached("PRAGMA " + name, Connection::Access::kWrite);
    EXPECT_THAT(pragma.Step(), IsOkAndHolds(true));
    return pragma.ColumnInt64(0);
  }

  std::string path() const { return directory_.File("test.db"); }
};

TEST_F(DatabaseTest, EveryConnectionIsHardened) {
  EXPECT_EQ(Pragma("foreign_keys"), 1);
  EXPECT_EQ(Pragma("trusted_schema"), 0);
  EXPECT_EQ(Pragma("cell_size_check"), 1);
  EXPECT_EQ(Pragma("synchronous"), 2);
  EXPECT_EQ(Pragma("busy_timeout"), 5000);
  Statement journal =
      *database_.connection().Uncached("PRAGMA journal_mode", Connection::Access::kWrite);
  ASSERT_THAT(journal.Step(), IsOkAndHolds(true));
  EXPECT_EQ(journal.ColumnText(0), "wal");
}

TEST_F(DatabaseTest, ItsVersionTellsWhetherSomebodyHasCommitted) {
  VIGIL_ASSERT_OK(Insert(1));
  const std::uint32_t first = database_.data_version();
  EXPECT_THAT(Count(database_), IsOkAndHolds(1));
  {
    const Transaction transaction = Begin();
    EXPECT_EQ(database_.data_version(), first);
  }
  VIGIL_ASSERT_OK(Insert(2));
  const std::uint32_t second = database_.data_version();
  EXPECT_NE(second, first);
  Database other = Open(path());
  {
    Transaction transaction = *other.BeginWrite();
    VIGIL_ASSERT_OK(InsertInto(transaction, 3));
    VIGIL_ASSERT_OK(transaction.Commit());
  }
  const Transaction transaction = Begin();
  EXPECT_NE(database_.data_version(), second);
}

TEST_F(DatabaseTest, DefensiveRefusesToEditTheSchema) {
  Transaction transaction = Begin();
  EXPECT_THAT(transaction.ExecuteScript("PRAGMA writable_schema = ON;"
                                        "DELETE FROM sqlite_schema"),
              Not(IsOk()));
}

TEST_F(DatabaseTest, ForeignKeysAreEnforced) {
  Transaction transaction = Begin();
  VIGIL_ASSERT_OK(transaction.ExecuteScript("CREATE TABLE u (n INTEGER REFERENCES t (n)) STRICT"));
  EXPECT_THAT(transaction.Execute("INSERT INTO u VALUES (7)"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(DatabaseTest, OversizedValuesAreRefused) {
  Database small = Open(directory_.File("small.db"), {.value_bytes_max = 1000});
  Statement echo = *small.Query("SELECT ?");
  echo.BindBlob(1, std::string(1001, 'x'));
  EXPECT_THAT(echo.Step(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(DatabaseTest, NothingCheckpointsByItself) {
  const std::string blob(4000, 'x');
  Transaction transaction = Begin();
  for (int i = 0; i < 1500; ++i) {
    Statement insert = *transaction.Prepare("INSERT INTO t (bytes) VALUES (?)");
    insert.BindBlob(1, blob);
    VIGIL_ASSERT_OK(insert.Run());
  }
  VIGIL_ASSERT_OK(transaction.Commit());
  EXPECT_GT(database_.wal_pages(), 1500);
  VIGIL_ASSERT_OK_AND_ASSIGN(const CheckpointResult passive,
                             database_.Checkpoint(CheckpointMode::kPassive));
  EXPECT_TRUE(passive.complete);
  EXPECT_GT(passive.wal_frames, 1500);
  VIGIL_ASSERT_OK_AND_ASSIGN(const CheckpointResult truncated,
                             database_.Checkpoint(CheckpointMode::kTruncate));
  EXPECT_TRUE(truncated.complete);
  EXPECT_EQ(truncated.wal_frames, 0);
}

TEST_F(DatabaseTest, AReaderKeepsTheCheckpointFromCompleting) {
  Database reader = Open(path(), {.mode = Mode::kReadOnly});
  Database writer = Open(path(), {.busy_timeout = absl::ZeroDuration()});
  VIGIL_ASSERT_OK(Insert(1));
  {
    VIGIL_ASSERT_OK_AND_ASSIGN(const ReadSnapshot snapshot, reader.BeginRead());
    VIGIL_ASSERT_OK(Insert(2));
    VIGIL_ASSERT_OK_AND_ASSIGN(const CheckpointResult blocked,
                               writer.Checkpoint(CheckpointMode::kTruncate));
    EXPECT_FALSE(blocked.complete);
    VIGIL_ASSERT_OK_AND_ASSIGN(const CheckpointResult partial,
                               writer.Checkpoint(CheckpointMode::kPassive));
    EXPECT_FALSE(partial.complete);
  }
  VIGIL_ASSERT_OK_AND_ASSIGN(const CheckpointResult done,
                             writer.Checkpoint(CheckpointMode::kTruncate));
  EXPECT_TRUE(done.complete);
}

TEST_F(DatabaseTest, ATransactionIsAllOrNothing) {
  {
    Transaction transaction = Begin();
    VIGIL_ASSERT_OK(InsertInto(transaction, 1));
    EXPECT_EQ(transaction.changes(), 1);
    EXPECT_EQ(transaction.last_insert_rowid(), 1);
    EXPECT_THAT(Count(database_), IsOkAndHolds(1));
  }
  EXPECT_THAT(Count(database_), IsOkAndHolds(0));
  {
    Transaction transaction = Begin();
    VIGIL_ASSERT_OK(InsertInto(transaction, 1));
    transaction.Rollback();
    EXPECT_FALSE(transaction.is_open());
    EXPECT_THAT(InsertInto(transaction, 2), StatusIs(absl::StatusCode::kAborted));
    EXPECT_THAT(transaction.Commit(), StatusIs(absl::StatusCode::kAborted));
  }
  EXPECT_THAT(Count(database_), IsOkAndHolds(0));
  Transaction transaction = Begin();
  VIGIL_ASSERT_OK(InsertInto(transaction, 3));
  Transaction moved = std::move(transaction);
  VIGIL_ASSERT_OK(moved.Commit());
  EXPECT_THAT(Count(database_), IsOkAndHolds(1));
}

TEST_F(DatabaseTest, ASecondWriterIsRefusedAfterItsTimeout) {
  Database other = Open(path(), {.busy_timeout = absl::Milliseconds(1)});
  const Transaction transaction = Begin();
  EXPECT_THAT(other.BeginWrite(), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(DatabaseTest, ASnapshotSeesOneStateAndBeginsAtOnce) {
  Database reader = Open(path(), {.mode = Mode::kReadOnly});
  VIGIL_ASSERT_OK(Insert(1));
  {
    VIGIL_ASSERT_OK_AND_ASSIGN(const ReadSnapshot snapshot, reader.BeginRead());
    // Before the first query of the reader's own.
    VIGIL_ASSERT_OK(Insert(2));
    EXPECT_THAT(Count(reader), IsOkAndHolds(1));
  }
  EXPECT_THAT(Count(reader), IsOkAndHolds(2));
}

TEST_F(DatabaseTest, AReadOnlyConnectionCannotWrite) {
  Database reader = Open(path(), {.mode = Mode::kReadOnly});
  absl::StatusOr<Transaction> transaction = reader.BeginWrite();
  absl::Status status = transaction.status();
  if (transaction.ok()) status = InsertInto(*transaction, 1);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(DatabaseTest, MissingForbiddenAndForeignFilesAreToldApart) {
  PosixFileSystem files;
  EXPECT_THAT(Database::Open(directory_.File("none.db"), {.mode = Mode::kReadOnly}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.db")));
  EXPECT_THAT(Database::Open(directory_.File("none.db"), {.mode = Mode::kReadWrite}),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_FALSE(files.Exists(directory_.File("none.db")));
  EXPECT_THAT(Database::Open(directory_.File("no/where.db"), {}),
              StatusIs(absl::StatusCode::kPermissionDenied));
  EXPECT_THAT(Database::Open(directory_.path(), {}), Not(IsOk()));
  VIGIL_ASSERT_OK(files.WriteAtomic(directory_.File("text"), std::string(5000, 'x')));
  EXPECT_THAT(Database::Open(directory_.File("text"), {}),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("text")));
  EXPECT_THAT(files.Read(directory_.File("text"), 6000), IsOkAndHolds(std::string(5000, 'x')));
  // (SQLite takes a file of a single byte for an empty one.)
  VIGIL_ASSERT_OK(files.WriteAtomic(directory_.File("short"), "xy"));
  EXPECT_THAT(Database::Open(directory_.File("short"), {}), StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(DatabaseTest, AnotherProgramsDatabaseIsNotTouched) {
  testing::SimVfs disk;
  {
    Database theirs =
        Open("theirs.db", {.journal = OpenOptions::Journal::kMemory, .vfs = disk.name()});
    Transaction transaction = *theirs.BeginWrite();
    VIGIL_ASSERT_OK(transaction.Execute("CREATE TABLE browser_history (url TEXT)"));
    VIGIL_ASSERT_OK(transaction.Commit());
  }
  const std::string before = disk.Content("theirs.db");
  EXPECT_THAT(Database::Open("theirs.db", {.vfs = disk.name(), .application_id = 0x56494731}),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("another program")));
  EXPECT_EQ(disk.Content("theirs.db"), before);
  // A new file is nobody's yet.
  VIGIL_EXPECT_OK(Database::Open("new.db", {.vfs = disk.name(), .application_id = 0x56494731}));
}

TEST_F(DatabaseTest, AnUnknownVfsIsRefused) {
  EXPECT_THAT(Database::Open(path(), {.vfs = "no-such-vfs"}), Not(IsOk()));
}

TEST_F(DatabaseTest, UnixExclSharesWithinTheProcessOnly) {
  const std::string excl = directory_.File("excl.db");
  Database writer = Open(excl, {.vfs = "unix-excl"});
  Transaction transaction = *writer.BeginWrite();
  VIGIL_ASSERT_OK(transaction.Execute("CREATE TABLE t (n INTEGER) STRICT"));
  VIGIL_ASSERT_OK(transaction.Commit());
  Database reader = Open(excl, {.mode = Mode::kReadOnly, .vfs = "unix-excl"});
  EXPECT_THAT(Count(reader), IsOkAndHolds(0));
  // Its WAL index is on the heap, so no other process could join.
  PosixFileSystem files;
  EXPECT_FALSE(files.Exists(excl + "-shm"));
}

TEST_F(DatabaseTest, VersionAndIdCommitWithTheRest) {
  EXPECT_THAT(database_.UserVersion(), IsOkAndHolds(0));
  {
    Transaction transaction = Begin();
    VIGIL_ASSERT_OK(transaction.SetUserVersion(3));
    VIGIL_ASSERT_OK(transaction.SetApplicationId(0xfedcba98U));
  }
  EXPECT_THAT(database_.UserVersion(), IsOkAndHolds(0));
  Transaction transaction = Begin();
  VIGIL_ASSERT_OK(transaction.SetUserVersion(3));
  VIGIL_ASSERT_OK(transaction.SetApplicationId(0xfedcba98U));
  VIGIL_ASSERT_OK(transaction.Commit());
  EXPECT_THAT(database_.UserVersion(), IsOkAndHolds(3));
  EXPECT_THAT(database_.ApplicationId(), IsOkAndHolds(0xfedcba98U));
  EXPECT_THAT(database_.IsEmpty(), IsOkAndHolds(false));
}

TEST_F(DatabaseTest, AFullDiskEndsTheTransactionForGood) {
  testing::SimVfs disk;
  Database database = Open("full.db", {.vfs = disk.name(), .cache_kib = 40});
  {
    Transaction transaction = *database.BeginWrite();
    VIGIL_ASSERT_OK(transaction.Execute("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB) STRICT"));
    VIGIL_ASSERT_OK(transaction.Commit());
  }
  disk.SetCapacity(disk.bytes_used() + 64 * 1024);
  Transaction transaction = *database.BeginWrite();
  absl::Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i) {
    Statement insert = *transaction.Prepare("INSERT INTO t (b) VALUES (zeroblob(3000))");
    status = insert.Run();
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  disk.SetCapacity(0);
  // SQLite has rolled back by itself; a write now would stand alone and commit by itself.
  EXPECT_FALSE(transaction.is_open());
  EXPECT_THAT(transaction.Prepare("INSERT INTO t (b) VALUES (zeroblob(1))"),
              StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(transaction.ExecuteScript("DELETE FROM t"), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(transaction.Commit(), StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(Count(database), IsOkAndHolds(0));
  VIGIL_EXPECT_OK(database.BeginWrite());
}

TEST_F(DatabaseTest, AFailedCommitMayHaveHappened) {
  // Why an error of Commit means "unknown".
  int there = 0;
  int not_there = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    testing::SimVfs disk({.seed = seed});
    auto database = std::make_unique<Database>(Open("c.db", {.vfs = disk.name()}));
    Transaction create = *database->BeginWrite();
    VIGIL_ASSERT_OK(create.Execute("CREATE TABLE t (n INTEGER) STRICT"));
    VIGIL_ASSERT_OK(create.Commit());
    disk.SetFault({.operations = testing::SimVfs::kSync});
    Transaction transaction = *database->BeginWrite();
    VIGIL_ASSERT_OK(transaction.Execute("INSERT INTO t VALUES (1)"));
    EXPECT_THAT(transaction.Commit(), StatusIs(absl::StatusCode::kUnavailable));
    disk.Crash();
    database.reset();
    Database reopened = Open("c.db", {.vfs = disk.name()});
    ++(*Count(reopened) == 1 ? there : not_there);
  }
  EXPECT_GT(there, 0);
  EXPECT_GT(not_there, 0);
}

TEST_F(DatabaseTest, ChecksFindDamage) {
  VIGIL_EXPECT_OK(database_.QuickCheck());
  VIGIL_EXPECT_OK(database_.IntegrityCheck());
  VIGIL_EXPECT_OK(database_.ForeignKeyCheck());
  testing::SimVfs disk;
  {
    Database database = Open("d.db", {.vfs = disk.name()});
    Transaction transaction = *database.BeginWrite();
    VIGIL_ASSERT_OK(transaction.ExecuteScript(
        "CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB) STRICT;"
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 50)"
        "INSERT INTO t SELECT n, zeroblob(2000) FROM c;"));
    VIGIL_ASSERT_OK(transaction.Commit());
  }
  const std::string sound = disk.Content("d.db");
  std::string content = sound;
  // The third page: a leaf of the table. Its header says how many cells it has.
  content.replace(2 * 4096, 8, 8, '\xff');
  disk.SetContent("d.db", content);
  {
    Database damaged = Open("d.db", {.vfs = disk.name()});
    EXPECT_THAT(damaged.QuickCheck(), StatusIs(absl::StatusCode::kDataLoss));
  }
  // One cell fewer than there are.
  content = sound;
  --content[2 * 4096 + 4];
  disk.SetContent("d.db", content);
  Database damaged = Open("d.db", {.vfs = disk.name()});
  EXPECT_THAT(damaged.IntegrityCheck(),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("damaged")));
}

TEST_F(DatabaseTest, ForeignKeyCheckNamesTheTables) {
  // Rows that were written without enforcement, as by another tool.
  Transaction transaction = Begin();
  VIGIL_ASSERT_OK(transaction.ExecuteScript(
      "CREATE TABLE u (n INTEGER REFERENCES t (n) DEFERRABLE INITIALLY DEFERRED) STRICT;"
      "INSERT INTO u VALUES (7)"));
  EXPECT_THAT(database_.ForeignKeyCheck(),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("a row of u")));
}

TEST_F(DatabaseTest, AMovedDatabaseKeepsItsStatements) {
  VIGIL_ASSERT_OK(Insert(1));
  Statement count = *database_.Query("SELECT count(*) FROM t");
  const Database moved = std::move(database_);
  EXPECT_THAT(count.Step(), IsOkAndHolds(true));
  EXPECT_EQ(count.ColumnInt64(0), 1);
  EXPECT_EQ(moved.path(), path());
  count = Statement();  // before its database goes
}

using DatabaseDeathTest = DatabaseTest;

TEST_F(DatabaseDeathTest, TwoTransactionsOfOneConnectionAreOurBug) {
  EXPECT_DEATH(
      {
        const Transaction transaction = Begin();
        database_.BeginRead().IgnoreError();
      },
      "open already");
}

TEST_F(DatabaseTest, ATransactionThatFailsForWantOfMemoryIsRolledBack) {
  for (std::int64_t after = 0;; ++after) {
    SCOPED_TRACE(after);
    testing::SetMemoryFault({.after = after, .sticky = true});
    const absl::Status status = Insert(after + 1);
    const bool struck = testing::MemoryFaultStruck();
    testing::ClearMemoryFault();
    EXPECT_THAT(Count(database_), IsOkAndHolds(struck ? 0 : 1));
    if (!struck) break;
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
    // The next one may write.
    ASSERT_THAT(database_.BeginWrite(), IsOk());
  }
}

}  // namespace
}  // namespace vigil::sqlite
