#include "sync/rules/merge.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/sync/rules/merge_fixture.h"

namespace vigil::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using ::vigil::testing::Canonical;
using ::vigil::testing::IdOf;
using ::vigil::testing::StatusIs;

TEST_F(MergeTest, ANewRecordIsItsMakersAndHasNoStates) {
  EXPECT_EQ(record_.id(), IdOf("hazard"));
  EXPECT_EQ(record_.version(), 1U);
  EXPECT_EQ(record_.states_size(), 0);
  EXPECT_EQ(hazard().description(), "a crack");
  EXPECT_THAT(Descriptions(), ElementsAre("a crack"));
}

TEST_F(MergeTest, AWriteCoversWhatItsAuthorSaw) {
  Describe("a wide crack", {.device = "a", .seq = 2, .seen = 1});
  Describe("a wide crack, wet", {.device = "b", .seq = 3, .seen = 2});
  EXPECT_THAT(Descriptions(), ElementsAre("a wide crack, wet"));
  EXPECT_FALSE(Disputed(H::kDescriptionFieldNumber));
  EXPECT_EQ(record_.version(), 3U);
}

TEST_F(MergeTest, WhatAWriteDoesNotCoverStaysBesideIt) {
  Describe("by a", {.device = "a", .seq = 2, .seen = 1, .second = 5});
  Describe("by b", {.device = "b", .seq = 3, .seen = 1, .second = 4});
  EXPECT_THAT(Descriptions(), UnorderedElementsAre("by a", "by b"));
  EXPECT_TRUE(Disputed(H::kDescriptionFieldNumber));
  EXPECT_EQ(hazard().description(), "by a") << "the one observed last is shown";
}

TEST_F(MergeTest, ALaterWriteBySomebodyWhoHasSeenAllSettles) {
  Describe("by a", {.device = "a", .seq = 2, .seen = 1});
  Describe("by b", {.device = "b", .seq = 3, .seen = 1});
  Describe("as both say", {.device = "office", .device_seq = 2, .seq = 4, .seen = 3});
  EXPECT_THAT(Descriptions(), ElementsAre("as both say"));
  EXPECT_FALSE(Disputed(H::kDescriptionFieldNumber));
}

TEST_F(MergeTest, EqualConcurrentValuesAreNoConflictAndKeepTheirStamps) {
  Grade(v1::HAZARD_GRADE_MAJOR, {.device = "a", .seq = 2, .seen = 1});
  Grade(v1::HAZARD_GRADE_MAJOR, {.device = "b", .seq = 3, .seen = 1});
  EXPECT_FALSE(Disputed(H::kGradeFieldNumber));
  EXPECT_EQ(LiveWrites(record_, Field(H::kGradeFieldNumber)).size(), 2U);
}

TEST_F(MergeTest, APhoneCoversItsOwnEarlierWritesWhateverItSaw) {
  Describe("first", {.device = "a", .device_seq = 1, .seq = 2, .seen = 1});
  Describe("second", {.device = "a", .device_seq = 2, .seq = 3, .seen = 1});
  EXPECT_THAT(Descriptions(), ElementsAre("second"));
}

TEST_F(MergeTest, TheOfficeCoversByWhatItSawAlone) {
  Describe("first", {.device = "o", .device_seq = 1, .seq = 2, .seen = 1, .phone = false});
  Describe("second", {.device = "o", .device_seq = 2, .seq = 3, .seen = 1, .phone = false});
  EXPECT_THAT(Descriptions(), UnorderedElementsAre("first", "second"));
}

TEST_F(MergeTest, PendingWritesCoverTheOwnOnesAndNobodyElses) {
  Describe("by b", {.device = "b", .seq = 2, .seen = 1});
  Describe("mine", {.device = "a", .device_seq = 1, .seq = 0, .seen = 1});
  Describe("mine again", {.device = "a", .device_seq = 2, .seq = 0, .seen = 1});
  EXPECT_THAT(Descriptions(), UnorderedElementsAre("by b", "mine again"));
  EXPECT_EQ(record_.version(), 2U) << "a pending write has no version";
}

TEST_F(MergeTest, APendingWriteIsNeverCoveredByAVersion) {
  Describe("mine", {.device = "a", .device_seq = 1, .seq = 0, .seen = 1});
  Describe("by b", {.device = "b", .seq = 9, .seen = 8});
  EXPECT_THAT(Descriptions(), UnorderedElementsAre("mine", "by b"));
}

