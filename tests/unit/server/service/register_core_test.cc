#include "server/service/register_core.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/work_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

v1::Date Day(int year, int month, int day) {
  return rules::ToDate(absl::CivilDay(year, month, day));
}

class RegisterCoreTest : public ::testing::Test {
 protected:
  RegisterCoreTest()
      : core_(reg_.target(), "Asia/Shanghai"),
        hazard_(reg_.ConfirmedHazard(Day(2017, 9, 30))),
        one_(reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau)),
        other_(reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau)) {}

  // An edit of the description by somebody who saw version `seen`.
  v1::Outcome Describe(Actor& actor, std::uint64_t seen, const std::string& text) {
    v1::Operation operation = reg_.Begin(actor);
    v1::Seen& base = *operation.add_seen();
    base.set_record(hazard_);
    base.set_version(seen);
    operation.mutable_edit_record()->set_record(hazard_);
    operation.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_description(text);
    operation.mutable_edit_record()->mutable_update_mask()->add_paths("description");
    return reg_.Submit(actor, operation);
  }

  absl::StatusOr<v1::SubmitResponse> Submit(const Actor& actor, const v1::Operation& operation) {
    v1::SubmitRequest request;
    request.set_operation(operation.SerializeAsString());
    absl::StatusOr<v1::SubmitResponse> answer = absl::UnknownError("not answered");
    core_.Submit(actor.author, request, [&](absl::StatusOr<v1::SubmitResponse> response) {
      answer = std::move(response);
    });
    reg_.executor().RunUntilIdle();
    return answer;
  }

  TestRegister reg_;
  service::RegisterCore core_;
  const std::string hazard_;
  Actor one_;
  Actor other_;
};

TEST_F(RegisterCoreTest, FindsARecordByIdAndByKeyWithItsState) {
  v1::GetRecordRequest request;
  request.set_record(hazard_);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetRecordResponse by_id,
                             core_.GetRecord(one_.author, request));
  EXPECT_EQ(by_id.record().id(), hazard_);
  EXPECT_EQ(by_id.state().status(), v1::HAZARD_STATUS_CONFIRMED);
  EXPECT_EQ(by_id.state().due_date().day(), 30);
  request.clear_record();
  request.set_kind("hazard");
  request.set_key(by_id.record().entity().hazard().number());
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetRecordResponse by_key,
                             core_.GetRecord(one_.author, request));
  EXPECT_EQ(by_key.SerializeAsString(), by_id.SerializeAsString());
}

TEST_F(RegisterCoreTest, ADuplicatesDuplicateCountsInEveryView) {
  Actor finder = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  const auto report = [&](v1::HazardGrade grade) {
    v1::Operation operation = reg_.Begin(finder);
    v1::ReportHazard& command = *operation.mutable_report_hazard();
    command.set_hazard_id(reg_.NewId());
    command.mutable_hazard()->set_risk_source(reg_.risk_source);
    command.mutable_hazard()->set_description("seen twice");
    command.mutable_hazard()->set_grade(grade);
    *command.mutable_hazard()->mutable_found_at() = operation.made_at();
    EXPECT_EQ(reg_.Submit(finder, operation).verdict(), v1::VERDICT_APPLIED);
    return command.hazard_id();
  };
  const std::string middle = report(v1::HAZARD_GRADE_GENERAL);
  const std::string first = report(v1::HAZARD_GRADE_MAJOR);
  for (const auto& [duplicate, into] : {std::pair(first, middle), std::pair(middle, hazard_)}) {
    v1::Operation operation = reg_.Begin(one_);
    reg_.See(operation, {duplicate, into});
    operation.mutable_merge_hazard()->set_hazard(duplicate);
    operation.mutable_merge_hazard()->set_into(into);
    ASSERT_EQ(reg_.Submit(one_, operation).verdict(), v1::VERDICT_APPLIED);
  }
  v1::GetRecordRequest request;
  request.set_record(hazard_);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetRecordResponse shown,
                             core_.GetRecord(one_.author, request));
  EXPECT_EQ(shown.state().grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(shown.state().SerializeAsString(), reg_.StateOf(hazard_).SerializeAsString());
}

TEST_F(RegisterCoreTest, ShowsARecordAsItWas) {
  const std::uint64_t before = reg_.Head().seq.value();
  ASSERT_EQ(Describe(one_, before, "now wider").verdict(), v1::VERDICT_APPLIED);
  v1::Operation propose = reg_.Begin(one_);
  reg_.See(propose, {hazard_});
  propose.mutable_propose_supervision()->set_order_id(reg_.NewId());
  propose.mutable_propose_supervision()->set_hazard(hazard_);
  propose.mutable_propose_supervision()->set_level(v1::SUPERVISION_LEVEL_CITY);
  propose.mutable_propose_supervision()->set_reason("grave");
  ASSERT_EQ(reg_.Submit(one_, propose).verdict(), v1::VERDICT_APPLIED);

  v1::GetRecordRequest request;
  request.set_record(hazard_);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetRecordResponse now,
                             core_.GetRecord(one_.author, request));
  EXPECT_EQ(now.record().entity().hazard().description(), "now wider");
  EXPECT_THAT(now.children(), SizeIs(1));
  request.set_version(before);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetRecordResponse then,
                             core_.GetRecord(one_.author, request));
  EXPECT_EQ(then.record().entity().hazard().description(), "crack above the path");
  EXPECT_THAT(then.children(), IsEmpty());
}

