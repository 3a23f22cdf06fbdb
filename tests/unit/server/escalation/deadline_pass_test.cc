#include "server/escalation/deadline_pass.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "tests/unit/server/escalation/escalation_fixture.h"

namespace vigil::testing {
namespace {

using escalation::DeadlinePass;
using escalation::EscalationClock;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class DeadlinePassTest : public ::testing::Test {
 protected:
  DeadlinePassTest() : clock_(reg_.target(), reg_.executor(), {}) {}

  DeadlinePass Pass() {
    return DeadlinePass(reg_.target(), reg_.executor(),
                        {.page_size = 2,
                         .retry = absl::Seconds(30),
                         .on_error = nullptr,
                         .on_done = [this](std::int64_t seen) { done_.push_back(seen); }});
  }

  void UseLadder(int days) {
    reg_.target().UseDeadlines(std::make_shared<const rules::Deadlines>(
        rules::Deadlines{LadderOf(v1::ESCALATION_STEP_E4_OVERDUE, days), {}}));
  }

  // When the next steps of the hazards fall due: days of August 2017.
  std::vector<int> NextDays(const std::vector<std::string>& hazards) {
    std::vector<int> days;
    auto snapshot = reg_.store().Read();
    for (const std::string& hazard : hazards) {
      auto row = (*snapshot)->FindHazardProjection(*Uuid::Parse(hazard));
      EXPECT_THAT(row, IsOk());
      const std::optional<absl::Time> next = (*row)->next_step_at;
      days.push_back(next ? DayAt(*next, reg_.target().zone()).day() : 0);
    }
    return days;
  }

  TestRegister reg_;
  EscalationClock clock_;
  std::vector<std::int64_t> done_;
};

TEST_F(DeadlinePassTest, AnotherLadderHoldsForWhatWaitsAlready) {
  std::vector<std::string> hazards;
  for (int i = 0; i < 5; ++i) hazards.push_back(reg_.ConfirmedHazard(Day(2017, 8, 10 + i)));
  EXPECT_THAT(NextDays(hazards), ElementsAre(11, 12, 13, 14, 15));
  UseLadder(3);
  DeadlinePass pass = Pass();
  pass.Start();
  reg_.executor().RunUntilIdle();
  EXPECT_THAT(NextDays(hazards), ElementsAre(13, 14, 15, 16, 17));
  EXPECT_THAT(done_, ElementsAre(7)) << "with the two risk sources";
  // A step that comes nearer is not slept through.
  reg_.executor().RunUntil(StartOfDay(absl::CivilDay(2017, 8, 12), reg_.target().zone()));
  EXPECT_EQ(Tick(reg_, clock_), 0);
  UseLadder(1);
  pass.Start();
  reg_.executor().RunUntilIdle();
  EXPECT_EQ(Tick(reg_, clock_), 2);
}

TEST_F(DeadlinePassTest, WhatIsKnownIsNotWorkedOutAgain) {
  reg_.ConfirmedHazard(Day(2017, 8, 10));
  DeadlinePass pass = Pass();
  pass.Start();
  reg_.executor().RunUntilIdle();
  EXPECT_THAT(done_, ElementsAre(3));
  pass.Start();
  DeadlinePass after_a_restart = Pass();
  after_a_restart.Start();
  reg_.executor().RunUntilIdle();
  EXPECT_THAT(done_, ElementsAre(3));
}

TEST_F(DeadlinePassTest, OneThatWasInterruptedBeginsAgain) {
  std::vector<std::string> hazards;
  for (int i = 0; i < 5; ++i) hazards.push_back(reg_.ConfirmedHazard(Day(2017, 8, 10 + i)));
  UseLadder(3);
  {
    DeadlinePass pass = Pass();
    pass.Start();
  }
  reg_.executor().RunUntilIdle();
  EXPECT_THAT(done_, IsEmpty());
  auto snapshot = reg_.store().Read();
  EXPECT_EQ(*(*snapshot)->DeadlinesInForce(), Sha256());
  DeadlinePass pass = Pass();
  pass.Start();
  reg_.executor().RunUntilIdle();
  EXPECT_THAT(done_, ElementsAre(7));
  EXPECT_THAT(NextDays(hazards), ElementsAre(13, 14, 15, 16, 17));
}

// A ladder that was tried, was looked at halfway and was taken back before the register went down.
TEST_F(DeadlinePassTest, DeadlinesThatAreTakenBackHalfwayAreWorkedOutAgain) {
  std::vector<std::string> hazards;
  for (int i = 0; i < 5; ++i) hazards.push_back(reg_.ConfirmedHazard(Day(2017, 8, 10 + i)));
  DeadlinePass pass = Pass();
  pass.Start();
  reg_.executor().RunUntilIdle();
  ASSERT_THAT(done_, ElementsAre(7));

  UseLadder(3);
  {
    DeadlinePass halfway = Pass();
    halfway.Start();
    reg_.executor().RunOne();
  }
  reg_.executor().RunUntilIdle();
  ASSERT_THAT(NextDays(hazards), Not(ElementsAre(11, 12, 13, 14, 15)));

  reg_.target().UseDeadlines(std::make_shared<const rules::Deadlines>());
  pass.Start();
  reg_.executor().RunUntilIdle();
  EXPECT_THAT(done_, ElementsAre(7, 7));
  EXPECT_THAT(NextDays(hazards), ElementsAre(11, 12, 13, 14, 15));
}

// What an operation writes meanwhile counts as much.
TEST_F(DeadlinePassTest, AHazardThatChangedUnderOtherDeadlinesIsLookedAtAgain) {
  DeadlinePass pass = Pass();
  pass.Start();
  reg_.executor().RunUntilIdle();
  UseLadder(3);
  const std::string hazard = reg_.ConfirmedHazard(Day(2017, 8, 10));
  ASSERT_THAT(NextDays({hazard}), ElementsAre(13));
  reg_.target().UseDeadlines(std::make_shared<const rules::Deadlines>());
  pass.Start();
  reg_.executor().RunUntilIdle();
  EXPECT_THAT(NextDays({hazard}), ElementsAre(11));
}

TEST_F(DeadlinePassTest, OtherDeadlinesInTheMiddleEndWhatIsUnderWay) {
  std::vector<std::string> hazards;
  for (int i = 0; i < 5; ++i) hazards.push_back(reg_.ConfirmedHazard(Day(2017, 8, 10 + i)));
  UseLadder(3);
  DeadlinePass pass = Pass();
  pass.Start();
  UseLadder(5);
  pass.Start();
  reg_.executor().RunUntilIdle();
  EXPECT_THAT(done_, ElementsAre(7));
  EXPECT_THAT(NextDays(hazards), ElementsAre(15, 16, 17, 18, 19));
}

}  // namespace
}  // namespace vigil::testing
