#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/sync/rules/merge_fixture.h"

// What the register takes from copies that phones returned after a restore.

namespace vigil::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class MergeCopiesTest : public MergeTest {
 protected:
  // As the register takes it from a copy: under the stamp that the phone had, at this seq.
  void Witness(const H& hazard, int field, const v1::Stamp& original, std::uint64_t seq) {
    v1::RecordWrite write = Write(hazard, {field});
    v1::Stamp& stamp = *write.mutable_fields(0)->mutable_stamp();
    stamp = original;
    stamp.set_witnessed(true);
    VIGIL_ASSERT_OK(Merge(write, StampOf({.device = "register", .seq = seq}), record_));
  }
  void WitnessGrade(v1::HazardGrade grade, const By& by, std::uint64_t seq) {
    H hazard;
    if (grade != v1::HAZARD_GRADE_UNSPECIFIED) hazard.set_grade(grade);
    Witness(hazard, H::kGradeFieldNumber, StampOf(by), seq);
  }
  // "device=rank", with a star where it is known from a copy alone.
  std::vector<std::string> Grades() const {
    std::vector<std::string> values;
    for (const v1::Write& write : LiveWrites(record_, Field(H::kGradeFieldNumber))) {
      H body;
      EXPECT_TRUE(body.ParseFromString(write.value()));
      values.push_back(write.stamp().device() + "=" + std::to_string(body.grade()) +
                       (write.stamp().witnessed() ? "*" : ""));
    }
    return values;
  }
};

// The register has known since the copy came, and the copy since its operation had.
TEST_F(MergeCopiesTest, WhatComesBackKeepsTheTimeOfReceiptThatItsCopyHad) {
  v1::Stamp first = StampOf({.device = "a"});
  const absl::Time observed = TimesOf(first).observed;
  SetTimes({.observed = observed, .received = observed + absl::Hours(1)}, first);
  H hazard;
  hazard.set_grade(v1::HAZARD_GRADE_MAJOR);
  Witness(hazard, H::kGradeFieldNumber, first, 2);
  v1::Stamp own = StampOf({.device = "a", .seq = 3});
  SetTimes({.observed = observed, .received = observed + absl::Hours(72)}, own);
  VIGIL_ASSERT_OK(Merge(Write(hazard, {H::kGradeFieldNumber}), own, record_));
  EXPECT_THAT(Grades(), ElementsAre("a=2"));
  const v1::Stamp stamp = StampInForce(record_, Field(H::kGradeFieldNumber));
  EXPECT_EQ(TimesOf(stamp).received, observed + absl::Hours(1));
}

TEST_F(MergeCopiesTest, AWriteFromACopyCoversWhatTheMakerLeftOpen) {
  WitnessGrade(v1::HAZARD_GRADE_GENERAL, {.device = "a"}, 2);
  EXPECT_THAT(Grades(), ElementsAre("a=1*"));
  EXPECT_FALSE(Disputed(H::kGradeFieldNumber));
  H dated;
  *dated.mutable_due_date() = Day(8, 1);
  Witness(dated, H::kDueDateFieldNumber, StampOf({.device = "office", .phone = false}), 3);
  EXPECT_THAT(ConflictsOf(record_), IsEmpty());
  EXPECT_EQ(hazard().due_date().month(), 8);
}

// Nor does a write whose author cannot say what he saw: somebody made the record before him.
TEST_F(MergeCopiesTest, WhatTheMakerLeftOpenIsCoveredByWhoeverWrites) {
  Grade(v1::HAZARD_GRADE_GENERAL, {.device = "a", .seq = 2, .seen = 0});
  EXPECT_THAT(Grades(), ElementsAre("a=1"));
}

TEST_F(MergeCopiesTest, AWriteFromACopyCoversNoValueAndNothingThatSomebodyCleared) {
  Describe("as it is", {.device = "a", .seq = 2, .seen = 1});
  H hazard;
  hazard.set_description("as a copy says");
  Witness(hazard, H::kDescriptionFieldNumber, StampOf({.device = "b", .seen = 9}), 3);
  EXPECT_THAT(Descriptions(), UnorderedElementsAre("as it is", "as a copy says"));

  Grade(v1::HAZARD_GRADE_GENERAL, {.device = "a", .device_seq = 2, .seq = 4, .seen = 1});
  Put(H(), {H::kGradeFieldNumber}, {.device = "o", .seq = 5, .seen = 4, .phone = false});
  WitnessGrade(v1::HAZARD_GRADE_MAJOR, {.device = "b"}, 6);
  EXPECT_THAT(Grades(), UnorderedElementsAre("o=0", "b=2*"));
}

