#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "sync/replica/replica.h"
#include "sync/rules/work_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {
namespace {

v1::WorkingDayLists DaysOff(std::string days) {
  v1::WorkingDayLists lists;
  lists.add_list()->set_year(2017);
  lists.mutable_list(0)->add_off(std::move(days));
  return lists;
}

v1::Date On(int month, int day) { return rules::ToDate(absl::CivilDay(2017, month, day)); }

// A hazard under an order that is in progress and due on 21 August; today is 31 July. By the weeks
// alone that is 15 working days, by the register's lists five less.
class WorkingDaysTest : public ::testing::Test {
 protected:
  WorkingDaysTest()
      : server_({.working_days = DaysOff("2017-08-07..2017-08-11")}),
        hazard_(base().ConfirmedHazard(On(9, 30))),
        order_(base().NewId()),
        office_(base().Clerk(v1::ROLE_SAFETY_OFFICE, base().bureau)),
        phone_(server_, base().Phone(v1::ROLE_RESPONSIBLE_UNIT, base().unit)) {
    v1::Operation propose = Begin();
    propose.mutable_propose_supervision()->set_order_id(order_);
    propose.mutable_propose_supervision()->set_hazard(hazard_);
    propose.mutable_propose_supervision()->set_level(v1::SUPERVISION_LEVEL_CITY);
    propose.mutable_propose_supervision()->set_reason("above a path");
    Submit(propose);
    v1::Operation issue = Begin();
    v1::IssueOrder& command = *issue.mutable_issue_order();
    command.set_order(order_);
    command.set_number("2017-1");
    command.set_signatory("the director");
    command.set_content("rectify");
    command.set_ordered_by(base().bureau);
    *command.mutable_plan_due() = On(8, 10);
    *command.mutable_due_date() = On(8, 21);
    Submit(issue);
    v1::Operation receipt = Begin();
    receipt.mutable_sign_receipt()->set_order(order_);
    receipt.mutable_sign_receipt()->set_received_by("the head");
    *receipt.mutable_sign_receipt()->mutable_received_on() = On(7, 31);
    Submit(receipt);
    v1::Operation file = Begin();
    file.mutable_file_plan()->set_order(order_);
    file.mutable_file_plan()->set_plan_id(base().NewId());
    v1::RectificationPlan& plan = *file.mutable_file_plan()->mutable_plan();
    plan.set_responsible_person("the head");
    plan.set_measures("anchor");
    plan.mutable_funds()->set_fen(100);
    *plan.mutable_due_on() = On(8, 20);
    plan.set_contingency_plan("close the path");
    Submit(file);
    phone_.MustSync();
  }

  TestRegister& base() { return server_.base(); }
  v1::Operation Begin() {
    v1::Operation operation = base().Begin(office_);
    base().See(operation, {hazard_});
    if (base().Exists(order_)) base().See(operation, {order_});
    return operation;
  }
  void Submit(const v1::Operation& operation) {
    const v1::Outcome outcome = base().Submit(office_, operation);
    ASSERT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  }
  v1::Operation Extension() {
    v1::Operation operation;
    v1::ApplyExtension& command = *operation.mutable_apply_extension();
    command.set_order(order_);
    command.set_extension_id(phone_.NewId());
    command.set_reason("rain");
    command.set_interim_controls("a fence");
    *command.mutable_requested_until() = On(10, 31);
    return operation;
  }
  // The register greets with these lists.
  void Greet(const v1::WorkingDayLists& lists) {
    replica::Replica& replica = phone_.replica();
    VIGIL_ASSERT_OK_AND_ASSIGN(v1::HelloRequest asked, replica.BeginHello());
    asked.set_protocol(1);
    VIGIL_ASSERT_OK_AND_ASSIGN(v1::HelloResponse hello,
                               server_.core().Hello(phone_.actor().author, asked));
    *hello.mutable_working_days() = lists;
    VIGIL_ASSERT_OK(replica.ApplyHello({asked, hello}));
  }

  SimServer server_;
  const std::string hazard_;
  const std::string order_;
  Actor office_;
  TestPhone phone_;
};

TEST_F(WorkingDaysTest, APhoneCountsThemAsItsRegisterDoes) {
  EXPECT_THAT(phone_.replica().Make(Extension()), ReasonIs("REASON_EXTENSION_TOO_LATE"));
  Greet(v1::WorkingDayLists());
  VIGIL_EXPECT_OK(phone_.replica().Make(Extension()));
  // The register has not forgotten them.
  phone_.MustSync();
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::vector<replica::AttentionItem> refused,
                             phone_.replica().Attention());
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused.front().outcome.error().reason(), v1::REASON_EXTENSION_TOO_LATE);
}

TEST_F(WorkingDaysTest, APhoneAsksOnlyForWhatItLacks) {
  const std::string hash = phone_.replica().BeginHello()->working_days_hash();
  EXPECT_FALSE(hash.empty());
  Greet(DaysOff("2017-08-14"));
  EXPECT_NE(phone_.replica().BeginHello()->working_days_hash(), hash);
  phone_.MustSync();
  EXPECT_EQ(phone_.replica().BeginHello()->working_days_hash(), hash);
}

TEST_F(WorkingDaysTest, ListsThatItCannotReadDoNotReplaceWhatItHas) {
  const std::string hash = phone_.replica().BeginHello()->working_days_hash();
  Greet(DaysOff("every other Friday"));
  EXPECT_EQ(phone_.replica().BeginHello()->working_days_hash(), hash);
}

}  // namespace
}  // namespace vigil::testing
