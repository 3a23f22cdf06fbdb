#include "sync/rules/derive.h"

#include <functional>
#include <string>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/rules_scene.h"
#include "tests/support/rules_world.h"

namespace vigil::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::StartsWith;
using ::vigil::testing::ActingRoles;
using ::vigil::testing::ActNamed;
using ::vigil::testing::BeginAct;
using ::vigil::testing::IdOf;
using ::vigil::testing::MakeScene;
using ::vigil::testing::RulesActor;
using ::vigil::testing::Scene;
using ::vigil::testing::SceneKey;

v1::Date DateOf(int year, int month, int day) {
  v1::Date date;
  date.set_year(year);
  date.set_month(month);
  date.set_day(day);
  return date;
}

class DeriveTest : public ::testing::Test {
 protected:
  void Open(const SceneKey& key) { scene_ = std::make_unique<Scene>(MakeScene(key)); }
  Scene& scene() { return *scene_; }
  RulesActor Clerk(std::string_view name) {
    return scene().world.Clerk(name, ActingRoles(), scene().world.bureau);
  }
  RulesActor Phone(std::string_view name) {
    return scene().world.Phone(name, ActingRoles(), scene().world.bureau);
  }
  void Apply(const v1::Operation& operation, const RulesActor& actor) {
    const v1::Outcome outcome = scene().world.Apply(operation, actor);
    ASSERT_NE(outcome.verdict(), v1::VERDICT_REFUSED) << outcome.ShortDebugString();
  }
  // One who has seen everything gives the command.
  void Do(std::string_view act, std::string_view name = "one who sees all") {
    RulesActor actor = Clerk(name);
    actor.device_seq = ++acts_;
    Apply(BeginAct(scene(), ActNamed(act), actor), actor);
  }
  v1::HazardState State() { return scene().world.StateOf(scene().hazard); }

  std::unique_ptr<Scene> scene_;
  std::uint64_t acts_ = 100;
};

TEST_F(DeriveTest, AVerifiedHazardIsClosedUntaggedAndRectifiedTagged) {
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED});
  EXPECT_TRUE(State().closed());
  EXPECT_FALSE(State().rectified());
  EXPECT_TRUE(State().finished());
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_IN_PROGRESS});
  EXPECT_FALSE(State().closed());
  EXPECT_TRUE(State().rectified());
  EXPECT_FALSE(State().finished());
}

TEST_F(DeriveTest, EveryOrderBetweenProposalAndEndTags) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_PROPOSED});
  EXPECT_FALSE(State().tagged());
  for (const v1::OrderStatus status :
       {v1::ORDER_STATUS_ISSUED, v1::ORDER_STATUS_SERVED, v1::ORDER_STATUS_IN_PROGRESS,
        v1::ORDER_STATUS_EXTENSION_PENDING, v1::ORDER_STATUS_ACCEPTANCE, v1::ORDER_STATUS_PASSED}) {
    Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = status});
    EXPECT_TRUE(State().tagged()) << v1::OrderStatus_Name(status);
    EXPECT_EQ(State().order(), scene().order);
    EXPECT_EQ(State().order_status(), status);
  }
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_LIFTED});
  EXPECT_FALSE(State().tagged());
  EXPECT_TRUE(State().closed());
}

TEST_F(DeriveTest, ARejectedHazardThatIsTaggedIsNotFinished) {
  Open({.hazard = v1::HAZARD_STATUS_REPORTED});
  RulesActor rejecting = Clerk("rejecting");
  const v1::Operation reject = BeginAct(scene(), ActNamed("reject"), rejecting);
  Do("confirm_general");
  Do("propose_supervision");
  Apply(reject, rejecting);
  // The office settles for the rejection, having seen the proposal; somebody else issues it.
  v1::Entity rejected;
  rejected.mutable_hazard()->set_status(v1::HAZARD_STATUS_REJECTED);
  scene().world.Set(scene().hazard, rejected);
  EXPECT_TRUE(State().finished());
  v1::Entity order;
  order.mutable_supervision_order()->set_hazard(scene().hazard);
  order.mutable_supervision_order()->set_status(v1::ORDER_STATUS_ISSUED);
  scene().world.Put(IdOf("issued"), order, scene().hazard);
  EXPECT_EQ(State().status(), v1::HAZARD_STATUS_REJECTED);
  EXPECT_TRUE(State().tagged());
  EXPECT_FALSE(State().finished());
}