TEST_F(MergeCopiesTest, Promise5AMergeNeverLowersVigilanceWhateverStampACopyClaims) {
  const By author = {.device = "a", .device_seq = 4, .seq = 2, .seen = 1};
  Grade(v1::HAZARD_GRADE_MAJOR, author);
  Due(Day(8, 1), author);
  const std::uint64_t anything = 1'000'000;
  // The very author's, a later one of his, another's, the maker's: each claims to have seen all.
  std::uint64_t seq = 3;
  for (const By& claimed : {author, By{.device = "a", .device_seq = anything},
                            By{.device = "z", .device_seq = anything}, By{.device = "office"}}) {
    v1::Stamp stamp = StampOf(claimed);
    stamp.set_seen(anything);
    for (const v1::HazardGrade lower : {v1::HAZARD_GRADE_GENERAL, v1::HAZARD_GRADE_UNSPECIFIED}) {
      H hazard;
      if (lower != v1::HAZARD_GRADE_UNSPECIFIED) {
        hazard.set_grade(lower);
        *hazard.mutable_due_date() = Day(9, 1);
      }
      Witness(hazard, H::kGradeFieldNumber, stamp, seq++);
      Witness(hazard, H::kDueDateFieldNumber, stamp, seq++);
      EXPECT_EQ(this->hazard().grade(), v1::HAZARD_GRADE_MAJOR) << claimed.device;
      EXPECT_EQ(this->hazard().due_date().month(), 8) << claimed.device;
    }
  }
  EXPECT_THAT(Grades(), ::testing::Contains("a=2"));
}

TEST_F(MergeCopiesTest, AWriteFromACopyIsReplacedByItsAuthorsOwnOperation) {
  WitnessGrade(v1::HAZARD_GRADE_MAJOR, {.device = "a"}, 2);
  Grade(v1::HAZARD_GRADE_MAJOR, {.device = "a", .seq = 7, .seen = 1});
  EXPECT_THAT(Grades(), ElementsAre("a=2"));
  // It has been there since the copy came: whoever has seen the record since has seen it.
  EXPECT_EQ(StampInForce(record_, Field(H::kGradeFieldNumber)).seq(), 2U);
  Grade(v1::HAZARD_GRADE_GENERAL, {.device = "o", .seq = 8, .seen = 6, .phone = false});
  EXPECT_THAT(Grades(), ElementsAre("o=1"));
}

TEST_F(MergeCopiesTest, OfAnotherContentThanItsAuthorsTheCopysStandsBesideIt) {
  WitnessGrade(v1::HAZARD_GRADE_MAJOR, {.device = "a"}, 2);
  Grade(v1::HAZARD_GRADE_GENERAL, {.device = "a", .seq = 3, .seen = 1});
  EXPECT_THAT(Grades(), UnorderedElementsAre("a=2*", "a=1"));
  EXPECT_EQ(hazard().grade(), v1::HAZARD_GRADE_MAJOR);
}

TEST_F(MergeCopiesTest, AWriteFromACopyIsCoveredByWhoHasSeenIt) {
  WitnessGrade(v1::HAZARD_GRADE_MAJOR, {.device = "a"}, 5);
  Grade(v1::HAZARD_GRADE_GENERAL, {.device = "b", .seq = 6, .seen = 4});
  EXPECT_THAT(Grades(), UnorderedElementsAre("a=2*", "b=1"));
  Grade(v1::HAZARD_GRADE_GENERAL, {.device = "o", .seq = 7, .seen = 6, .phone = false});
  EXPECT_THAT(Grades(), ElementsAre("o=1"));
}

// Copies of two writes, and the operation of one of them after its copy or without.
TEST_F(MergeCopiesTest, Promise6ArrivalOrderDoesNotMatterForCopies) {
  std::uint64_t seq = 0;
  const std::vector<std::function<void()>> steps = {
      [&] { WitnessGrade(v1::HAZARD_GRADE_MAJOR, {.device = "a"}, seq); },
      [&] { Grade(v1::HAZARD_GRADE_MAJOR, {.device = "a", .seq = seq, .seen = 1}); },
      [&] { WitnessGrade(v1::HAZARD_GRADE_GENERAL, {.device = "b"}, seq); },
      [&] { Grade(v1::HAZARD_GRADE_GENERAL, {.device = "c", .seq = seq, .seen = 0}); }};
  const v1::Record before = record_;
  std::vector<std::size_t> order = {0, 1, 2, 3};
  do {
    // The register takes no copy of a write that it has.
    if (std::find(order.begin(), order.end(), 0U) > std::find(order.begin(), order.end(), 1U)) {
      continue;
    }
    record_ = before;
    seq = 1;
    for (const std::size_t step : order) {
      ++seq;
      steps[step]();
    }
    EXPECT_THAT(Grades(), UnorderedElementsAre("a=2", "b=1*", "c=1"))
        << ::testing::PrintToString(order);
    EXPECT_EQ(hazard().grade(), v1::HAZARD_GRADE_MAJOR);
  } while (std::next_permutation(order.begin(), order.end()));
}

}  // namespace
}  // namespace vigil::rules
