#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/derive.h"
#include "sync/rules/judge.h"
#include "tests/unit/sync/rules/judge_fixture.h"

// The guards of tagged supervision and of escalation. Which event goes from which status, and by
// whom, stands in the lifecycle table.

namespace vigil::rules {
namespace {

using ::vigil::testing::IdOf;
using Op = v1::Operation;

void SetDate(v1::Date& date, int year, int month, int day) {
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
}

class SupervisionTest : public JudgeTest {};

TEST_F(SupervisionTest, AProposalDoesNotTagAnIssuedOrderDoes) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  RulesActor department = Phone({v1::ROLE_INDUSTRY_DEPARTMENT});
  const Op propose = Begin("propose_supervision", department);
  ASSERT_TRUE(Taken(world().Apply(propose, department)));
  scene().order = propose.propose_supervision().order_id();
  EXPECT_FALSE(world().StateOf(hazard()).tagged());
  EXPECT_EQ(world().Order(order()).ledger(), "hazards");
  ASSERT_TRUE(Taken(Do("issue_order", Clerk({v1::ROLE_SAFETY_OFFICE}))));
  EXPECT_TRUE(world().StateOf(hazard()).tagged());
  EXPECT_EQ(world().Order(order()).number(), "7");
  EXPECT_EQ(world().Order(order()).level(), v1::SUPERVISION_LEVEL_CITY);
  EXPECT_TRUE(world().Order(order()).has_issued_on());
}

TEST_F(SupervisionTest, OnlyAConfirmedUnfinishedHazardIsProposed) {
  for (int status = v1::HAZARD_STATUS_REPORTED; status <= v1::HAZARD_STATUS_REJECTED; ++status) {
    Open({.hazard = static_cast<v1::HazardStatus>(status)});
    const v1::Reason reason = ReasonOfDoing("propose_supervision", Clerk());
    if (status == v1::HAZARD_STATUS_REPORTED) {
      EXPECT_EQ(reason, v1::REASON_EVENT_NOT_ALLOWED);
    } else if (status >= v1::HAZARD_STATUS_VERIFIED) {
      EXPECT_EQ(reason, v1::REASON_HAZARD_FINISHED) << status;
    } else {
      EXPECT_EQ(reason, v1::REASON_UNSPECIFIED) << status;
    }
  }
}

TEST_F(SupervisionTest, AnOrderNeedsNumberSignatoryContentAndBothDates) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_PROPOSED});
  const std::vector<std::function<void(Op&)>> gaps = {
      [](Op& op) { op.mutable_issue_order()->set_number(" "); },
      [](Op& op) { op.mutable_issue_order()->clear_signatory(); },
      [](Op& op) { op.mutable_issue_order()->clear_content(); },
      [](Op& op) { op.mutable_issue_order()->clear_plan_due(); },
      [](Op& op) { op.mutable_issue_order()->clear_due_date(); }};
  for (const auto& gap : gaps) {
    EXPECT_EQ(ReasonOfDoing("issue_order", Clerk(), gap), v1::REASON_REQUIRED_FIELD_MISSING);
  }
  EXPECT_TRUE(Taken(Do("issue_order", Clerk())));
}

TEST_F(SupervisionTest, ANoticesDatesStandInTheirOrder) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_PROPOSED});
  const auto plan_last = [](Op& op) {
    SetDate(*op.mutable_issue_order()->mutable_plan_due(), 2017, 11, 1);
  };
  EXPECT_EQ(ReasonOfDoing("issue_order", Clerk(), plan_last), v1::REASON_INVALID_DATE);
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_ISSUED});
  const auto too_early = [](Op& op) {
    SetDate(*op.mutable_sign_receipt()->mutable_received_on(), 2017, 6, 30);
  };
  EXPECT_EQ(ReasonOfDoing("sign_receipt", Phone(), too_early), v1::REASON_INVALID_DATE);
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_PASSED});
  const auto lifted_early = [](Op& op) {
    SetDate(*op.mutable_lift_tag()->mutable_lifted_on(), 2017, 6, 30);
  };
  EXPECT_EQ(ReasonOfDoing("lift_tag", Clerk(), lifted_early), v1::REASON_INVALID_DATE);
}

