#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/escalation/escalation_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "tests/unit/server/escalation/escalation_fixture.h"

namespace vigil::testing {
namespace {

using escalation::EscalationClock;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The register's clock is the executor's; the steady one runs beside it and does not jump.
class ClockJumpTest : public ::testing::Test {
 protected:
  ClockJumpTest()
      : clock_(reg_.target(), reg_.executor(),
               {.tick = absl::Seconds(30),
                .on_error = nullptr,
                .steady = [this] { return reg_.executor().Now() - absl::UnixEpoch() - jumped_; },
                .on_jump = [this](absl::Duration by) { told_.push_back(by); }}) {
    reg_.ConfirmedHazard(Day(2017, 8, 1));
    clock_.Start();
    reg_.executor().RunFor(absl::Minutes(2));
  }

  // Ahead, or back where it is negative. What waits goes on waiting as long as it was to.
  void Jump(absl::Duration by) {
    jumped_ += by;
    reg_.executor().SetBack(-by);
  }

  static constexpr absl::Duration kYear = absl::Hours(24 * 365);

  TestRegister reg_;
  absl::Duration jumped_;
  std::vector<absl::Duration> told_;
  EscalationClock clock_;
};

TEST_F(ClockJumpTest, NothingFiresBecauseTheClockWasAYearAheadForAWhile) {
  Jump(kYear);
  reg_.executor().RunFor(absl::Minutes(50));
  EXPECT_THAT(told_, ElementsAre(kYear));
  Jump(-kYear);
  reg_.executor().RunFor(absl::Hours(2));
  EXPECT_THAT(EscalationsOf(reg_), IsEmpty());
  EXPECT_THAT(told_, ElementsAre(kYear, absl::ZeroDuration()));
  // It goes on as if nothing had been.
  reg_.executor().RunUntil(StartOfDay(absl::CivilDay(2017, 8, 2), reg_.target().zone()) +
                           absl::Minutes(1));
  EXPECT_THAT(EscalationsOf(reg_), SizeIs(1));
}

TEST_F(ClockJumpTest, ATimeThatLastsIsTheTime) {
  Jump(kYear);
  reg_.executor().RunFor(absl::Minutes(59));
  EXPECT_THAT(EscalationsOf(reg_), IsEmpty());
  reg_.executor().RunFor(absl::Minutes(2));
  EXPECT_THAT(EscalationsOf(reg_), SizeIs(1));
  EXPECT_THAT(told_, ElementsAre(kYear, absl::ZeroDuration()));
}

TEST_F(ClockJumpTest, WhoeverAsksForATickKnowsTheTime) {
  Jump(kYear);
  reg_.executor().RunFor(absl::Minutes(5));
  absl::StatusOr<std::int64_t> fired = absl::UnknownError("not answered");
  clock_.Tick([&](absl::StatusOr<std::int64_t> answer) { fired = answer; });
  reg_.executor().RunFor(absl::Minutes(1));
  EXPECT_THAT(fired, IsOkAndHolds(1));
  EXPECT_THAT(told_, ElementsAre(kYear, absl::ZeroDuration()));
}

TEST_F(ClockJumpTest, SmallCorrectionsDoNotMatter) {
  for (int i = 0; i < 3; ++i) {
    Jump(absl::Minutes(9));
    reg_.executor().RunFor(absl::Minutes(5));
  }
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(ClockJumpTest, WhatHasFiredDoesNotFireAgainAfterTheClockWasSetBack) {
  reg_.executor().RunUntil(StartOfDay(absl::CivilDay(2017, 8, 2), reg_.target().zone()) +
                           absl::Minutes(1));
  EXPECT_THAT(EscalationsOf(reg_), SizeIs(1));
  Jump(-kYear);
  reg_.executor().RunFor(absl::Hours(2));
  Jump(kYear);
  reg_.executor().RunFor(absl::Hours(2));
  EXPECT_THAT(EscalationsOf(reg_), SizeIs(1));
}

}  // namespace
}  // namespace vigil::testing