TEST_F(DeriveTest, ALiftIsInDoubtWhenTheHazardWasReopenedByOneWhoHadNotSeenIt) {
  for (const bool lift_first : {true, false}) {
    Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_PASSED});
    RulesActor office = Clerk("office");
    RulesActor inspector = Phone("inspector");
    const v1::Operation lift = BeginAct(scene(), ActNamed("lift_tag"), office);
    const v1::Operation recur = BeginAct(scene(), ActNamed("recur"), inspector);
    if (lift_first) Apply(lift, office);
    Apply(recur, inspector);
    if (!lift_first) Apply(lift, office);
    EXPECT_EQ(State().status(), v1::HAZARD_STATUS_RECTIFYING);
    EXPECT_TRUE(State().tagged());
    EXPECT_TRUE(State().tag_in_doubt());
    EXPECT_EQ(scene().world.Order(scene().order).status(), v1::ORDER_STATUS_LIFTED);
  }
}

TEST_F(DeriveTest, ATagStaysInDoubtAfterTheConflictIsSettledUntilItIsLiftedAgain) {
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_PASSED});
  RulesActor office = Clerk("office");
  const v1::Operation lift = BeginAct(scene(), ActNamed("lift_tag"), office);
  Do("recur");
  Apply(lift, office);
  Do("submit");
  Do("verify_passed", "a verifier");
  EXPECT_EQ(State().status(), v1::HAZARD_STATUS_VERIFIED);
  EXPECT_TRUE(State().tag_in_doubt());
  EXPECT_FALSE(State().closed());
  EXPECT_TRUE(State().rectified());
  Do("lift_tag");
  EXPECT_FALSE(State().tagged());
  EXPECT_TRUE(State().closed());
}

TEST_F(DeriveTest, ATagInDoubtCanBeReinstated) {
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_PASSED});
  RulesActor office = Clerk("office");
  const v1::Operation lift = BeginAct(scene(), ActNamed("lift_tag"), office);
  Do("recur");
  Apply(lift, office);
  Do("reinstate_tag");
  EXPECT_TRUE(State().tagged());
  EXPECT_FALSE(State().tag_in_doubt());
  EXPECT_EQ(State().order_status(), v1::ORDER_STATUS_IN_PROGRESS);
}

TEST_F(DeriveTest, ARecurrenceAfterALiftThatItsAuthorSawLeavesTheTagLifted) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_LIFTED});
  EXPECT_FALSE(State().tagged());
  EXPECT_FALSE(State().finished());
}

TEST_F(DeriveTest, ATransferredOrderTagsUnlessTheHazardIsTransferred) {
  Open({.hazard = v1::HAZARD_STATUS_TRANSFERRED, .order = v1::ORDER_STATUS_TRANSFERRED});
  EXPECT_FALSE(State().tagged());
  EXPECT_TRUE(State().finished());
  v1::Entity reopened;
  reopened.mutable_hazard()->set_status(v1::HAZARD_STATUS_RECTIFYING);
  scene().world.Set(scene().hazard, reopened);
  EXPECT_TRUE(State().tagged());
  EXPECT_FALSE(State().finished());
}

TEST_F(DeriveTest, ATransferredHazardWhoseOrderStaysIsTaggedAndNotFinished) {
  Open({.hazard = v1::HAZARD_STATUS_TRANSFERRED, .order = v1::ORDER_STATUS_IN_PROGRESS});
  EXPECT_TRUE(State().tagged());
  EXPECT_FALSE(State().finished());
}

TEST_F(DeriveTest, ATaggedHazardsDueDateIsItsOrders) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_PROPOSED});
  EXPECT_EQ(CompareDates(State().due_date(), DateOf(2017, 8, 15)), 0);
  Do("issue_order");
  EXPECT_EQ(CompareDates(State().due_date(), DateOf(2017, 10, 31)), 0);
  EXPECT_THAT(State().due_version(), StartsWith("2017-10-31@"));
}

TEST_F(DeriveTest, TheDueVersionNamesTheDateAndTheApprovalThatSetIt) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_EXTENSION_PENDING});
  const std::string before = State().due_version();
  RulesActor office = Clerk("approving");
  Apply(BeginAct(scene(), ActNamed("approve_extension"), office), office);
  EXPECT_NE(State().due_version(), before);
  EXPECT_THAT(State().due_version(), StartsWith("2017-12-29@"));
  EXPECT_THAT(State().due_version(), EndsWith(office.author.device + ":1"));
}

