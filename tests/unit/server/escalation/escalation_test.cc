#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "server/escalation/escalation_clock.h"
#include "server/register/escalation_id.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "tests/unit/server/escalation/escalation_fixture.h"

namespace vigil::testing {
namespace {

using escalation::EscalationClock;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EscalationTest : public ::testing::Test {
 protected:
  EscalationTest()
      : clock_(reg_.target(), reg_.executor(),
               {.tick = absl::Seconds(30), .batch = 3, .on_error = nullptr}) {}

  std::int64_t Tick() { return testing::Tick(reg_, clock_); }
  std::vector<v1::Escalation> Escalations() { return EscalationsOf(reg_); }

  std::vector<v1::Notification> Notifications() {
    auto snapshot = reg_.store().Read();
    auto found = (*snapshot)->Notifications(0, 1000);
    EXPECT_THAT(found, IsOk());
    return *std::move(found);
  }

  std::string ImportHazard(const v1::Date& due) {
    v1::Operation operation = reg_.Begin(reg_.importer);
    const std::string id = reg_.NewId();
    v1::ImportRecord& command = *operation.mutable_import_record();
    command.set_record(id);
    v1::Hazard& hazard = *command.mutable_entity()->mutable_hazard();
    hazard.set_number("OLD-" + id.substr(30));
    hazard.set_risk_source(reg_.risk_source);
    hazard.set_responsible_unit(reg_.unit);
    hazard.set_description("imported");
    hazard.set_status(v1::HAZARD_STATUS_RECTIFYING);
    hazard.set_grade(v1::HAZARD_GRADE_GENERAL);
    *hazard.mutable_due_date() = due;
    *hazard.mutable_found_at() = operation.made_at();
    command.mutable_source()->set_file("hazards.csv");
    command.mutable_source()->set_line(2);
    const v1::Outcome outcome = reg_.Submit(reg_.importer, operation);
    EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
    return id;
  }

  void SetDue(const std::string& hazard, const v1::Date& due) {
    Actor office = reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau);
    v1::Operation operation = reg_.Begin(office);
    reg_.See(operation, {hazard});
    operation.mutable_edit_record()->set_record(hazard);
    *operation.mutable_edit_record()->mutable_entity()->mutable_hazard()->mutable_due_date() = due;
    operation.mutable_edit_record()->mutable_update_mask()->add_paths("due_date");
    const v1::Outcome outcome = reg_.Submit(office, operation);
    EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  }

  TestRegister reg_;
  EscalationClock clock_;
};

TEST_F(EscalationTest, E4FiresOnceOnTheDayAfterTheDueDate) {
  const std::string hazard = reg_.ConfirmedHazard(Day(2017, 8, 1));
  EXPECT_EQ(Tick(), 0);
  // The last moment of the due date in Shanghai, then the first of the day after.
  reg_.executor().RunUntil(absl::FromUnixSeconds(1501603199));
  EXPECT_EQ(Tick(), 0);
  reg_.executor().RunFor(absl::Seconds(1));
  EXPECT_EQ(Tick(), 1);
  EXPECT_EQ(Tick(), 0);
  const auto escalations = Escalations();
  ASSERT_THAT(escalations, SizeIs(1));
  EXPECT_EQ(escalations[0].item(), hazard);
  EXPECT_EQ(escalations[0].step(), v1::ESCALATION_STEP_E4_OVERDUE);
  EXPECT_THAT(escalations[0].due_version(), ::testing::StartsWith("2017-08-01@"));
  EXPECT_EQ(escalations[0].fell_due_at().seconds(), 1501603200);
  EXPECT_FALSE(escalations[0].past());
  const auto notifications = Notifications();
  ASSERT_THAT(notifications, SizeIs(1));
  EXPECT_EQ(notifications[0].recipient(), reg_.department);
  EXPECT_EQ(notifications[0].record(), hazard);
  EXPECT_THAT(notifications[0].text_en(), HasSubstr("2017-0001 crack above the path: overdue"));
  EXPECT_THAT(notifications[0].text(), HasSubstr("超期"));
}

// Too late by ten years or made offline last week: what waits for the office waits since it came.
TEST(EscalationClockTest, Promise8AReportWaitsSinceItCameWhateverItsPhonesClockSays) {
  TestRegister reg({.ladder = LadderOf(v1::ESCALATION_STEP_REPORT_UNCONFIRMED, 3)});
  EscalationClock clock(reg.target(), reg.executor(), {});
  Actor inspector = reg.Phone(v1::ROLE_INSPECTOR, reg.unit);
  for (const int wrong_by_days : {-3650, -7, 0, 3650}) {
    v1::Operation report = reg.Begin(inspector);
    report.mutable_made_at()->set_seconds(absl::ToUnixSeconds(reg.executor().Now()) +
                                          wrong_by_days * 86400);
    report.mutable_report_hazard()->set_hazard_id(reg.NewId());
    report.mutable_report_hazard()->mutable_hazard()->set_risk_source(reg.risk_source);
    report.mutable_report_hazard()->mutable_hazard()->set_description("loose rock");
    *report.mutable_report_hazard()->mutable_hazard()->mutable_found_at() = report.made_at();
    ASSERT_EQ(reg.Submit(inspector, report).verdict(), v1::VERDICT_APPLIED);
  }
  const absl::CivilDay today = rules::ToDay(reg.target().Today());
  reg.executor().RunUntil(StartOfDay(today + 3, reg.target().zone()) - absl::Seconds(1));
  EXPECT_EQ(testing::Tick(reg, clock), 0);
  reg.executor().RunFor(absl::Seconds(1));
  EXPECT_EQ(testing::Tick(reg, clock), 4);
}

TEST_F(EscalationTest, NobodyKeepsItFromFiringByTakingItsId) {
  const std::string hazard = reg_.ConfirmedHazard(Day(2017, 8, 1));
  reg_.executor().RunUntil(absl::FromUnixSeconds(1501603200));
  auto snapshot = reg_.store().Read();
  registry::WorkingSet records(**snapshot);
  VIGIL_ASSERT_OK_AND_ASSIGN(
      const auto due, escalation::DueSteps(*Uuid::Parse(hazard), records, reg_.executor().Now(),
                                           reg_.target().ladder_rules()));
  ASSERT_THAT(due, SizeIs(1));
  // Whoever sees the hazard knows all of that.
  const Uuid escalation = registry::EscalationId(
      {.item = hazard, .due_version = due[0].step.due_version, .step = due[0].step.step});
  const std::string operation =
      DerivedUuid({.name_space = "vigil/operation", .name = escalation.ToString()}).ToString();
  Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  v1::Operation report = reg_.Begin(inspector);
  report.set_id(operation);
  report.mutable_report_hazard()->set_hazard_id(reg_.NewId());
  report.mutable_report_hazard()->mutable_hazard()->set_risk_source(reg_.risk_source);
  report.mutable_report_hazard()->mutable_hazard()->set_description("loose rock");
  *report.mutable_report_hazard()->mutable_hazard()->mutable_found_at() = report.made_at();
  registry::Incoming whole;
  whole.bytes = report.SerializeAsString();
  whole.operation_id = operation;
  whole.device_seq = 1;
  registry::Incoming garbage = whole;
  garbage.bytes = "garbage";
  garbage.device_seq = 2;
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto outcomes, reg_.SubmitBytes(inspector, {whole, garbage}));
  for (const v1::Outcome& outcome : outcomes) {
    EXPECT_EQ(outcome.verdict(), v1::VERDICT_REFUSED);
    EXPECT_EQ(outcome.error().reason(), v1::REASON_MALFORMED);
  }
  Actor clerk = reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau);
  report.set_device(clerk.author.device);
  report.set_person(clerk.author.person);
  EXPECT_EQ(reg_.Submit(clerk, report).error().reason(), v1::REASON_MALFORMED);
  EXPECT_EQ(Tick(), 1);
}

