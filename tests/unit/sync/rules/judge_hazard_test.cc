#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/judge.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "tests/unit/sync/rules/judge_fixture.h"

// The guards of a hazard's events. Which event goes from which status, and by whom, stands in the
// lifecycle table.

namespace vigil::rules {
namespace {

using ::vigil::testing::IdOf;
using Op = v1::Operation;

class HazardTest : public JudgeTest {};

TEST_F(HazardTest, AReportIsReportedAndAsksForANumber) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  RulesActor inspector = Phone({v1::ROLE_INSPECTOR});
  const Op report = Begin("report_hazard", inspector);
  const std::string id = report.report_hazard().hazard_id();
  ASSERT_TRUE(Taken(world().Apply(report, inspector)));
  EXPECT_EQ(world().Hazard(id).status(), v1::HAZARD_STATUS_REPORTED);
  EXPECT_FALSE(world().Hazard(id).number().empty());
}

TEST_F(HazardTest, AReportBringsNoStatusAndNoNumber) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  const auto status = [](Op& op) {
    op.mutable_report_hazard()->mutable_hazard()->set_status(v1::HAZARD_STATUS_VERIFIED);
  };
  EXPECT_EQ(ReasonOfDoing("report_hazard", Phone(), status), v1::REASON_FIELD_NOT_EDITABLE);
  const auto number = [](Op& op) {
    op.mutable_report_hazard()->mutable_hazard()->set_number("2017-0001");
  };
  EXPECT_EQ(ReasonOfDoing("report_hazard", Phone(), number), v1::REASON_FIELD_NOT_EDITABLE);
}