TEST_F(RegisterCoreTest, SaysWhatIsWrongWithAQuestion) {
  v1::GetRecordRequest request;
  request.set_record("no id");
  EXPECT_THAT(core_.GetRecord(one_.author, request), ReasonIs("REASON_INVALID_ID"));
  request.set_record(reg_.NewId());
  EXPECT_THAT(core_.GetRecord(one_.author, request), ReasonIs("REASON_NOT_FOUND"));
  request.clear_record();
  request.set_kind("unicorn");
  EXPECT_THAT(core_.GetRecord(one_.author, request), ReasonIs("REASON_INVALID_FILTER"));
  EXPECT_THAT(core_.ListRecords(one_.author, v1::ListRecordsRequest()),
              ReasonIs("REASON_INVALID_FILTER"));
  v1::ListHistoryRequest history;
  history.set_record(reg_.NewId());
  EXPECT_THAT(core_.ListHistory(one_.author, history), ReasonIs("REASON_NOT_FOUND"));
  history.set_record(hazard_);
  history.set_page_token("x");
  EXPECT_THAT(core_.ListHistory(one_.author, history), ReasonIs("REASON_INVALID_PAGE_TOKEN"));
}

TEST_F(RegisterCoreTest, ListsRecordsOfAKindPageByPage) {
  v1::ListRecordsRequest request;
  request.set_kind("org_unit");
  request.set_page_size(2);
  std::vector<std::string> codes;
  do {
    VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListRecordsResponse page,
                               core_.ListRecords(one_.author, request));
    EXPECT_LE(page.records_size(), 2);
    for (const v1::Record& record : page.records()) {
      codes.push_back(record.entity().org_unit().code());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(codes, UnorderedElementsAre("BUREAU", "PARKS", "PARK-01", "PARK-02", "DISTRICT-01"));
}

TEST_F(RegisterCoreTest, AConflictShowsEveryValueItsAuthorAndWhatHeHadSeen) {
  VIGIL_ASSERT_OK_AND_ASSIGN(v1::ListConflictsResponse none,
                             core_.ListConflicts(one_.author, v1::ListConflictsRequest()));
  EXPECT_THAT(none.conflicts(), IsEmpty());
  const std::uint64_t seen = reg_.Find(hazard_).version();
  Describe(one_, seen, "a crack of 2 cm");
  EXPECT_EQ(Describe(other_, seen, "a crack of 5 cm").verdict(), v1::VERDICT_MERGED);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListConflictsResponse found,
                             core_.ListConflicts(one_.author, v1::ListConflictsRequest()));
  ASSERT_THAT(found.conflicts(), SizeIs(1));
  const v1::ConflictRow& row = found.conflicts(0);
  EXPECT_EQ(row.record(), hazard_);
  EXPECT_EQ(row.kind(), "hazard");
  EXPECT_EQ(row.field(), "description");
  EXPECT_EQ(row.policy(), v1::MERGE_POLICY_LATEST);
  ASSERT_THAT(row.values(), SizeIs(2));
  EXPECT_NE(row.values(0).in_force(), row.values(1).in_force());
  std::vector<std::string> texts;
  for (const v1::ConflictingValue& value : row.values()) {
    texts.push_back(value.text());
    EXPECT_EQ(value.stamp().seen(), seen);
    EXPECT_FALSE(value.person_name().empty());
    v1::Entity alone;
    ASSERT_TRUE(alone.ParseFromString(value.value()));
    EXPECT_EQ(alone.hazard().description(), value.text());
  }
  EXPECT_THAT(texts, UnorderedElementsAre("a crack of 2 cm", "a crack of 5 cm"));
}

