#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/import/cell_text.h"
#include "server/import/csv.h"
#include "server/import/importer.h"
#include "server/import/snapshot_view.h"
#include "server/import/words.h"
#include "sync/rules/record.h"
#include "sync/rules/work_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "tests/unit/server/import/gb18030.h"
#include "tests/unit/server/import/import_files.h"

// The shipped data set, in a real register.

namespace vigil::importer {
namespace {

using ::testing::IsEmpty;
using vigil::testing::Actor;
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

class DataTest : public ::testing::Test {
 protected:
  ImportPlan Plan(const std::vector<InputFile>& files) {
    auto snapshot = reg_.store().Read();
    EXPECT_TRUE(snapshot.ok());
    SnapshotView view(**snapshot);
    return PlanOrDie(files, view);
  }

  void Import(const std::vector<InputFile>& files);

  TestRegister reg_;
};

void DataTest::Import(const std::vector<InputFile>& files) {
  const ImportPlan plan = Plan(files);
  EXPECT_THAT(plan.problems, IsEmpty()) << Describe(plan);
  std::vector<registry::Incoming> operations;
  for (const v1::Operation& planned : plan.operations) {
    v1::Operation operation = reg_.Begin(reg_.importer);
    *operation.mutable_import_record() = planned.import_record();
    operations.emplace_back().bytes = operation.SerializeAsString();
  }
  absl::StatusOr<std::vector<v1::Outcome>> outcomes = absl::UnknownError("not answered");
  reg_.target().SubmitAll(
      reg_.importer.author, std::move(operations),
      [&](absl::StatusOr<std::vector<v1::Outcome>> answer) { outcomes = std::move(answer); });
  reg_.executor().RunUntilIdle();
  ASSERT_TRUE(outcomes.ok()) << outcomes.status();
  for (const v1::Outcome& outcome : *outcomes) {
    ASSERT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  }
}

// Everything of one kind that has a key, as a file.
InputFile Exported(const FileLayout& layout, store::Snapshot& snapshot,
                   console::Language language) {
  class Keys final : public KeySource {
   public:
    explicit Keys(store::Snapshot& source) : view_(source) {}
    absl::StatusOr<std::string> KeyOf(std::string_view id) override {
      VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Record> record, view_.Find(*Uuid::Parse(id)));
      return record ? rules::KeyOf(*record) : std::string();
    }

   private:
    SnapshotView view_;
  };
  Keys keys(snapshot);
  const CellFormat format{keys, absl::FixedTimeZone(8 * 60 * 60), language};
  const std::vector<const Column*> columns = ExportColumns(layout);
  std::vector<std::string> cells;
  for (const Column* column : columns) cells.push_back(HeadingOf(layout, *column, language));
  InputFile file{layout.file, CsvLine(cells)};
  std::string token;
  do {
    const auto page = snapshot.Records(layout.kind->number, Uuid(), 1000, token,
                                       store::RecordScope::Everything());
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) break;
    for (const store::StoredRecord& stored : page->records) {
      v1::Record record;
      EXPECT_TRUE(record.ParseFromString(stored.bytes));
      cells.clear();
      for (const Column* column : columns) {
        const auto cell = CellText(*column, rules::BodyOf(record.entity()), format);
        EXPECT_TRUE(cell.ok()) << cell.status();
        cells.push_back(cell.value_or(""));
      }
      file.content += CsvLine(cells);
    }
    token = page->next_page_token;
  } while (!token.empty());
  return file;
}

TEST_F(DataTest, IsTakenWholeAndASecondTimeChangesNothing) {
  const std::vector<InputFile> files = ShippedFiles();
  ASSERT_FALSE(files.empty());
  Import(files);

  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, reg_.store().Read());
  const ImportPlan again = Plan(files);
  EXPECT_THAT(again.operations, IsEmpty());
  EXPECT_THAT(again.problems, IsEmpty()) << Describe(again);

  VIGIL_ASSERT_OK_AND_ASSIGN(
      const auto figures,
      snapshot->Stats(v1::HazardFilter(), reg_.target().Today(), store::RecordScope::Everything()));
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

