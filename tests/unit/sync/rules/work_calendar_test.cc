#include "sync/rules/work_calendar.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "sync/base/file.h"
#include "tests/support/status_matchers.h"

namespace vigil::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::WorkingDayLists Lists(const std::string& text) {
  v1::WorkingDayLists lists;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &lists)) << text;
  return lists;
}

v1::WorkingDayLists Shipped() {
  PosixFileSystem files;
  const absl::StatusOr<std::string> text =
      files.Read("deploy/config/working_days.textproto", 1 << 20);
  EXPECT_THAT(text, testing::IsOk());
  return Lists(text.value_or(""));
}

using Day = absl::CivilDay;

std::string Add(const WorkCalendar& calendar, Day day, int days) {
  return absl::FormatCivilTime(ToDay(calendar.Add(ToDate(day), days).date));
}

TEST(WorkCalendarTest, TheStartIsNotCountedTheResultIs) {
  const WorkCalendar weeks;
  const Day friday(2017, 9, 1);
  EXPECT_EQ(Add(weeks, friday, 1), "2017-09-04");
  EXPECT_EQ(Add(weeks, friday, 5), "2017-09-08");
  EXPECT_EQ(Add(weeks, friday, -5), "2017-08-25");
  EXPECT_EQ(Add(weeks, friday, 0), "2017-09-01");
  const Day saturday(2017, 9, 2);
  EXPECT_EQ(Add(weeks, saturday, 1), "2017-09-04");
  EXPECT_EQ(Add(weeks, saturday, -1), "2017-09-01");
}

TEST(WorkCalendarTest, ADateIsOfTheRegistersZone) {
  const absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  // 2017-06-30 16:00 UTC is the first minute of 1 July in Shenzhen.
  const absl::Time midnight = absl::FromUnixSeconds(1498838400);
  EXPECT_EQ(ToDay(DateAt(midnight, zone)), Day(2017, 7, 1));
  EXPECT_EQ(ToDay(DateAt(midnight - absl::Seconds(1), zone)), Day(2017, 6, 30));
}

TEST(WorkCalendarTest, ByTheShippedListsTheGoldenValues) {
  ASSERT_FALSE(FindFault(Shipped()).has_value());
  const WorkCalendar calendar(Shipped());
  EXPECT_EQ(Add(calendar, Day(2017, 6, 16), -15), "2017-05-25");
  EXPECT_EQ(Add(calendar, Day(2017, 3, 31), 5), "2017-04-10");
  EXPECT_EQ(Add(calendar, Day(2017, 9, 29), 5), "2017-10-12");
  EXPECT_THAT(calendar.Add(ToDate(Day(2017, 6, 16)), -15).years_without_list, IsEmpty());
  // A Saturday that is worked, a Monday that is not.
  EXPECT_TRUE(calendar.IsWorkingDay(Day(2017, 5, 27)));
  EXPECT_FALSE(calendar.IsWorkingDay(Day(2017, 5, 29)));
  // A Saturday in December that the next year's list makes up, and the Monday for which it does.
  EXPECT_TRUE(calendar.IsWorkingDay(Day(2018, 12, 29)));
  EXPECT_FALSE(calendar.IsWorkingDay(Day(2018, 12, 31)));
}

TEST(WorkCalendarTest, SaysWhichListsWereMissing) {
  const WorkCalendar calendar(Lists("list { year: 2017 } list { year: 2019 }"));
  const auto missing = [&](Day from, int days) {
    return calendar.Add(ToDate(from), days).years_without_list;
  };
  EXPECT_THAT(missing(Day(2017, 6, 1), 20), IsEmpty());
  EXPECT_THAT(missing(Day(2016, 12, 1), -1), ElementsAre(2016));
  EXPECT_THAT(missing(Day(2018, 1, 4), -10), ElementsAre(2018))
      << "late December needs the next list";
  EXPECT_THAT(missing(Day(2017, 12, 20), 2), IsEmpty());
  EXPECT_THAT(missing(Day(2017, 12, 20), 3), ElementsAre(2018)) << "the 25th is reached";
  EXPECT_THAT(missing(Day(2018, 12, 20), 20), ElementsAre(2018)) << "2019 has one";
  EXPECT_THAT(missing(Day(2020, 12, 31), 300), ElementsAre(2021, 2022));
  EXPECT_THAT(missing(Day(2020, 12, 31), 0), IsEmpty());
}

TEST(WorkCalendarTest, OfADayInTwoListsTheLaterYearsCounts) {
  const std::string earlier = "list { year: 2018 work: '2018-12-30' }";
  const std::string later = "list { year: 2019 off: '2018-12-30..2019-01-01' }";
  EXPECT_FALSE(WorkCalendar(Lists(earlier + later)).IsWorkingDay(Day(2018, 12, 30)));
  EXPECT_FALSE(WorkCalendar(Lists(later + earlier)).IsWorkingDay(Day(2018, 12, 30)));
}

struct Wrong {
  std::string lists;
  int list;
  std::string field;
  int index;
  std::string reason;
};

TEST(WorkCalendarTest, AFaultIsNamedWithItsPlace) {
  const std::vector<Wrong> all = {
      {"list { year: 17 }", 0, "year", 0, "17"},
      {"list { year: 2017 } list { year: 2017 }", 1, "year", 0, "two lists of 2017"},
      {"list { year: 2017 off: '2017-02-29' }", 0, "off", 0, "'2017-02-29' is no date"},
      {"list { year: 2017 off: '2017-1-2' }", 0, "off", 0, "is no date"},
      {"list { year: 2017 off: '2017-01-01..' }", 0, "off", 0, "'' is no date"},
      {"list { year: 2017 off: '2017-01-03..2017-01-02' }", 0, "off", 0, "ends before"},
      {"list { year: 2017 off: '2017-01-01..2017-02-01' }", 0, "off", 0, "more than 31"},
      {"list { year: 2017 off: '2016-11-30' }", 0, "off", 0, "does not belong"},
      {"list { year: 2017 work: '2018-01-01' }", 0, "work", 0, "does not belong"},
      {"list { year: 2016 } list { year: 2017 off: '2017-01-02..2017-01-04' work: '2017-01-08' "
       "work: '2017-01-03' }",
       1, "work", 1, "2017-01-03 is named twice"},
  };
  for (const Wrong& wrong : all) {
    const std::optional<WorkingDayFault> fault = FindFault(Lists(wrong.lists));
    ASSERT_TRUE(fault.has_value()) << wrong.lists;
    EXPECT_EQ(fault->list, wrong.list) << wrong.lists;
    EXPECT_EQ(fault->field, wrong.field) << wrong.lists;
    EXPECT_EQ(fault->index, wrong.index) << wrong.lists;
    EXPECT_THAT(fault->reason, HasSubstr(wrong.reason));
  }
  EXPECT_FALSE(
      FindFault(Lists("list { year: 2017 off: '2016-12-31' off: '2017-01-01..2017-01-31' "
                      "work: '2017-02-04' }")));
}

TEST(WorkCalendarTest, AListWithAFaultCountsForNothing) {
  const WorkCalendar calendar(Lists(
      "list { year: 2017 off: '2017-01-03' off: 'x' } list { year: 2018 off: '2018-01-02' }"));
  EXPECT_TRUE(calendar.IsWorkingDay(Day(2017, 1, 3)));
  EXPECT_FALSE(calendar.IsWorkingDay(Day(2018, 1, 2)));
  EXPECT_THAT(calendar.Add(ToDate(Day(2017, 1, 2)), 1).years_without_list, ElementsAre(2017));
}

}  // namespace
}  // namespace vigil::rules
