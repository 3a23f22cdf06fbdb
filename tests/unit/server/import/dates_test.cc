#include "server/import/dates.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/time.h"
#include "tests/support/status_matchers.h"

namespace vigil::importer {
namespace {

const absl::TimeZone kZone = absl::FixedTimeZone(8 * 60 * 60);

absl::Time At(absl::CivilSecond second) { return absl::FromCivil(second, kZone); }

TEST(DatesTest, DaysAsPeopleAndExcelWriteThem) {
  const absl::CivilDay day(2017, 7, 31);
  for (const char* text : {"2017-07-31", "2017/7/31", "2017/07/31", "2017.7.31", "2017年7月31日",
                           "2017/7/31 0:00", "2017/7/31 00:00:00"}) {
    VIGIL_ASSERT_OK_AND_ASSIGN(const absl::CivilDay parsed, ParseCellDay(text));
    EXPECT_EQ(parsed, day) << text;
  }
}

TEST(DatesTest, WhatIsNoDay) {
  for (const char* text :
       {"", "42947", "7/31/2017", "31-07-2017", "17-07-31", "2017-02-29", "2017/7",
        "2017/7/31 8:00", "2017/7/31/1", "2201/1/1", "2017-7-x", "2017-+7-31", "2017/7/310"}) {
    EXPECT_FALSE(ParseCellDay(text).ok()) << text;
  }
}

TEST(DatesTest, TimesInTheRegistersZoneOrWithAnOffset) {
  const absl::Time time = At(absl::CivilSecond(2017, 7, 31, 8, 5, 0));
  for (const char* text : {"2017-07-31T08:05:00+08:00", "2017-07-31T00:05:00Z", "2017-07-31 08:05",
                           "2017/7/31 8:05", "2017年7月31日 8:05:00", "2017-07-31T08:05"}) {
    VIGIL_ASSERT_OK_AND_ASSIGN(const absl::Time parsed, ParseCellTime(text, kZone));
    EXPECT_EQ(parsed, time) << text;
  }
  VIGIL_ASSERT_OK_AND_ASSIGN(const absl::Time exact, ParseCellTime("2017/7/31 8:05:07.25", kZone));
  EXPECT_EQ(exact, time + absl::Seconds(7) + absl::Milliseconds(250));
  VIGIL_ASSERT_OK_AND_ASSIGN(const absl::Time day, ParseCellTime("2017/7/31", kZone));
  EXPECT_EQ(day, At(absl::CivilSecond(2017, 7, 31, 0, 0, 0)));
}

TEST(DatesTest, WhatIsNoTime) {
  for (const char* text :
       {"", "8:05", "2017/7/31 24:00", "2017/7/31 8", "2017/7/31 8:60", "2017/7/31 8:05 PM",
        "2017/7/31 8:05.5", "2017/7/31 8:05:01.1234567", "2017/13/1 8:05"}) {
    EXPECT_FALSE(ParseCellTime(text, kZone).ok()) << text;
  }
}

TEST(DatesTest, ATimeThatLostItsSecondsSaysTheSame) {
  const absl::Time exact = At(absl::CivilSecond(2017, 7, 31, 8, 5, 7)) + absl::Microseconds(3);
  EXPECT_TRUE(SaysTheSame(exact, exact, kZone));
  EXPECT_TRUE(SaysTheSame(At(absl::CivilSecond(2017, 7, 31, 8, 5, 0)), exact, kZone));
  EXPECT_TRUE(SaysTheSame(At(absl::CivilSecond(2017, 7, 31, 0, 0, 0)), exact, kZone));
  EXPECT_FALSE(SaysTheSame(At(absl::CivilSecond(2017, 7, 31, 8, 4, 0)), exact, kZone));
  EXPECT_FALSE(SaysTheSame(At(absl::CivilSecond(2017, 7, 31, 8, 5, 6)), exact, kZone));
  EXPECT_FALSE(SaysTheSame(At(absl::CivilSecond(2017, 8, 1, 0, 0, 0)), exact, kZone));
  // The day is the register's: this one began in UTC, not there.
  EXPECT_FALSE(SaysTheSame(At(absl::CivilSecond(2017, 7, 31, 8, 0, 0)), exact, kZone));
  // It is the row that lacks seconds, not the register.
  EXPECT_FALSE(SaysTheSame(exact, At(absl::CivilSecond(2017, 7, 31, 8, 5, 0)), kZone));
}

}  // namespace
}  // namespace vigil::importer
