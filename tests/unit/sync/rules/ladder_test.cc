#include "sync/rules/ladder.h"

#include <memory>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "sync/base/file.h"
#include "sync/base/time.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sync/rules/judge_fixture.h"

namespace vigil::rules {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

v1::Ladder Shipped() {
  PosixFileSystem files;
  const absl::StatusOr<std::string> text = files.Read("deploy/config/ladder.textproto", 1 << 20);
  EXPECT_THAT(text, testing::IsOk());
  v1::Ladder ladder;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text.value_or(""), &ladder));
  return ladder;
}

v1::Date On(int month, int day) { return ToDate(absl::CivilDay(2017, month, day)); }

// Everything begins on Saturday 1 July 2017. A hazard is due on 15 August, an order's plan on 20
// July, the order itself on 31 October. Working days are Monday to Friday.
class LadderTest : public JudgeTest {
 protected:
  // "E4_OVERDUE 2017-08-16": the step, and the day that makes it due; "o" before it for the
  // order's, "t" for the transfer's.
  std::set<std::string> Steps(absl::CivilDay today = absl::CivilDay(2017, 7, 1)) {
    std::set<std::string> steps;
    for (const LadderStep& step : world().StepsOf(hazard(), ladder_, today)) {
      const std::string name = v1::EscalationStep_Name(step.step).substr(16);
      const char* item = step.item == hazard() ? "" : (step.item == order() ? "o " : "t ");
      EXPECT_TRUE(step.item == hazard() || step.item == order() || step.item == scene().transfer);
      steps.insert(absl::StrCat(item, name, " ", FormatDay(step.day)));
    }
    return steps;
  }
  void PutChild(std::string_view name, const v1::Entity& entity) {
    world().Put(testing::IdOf(name), entity, hazard());
  }
  void Explain() {
    v1::Entity entity;
    entity.mutable_explanation()->set_hazard(hazard());
    entity.mutable_explanation()->set_text("rain");
    PutChild("explanation", entity);
  }
  void AdvanceTo(int month, int day) {
    const absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
    world().Advance(absl::FromCivil(absl::CivilDay(2017, month, day), zone) - world().now());
  }

  v1::Ladder ladder_ = Shipped();
};

TEST_F(LadderTest, AReportWaitsForItsConfirmation) {
  Open({.hazard = v1::HAZARD_STATUS_REPORTED});
  EXPECT_THAT(Steps(), Contains("REPORT_UNCONFIRMED 2017-07-06"));
}

TEST_F(LadderTest, OverdueBeginsOnTheDayAfterAndGoesOnWithoutAnExplanation) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  EXPECT_THAT(Steps(),
              UnorderedElementsAre("E4_OVERDUE 2017-08-16", "E5_PROPOSE_LETTER 2017-08-19"));
  Explain();
  EXPECT_THAT(Steps(), Contains("E5_PROPOSE_LETTER 2017-08-19")) << "before it was due";
  AdvanceTo(8, 15);
  v1::Entity again;
  again.mutable_explanation()->set_hazard(hazard());
  PutChild("another explanation", again);
  EXPECT_THAT(Steps(), UnorderedElementsAre("E4_OVERDUE 2017-08-16"));
}

TEST_F(LadderTest, ATalkIsProposedForMajorHazardsAlone) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  ASSERT_TRUE(Taken(Do("edit_grade_major", Phone())));
  EXPECT_THAT(Steps(), Contains("E7_PROPOSE_TALK 2017-08-30"));
}

TEST_F(LadderTest, FinishedOrRectifiedNothingOfItIsLeft) {
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED});
  EXPECT_THAT(Steps(), IsEmpty());
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_IN_PROGRESS});
  EXPECT_THAT(Steps(), IsEmpty());
}