TEST_F(SupervisionTest, ANoticeIsOfSomeLevel) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  RulesActor department = Phone();
  const auto no_level = [](Op& op) { op.mutable_propose_supervision()->clear_level(); };
  const Op propose = Begin("propose_supervision", department, no_level);
  ASSERT_TRUE(Taken(world().Apply(propose, department)));
  scene().order = propose.propose_supervision().order_id();
  const auto none = [](Op& op) { op.mutable_issue_order()->clear_level(); };
  EXPECT_EQ(ReasonOfDoing("issue_order", Clerk(), none), v1::REASON_REQUIRED_FIELD_MISSING);
  EXPECT_TRUE(Taken(Do("issue_order", Clerk())));
}

TEST_F(SupervisionTest, OnlyALiftingIsPublishedAndNotBeforeIt) {
  for (const v1::OrderStatus status : {v1::ORDER_STATUS_ISSUED, v1::ORDER_STATUS_PASSED}) {
    Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = status});
    EXPECT_EQ(ReasonOfDoing("record_publication", Clerk()), v1::REASON_EVENT_NOT_ALLOWED);
  }
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_LIFTED});
  const auto early = [](Op& op) {
    SetDate(*op.mutable_record_publication()->mutable_published_on(), 2017, 6, 30);
  };
  EXPECT_EQ(ReasonOfDoing("record_publication", Clerk(), early), v1::REASON_INVALID_DATE);
  EXPECT_TRUE(Taken(Do("record_publication", Clerk())));
}

TEST_F(SupervisionTest, AnExtensionIsApprovedToALaterDateOnly) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_EXTENSION_PENDING});
  const auto sooner = [](Op& op) {
    SetDate(*op.mutable_approve_extension()->mutable_approved_until(), 2017, 10, 31);
  };
  EXPECT_EQ(ReasonOfDoing("approve_extension", Clerk(), sooner), v1::REASON_INVALID_DATE);
}

TEST_F(SupervisionTest, Promise5AnEditMakesAnOrdersDateEarlierOnly) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_IN_PROGRESS});
  EXPECT_EQ(ReasonOfDoing("edit_order_due_later", Clerk()), v1::REASON_FIELD_NOT_EDITABLE);
  const auto sooner = [](Op& op) {
    SetDate(*op.mutable_edit_record()
                 ->mutable_entity()
                 ->mutable_supervision_order()
                 ->mutable_due_date(),
            2017, 10, 30);
  };
  EXPECT_TRUE(Taken(Do("edit_order_due_later", Clerk(), sooner)));
  EXPECT_EQ(world().Order(order()).due_date().day(), 30);
}

TEST_F(SupervisionTest, WhatIsProposedToTheOfficeTheUnitDoesNotAnswer) {
  for (const v1::EscalationStep step :
       {v1::ESCALATION_STEP_E4_OVERDUE, v1::ESCALATION_STEP_E7_PROPOSE_TALK}) {
    Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
    v1::Entity fired = world().Find(scene().escalation)->entity();
    fired.mutable_escalation()->set_step(step);
    world().Put(IdOf("fired"), fired, hazard());
    const auto answer = [&](Op& op) {
      op.mutable_acknowledge_escalation()->set_escalation(IdOf("fired"));
      world().See(op, IdOf("fired"));
    };
    const bool is_told = step == v1::ESCALATION_STEP_E4_OVERDUE;
    EXPECT_EQ(ReasonOfDoing("acknowledge_escalation", Phone({v1::ROLE_RESPONSIBLE_UNIT}), answer),
              is_told ? v1::REASON_UNSPECIFIED : v1::REASON_NOT_PERMITTED);
    EXPECT_TRUE(Taken(Do("acknowledge_escalation", Clerk({v1::ROLE_SAFETY_OFFICE}), answer)));
    const auto silent = [&](Op& op) {
      answer(op);
      op.mutable_acknowledge_escalation()->set_text(" ");
    };
    EXPECT_EQ(ReasonOfDoing("acknowledge_escalation", Clerk(), silent),
              v1::REASON_REQUIRED_FIELD_MISSING);
  }
}