TEST_F(DeriveTest, EscalationPausesWhileAnExtensionAppliedForInTimeIsUndecided) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_EXTENSION_PENDING});
  EXPECT_TRUE(State().escalation_paused());
  Do("refuse_extension");
  EXPECT_FALSE(State().escalation_paused());
  EXPECT_EQ(CompareDates(State().due_date(), DateOf(2017, 10, 31)), 0);
}

TEST_F(DeriveTest, AnExtensionAppliedForTooLatePausesNothing) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  v1::Entity order;
  order.mutable_supervision_order()->set_hazard(scene().hazard);
  order.mutable_supervision_order()->set_status(v1::ORDER_STATUS_EXTENSION_PENDING);
  scene().world.Put(IdOf("imported"), order, scene().hazard);
  v1::Entity extension;
  extension.mutable_extension()->set_order(IdOf("imported"));
  extension.mutable_extension()->set_status(v1::EXTENSION_STATUS_APPLIED);
  scene().world.Put(IdOf("late"), extension, IdOf("imported"));
  EXPECT_FALSE(State().escalation_paused());
  extension.mutable_extension()->set_in_time(true);
  scene().world.Put(IdOf("in time"), extension, IdOf("imported"));
  EXPECT_TRUE(State().escalation_paused());
}

TEST_F(DeriveTest, OfTwoOrdersThatTagTheSoonerDueIsNamed) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_ISSUED});
  v1::Entity order;
  order.mutable_supervision_order()->set_hazard(scene().hazard);
  order.mutable_supervision_order()->set_status(v1::ORDER_STATUS_ISSUED);
  *order.mutable_supervision_order()->mutable_due_date() = DateOf(2017, 9, 9);
  scene().world.Put(IdOf("sooner"), order, scene().hazard);
  EXPECT_EQ(State().order(), IdOf("sooner"));
  EXPECT_EQ(CompareDates(State().due_date(), DateOf(2017, 9, 9)), 0);
}

class ChainTest : public DeriveTest {
 protected:
  void SetUp() override { Open({.hazard = v1::HAZARD_STATUS_REPORTED}); }
  std::string Put(std::string_view name, v1::HazardStatus status, std::string_view into = "",
                  v1::HazardGrade grade = v1::HAZARD_GRADE_GENERAL, const v1::Date& due = {}) {
    v1::Entity entity;
    entity.mutable_hazard()->set_risk_source(scene().world.source);
    entity.mutable_hazard()->set_description(std::string(name));
    entity.mutable_hazard()->set_status(status);
    entity.mutable_hazard()->set_grade(grade);
    if (due.year() != 0) *entity.mutable_hazard()->mutable_due_date() = due;
    if (!into.empty()) entity.mutable_hazard()->set_merged_into(IdOf(into));
    scene().world.Put(IdOf(name), entity);
    return IdOf(name);
  }
  v1::HazardState StateOf(std::string_view name) { return scene().world.StateOf(IdOf(name)); }
};

TEST_F(ChainTest, ADuplicateIsFinishedWhileItsTargetStands) {
  Put("target", v1::HAZARD_STATUS_CONFIRMED);
  Put("copy", v1::HAZARD_STATUS_MERGED, "target");
  EXPECT_TRUE(StateOf("copy").finished());
  EXPECT_EQ(StateOf("copy").merged_into(), IdOf("target"));
}

