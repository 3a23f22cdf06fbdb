#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/import/importer.h"
#include "server/import/keys.h"
#include "server/import/snapshot_view.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "tests/unit/server/import/gb18030.h"
#include "tests/unit/server/import/import_files.h"

// Files that come a second time, into a real register.

namespace vigil::importer {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using vigil::testing::Actor;
using vigil::testing::TestRegister;

class ReimportTest : public ::testing::Test {
 protected:
  ImportPlan Plan(const std::vector<InputFile>& files, bool keep_good_rows = false) {
    auto snapshot = reg_.store().Read();
    EXPECT_TRUE(snapshot.ok());
    SnapshotView view(**snapshot);
    PlanOptions options;
    options.keep_good_rows = keep_good_rows;
    return PlanOrDie(files, view, options);
  }

  // Plans and applies; the plan.
  ImportPlan Import(const std::vector<InputFile>& files) {
    ImportPlan plan = Plan(files);
    EXPECT_THAT(plan.problems, IsEmpty()) << Describe(plan);
    for (const v1::Operation& planned : plan.operations) {
      v1::Operation operation = reg_.Begin(reg_.importer);
      *operation.mutable_import_record() = planned.import_record();
      *operation.mutable_seen() = planned.seen();
      const v1::Outcome outcome = reg_.Submit(reg_.importer, operation);
      EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
    }
    return plan;
  }

  std::string Id(std::string_view kind, std::string_view key) {
    return ImportedId(*rules::Schema::Get().FindEntity(kind), key).ToString();
  }

  // An edit by the office.
  void Edit(const std::string& record, const v1::Entity& entity, std::string_view field) {
    Actor clerk = reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau);
    // The imported units are another tree than the test register's.
    clerk.author.roles[0].clear_unit();
    v1::Operation operation = reg_.Begin(clerk);
    reg_.See(operation, {record});
    v1::EditRecord& edit = *operation.mutable_edit_record();
    edit.set_record(record);
    *edit.mutable_entity() = entity;
    edit.mutable_update_mask()->add_paths(std::string(field));
    const v1::Outcome outcome = reg_.Submit(clerk, operation);
    ASSERT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  }

  void EditDescription(const std::string& text) {
    v1::Entity entity;
    entity.mutable_hazard()->set_description(text);
    Edit(Id("hazard", "H1"), entity, "description");
  }

  void AddMeasure(const std::string& text) {
    v1::Entity entity;
    entity.mutable_risk_source()->add_control_measures(text);
    Edit(Id("risk_source", "R1"), entity, "control_measures");
  }

  v1::Hazard Hazard() { return reg_.Find(Id("hazard", "H1")).entity().hazard(); }
  v1::RiskSource Source() { return reg_.Find(Id("risk_source", "R1")).entity().risk_source(); }

  TestRegister reg_;
  std::vector<InputFile> files_ = SmallSet();
};

TEST_F(ReimportTest, ImportedRecordsSayWhereTheyComeFrom) {
  Import(files_);
  EXPECT_EQ(Hazard().imported_from().file(), "hazards.csv");
  EXPECT_EQ(Hazard().imported_from().line(), 2);
  EXPECT_EQ(Hazard().number(), "H1");
  EXPECT_EQ(reg_.StateOf(Id("hazard", "H1")).status(), v1::HAZARD_STATUS_RECTIFYING);
}

TEST_F(ReimportTest, TheSameFilesChangeNothing) {
  Import(files_);
  const ImportPlan again = Plan(files_);
  EXPECT_THAT(again.operations, IsEmpty());
  EXPECT_THAT(again.problems, IsEmpty()) << Describe(again);
  EXPECT_EQ(CountOf(again, "hazards.csv").unchanged(), 1);
  EXPECT_EQ(CountOf(again, "control_measures.csv").unchanged(), 2);
}

TEST_F(ReimportTest, RowsThatMovedChangeNothing) {
  Import(files_);
  Replace(files_, "org_units.csv", "B,Bureau,bureau,,\n", "");
  Replace(files_, "org_units.csv", "D,Dep", "B,Bureau,bureau,,\nD,Dep");
  EXPECT_THAT(Plan(files_).operations, IsEmpty());
}