TEST_F(SupervisionTest, AReceiptNamesTheReceiverAndTheDate) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_ISSUED});
  const auto nobody = [](Op& op) { op.mutable_sign_receipt()->clear_received_by(); };
  EXPECT_EQ(ReasonOfDoing("sign_receipt", Phone(), nobody), v1::REASON_REQUIRED_FIELD_MISSING);
  const auto never = [](Op& op) { op.mutable_sign_receipt()->clear_received_on(); };
  EXPECT_EQ(ReasonOfDoing("sign_receipt", Phone(), never), v1::REASON_REQUIRED_FIELD_MISSING);
  ASSERT_TRUE(Taken(Do("sign_receipt", Phone())));
  EXPECT_EQ(world().Order(order()).received_by(), "the manager");
}

TEST_F(SupervisionTest, APlanIsFiledCompleteOnly) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_SERVED});
  const auto gap = [](Op& op) { op.mutable_file_plan()->mutable_plan()->clear_funds(); };
  EXPECT_EQ(ReasonOfDoing("file_plan", Phone(), gap), v1::REASON_PLAN_INCOMPLETE);
  const auto none = [](Op& op) { op.mutable_file_plan()->clear_plan(); };
  EXPECT_EQ(ReasonOfDoing("file_plan", Phone(), none), v1::REASON_PLAN_INCOMPLETE);
  const auto blank = [](Op& op) {
    op.mutable_file_plan()->mutable_plan()->set_contingency_plan("\u3000 ");
  };
  EXPECT_EQ(ReasonOfDoing("file_plan", Phone(), blank), v1::REASON_PLAN_INCOMPLETE);
  const auto backwards = [](Op& op) {
    SetDate(*op.mutable_file_plan()->mutable_plan()->mutable_starts_on(), 2020, 1, 1);
  };
  EXPECT_EQ(ReasonOfDoing("file_plan", Phone(), backwards), v1::REASON_INVALID_DATE);
  ASSERT_TRUE(Taken(Do("file_plan", Phone())));
  EXPECT_EQ(CompareDates(world().Order(order()).filed_on(), world().Today()), 0);
  EXPECT_EQ(world().Find(world().Order(order()).plan())->parent(), hazard());
}

TEST_F(SupervisionTest, AnExtensionNeedsReasonControlsAndALaterDate) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_IN_PROGRESS});
  const auto no_reason = [](Op& op) { op.mutable_apply_extension()->clear_reason(); };
  EXPECT_EQ(ReasonOfDoing("apply_extension", Phone(), no_reason), v1::REASON_REASON_REQUIRED);
  const auto no_controls = [](Op& op) { op.mutable_apply_extension()->clear_interim_controls(); };
  EXPECT_EQ(ReasonOfDoing("apply_extension", Phone(), no_controls),
            v1::REASON_REQUIRED_FIELD_MISSING);
  const auto no_date = [](Op& op) { op.mutable_apply_extension()->clear_requested_until(); };
  EXPECT_EQ(ReasonOfDoing("apply_extension", Phone(), no_date), v1::REASON_REQUIRED_FIELD_MISSING);
  const auto same_date = [](Op& op) {
    SetDate(*op.mutable_apply_extension()->mutable_requested_until(), 2017, 10, 31);
  };
  EXPECT_EQ(ReasonOfDoing("apply_extension", Phone(), same_date), v1::REASON_INVALID_DATE);
  EXPECT_TRUE(Taken(Do("apply_extension", Phone())));
}

// 15 working days before Tuesday 31 October 2017 is Tuesday 10 October.
TEST_F(SupervisionTest, AnExtensionIsAppliedForFifteenWorkingDaysBeforeTheDueDate) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_IN_PROGRESS});
  const absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  world().Advance(absl::FromCivil(absl::CivilMinute(2017, 10, 11, 0, 0), zone) - world().now());
  EXPECT_EQ(ReasonOfDoing("apply_extension", Phone()), v1::REASON_EXTENSION_TOO_LATE);
  world().Advance(absl::FromCivil(absl::CivilMinute(2017, 10, 10, 23, 50), zone) - world().now());
  EXPECT_TRUE(Taken(Do("apply_extension", Phone())));
}