TEST_F(HazardTest, AConfirmationSetsGradeUnitDateAndTime) {
  Open({.hazard = v1::HAZARD_STATUS_REPORTED});
  ASSERT_TRUE(Taken(Do("confirm_major", Clerk())));
  const v1::Hazard& body = world().Hazard(hazard());
  EXPECT_EQ(body.status(), v1::HAZARD_STATUS_CONFIRMED);
  EXPECT_EQ(body.grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(body.responsible_unit(), world().landfill);
  EXPECT_EQ(body.due_date().month(), 8);
  EXPECT_TRUE(body.has_confirmed_at());
}

TEST_F(HazardTest, AConfirmationNeedsGradeUnitAndDateFromTheFinderOrTheOffice) {
  const struct {
    const char* field;
    v1::Reason reason;
  } cases[] = {{"grade", v1::REASON_REQUIRED_FIELD_MISSING},
               {"responsible_unit", v1::REASON_UNIT_REQUIRED},
               {"due_date", v1::REASON_DUE_DATE_REQUIRED}};
  for (const auto& one : cases) {
    Open({.hazard = v1::HAZARD_STATUS_REPORTED});
    RulesActor office = Clerk();
    Op clear = Blank(office);
    clear.mutable_edit_record()->set_record(hazard());
    clear.mutable_edit_record()->mutable_entity()->mutable_hazard();
    clear.mutable_edit_record()->mutable_update_mask()->add_paths(one.field);
    ASSERT_TRUE(Taken(world().Apply(clear, office))) << one.field;
    EXPECT_EQ(ReasonOfDoing("confirm_as_seen", Clerk()), one.reason) << one.field;
    EXPECT_TRUE(Taken(Do("confirm_general", Clerk()))) << one.field;
  }
}

// A finder edits until confirmed; one who did not see the confirmation stands beside it, even
// where it only kept what was there.
TEST_F(HazardTest, Promise5AMergeNeverLowersVigilanceAConfirmationHoldsWhatItKept) {
  Open({.hazard = v1::HAZARD_STATUS_REPORTED});
  RulesActor finder = Phone({v1::ROLE_INSPECTOR});
  const Op report = Begin("report_hazard", finder, [this](Op& op) {
    v1::Hazard& body = *op.mutable_report_hazard()->mutable_hazard();
    body.set_grade(v1::HAZARD_GRADE_MAJOR);
    body.set_responsible_unit(world().landfill);
    body.mutable_due_date()->set_year(2017);
    body.mutable_due_date()->set_month(7);
    body.mutable_due_date()->set_day(15);
  });
  const std::string id = report.report_hazard().hazard_id();
  ASSERT_TRUE(Taken(world().Apply(report, finder)));
  RulesActor office = Clerk({v1::ROLE_SAFETY_OFFICE});
  Op confirm = world().Begin(office, {id});
  confirm.mutable_confirm_hazard()->set_hazard(id);
  Op lower = world().Begin(finder, {id});
  lower.mutable_edit_record()->set_record(id);
  v1::Hazard& lowered = *lower.mutable_edit_record()->mutable_entity()->mutable_hazard();
  lowered.set_grade(v1::HAZARD_GRADE_GENERAL);
  lower.mutable_edit_record()->mutable_update_mask()->add_paths("grade");
  lower.mutable_edit_record()->mutable_update_mask()->add_paths("due_date");
  ASSERT_TRUE(Taken(world().Apply(confirm, office)));
  ASSERT_TRUE(Taken(world().Apply(lower, finder)));
  EXPECT_EQ(world().Hazard(id).grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_TRUE(world().Hazard(id).has_due_date());
}

TEST_F(HazardTest, Promise7AuthorityIsInTheSchemaADepartmentConfirmsAndRaisesButDoesNotLower) {
  Open({.hazard = v1::HAZARD_STATUS_REPORTED});
  ASSERT_TRUE(Taken(Do("edit_grade_major", Phone())));
  EXPECT_EQ(ReasonOfDoing("confirm_general", Clerk({v1::ROLE_INDUSTRY_DEPARTMENT})),
            v1::REASON_NOT_PERMITTED);
  EXPECT_TRUE(Taken(Do("confirm_major", Clerk({v1::ROLE_INDUSTRY_DEPARTMENT}))));
  Open({.hazard = v1::HAZARD_STATUS_REPORTED});
  ASSERT_TRUE(Taken(Do("edit_grade_major", Phone())));
  EXPECT_TRUE(Taken(Do("confirm_general", Clerk({v1::ROLE_SAFETY_OFFICE}))));
}

TEST_F(HazardTest, ARejectionNeedsAReason) {
  Open({.hazard = v1::HAZARD_STATUS_REPORTED});
  const auto blank = [](Op& op) { op.mutable_reject_hazard()->set_reason(" \t\u3000 "); };
  EXPECT_EQ(ReasonOfDoing("reject", Clerk(), blank), v1::REASON_REASON_REQUIRED);
  ASSERT_TRUE(Taken(Do("reject", Clerk())));
  EXPECT_EQ(world().Hazard(hazard()).rejection_reason(), "no hazard");
}

TEST_F(HazardTest, ADuplicateNamesAnOpenHazardThatIsAnother) {
  Open({.hazard = v1::HAZARD_STATUS_REPORTED});
  const auto itself = [this](Op& op) { op.mutable_merge_hazard()->set_into(hazard()); };
  EXPECT_EQ(ReasonOfDoing("merge", Clerk(), itself), v1::REASON_MERGE_CYCLE);
  ASSERT_TRUE(Taken(Do("merge", Clerk())));
  EXPECT_EQ(world().Hazard(hazard()).merged_into(), scene().other_hazard);
  EXPECT_TRUE(world().StateOf(hazard()).finished());
  for (const v1::HazardStatus status : {v1::HAZARD_STATUS_MERGED, v1::HAZARD_STATUS_REJECTED}) {
    Open({.hazard = v1::HAZARD_STATUS_REPORTED});
    v1::Entity ended;
    ended.mutable_hazard()->set_status(status);
    world().Set(scene().other_hazard, ended);
    EXPECT_EQ(ReasonOfDoing("merge", Clerk()), v1::REASON_HAZARD_FINISHED);
  }
}

TEST_F(HazardTest, AMajorHazardIsAcceptedWithACompletePlanOnly) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  ASSERT_TRUE(Taken(Do("edit_grade_major", Phone())));
  EXPECT_EQ(ReasonOfDoing("accept", Phone()), v1::REASON_PLAN_INCOMPLETE);
  const std::vector<void (*)(v1::RectificationPlan&)> gaps = {
      [](v1::RectificationPlan& plan) { plan.clear_responsible_person(); },
      [](v1::RectificationPlan& plan) { plan.clear_measures(); },
      [](v1::RectificationPlan& plan) { plan.clear_funds(); },
      [](v1::RectificationPlan& plan) { plan.clear_due_on(); },
      [](v1::RectificationPlan& plan) { plan.clear_contingency_plan(); }};
  for (const auto& gap : gaps) {
    EXPECT_EQ(ReasonOfDoing("accept_with_plan", Phone(),
                            [&](Op& op) { gap(*op.mutable_accept_hazard()->mutable_plan()); }),
              v1::REASON_PLAN_INCOMPLETE);
  }
  EXPECT_TRUE(Taken(Do("accept_with_plan", Phone())));
}

TEST_F(HazardTest, AnExistingPlanIsThisHazardsOwn) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  ASSERT_TRUE(Taken(Do("edit_grade_major", Phone())));
  RulesActor unit = Phone();
  const Op create = Begin("create_plan", unit);
  const std::string plan = create.create_record().record();
  ASSERT_TRUE(Taken(world().Apply(create, unit)));
  v1::Entity foreign;
  foreign.mutable_rectification_plan()->set_hazard(scene().other_hazard);
  world().Put(IdOf("foreign plan"), foreign, scene().other_hazard);
  const auto naming = [&](const std::string& id) {
    return [this, id](Op& op) {
      op.mutable_accept_hazard()->set_existing_plan(id);
      world().See(op, id);
    };
  };
  EXPECT_EQ(ReasonOfDoing("accept", Phone(), naming(IdOf("foreign plan"))),
            v1::REASON_WRONG_ENTITY);
  EXPECT_TRUE(Taken(Do("accept", Phone(), naming(plan))));
}

