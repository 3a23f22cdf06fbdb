#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/replica/replica.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {
namespace {

using replica::RecordView;
using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ReadTest : public ::testing::Test {
 protected:
  ReadTest()
      : hazard_(base().ConfirmedHazard(SomeDay())),
        phone_(server_, base().Phone(v1::ROLE_INSPECTOR, base().department)) {
    phone_.MustSync();
    phone_.faults().reachable = false;
  }

  TestRegister& base() { return server_.base(); }
  replica::Replica& replica() { return phone_.replica(); }

  std::vector<std::string> Ids(const replica::RecordQuery& query) {
    auto views = replica().List(query);
    VIGIL_CHECK(views.ok()) << views.status().ToString();
    std::vector<std::string> ids;
    for (const RecordView& view : *views) ids.push_back(view.record.id());
    return ids;
  }

  SimServer server_;
  std::string hazard_;
  TestPhone phone_;
};

TEST_F(ReadTest, ListsHoldWhatIsOnlyInTheOutbox) {
  const std::string reported = phone_.Report(base().risk_source, "crack");
  const std::vector<std::string> ids = Ids({.kind = "hazard"});
  EXPECT_THAT(ids, SizeIs(2));
  EXPECT_THAT(ids, Contains(reported));
  EXPECT_THAT(Ids({}), Contains(reported));
  EXPECT_THAT(Ids({.kind = "supervision_order"}), IsEmpty());
  EXPECT_THAT(replica().List({.kind = "nonsense"}), ReasonIs("REASON_INVALID_VALUE"));
}

TEST_F(ReadTest, PagesFollowOneAnother) {
  for (int i = 0; i < 5; ++i) phone_.Report(base().risk_source, "crack");
  const std::vector<std::string> all = Ids({.kind = "hazard"});
  ASSERT_THAT(all, SizeIs(6));
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  std::vector<std::string> paged;
  std::string after;
  for (int page = 0; page < 4; ++page) {
    const std::vector<std::string> ids = Ids({.kind = "hazard", .after = after, .limit = 2});
    paged.insert(paged.end(), ids.begin(), ids.end());
    if (!ids.empty()) after = ids.back();
  }
  EXPECT_EQ(paged, all);
}

TEST_F(ReadTest, ChildrenAreFoundByTheirParent) {
  v1::Operation recurrence;
  recurrence.mutable_report_recurrence()->set_hazard(hazard_);
  recurrence.mutable_report_recurrence()->set_recurrence_id(phone_.NewId());
  recurrence.mutable_report_recurrence()->set_description("still there");
  recurrence = phone_.MustMake(recurrence);
  const std::string id = recurrence.report_recurrence().recurrence_id();
  EXPECT_THAT(Ids({.parent = hazard_}), Contains(id));
  EXPECT_THAT(Ids({.kind = "recurrence", .parent = hazard_}), SizeIs(1));
  EXPECT_THAT(Ids({.kind = "verification", .parent = hazard_}), IsEmpty());
  phone_.faults().reachable = true;
  phone_.MustSync();
  EXPECT_THAT(Ids({.kind = "recurrence", .parent = hazard_}), SizeIs(1));
}

TEST_F(ReadTest, KeysAreFound) {
  EXPECT_EQ((*replica().FindByKey("risk_source", "RS-0001"))->record.id(), base().risk_source);
  EXPECT_FALSE(replica().FindByKey("risk_source", "RS-9999")->has_value());
  EXPECT_FALSE(replica().FindByKey("hazard", "")->has_value());
  EXPECT_EQ((*replica().FindByKey("org_unit", "PARK-01"))->record.id(), base().unit);
}

TEST_F(ReadTest, AHazardsStateIsDerivedFromWhatThePhoneHas) {
  EXPECT_EQ(replica().HazardState(hazard_)->grade(), v1::HAZARD_GRADE_GENERAL);
  phone_.RaiseGrade(hazard_, v1::HAZARD_GRADE_MAJOR);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::HazardState state, replica().HazardState(hazard_));
  EXPECT_EQ(state.grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(state.status(), v1::HAZARD_STATUS_CONFIRMED);
  EXPECT_FALSE(state.tagged());
  EXPECT_THAT(replica().HazardState(base().risk_source), ReasonIs("REASON_NOT_FOUND"));
  EXPECT_THAT(replica().HazardState(phone_.NewId()), ReasonIs("REASON_NOT_FOUND"));
}

TEST_F(ReadTest, ATagArrivesAndIsSeen) {
  Actor office = base().Clerk(v1::ROLE_SAFETY_OFFICE, base().bureau);
  const std::string order = base().NewId();
  v1::Operation propose = base().Begin(office);
  base().See(propose, {hazard_});
  propose.mutable_propose_supervision()->set_order_id(order);
  propose.mutable_propose_supervision()->set_hazard(hazard_);
  propose.mutable_propose_supervision()->set_level(v1::SUPERVISION_LEVEL_CITY);
  propose.mutable_propose_supervision()->set_reason("above a path");
  ASSERT_EQ(base().Submit(office, propose).verdict(), v1::VERDICT_APPLIED);
  v1::Operation issue = base().Begin(office);
  base().See(issue, {order, hazard_});
  v1::IssueOrder& command = *issue.mutable_issue_order();
  command.set_order(order);
  command.set_number("2017-1");
  command.set_signatory("the director");
  command.set_content("rectify");
  command.set_ordered_by(base().bureau);
  command.mutable_plan_due()->set_year(2017);
  command.mutable_plan_due()->set_month(8);
  command.mutable_plan_due()->set_day(10);
  command.mutable_due_date()->set_year(2017);
  command.mutable_due_date()->set_month(9);
  command.mutable_due_date()->set_day(30);
  const v1::Outcome outcome = base().Submit(office, issue);
  ASSERT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  phone_.faults().reachable = true;
  phone_.MustSync();
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::HazardState state, replica().HazardState(hazard_));
  EXPECT_TRUE(state.tagged());
  EXPECT_EQ(state.order(), order);
  EXPECT_EQ(state.due_date().month(), 9);
}

TEST_F(ReadTest, TodayIsTheRegistersDay) {
  // 08:00 UTC is 16:00 in Shenzhen; nine hours later it is tomorrow there.
  const v1::Date before = *replica().Today();
  EXPECT_EQ(before.day(), 31);
  server_.executor().RunFor(absl::Hours(9));
  EXPECT_EQ(replica().Today()->month(), 8);
  EXPECT_EQ(replica().Today()->day(), 1);
}

TEST_F(ReadTest, AnotherRecordsPendingWritesAreNotMergedIn) {
  for (int i = 0; i < 20; ++i) phone_.Describe(hazard_, "crack");
  const RecordView other = phone_.View(base().risk_source);
  EXPECT_EQ(other.own_device_seq, 0U);
  EXPECT_FALSE(other.pending);
  EXPECT_EQ(phone_.View(hazard_).own_device_seq, 20U);
}

TEST_F(ReadTest, IdsThatAreNoneAreRefused) {
  EXPECT_THAT(replica().Find("nonsense"), ReasonIs("REASON_INVALID_ID"));
  EXPECT_THAT(replica().List({.parent = "nonsense"}), ReasonIs("REASON_INVALID_ID"));
  EXPECT_THAT(replica().SettleAttention("nonsense"), ReasonIs("REASON_INVALID_ID"));
  EXPECT_THAT(replica().SettleAttention(phone_.NewId()), ReasonIs("REASON_NOT_FOUND"));
}

}  // namespace
}  // namespace vigil::testing
