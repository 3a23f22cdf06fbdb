#include "sync/base/random.h"

#include <array>
#include <cstdint>
#include <set>

#include "gtest/gtest.h"

namespace vigil {
namespace {

// Answers what it is told, then counts up.
class Scripted final : public Random {
 public:
  explicit Scripted(std::uint64_t first) : next_(first) {}
  std::uint64_t Next() override { return next_++; }

 private:
  std::uint64_t next_;
};

TEST(SeededRandomTest, GivesTheReferenceNumbers) {
  // xoshiro256** seeded by splitmix64 from 0: kept seeds must repeat their runs for ever.
  SeededRandom random(0);
  EXPECT_EQ(random.Next(), 0x99ec5f36cb75f2b4U);
  EXPECT_EQ(random.Next(), 0xbf6e1f784956452aU);
  EXPECT_EQ(random.Next(), 0x1a5f849d4933e6e0U);
}

TEST(SeededRandomTest, TheSeedDecides) {
  SeededRandom a(7);
  SeededRandom b(7);
  SeededRandom c(8);
  EXPECT_EQ(a.Bytes(33), b.Bytes(33));
  EXPECT_NE(a.Next(), c.Next());
}

TEST(RandomTest, BelowIsInRangeAndReachesEverything) {
  SeededRandom random(1);
  std::array<int, 10> hits{};
  for (int i = 0; i < 10'000; ++i) ++hits.at(random.Below(10));
  for (const int count : hits) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1150);
  }
  EXPECT_EQ(random.Below(1), 0U);
}

TEST(RandomTest, BelowDrawsAgainInsteadOfFavouringSmallNumbers) {
  // 2^64 mod 3 is 1, so the draw 0 is the unfair one.
  Scripted random(0);
  EXPECT_EQ(random.Below(3), 1U);
  // For 2^63 + 1 all draws below 2^63 - 1 are.
  Scripted low((std::uint64_t{1} << 63U) - 3);
  EXPECT_EQ(low.Below((std::uint64_t{1} << 63U) + 1), (std::uint64_t{1} << 63U) - 1);
}

TEST(RandomTest, UnitStaysBelowOne) {
  Scripted highest(~std::uint64_t{0});
  EXPECT_LT(highest.Unit(), 1.0);
  Scripted lowest(0);
  EXPECT_EQ(lowest.Unit(), 0.0);
}

TEST(RandomTest, ChanceKeepsItsEnds) {
  SeededRandom random(5);
  int hits = 0;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(random.Chance(0.0));
    EXPECT_TRUE(random.Chance(1.0));
    hits += random.Chance(0.25) ? 1 : 0;
  }
  EXPECT_GT(hits, 190);
  EXPECT_LT(hits, 310);
}

TEST(RandomTest, BytesHasTheSizeAskedFor) {
  SeededRandom random(2);
  for (const std::size_t size : {0U, 1U, 7U, 8U, 9U, 32U}) {
    EXPECT_EQ(random.Bytes(size).size(), size);
  }
}

TEST(SystemRandomTest, DoesNotRepeat) {
  SystemRandom random;
  std::set<std::uint64_t> drawn;
  for (int i = 0; i < 1000; ++i) drawn.insert(random.Next());
  EXPECT_EQ(drawn.size(), 1000U);
  std::set<std::string> texts;
  for (int i = 0; i < 1000; ++i) texts.insert(random.Bytes(10));
  EXPECT_EQ(texts.size(), 1000U);
  EXPECT_EQ(texts.begin()->size(), 10U);
  EXPECT_EQ(random.Bytes(0), "");
}

TEST(RandomDeathTest, BelowZeroIsOurBug) {
  SeededRandom random(1);
  EXPECT_DEATH(random.Below(0), "check failed");
}

}  // namespace
}  // namespace vigil
