#include "sync/base/time.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/status.h"
#include "tests/support/manual_clock.h"
#include "tests/support/status_matchers.h"

namespace vigil {
namespace {

using ::vigil::testing::IsOkAndHolds;
using ::vigil::testing::StatusIs;

absl::Time Utc(int year, int month, int day, int hour = 0, int minute = 0, int second = 0) {
  return absl::FromCivil(absl::CivilSecond(year, month, day, hour, minute, second),
                         absl::UTCTimeZone());
}

TEST(TimeTest, PlausibleAreTheYears1900To2200) {
  EXPECT_TRUE(IsPlausible(Utc(1900, 1, 1)));
  EXPECT_FALSE(IsPlausible(Utc(1900, 1, 1) - absl::Nanoseconds(1)));
  EXPECT_TRUE(IsPlausible(Utc(2201, 1, 1) - absl::Nanoseconds(1)));
  EXPECT_FALSE(IsPlausible(Utc(2201, 1, 1)));
  EXPECT_FALSE(IsPlausible(absl::InfiniteFuture()));
  EXPECT_FALSE(IsPlausible(absl::InfinitePast()));
  EXPECT_TRUE(IsPlausible(absl::CivilDay(1900, 1, 1)));
  EXPECT_TRUE(IsPlausible(absl::CivilDay(2200, 12, 31)));
  EXPECT_FALSE(IsPlausible(absl::CivilDay(1899, 12, 31)));
  EXPECT_FALSE(IsPlausible(absl::CivilDay(2201, 1, 1)));
}

TEST(TimeTest, ADayBeginsAndEndsInTheRegistersZone) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const absl::TimeZone shanghai, LoadZone("Asia/Shanghai"));
  // 16:00 UTC is midnight in Shenzhen.
  EXPECT_EQ(StartOfDay(absl::CivilDay(2017, 7, 31), shanghai), Utc(2017, 7, 30, 16));
  EXPECT_EQ(DayAt(Utc(2017, 7, 30, 16), shanghai), absl::CivilDay(2017, 7, 31));
  EXPECT_EQ(DayAt(Utc(2017, 7, 30, 15, 59, 59), shanghai), absl::CivilDay(2017, 7, 30));
}

TEST(TimeTest, ADayBeginsAtItsFirstInstantWhateverTheClocksDo) {
  absl::TimeZone toronto;
  ASSERT_TRUE(absl::LoadTimeZone("America/Toronto", &toronto));
  // Clocks went from 23:30 to 00:30 of the next day, which was 04:30 UTC.
  EXPECT_EQ(StartOfDay(absl::CivilDay(1919, 3, 31), toronto), Utc(1919, 3, 31, 4, 30));
  absl::TimeZone havana;
  ASSERT_TRUE(absl::LoadTimeZone("America/Havana", &havana));
  // Clocks went from 01:00 back to 00:00, so midnight came twice; first at 04:00 UTC.
  EXPECT_EQ(StartOfDay(absl::CivilDay(2017, 11, 5), havana), Utc(2017, 11, 5, 4));
}

TEST(TimeTest, DaysAreReadStrictly) {
  EXPECT_THAT(ParseDay("2017-07-31"), IsOkAndHolds(absl::CivilDay(2017, 7, 31)));
  EXPECT_THAT(ParseDay("2016-02-29"), IsOkAndHolds(absl::CivilDay(2016, 2, 29)));
  EXPECT_EQ(FormatDay(absl::CivilDay(2017, 7, 3)), "2017-07-03");
  for (const char* const bad :
       {"", "2017-7-31", "2017-07-32", "2017-02-29", "2017-13-01", "2017-00-10", "2017-01-00",
        "2017/07/31", "2017-07-31 ", " 2017-07-31", "20170731", "1899-12-31", "2201-01-01",
        "-017-01-01", "2017-07-3a"}) {
    EXPECT_THAT(ParseDay(bad), StatusIs(absl::StatusCode::kInvalidArgument)) << bad;
  }
}

TEST(TimeTest, InstantsAreRfc3339) {
  const absl::Time instant = Utc(2017, 7, 31, 8, 0, 5) + absl::Milliseconds(120);
  EXPECT_EQ(FormatInstant(instant), "2017-07-31T08:00:05.120Z");
  EXPECT_THAT(ParseInstant("2017-07-31T08:00:05.120Z"), IsOkAndHolds(instant));
  EXPECT_THAT(ParseInstant("2017-07-31T16:00:05.12+08:00"), IsOkAndHolds(instant));
  for (const char* const bad :
       {"", "infinite-future", "2017-07-31", "2017-07-31T08:00:05", "2017-07-31 08:00:05Z",
        "2017-07-31T25:00:00Z", "2017-07-31T08:00:05Z ", "1899-07-31T08:00:05Z",
        "2201-07-31T08:00:05Z", "2017-02-30T08:00:05Z"}) {
    EXPECT_THAT(ParseInstant(bad), StatusIs(absl::StatusCode::kInvalidArgument)) << bad;
  }
}

TEST(TimeTest, UnknownZonesAreRefused) {
  for (const char* const bad : {"", "localtime", "Asia/Shenzhen", "../../etc/passwd"}) {
    EXPECT_THAT(LoadZone(bad), StatusIs(absl::StatusCode::kInvalidArgument)) << bad;
  }
  VIGIL_EXPECT_OK(LoadZone("UTC"));
}

TEST(TimeTest, StorageFormsRoundTrip) {
  EXPECT_EQ(ToMicros(Utc(1970, 1, 1, 0, 0, 1)), 1'000'000);
  EXPECT_EQ(FromMicros(ToMicros(Utc(2017, 7, 31, 8))), Utc(2017, 7, 31, 8));
  EXPECT_EQ(ToDayNumber(absl::CivilDay(1970, 1, 2)), 1);
  EXPECT_EQ(ToDayNumber(absl::CivilDay(1969, 12, 31)), -1);
  EXPECT_EQ(FromDayNumber(ToDayNumber(absl::CivilDay(2017, 7, 31))), absl::CivilDay(2017, 7, 31));
}

TEST(ManualClockTest, MovesOnlyWhenTold) {
  testing::ManualClock clock;
  const absl::Time begin = clock.Now();
  EXPECT_EQ(clock.Now(), begin);
  clock.Advance(absl::Hours(3));
  EXPECT_EQ(clock.Now(), begin + absl::Hours(3));
}

}  // namespace
}  // namespace vigil
