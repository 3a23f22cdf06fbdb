#include "sync/rules/judge.h"

#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"
#include "tests/unit/sync/rules/judge_fixture.h"

// What holds for every command: authority, channels, scope, what was seen.

namespace vigil::rules {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAre;
using ::vigil::testing::Act;
using ::vigil::testing::ActingRoles;
using ::vigil::testing::Acts;
using ::vigil::testing::IdOf;

// A test of the tests: whoever adds a command adds acts for it.
TEST(ActsTest, EveryCommandThatSomebodyGivesIsAmongTheActs) {
  testing::Scene scene = testing::MakeScene(
      {.hazard = v1::HAZARD_STATUS_TRANSFER_PENDING, .order = v1::ORDER_STATUS_EXTENSION_PENDING});
  testing::RulesActor actor = scene.world.Clerk("clerk", ActingRoles(), "");
  std::vector<int> missing;
  for (const CommandInfo& command : Schema::Get().commands()) missing.push_back(command.number);
  for (const Act& act : Acts()) {
    ASSERT_TRUE(act.IsPossibleIn(scene)) << act.name;
    std::erase(missing, testing::BeginAct(scene, act, actor).command_case());
  }
  // Imports and returned copies come from inside the register.
  EXPECT_THAT(missing, ElementsAre(v1::Operation::kImportRecord, v1::Operation::kWitnessRecord));
}

class AnyCommandTest : public JudgeTest {};

TEST_F(AnyCommandTest, AnOperationThatNamesAnotherPersonOrDeviceIsRefused) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  const auto other = [](v1::Operation& op) { op.set_person(IdOf("person somebody else")); };
  EXPECT_EQ(ReasonOfDoing("accept", Phone(), other), v1::REASON_WRONG_AUTHOR);
  const auto stolen = [](v1::Operation& op) { op.set_device(IdOf("device of somebody else")); };
  EXPECT_EQ(ReasonOfDoing("accept", Phone(), stolen), v1::REASON_WRONG_AUTHOR);
}

TEST_F(AnyCommandTest, Promise7AuthorityIsInTheSchemaNoPhoneTagsLiftsOrClosesWhateverItSends) {
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_PASSED});
  for (const char* act :
       {"issue_order", "lift_tag", "reinstate_tag", "transfer_order", "pass_acceptance",
        "fail_acceptance", "settle_description", "reject", "merge", "resume_work",
        "propose_transfer", "record_publication", "fire_escalation"}) {
    EXPECT_EQ(ReasonOfDoing(act, Phone()), v1::REASON_WRONG_CHANNEL) << act;
  }
  EXPECT_EQ(world().Order(order()).status(), v1::ORDER_STATUS_PASSED);
  EXPECT_TRUE(world().StateOf(hazard()).tagged());
}

TEST_F(AnyCommandTest, OnlyTheClockFiresAndOnlyAnImportImports) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  EXPECT_EQ(ReasonOfDoing("fire_escalation", Clerk()), v1::REASON_WRONG_CHANNEL);
  EXPECT_EQ(ReasonOfDoing("fire_escalation", world().Clock()), v1::REASON_UNSPECIFIED);
  RulesActor clerk = Clerk();
  v1::Operation import = Blank(clerk);
  import.mutable_import_record()->set_record(IdOf("imported"));
  import.mutable_import_record()->mutable_entity()->mutable_campaign()->set_code("C1");
  EXPECT_EQ(ReasonOf(import, clerk), v1::REASON_WRONG_CHANNEL);
  EXPECT_EQ(ReasonOfDoing("accept", world().Clock()), v1::REASON_WRONG_CHANNEL);
}

