#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/engine/session.h"
#include "sync/replica/replica.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

// The 15 slopes that one unit handed to a district, as it went on the phones of all who had to do
// with them.

namespace vigil::testing {
namespace {

using engine::SessionReport;
using replica::OutboxState;
using ::testing::ElementsAre;

class SlopesTest : public ::testing::Test {
 protected:
  SlopesTest()
      : office_(base().Clerk(v1::ROLE_SAFETY_OFFICE, base().bureau)),
        receiver_(base().Clerk(v1::ROLE_RECEIVER, base().district)) {
    for (int i = 0; i < 15; ++i) {
      Slope& slope = slopes_.emplace_back();
      slope.hazard = base().ConfirmedHazard(SomeDay());
      slope.order = base().NewId();
      v1::Operation order = Seen(office_, {slope.hazard});
      order.mutable_propose_supervision()->set_order_id(slope.order);
      order.mutable_propose_supervision()->set_hazard(slope.hazard);
      order.mutable_propose_supervision()->set_level(v1::SUPERVISION_LEVEL_CITY);
      order.mutable_propose_supervision()->set_reason("it hangs over a path");
      order.mutable_propose_supervision()->set_ledger("hazards");
      Apply(office_, order);
      slope.progress = base().NewId();
      v1::Operation progress = Seen(office_, {slope.hazard});
      progress.mutable_report_progress()->set_progress_report_id(slope.progress);
      v1::ProgressReport& report = *progress.mutable_report_progress()->mutable_progress_report();
      report.set_hazard(slope.hazard);
      report.set_text("the drains are cleared");
      Apply(office_, progress);
    }
  }

  struct Slope {
    std::string hazard;
    std::string order;
    std::string progress;
    std::string transfer;
    std::vector<std::string> All() const { return {hazard, order, progress, transfer}; }
  };

  TestRegister& base() { return server_.base(); }

  v1::Operation Seen(Actor& actor, const std::vector<std::string>& records) {
    v1::Operation operation = base().Begin(actor);
    base().See(operation, records);
    return operation;
  }
  void Apply(const Actor& actor, const v1::Operation& operation) {
    const v1::Outcome outcome = base().Submit(actor, operation);
    ASSERT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  }
  void HandOver() {
    for (Slope& slope : slopes_) {
      slope.transfer = base().NewId();
      v1::Operation propose = Seen(office_, {slope.hazard});
      propose.mutable_propose_transfer()->set_hazard(slope.hazard);
      propose.mutable_propose_transfer()->set_transfer_id(slope.transfer);
      propose.mutable_propose_transfer()->set_to_unit(base().district);
      propose.mutable_propose_transfer()->set_basis("the slopes are the district's");
      Apply(office_, propose);
      v1::Operation accept = Seen(receiver_, {slope.hazard, slope.transfer});
      accept.mutable_accept_transfer()->set_hazard(slope.hazard);
      accept.mutable_accept_transfer()->set_transfer(slope.transfer);
      Apply(receiver_, accept);
    }
  }
  void ExpectHolds(TestPhone& phone, bool holds) {
    for (const Slope& slope : slopes_) {
      for (const std::string& record : slope.All()) {
        if (record.empty()) continue;
        EXPECT_EQ(phone.replica().Find(record)->has_value(), holds) << record;
      }
    }
  }
  static SessionReport MustFollow(TestPhone& phone) {
    const SessionReport report = phone.MustSync();
    EXPECT_EQ(report.repaired, 0);
    EXPECT_EQ(phone.replica().Counts()->faults, 0);
    return report;
  }