// Its author was in time, as his phone says; the register was not told in time, and goes on.
TEST_F(SupervisionTest, Promise8AnExtensionThatCameTooLatePausesNothing) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_IN_PROGRESS});
  RulesActor unit = Phone();
  const v1::Operation applied = Begin("apply_extension", unit);
  const absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  world().Advance(absl::FromCivil(absl::CivilMinute(2017, 10, 11, 0, 0), zone) - world().now());
  EXPECT_TRUE(Taken(world().Apply(applied, unit)));
  EXPECT_EQ(world().Order(order()).status(), v1::ORDER_STATUS_EXTENSION_PENDING);
  EXPECT_FALSE(world().StateOf(hazard()).escalation_paused());
}

TEST_F(SupervisionTest, DaysOffMakeTheLastDayForAnExtensionEarlier) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_IN_PROGRESS});
  v1::WorkingDayLists lists;
  lists.add_list()->set_year(2017);
  lists.mutable_list(0)->add_off("2017-10-20");
  world().work_calendar = rules::WorkCalendar(lists);
  const absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  world().Advance(absl::FromCivil(absl::CivilMinute(2017, 10, 10, 0, 0), zone) - world().now());
  EXPECT_EQ(ReasonOfDoing("apply_extension", Phone()), v1::REASON_EXTENSION_TOO_LATE);
  world().Advance(absl::FromCivil(absl::CivilMinute(2017, 10, 9, 23, 50), zone) - world().now());
  EXPECT_TRUE(Taken(Do("apply_extension", Phone())));
}

TEST_F(SupervisionTest, AnApprovedExtensionMovesTheDueDateARefusedOneKeepsIt) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_EXTENSION_PENDING});
  ASSERT_TRUE(Taken(Do("approve_extension", Clerk())));
  EXPECT_EQ(world().Order(order()).due_date().month(), 12);
  EXPECT_EQ(world().Order(order()).status(), v1::ORDER_STATUS_IN_PROGRESS);
  EXPECT_EQ(ReasonOfDoing("approve_extension", Clerk()), v1::REASON_EVENT_NOT_ALLOWED);
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_EXTENSION_PENDING});
  const auto silent = [](Op& op) { op.mutable_refuse_extension()->clear_opinion(); };
  EXPECT_EQ(ReasonOfDoing("refuse_extension", Clerk(), silent), v1::REASON_REASON_REQUIRED);
  ASSERT_TRUE(Taken(Do("refuse_extension", Clerk())));
  EXPECT_EQ(world().Order(order()).due_date().month(), 10);
  EXPECT_EQ(world().Order(order()).status(), v1::ORDER_STATUS_IN_PROGRESS);
}

TEST_F(SupervisionTest, Promise5AMergeNeverLowersVigilanceOfApprovalAndRefusalTheOldDateHolds) {
  for (const bool approval_first : {true, false}) {
    Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_EXTENSION_PENDING});
    RulesActor one = Clerk();
    RulesActor two = Clerk();
    const Op approve = Begin("approve_extension", one);
    const Op refuse = Begin("refuse_extension", two);
    if (approval_first) {
      ASSERT_TRUE(Taken(world().Apply(approve, one)));
    }
    ASSERT_TRUE(Taken(world().Apply(refuse, two)));
    if (!approval_first) {
      ASSERT_TRUE(Taken(world().Apply(approve, one)));
    }
    EXPECT_EQ(world().StateOf(hazard()).due_date().month(), 10);
    EXPECT_EQ(world().Find(scene().extension)->entity().extension().status(),
              v1::EXTENSION_STATUS_REFUSED);
  }
}

