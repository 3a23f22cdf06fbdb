#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/escalation/escalation_clock.h"
#include "sync/rules/record.h"
#include "sync/rules/work_calendar.h"
#include "tests/support/returned_copies.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "tests/unit/server/escalation/escalation_fixture.h"

// Escalations that had fired before the register was restored, and that its backup lacks.

namespace vigil::testing {
namespace {

using escalation::EscalationClock;
using registry::ReturnedCopy;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FiredBeforeTest : public ::testing::Test {
 protected:
  explicit FiredBeforeTest(v1::Ladder ladder = rules::OverdueAlone())
      : reg_({.ladder = std::move(ladder)}),
        clock_(reg_.target(), reg_.executor(), {}),
        office_(reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau)),
        phone_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit)),
        hazard_(Report()) {}

  static v1::Date DueDate() { return rules::ToDate(absl::CivilDay(2017, 8, 1)); }
  static v1::Date LaterDate() { return rules::ToDate(absl::CivilDay(2017, 9, 1)); }

  std::string Report() {
    std::string hazard = reg_.NewId();
    v1::Operation operation = reg_.Begin(phone_);
    operation.mutable_report_hazard()->set_hazard_id(hazard);
    v1::Hazard& body = *operation.mutable_report_hazard()->mutable_hazard();
    body.set_risk_source(reg_.risk_source);
    body.set_description("crack");
    *body.mutable_found_at() = operation.made_at();
    EXPECT_EQ(reg_.Submit(phone_, operation).verdict(), v1::VERDICT_APPLIED);
    return hazard;
  }
  void Submit(Actor& actor, v1::Operation operation, const std::vector<std::string>& seen) {
    operation.set_device_seq(0);
    reg_.See(operation, seen);
    const v1::Outcome outcome = reg_.Submit(actor, operation);
    ASSERT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  }
  void Confirm(const v1::Date& due) {
    v1::Operation operation = reg_.Begin(office_);
    operation.mutable_confirm_hazard()->set_hazard(hazard_);
    operation.mutable_confirm_hazard()->set_grade(v1::HAZARD_GRADE_GENERAL);
    operation.mutable_confirm_hazard()->set_responsible_unit(reg_.unit);
    *operation.mutable_confirm_hazard()->mutable_due_date() = due;
    Submit(office_, operation, {hazard_});
  }
  // Under supervision, with a date of the order's own.
  std::string Tag(const v1::Date& due) {
    Actor lead = reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau);
    std::string order = reg_.NewId();
    v1::Operation propose = reg_.Begin(lead);
    propose.mutable_propose_supervision()->set_order_id(order);
    propose.mutable_propose_supervision()->set_hazard(hazard_);
    propose.mutable_propose_supervision()->set_reason("grave");
    propose.mutable_propose_supervision()->set_level(v1::SUPERVISION_LEVEL_DISTRICT);
    Submit(lead, propose, {hazard_});
    v1::Operation issue = reg_.Begin(lead);
    v1::IssueOrder& command = *issue.mutable_issue_order();
    command.set_order(order);
    command.set_number("字〔2017〕1号");
    command.set_level(v1::SUPERVISION_LEVEL_DISTRICT);
    command.set_ordered_by(reg_.bureau);
    command.set_signatory("Director");
    command.set_content("close the path");
    *command.mutable_plan_due() = due;
    *command.mutable_due_date() = due;
    Submit(lead, issue, {order, hazard_});
    return order;
  }

  std::int64_t Tick() {
    absl::StatusOr<std::int64_t> answer = absl::UnknownError("not answered");
    clock_.Tick([&](absl::StatusOr<std::int64_t> fired) { answer = fired; });
    reg_.executor().RunUntilIdle();
    EXPECT_THAT(answer, IsOk());
    return answer.value_or(-1);
  }
  // Time passes until the due date is over, and the clock fires; the escalation's id.
  std::string FallDue() {
    reg_.executor().RunUntil(absl::FromUnixSeconds(1501603200) + absl::Hours(1));
    EXPECT_EQ(Tick(), 1);
    reg_.executor().RunFor(absl::Hours(5));
    return Escalations().front().id();
  }
  std::vector<v1::Record> Escalations() {
    std::vector<v1::Record> found;
    const auto snapshot = reg_.store().Read();
    const auto page = (*snapshot)->Records(v1::Entity::kEscalation, Uuid(), 1000, "",
                                           store::RecordScope::Everything());
    for (const store::StoredRecord& stored : page->records) {
      EXPECT_TRUE(found.emplace_back().ParseFromString(stored.bytes));
    }
    return found;
  }
  std::size_t Messages() { return (*reg_.store().Read())->Notifications(0, 1000)->size(); }
  std::uint64_t Head() { return reg_.Head().seq.value(); }

  ReturnedCopy CopyOf(const std::string& record) { return testing::CopyOf(reg_, record); }
  void Return(const std::vector<ReturnedCopy>& copies) {
    VIGIL_ASSERT_OK(ReturnCopies(reg_, phone_, copies));
  }

  TestRegister reg_;
  EscalationClock clock_;
  Actor office_;
  Actor phone_;
  const std::string hazard_;
};