// Which roles the contract gives each decision is compared with what really happens to somebody
// who has that role alone, and to somebody who has all others.
TEST_F(AnyCommandTest, Promise7AuthorityIsInTheSchemaEveryDecisionNeedsOneOfItsRoles) {
  const auto possible = [this](const Act& act) {
    for (const testing::SceneKey& key : testing::AllScenes()) {
      Open(key);
      if (act.IsPossibleIn(scene()) && Taken(Do(act.name, Clerk()))) {
        Open(key);
        return true;
      }
    }
    return false;
  };
  for (const Act& act : Acts()) {
    if (act.name == "fire_escalation") continue;
    ASSERT_TRUE(possible(act)) << act.name << " is never taken";
    RulesActor probe = Clerk();
    const auto command = Begin(act.name, probe).command_case();
    const v1::CommandRules& rules = Schema::Get().FindCommand(command)->rules;
    if (rules.roles().empty() || command == v1::Operation::kVerifyHazard) continue;
    if (rules.kind() == v1::COMMAND_KIND_FACT) continue;
    std::vector<v1::Role> others;
    for (const v1::Role role : ActingRoles()) {
      const bool needed =
          std::find(rules.roles().begin(), rules.roles().end(), role) != rules.roles().end();
      if (!needed) others.push_back(role);
    }
    EXPECT_EQ(ReasonOfDoing(act.name, Clerk(others)), v1::REASON_NOT_PERMITTED) << act.name;
    EXPECT_EQ(ReasonOfDoing(act.name, Clerk({v1::ROLE_AUDITOR, v1::ROLE_ADMINISTRATOR})),
              v1::REASON_NOT_PERMITTED)
        << act.name;
  }
}

TEST_F(AnyCommandTest, ARoleElsewhereIsOutOfScope) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  RulesActor elsewhere =
      world().Phone("elsewhere", {v1::ROLE_RESPONSIBLE_UNIT}, world().other_department);
  EXPECT_EQ(ReasonOfDoing("accept", elsewhere), v1::REASON_OUT_OF_SCOPE);
  RulesActor above = world().Phone("above", {v1::ROLE_RESPONSIBLE_UNIT}, world().department);
  EXPECT_EQ(ReasonOfDoing("accept", above), v1::REASON_UNSPECIFIED);
  RulesActor exactly = world().Phone("exactly", {v1::ROLE_RESPONSIBLE_UNIT}, world().landfill);
  EXPECT_EQ(ReasonOfDoing("submit", exactly), v1::REASON_UNSPECIFIED);
}

TEST_F(AnyCommandTest, Promise7AuthorityIsInTheSchemaFactsFromOutsideTheScopeAreTakenInAndMarked) {
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED});
  RulesActor outside = world().Phone("outside", {v1::ROLE_INSPECTOR}, world().other_department);
  for (const char* act : {"report_hazard", "recur", "report_progress"}) {
    const v1::Outcome outcome = Do(act, outside);
    ++outside.device_seq;
    EXPECT_TRUE(Taken(outcome)) << act << outcome.ShortDebugString();
    EXPECT_TRUE(outcome.outside_scope()) << act;
    const v1::Record* made = world().Find(*outcome.changed().rbegin());
    EXPECT_TRUE(made->outside_scope()) << act;
  }
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_RECTIFYING);
  RulesActor inside = world().Phone("inside", {v1::ROLE_INSPECTOR}, world().department);
  EXPECT_FALSE(Do("report_hazard", inside).outside_scope());
}

TEST_F(AnyCommandTest, SomebodyWithoutAnyRoleStillReportsAndAnAuditorToo) {
  Open({.hazard = v1::HAZARD_STATUS_SUBMITTED});
  EXPECT_TRUE(Taken(Do("report_hazard", Phone({}))));
  const v1::Outcome outcome = Do("recur", Phone({v1::ROLE_AUDITOR}));
  EXPECT_TRUE(Taken(outcome));
  EXPECT_TRUE(outcome.outside_scope());
}

TEST_F(AnyCommandTest, AnInspectionAndAReadingAreFactsToo) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  RulesActor outside = world().Phone("outside", {v1::ROLE_INSPECTOR}, world().other_department);
  v1::Operation inspect = Blank(outside);
  inspect.mutable_create_record()->set_record(IdOf("inspection"));
  v1::Inspection& inspection =
      *inspect.mutable_create_record()->mutable_entity()->mutable_inspection();
  inspection.set_risk_source(world().source);
  *inspection.mutable_started_at() = inspect.made_at();
  EXPECT_TRUE(world().Apply(inspect, outside).outside_scope());
  v1::Operation read = Blank(outside);
  read.mutable_create_record()->set_record(IdOf("reading"));
  v1::Reading& reading = *read.mutable_create_record()->mutable_entity()->mutable_reading();
  reading.set_risk_source(world().source);
  reading.set_monitoring_point("well 3");
  reading.set_kind("CH4");
  reading.set_value(1.3);
  *reading.mutable_measured_at() = read.made_at();
  EXPECT_TRUE(world().Apply(read, outside).outside_scope());
  EXPECT_NE(world().Find(IdOf("reading")), nullptr);
}