TEST_F(SupervisionTest, AnExtensionOfAnotherOrderIsNotDecidedHere) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_EXTENSION_PENDING});
  v1::Entity foreign = world().Find(scene().extension)->entity();
  foreign.mutable_extension()->set_order(IdOf("another order"));
  world().Put(IdOf("foreign"), foreign);
  const auto other = [this](Op& op) {
    op.mutable_approve_extension()->set_extension(IdOf("foreign"));
    world().See(op, IdOf("foreign"));
  };
  EXPECT_EQ(ReasonOfDoing("approve_extension", Clerk(), other), v1::REASON_WRONG_ENTITY);
}

TEST_F(SupervisionTest, AnAcceptanceIsDecidedInWriting) {
  for (const char* act : {"pass_acceptance", "fail_acceptance"}) {
    Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_ACCEPTANCE});
    const auto silent = [](Op& op) {
      if (op.has_pass_acceptance()) op.mutable_pass_acceptance()->clear_opinion();
      if (op.has_fail_acceptance()) op.mutable_fail_acceptance()->clear_opinion();
    };
    EXPECT_EQ(ReasonOfDoing(act, Clerk(), silent), v1::REASON_REASON_REQUIRED) << act;
    EXPECT_TRUE(Taken(Do(act, Clerk()))) << act;
    EXPECT_TRUE(world().StateOf(hazard()).tagged()) << act;
  }
}

TEST_F(SupervisionTest, ATagIsLiftedOnlyFromAVerifiedHazardAndOnce) {
  Open({.hazard = v1::HAZARD_STATUS_SUBMITTED, .order = v1::ORDER_STATUS_PASSED});
  EXPECT_EQ(ReasonOfDoing("lift_tag", Clerk()), v1::REASON_HAZARD_NOT_VERIFIED);
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_PASSED});
  ASSERT_TRUE(Taken(Do("lift_tag", Clerk())));
  EXPECT_TRUE(world().StateOf(hazard()).closed());
  EXPECT_TRUE(world().Order(order()).has_lifted_on());
  EXPECT_EQ(ReasonOfDoing("lift_tag", Clerk()), v1::REASON_EVENT_NOT_ALLOWED);
}

TEST_F(SupervisionTest, ALiftReliesOnTheHazardAsItWasSeen) {
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_PASSED});
  const auto only_order = [this](Op& op) {
    op.clear_seen();
    world().See(op, order());
  };
  EXPECT_EQ(ReasonOfDoing("lift_tag", Clerk(), only_order), v1::REASON_NOT_SEEN);
}

TEST_F(SupervisionTest, AReinstatementNeedsAReasonAndTagsAgain) {
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_PASSED});
  RulesActor inspector = Phone();
  const Op still_dangerous = Begin("recur", inspector);
  ASSERT_TRUE(Taken(Do("lift_tag", Clerk())));
  ASSERT_TRUE(Taken(world().Apply(still_dangerous, inspector)));
  ASSERT_TRUE(world().StateOf(hazard()).tag_in_doubt());
  const auto silent = [](Op& op) { op.mutable_reinstate_tag()->clear_reason(); };
  EXPECT_EQ(ReasonOfDoing("reinstate_tag", Clerk(), silent), v1::REASON_REASON_REQUIRED);
  ASSERT_TRUE(Taken(Do("record_publication", Clerk())));
  ASSERT_TRUE(Taken(Do("reinstate_tag", Clerk())));
  EXPECT_TRUE(world().StateOf(hazard()).tagged());
  EXPECT_FALSE(world().StateOf(hazard()).tag_in_doubt());
  EXPECT_FALSE(world().Order(order()).has_lifted_on());
  EXPECT_FALSE(world().Order(order()).has_published_on()) << "the next lifting is published, too";
}

TEST_F(SupervisionTest, AnOrderGoesWithItsTransferredHazard) {
  Open({.hazard = v1::HAZARD_STATUS_TRANSFER_PENDING, .order = v1::ORDER_STATUS_IN_PROGRESS});
  EXPECT_EQ(ReasonOfDoing("transfer_order", Clerk()), v1::REASON_EVENT_NOT_ALLOWED);
  Open({.hazard = v1::HAZARD_STATUS_TRANSFERRED, .order = v1::ORDER_STATUS_IN_PROGRESS});
  EXPECT_TRUE(world().StateOf(hazard()).tagged());
  ASSERT_TRUE(Taken(Do("transfer_order", Clerk())));
  EXPECT_FALSE(world().StateOf(hazard()).tagged());
}

