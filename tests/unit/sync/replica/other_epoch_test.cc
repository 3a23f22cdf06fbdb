#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/sync/replica/history_fixture.h"

// What was seen before the register went back, and counts as far as both epochs share it.

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Of a hazard that another phone reported beyond the backup, words that an author wrote when he had
// seen it cover nothing that the register has in its place since.
class ForeignHazardTest : public HistoryTest {
 protected:
  ForeignHazardTest() : head_(NewestHead()), hazard_(ReportedByAnother(2)) {}

  void GoBack() { VIGIL_ASSERT_OK(Greet(HelloOf({Restored(first_, head_.seq()), first_}, head_))); }
  // The same hazard in the same place of the log, in another's words.
  void ReadOther() {
    v1::PullResponse page;
    *page.mutable_head() = head_;
    page.mutable_head()->set_epoch(replica().GetSyncState()->epoch);
    page.mutable_head()->set_seq(head_.seq() + 1);
    page.mutable_cursor()->add_units(base().department);
    page.mutable_cursor()->set_seq(head_.seq() + 1);
    page.set_last(true);
    v1::Record record = base().Find(hazard_);
    record.set_version(head_.seq() + 1);
    record.mutable_made_by()->set_seq(head_.seq() + 1);
    record.mutable_made_by()->set_device(phone_.NewId());
    record.mutable_entity()->mutable_hazard()->set_description("another's words");
    page.add_records(record.SerializeAsString());
    VIGIL_ASSERT_OK(replica().ApplyPage(page));
  }
  v1::Operation Words() {
    v1::Operation edit;
    auto& command = *edit.mutable_edit_record();
    command.set_record(hazard_);
    command.mutable_update_mask()->add_paths("description");
    command.mutable_entity()->mutable_hazard()->set_description("own words");
    return edit;
  }

  std::string ReportedByAnother(std::uint64_t seed) {
    TestPhone other(server_, base().Phone(v1::ROLE_INSPECTOR, base().department), {.seed = seed});
    other.MustSync();
    std::string hazard = other.Report(base().risk_source, "one");
    other.MustSync();
    phone_.MustSync();
    return hazard;
  }

  const v1::RegisterHead head_;
  const std::string hazard_;
};

TEST_F(ForeignHazardTest, Promise5AFormFromBeforeARestoreClaimsWhatItsAuthorSawThen) {
  const replica::RecordView opened = phone_.View(hazard_);
  ASSERT_GT(opened.version, head_.seq());
  GoBack();
  ReadOther();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto made, replica().Make(Words(), {.shown = {opened}}));
  EXPECT_EQ(made.operation.epoch(), first_.id());
  ASSERT_EQ(made.operation.seen(0).record(), hazard_);
  EXPECT_EQ(made.operation.seen(0).version(), opened.version);
  EXPECT_THAT(phone_.View(hazard_).conflicts, ElementsAre("description"));
  // Who has read it since has seen it.
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto again, replica().Make(Words(), {}));
  EXPECT_EQ(again.operation.epoch(), replica().GetSyncState()->epoch);
  EXPECT_THAT(phone_.View(hazard_).conflicts, IsEmpty());
}

TEST_F(ForeignHazardTest, Promise5WhatWasShownNowCountsInTheFormsEpochAsFarAsBothShareIt) {
  const std::string second = ReportedByAnother(3);
  const replica::RecordView opened = phone_.View(second);
  GoBack();
  ReadOther();
  ASSERT_GT(phone_.View(hazard_).version, head_.seq());
  v1::Operation merge;
  merge.mutable_merge_hazard()->set_hazard(second);
  merge.mutable_merge_hazard()->set_into(hazard_);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto made,
                             replica().Make(merge, {.shown = {opened}, .unchecked = true}));
  EXPECT_EQ(made.operation.epoch(), first_.id());
  ASSERT_EQ(made.operation.seen_size(), 2);
  for (const v1::Seen& seen : made.operation.seen()) {
    EXPECT_EQ(seen.version(), seen.record() == second ? opened.version : head_.seq());
  }
}

TEST_F(ForeignHazardTest, Promise5UnsentWordsCoverNothingThatCameAfterGoingBack) {
  phone_.MustMake(Words());
  ASSERT_THAT(phone_.View(hazard_).conflicts, IsEmpty());
  GoBack();
  ReadOther();
  EXPECT_THAT(phone_.View(hazard_).conflicts, ElementsAre("description"));
}

}  // namespace
}  // namespace vigil::testing
