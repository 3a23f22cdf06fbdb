#include "server/cli/clerk.h"

#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/cli/program.h"
#include "sync/base/random.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/reason.h"
#include "tests/unit/server/cli/fake_office.h"

namespace vigil::office {
namespace {

using ::testing::HasSubstr;

class ClerkTest : public ::testing::Test {
 protected:
  int Ctl(const std::vector<std::string>& words) {
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    const int code = console::RunProgram(
        Program(), words, {in, out, err},
        [&](std::size_t command, const console::Arguments& arguments, console::Console& console) {
          Clerk clerk({.office = office_,
                       .console = console,
                       .files = files_,
                       .clock = clock_,
                       .random = random_});
          return RunCommand(command, arguments, clerk);
        });
    out_ = out.str();
    err_ = err.str();
    return code;
  }

  // What the operation says that its author saw of the record; 0: nothing.
  static std::uint64_t SeenOf(const v1::Operation& operation, std::string_view kind) {
    for (const v1::Seen& seen : operation.seen()) {
      if (seen.record() == FakeOffice::IdOf(kind)) return seen.version();
    }
    return 0;
  }

  FakeOffice office_;
  FakeFiles files_;
  const SystemClock clock_;
  SeededRandom random_{7};
  std::string out_;
  std::string err_;
};

TEST_F(ClerkTest, SaysWhichVersionsItsUserWasShown) {
  EXPECT_EQ(Ctl({"lift", "YH-2017-0371", "--lang", "en"}), 0) << err_;
  ASSERT_EQ(office_.sent.size(), 1U);
  const v1::Operation& operation = office_.sent.front();
  EXPECT_EQ(operation.lift_tag().from_status(), v1::ORDER_STATUS_IN_PROGRESS);
  EXPECT_EQ(SeenOf(operation, "supervision_order"), FakeOffice::kVersion);
  // A lift rests on the hazard, too.
  EXPECT_EQ(SeenOf(operation, "hazard"), FakeOffice::kVersion);
  EXPECT_FALSE(operation.must_be_current());
  EXPECT_THAT(out_, HasSubstr("lift tag: applied, seq 41"));
}

TEST_F(ClerkTest, AnOrderFoundByItsNumberBringsItsHazardAlong) {
  EXPECT_EQ(Ctl({"lift", "督字〔2017〕34号"}), 0) << err_;
  EXPECT_EQ(SeenOf(office_.sent.at(0), "hazard"), FakeOffice::kVersion);
}

TEST_F(ClerkTest, ActsOnOlderKnowledgeWhenTold) {
  EXPECT_EQ(Ctl({"confirm", "YH-2017-0371", "--grade", "general", "--seen", "YH-2017-0371=12"}), 0)
      << err_;
  EXPECT_EQ(SeenOf(office_.sent.at(0), "hazard"), 12U);
  EXPECT_EQ(Ctl({"confirm", "YH-2017-0371", "--grade", "general", "--seen", "YH-2017-0371=0"}), 0)
      << err_;
  EXPECT_EQ(office_.sent.at(1).seen_size(), 0);
  EXPECT_EQ(Ctl({"confirm", "YH-2017-0371", "--seen", "YH-2017-0371"}), 2);
}

TEST_F(ClerkTest, AsksForAPreconditionWhenTold) {
  EXPECT_EQ(Ctl({"reject", "YH-2017-0371", "--reason", "x", "--must-be-current"}), 0) << err_;
  EXPECT_TRUE(office_.sent.at(0).must_be_current());
}

TEST_F(ClerkTest, WithoutAnAnswerTheSameOperationIsSentAgainOnce) {
  office_.answers.emplace_back(rules::Refuse(v1::REASON_SERVER_UNREACHABLE, "gone"));
  EXPECT_EQ(Ctl({"reject", "YH-2017-0371", "--reason", "x"}), 0) << err_;
  ASSERT_EQ(office_.sent.size(), 2U);
  EXPECT_EQ(office_.sent[0].SerializeAsString(), office_.sent[1].SerializeAsString());
  office_.answers.emplace_back(rules::Refuse(v1::REASON_SERVER_UNREACHABLE, "gone"));
  office_.answers.emplace_back(rules::Refuse(v1::REASON_SERVER_UNREACHABLE, "gone"));
  EXPECT_EQ(Ctl({"reject", "YH-2017-0371", "--reason", "x"}), 3);
}

TEST_F(ClerkTest, ARefusalIsAnErrorWithItsReasonAndTheStoredOutcome) {
  v1::SubmitResponse refused;
  refused.mutable_outcome()->set_verdict(v1::VERDICT_REFUSED);
  refused.mutable_outcome()->set_seq(99);
  refused.mutable_outcome()->mutable_error()->set_reason(v1::REASON_EVENT_NOT_ALLOWED);
  refused.mutable_outcome()->mutable_error()->set_message("not in this status");
  office_.answers.emplace_back(refused);
  EXPECT_EQ(Ctl({"reject", "YH-2017-0371", "--reason", "x", "--json"}), 1);
  EXPECT_THAT(out_, HasSubstr(R"("seq":"99")"));
  EXPECT_THAT(err_, HasSubstr("REASON_EVENT_NOT_ALLOWED"));
}

TEST_F(ClerkTest, TagStopsAtTheStepThatIsRefused) {
  v1::SubmitResponse applied;
  applied.mutable_outcome()->set_verdict(v1::VERDICT_APPLIED);
  v1::SubmitResponse refused;
  refused.mutable_outcome()->set_verdict(v1::VERDICT_REFUSED);
  refused.mutable_outcome()->mutable_error()->set_reason(v1::REASON_NOT_PERMITTED);
  office_.answers.emplace_back(applied);
  office_.answers.emplace_back(refused);
  EXPECT_EQ(Ctl({"tag", "YH-2017-0371", "--number", "n", "--signatory", "s", "--content", "c",
                 "--plan-due", "2017-08-20", "--due", "2017-12-31", "--received-by", "r"}),
            1);
  EXPECT_EQ(office_.sent.size(), 2U);
}

TEST_F(ClerkTest, ResolveSendsTheChosenValue) {
  EXPECT_EQ(Ctl({"resolve", "YH-2017-0371", "description", "--choose", "2"}), 0) << err_;
  EXPECT_EQ(office_.sent.at(0).settle_conflict().value().hazard().description(), "second words");
  EXPECT_EQ(Ctl({"resolve", "YH-2017-0371", "--value", "third words"}), 0) << err_;
  EXPECT_EQ(office_.sent.at(1).settle_conflict().value().hazard().description(), "third words");
  EXPECT_EQ(Ctl({"resolve", "YH-2017-0371", "--choose", "3"}), 2);
  EXPECT_EQ(Ctl({"resolve", "YH-2017-0371", "--choose", "1", "--clear"}), 2);
}

TEST_F(ClerkTest, TheLedgerTakesFiltersAndAllPages) {
  EXPECT_EQ(
      Ctl({"ledger", "--status", "rectifying", "--status", "已确认", "--tagged", "yes", "--unit",
           "LFU-01", "--due-to", "2017-12-31", "--sort", "due_date desc", "--all", "--lang", "zh"}),
      0)
      << err_;
  const v1::HazardFilter& filter = office_.last_list.filter();
  EXPECT_EQ(filter.statuses_size(), 2);
  EXPECT_EQ(filter.tagged(), v1::TRI_STATE_YES);
  EXPECT_EQ(filter.unit(), FakeOffice::IdOf("org_unit"));
  EXPECT_EQ(filter.due_to().year(), 2017);
  EXPECT_EQ(office_.last_list.order_by(), "due_date desc");
  EXPECT_EQ(office_.last_list.page_token(), "second");
  EXPECT_THAT(out_, HasSubstr("2 条，共 2 条"));
  EXPECT_EQ(Ctl({"ledger", "--status", "lost"}), 2);
  EXPECT_EQ(Ctl({"ledger", "--due-to", "31.12.2017"}), 2);
}

TEST_F(ClerkTest, HistoryNamesCommandsFieldsAndValuesInTheLanguage) {
  EXPECT_EQ(Ctl({"history", "YH-2017-0371", "--lang", "zh"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("确认隐患"));
  EXPECT_THAT(out_, HasSubstr("隐患等级：一般 → 重大"));
}

TEST_F(ClerkTest, TheSummaryLineHasAFixedOrder) {
  EXPECT_EQ(Ctl({"stats", "--summary"}), 0) << err_;
  EXPECT_EQ(out_,
            "summary: risk_sources=912 hazards=370 rectified= open= rate=86.49% tagged= slopes= "
            "transferred= kept= done= underway=\n");
}

TEST_F(ClerkTest, ImportSendsCsvFilesAndListsBadRows) {
  files_.listing = {"README.md", "hazards.csv", "persons.csv"};
  v1::ImportResponse problem;
  problem.mutable_problem()->set_file("hazards.csv");
  problem.mutable_problem()->set_line(7);
  problem.mutable_problem()->set_column("grade");
  problem.mutable_problem()->set_reason(v1::REASON_INVALID_VALUE);
  v1::ImportResponse summary;
  summary.mutable_summary()->set_applied(false);
  office_.import_says = {problem, summary};
  EXPECT_EQ(Ctl({"import", "data", "--lang", "en"}), 1);
  ASSERT_EQ(office_.last_files.size(), 2U);
  EXPECT_EQ(office_.last_files[0].name(), "hazards.csv");
  EXPECT_THAT(out_, HasSubstr("hazards.csv     7  grade"));
  EXPECT_THAT(err_, HasSubstr("IMPORT_REJECTED"));
  EXPECT_EQ(Ctl({"import", "data", "--dry-run"}), 1);
  EXPECT_TRUE(office_.last_options.dry_run());
  summary.mutable_summary()->set_applied(true);
  office_.import_says = {problem, summary};
  EXPECT_EQ(Ctl({"import", "data", "--keep-good-rows"}), 0) << err_;
  files_.listing = {"README.md"};
  EXPECT_EQ(Ctl({"import", "data"}), 5);
}

TEST_F(ClerkTest, ImportShowsWarningsAndEachChangeBeforeAndAfter) {
  files_.listing = {"hazards.csv"};
  v1::ImportResponse warning;
  warning.mutable_problem()->set_file("hazards.csv");
  warning.mutable_problem()->set_line(1);
  warning.mutable_problem()->set_column("序号");
  warning.mutable_problem()->set_reason(v1::REASON_FIELD_UNKNOWN);
  warning.mutable_problem()->set_warning(true);
  v1::ImportResponse change;
  change.mutable_change()->set_file("hazards.csv");
  change.mutable_change()->set_line(12);
  change.mutable_change()->set_key("YH-2017-0001");
  v1::ImportFieldChange& grade = *change.mutable_change()->add_fields();
  grade.set_field("grade");
  grade.set_before("general");
  grade.set_after("major");
  v1::ImportResponse summary;
  summary.mutable_summary()->add_files()->set_encoding("gb18030");
  office_.import_says = {warning, change, summary};
  EXPECT_EQ(Ctl({"import", "data", "--dry-run", "--lang", "zh"}), 0) << err_;
  EXPECT_THAT(out_, HasSubstr("hazards.csv  12  YH-2017-0001  隐患等级  一般  →  重大"));
  EXPECT_THAT(out_, HasSubstr("序号"));
  EXPECT_THAT(out_, HasSubstr("gb18030"));
  EXPECT_EQ(
      Ctl({"import", "台账.csv", "--as", "hazards", "--strict", "--encoding", "gbk", "--dry-run"}),
      0)
      << err_;
  ASSERT_EQ(office_.last_files.size(), 1U);
  EXPECT_EQ(office_.last_files[0].name(), "hazards.csv");
  EXPECT_TRUE(office_.last_options.strict());
  EXPECT_EQ(office_.last_options.encoding(), "gbk");
}

TEST_F(ClerkTest, TheLedgerOfADay) {
  EXPECT_EQ(Ctl({"ledger", "--as-of", "2017-06-30"}), 0) << err_;
  EXPECT_EQ(office_.last_list.as_of().month(), 6);
  EXPECT_EQ(Ctl({"stats", "--as-of", "yesterday"}), 2);
}

}  // namespace
}  // namespace vigil::office
