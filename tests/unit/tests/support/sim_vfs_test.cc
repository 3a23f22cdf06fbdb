#include "tests/support/sim_vfs.h"

#include <cstdint>
#include <string>
#include <thread>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/sqlite/database.h"
#include "tests/support/manual_clock.h"
#include "tests/support/status_matchers.h"

namespace vigil::testing {
namespace {

using sqlite::CheckpointMode;
using sqlite::Database;
using sqlite::OpenOptions;
using sqlite::Statement;
using sqlite::Transaction;
using ::testing::AnyOf;
using ::testing::Not;

Database MustOpen(const SimVfs& disk, OpenOptions options = OpenOptions()) {
  options.vfs = disk.name();
  absl::StatusOr<Database> database = Database::Open("test.db", options);
  VIGIL_CHECK(database.ok()) << database.status();
  return *std::move(database);
}

absl::Status Insert(Database& database, std::int64_t number) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  {
    VIGIL_ASSIGN_OR_RETURN(Statement insert, transaction.Prepare("INSERT INTO t VALUES (?)"));
    insert.BindInt64(1, number);
    VIGIL_RETURN_IF_ERROR(insert.Run());
  }
  return transaction.Commit();
}

void MakeTable(Database& database) {
  absl::StatusOr<Transaction> transaction = database.BeginWrite();
  VIGIL_CHECK(transaction.ok()) << transaction.status();
  VIGIL_CHECK(transaction->Execute("CREATE TABLE t (n INTEGER) STRICT").ok());
  VIGIL_CHECK(transaction->Commit().ok());
}

absl::StatusOr<std::int64_t> Count(Database& database) {
  VIGIL_ASSIGN_OR_RETURN(Statement count, database.Query("SELECT count(*) FROM t"));
  VIGIL_RETURN_IF_ERROR(count.Step());
  return count.ColumnInt64(0);
}

TEST(SimVfsTest, AWriterAndReadersShareOneWal) {
  SimVfs disk;
  Database writer = MustOpen(disk);
  MakeTable(writer);
  Database reader = MustOpen(disk, {.mode = OpenOptions::Mode::kReadOnly});
  VIGIL_ASSERT_OK(Insert(writer, 1));
  {
    VIGIL_ASSERT_OK_AND_ASSIGN(const sqlite::ReadSnapshot snapshot, reader.BeginRead());
    VIGIL_ASSERT_OK(Insert(writer, 2));
    EXPECT_THAT(Count(reader), IsOkAndHolds(1));
    EXPECT_THAT(Count(writer), IsOkAndHolds(2));
  }
  EXPECT_THAT(Count(reader), IsOkAndHolds(2));
  EXPECT_TRUE(disk.Exists("test.db-wal"));
}

TEST(SimVfsTest, ASecondWriterIsBusy) {
  SimVfs disk;
  Database a = MustOpen(disk, {.busy_timeout = absl::ZeroDuration()});
  Database b = MustOpen(disk, {.busy_timeout = absl::ZeroDuration()});
  VIGIL_ASSERT_OK_AND_ASSIGN(Transaction transaction, a.BeginWrite());
  EXPECT_THAT(b.BeginWrite(), StatusIs(absl::StatusCode::kUnavailable));
  transaction.Rollback();
  VIGIL_EXPECT_OK(b.BeginWrite());
}

TEST(SimVfsTest, AfterACrashOldConnectionsFailAndNewOnesSeeTheCommits) {
  SimVfs disk;
  Database before = MustOpen(disk);
  MakeTable(before);
  VIGIL_ASSERT_OK(Insert(before, 1));
  disk.Crash();
  EXPECT_THAT(Insert(before, 2), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Count(before), Not(IsOk()));
  Database after = MustOpen(disk);
  EXPECT_THAT(Count(after), IsOkAndHolds(1));
  VIGIL_EXPECT_OK(after.IntegrityCheck());
}

TEST(SimVfsTest, AnOldConnectionThatClosesLateDisturbsNothing) {
  SimVfs disk;
  auto before = std::make_unique<Database>(MustOpen(disk));
  MakeTable(*before);
  VIGIL_ASSERT_OK(Insert(*before, 1));
  disk.Crash();
  Database after = MustOpen(disk);
  VIGIL_ASSERT_OK(Insert(after, 2));
  before.reset();
  VIGIL_ASSERT_OK(Insert(after, 3));
  EXPECT_THAT(Count(after), IsOkAndHolds(3));
  disk.Crash();
  Database last = MustOpen(disk);
  EXPECT_THAT(Count(last), IsOkAndHolds(3));
}

TEST(SimVfsTest, AKilledProcessLosesNotEvenUnsyncedCommits) {
  SimVfs disk;
  Database before = MustOpen(disk, {.synchronous = OpenOptions::Synchronous::kNormal});
  MakeTable(before);
  for (int i = 0; i < 20; ++i) VIGIL_ASSERT_OK(Insert(before, i));
  disk.KillProcess();
  EXPECT_THAT(Count(before), Not(IsOk()));
  Database after = MustOpen(disk);
  EXPECT_THAT(Count(after), IsOkAndHolds(20));
}

TEST(SimVfsTest, TheNthCallFailsOnce) {
  SimVfs disk;
  Database database = MustOpen(disk);
  MakeTable(database);
  disk.SetFault({.operations = SimVfs::kSync, .after = 1});
  VIGIL_EXPECT_OK(Insert(database, 1));
  EXPECT_FALSE(disk.fault_struck());
  EXPECT_THAT(Insert(database, 2), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(disk.fault_struck());
  VIGIL_EXPECT_OK(Insert(database, 3));
}

TEST(SimVfsTest, AStickyFaultStays) {
  SimVfs disk;
  Database database = MustOpen(disk);
  MakeTable(database);
  disk.SetFault({.operations = SimVfs::kWrite, .sticky = true, .torn = true});
  EXPECT_THAT(Insert(database, 1), Not(IsOk()));
  EXPECT_THAT(Insert(database, 2), Not(IsOk()));
  disk.ClearFaults();
  VIGIL_EXPECT_OK(Insert(database, 3));
  EXPECT_THAT(Count(database), IsOkAndHolds(1));
}

TEST(SimVfsTest, AFullDiskRefusesAndGoesOnWhenThereIsRoom) {
  SimVfs disk;
  Database database = MustOpen(disk);
  MakeTable(database);
  disk.SetCapacity(disk.bytes_used() + 3 * 4096);
  absl::Status status;
  int inserted = 0;
  while (inserted < 100 && (status = Insert(database, inserted)).ok()) ++inserted;
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Count(database), IsOkAndHolds(inserted));
  disk.SetCapacity(0);
  VIGIL_EXPECT_OK(Insert(database, 100));
}

TEST(SimVfsTest, CountsWhatACommitCosts) {
  SimVfs disk;
  Database database = MustOpen(disk);
  MakeTable(database);
  VIGIL_ASSERT_OK(Insert(database, 1));
  const SimVfs::Counts before = disk.counts();
  VIGIL_ASSERT_OK(Insert(database, 2));
  const SimVfs::Counts after = disk.counts();
  EXPECT_EQ(after.syncs - before.syncs, 1);
  EXPECT_GT(after.bytes_written - before.bytes_written, 4096);
  VIGIL_ASSERT_OK(database.Checkpoint(CheckpointMode::kTruncate));
  EXPECT_EQ(disk.Content("test.db-wal"), "");
}

TEST(SimVfsTest, TheClockIsTheMachines) {
  ManualClock clock;
  SimVfs disk({.clock = &clock});
  Database database = MustOpen(disk);
  const auto seconds = [&database] {
    Statement query = *database.QueryText("SELECT unixepoch('now')");
    EXPECT_THAT(query.Step(), IsOkAndHolds(true));
    return query.ColumnInt64(0);
  };
  EXPECT_EQ(seconds(), absl::ToUnixSeconds(clock.Now()));
  clock.Advance(absl::Hours(1));
  EXPECT_EQ(seconds(), absl::ToUnixSeconds(clock.Now()));
}

TEST(SimVfsTest, TheSameSeedRepeatsEveryByte) {
  const auto content = [](std::uint64_t seed) {
    SeedSqliteRandom(seed);
    SimVfs disk({.seed = seed});
    Database database = MustOpen(disk, {.synchronous = OpenOptions::Synchronous::kNormal});
    MakeTable(database);
    for (int i = 0; i < 30; ++i) VIGIL_CHECK(Insert(database, i).ok());
    disk.Crash();
    return disk.Content("test.db") + disk.Content("test.db-wal");
  };
  EXPECT_EQ(content(4), content(4));
  EXPECT_NE(content(4), content(5));
}

TEST(SimVfsTest, FilesCanBeDamagedByHand) {
  SimVfs disk;
  disk.SetContent("test.db", "this is no database, whatever its name says");
  EXPECT_THAT(Database::Open("test.db", {.vfs = disk.name()}),
              StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(disk.Paths(), ::testing::ElementsAre("test.db"));
  disk.Remove("test.db");
  EXPECT_FALSE(disk.Exists("test.db"));
}

TEST(SimVfsTest, ThreadsMayShareIt) {
  SimVfs disk;
  Database writer = MustOpen(disk);
  MakeTable(writer);
  std::thread reading([&disk] {
    Database reader = MustOpen(disk, {.mode = OpenOptions::Mode::kReadOnly});
    for (int i = 0; i < 200; ++i) EXPECT_THAT(Count(reader), IsOk());
  });
  for (int i = 0; i < 200; ++i) VIGIL_EXPECT_OK(Insert(writer, i));
  reading.join();
}

TEST(SimVfsDeathTest, AConnectionMayNotOutliveIt) {
  EXPECT_DEATH(
      {
        auto disk = std::make_unique<SimVfs>();
        Database database = MustOpen(*disk);
        disk.reset();
      },
      "are open");
}

}  // namespace
}  // namespace vigil::testing
