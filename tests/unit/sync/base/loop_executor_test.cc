#include "sync/base/loop_executor.h"

#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/time.h"
#include "tests/support/manual_clock.h"

namespace vigil {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LoopExecutorTest, RunsPostedTasksInOrderAndNeverInsidePost) {
  testing::ManualClock clock;
  LoopExecutor loop(clock);
  std::vector<int> ran;
  loop.Post([&] {
    loop.Post([&] { ran.push_back(3); });
    ran.push_back(1);
  });
  loop.Post([&] { ran.push_back(2); });
  EXPECT_THAT(ran, IsEmpty());
  EXPECT_EQ(loop.RunReady(), 3);
  EXPECT_THAT(ran, ElementsAre(1, 2, 3));
  EXPECT_EQ(loop.RunReady(), 0);
}

TEST(LoopExecutorTest, TimedTasksWaitForTheirTime) {
  testing::ManualClock clock;
  LoopExecutor loop(clock);
  std::vector<int> ran;
  loop.PostAfter(absl::Seconds(20), [&] { ran.push_back(20); });
  loop.PostAfter(absl::Seconds(10), [&] { ran.push_back(10); });
  loop.PostAt(clock.Now() - absl::Hours(1), [&] { ran.push_back(0); });
  loop.RunReady();
  EXPECT_THAT(ran, ElementsAre(0));
  clock.Advance(absl::Seconds(20) - absl::Microseconds(1));
  loop.RunReady();
  EXPECT_THAT(ran, ElementsAre(0, 10));
  clock.Advance(absl::Microseconds(1));
  loop.RunReady();
  EXPECT_THAT(ran, ElementsAre(0, 10, 20));
}

TEST(LoopExecutorTest, NobodySleepsForTheYearsThatAClockWasWrong) {
  testing::ManualClock clock;
  LoopExecutor loop(clock);
  std::vector<int> ran;
  loop.PostAfter(absl::Seconds(20), [&] { ran.push_back(20); });
  clock.Advance(absl::Seconds(5));
  loop.RunReady();
  clock.Advance(-absl::Hours(10 * 365 * 24));
  // Made after the clock was set: its time is right already.
  loop.PostAfter(absl::Seconds(10), [&] { ran.push_back(10); });
  loop.RunReady();
  EXPECT_THAT(ran, IsEmpty());
  clock.Advance(absl::Seconds(10));
  loop.RunReady();
  EXPECT_THAT(ran, ElementsAre(10));
  clock.Advance(absl::Seconds(5));
  loop.RunReady();
  EXPECT_THAT(ran, ElementsAre(10, 20));
}

TEST(LoopExecutorTest, ATaskThatPostsItselfDoesNotStarveTimedOnes) {
  testing::ManualClock clock;
  LoopExecutor loop(clock);
  bool timed = false;
  int rounds = 0;
  std::function<void()> again = [&] {
    if (++rounds == 3) clock.Advance(absl::Seconds(1));
    if (rounds < 1000) loop.Post(again);
  };
  loop.Post(again);
  loop.PostAfter(absl::Seconds(1), [&] { timed = true; });
  EXPECT_TRUE(loop.RunUntil([&] { return timed; }));
  EXPECT_LT(rounds, 10);
}

TEST(LoopExecutorTest, StopEndsRunAndLeavesTheRest) {
  testing::ManualClock clock;
  LoopExecutor loop(clock);
  std::vector<int> ran;
  loop.Post([&] {
    ran.push_back(1);
    loop.Stop();
  });
  loop.Post([&] { ran.push_back(2); });
  loop.Run();
  EXPECT_THAT(ran, ElementsAre(1));
  loop.Run();
  EXPECT_FALSE(loop.RunUntil([] { return false; }));
  EXPECT_EQ(loop.RunReady(), 0);
  EXPECT_THAT(ran, ElementsAre(1));
}

TEST(LoopExecutorTest, RunUntilEndsWhenDone) {
  testing::ManualClock clock;
  LoopExecutor loop(clock);
  int ran = 0;
  for (int i = 0; i < 5; ++i) loop.Post([&] { ++ran; });
  EXPECT_TRUE(loop.RunUntil([&] { return ran == 2; }));
  EXPECT_EQ(ran, 2);
  EXPECT_TRUE(loop.RunUntil([] { return true; }));
  EXPECT_EQ(ran, 2);
}

TEST(LoopExecutorTest, OtherThreadsWakeIt) {
  const SystemClock clock;
  LoopExecutor loop(clock);
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  std::vector<std::thread> threads;
  int ran = 0;  // by tasks only, so on this thread only
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) {
        const auto count = [&] {
          if (++ran == kThreads * kEach) loop.Stop();
        };
        if (j % 2 == 0) {
          loop.Post(count);
        } else {
          loop.PostAfter(absl::Microseconds(50), count);
        }
      }
    });
  }
  loop.Run();
  EXPECT_EQ(ran, kThreads * kEach);
  for (std::thread& thread : threads) thread.join();
}

TEST(LoopExecutorTest, StopFromAnotherThreadEndsAWaitingRun) {
  const SystemClock clock;
  LoopExecutor loop(clock);
  std::thread other([&] { loop.Stop(); });
  loop.Run();
  other.join();
}

TEST(LoopExecutorTest, ATimedTaskWakesAWaitingRun) {
  const SystemClock clock;
  LoopExecutor loop(clock);
  loop.PostAfter(absl::Hours(10), [] { FAIL(); });
  loop.PostAfter(absl::Milliseconds(2), [&] { loop.Stop(); });
  loop.Run();
}

}  // namespace
}  // namespace vigil
