#include "sync/rules/workdays.h"

#include "gtest/gtest.h"

namespace vigil::rules {
namespace {

TEST(WorkingDaysTest, TheStartIsNotCountedTheResultIs) {
  const v1::Date friday = ToDate(absl::CivilDay(2017, 9, 1));
  EXPECT_EQ(ToDay(AddWorkingDays(friday, 1)), absl::CivilDay(2017, 9, 4));
  EXPECT_EQ(ToDay(AddWorkingDays(friday, 5)), absl::CivilDay(2017, 9, 8));
  EXPECT_EQ(ToDay(AddWorkingDays(friday, -5)), absl::CivilDay(2017, 8, 25));
  EXPECT_EQ(ToDay(AddWorkingDays(friday, 0)), absl::CivilDay(2017, 9, 1));
  const v1::Date saturday = ToDate(absl::CivilDay(2017, 9, 2));
  EXPECT_EQ(ToDay(AddWorkingDays(saturday, 1)), absl::CivilDay(2017, 9, 4));
  EXPECT_EQ(ToDay(AddWorkingDays(saturday, -1)), absl::CivilDay(2017, 9, 1));
}

TEST(WorkingDaysTest, ADateIsOfTheRegistersZone) {
  const absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  // 2017-06-30 16:00 UTC is the first minute of 1 July in Shenzhen.
  const absl::Time midnight = absl::FromUnixSeconds(1498838400);
  EXPECT_EQ(ToDay(DateAt(midnight, zone)), absl::CivilDay(2017, 7, 1));
  EXPECT_EQ(ToDay(DateAt(midnight - absl::Seconds(1), zone)), absl::CivilDay(2017, 6, 30));
}

}  // namespace
}  // namespace vigil::rules