TEST_F(RegisterCoreTest, HistoryTellsEachVersionWithWhatItChanged) {
  const std::uint64_t seen = reg_.Find(hazard_).version();
  Describe(one_, seen, "a crack of 2 cm");
  v1::ListHistoryRequest request;
  request.set_record(hazard_);
  request.set_page_size(2);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListHistoryResponse first,
                             core_.ListHistory(one_.author, request));
  ASSERT_THAT(first.entries(), SizeIs(2));
  EXPECT_EQ(first.entries(0).command(), "report_hazard");
  EXPECT_EQ(first.entries(1).command(), "confirm_hazard");
  request.set_page_token(first.next_page_token());
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListHistoryResponse second,
                             core_.ListHistory(one_.author, request));
  ASSERT_THAT(second.entries(), SizeIs(1));
  const v1::HistoryEntry& entry = second.entries(0);
  EXPECT_EQ(entry.command(), "edit_record");
  EXPECT_EQ(entry.seen(), seen);
  EXPECT_EQ(entry.person(), one_.author.person);
  ASSERT_THAT(entry.changes(), SizeIs(1));
  EXPECT_EQ(entry.changes(0).field(), "description");
  EXPECT_EQ(entry.changes(0).before(), "crack above the path");
  EXPECT_EQ(entry.changes(0).after(), "a crack of 2 cm");
  EXPECT_FALSE(entry.changes(0).in_conflict());
}

TEST_F(RegisterCoreTest, SubmitNumbersAnOfficesOperationsAndAbortsAtAMovedPrecondition) {
  v1::Operation operation = reg_.Begin(one_);
  operation.set_device_seq(0);
  reg_.See(operation, {hazard_});
  operation.mutable_edit_record()->set_record(hazard_);
  operation.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_description("edited");
  operation.mutable_edit_record()->mutable_update_mask()->add_paths("description");
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::SubmitResponse response, Submit(one_, operation));
  EXPECT_EQ(response.outcome().verdict(), v1::VERDICT_APPLIED);
  EXPECT_GT(response.outcome().device_seq(), 0U);

  v1::Operation late = operation;
  late.set_id(reg_.NewId());
  late.set_must_be_current(true);
  const absl::StatusOr<v1::SubmitResponse> aborted = Submit(one_, late);
  EXPECT_THAT(aborted, StatusIs(absl::StatusCode::kAborted));
  EXPECT_THAT(aborted, ReasonIs("REASON_VERSION_MOVED"));
}

TEST_F(RegisterCoreTest, WorkingDaysAreCountedByTheListsAndMissingOnesNamed) {
  v1::AddWorkingDaysRequest request;
  request.mutable_date()->set_year(2017);
  request.mutable_date()->set_month(9);
  request.mutable_date()->set_day(1);
  request.set_days(5);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::AddWorkingDaysResponse response,
                             core_.AddWorkingDays(request));
  EXPECT_EQ(response.date().day(), 8);
  EXPECT_THAT(response.years_without_list(), ::testing::ElementsAre(2017));
  request.set_days(10'001);
  EXPECT_THAT(core_.AddWorkingDays(request), ReasonIs("REASON_INVALID_VALUE"));
  request.set_days(std::numeric_limits<std::int32_t>::min());
  EXPECT_THAT(core_.AddWorkingDays(request), ReasonIs("REASON_INVALID_VALUE"));
  request.set_days(-10'000);
  VIGIL_EXPECT_OK(core_.AddWorkingDays(request));
  request.mutable_date()->set_month(13);
  EXPECT_THAT(core_.AddWorkingDays(request), ReasonIs("REASON_INVALID_DATE"));
}

TEST_F(RegisterCoreTest, TheDigestOfUnitsIsThatOfAPhoneThere) {
  v1::GetDigestRequest request;
  request.add_units(reg_.bureau);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetDigestResponse some,
                             core_.GetDigest(one_.author, request));
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetDigestResponse all,
                             core_.GetDigest(one_.author, v1::GetDigestRequest()));
  EXPECT_THAT(all.digest(), SizeIs(256));
  EXPECT_THAT(some.digest(), ::testing::ElementsAreArray(all.digest()))
      << "everything lies below the bureau";
  EXPECT_EQ(some.records(), all.records());
  request.set_units(0, reg_.district);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetDigestResponse few,
                             core_.GetDigest(one_.author, request));
  EXPECT_LT(few.records(), all.records());
}

TEST_F(RegisterCoreTest, ASessionSaysWhoOneIs) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetSessionResponse session, core_.GetSession(one_.author));
  EXPECT_EQ(session.person(), one_.author.person);
  EXPECT_FALSE(session.person_name().empty());
  EXPECT_THAT(session.roles(), SizeIs(1));
  EXPECT_EQ(session.time_zone(), "Asia/Shanghai");
  EXPECT_EQ(session.head().seq(), reg_.Head().seq.value());
}

TEST_F(RegisterCoreTest, TheLedgerHasAPageSizeOfItsOwn) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListHazardsResponse ledger,
                             core_.ListHazards(one_.author, v1::ListHazardsRequest()));
  ASSERT_THAT(ledger.hazards(), SizeIs(1));
  EXPECT_EQ(ledger.hazards(0).record(), hazard_);
  EXPECT_EQ(ledger.total_size(), 1);
  v1::ListHazardsRequest request;
  request.set_order_by("colour");
  EXPECT_THAT(core_.ListHazards(one_.author, request),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vigil::testing