TEST_F(AnyCommandTest, ANamedStatusThatWasNotInForceIsNotSeen) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED, .order = v1::ORDER_STATUS_ISSUED});
  const auto guess = [](v1::Operation& op) {
    op.mutable_submit_rectification()->set_from_status(v1::HAZARD_STATUS_RECTIFYING);
  };
  EXPECT_EQ(ReasonOfDoing("submit", Phone(), guess), v1::REASON_STATUS_NOT_SEEN);
  const auto guess_order = [](v1::Operation& op) {
    op.mutable_file_plan()->set_from_status(v1::ORDER_STATUS_SERVED);
  };
  EXPECT_EQ(ReasonOfDoing("file_plan", Phone(), guess_order), v1::REASON_STATUS_NOT_SEEN);
}

TEST_F(AnyCommandTest, JudgementIsOnWhatWasSeenNotOnWhatCameBetween) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  RulesActor late = Phone();
  const v1::Operation accept = Begin("accept", late);
  ASSERT_TRUE(Taken(Do("fix_on_spot", Phone())));
  ASSERT_TRUE(Taken(Do("verify_passed", Phone())));
  EXPECT_TRUE(Taken(world().Apply(accept, late)));
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_RECTIFYING);
  EXPECT_FALSE(world().StateOf(hazard()).finished());
}

TEST_F(AnyCommandTest, WhatRestsOnARefusedOperationOfOnesOwnSaysSo) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  RulesActor unit = Phone();
  const v1::Operation accept = Begin("accept", unit, [](v1::Operation& op) {
    op.mutable_accept_hazard()->set_from_status(v1::HAZARD_STATUS_RECTIFYING);
  });
  const v1::Operation submit = Begin("submit", unit, [](v1::Operation& op) {
    op.mutable_submit_rectification()->set_from_status(v1::HAZARD_STATUS_RECTIFYING);
  });
  EXPECT_EQ(ReasonOf(accept, unit), v1::REASON_STATUS_NOT_SEEN);
  EXPECT_EQ(ReasonOf(submit, unit), v1::REASON_DEPENDS_ON_REFUSED);
}

TEST_F(AnyCommandTest, ARecordMadeByARefusedOperationIsDependedOnNotWaitedFor) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  RulesActor unit = Phone();
  const v1::Operation report = Begin("report_hazard", unit, [](v1::Operation& op) {
    op.mutable_report_hazard()->mutable_hazard()->clear_description();
  });
  v1::Operation progress = Begin("report_progress", unit);
  progress.mutable_report_progress()->mutable_progress_report()->set_hazard(
      report.report_hazard().hazard_id());
  EXPECT_EQ(ReasonOf(report, unit), v1::REASON_REQUIRED_FIELD_MISSING);
  EXPECT_EQ(ReasonOf(progress, unit), v1::REASON_DEPENDS_ON_REFUSED);
}

TEST_F(AnyCommandTest, WhatIsNotKnownYetIsWaitedFor) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  const v1::Outcome outcome = Do("accept", Phone(), [](v1::Operation& op) {
    op.mutable_accept_hazard()->set_hazard(IdOf("not here yet"));
  });
  EXPECT_EQ(outcome.verdict(), v1::VERDICT_DEFERRED);
  EXPECT_EQ(outcome.error().reason(), v1::REASON_DEPENDENCY_MISSING);
}

TEST_F(AnyCommandTest, ADecisionOnARecordThatItsAuthorNeverSawIsRefused) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  EXPECT_EQ(ReasonOfDoing("accept", Phone(), [](v1::Operation& op) { op.clear_seen(); }),
            v1::REASON_NOT_SEEN);
}