  SimServer server_;
  Actor office_;
  Actor receiver_;
  std::vector<Slope> slopes_;
};

TEST_F(SlopesTest, TheyGoToTheDistrictWithAllThatBelongsToThem) {
  TestPhone old_unit(server_, base().Phone(v1::ROLE_RESPONSIBLE_UNIT, base().unit));
  TestPhone district(server_, base().Phone(v1::ROLE_RECEIVER, base().district));
  TestPhone office(server_, base().Phone(v1::ROLE_SAFETY_OFFICE, base().bureau));
  const Actor moved = base().Phone(v1::ROLE_INSPECTOR, base().unit);
  TestPhone reassigned(server_, moved);
  for (TestPhone* phone : {&old_unit, &district, &office, &reassigned}) MustFollow(*phone);
  ExpectHolds(old_unit, true);
  ExpectHolds(district, false);

  // Made with no signal, while the slopes are handed over and one inspector is reassigned.
  v1::Operation accept;
  accept.mutable_accept_hazard()->set_hazard(slopes_[3].hazard);
  accept = old_unit.MustMake(accept);
  v1::Operation late;
  const std::string late_report = reassigned.NewId();
  late.mutable_report_progress()->set_progress_report_id(late_report);
  late.mutable_report_progress()->mutable_progress_report()->set_hazard(slopes_[4].hazard);
  late.mutable_report_progress()->mutable_progress_report()->set_text("a new crack, 20 m long");
  late = reassigned.MustMake(late);
  HandOver();
  base().ChangeRole(moved, v1::ROLE_INSPECTOR, base().other_unit);

  // The old unit's phone learns of it by a page: its decision was offered before that and refused
  // or, where the push did not get through, is offered again.
  old_unit.faults().push_works = false;
  EXPECT_FALSE(old_unit.Sync().push_status.ok());
  ExpectHolds(old_unit, false);
  EXPECT_EQ(old_unit.replica().Outbox()->front().state, OutboxState::kSent);
  old_unit.faults().push_works = true;
  // What is made from a form that was open before is refused here, where its author sees it.
  MustFollow(old_unit);

  EXPECT_EQ(MustFollow(reassigned).outcomes.applied, 1);
  EXPECT_TRUE(reassigned.replica().FindOutcome(late.id())->value().outside_scope());
  ExpectHolds(reassigned, false);
  EXPECT_EQ(base().Find(late_report).unit(), base().district);

  MustFollow(district);
  ExpectHolds(district, true);
  EXPECT_TRUE(district.replica().Find(late_report)->has_value());
  MustFollow(office);
  ExpectHolds(office, true);
}

TEST_F(SlopesTest, AScopeThatIsLostAndRegainedBetweenTwoSessionsIsNoLoss) {
  const Actor actor = base().Phone(v1::ROLE_RESPONSIBLE_UNIT, base().unit);
  TestPhone phone(server_, actor);
  MustFollow(phone);
  v1::Operation accept;
  accept.mutable_accept_hazard()->set_hazard(slopes_[0].hazard);
  accept = phone.MustMake(accept);
  base().ChangeRole(actor, v1::ROLE_RESPONSIBLE_UNIT, base().district);
  base().ChangeRole(actor, v1::ROLE_RESPONSIBLE_UNIT, base().unit);
  EXPECT_EQ(MustFollow(phone).outcomes.applied, 1);
  ExpectHolds(phone, true);
}

TEST_F(SlopesTest, UnsentDecisionsOnWhatWasHandedOverWaitWhenThePersonGoesToo) {
  const Actor actor = base().Phone(v1::ROLE_RESPONSIBLE_UNIT, base().unit);
  TestPhone phone(server_, actor);
  MustFollow(phone);
  v1::Operation accept;
  accept.mutable_accept_hazard()->set_hazard(slopes_[0].hazard);
  accept = phone.MustMake(accept);
  HandOver();
  base().ChangeRole(actor, v1::ROLE_RESPONSIBLE_UNIT, base().other_unit);
  MustFollow(phone);
  ExpectHolds(phone, false);
  EXPECT_EQ(phone.replica().Counts()->quarantined, 1);
  // Back in the old unit: the slope is not there any more, and the decision still waits.
  base().ChangeRole(actor, v1::ROLE_RESPONSIBLE_UNIT, base().unit);
  MustFollow(phone);
  EXPECT_EQ(phone.replica().Counts()->quarantined, 1);
  // In the district: it goes.
  base().ChangeRole(actor, v1::ROLE_RESPONSIBLE_UNIT, base().district);
  const SessionReport report = MustFollow(phone);
  ExpectHolds(phone, true);
  EXPECT_EQ(phone.replica().Counts()->quarantined, 0);
  EXPECT_EQ(report.outcomes.applied + report.outcomes.merged + report.outcomes.refused, 1);
}

}  // namespace
}  // namespace vigil::testing