TEST_F(FiredBeforeTest, ACopyThatComesBeforeTheClocksTickKeepsItFromTellingTwice) {
  const std::string backup = reg_.Backup();
  Confirm(DueDate());
  const std::string fired = FallDue();
  const ReturnedCopy hazard = CopyOf(hazard_);
  const ReturnedCopy escalation = CopyOf(fired);
  const v1::Record before = reg_.Find(fired);
  // Together in either order, and one after the other in either order.
  const std::vector<std::vector<std::vector<ReturnedCopy>>> ways = {{{hazard, escalation}},
                                                                    {{escalation, hazard}},
                                                                    {{hazard}, {escalation}},
                                                                    {{escalation}, {hazard}}};
  for (const auto& calls : ways) {
    reg_.Restore(backup, office_);
    for (const std::vector<ReturnedCopy>& copies : calls) Return(copies);
    ASSERT_TRUE(reg_.Exists(fired));
    EXPECT_EQ(reg_.Find(fired).entity().SerializeAsString(), before.entity().SerializeAsString());
    EXPECT_EQ(reg_.Find(fired).parent(), hazard_);
    EXPECT_EQ(Tick(), 0);
    EXPECT_EQ(Messages(), 0U);
    // Another due date is another matter.
    Confirm(rules::ToDate(absl::CivilDay(2017, 8, 2)));
    reg_.executor().RunFor(absl::Hours(48));
    EXPECT_EQ(Tick(), 1);
  }
}

TEST_F(FiredBeforeTest, ADueDateOfAnOrderToo) {
  const std::string backup = reg_.Backup();
  Confirm(LaterDate());
  const std::string order = Tag(DueDate());
  const std::string fired = FallDue();
  const std::vector<ReturnedCopy> copies = {CopyOf(fired), CopyOf(order), CopyOf(hazard_)};
  reg_.Restore(backup, office_);
  // The order comes last, as another phone's.
  Return({copies[0], copies[2]});
  EXPECT_FALSE(reg_.Exists(fired));
  Return({copies[1]});
  EXPECT_TRUE(reg_.Exists(fired));
  EXPECT_EQ(Tick(), 0);
}

// Of a plan that was not filed.
class FiredPlanTest : public FiredBeforeTest {
 protected:
  FiredPlanTest() : FiredBeforeTest(LadderOf(v1::ESCALATION_STEP_E0_PLAN_DUE_MISSED, 1)) {}
};

TEST_F(FiredPlanTest, WhateverTheStepWaitsFor) {
  const std::string backup = reg_.Backup();
  Confirm(LaterDate());
  const std::string order = Tag(DueDate());
  const std::string fired = FallDue();
  ASSERT_EQ(reg_.Find(fired).entity().escalation().item(), order);
  const std::vector<ReturnedCopy> copies = {CopyOf(fired), CopyOf(order), CopyOf(hazard_)};
  reg_.Restore(backup, office_);
  Return({copies[0], copies[2]});
  EXPECT_FALSE(reg_.Exists(fired)) << "its order is not there";
  Return({copies[1]});
  EXPECT_TRUE(reg_.Exists(fired));
  EXPECT_EQ(Tick(), 0);
  EXPECT_EQ(Messages(), 0U);
}

TEST_F(FiredPlanTest, Promise5APlansDateOfTheRegistersOwnFiresWhateverACopySays) {
  Confirm(LaterDate());
  const std::string order = Tag(DueDate());
  const std::string backup = reg_.Backup();
  const std::vector<ReturnedCopy> copies = {CopyOf(FallDue()), CopyOf(order), CopyOf(hazard_)};
  reg_.Restore(backup, office_);
  Return(copies);
  EXPECT_THAT(Escalations(), IsEmpty());
  EXPECT_EQ(Tick(), 1);
}

