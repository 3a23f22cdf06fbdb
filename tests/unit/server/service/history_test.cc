#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/service/register_core.h"
#include "sync/rules/work_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

// The history of a record on which two phones worked at the same time.

namespace vigil::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest()
      : core_(reg_.target(), "Asia/Shanghai"),
        hazard_(reg_.ConfirmedHazard(rules::ToDate(absl::CivilDay(2030, 1, 1)))),
        one_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.department)),
        other_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.department)),
        office_(reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau)),
        base_(reg_.Find(hazard_).version()) {}

  v1::Outcome Describe(Actor& actor, const std::string& text) {
    v1::Operation operation = reg_.Begin(actor);
    v1::Seen& seen = *operation.add_seen();
    seen.set_record(hazard_);
    seen.set_version(base_);
    v1::EditRecord& edit = *operation.mutable_edit_record();
    edit.set_record(hazard_);
    edit.mutable_entity()->mutable_hazard()->set_description(text);
    edit.mutable_update_mask()->add_paths("description");
    return reg_.Submit(actor, operation);
  }

  v1::Outcome Settle(const std::string& text) {
    v1::Operation operation = reg_.Begin(office_);
    reg_.See(operation, {hazard_});
    v1::SettleConflict& command = *operation.mutable_settle_conflict();
    command.set_record(hazard_);
    command.set_field("description");
    command.mutable_value()->mutable_hazard()->set_description(text);
    return reg_.Submit(office_, operation);
  }

  v1::ListHistoryResponse History(bool with_children = false, bool with_refused = false,
                                  int page_size = 1000) {
    v1::ListHistoryRequest request;
    request.set_record(hazard_);
    request.set_with_children(with_children);
    request.set_with_refused(with_refused);
    request.set_page_size(page_size);
    v1::ListHistoryResponse all;
    do {
      const auto page = core_.ListHistory(office_.author, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return all;
      EXPECT_GT(page->entries_size(), 0);
      all.mutable_entries()->MergeFrom(page->entries());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return all;
  }

  TestRegister reg_;
  service::RegisterCore core_;
  const std::string hazard_;
  Actor one_;
  Actor other_;
  Actor office_;
  const std::uint64_t base_;
};

TEST_F(HistoryTest, AConflictOfTwoPhonesAndHowItWasSettled) {
  ASSERT_EQ(Describe(one_, "two cracks").verdict(), v1::VERDICT_APPLIED);
  ASSERT_EQ(Describe(other_, "three cracks").verdict(), v1::VERDICT_MERGED);
  v1::ListHistoryResponse all = History();
  ASSERT_THAT(all.entries(), SizeIs(4));
  EXPECT_FALSE(all.entries(3).changes(0).has_settled_by());
  ASSERT_EQ(Settle("two cracks").verdict(), v1::VERDICT_APPLIED);

  all = History();
  ASSERT_THAT(all.entries(), SizeIs(5));
  const v1::HistoryEntry& first = all.entries(2);
  const v1::HistoryEntry& second = all.entries(3);
  const v1::HistoryEntry& settled = all.entries(4);
  // Who, on what, when by both clocks, knowing what.
  EXPECT_EQ(second.person(), other_.author.person);
  EXPECT_EQ(second.device(), other_.author.device);
  EXPECT_FALSE(second.person_name().empty());
  EXPECT_TRUE(second.has_made_at());
  EXPECT_TRUE(second.has_received_at());
  EXPECT_EQ(second.seen(), base_);
  EXPECT_EQ(second.verdict(), v1::VERDICT_MERGED);
  EXPECT_EQ(second.record(), hazard_);
  EXPECT_EQ(second.kind(), "hazard");
  EXPECT_FALSE(second.key().empty());

  ASSERT_THAT(first.changes(), SizeIs(1));
  EXPECT_FALSE(first.changes(0).in_conflict());
  EXPECT_EQ(first.changes(0).before(), "crack above the path");
  EXPECT_EQ(first.changes(0).after(), "two cracks");
  EXPECT_THAT(first.changes(0).beside(), IsEmpty());

  const v1::FieldChange& arose = second.changes(0);
  EXPECT_TRUE(arose.in_conflict());
  EXPECT_EQ(arose.before(), "two cracks");
  ASSERT_THAT(arose.beside(), SizeIs(1));
  EXPECT_EQ(arose.beside(0).text(), "two cracks");
  EXPECT_EQ(arose.beside(0).person(), one_.author.person);
  EXPECT_EQ(arose.beside(0).seq(), first.seq());
  EXPECT_THAT(arose.put_aside(), IsEmpty());
  // What it wrote is in force, or said beside what is.
  EXPECT_EQ(arose.has_written() ? arose.written().text() : arose.after(), "three cracks");
  ASSERT_TRUE(arose.has_settled_by());
  EXPECT_EQ(arose.settled_by().person(), office_.author.person);
  EXPECT_EQ(arose.settled_by().seq(), settled.seq());
  EXPECT_EQ(arose.settled_by().text(), "two cracks");

  EXPECT_EQ(settled.command(), "settle_conflict");
  const v1::FieldChange& end = settled.changes(0);
  EXPECT_FALSE(end.in_conflict());
  EXPECT_EQ(end.after(), "two cracks");
  ASSERT_THAT(end.put_aside(), SizeIs(1));
  EXPECT_EQ(end.put_aside(0).text(), "three cracks");
  EXPECT_EQ(end.put_aside(0).person(), other_.author.person);
}

TEST_F(HistoryTest, WithWhatLivesUnderItAndWhatWasRefused) {
  v1::Operation propose = reg_.Begin(office_);
  reg_.See(propose, {hazard_});
  propose.mutable_propose_supervision()->set_order_id(reg_.NewId());
  propose.mutable_propose_supervision()->set_hazard(hazard_);
  propose.mutable_propose_supervision()->set_level(v1::SUPERVISION_LEVEL_CITY);
  propose.mutable_propose_supervision()->set_reason("grave");
  ASSERT_EQ(reg_.Submit(office_, propose).verdict(), v1::VERDICT_APPLIED);
  // An inspector confirms nothing.
  v1::Operation confirm = reg_.Begin(one_);
  reg_.See(confirm, {hazard_});
  confirm.mutable_confirm_hazard()->set_hazard(hazard_);
  ASSERT_EQ(reg_.Submit(one_, confirm).verdict(), v1::VERDICT_REFUSED);

  EXPECT_THAT(History().entries(), SizeIs(2));
  for (const int page_size : {1, 1000}) {
    const v1::ListHistoryResponse all = History(true, true, page_size);
    ASSERT_THAT(all.entries(), SizeIs(4)) << page_size;
    EXPECT_EQ(all.entries(2).kind(), "supervision_order");
    EXPECT_EQ(all.entries(2).record(), propose.propose_supervision().order_id());
    const v1::HistoryEntry& refused = all.entries(3);
    EXPECT_EQ(refused.verdict(), v1::VERDICT_REFUSED);
    EXPECT_EQ(refused.command(), "confirm_hazard");
    EXPECT_EQ(refused.person(), one_.author.person);
    EXPECT_NE(refused.error().reason(), v1::REASON_UNSPECIFIED);
    EXPECT_THAT(refused.changes(), IsEmpty());
  }
}

}  // namespace
}  // namespace vigil::testing
