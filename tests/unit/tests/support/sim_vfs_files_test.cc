#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/file.h"
#include "sync/sqlite/backup.h"
#include "sync/sqlite/database.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"

// The simulated disk as a FileSystem.

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kSeeds = 40;

// What is in the file; "-": there is none.
std::string ContentOf(SimVfs& disk, const std::string& path) {
  return disk.Exists(path) ? disk.Content(path) : "-";
}

void Die(SimVfs& disk, SimVfs::Operation at) { disk.SetFault({.operations = at, .sticky = true}); }

TEST(SimVfsFilesTest, ItHasWhatSqliteWroteAndTheOtherWayRound) {
  SimVfs disk;
  {
    VIGIL_ASSERT_OK_AND_ASSIGN(sqlite::Database database,
                               sqlite::Database::Open("a.db", {.vfs = disk.name()}));
    VIGIL_ASSERT_OK(database.UserVersion());
    EXPECT_TRUE(disk.files().Exists("a.db"));
    sqlite::BackupOptions options;
    options.vfs = disk.name();
    VIGIL_ASSERT_OK(sqlite::BackupTo(database, disk.files(), "b.db", options));
  }
  VIGIL_ASSERT_OK(disk.files().Rename("b.db", "c.db"));
  EXPECT_FALSE(disk.Exists("b.db"));
  VIGIL_ASSERT_OK_AND_ASSIGN(
      sqlite::Database copy,
      sqlite::Database::Open("c.db",
                             {.mode = sqlite::OpenOptions::Mode::kReadOnly, .vfs = disk.name()}));
  VIGIL_EXPECT_OK(copy.IntegrityCheck());
}

TEST(SimVfsFilesTest, RangesAppendsAndSizes) {
  SimVfs disk;
  FileSystem& files = disk.files();
  VIGIL_ASSERT_OK(files.Append("a", "hello "));
  VIGIL_ASSERT_OK(files.Append("a", "you"));
  EXPECT_THAT(files.Size("a"), IsOkAndHolds(9));
  EXPECT_THAT(files.ReadRange("a", 6, 100), IsOkAndHolds("you"));
  EXPECT_THAT(files.ReadRange("a", 100, 100), IsOkAndHolds(""));
  EXPECT_THAT(files.Read("a", 9), IsOkAndHolds("hello you"));
  EXPECT_THAT(files.Read("a", 8), StatusIs(absl::StatusCode::kOutOfRange));
  EXPECT_THAT(files.Read("b", 8), StatusIs(absl::StatusCode::kNotFound));
  VIGIL_ASSERT_OK(files.WriteAtomic("b", "1"));
  EXPECT_THAT(files.WriteAtomic("b", "2", {.must_be_new = true}),
              StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_THAT(files.List(""), IsOkAndHolds(ElementsAre("a", "b")));
}

TEST(SimVfsFilesTest, AFullDiskTakesNoMore) {
  SimVfs disk;
  disk.SetCapacity(4);
  VIGIL_ASSERT_OK(disk.files().Append("a", "1234"));
  EXPECT_THAT(disk.files().Append("a", "5"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(disk.files().WriteAtomic("b", "5"), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(disk.files().FreeBytes("a"), IsOkAndHolds(0));
  // A second name takes no room.
  VIGIL_ASSERT_OK(disk.files().Link("a", "c"));
  EXPECT_EQ(disk.bytes_used(), 4);
}

TEST(SimVfsFilesTest, WhatWasRenamedOrLinkedIsDurable) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimVfs disk({.seed = seed});
    disk.SetContent("old", "1");
    disk.SetContent("new", "2");
    VIGIL_ASSERT_OK(disk.files().Link("old", "kept"));
    VIGIL_ASSERT_OK(disk.files().Rename("new", "old"));
    disk.Crash();
    EXPECT_EQ(ContentOf(disk, "old"), "2");
    EXPECT_EQ(ContentOf(disk, "kept"), "1");
    EXPECT_EQ(ContentOf(disk, "new"), "-");
  }
}

TEST(SimVfsFilesTest, ARenameThatIsCutOffHasHappenedOrNot) {
  std::set<std::string> before;
  std::set<std::string> after;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimVfs disk({.seed = seed});
    disk.SetContent("old", "1");
    disk.SetContent("new", "2");
    Die(disk, SimVfs::kRename);
    EXPECT_THAT(disk.files().Rename("new", "old"), StatusIs(absl::StatusCode::kUnavailable));
    before.insert(ContentOf(disk, "old"));
    // Whoever has died changes nothing more.
    EXPECT_THAT(disk.files().Rename("old", "third"), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_FALSE(disk.Exists("third"));
    disk.Crash();
    after.insert(ContentOf(disk, "old"));
    EXPECT_EQ(disk.counts().renames, 2);
  }
  EXPECT_THAT(before, ElementsAre("1", "2"));
  EXPECT_THAT(after, ElementsAre("1", "2"));
}

TEST(SimVfsFilesTest, ALinkThatIsCutOffIsThereOrNot) {
  std::set<std::string> kept;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimVfs disk({.seed = seed});
    disk.SetContent("a", "1");
    Die(disk, SimVfs::kLink);
    EXPECT_THAT(disk.files().Link("a", "b"), StatusIs(absl::StatusCode::kUnavailable));
    disk.KillProcess();
    kept.insert(ContentOf(disk, "b"));
    EXPECT_EQ(ContentOf(disk, "a"), "1");
    EXPECT_EQ(disk.counts().links, 1);
  }
  EXPECT_THAT(kept, ElementsAre("-", "1"));
}

TEST(SimVfsFilesTest, WhatIsRemovedMayBeBackUntilTheDirectoryIsSynced) {
  bool is_back = false;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimVfs disk({.seed = seed});
    disk.SetContent("a", "1");
    disk.SetContent("b", "2");
    disk.SetContent("c", "3");
    VIGIL_ASSERT_OK(disk.files().Remove("b"));
    VIGIL_ASSERT_OK(disk.files().Sync("a"));
    VIGIL_ASSERT_OK(disk.files().Remove("c"));
    disk.Crash();
    EXPECT_FALSE(disk.Exists("b"));
    is_back = is_back || disk.Exists("c");
  }
  EXPECT_TRUE(is_back);
}

TEST(SimVfsFilesTest, AFailedSyncIsAnError) {
  SimVfs disk;
  VIGIL_ASSERT_OK(disk.files().Append("a", "1"));
  disk.SetFault({.operations = SimVfs::kSync});
  EXPECT_THAT(disk.files().Sync("a"), StatusIs(absl::StatusCode::kUnavailable));
  VIGIL_EXPECT_OK(disk.files().Sync("a"));
}

TEST(SimVfsFilesTest, AppendsAreLostUntilTheyAreSynced) {
  std::set<std::string> contents;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SimVfs disk({.seed = seed});
    VIGIL_ASSERT_OK(disk.files().Append("a", "1"));
    VIGIL_ASSERT_OK(disk.files().Sync("a"));
    VIGIL_ASSERT_OK(disk.files().Append("a", "2"));
    disk.Crash();
    contents.insert(ContentOf(disk, "a"));
  }
  EXPECT_THAT(contents, ElementsAre("1", "12"));
}

TEST(SimVfsFilesTest, NothingIsMadeByWhatFails) {
  SimVfs disk;
  disk.SetFault({.operations = SimVfs::kAny, .sticky = true});
  EXPECT_THAT(disk.files().Append("a", "1"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(disk.files().WriteAtomic("b", "1"), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(disk.Paths(), IsEmpty());
}

}  // namespace
}  // namespace vigil::testing