TEST_F(FiredBeforeTest, ACopyThatComesAfterTheClocksTickChangesNothing) {
  const std::string backup = reg_.Backup();
  Confirm(DueDate());
  const std::string fired = FallDue();
  const ReturnedCopy hazard = CopyOf(hazard_);
  const ReturnedCopy escalation = CopyOf(fired);
  reg_.Restore(backup, office_);
  Return({hazard});
  EXPECT_EQ(Tick(), 1);
  EXPECT_EQ(Messages(), 1U);
  const std::string again = reg_.Find(fired).SerializeAsString();
  const std::uint64_t head = Head();
  Return({escalation});
  EXPECT_EQ(reg_.Find(fired).SerializeAsString(), again);
  EXPECT_EQ(Head(), head);
  EXPECT_EQ(Tick(), 0);
  EXPECT_EQ(Messages(), 1U);
}

// The clock has looked, a copy comes, and only then the register judges what the clock has found.
TEST_F(FiredBeforeTest, AStepThatACopyOvertookDoesNotFire) {
  const std::string backup = reg_.Backup();
  Confirm(DueDate());
  const std::string fired = FallDue();
  const std::vector<ReturnedCopy> copies = {CopyOf(hazard_), CopyOf(fired)};
  v1::Operation fire = reg_.Begin(reg_.clock);
  fire.set_device_seq(0);
  fire.mutable_fire_escalation()->set_escalation_id(fired);
  *fire.mutable_fire_escalation()->mutable_escalation() = reg_.Find(fired).entity().escalation();
  reg_.Restore(backup, office_);
  Return(copies);
  const std::string taken = reg_.Find(fired).SerializeAsString();
  fire.mutable_fire_escalation()->mutable_escalation()->mutable_fired_at()->set_seconds(
      absl::ToUnixSeconds(reg_.executor().Now()));
  Actor clock = reg_.clock;
  clock.author = escalation::ClockAuthor();
  fire.set_device(clock.author.device);
  fire.set_person(clock.author.person);
  const v1::Outcome outcome = reg_.Submit(clock, fire);
  EXPECT_EQ(outcome.error().reason(), v1::REASON_ALREADY_EXISTS) << outcome.ShortDebugString();
  EXPECT_EQ(reg_.Find(fired).SerializeAsString(), taken);
  EXPECT_EQ(Messages(), 0U);
}

// Nobody keeps it from firing on the register's own knowledge by a copy that says that it has.
TEST_F(FiredBeforeTest, Promise5ADateOfTheRegistersOwnFiresWhateverACopySays) {
  Confirm(DueDate());
  const std::string backup = reg_.Backup();
  const std::string fired = FallDue();
  const ReturnedCopy escalation = CopyOf(fired);
  reg_.Restore(backup, office_);
  Return({escalation});
  EXPECT_FALSE(reg_.Exists(fired));
  EXPECT_EQ(Tick(), 1);
  EXPECT_EQ(Messages(), 1U);
}

TEST_F(FiredBeforeTest, Promise5AForgedCopyOfAnEscalationIsNotTaken) {
  const std::string backup = reg_.Backup();
  Confirm(DueDate());
  const std::string fired = FallDue();
  const ReturnedCopy hazard = CopyOf(hazard_);
  const ReturnedCopy honest = CopyOf(fired);
  const std::int64_t now = absl::ToUnixSeconds(reg_.executor().Now());
  const std::vector<std::function<void(v1::Record&)>> forgeries = {
      [&](v1::Record& record) { record.set_id(reg_.NewId()); },
      [](v1::Record& record) {
        record.mutable_entity()->mutable_escalation()->set_due_version("2017-08-02@a:1");
      },
      [](v1::Record& record) {
        record.mutable_entity()->mutable_escalation()->set_step(
            v1::ESCALATION_STEP_E3_PROGRESS_MISSING);
      },
      [&](v1::Record& record) {
        record.mutable_entity()->mutable_escalation()->mutable_fired_at()->set_seconds(now + 60);
      },
      [](v1::Record& record) {
        v1::Escalation& body = *record.mutable_entity()->mutable_escalation();
        body.mutable_fired_at()->set_seconds(body.fell_due_at().seconds() - 60);
      },
      [](v1::Record& record) {
        v1::Escalation& body = *record.mutable_entity()->mutable_escalation();
        body.mutable_fell_due_at()->set_seconds(body.fell_due_at().seconds() - 60);
      },
      [&](v1::Record& record) {
        record.mutable_entity()->mutable_escalation()->set_item(reg_.risk_source);
        record.set_parent(reg_.risk_source);
      }};
  for (std::size_t i = 0; i < forgeries.size(); ++i) {
    SCOPED_TRACE(i);
    reg_.Restore(backup, office_);
    v1::Record forged;
    ASSERT_TRUE(forged.ParseFromString(honest.bytes));
    forgeries[i](forged);
    Return({hazard, {.epoch = honest.epoch, .bytes = forged.SerializeAsString()}});
    EXPECT_THAT(Escalations(), IsEmpty());
    EXPECT_EQ(Tick(), 1);
    EXPECT_EQ(Messages(), 1U);
  }
}

