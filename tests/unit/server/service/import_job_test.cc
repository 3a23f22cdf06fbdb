#include "server/service/import_job.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

namespace vigil::testing {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kUnits[] =
    "code,name,kind,parent_unit\n"
    "NEW-1,New unit,park,\n"
    "NEW-2,Newer unit,park,NEW-1\n";

class ImportJobTest : public ::testing::Test {
 protected:
  struct Said {
    std::vector<v1::ImportProblem> problems;
    std::vector<std::string> stages;
    std::vector<v1::ImportChange> changes;
    std::optional<v1::ImportSummary> summary;
    absl::Status status = absl::UnknownError("not done");
  };

  Said Run(const std::string& units, const v1::ImportOptions& options = {}) {
    Said said;
    auto job = std::make_shared<service::ImportJob>(
        reg_.target(), random_, clerk_.author,
        service::ImportJob::Sink{
            .emit =
                [&](const v1::ImportResponse& response) {
                  EXPECT_FALSE(said.summary.has_value()) << "the summary is the last";
                  if (response.has_problem()) said.problems.push_back(response.problem());
                  if (response.has_progress()) said.stages.push_back(response.progress().stage());
                  if (response.has_change()) said.changes.push_back(response.change());
                  if (response.has_summary()) said.summary = response.summary();
                },
            .done = [&](const absl::Status& status) { said.status = status; }});
    job->set_options(options);
    v1::ImportFile part;
    part.set_name("org_units.csv");
    part.set_content(units.substr(0, 10));
    VIGIL_EXPECT_OK(job->AddPart(part));
    part.set_content(units.substr(10));
    VIGIL_EXPECT_OK(job->AddPart(part));
    job->Run();
    reg_.executor().RunUntilIdle();
    return said;
  }

  TestRegister reg_;
  SeededRandom random_{3};
  Actor clerk_ = reg_.Clerk(v1::ROLE_ADMINISTRATOR, reg_.bureau);
};

TEST_F(ImportJobTest, TakesFilesInPartsAndASecondTimeChangesNothing) {
  const Seq before = reg_.Head().seq;
  const Said first = Run(kUnits);
  VIGIL_EXPECT_OK(first.status);
  EXPECT_THAT(first.problems, IsEmpty());
  EXPECT_THAT(first.stages, Contains("applying"));
  ASSERT_TRUE(first.summary.has_value());
  EXPECT_TRUE(first.summary->applied());
  EXPECT_EQ(first.summary->operations(), 2);
  EXPECT_EQ(reg_.Head().seq.value(), before.value() + 2);
  const Said second = Run(kUnits);
  VIGIL_EXPECT_OK(second.status);
  ASSERT_TRUE(second.summary.has_value());
  EXPECT_EQ(second.summary->operations(), 0);
  EXPECT_EQ(reg_.Head().seq.value(), before.value() + 2);
}

TEST_F(ImportJobTest, ADryRunChangesNothing) {
  const Seq before = reg_.Head().seq;
  v1::ImportOptions options;
  options.set_dry_run(true);
  const Said said = Run(kUnits, options);
  VIGIL_EXPECT_OK(said.status);
  ASSERT_TRUE(said.summary.has_value());
  EXPECT_FALSE(said.summary->applied());
  EXPECT_EQ(said.summary->operations(), 2);
  EXPECT_EQ(reg_.Head().seq, before);
}

TEST_F(ImportJobTest, ADryRunTellsEachChangeOfWhatIsThere) {
  EXPECT_THAT(Run(kUnits).changes, IsEmpty());
  v1::ImportOptions options;
  options.set_dry_run(true);
  const Said said = Run("编码,名称,kind\nNEW-1,Other name,park\nNEW-4,Fourth,park\n", options);
  ASSERT_THAT(said.changes, SizeIs(1));
  EXPECT_EQ(said.changes[0].line(), 2);
  EXPECT_EQ(said.changes[0].key(), "NEW-1");
  ASSERT_EQ(said.changes[0].fields_size(), 1);
  EXPECT_EQ(said.changes[0].fields(0).field(), "name");
  EXPECT_EQ(said.changes[0].fields(0).before(), "New unit");
  EXPECT_EQ(said.changes[0].fields(0).after(), "Other name");
  ASSERT_TRUE(said.summary.has_value());
  EXPECT_EQ(said.summary->files(0).created(), 1);
  EXPECT_EQ(said.summary->files(0).encoding(), "utf-8");
}

TEST_F(ImportJobTest, TheEncodingThatIsAskedForIsTaken) {
  v1::ImportOptions options;
  options.set_dry_run(true);
  options.set_encoding("gb18030");
  EXPECT_EQ(Run(kUnits, options).summary->files(0).encoding(), "gb18030");
  options.set_encoding("latin-1");
  EXPECT_THAT(Run(kUnits, options).status, ReasonIs("REASON_INVALID_VALUE"));
}

TEST_F(ImportJobTest, AnUnknownColumnIsAWarningUnlessAskedOtherwise) {
  const std::string odd = "code,name,kind,remark\nNEW-1,New unit,park,odd\n";
  v1::ImportOptions options;
  options.set_strict(true);
  EXPECT_FALSE(Run(odd, options).summary->applied());
  const Said said = Run(odd);
  ASSERT_THAT(said.problems, SizeIs(1));
  EXPECT_TRUE(said.problems[0].warning());
  EXPECT_TRUE(said.summary->applied());
}

TEST_F(ImportJobTest, ABadRowKeepsEverythingOutUnlessTheGoodOnesAreAskedFor) {
  const std::string bad = std::string(kUnits) + "NEW-3,,park,\n";
  const Seq before = reg_.Head().seq;
  const Said rejected = Run(bad);
  VIGIL_EXPECT_OK(rejected.status);
  ASSERT_THAT(rejected.problems, SizeIs(1));
  EXPECT_EQ(rejected.problems[0].line(), 4);
  ASSERT_TRUE(rejected.summary.has_value());
  EXPECT_FALSE(rejected.summary->applied());
  EXPECT_EQ(reg_.Head().seq, before);
  v1::ImportOptions options;
  options.set_keep_good_rows(true);
  const Said kept = Run(bad, options);
  EXPECT_THAT(kept.problems, SizeIs(1));
  EXPECT_TRUE(kept.summary->applied());
  EXPECT_EQ(reg_.Head().seq.value(), before.value() + 2);
}

TEST_F(ImportJobTest, WhatTheRegisterRefusesIsAProblemOfItsLine) {
  // A person without any role that imports.
  clerk_ = reg_.Clerk(v1::ROLE_AUDITOR, reg_.bureau);
  const Seq before = reg_.Head().seq;
  const Said said = Run(kUnits);
  VIGIL_EXPECT_OK(said.status);
  ASSERT_THAT(said.problems, SizeIs(2));
  EXPECT_EQ(said.problems[0].file(), "org_units.csv");
  EXPECT_EQ(said.problems[0].line(), 2);
  EXPECT_EQ(said.problems[0].reason(), v1::REASON_NOT_PERMITTED);
  EXPECT_FALSE(said.summary->applied());
  EXPECT_EQ(reg_.Head().seq, before);
}

TEST_F(ImportJobTest, NamesHaveNoDirectories) {
  service::ImportJob job(reg_.target(), random_, clerk_.author, {});
  v1::ImportFile part;
  part.set_name("../org_units.csv");
  EXPECT_THAT(job.AddPart(part), ReasonIs("REASON_INVALID_VALUE"));
}

}  // namespace
}  // namespace vigil::testing