TEST_F(MergeTest, AWriteSeenTwiceChangesNothing) {
  Describe("by a", {.device = "a", .seq = 2, .seen = 1});
  Photos({"p"}, {}, {.device = "a", .device_seq = 2, .seq = 3, .seen = 1});
  Status(v1::HAZARD_STATUS_CONFIRMED, "confirm<office:1", {.device = "b", .seq = 4, .seen = 1});
  const std::string before = record_.SerializeAsString();
  Describe("by a", {.device = "a", .seq = 2, .seen = 1});
  Photos({"p"}, {}, {.device = "a", .device_seq = 2, .seq = 3, .seen = 1});
  Status(v1::HAZARD_STATUS_CONFIRMED, "confirm<office:1", {.device = "b", .seq = 4, .seen = 1});
  EXPECT_EQ(record_.SerializeAsString(), before);
}

TEST_F(MergeTest, Promise5AMergeNeverLowersVigilanceOfTwoGradesTheGraverIsInForce) {
  Grade(v1::HAZARD_GRADE_MAJOR, {.device = "a", .seq = 2, .seen = 1});
  Grade(v1::HAZARD_GRADE_GENERAL, {.device = "b", .seq = 3, .seen = 1, .second = 60});
  EXPECT_EQ(hazard().grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_TRUE(Disputed(H::kGradeFieldNumber));
}

TEST_F(MergeTest, Promise5AMergeNeverLowersVigilanceOfAGradeAndNoneTheGradeIsInForce) {
  Grade(v1::HAZARD_GRADE_GENERAL, {.device = "a", .seq = 2, .seen = 1});
  Put(H(), {H::kGradeFieldNumber}, {.device = "b", .seq = 3, .seen = 1, .second = 60});
  EXPECT_EQ(hazard().grade(), v1::HAZARD_GRADE_GENERAL);
}

TEST_F(MergeTest, Promise5AMergeNeverLowersVigilanceOfTwoDatesTheEarlierIsInForce) {
  Due(Day(8, 1), {.device = "a", .seq = 2, .seen = 1});
  Due(Day(9, 1), {.device = "b", .seq = 3, .seen = 1, .second = 60});
  EXPECT_EQ(hazard().due_date().month(), 8);
  Due(v1::Date(), {.device = "c", .seq = 4, .seen = 1, .second = 90});
  EXPECT_EQ(hazard().due_date().month(), 8) << "a cleared date is later than every date";
}

TEST_F(MergeTest, Promise5AMergeNeverLowersVigilanceOfTwoStatusesTheMoreOpenIsInForce) {
  Status(v1::HAZARD_STATUS_REJECTED, "reject<office:1", {.device = "a", .seq = 2, .seen = 1});
  Status(v1::HAZARD_STATUS_CONFIRMED, "confirm<office:1", {.device = "b", .seq = 3, .seen = 1});
  EXPECT_EQ(hazard().status(), v1::HAZARD_STATUS_CONFIRMED);
  EXPECT_TRUE(Disputed(H::kStatusFieldNumber));
}

TEST_F(MergeTest, OfTwoTextsTheOneObservedLastIsInForceAndTiesGoToTheGreaterDevice) {
  Describe("b's", {.device = "b", .seq = 2, .seen = 1, .second = 7});
  Describe("a's", {.device = "a", .seq = 3, .seen = 1, .second = 7});
  EXPECT_EQ(hazard().description(), "b's");
}

TEST_F(MergeTest, AnAddSurvivesAConcurrentRemove) {
  Photos({"p"}, {}, {.device = "a", .seq = 2, .seen = 1});
  Photos({}, {"p"}, {.device = "b", .seq = 3, .seen = 2});
  EXPECT_THAT(PhotoNames(), IsEmpty());
  Photos({"p"}, {}, {.device = "c", .seq = 4, .seen = 2});
  EXPECT_THAT(PhotoNames(), ElementsAre("p"));
}

TEST_F(MergeTest, ARemoveTakesOnlyTheAddsThatItSaw) {
  Photos({"p", "q"}, {}, {.device = "a", .seq = 2, .seen = 1});
  Photos({"p"}, {}, {.device = "b", .seq = 3, .seen = 1});
  Photos({}, {"p"}, {.device = "c", .seq = 4, .seen = 2});
  EXPECT_THAT(PhotoNames(), UnorderedElementsAre("p", "q"));
  Photos({}, {"p"}, {.device = "c", .device_seq = 2, .seq = 5, .seen = 3});
  EXPECT_THAT(PhotoNames(), ElementsAre("q"));
}

TEST_F(MergeTest, AnElementAddedAgainIsShownOnceAndASetIsNeverInConflict) {
  Photos({"p"}, {}, {.device = "a", .seq = 2, .seen = 1});
  Photos({"p"}, {}, {.device = "b", .seq = 3, .seen = 1});
  EXPECT_THAT(PhotoNames(), ElementsAre("p"));
  EXPECT_FALSE(Disputed(H::kPhotosFieldNumber));
  EXPECT_THAT(ConflictsOf(record_), IsEmpty());
}

TEST_F(MergeTest, ASetsElementsOfTheMakerCanBeRemoved) {
  H made;
  made.set_status(v1::HAZARD_STATUS_REPORTED);
  *made.add_photos() = Photo("first");
  *made.add_photos() = Photo("second");
  Make(made, {.device = "office", .seq = 1, .phone = false});
  Photos({"third"}, {"first"}, {.device = "a", .seq = 2, .seen = 1});
  EXPECT_THAT(PhotoNames(), ElementsAre("second", "third"));
}

TEST_F(MergeTest, Promise6ArrivalOrderDoesNotMatterForTheOrderOfASetsElements) {
  const v1::Record before = record_;
  Photos({"late"}, {}, {.device = "a", .seq = 2, .seen = 1, .second = 9});
  Photos({"early"}, {}, {.device = "b", .seq = 3, .seen = 1, .second = 2});
  const std::vector<std::string> one = PhotoNames();
  record_ = before;
  Photos({"early"}, {}, {.device = "b", .seq = 2, .seen = 1, .second = 2});
  Photos({"late"}, {}, {.device = "a", .seq = 3, .seen = 1, .second = 9});
  EXPECT_EQ(PhotoNames(), one);
}

TEST_F(MergeTest, ACoveredStatusStaysInTheTrail) {
  Status(v1::HAZARD_STATUS_CONFIRMED, "confirm<office:1", {.device = "a", .seq = 2, .seen = 1});
  Status(v1::HAZARD_STATUS_RECTIFYING, "accept<x", {.device = "b", .seq = 3, .seen = 2});
  const std::vector<v1::Write> trail = StatusTrail(record_, Field(H::kStatusFieldNumber));
  ASSERT_EQ(trail.size(), 3U);
  EXPECT_EQ(std::count_if(trail.begin(), trail.end(),
                          [](const v1::Write& write) { return !write.covered(); }),
            1);
  EXPECT_EQ(LiveWrites(record_, Field(H::kStatusFieldNumber)).size(), 1U);
  EXPECT_EQ(hazard().status(), v1::HAZARD_STATUS_RECTIFYING);
}

TEST_F(MergeTest, FortyLateAcceptsDoNotReopenAFinishedHazard) {
  Status(v1::HAZARD_STATUS_CONFIRMED, "confirm<office:1", {.device = "o", .seq = 2, .seen = 1});
  const std::string accept = "accept<(confirm<office:1)";
  Status(v1::HAZARD_STATUS_RECTIFYING, accept, {.device = "u", .seq = 3, .seen = 2});
  Status(v1::HAZARD_STATUS_SUBMITTED, "submit<u", {.device = "u", .device_seq = 2, .seq = 4});
  Status(v1::HAZARD_STATUS_VERIFIED, "verify<u", {.device = "v", .seq = 5, .seen = 4});
  for (std::uint64_t i = 0; i < 40; ++i) {
    const std::string device = "late" + std::to_string(i);
    Status(v1::HAZARD_STATUS_RECTIFYING, accept, {.device = device, .seq = 6 + i, .seen = 2});
  }
  EXPECT_EQ(hazard().status(), v1::HAZARD_STATUS_VERIFIED);
  EXPECT_FALSE(Disputed(H::kStatusFieldNumber));
}

TEST_F(MergeTest, WhoKnewAllThatStandsDecidesThoughHeCountedAsSeenOnlyWhatWasBefore) {
  Status(v1::HAZARD_STATUS_RECTIFYING, "accept<1",
         {.device = "unit", .device_seq = 1, .seq = 2, .seen = 1});
  Status(v1::HAZARD_STATUS_SUBMITTED, "submit<2",
         {.device = "unit", .device_seq = 2, .seq = 3, .seen = 1});
  // A form from before both, of the phone that did both.
  Status(v1::HAZARD_STATUS_RECTIFYING, "accept<1", {.device = "unit", .device_seq = 3, .seen = 1});
  EXPECT_EQ(hazard().status(), v1::HAZARD_STATUS_RECTIFYING);
  EXPECT_FALSE(Disputed(H::kStatusFieldNumber));
}

TEST_F(MergeTest, AStatusThatRaisesOpennessReopensHoweverLate) {
  Status(v1::HAZARD_STATUS_VERIFIED, "verify<x", {.device = "v", .seq = 2, .seen = 1});
  Status(v1::HAZARD_STATUS_RECTIFYING, "", {.device = "i", .seq = 3, .seen = 2});
  Status(v1::HAZARD_STATUS_VERIFIED, "verify<y",
         {.device = "v", .device_seq = 2, .seq = 4, .seen = 3});
  Status(v1::HAZARD_STATUS_RECTIFYING, "", {.device = "late", .seq = 5, .seen = 2});
  EXPECT_EQ(hazard().status(), v1::HAZARD_STATUS_RECTIFYING);
}

TEST_F(MergeTest, WhatAPhoneDidSinceIsAddedToWhatItsAuthorSaw) {
  Status(v1::HAZARD_STATUS_CONFIRMED, "",
         {.device = "office", .seq = 2, .seen = 1, .phone = false});
  Photos({"before"}, {}, {.device = "unit", .device_seq = 1, .seq = 3, .seen = 2});
  v1::Record seen = record_;
  Status(v1::HAZARD_STATUS_RECTIFYING, "accept<2",
         {.device = "unit", .device_seq = 2, .seq = 4, .seen = 2});
  Photos({"a", "b"}, {}, {.device = "unit", .device_seq = 3, .seq = 5, .seen = 2});
  Describe("theirs", {.device = "other", .device_seq = 1, .seq = 6, .seen = 2});
  Status(v1::HAZARD_STATUS_SUBMITTED, "submit<4",
         {.device = "other", .device_seq = 2, .seq = 7, .seen = 5});
  VIGIL_ASSERT_OK(MergeOwn(record_, "unit", seen));
  EXPECT_EQ(seen.entity().hazard().status(), v1::HAZARD_STATUS_RECTIFYING);
  EXPECT_EQ(seen.entity().hazard().photos_size(), 3);
  EXPECT_EQ(seen.entity().hazard().description(), "a crack") << "another author's";
  const std::string once = seen.SerializeAsString();
  VIGIL_ASSERT_OK(MergeOwn(record_, "unit", seen));
  EXPECT_EQ(seen.SerializeAsString(), once);
}

TEST_F(MergeTest, AWriteOfAnotherRecordOrKindIsDataLoss) {
  v1::RecordWrite other = Write(H(), {H::kGradeFieldNumber});
  other.set_record(IdOf("another"));
  EXPECT_THAT(Merge(other, StampOf({.device = "a", .seq = 2}), record_),
              StatusIs(absl::StatusCode::kDataLoss));
  v1::RecordWrite kind = Write(H(), {H::kGradeFieldNumber});
  kind.set_kind(1);
  EXPECT_THAT(Merge(kind, StampOf({.device = "a", .seq = 2}), record_),
              StatusIs(absl::StatusCode::kDataLoss));
  v1::Record nothing;
  EXPECT_THAT(Merge(Write(H(), {}), StampOf({.device = "a", .seq = 2}), nothing),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST_F(MergeTest, OfSeveralWithdrawalsTheLeastIdIsShownInEitherOrder) {
  v1::RecordWrite one = Write(H(), {});
  one.set_withdrawn_by(IdOf("one"));
  v1::RecordWrite two = Write(H(), {});
  two.set_withdrawn_by(IdOf("two"));
  v1::Record other_way = record_;
  VIGIL_ASSERT_OK(Merge(one, StampOf({.device = "a", .seq = 2}), record_));
  VIGIL_ASSERT_OK(Merge(two, StampOf({.device = "b", .seq = 3}), record_));
  VIGIL_ASSERT_OK(Merge(two, StampOf({.device = "b", .seq = 2}), other_way));
  VIGIL_ASSERT_OK(Merge(one, StampOf({.device = "a", .seq = 3}), other_way));
  EXPECT_EQ(record_.withdrawn_by(), std::min(IdOf("one"), IdOf("two")));
  EXPECT_EQ(Canonical(record_), Canonical(other_way));
}

TEST_F(MergeTest, TheStampInForceIsThatOfTheValueInForce) {
  EXPECT_EQ(StampInForce(record_, Field(H::kGradeFieldNumber)).device(), "office");
  Grade(v1::HAZARD_GRADE_MAJOR, {.device = "a", .seq = 2, .seen = 1});
  Grade(v1::HAZARD_GRADE_GENERAL, {.device = "b", .seq = 3, .seen = 1, .second = 9});
  EXPECT_EQ(StampInForce(record_, Field(H::kGradeFieldNumber)).device(), "a");
}

}  // namespace
}  // namespace vigil::rules
