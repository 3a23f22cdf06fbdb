#include "server/service/deadlines.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/service/shipped.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace vigil::testing {
namespace {

using service::DeadlineFiles;
using service::ParseLadder;
using service::ParseWorkingDays;
using ::testing::HasSubstr;
using ::testing::IsNull;
using ::testing::StartsWith;

struct Wrong {
  std::string text;
  std::string place;
  std::string reason;
};

template <typename Parsed>
void ExpectRefused(const Parsed& parsed, const Wrong& wrong) {
  EXPECT_THAT(parsed, ReasonIs("REASON_INVALID_CONFIGURATION")) << wrong.text;
  EXPECT_THAT(std::string(ToStd(parsed.status().message())),
              ::testing::AllOf(StartsWith("file:" + wrong.place + ": "), HasSubstr(wrong.reason)));
}

TEST(DeadlinesTest, ListsOfWorkingDaysAreRefusedWithLineAndReason) {
  const std::vector<Wrong> all = {
      {"list {\n  yaer: 2017\n}", "2:7", "no field named \"yaer\""},
      {"list {\n  year: 2017\n}\nlist {\n  year: 2017\n}", "5:3", "two lists of 2017"},
      {"list {\n  off: \"2017-01-01\"\n}", "1:1", "a list of the year 0"},
      {"list {\n  year: 2017\n  off: \"2017-01-01\"\n  off: \"2017-02-30\"\n}", "4:3",
       "'2017-02-30' is no date"}};
  for (const Wrong& wrong : all) ExpectRefused(ParseWorkingDays(wrong.text, "file"), wrong);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::WorkingDayLists lists,
                             ParseWorkingDays("list { year: 2017 off: \"2017-01-01\" }", "file"));
  EXPECT_EQ(lists.list(0).off(0), "2017-01-01");
}

TEST(DeadlinesTest, ALadderIsRefusedWithLineAndReason) {
  const std::string good =
      "edition: \"1\"\nrung { step: ESCALATION_STEP_E4_OVERDUE tell: ADDRESSEE_DEPARTMENT }\n";
  const std::vector<Wrong> all = {
      {"rung { step: ESCALATION_STEP_E9 }", "1:33", "ESCALATION_STEP_E9"},
      {"safety_office: \"B\"", "1:1", "the edition is missing"},
      {good + good.substr(good.find("rung")), "3:8", "two rungs"},
      {good + "rung { tell: ADDRESSEE_DEPARTMENT }", "3:1", "the step is missing"},
      {good + "rung {\n  step: ESCALATION_STEP_E0_PLAN_DUE_MISSED\n}", "3:1", "nobody is told"},
      {"edition: \"1\" rung {\n  step: ESCALATION_STEP_E4_OVERDUE\n  days: -1\n}", "3:3",
       "between 0 and 366"},
      {"edition: \"1\" rung {\n  step: ESCALATION_STEP_E4_OVERDUE\n  working_days: 251\n}", "3:3",
       "between -250 and 250"}};
  for (const Wrong& wrong : all) ExpectRefused(ParseLadder(wrong.text, "file"), wrong);
  VIGIL_EXPECT_OK(ParseLadder(good, "file"));
}

TEST(DeadlinesTest, WhatShipsIsInForceUntilOtherFilesAreNamed) {
  PosixFileSystem files;
  v1::ServerConfig config;
  DeadlineFiles none_named(files, config);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto shipped, none_named.Refresh());
  EXPECT_EQ(shipped->ladder.rung_size(), 16);
  EXPECT_FALSE(shipped->working_days.IsWorkingDay(absl::CivilDay(2017, 5, 29)));
  const TempDir directory;
  config.set_working_days_file(directory.File("days"));
  config.set_ladder_file(directory.File("ladder"));
  EXPECT_FALSE(DeadlineFiles(files, config).Refresh().ok()) << "the files are not there";
  VIGIL_ASSERT_OK(files.WriteAtomic(config.working_days_file(), "list { year: 2017 }", {}));
  VIGIL_ASSERT_OK(files.WriteAtomic(config.ladder_file(), "edition: \"none\"", {}));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto other, DeadlineFiles(files, config).Refresh());
  EXPECT_EQ(other->ladder.edition(), "none");
  EXPECT_TRUE(other->working_days.IsWorkingDay(absl::CivilDay(2017, 5, 29)));
}

TEST(DeadlinesTest, FilesThatChangeAreReadAgainAndAFaultIsToldOnce) {
  PosixFileSystem files;
  const TempDir directory;
  v1::ServerConfig config;
  config.set_ladder_file(directory.File("ladder"));
  const auto write = [&](const std::string& text) {
    VIGIL_ASSERT_OK(files.WriteAtomic(config.ladder_file(), text, {}));
  };
  DeadlineFiles deadlines(files, config);
  write("edition: \"1\"");
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto first, deadlines.Refresh());
  EXPECT_EQ(first->ladder.edition(), "1");
  EXPECT_THAT(deadlines.Refresh(), IsOkAndHolds(IsNull()));
  write("editoin: \"2\"");
  EXPECT_THAT(deadlines.Refresh(), ReasonIs("REASON_INVALID_CONFIGURATION"));
  EXPECT_THAT(deadlines.Refresh(), IsOkAndHolds(IsNull()));
  VIGIL_ASSERT_OK(files.Remove(config.ladder_file()));
  EXPECT_FALSE(deadlines.Refresh().ok());
  EXPECT_THAT(deadlines.Refresh(), IsOkAndHolds(IsNull()));
  write("edition: \"2\"");
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto second, deadlines.Refresh());
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(second->ladder.edition(), "2");
}

}  // namespace
}  // namespace vigil::testing