TEST_F(ReimportTest, AChangedRowWritesTheChangedFieldsOnly) {
  Import(files_);
  const std::uint64_t version = reg_.Find(Id("hazard", "H1")).version();
  Replace(files_, "hazards.csv", "general", "major");
  Replace(files_, "hazards.csv", "2017-04-01", "2017-05-01");
  const ImportPlan plan = Import(files_);
  ASSERT_EQ(plan.operations.size(), 1U);
  EXPECT_THAT(plan.operations[0].import_record().update_mask().paths(),
              ElementsAre("grade", "due_date"));
  ASSERT_EQ(plan.operations[0].seen_size(), 1);
  EXPECT_EQ(plan.operations[0].seen(0).version(), version);
  EXPECT_EQ(Hazard().grade(), v1::HAZARD_GRADE_MAJOR);
  // It saw what it changed: a later date is no conflict with the earlier one.
  EXPECT_EQ(Hazard().due_date().month(), 5);
  EXPECT_EQ(Hazard().description(), "crack,\n3 mm");
  EXPECT_EQ(CountOf(plan, "hazards.csv").changed(), 1);
  EXPECT_THAT(Plan(files_).operations, IsEmpty());
}

TEST_F(ReimportTest, WhatPeopleChangedSinceStays) {
  Import(files_);
  EditDescription("crack, 5 mm");
  EXPECT_THAT(Plan(files_).operations, IsEmpty());
  Replace(files_, "hazards.csv", "general", "major");
  const ImportPlan plan = Import(files_);
  ASSERT_EQ(plan.operations.size(), 1U);
  EXPECT_THAT(plan.operations[0].import_record().update_mask().paths(), ElementsAre("grade"));
  EXPECT_EQ(Hazard().description(), "crack, 5 mm");
  EXPECT_THAT(Plan(files_).operations, IsEmpty());
}

TEST_F(ReimportTest, AFileThatCatchesUpWithPeopleChangesNothingAndIsOlderThanWhatComesNext) {
  Import(files_);
  EditDescription("crack, 5 mm");
  Replace(files_, "hazards.csv", "\"crack,\n3 mm\"", "\"crack, 5 mm\"");
  EXPECT_THAT(Import(files_).operations, IsEmpty());
  EditDescription("crack, 7 mm");
  const ImportPlan plan = Plan(files_);
  EXPECT_THAT(plan.operations, IsEmpty());
  ASSERT_EQ(plan.problems.size(), 1U) << Describe(plan);
  EXPECT_TRUE(plan.problems[0].warning());
  EXPECT_EQ(plan.problems[0].line(), 2);
  EXPECT_EQ(plan.problems[0].column(), "description");
  EXPECT_EQ(plan.problems[0].reason(), v1::REASON_VERSION_MOVED);
  EXPECT_THAT(plan.problems[0].message(), ::testing::HasSubstr("crack, 7 mm"));
  // What nobody has written before is a change.
  Replace(files_, "hazards.csv", "crack, 5 mm", "crack, 9 mm");
  EXPECT_EQ(Import(files_).operations.size(), 1U);
  EXPECT_EQ(Hazard().description(), "crack, 9 mm");
}

TEST_F(ReimportTest, AChangeIsShownBeforeAndAfterWithKeysForReferences) {
  Import(files_);
  Replace(files_, "hazards.csv", "general", "major");
  Replace(files_, "hazards.csv", "2017-04-01,D", "2017-05-01,B");
  Replace(files_, "control_measures.csv", "R1,fence\n", "R1,wall\n");
  const ImportPlan plan = Plan(files_);
  ASSERT_EQ(plan.changes.size(), 2U);
  const v1::ImportChange& source = plan.changes[0];
  EXPECT_EQ(source.file(), "risk_sources.csv");
  EXPECT_EQ(source.key(), "R1");
  ASSERT_EQ(source.fields_size(), 1);
  EXPECT_EQ(source.fields(0).before(), "- fence");
  EXPECT_EQ(source.fields(0).after(), "+ wall");
  const v1::ImportChange& hazard = plan.changes[1];
  EXPECT_EQ(hazard.file(), "hazards.csv");
  EXPECT_EQ(hazard.line(), 2);
  EXPECT_EQ(hazard.key(), "H1");
  EXPECT_EQ(hazard.record(), Id("hazard", "H1"));
  ASSERT_EQ(hazard.fields_size(), 3);
  EXPECT_EQ(hazard.fields(0).field(), "grade");
  EXPECT_EQ(hazard.fields(0).before(), "general");
  EXPECT_EQ(hazard.fields(0).after(), "major");
  EXPECT_EQ(hazard.fields(1).before(), "2017-04-01");
  EXPECT_EQ(hazard.fields(1).after(), "2017-05-01");
  EXPECT_EQ(hazard.fields(2).before(), "D");
  EXPECT_EQ(hazard.fields(2).after(), "B");
}

