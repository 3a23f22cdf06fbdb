#include "tests/support/sim_executor.h"

#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAreArray;

std::vector<int> OrderOf(const SimExecutor::Options& options) {
  SimExecutor executor(options);
  std::vector<int> ran;
  for (int i = 0; i < 20; ++i) {
    executor.Post([&ran, i] { ran.push_back(i); });
  }
  executor.RunUntilIdle();
  return ran;
}

TEST(SimExecutorTest, TheSeedDecidesTheOrder) {
  EXPECT_EQ(OrderOf({.seed = 5}), OrderOf({.seed = 5}));
  EXPECT_NE(OrderOf({.seed = 5}), OrderOf({.seed = 6}));
  EXPECT_THAT(OrderOf({.seed = 5}), UnorderedElementsAreArray(OrderOf({.seed = 6})));
}

TEST(SimExecutorTest, WithoutShufflingTheOrderIsThatOfPosting) {
  const std::vector<int> order = OrderOf({.shuffle = false});
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(order.size(), 20U);
}

TEST(SimExecutorTest, TimeJumpsFromTaskToTask) {
  SimExecutor executor;
  const absl::Time begin = executor.Now();
  std::vector<absl::Duration> at;
  const auto note = [&] { at.push_back(executor.Now() - begin); };
  executor.PostAfter(absl::Hours(9), note);
  executor.PostAfter(absl::Seconds(1), [&] {
    note();
    executor.PostAfter(absl::Seconds(1), note);
    executor.PostAt(begin - absl::Hours(1), note);
  });
  EXPECT_EQ(executor.tasks_waiting(), 2);
  executor.RunUntilIdle();
  EXPECT_THAT(at,
              ElementsAre(absl::Seconds(1), absl::Seconds(1), absl::Seconds(2), absl::Hours(9)));
  EXPECT_EQ(executor.tasks_run(), 4);
  EXPECT_FALSE(executor.RunOne());
}

TEST(SimExecutorTest, RunUntilStopsAtItsTime) {
  SimExecutor executor;
  const absl::Time begin = executor.Now();
  int ran = 0;
  for (int i = 1; i <= 3; ++i) executor.PostAfter(absl::Seconds(i), [&] { ++ran; });
  executor.RunUntil(begin + absl::Seconds(2));
  EXPECT_EQ(ran, 2);
  EXPECT_EQ(executor.Now(), begin + absl::Seconds(2));
  executor.RunFor(absl::Milliseconds(10));
  EXPECT_EQ(executor.clock().Now(), begin + absl::Milliseconds(2010));
  EXPECT_EQ(ran, 2);
}

TEST(SimExecutorTest, RunUntilDoneSaysWhetherItWas) {
  SimExecutor executor;
  int ran = 0;
  for (int i = 1; i <= 3; ++i) executor.PostAfter(absl::Seconds(i), [&] { ++ran; });
  EXPECT_TRUE(executor.RunUntilDone([&] { return ran == 1; }));
  EXPECT_FALSE(executor.RunUntilDone([&] { return ran == 3; }, executor.Now() + absl::Seconds(1)));
  EXPECT_EQ(ran, 2);
  EXPECT_FALSE(executor.RunUntilDone([&] { return ran == 4; }));
  EXPECT_EQ(ran, 3);
}

TEST(SimExecutorTest, ACrashDropsWhatWaits) {
  SimExecutor executor;
  executor.Post([] { FAIL(); });
  executor.DropAll();
  executor.RunUntilIdle();
  EXPECT_EQ(executor.tasks_run(), 0);
}

TEST(SimExecutorDeathTest, NeverIdleIsFound) {
  SimExecutor executor;
  std::function<void()> again = [&] { executor.Post(again); };
  executor.Post(again);
  EXPECT_DEATH(executor.RunUntilIdle(100), "never idle");
}

}  // namespace
}  // namespace vigil::testing