// The office may settle an order's status for the lift; that is a lift, with a lift's guard, and
// what reopens the hazard meanwhile makes it doubtful as well.
TEST_F(SupervisionTest, ToSettleForTheLiftIsToLift) {
  for (const bool reopened : {false, true}) {
    Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_ACCEPTANCE});
    RulesActor one = Clerk();
    const Op fail = Begin("fail_acceptance", one);
    ASSERT_TRUE(Taken(Do("pass_acceptance", Clerk())));
    ASSERT_TRUE(Taken(Do("lift_tag", Clerk())));
    ASSERT_TRUE(Taken(world().Apply(fail, one)));
    ASSERT_TRUE(world().StateOf(hazard()).tagged());
    const auto settle = [this](Op& op) {
      op.mutable_settle_conflict()->set_record(order());
      op.mutable_settle_conflict()->set_field("status");
      op.mutable_settle_conflict()->mutable_value()->mutable_supervision_order()->set_status(
          v1::ORDER_STATUS_LIFTED);
    };
    RulesActor settler = Clerk();
    Op settled = Blank(settler);
    settle(settled);
    if (reopened) {
      ASSERT_TRUE(Taken(Do("recur", Phone())));
      EXPECT_EQ(ReasonOfDoing("settle_description", Clerk(), settle),
                v1::REASON_HAZARD_NOT_VERIFIED);
    }
    ASSERT_TRUE(Taken(world().Apply(settled, settler)));
    EXPECT_EQ(world().StateOf(hazard()).tagged(), reopened);
    EXPECT_EQ(world().StateOf(hazard()).tag_in_doubt(), reopened);
  }
}

TEST_F(SupervisionTest, PublicationIsDated) {
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_LIFTED});
  const auto never = [](Op& op) { op.mutable_record_publication()->clear_published_on(); };
  EXPECT_EQ(ReasonOfDoing("record_publication", Clerk(), never), v1::REASON_REQUIRED_FIELD_MISSING);
  ASSERT_TRUE(Taken(Do("record_publication", Clerk())));
  EXPECT_EQ(world().Order(order()).published_on().day(), 2);
}

TEST_F(SupervisionTest, AnEscalationFiresOnceAndOnSomethingThatIsThere) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  RulesActor clock = world().Clock();
  const Op fire = Begin("fire_escalation", clock);
  ASSERT_TRUE(Taken(world().Apply(fire, clock)));
  Op again = fire;
  again.set_device_seq(fire.device_seq() + 1);
  again.set_id(IdOf("again"));
  EXPECT_EQ(ReasonOf(again, clock), v1::REASON_ALREADY_EXISTS);
  clock.device_seq = 5;
  const auto nothing = [](Op& op) {
    op.mutable_fire_escalation()->mutable_escalation()->set_item(IdOf("nothing"));
  };
  EXPECT_EQ(ReasonOfDoing("fire_escalation", clock, nothing), v1::REASON_DEPENDENCY_MISSING);
  clock.device_seq = 6;
  const auto acknowledged = [](Op& op) {
    op.mutable_fire_escalation()->mutable_escalation()->set_acknowledgement("all is well");
  };
  EXPECT_EQ(ReasonOfDoing("fire_escalation", clock, acknowledged), v1::REASON_FIELD_NOT_EDITABLE);
}

TEST_F(SupervisionTest, AnAcknowledgementSaysByWhomAndMovesNothing) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  RulesActor unit = Phone({v1::ROLE_RESPONSIBLE_UNIT});
  ASSERT_TRUE(Taken(Do("acknowledge_escalation", unit)));
  const v1::Escalation& body = world().Find(scene().escalation)->entity().escalation();
  EXPECT_EQ(body.acknowledged_by(), unit.author.person);
  EXPECT_TRUE(body.has_acknowledged_at());
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_RECTIFYING);
}

}  // namespace
}  // namespace vigil::rules