// It waits since the register learned of it first, as far as a copy says, and never from a day to
// come.
TEST_F(FiredBeforeTest, Promise8ALostReportWaitsSinceItCame) {
  for (const bool forged : {false, true}) {
    const std::string backup = reg_.Backup();
    const std::string hazard = reg_.NewId();
    v1::Operation report = reg_.Begin(phone_);
    report.mutable_made_at()->set_seconds(report.made_at().seconds() - 3600);
    report.mutable_report_hazard()->set_hazard_id(hazard);
    v1::Hazard& body = *report.mutable_report_hazard()->mutable_hazard();
    body.set_risk_source(reg_.risk_source);
    body.set_description("loose rock");
    *body.mutable_found_at() = report.made_at();
    ASSERT_EQ(reg_.Submit(phone_, report).verdict(), v1::VERDICT_APPLIED);
    const absl::Time came = rules::TimesOf(reg_.Find(hazard).made_by()).received;
    registry::ReturnedCopy copy = CopyOf(hazard);
    if (forged) {
      v1::Record record = reg_.Find(hazard);
      record.mutable_made_by()->mutable_received_at()->set_seconds(absl::ToUnixSeconds(came) +
                                                                   1'000'000);
      copy.bytes = record.SerializeAsString();
    }
    reg_.executor().RunFor(absl::Hours(48));
    reg_.Restore(backup, office_);
    const absl::Time returned = reg_.executor().Now();
    Return({copy});
    const auto received = [&] { return rules::TimesOf(reg_.Find(hazard).made_by()).received; };
    if (!forged) {
      EXPECT_EQ(received(), came);
    } else {
      EXPECT_GE(received(), returned - absl::Milliseconds(1));
      EXPECT_LE(received(), reg_.executor().Now());
    }
    const absl::Time before = received();
    reg_.executor().RunFor(absl::Hours(48));
    ASSERT_EQ(reg_.Submit(phone_, report).verdict(), v1::VERDICT_APPLIED);
    EXPECT_FALSE(reg_.Find(hazard).made_by().witnessed());
    EXPECT_EQ(received(), before) << "the register knew of it since the copy came";
  }
}

// That somebody has answered is for him to say: a copy of it is for people.
TEST_F(FiredBeforeTest, Promise5AnAnswerIsNotTakenFromACopy) {
  const std::string backup = reg_.Backup();
  Confirm(DueDate());
  const std::string fired = FallDue();
  const ReturnedCopy hazard = CopyOf(hazard_);
  v1::Record answered = reg_.Find(fired);
  answered.mutable_entity()->mutable_escalation()->set_acknowledgement("seen");
  answered.mutable_entity()->mutable_escalation()->set_acknowledged_by(phone_.author.person);
  ReturnedCopy copy = CopyOf(fired);
  copy.bytes = answered.SerializeAsString();
  reg_.Restore(backup, office_);
  Return({hazard, copy});
  ASSERT_THAT(Escalations(), SizeIs(1));
  EXPECT_FALSE(Escalations()[0].entity().escalation().has_acknowledgement());
  // Nor of one that is there.
  v1::FieldState& state = *answered.add_states();
  state.set_field(v1::Escalation::kAcknowledgementFieldNumber);
  *state.add_writes()->mutable_stamp() = answered.made_by();
  state.mutable_writes(0)->mutable_stamp()->set_device(phone_.author.device);
  answered.set_version(answered.version() + 1);
  state.mutable_writes(0)->mutable_stamp()->set_seq(answered.version());
  copy.bytes = answered.SerializeAsString();
  Return({copy});
  EXPECT_FALSE(Escalations()[0].entity().escalation().has_acknowledgement());
}

}  // namespace
}  // namespace vigil::testing
