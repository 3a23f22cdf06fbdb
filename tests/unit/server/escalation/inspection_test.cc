#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "server/escalation/escalation_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "tests/unit/server/escalation/escalation_fixture.h"

// Risk sources that are not inspected within their interval.

namespace vigil::testing {
namespace {

using escalation::EscalationClock;
using google::protobuf::util::TimeUtil;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TestRegister::Options WithInspections() {
  TestRegister::Options options;
  options.ladder = LadderOf(v1::ESCALATION_STEP_INSPECTION_OVERDUE, 1);
  return options;
}

class InspectionTest : public ::testing::Test {
 protected:
  InspectionTest()
      : reg_(WithInspections()),
        clock_(reg_.target(), reg_.executor(), {}),
        inspector_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit)),
        office_(reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau)) {
    // The other one waits for nothing.
    v1::RiskSource source;
    source.set_inspection_interval_days(0);
    Edit(reg_.other_risk_source, source, "inspection_interval_days");
  }

  void Edit(const std::string& record, const v1::RiskSource& source, const std::string& field) {
    v1::Operation operation = reg_.Begin(office_);
    reg_.See(operation, {record});
    operation.mutable_edit_record()->set_record(record);
    *operation.mutable_edit_record()->mutable_entity()->mutable_risk_source() = source;
    operation.mutable_edit_record()->mutable_update_mask()->add_paths(field);
    EXPECT_EQ(reg_.Submit(office_, operation).verdict(), v1::VERDICT_APPLIED);
  }

  // By a phone whose clock is wrong by so much; the record's id.
  std::string Inspect(absl::Duration wrong_by = absl::ZeroDuration()) {
    v1::Operation operation = reg_.Begin(inspector_);
    const absl::Time made = reg_.executor().Now() + wrong_by;
    *operation.mutable_made_at() = TimeUtil::MicrosecondsToTimestamp(ToMicros(made));
    const std::string id = reg_.NewId();
    operation.mutable_create_record()->set_record(id);
    v1::Inspection& inspection =
        *operation.mutable_create_record()->mutable_entity()->mutable_inspection();
    inspection.set_risk_source(reg_.risk_source);
    *inspection.mutable_started_at() = operation.made_at();
    const v1::Outcome outcome = reg_.Submit(inspector_, operation);
    EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
    return id;
  }

  void Withdraw(const std::string& inspection) {
    v1::Operation operation = reg_.Begin(office_);
    reg_.See(operation, {inspection});
    operation.mutable_withdraw_record()->set_record(inspection);
    operation.mutable_withdraw_record()->set_reason("of another site");
    const v1::Outcome outcome = reg_.Submit(office_, operation);
    EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  }

  // The day on which the source is due next, as the register has noted it.
  std::string NextDay() {
    auto snapshot = reg_.store().Read();
    auto row = (*snapshot)->FindRiskSourceProjection(*Uuid::Parse(reg_.risk_source));
    EXPECT_THAT(row, IsOk());
    if (!(*row)->next_step_at) return "none";
    return FormatDay(DayAt(*(*row)->next_step_at, reg_.target().zone()));
  }

  std::string DayFromNow(int days) {
    return FormatDay(DayAt(reg_.executor().Now(), reg_.target().zone()) + days);
  }

  TestRegister reg_;
  EscalationClock clock_;
  Actor inspector_;
  Actor office_;
};

TEST_F(InspectionTest, ASourceThatIsNotInspectedInItsIntervalEscalatesOnce) {
  EXPECT_EQ(NextDay(), DayFromNow(31)) << "since it was made";
  reg_.executor().RunFor(absl::Hours(24 * 10));
  Inspect();
  EXPECT_EQ(NextDay(), DayFromNow(31)) << "since it was inspected";
  reg_.executor().RunFor(absl::Hours(24 * 29));
  EXPECT_EQ(Tick(reg_, clock_), 0);
  reg_.executor().RunFor(absl::Hours(24 * 2));
  EXPECT_EQ(Tick(reg_, clock_), 1);
  EXPECT_EQ(NextDay(), "none");
  reg_.executor().RunFor(absl::Hours(24 * 365));
  EXPECT_EQ(Tick(reg_, clock_), 0);
  const std::vector<v1::Escalation> fired = EscalationsOf(reg_);
  ASSERT_THAT(fired, SizeIs(1));
  EXPECT_EQ(fired[0].item(), reg_.risk_source);
  EXPECT_EQ(fired[0].step(), v1::ESCALATION_STEP_INSPECTION_OVERDUE);
  auto snapshot = reg_.store().Read();
  const auto told = (*snapshot)->Notifications(0, 10);
  ASSERT_THAT(*told, SizeIs(1));
  EXPECT_EQ((*told)[0].recipient(), reg_.department);
  EXPECT_THAT((*told)[0].text_en(), HasSubstr("overdue for inspection"));
  // The next interval is another one.
  Inspect();
  reg_.executor().RunFor(absl::Hours(24 * 31));
  EXPECT_EQ(Tick(reg_, clock_), 1);
}

TEST_F(InspectionTest, AWithdrawnInspectionDoesNotCount) {
  reg_.executor().RunFor(absl::Hours(24 * 5));
  Inspect();
  const std::string first = NextDay();
  reg_.executor().RunFor(absl::Hours(24 * 5));
  const std::string second = Inspect();
  EXPECT_NE(NextDay(), first);
  Withdraw(second);
  EXPECT_EQ(NextDay(), first);
}

TEST_F(InspectionTest, Promise8APhonesClockMovesNoDeadlineBeyondItsArrival) {
  Inspect(absl::Hours(24 * 3650));
  EXPECT_EQ(NextDay(), DayFromNow(31));
  Inspect(-absl::Hours(24 * 3650));
  EXPECT_EQ(NextDay(), DayFromNow(31)) << "an earlier day does not replace a later one";
}

TEST_F(InspectionTest, OneThatIsEnteredLaterCountsOnItsDay) {
  reg_.executor().RunFor(absl::Hours(24 * 10));
  Inspect(-absl::Hours(24 * 5));
  EXPECT_EQ(NextDay(), DayFromNow(26));
}

TEST_F(InspectionTest, ARetiredSourceWaitsForNothing) {
  v1::RiskSource source;
  source.set_retired(true);
  Edit(reg_.risk_source, source, "retired");
  EXPECT_EQ(NextDay(), "none");
  reg_.executor().RunFor(absl::Hours(24 * 100));
  EXPECT_EQ(Tick(reg_, clock_), 0);
  source.set_retired(false);
  Edit(reg_.risk_source, source, "retired");
  EXPECT_EQ(Tick(reg_, clock_), 1);
}

TEST_F(InspectionTest, AnotherIntervalIsAnotherDay) {
  Inspect();
  v1::RiskSource source;
  source.set_inspection_interval_days(7);
  Edit(reg_.risk_source, source, "inspection_interval_days");
  EXPECT_EQ(NextDay(), DayFromNow(8));
  source.set_inspection_interval_days(0);
  Edit(reg_.risk_source, source, "inspection_interval_days");
  EXPECT_EQ(NextDay(), "none");
}

}  // namespace
}  // namespace vigil::testing
