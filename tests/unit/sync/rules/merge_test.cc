#include "sync/rules/merge.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/record.h"
#include "tests/support/rules_world.h"
#include "tests/support/status_matchers.h"

namespace vigil::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using ::vigil::testing::Canonical;
using ::vigil::testing::IdOf;
using ::vigil::testing::StatusIs;
using H = v1::Hazard;

// Phones number what they do; clerks' devices too, but they cover by what they saw alone.
struct By {
  std::string_view device;
  std::uint64_t device_seq = 1;
  std::uint64_t seq = 0;
  std::uint64_t seen = 0;
  bool phone = true;
  int second = 0;
};

v1::Stamp StampOf(const By& by) {
  v1::Stamp stamp;
  stamp.set_device(std::string(by.device));
  stamp.set_device_seq(by.device_seq);
  stamp.set_seq(by.seq);
  stamp.set_seen(by.seen);
  stamp.set_covers_own(by.phone);
  stamp.mutable_observed_at()->set_seconds(1498874400 + by.second);
  return stamp;
}

const EntityInfo& Info() { return *Schema::Get().FindEntity("hazard"); }
const FieldInfo& Field(int number) { return *Info().Find(number); }

v1::Evidence Photo(std::string_view name) {
  v1::Evidence photo;
  photo.set_sha256(std::string(name));
  return photo;
}

v1::Date Day(int month, int day) {
  v1::Date date;
  date.set_year(2017);
  date.set_month(month);
  date.set_day(day);
  return date;
}

class MergeTest : public ::testing::Test {
 protected:
  // The record, made by the office with seq 1.
  void SetUp() override {
    H hazard;
    hazard.set_description("a crack");
    hazard.set_status(v1::HAZARD_STATUS_REPORTED);
    Make(hazard, {.device = "office", .seq = 1, .phone = false});
  }
  void Make(const H& hazard, const By& by) {
    record_.Clear();
    v1::RecordWrite write = Write(hazard, {});
    write.set_creates(true);
    for (const FieldInfo& field : Info().fields) {
      if (FieldBytes(hazard, field).empty()) continue;
      write.add_fields()->set_field(static_cast<std::uint32_t>(field.number()));
      write.mutable_fields()->rbegin()->set_value(FieldBytes(hazard, field));
    }
    VIGIL_ASSERT_OK(Merge(write, StampOf(by), record_));
  }
  static v1::RecordWrite Write(const H& hazard, std::initializer_list<int> fields) {
    v1::RecordWrite write;
    write.set_record(IdOf("hazard"));
    write.set_kind(static_cast<std::uint32_t>(Info().number));
    for (const int field : fields) {
      write.add_fields()->set_field(static_cast<std::uint32_t>(field));
      write.mutable_fields()->rbegin()->set_value(FieldBytes(hazard, Field(field)));
    }
    return write;
  }
  void Put(const H& hazard, std::initializer_list<int> fields, const By& by) {
    VIGIL_ASSERT_OK(Merge(Write(hazard, fields), StampOf(by), record_));
  }
  void Describe(std::string_view text, const By& by) {
    H hazard;
    hazard.set_description(std::string(text));
    Put(hazard, {H::kDescriptionFieldNumber}, by);
  }
  void Grade(v1::HazardGrade grade, const By& by) {
    H hazard;
    hazard.set_grade(grade);
    Put(hazard, {H::kGradeFieldNumber}, by);
  }
  void Due(const v1::Date& date, const By& by) {
    H hazard;
    if (date.year() != 0) *hazard.mutable_due_date() = date;
    Put(hazard, {H::kDueDateFieldNumber}, by);
  }
  void Status(v1::HazardStatus status, std::string_view key, const By& by) {
    H hazard;
    hazard.set_status(status);
    v1::RecordWrite write = Write(hazard, {H::kStatusFieldNumber});
    write.mutable_fields(0)->set_event_key(std::string(key));
    VIGIL_ASSERT_OK(Merge(write, StampOf(by), record_));
  }
  void Photos(std::vector<std::string_view> added, std::vector<std::string_view> removed,
              const By& by) {
    H plus;
    H minus;
    for (const std::string_view name : added) *plus.add_photos() = Photo(name);
    for (const std::string_view name : removed) *minus.add_photos() = Photo(name);
    v1::RecordWrite write = Write(plus, {H::kPhotosFieldNumber});
    write.mutable_fields(0)->set_removed(FieldBytes(minus, Field(H::kPhotosFieldNumber)));
    VIGIL_ASSERT_OK(Merge(write, StampOf(by), record_));
  }
  std::vector<std::string> PhotoNames() const {
    std::vector<std::string> names;
    for (const v1::Evidence& photo : hazard().photos()) names.push_back(photo.sha256());
    return names;
  }
  std::vector<std::string> Descriptions() const {
    std::vector<std::string> values;
    for (const v1::Write& write : LiveWrites(record_, Field(H::kDescriptionFieldNumber))) {
      H body;
      EXPECT_TRUE(body.ParseFromString(write.value()));
      values.push_back(body.description());
    }
    return values;
  }
  bool Disputed(int field) const { return InConflict(record_, Field(field)); }
  const H& hazard() const { return record_.entity().hazard(); }

  v1::Record record_;
};

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

TEST_F(MergeTest, AStatusThatRaisesOpennessReopensHoweverLate) {
  Status(v1::HAZARD_STATUS_VERIFIED, "verify<x", {.device = "v", .seq = 2, .seen = 1});
  Status(v1::HAZARD_STATUS_RECTIFYING, "", {.device = "i", .seq = 3, .seen = 2});
  Status(v1::HAZARD_STATUS_VERIFIED, "verify<y",
         {.device = "v", .device_seq = 2, .seq = 4, .seen = 3});
  Status(v1::HAZARD_STATUS_RECTIFYING, "", {.device = "late", .seq = 5, .seen = 2});
  EXPECT_EQ(hazard().status(), v1::HAZARD_STATUS_RECTIFYING);
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