TEST_F(AnyCommandTest, APhoneSeesWhatItHasHadAppliedSince) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  RulesActor unit = Phone();
  // Both made offline, on the same version.
  const v1::Operation accept = Begin("accept", unit);
  const v1::Operation submit = Begin("submit", unit, [](v1::Operation& op) {
    op.mutable_submit_rectification()->set_from_status(v1::HAZARD_STATUS_RECTIFYING);
  });
  ASSERT_TRUE(Taken(Do("edit_grade_major", Phone())));
  EXPECT_TRUE(Taken(world().Apply(accept, unit)));
  EXPECT_TRUE(Taken(world().Apply(submit, unit)));
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_SUBMITTED);
}

TEST_F(AnyCommandTest, TheOfficeSeesOnlyWhatItSays) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  RulesActor unit = Clerk();
  const v1::Operation accept = Begin("accept", unit);
  const v1::Operation submit = Begin("submit", unit, [](v1::Operation& op) {
    op.mutable_submit_rectification()->set_from_status(v1::HAZARD_STATUS_RECTIFYING);
  });
  EXPECT_TRUE(Taken(world().Apply(accept, unit)));
  EXPECT_EQ(ReasonOf(submit, unit), v1::REASON_STATUS_NOT_SEEN);
}

TEST_F(AnyCommandTest, NobodyHasSeenTheFuture) {
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_PASSED});
  RulesActor office = Clerk();
  v1::Operation lift = Begin("lift_tag", office);
  for (v1::Seen& seen : *lift.mutable_seen()) seen.set_version(1'000'000'000);
  RulesActor inspector = Phone();
  const v1::Operation recur = Begin("recur", inspector);
  ASSERT_TRUE(Taken(world().Apply(lift, office)));
  ASSERT_TRUE(Taken(world().Apply(recur, inspector)));
  EXPECT_TRUE(world().StateOf(hazard()).tag_in_doubt()) << "the lift did not know the recurrence";
}

TEST_F(AnyCommandTest, ARecordIdIsUsedOnce) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  const auto again = [this](v1::Operation& op) {
    op.mutable_report_hazard()->set_hazard_id(hazard());
  };
  EXPECT_EQ(ReasonOfDoing("report_hazard", Phone(), again), v1::REASON_ALREADY_EXISTS);
}

TEST_F(AnyCommandTest, AReferenceToAnotherKindIsRefused) {
  Open({.hazard = v1::HAZARD_STATUS_REPORTED});
  EXPECT_EQ(ReasonOfDoing("report_hazard", Phone(),
                          [this](v1::Operation& op) {
                            op.mutable_report_hazard()->mutable_hazard()->set_risk_source(
                                world().landfill);
                          }),
            v1::REASON_WRONG_ENTITY);
  EXPECT_EQ(ReasonOfDoing("confirm_general", Phone(),
                          [this](v1::Operation& op) {
                            op.mutable_confirm_hazard()->set_responsible_unit(world().source);
                          }),
            v1::REASON_WRONG_ENTITY);
  EXPECT_EQ(ReasonOfDoing("accept", Phone(),
                          [this](v1::Operation& op) {
                            op.mutable_accept_hazard()->set_hazard(scene().verification);
                          }),
            v1::REASON_WRONG_ENTITY);
}