TEST_F(ChainTest, TheTargetInheritsTheGraverGradeAndTheEarlierDate) {
  Put("target", v1::HAZARD_STATUS_CONFIRMED, "", v1::HAZARD_GRADE_GENERAL, DateOf(2017, 9, 1));
  Put("copy", v1::HAZARD_STATUS_MERGED, "target", v1::HAZARD_GRADE_MAJOR, DateOf(2017, 8, 1));
  EXPECT_EQ(StateOf("target").grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(CompareDates(StateOf("target").due_date(), DateOf(2017, 8, 1)), 0);
  EXPECT_THAT(StateOf("target").due_version(), StartsWith("2017-08-01@"));
}

TEST_F(ChainTest, AMilderDuplicateChangesNothing) {
  Put("target", v1::HAZARD_STATUS_CONFIRMED, "", v1::HAZARD_GRADE_MAJOR, DateOf(2017, 8, 1));
  Put("copy", v1::HAZARD_STATUS_MERGED, "target", v1::HAZARD_GRADE_GENERAL, DateOf(2017, 9, 1));
  EXPECT_EQ(StateOf("target").grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(CompareDates(StateOf("target").due_date(), DateOf(2017, 8, 1)), 0);
}

TEST_F(ChainTest, TheEndOfALongerChainInheritsFromAllOfIt) {
  Put("end", v1::HAZARD_STATUS_RECTIFYING);
  Put("middle", v1::HAZARD_STATUS_MERGED, "end");
  Put("start", v1::HAZARD_STATUS_MERGED, "middle", v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(StateOf("start").merged_into(), IdOf("end"));
  EXPECT_TRUE(StateOf("start").finished());
  EXPECT_EQ(StateOf("end").grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(StateOf("middle").grade(), v1::HAZARD_GRADE_GENERAL);
}

TEST_F(ChainTest, ACycleHoldsForNobodyAndEndsTheSearch) {
  Put("one", v1::HAZARD_STATUS_MERGED, "two");
  Put("two", v1::HAZARD_STATUS_MERGED, "three");
  Put("three", v1::HAZARD_STATUS_MERGED, "one");
  for (const std::string_view name : {"one", "two", "three"}) {
    EXPECT_FALSE(StateOf(name).finished()) << name;
    EXPECT_EQ(StateOf(name).merged_into(), "") << name;
  }
}

TEST_F(ChainTest, AChainThatEndsInARejectedHazardOrNowhereDoesNotHold) {
  Put("rejected", v1::HAZARD_STATUS_REJECTED);
  Put("copy", v1::HAZARD_STATUS_MERGED, "rejected", v1::HAZARD_GRADE_MAJOR);
  EXPECT_FALSE(StateOf("copy").finished());
  EXPECT_EQ(StateOf("rejected").grade(), v1::HAZARD_GRADE_GENERAL);
  Put("lost", v1::HAZARD_STATUS_MERGED, "nowhere");
  EXPECT_FALSE(StateOf("lost").finished());
}

TEST_F(ChainTest, OneWhoNamesATargetWithoutBeingMergedIsNoDuplicate) {
  Put("target", v1::HAZARD_STATUS_CONFIRMED);
  Put("reopened", v1::HAZARD_STATUS_CONFIRMED, "target", v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(StateOf("target").grade(), v1::HAZARD_GRADE_GENERAL);
}

TEST_F(DeriveTest, OverdueBeginsTheDayAfterTheDueDateAndEndsWithTheWork) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  EXPECT_FALSE(IsOverdue(State(), DateOf(2017, 8, 15)));
  EXPECT_TRUE(IsOverdue(State(), DateOf(2017, 8, 16)));
  EXPECT_TRUE(IsOverdue(State(), DateOf(2018, 1, 1)));
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED});
  EXPECT_FALSE(IsOverdue(State(), DateOf(2018, 1, 1)));
  EXPECT_FALSE(IsOverdue(v1::HazardState(), DateOf(2018, 1, 1))) << "no date, nothing overdue";
}

TEST_F(DeriveTest, ConflictsAreNamed) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  EXPECT_THAT(State().conflicts(), ElementsAre("description"));
}

TEST(CompareDatesTest, UnsetIsLaterThanEveryDate) {
  EXPECT_EQ(CompareDates(DateOf(2017, 1, 2), DateOf(2017, 1, 2)), 0);
  EXPECT_LT(CompareDates(DateOf(2017, 1, 2), DateOf(2017, 1, 3)), 0);
  EXPECT_GT(CompareDates(DateOf(2017, 2, 1), DateOf(2017, 1, 31)), 0);
  EXPECT_GT(CompareDates(DateOf(2018, 1, 1), DateOf(2017, 12, 31)), 0);
  EXPECT_GT(CompareDates(v1::Date(), DateOf(2200, 12, 31)), 0);
  EXPECT_LT(CompareDates(DateOf(2200, 12, 31), v1::Date()), 0);
  EXPECT_EQ(CompareDates(v1::Date(), v1::Date()), 0);
}

}  // namespace
}  // namespace vigil::rules
