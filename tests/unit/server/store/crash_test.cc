#include <cstdint>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "server/store/sqlite_store.h"
#include "sync/base/random.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/server/store/store_maker.h"

namespace vigil::store {
namespace {

using testing::GroupMaker;
using testing::Id;
using testing::NewRegister;
using testing::ReadFeed;
using testing::RecordIn;
using testing::RecordsOf;
using ::vigil::testing::IsOk;
using ::vigil::testing::SeedSqliteRandom;
using ::vigil::testing::SimVfs;

SqliteStoreOptions SmallRegister(const SimVfs& disk) {
  SqliteStoreOptions options = NewRegister();
  options.vfs = disk.name();
  // So small that checkpoints happen all the time.
  options.wal_pages_idle = 1;
  options.wal_pages_max = 30;
  return options;
}

// Records 1 to `operations` of the register, each made by the operation of its number.
void CheckContent(SqliteRegisterStore& store, std::uint64_t operations) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store.Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const FeedPage feed, ReadFeed(*snapshot, {Id(7)}, {}, 1 << 24));
  const std::vector<std::string> records = RecordsOf(feed);
  ASSERT_EQ(records.size(), operations);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto log, snapshot->Log(Seq(0), 1 << 20));
  ASSERT_EQ(log.size(), operations);
  for (std::uint64_t i = 1; i <= operations; ++i) {
    const v1::Record record = RecordIn(records[i - 1]);
    ASSERT_EQ(record.id(), Id(i).ToString());
    ASSERT_EQ(record.version(), i);
  }
}

GroupMaker MakeGroup(Seq head, std::uint64_t operations) {
  GroupMaker group(head);
  for (std::uint64_t i = 0; i < operations; ++i) {
    const std::uint64_t number = group.Operation().value();
    group.Create({.id = Id(number), .unit = Id(7), .padding = 100 * (number % 30)});
  }
  return group;
}

// One life of a register: commits until the machine fails, comes back, and goes on.
void Live(std::uint64_t seed) {
  SeedSqliteRandom(seed);
  SimVfs disk({.seed = seed});
  SeededRandom random(seed);
  std::uint64_t acknowledged = 0;
  for (int life = 0; life < 4; ++life) {
    auto opened = SqliteRegisterStore::Open("register.db", SmallRegister(disk));
    ASSERT_THAT(opened, IsOk());
    std::unique_ptr<SqliteRegisterStore> store = *std::move(opened);
    VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
    VIGIL_ASSERT_OK_AND_ASSIGN(const Head head, snapshot->GetHead());
    // What was acknowledged is there; what was under way is there as a whole or not at all.
    ASSERT_GE(head.seq.value(), acknowledged);
    CheckContent(*store, head.seq.value());
    acknowledged = head.seq.value();
    if (life == 3) break;

    const bool faults = random.Chance(0.5);
    if (faults) {
      disk.SetFault({.operations = SimVfs::kWrite | SimVfs::kSync,
                     .after = static_cast<std::int64_t>(random.Below(120)),
                     .sticky = true,
                     .torn = random.Chance(0.5)});
    }
    const std::uint64_t commits = 1 + random.Below(15);
    for (std::uint64_t i = 0; i < commits; ++i) {
      const GroupMaker group = MakeGroup(Seq(acknowledged), 1 + random.Below(4));
      const absl::Status status = group.CommitTo(*store);
      // An error is never ABORTED: nobody else moved the head.
      ASSERT_NE(status.code(), absl::StatusCode::kAborted);
      if (!status.ok()) break;
      acknowledged = group.seq().value();
      if (random.Chance(0.3) && !store->Maintain(absl::Seconds(1)).ok()) break;
    }
    if (random.Chance(0.7)) {
      disk.Crash();
    } else {
      disk.KillProcess();
    }
  }
}

TEST(CrashTest, AcknowledgedCommitsSurviveAndUnfinishedOnesLeaveNoPart) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Live(seed);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(CrashTest, AFullDiskIsAnErrorAndLosesNothing) {
  SimVfs disk;
  SqliteStoreOptions options = SmallRegister(disk);
  VIGIL_ASSERT_OK_AND_ASSIGN(auto store, SqliteRegisterStore::Open("register.db", options));
  const GroupMaker first = MakeGroup(Seq(0), 5);
  VIGIL_ASSERT_OK(first.CommitTo(*store));
  disk.SetCapacity(disk.bytes_used() + 10'000);
  std::uint64_t head = 5;
  absl::Status status;
  while (status.ok() && head < 5000) {
    const GroupMaker group = MakeGroup(Seq(head), 5);
    status = group.CommitTo(*store);
    if (status.ok()) head += 5;
  }
  EXPECT_THAT(status, ::vigil::testing::StatusIs(absl::StatusCode::kResourceExhausted));
  store.reset();
  disk.SetCapacity(0);
  VIGIL_ASSERT_OK_AND_ASSIGN(store, SqliteRegisterStore::Open("register.db", options));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
  EXPECT_GE(snapshot->GetHead()->seq.value(), head);
}

TEST(CrashTest, ARegisterStartsOnAFullDiskAndIsRead) {
  SimVfs disk;
  const SqliteStoreOptions options = SmallRegister(disk);
  VIGIL_ASSERT_OK_AND_ASSIGN(auto store, SqliteRegisterStore::Open("register.db", options));
  const GroupMaker first = MakeGroup(Seq(0), 5);
  VIGIL_ASSERT_OK(first.CommitTo(*store));
  disk.KillProcess();
  store.reset();
  disk.SetCapacity(1);
  VIGIL_ASSERT_OK_AND_ASSIGN(store, SqliteRegisterStore::Open("register.db", options));
  CheckContent(*store, 5);
  const GroupMaker second = MakeGroup(Seq(5), 5);
  EXPECT_THAT(second.CommitTo(*store),
              ::vigil::testing::StatusIs(absl::StatusCode::kResourceExhausted));
  disk.SetCapacity(0);
  VIGIL_EXPECT_OK(second.CommitTo(*store));
  CheckContent(*store, 10);
}

}  // namespace
}  // namespace vigil::store