TEST_F(ReimportTest, ChineseHeadingsAndWordsInAnyOrderSayTheSame) {
  Import(files_);
  const std::string chinese =
      "整改期限,状态,编号,风险源,发现时间,隐患等级,责任单位,隐患描述\n"
      "2017/4/1,整改中,H1,R1,2017/3/1 8:30,一般,D,\"crack,\n3 mm \"\n";
  const std::vector<InputFile> again = {{"hazards.csv", ToGb18030(WithCrLf(chinese))}};
  const ImportPlan plan = Plan(again);
  EXPECT_THAT(plan.problems, IsEmpty()) << Describe(plan);
  EXPECT_THAT(plan.operations, IsEmpty());
  EXPECT_EQ(CountOf(plan, "hazards.csv").unchanged(), 1);
  EXPECT_EQ(CountOf(plan, "hazards.csv").encoding(), "gb18030");
}

TEST_F(ReimportTest, AHazardWithoutANumberGetsOneAndIsKnownAgain) {
  Import(files_);
  std::vector<InputFile> rows = {{"hazards.csv",
                                  "风险源,隐患描述,发现时间,状态\n"
                                  "R1,blocked drain,2017/6/1 8:00,已上报\n"}};
  const ImportPlan first = Import(rows);
  ASSERT_EQ(first.operations.size(), 1U);
  const std::string id = first.operations[0].import_record().record();
  const std::string number = reg_.Find(id).entity().hazard().number();
  EXPECT_FALSE(number.empty());
  EXPECT_THAT(Plan(rows).operations, IsEmpty());
  // In another form, and with a change.
  rows[0].content =
      "number,risk_source,description,found_at,status,category\n"
      ",R1,blocked drain,2017-06-01T08:00:00+08:00,reported,drains\n";
  const ImportPlan changed = Plan(rows);
  ASSERT_EQ(changed.changes.size(), 1U) << Describe(changed);
  EXPECT_EQ(changed.changes[0].record(), id);
  EXPECT_EQ(changed.changes[0].key(), number);
  // By the number that it has now, as an export writes it.
  rows[0].content = "number,risk_source,description,found_at,status\n" + number +
                    ",R1,blocked drain,2017-06-01T08:00:00+08:00,reported\n";
  EXPECT_THAT(Plan(rows).operations, IsEmpty());
}

TEST_F(ReimportTest, AnEmptiedCellClearsAColumnLeftOutDoesNot) {
  Replace(files_, "hazards.csv", "status\n", "status,category\n");
  Replace(files_, "hazards.csv", "rectifying\n", "rectifying,slope\n");
  Import(files_);
  EXPECT_EQ(Hazard().category(), "slope");
  EXPECT_THAT(Plan(SmallSet()).operations, IsEmpty());
  Replace(files_, "hazards.csv", "rectifying,slope", "rectifying,");
  const ImportPlan plan = Import(files_);
  ASSERT_EQ(plan.operations.size(), 1U);
  EXPECT_FALSE(Hazard().has_category());
}

TEST_F(ReimportTest, OfASetOnlyWhatTheFilesHadAddedLeaves) {
  Import(files_);
  AddMeasure("patrol");
  EXPECT_THAT(Plan(files_).operations, IsEmpty());
  Replace(files_, "control_measures.csv", "R1,fence\n", "R1,wall\n");
  const ImportPlan plan = Import(files_);
  ASSERT_EQ(plan.operations.size(), 1U);
  EXPECT_THAT(Source().control_measures(),
              UnorderedElementsAre("drains clear; every month", "patrol", "wall"));
  EXPECT_EQ(CountOf(plan, "control_measures.csv").changed(), 2);
  EXPECT_THAT(Plan(files_).operations, IsEmpty());
  // The files had it once, took it away, and have it again.
  Replace(files_, "control_measures.csv", "R1,wall\n", "R1,fence\n");
  EXPECT_EQ(Import(files_).operations.size(), 1U);
  EXPECT_THAT(Source().control_measures(),
              UnorderedElementsAre("drains clear; every month", "patrol", "fence"));
}