TEST_F(DataTest, TheHazardsAsExcelSavesThemInChinaChangeNothing) {
  const std::vector<InputFile> files = ShippedFiles();
  Import(files);
  const FileLayout& layout = *FindLayout("hazards.csv");
  const CsvTable table = ParseCsv(std::find_if(files.begin(), files.end(), [](const auto& file) {
                                    return file.name == "hazards.csv";
                                  })->content);
  std::string chinese;
  for (const CsvRow& row : table.rows) {
    std::vector<std::string> cells = row.cells;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const Column& column = *layout.Find(table.rows[0].cells[i]);
      if (&row == &table.rows[0]) {
        cells[i] = HeadingOf(layout, column, console::Language::kChinese);
      } else if (column.field->enum_type() != nullptr && !cells[i].empty()) {
        const auto& type = *column.field->enum_type();
        cells[i] = EnumWord(*type.FindValueByNumber(*ParseEnumWord(type, cells[i])),
                            console::Language::kChinese);
      } else if (column.field->message_type() == v1::Date::descriptor()) {
        cells[i] = absl::StrReplaceAll(cells[i], {{"-0", "/"}, {"-", "/"}});
      }
    }
    chinese += CsvLine(cells);
  }
  ASSERT_NE(chinese.find("复查通过"), std::string::npos);
  ASSERT_EQ(table.rows.size(), 371U);
  const ImportPlan plan = Plan({{"hazards.csv", ToGb18030(chinese)}});
  EXPECT_THAT(plan.problems, IsEmpty()) << Describe(plan);
  EXPECT_THAT(plan.operations, IsEmpty());
  EXPECT_EQ(CountOf(plan, "hazards.csv").unchanged(), 370);
  EXPECT_EQ(CountOf(plan, "hazards.csv").encoding(), "gb18030");
}

TEST_F(DataTest, WhatWasExportedAfterPeopleWorkedOnItChangesNothing) {
  Import(ShippedFiles());
  // A report of a phone's, which no import has named, and an office's change of an imported record.
  reg_.ConfirmedHazard(rules::ToDate(absl::CivilDay(2030, 1, 1)));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto before, reg_.store().Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::optional<Uuid> known,
                             before->FindByKey(v1::Entity::kHazard, "YH-2017-0242"));
  Actor clerk = reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau);
  clerk.author.roles[0].clear_unit();
  v1::Operation operation = reg_.Begin(clerk);
  reg_.See(operation, {known->ToString()});
  v1::EditRecord& edit = *operation.mutable_edit_record();
  edit.set_record(known->ToString());
  edit.mutable_entity()->mutable_hazard()->set_description("一行\n\"两\"行, 三");
  edit.mutable_update_mask()->add_paths("description");
  const v1::Outcome outcome = reg_.Submit(clerk, operation);
  ASSERT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();

  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, reg_.store().Read());
  for (const auto language : {console::Language::kEnglish, console::Language::kChinese}) {
    std::vector<InputFile> files;
    for (const FileLayout& layout : FileLayouts()) {
      if (layout.list != nullptr || layout.kind->key_field == nullptr) continue;
      files.push_back(Exported(layout, *snapshot, language));
      if (language == console::Language::kChinese) {
        files.back().content = ToGb18030(files.back().content);
      }
    }
    const ImportPlan plan = Plan(files);
    EXPECT_THAT(plan.problems, IsEmpty()) << Describe(plan);
    for (const v1::ImportChange& change : plan.changes) ADD_FAILURE() << change.ShortDebugString();
    EXPECT_THAT(plan.operations, IsEmpty());
    EXPECT_EQ(CountOf(plan, "hazards.csv").unchanged(), 371);
  }
}

}  // namespace
}  // namespace vigil::importer