TEST_F(EscalationTest, AfterADowntimeTheStepKeepsItsTimeAndPeopleGetOneMessage) {
  for (int i = 0; i < 7; ++i) reg_.ConfirmedHazard(Day(2017, 8, 1 + i));
  reg_.executor().RunFor(absl::Hours(24 * 30));
  EXPECT_EQ(Tick(), 7) << "in batches of three";
  EXPECT_EQ(Tick(), 0);
  const auto escalations = Escalations();
  ASSERT_THAT(escalations, SizeIs(7));
  for (const v1::Escalation& escalation : escalations) {
    EXPECT_LT(escalation.fell_due_at().seconds(), escalation.fired_at().seconds());
  }
  EXPECT_THAT(Notifications(), SizeIs(3)) << "one for each group of one recipient";
}

TEST_F(EscalationTest, AnotherDueDateIsAnotherVersion) {
  const std::string hazard = reg_.ConfirmedHazard(Day(2017, 8, 1));
  reg_.executor().RunFor(absl::Hours(48));
  EXPECT_EQ(Tick(), 1);
  SetDue(hazard, Day(2017, 8, 20));
  EXPECT_EQ(Tick(), 0);
  reg_.executor().RunFor(absl::Hours(24 * 30));
  EXPECT_EQ(Tick(), 1);
}

TEST_F(EscalationTest, WhatFellDueBeforeAnImportIsPastWithOneMessage) {
  const std::string one = ImportHazard(Day(2017, 6, 30));
  const std::string two = ImportHazard(Day(2017, 7, 1));
  const std::string open = ImportHazard(Day(2017, 9, 30));
  EXPECT_EQ(Tick(), 2);
  for (const v1::Escalation& escalation : Escalations()) EXPECT_TRUE(escalation.past());
  auto notifications = Notifications();
  ASSERT_THAT(notifications, SizeIs(1));
  EXPECT_EQ(notifications[0].record(), "");
  EXPECT_THAT(notifications[0].text_en(), HasSubstr("2 items: overdue before they were imported"));
  // A date that somebody set after the import is not the import's.
  SetDue(one, Day(2017, 7, 2));
  EXPECT_EQ(Tick(), 1);
  int fresh = 0;
  for (const v1::Escalation& escalation : Escalations()) fresh += escalation.past() ? 0 : 1;
  EXPECT_EQ(fresh, 1);
  reg_.executor().RunFor(absl::Hours(24 * 90));
  EXPECT_EQ(Tick(), 1) << "it fell due after the import";
}

}  // namespace
}  // namespace vigil::testing