TEST_F(HazardTest, OnlyAGeneralHazardIsFixedOnTheSpotAndWithPhotosOfBeforeAndAfter) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  for (const int left : {0, 1}) {
    const auto one_photo = [left](Op& op) {
      op.mutable_fix_on_spot()->mutable_photos()->DeleteSubrange(left, 1);
    };
    EXPECT_EQ(ReasonOfDoing("fix_on_spot", Phone(), one_photo), v1::REASON_EVIDENCE_REQUIRED);
  }
  ASSERT_TRUE(Taken(Do("edit_grade_major", Phone())));
  EXPECT_EQ(ReasonOfDoing("fix_on_spot", Phone()), v1::REASON_GRADE_TOO_GRAVE);
  ASSERT_TRUE(Taken(Do("edit_grade_general", Clerk())));
  RulesActor fixer = Phone();
  ASSERT_TRUE(Taken(Do("fix_on_spot", fixer)));
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_SUBMITTED);
  EXPECT_EQ(world().Hazard(hazard()).rectified_by(), fixer.author.person);
  EXPECT_EQ(world().Hazard(hazard()).photos_size(), 2);
}

TEST_F(HazardTest, ASubmissionNeedsEvidence) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  const auto bare = [](Op& op) { op.mutable_submit_rectification()->clear_photos(); };
  EXPECT_EQ(ReasonOfDoing("submit", Phone(), bare), v1::REASON_EVIDENCE_REQUIRED);
  EXPECT_TRUE(Taken(Do("submit", Phone())));
}

TEST_F(HazardTest, WhoeverRectifiedDoesNotVerifyNorIsNamedAsVerifier) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  RulesActor rectifier = Phone();
  const Op submit = Begin("submit", rectifier);
  ASSERT_TRUE(Taken(world().Apply(submit, rectifier)));
  EXPECT_EQ(ReasonOfDoing("verify_passed", rectifier), v1::REASON_RECTIFIER_MAY_NOT_VERIFY);
  ++rectifier.device_seq;
  EXPECT_EQ(ReasonOfDoing("verify_failed", rectifier), v1::REASON_RECTIFIER_MAY_NOT_VERIFY);
  const auto named = [&](Op& op) {
    op.mutable_verify_hazard()->add_verifiers(rectifier.author.person);
  };
  EXPECT_EQ(ReasonOfDoing("verify_passed", Phone(), named), v1::REASON_RECTIFIER_MAY_NOT_VERIFY);
  EXPECT_TRUE(Taken(Do("verify_passed", Phone())));
}

TEST_F(HazardTest, OfTwoWhoSubmittedConcurrentlyNeitherVerifies) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  RulesActor one = Phone();
  RulesActor two = Phone();
  const Op first = Begin("submit", one);
  const Op second = Begin("submit", two);
  ASSERT_TRUE(Taken(world().Apply(first, one)));
  ASSERT_TRUE(Taken(world().Apply(second, two)));
  EXPECT_EQ(ReasonOfDoing("verify_passed", one), v1::REASON_RECTIFIER_MAY_NOT_VERIFY);
  EXPECT_EQ(ReasonOfDoing("verify_passed", two), v1::REASON_RECTIFIER_MAY_NOT_VERIFY);
}