TEST(ObservedAtTest, Promise8PhoneClocksAreEvidenceCorrectedAndNeverLaterThanReceipt) {
  const absl::Time received = absl::FromUnixSeconds(1498874400);
  v1::Operation operation;
  EXPECT_EQ(ObservedAt(operation, received), received);
  operation.mutable_made_at()->set_seconds(1498870000);
  EXPECT_EQ(ObservedAt(operation, received), absl::FromUnixSeconds(1498870000));
  operation.set_clock_offset_ms(60'000);
  EXPECT_EQ(ObservedAt(operation, received), absl::FromUnixSeconds(1498870060));
  operation.mutable_made_at()->set_seconds(1498999999);
  EXPECT_EQ(ObservedAt(operation, received), received);
}

TEST(StampForTest, AStampHoldsWhoWhenAndWhatHeKnew) {
  v1::Operation operation;
  operation.set_device(IdOf("device"));
  operation.set_device_seq(7);
  operation.set_person(IdOf("person"));
  operation.mutable_made_at()->set_seconds(1498870000);
  v1::Seen& seen = *operation.add_seen();
  seen.set_record(IdOf("hazard"));
  seen.set_version(5);
  Author author;
  author.channel = v1::CHANNEL_PHONE;
  const absl::Time received = absl::FromUnixSeconds(1498874400);
  const v1::Stamp stamp =
      StampFor(operation, author, IdOf("hazard"), {.seq = 9, .received_at = received});
  EXPECT_EQ(stamp.seq(), 9U);
  EXPECT_EQ(stamp.seen(), 5U);
  EXPECT_EQ(stamp.device_seq(), 7U);
  EXPECT_EQ(TimesOf(stamp).observed, absl::FromUnixSeconds(1498870000));
  EXPECT_EQ(TimesOf(stamp).received, received);
  EXPECT_TRUE(stamp.covers_own());
  author.channel = v1::CHANNEL_OFFICE;
  EXPECT_FALSE(StampFor(operation, author, IdOf("hazard"), {.seq = 9, .received_at = received})
                   .covers_own());
  EXPECT_EQ(StampFor(operation, author, IdOf("other"), {.seq = 9, .received_at = received}).seen(),
            0U);
  EXPECT_EQ(StampFor(operation, author, IdOf("hazard"), {.seq = 3, .received_at = received}).seen(),
            2U)
      << "nobody knows what comes after him";
  EXPECT_EQ(StampFor(operation, author, IdOf("hazard"), {.seq = 0, .received_at = received}).seen(),
            5U)
      << "a pending write has no place yet";
}

// `seen` must hold what is named, and what waits behind a deferred operation is found by it.
TEST(RecordsNamedTest, EveryRecordThatAnActWritesToIsNamed) {
  testing::Scene scene = testing::MakeScene(
      {.hazard = v1::HAZARD_STATUS_TRANSFER_PENDING, .order = v1::ORDER_STATUS_EXTENSION_PENDING});
  testing::RulesActor actor = scene.world.Clerk("clerk", ActingRoles(), "");
  for (const Act& act : Acts()) {
    const v1::Operation operation = testing::BeginAct(scene, act, actor);
    const absl::StatusOr<Decision> decision = scene.world.Judge(operation, actor);
    if (!decision.ok()) continue;
    for (const v1::RecordWrite& write : decision->writes) {
      EXPECT_THAT(RecordsNamed(operation), Contains(write.record())) << act.name;
    }
  }
}

TEST(RecordsNamedTest, ANewRecordNamesWhatItRefersTo) {
  v1::Operation operation;
  v1::CreateRecord& create = *operation.mutable_create_record();
  create.set_record(IdOf("inspection"));
  create.mutable_entity()->mutable_inspection()->set_risk_source(IdOf("source"));
  EXPECT_THAT(RecordsNamed(operation), UnorderedElementsAre(IdOf("inspection"), IdOf("source")));
}

TEST(RecordsNamedTest, AnEscalationNamesItsItem) {
  v1::Operation operation;
  operation.mutable_fire_escalation()->set_escalation_id(IdOf("escalation"));
  operation.mutable_fire_escalation()->mutable_escalation()->set_item(IdOf("hazard"));
  EXPECT_THAT(RecordsNamed(operation), IsSupersetOf({IdOf("escalation"), IdOf("hazard")}));
}

TEST_F(AnyCommandTest, EveryActIsTakenInSomeStatus) {
  for (const Act& act : Acts()) {
    bool taken = false;
    for (const testing::SceneKey& key : testing::AllScenes()) {
      if (taken) break;
      Open(key);
      RulesActor actor = act.name == "fire_escalation" ? world().Clock() : Clerk();
      taken = act.IsPossibleIn(scene()) && Taken(Do(act.name, actor));
    }
    EXPECT_TRUE(taken) << act.name;
  }
}

}  // namespace
}  // namespace vigil::rules
