#include "tests/support/sim_disk.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/random.h"

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;

TEST(SimFileTest, WritesGrowTruncatesShrink) {
  SimFile file;
  file.Write(2, "cd");
  EXPECT_EQ(file.current(), std::string("\0\0cd", 4));
  file.Write(0, "ab");
  file.Truncate(3);
  EXPECT_EQ(file.current(), "abc");
}

TEST(SimFileTest, WhatWasSyncedSurvives) {
  SeededRandom random(1);
  SimFile file;
  file.Write(0, "old old ");
  file.Sync();
  std::set<std::string> survivors;
  file.Write(0, "new ");
  file.Write(4, "new ");
  for (int i = 0; i < 200; ++i) survivors.insert(file.Survivor(random));
  // Each unsynced write by itself, so a later one may be there without an earlier one.
  EXPECT_THAT(survivors, ElementsAre("new new ", "new old ", "old new ", "old old "));
  file.Sync();
  EXPECT_EQ(file.Survivor(random), "new new ");
}

TEST(SimFileTest, LongWritesTearAtSectors) {
  SeededRandom random(1);
  SimFile file;
  file.Write(0, std::string(4096, 'a'));
  file.Sync();
  file.Write(512, std::string(2048, 'b'));
  std::set<std::size_t> sizes;
  for (int i = 0; i < 500; ++i) {
    const std::string survivor = file.Survivor(random);
    const std::size_t begin = survivor.find('b');
    const std::size_t size = begin == std::string::npos ? 0 : survivor.rfind('b') + 1 - begin;
    EXPECT_EQ(survivor.size(), 4096U);
    EXPECT_TRUE(size == 0 || begin == 512U) << begin;
    sizes.insert(size);
  }
  EXPECT_THAT(sizes, ElementsAre(0U, 512U, 1024U, 1536U, 2048U));
}

TEST(SimFileTest, AFailedSyncLosesForGood) {
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SeededRandom random(seed);
    SimFile file;
    file.Write(0, "x");
    file.FailSync(random);
    EXPECT_EQ(file.current(), "x");
    file.Sync();
    lost = lost || file.Survivor(random).empty();
  }
  EXPECT_TRUE(lost);
}

TEST(SimDiskTest, NamesAreLostUnlessSynced) {
  bool made_lost = false;
  bool removed_back = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SimDisk disk(seed);
    disk.SetContent("old", "1");
    disk.SetContent("gone", "2");
    const SimDisk::FilePtr kept = disk.Create("kept");
    kept->Write(0, "3");
    disk.Sync(kept, "kept");
    disk.Create("made");
    EXPECT_TRUE(disk.Remove("old", false));
    EXPECT_TRUE(disk.Remove("gone", true));
    EXPECT_FALSE(disk.Remove("never", true));
    disk.Crash();
    made_lost = made_lost || disk.Find("made") == nullptr;
    removed_back = removed_back || disk.Find("old") != nullptr;
    EXPECT_EQ(disk.Find("gone"), nullptr);
    ASSERT_NE(disk.Find("kept"), nullptr);
    EXPECT_EQ(disk.Find("kept")->current(), "3");
  }
  EXPECT_TRUE(made_lost);
  EXPECT_TRUE(removed_back);
}

TEST(SimDiskTest, TheFirstSyncOfAFileSyncsTheDirectory) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SimDisk disk(seed);
    disk.SetContent("journal", "1");
    EXPECT_TRUE(disk.Remove("journal", false));
    disk.Sync(disk.Create("wal"), "wal");
    disk.Crash();
    EXPECT_THAT(disk.Paths(), ElementsAre("wal"));
  }
}

TEST(SimDiskTest, AFileThatIsHeldSeesNothingOfTheNextLife) {
  SimDisk disk(1);
  disk.SetContent("a", "1");
  const SimDisk::FilePtr held = disk.Find("a");
  disk.Crash();
  held->Write(0, "2");
  EXPECT_EQ(disk.Find("a")->current(), "1");
  disk.Restart();
  EXPECT_NE(disk.Find("a"), held);
}

TEST(SimDiskTest, ARestartLosesNothingButSyncsNothing) {
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SimDisk disk(seed);
    disk.SetContent("a", "1");
    disk.Find("a")->Write(0, "2");
    disk.Restart();
    EXPECT_EQ(disk.Find("a")->current(), "2");
    disk.Crash();
    lost = lost || disk.Find("a")->current() == "1";
  }
  EXPECT_TRUE(lost);
}

TEST(SimDiskTest, TwoNamesOfOneFileStayOne) {
  for (const bool power_fails : {true, false}) {
    SimDisk disk(1);
    disk.SetContent("a", "1");
    EXPECT_TRUE(disk.Link("a", "b", true));
    if (power_fails) {
      disk.Crash();
    } else {
      disk.Restart();
    }
    ASSERT_NE(disk.Find("a"), nullptr);
    EXPECT_EQ(disk.Find("a"), disk.Find("b"));
    EXPECT_EQ(disk.bytes_used(), 1);
  }
}

}  // namespace
}  // namespace vigil::testing