TEST_F(ReimportTest, ABadRowOfAKnownRecordCostsOnlyItself) {
  Import(files_);
  Replace(files_, "risk_sources.csv", "orange", "scarlet");
  Replace(files_, "hazards.csv", "general", "major");
  const ImportPlan plan = Plan(files_, true);
  EXPECT_EQ(plan.problems.size(), 3U) << Describe(plan);
  ASSERT_EQ(plan.operations.size(), 1U);
  EXPECT_EQ(plan.operations[0].import_record().record(), Id("hazard", "H1"));
}

TEST_F(ReimportTest, AnEmptyCellSaysNothingOfWhatNeverChanges) {
  Replace(files_, "hazards.csv", "status\n", "status,origin\n");
  Replace(files_, "hazards.csv", "rectifying\n", "rectifying,bulletin\n");
  Import(files_);
  Replace(files_, "hazards.csv", "rectifying,bulletin", "rectifying,");
  const ImportPlan plan = Plan(files_);
  EXPECT_THAT(plan.problems, IsEmpty()) << Describe(plan);
  EXPECT_THAT(plan.operations, IsEmpty());
}

TEST_F(ReimportTest, WithoutTheFileOfAListTheListStays) {
  Import(files_);
  std::erase_if(files_, [](const InputFile& file) { return file.name == "control_measures.csv"; });
  EXPECT_THAT(Plan(files_).operations, IsEmpty());
  files_.push_back({"control_measures.csv", "risk_source,text\n"});
  EXPECT_EQ(Plan(files_).operations.size(), 1U);
}

TEST_F(ReimportTest, WhatNeverChangesIsRefusedWithItsValue) {
  Import(files_);
  Replace(files_, "org_units.csv", "industry_department", "site");
  const ImportPlan plan = Plan(files_);
  ASSERT_EQ(plan.problems.size(), 1U) << Describe(plan);
  EXPECT_EQ(plan.problems[0].column(), "kind");
  EXPECT_EQ(plan.problems[0].line(), 2);
  EXPECT_EQ(plan.problems[0].reason(), v1::REASON_FIELD_NOT_EDITABLE);
  EXPECT_THAT(plan.problems[0].message(), ::testing::HasSubstr("industry department"));
}

TEST_F(ReimportTest, FilesMayReferToWhatTheRegisterHas) {
  Import(files_);
  const std::vector<InputFile> later = {{"hazards.csv",
                                         "number,risk_source,description,found_at,status\n"
                                         "H2,R1,new,2017-06-01T08:00:00+08:00,reported\n"},
                                        {"rectification_plans.csv", "code,hazard\nP1,H1\n"}};
  EXPECT_EQ(Import(later).operations.size(), 2U);
  // The plan has no key of its own in the register.
  const std::vector<InputFile> orders = {
      {"supervision_orders.csv", "number,hazard,plan,status\nO1,H1,P1,proposed\n"}};
  const ImportPlan plan = Import(orders);
  ASSERT_EQ(plan.operations.size(), 1U);
  EXPECT_EQ(plan.operations[0].import_record().entity().supervision_order().plan(),
            Id("rectification_plan", "P1"));
}

TEST_F(ReimportTest, ARecordThatNoImportMadeIsFoundByItsKeyAndAdopted) {
  const std::string code = reg_.Find(reg_.department).entity().org_unit().code();
  const std::string kind = "responsible_unit";
  const std::vector<InputFile> files = {
      {"org_units.csv", "code,name,kind\n" + code + ",New name," + kind + "\n"}};
  const ImportPlan plan = Import(files);
  ASSERT_EQ(plan.operations.size(), 1U);
  EXPECT_EQ(plan.operations[0].import_record().record(), reg_.department);
  EXPECT_EQ(reg_.Find(reg_.department).entity().org_unit().name(), "New name");
  EXPECT_THAT(Plan(files).operations, IsEmpty());
}

}  // namespace
}  // namespace vigil::importer