TEST_F(LadderTest, AnIssuedOrderWaitsForItsReceiptItsPlanAndItsExtension) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_ISSUED});
  EXPECT_THAT(Steps(), UnorderedElementsAre(
                           "o ORDER_NOT_SERVED 2017-07-06", "o E0_PLAN_DUE_MISSED 2017-07-21",
                           "o E1_EXTENSION_WINDOW_CLOSING 2017-10-03",
                           "o E2_EXTENSION_WINDOW_CLOSED 2017-10-11", "E4_OVERDUE 2017-11-01",
                           "E5_PROPOSE_LETTER 2017-11-04"));
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_SERVED});
  EXPECT_THAT(Steps(), Not(Contains("o ORDER_NOT_SERVED 2017-07-06")));
  EXPECT_THAT(Steps(), Contains("o E0_PLAN_DUE_MISSED 2017-07-21"));
}

TEST_F(LadderTest, AProposedOrderWaitsForNothing) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_PROPOSED});
  EXPECT_THAT(Steps(),
              UnorderedElementsAre("E4_OVERDUE 2017-08-16", "E5_PROPOSE_LETTER 2017-08-19"));
}

TEST_F(LadderTest, EveryQuarterWithoutAReportUpToTheFirstThatIsNotOver) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_IN_PROGRESS});
  EXPECT_THAT(Steps(), Contains("o E3_PROGRESS_MISSING 2017-10-01"));
  EXPECT_THAT(Steps(), Not(Contains("o E3_PROGRESS_MISSING 2018-01-01")));
  EXPECT_THAT(
      Steps(absl::CivilDay(2017, 10, 1)),
      IsSupersetOf({"o E3_PROGRESS_MISSING 2017-10-01", "o E3_PROGRESS_MISSING 2018-01-01"}));
  v1::Entity report;
  report.mutable_progress_report()->set_hazard(hazard());
  report.mutable_progress_report()->set_text("half");
  *report.mutable_progress_report()->mutable_period_end() = On(9, 30);
  PutChild("report", report);
  EXPECT_THAT(Steps(), Not(Contains("o E3_PROGRESS_MISSING 2017-10-01")));
  EXPECT_THAT(Steps(), Contains("o E3_PROGRESS_MISSING 2018-01-01"));
}

TEST_F(LadderTest, AnExtensionThatWaitsPausesWhatIsOverdue) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_EXTENSION_PENDING});
  EXPECT_THAT(Steps(), UnorderedElementsAre("o EXTENSION_UNDECIDED 2017-07-15",
                                            "o E3_PROGRESS_MISSING 2017-10-01"));
}

TEST_F(LadderTest, WhatTheOfficeHasToDecideWaitsForIt) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING, .order = v1::ORDER_STATUS_ACCEPTANCE});
  EXPECT_THAT(Steps(), Contains("o ACCEPTANCE_UNDECIDED 2017-07-15"));
  Open({.hazard = v1::HAZARD_STATUS_TRANSFER_PENDING});
  EXPECT_THAT(Steps(), Contains("t TRANSFER_UNDECIDED 2017-07-08"));
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_LIFTED});
  EXPECT_THAT(Steps(), UnorderedElementsAre("o LIFTING_UNPUBLISHED 2017-07-08"));
}

TEST_F(LadderTest, ALettersLimitAndATalksMeasures) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  v1::Entity letter;
  letter.mutable_supervision_letter()->set_hazard(hazard());
  *letter.mutable_supervision_letter()->mutable_limit() = On(9, 8);
  PutChild("draft", letter);
  *letter.mutable_supervision_letter()->mutable_sent_on() = On(9, 1);
  *letter.mutable_supervision_letter()->mutable_limit() = On(9, 15);
  PutChild("letter", letter);
  v1::Entity talk;
  talk.mutable_talk()->set_hazard(hazard());
  *talk.mutable_talk()->mutable_measures_due() = On(10, 20);
  PutChild("talk", talk);
  EXPECT_THAT(Steps(),
              UnorderedElementsAre("E4_OVERDUE 2017-08-16", "E6_PROPOSE_CRITICISM 2017-09-16",
                                   "E8_PROPOSE_REPORT_UPWARD 2017-10-21"));
  v1::Entity done;
  *done.mutable_talk()->mutable_done_on() = On(10, 1);
  world().Set(testing::IdOf("talk"), done);
  v1::Entity answered;
  *answered.mutable_supervision_letter()->mutable_answered_on() = On(9, 10);
  world().Set(testing::IdOf("letter"), answered);
  EXPECT_THAT(Steps(), UnorderedElementsAre("E4_OVERDUE 2017-08-16"));
}

