#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/import/importer.h"
#include "server/import/snapshot_view.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "tests/unit/server/import/import_files.h"

// The shipped data set, in a real register.

namespace vigil::importer {
namespace {

using ::testing::IsEmpty;
using vigil::testing::TestRegister;

// Tests run in the project's root.
constexpr char kData[] = "deploy/data/shenzhen-2017";

std::vector<InputFile> ShippedFiles() {
  std::vector<InputFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(kData)) {
    if (entry.path().extension() != ".csv") continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    std::string content(std::istreambuf_iterator<char>(stream), {});
    // The test register has a unit of this code already.
    content = absl::StrReplaceAll(content, {{"BUREAU", "CITY"}});
    files.push_back({entry.path().filename().string(), std::move(content)});
  }
  return files;
}

TEST(DataTest, IsTakenWholeAndASecondTimeChangesNothing) {
  TestRegister reg;
  const std::vector<InputFile> files = ShippedFiles();
  ASSERT_FALSE(files.empty());
  ImportPlan plan;
  {
    VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, reg.store().Read());
    SnapshotView view(*snapshot);
    plan = PlanOrDie(files, view);
  }
  EXPECT_THAT(plan.problems, IsEmpty()) << Describe(plan);
  std::vector<registry::Incoming> operations;
  for (const v1::Operation& planned : plan.operations) {
    v1::Operation operation = reg.Begin(reg.importer);
    *operation.mutable_import_record() = planned.import_record();
    operations.emplace_back().bytes = operation.SerializeAsString();
  }
  absl::StatusOr<std::vector<v1::Outcome>> outcomes = absl::UnknownError("not answered");
  reg.target().SubmitAll(
      reg.importer.author, std::move(operations),
      [&](absl::StatusOr<std::vector<v1::Outcome>> answer) { outcomes = std::move(answer); });
  reg.executor().RunUntilIdle();
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  for (const v1::Outcome& outcome : *outcomes) {
    ASSERT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  }

  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, reg.store().Read());
  SnapshotView view(*snapshot);
  const ImportPlan again = PlanOrDie(files, view);
  EXPECT_THAT(again.operations, IsEmpty());
  EXPECT_THAT(again.problems, IsEmpty()) << Describe(again);

  VIGIL_ASSERT_OK_AND_ASSIGN(
      const auto figures,
      snapshot->Stats(v1::HazardFilter(), reg.target().Today(), store::RecordScope::Everything()));
  std::map<std::string, std::string> values;
  for (const v1::Figure& figure : figures) values[figure.name()] = figure.value();
  EXPECT_EQ(values["hazards"], "370");
  EXPECT_EQ(values["rectified"], "320");
  EXPECT_EQ(values["open"], "50");
  EXPECT_EQ(values["rate"], "86.49%");
  EXPECT_EQ(values["tagged"], "33");
  EXPECT_EQ(values["slopes"], "23");
  EXPECT_EQ(values["transferred"], "15");
  EXPECT_EQ(values["kept"], "8");
  EXPECT_EQ(values["done"], "1");
  EXPECT_EQ(values["underway"], "7");
}

}  // namespace
}  // namespace vigil::importer