TEST_F(HazardTest, AVerificationSaysByWhomWithWhatResultAndWhyItFailed) {
  Open({.hazard = v1::HAZARD_STATUS_SUBMITTED});
  const auto no_kind = [](Op& op) { op.mutable_verify_hazard()->clear_kind(); };
  const auto no_result = [](Op& op) { op.mutable_verify_hazard()->clear_result(); };
  const auto no_opinion = [](Op& op) { op.mutable_verify_hazard()->clear_opinion(); };
  EXPECT_EQ(ReasonOfDoing("verify_passed", Phone(), no_kind), v1::REASON_REQUIRED_FIELD_MISSING);
  EXPECT_EQ(ReasonOfDoing("verify_passed", Phone(), no_result), v1::REASON_REQUIRED_FIELD_MISSING);
  EXPECT_EQ(ReasonOfDoing("verify_failed", Phone(), no_opinion), v1::REASON_REASON_REQUIRED);
  ASSERT_TRUE(Taken(Do("verify_failed", Phone())));
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_RECTIFYING);
}

TEST_F(HazardTest, AUnitsOwnAcceptanceIsRecordedAndMovesNothing) {
  Open({.hazard = v1::HAZARD_STATUS_SUBMITTED});
  EXPECT_EQ(ReasonOfDoing("verify_self", Phone({v1::ROLE_VERIFIER})), v1::REASON_NOT_PERMITTED);
  EXPECT_EQ(ReasonOfDoing("verify_passed", Phone({v1::ROLE_RESPONSIBLE_UNIT})),
            v1::REASON_NOT_PERMITTED);
  const v1::Outcome outcome = Do("verify_self", Phone({v1::ROLE_RESPONSIBLE_UNIT}));
  EXPECT_TRUE(Taken(outcome));
  EXPECT_EQ(outcome.changed_size(), 1);
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_SUBMITTED);
}

TEST_F(HazardTest, ARecurrenceReopensWhatWasSubmittedOrVerifiedAndIsKeptElsewhere) {
  for (const v1::HazardStatus status : {v1::HAZARD_STATUS_SUBMITTED, v1::HAZARD_STATUS_VERIFIED}) {
    Open({.hazard = status});
    ASSERT_TRUE(Taken(Do("recur", Phone({v1::ROLE_INSPECTOR}))));
    EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_RECTIFYING);
  }
  for (const v1::HazardStatus status :
       {v1::HAZARD_STATUS_REPORTED, v1::HAZARD_STATUS_RECTIFYING, v1::HAZARD_STATUS_REJECTED,
        v1::HAZARD_STATUS_TRANSFERRED}) {
    Open({.hazard = status});
    const v1::Outcome outcome = Do("recur", Phone({v1::ROLE_INSPECTOR}));
    EXPECT_TRUE(Taken(outcome));
    EXPECT_EQ(outcome.changed_size(), 1);
    EXPECT_EQ(world().Hazard(hazard()).status(), status);
  }
}

TEST_F(HazardTest, ARecurrenceIsTakenInFromSomebodyWhoWasNeverShownTheHazard) {
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED});
  RulesActor passer_by = world().Phone("passer-by", {v1::ROLE_INSPECTOR}, world().other_unit);
  const v1::Outcome outcome = Do("recur", passer_by, [](Op& op) { op.clear_seen(); });
  EXPECT_TRUE(Taken(outcome)) << outcome.ShortDebugString();
  EXPECT_TRUE(outcome.outside_scope());
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_VERIFIED);
}

TEST_F(HazardTest, ATransferNeedsABasisAndAReceiverAndMovesTheHazardWhenAccepted) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  const auto no_basis = [](Op& op) { op.mutable_propose_transfer()->clear_basis(); };
  EXPECT_EQ(ReasonOfDoing("propose_transfer", Clerk(), no_basis), v1::REASON_REASON_REQUIRED);
  const auto nobody = [](Op& op) { op.mutable_propose_transfer()->clear_to_unit(); };
  EXPECT_EQ(ReasonOfDoing("propose_transfer", Clerk(), nobody), v1::REASON_INVALID_ID);
  Open({.hazard = v1::HAZARD_STATUS_TRANSFER_PENDING});
  RulesActor giver = world().Clerk("giver", {v1::ROLE_RECEIVER}, world().landfill);
  EXPECT_EQ(ReasonOfDoing("accept_transfer", giver), v1::REASON_OUT_OF_SCOPE);
  RulesActor receiver = world().Clerk("receiver", {v1::ROLE_RECEIVER}, world().district);
  ASSERT_TRUE(Taken(Do("accept_transfer", receiver)));
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_TRANSFERRED);
  EXPECT_EQ(world().Hazard(hazard()).responsible_unit(), world().district);
  EXPECT_EQ(world().Find(scene().transfer)->entity().transfer().status(),
            v1::TRANSFER_STATUS_ACCEPTED);
  EXPECT_TRUE(world().StateOf(hazard()).finished());
}