TEST_F(LadderTest, WhatIsProposedIsNotProposedOnceItIsDone) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  v1::Entity major;
  major.mutable_hazard()->set_grade(v1::HAZARD_GRADE_MAJOR);
  world().Set(hazard(), major);
  v1::Entity letter;
  letter.mutable_supervision_letter()->set_hazard(hazard());
  *letter.mutable_supervision_letter()->mutable_sent_on() = On(8, 14);
  PutChild("of an earlier date", letter);
  v1::Entity talk;
  talk.mutable_talk()->set_hazard(hazard());
  PutChild("not held", talk);
  EXPECT_THAT(Steps(),
              IsSupersetOf({"E5_PROPOSE_LETTER 2017-08-19", "E7_PROPOSE_TALK 2017-08-30"}));
  *letter.mutable_supervision_letter()->mutable_sent_on() = On(8, 15);
  PutChild("letter", letter);
  *talk.mutable_talk()->mutable_held_on() = On(8, 20);
  PutChild("talk", talk);
  EXPECT_THAT(Steps(), UnorderedElementsAre("E4_OVERDUE 2017-08-16"));
}

TEST_F(LadderTest, AStepWithoutARungNeverFires) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  ladder_ = OverdueAlone();
  EXPECT_THAT(Steps(), UnorderedElementsAre("E4_OVERDUE 2017-08-16"));
  ladder_.clear_rung();
  EXPECT_THAT(Steps(), IsEmpty());
}

TEST_F(LadderTest, ARiskSourceIsOverdueAfterItsInterval) {
  Open({.hazard = v1::HAZARD_STATUS_CONFIRMED});
  const auto deadlines = std::make_shared<const Deadlines>(Deadlines{ladder_, WorkCalendar()});
  const LadderRules rules{deadlines, absl::FixedTimeZone(8 * 3600), absl::CivilDay(2017, 7, 1)};
  v1::Record source = *world().Find(world().source);
  EXPECT_FALSE(InspectionStep(source, std::nullopt, rules)) << "it has no interval";
  v1::RiskSource& body = *source.mutable_entity()->mutable_risk_source();
  body.set_inspection_interval_days(30);
  *body.mutable_interval_starts_on() = On(7, 1);
  EXPECT_EQ(InspectionStep(source, std::nullopt, rules)->day, absl::CivilDay(2017, 8, 1));
  EXPECT_EQ(InspectionStep(source, absl::CivilDay(2017, 7, 20), rules)->day,
            absl::CivilDay(2017, 8, 20));
  EXPECT_NE(InspectionStep(source, absl::CivilDay(2017, 7, 20), rules)->due_version,
            InspectionStep(source, std::nullopt, rules)->due_version);
  body.set_retired(true);
  EXPECT_FALSE(InspectionStep(source, std::nullopt, rules));
}

TEST(FingerprintTest, WhateverMovesAStepChangesTheFingerprint) {
  const Deadlines deadlines;
  const Sha256 fingerprint = FingerprintOf(deadlines, "Asia/Shanghai");
  EXPECT_EQ(FingerprintOf(Deadlines(), "Asia/Shanghai"), fingerprint);
  EXPECT_NE(FingerprintOf(deadlines, "UTC"), fingerprint);
  Deadlines other = deadlines;
  other.ladder.mutable_rung(0)->set_days(2);
  EXPECT_NE(FingerprintOf(other, "Asia/Shanghai"), fingerprint);
  v1::WorkingDayLists lists;
  lists.add_list()->set_year(2017);
  other = {deadlines.ladder, WorkCalendar(lists)};
  EXPECT_NE(FingerprintOf(other, "Asia/Shanghai"), fingerprint);
}

}  // namespace
}  // namespace vigil::rules