TEST_F(HazardTest, ARefusedTransferReturnsToTheStatusBefore) {
  for (const v1::HazardStatus before :
       {v1::HAZARD_STATUS_CONFIRMED, v1::HAZARD_STATUS_RECTIFYING}) {
    Open({.hazard = before});
    RulesActor office = Clerk();
    const Op propose = Begin("propose_transfer", office);
    ASSERT_TRUE(Taken(world().Apply(propose, office)));
    scene().transfer = propose.propose_transfer().transfer_id();
    const auto no_reason = [](Op& op) { op.mutable_refuse_transfer()->clear_reason(); };
    EXPECT_EQ(ReasonOfDoing("refuse_transfer", Clerk(), no_reason), v1::REASON_REASON_REQUIRED);
    ASSERT_TRUE(Taken(Do("refuse_transfer", Clerk())));
    EXPECT_EQ(world().Hazard(hazard()).status(), before);
    EXPECT_EQ(ReasonOfDoing("accept_transfer", Clerk()), v1::REASON_EVENT_NOT_ALLOWED);
  }
}

TEST_F(HazardTest, NobodyTakesOverWhatIsHisAlready) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  const auto to_itself = [this](Op& op) {
    op.mutable_propose_transfer()->set_to_unit(world().Hazard(hazard()).responsible_unit());
  };
  EXPECT_EQ(ReasonOfDoing("propose_transfer", Clerk(), to_itself), v1::REASON_INVALID_VALUE);
}

TEST_F(HazardTest, TheOfficeTakesATransferBack) {
  Open({.hazard = v1::HAZARD_STATUS_TRANSFER_PENDING});
  EXPECT_EQ(ReasonOfDoing("refuse_transfer", Clerk({v1::ROLE_INDUSTRY_DEPARTMENT})),
            v1::REASON_NOT_PERMITTED);
  EXPECT_TRUE(Taken(Do("refuse_transfer", Clerk({v1::ROLE_SAFETY_OFFICE}))));
  EXPECT_NE(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_TRANSFER_PENDING);
}

TEST_F(HazardTest, ProgressIsZeroToAHundredPerCent) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  for (const int percent : {-1, 101}) {
    const auto set = [percent](Op& op) {
      op.mutable_report_progress()->mutable_progress_report()->set_percent(percent);
    };
    EXPECT_EQ(ReasonOfDoing("report_progress", Phone(), set), v1::REASON_INVALID_NUMBER);
  }
  EXPECT_TRUE(Taken(Do("report_progress", Phone())));
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_RECTIFYING);
}

TEST_F(HazardTest, FortyLateAcceptsDoNotReopenAFinishedHazard) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  std::vector<std::pair<Op, RulesActor>> late;
  for (int i = 0; i < 40; ++i) {
    RulesActor unit = Phone();
    Op accept = Begin("accept", unit);
    late.emplace_back(std::move(accept), unit);
  }
  ASSERT_TRUE(Taken(Do("accept", Phone())));
  ASSERT_TRUE(Taken(Do("submit", Phone())));
  ASSERT_TRUE(Taken(Do("verify_passed", Phone())));
  for (const auto& [accept, unit] : late) ASSERT_TRUE(Taken(world().Apply(accept, unit)));
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_VERIFIED);
  EXPECT_TRUE(world().StateOf(hazard()).closed());
}

// Two clerks confirmed at once; one unit saw the one confirmation, another saw both. It is one
// confirmation, so the two accepts are one accept.
TEST_F(HazardTest, AnAcceptOfOneConfirmationEqualsAnAcceptOfItsTwin) {
  Open({.hazard = v1::HAZARD_STATUS_REPORTED});
  RulesActor first = Clerk();
  RulesActor second = Clerk();
  const Op one = Begin("confirm_general", first);
  const Op two = Begin("confirm_general", second);
  ASSERT_TRUE(Taken(world().Apply(one, first)));
  RulesActor early = Phone();
  const Op saw_one = Begin("accept", early);
  ASSERT_TRUE(Taken(world().Apply(two, second)));
  ASSERT_TRUE(Taken(Do("accept", Phone())));
  ASSERT_TRUE(Taken(Do("submit", Phone())));
  ASSERT_TRUE(Taken(Do("verify_passed", Phone())));
  ASSERT_TRUE(Taken(world().Apply(saw_one, early)));
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_VERIFIED);
}

}  // namespace
}  // namespace vigil::rules
