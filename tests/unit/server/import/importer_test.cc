#include "server/import/importer.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/import/keys.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/server/import/import_files.h"

namespace vigil::importer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string IdOf(std::string_view kind, std::string_view key) {
  return ImportedId(*rules::Schema::Get().FindEntity(kind), key).ToString();
}

TEST(ImporterTest, MakesOneOperationForEachRecordInTheOrderOfReferences) {
  EmptyView view;
  const ImportPlan plan = PlanOrDie(SmallSet(), view);
  EXPECT_THAT(plan.problems, IsEmpty()) << Describe(plan);
  EXPECT_FALSE(plan.rejected);
  std::vector<std::string> records;
  for (const v1::Operation& operation : plan.operations) {
    records.push_back(operation.import_record().record());
    EXPECT_FALSE(operation.import_record().has_update_mask());
    EXPECT_EQ(operation.seen_size(), 0);
  }
  // The bureau stands below its department in the file.
  EXPECT_THAT(records,
              ElementsAre(IdOf("org_unit", "B"), IdOf("org_unit", "D"), IdOf("person", "p1"),
                          IdOf("risk_source", "R1"), IdOf("hazard", "H1")));
}

TEST(ImporterTest, TakesEveryKindOfCell) {
  EmptyView view;
  PlanOptions options;
  options.today.set_year(2026);
  const ImportPlan plan = PlanOrDie(SmallSet(), view, options);
  ASSERT_EQ(plan.operations.size(), 5U) << Describe(plan);
  const v1::OrgUnit& unit = plan.operations[1].import_record().entity().org_unit();
  EXPECT_EQ(unit.kind(), v1::ORG_UNIT_KIND_INDUSTRY_DEPARTMENT);
  EXPECT_EQ(unit.parent_unit(), IdOf("org_unit", "B"));
  EXPECT_EQ(unit.head(), IdOf("person", "p1"));
  const v1::Person& person = plan.operations[2].import_record().entity().person();
  ASSERT_EQ(person.roles_size(), 2);
  EXPECT_EQ(person.roles(1).role(), v1::ROLE_VERIFIER);
  EXPECT_EQ(person.roles(1).unit(), IdOf("org_unit", "B"));
  const v1::RiskSource& source = plan.operations[3].import_record().entity().risk_source();
  EXPECT_EQ(source.position().longitude(), 114.05);
  EXPECT_EQ(source.position().datum(), v1::DATUM_WGS84);
  EXPECT_EQ(source.rating().c(), 15);
  // A text of a list's own file is one element, semicolons and all.
  EXPECT_THAT(source.control_measures(), ElementsAre("drains clear; every month", "fence"));
  EXPECT_EQ(source.interval_starts_on().year(), 2026);
  const v1::ImportRecord& command = plan.operations[4].import_record();
  const v1::Hazard& hazard = command.entity().hazard();
  EXPECT_EQ(hazard.description(), "crack,\n3 mm");
  EXPECT_EQ(hazard.found_at().seconds(), 1488328200);
  EXPECT_EQ(hazard.due_date().month(), 4);
  EXPECT_EQ(hazard.status(), v1::HAZARD_STATUS_RECTIFYING);
  EXPECT_FALSE(hazard.has_category());
  EXPECT_EQ(command.source().file(), "hazards.csv");
  EXPECT_EQ(command.source().line(), 2);
}

TEST(ImporterTest, TakesListsInOneCellAndPartsOfListsInTheirFile) {
  EmptyView view;
  std::vector<InputFile> files = SmallSet();
  Content(files, "campaigns.csv") =
      "code,name,units,site_types,unannounced,starts_on\n"
      "C1,Campaign,B; D ;,park_slope;landfill,true,2017-01-01\n";
  Content(files, "checklists.csv") = "code,name,site_type,edition\nK/1,List,landfill,1\n";
  Content(files, "checklist_items.csv") =
      "checklist,code,text,type,choices,alarm_value,verified\n"
      "K/1,K-1,gas,number,,1.25,true\n"
      "K/1,K-2,state,choice,good;bad,,false\n";
  Content(files, "rectification_plans.csv") =
      "code,hazard,funds_fen,due_on\nP1,H1,1250000,2017-04-01\n";
  Content(files, "supervision_orders.csv") =
      "number,hazard,plan,status,content,signatory,plan_due,due_date,ledger\n"
      "O1,H1,P1,in_progress,text,head,2017-03-10,2017-04-01,hazards\n";
  const ImportPlan plan = PlanOrDie(files, view);
  ASSERT_EQ(plan.operations.size(), 9U) << Describe(plan);
  const v1::Campaign& campaign = plan.operations[4].import_record().entity().campaign();
  EXPECT_THAT(campaign.units(), ElementsAre(IdOf("org_unit", "B"), IdOf("org_unit", "D")));
  EXPECT_THAT(campaign.site_types(), ElementsAre(v1::SITE_TYPE_PARK_SLOPE, v1::SITE_TYPE_LANDFILL));
  EXPECT_TRUE(campaign.unannounced());
  const v1::Checklist& checklist = plan.operations[5].import_record().entity().checklist();
  ASSERT_EQ(checklist.items_size(), 2);
  EXPECT_EQ(checklist.items(0).alarm_value(), 1.25);
  EXPECT_FALSE(checklist.items(0).has_warning_value());
  EXPECT_THAT(checklist.items(1).choices(), ElementsAre("good", "bad"));
  EXPECT_EQ(plan.operations[7].import_record().entity().rectification_plan().funds().fen(),
            1250000);
  const v1::SupervisionOrder& order =
      plan.operations[8].import_record().entity().supervision_order();
  EXPECT_EQ(order.plan(), IdOf("rectification_plan", "P1"));
  EXPECT_EQ(order.hazard(), IdOf("hazard", "H1"));
}

TEST(ImporterTest, ColumnsMayStandInAnyOrderAndTheFileMayComeFromASpreadsheet) {
  EmptyView view;
  std::vector<InputFile> files = SmallSet();
  Content(files, "persons.csv") =
      "\xEF\xBB\xBF"
      "roles, unit ,code,name\r\n inspector @ D , D,\"p1\",Person 1 \r\n,,,\r\n";
  const ImportPlan plan = PlanOrDie(files, view);
  ASSERT_EQ(plan.operations.size(), 5U) << Describe(plan);
  const v1::Person& person = plan.operations[2].import_record().entity().person();
  EXPECT_EQ(person.name(), "Person 1");
  EXPECT_EQ(person.roles(0).role(), v1::ROLE_INSPECTOR);
}

TEST(ImporterTest, ANameStandsForACodeWhereNoOtherHasIt) {
  EmptyView view;
  std::vector<InputFile> files = SmallSet();
  const auto source = [&](const ImportPlan& plan) {
    return plan.operations.at(3).import_record().entity().risk_source().responsible_unit();
  };
  EXPECT_EQ(source(PlanOrDie(files, view)), IdOf("org_unit", "D"));
  Replace(files, "risk_sources.csv", "park_slope,D,", "park_slope,Department,");
  EXPECT_EQ(source(PlanOrDie(files, view)), IdOf("org_unit", "D"));
  Content(files, "org_units.csv") += "D2,Department,industry_department,B,\n";
  const ImportPlan plan = PlanOrDie(files, view);
  ASSERT_THAT(plan.problems, SizeIs(1)) << Describe(plan);
  EXPECT_EQ(plan.problems[0].reason(), v1::REASON_UNKNOWN_REFERENCE);
  EXPECT_THAT(plan.problems[0].message(), HasSubstr("D, D2"));
}

TEST(ImporterTest, IdsFollowFromTheKeyAlone) {
  EmptyView view;
  // Stored for good: ids of earlier imports.
  EXPECT_EQ(IdOf("hazard", "H1"),
            DerivedUuid({.name_space = "vigil/import/hazard", .name = "H1"}).ToString());
  std::vector<InputFile> files = SmallSet();
  Replace(files, "hazards.csv", "general", "major");
  const ImportPlan plan = PlanOrDie(files, view);
  EXPECT_EQ(plan.operations.back().import_record().record(), IdOf("hazard", "H1"));
}

TEST(ImporterTest, CountsWhatEachFileDoes) {
  EmptyView view;
  const ImportPlan plan = PlanOrDie(SmallSet(), view);
  EXPECT_EQ(CountOf(plan, "org_units.csv").rows(), 2);
  EXPECT_EQ(CountOf(plan, "org_units.csv").created(), 2);
  EXPECT_EQ(CountOf(plan, "control_measures.csv").created(), 2);
  EXPECT_EQ(CountOf(plan, "hazards.csv").bad(), 0);
}

TEST(ImporterTest, TellsHowFarItIs) {
  EmptyView view;
  PlanOptions options;
  std::vector<std::string> stages;
  options.progress = [&](std::string_view stage, std::int64_t done, std::int64_t total) {
    stages.push_back(std::string(stage) + " " + std::to_string(done) + "/" + std::to_string(total));
  };
  PlanOrDie(SmallSet(), view, options);
  EXPECT_THAT(stages, ElementsAre("reading 7/7", "checking 7/7"));
}

TEST(ImporterTest, NoFilesAreNoImport) {
  EmptyView view;
  const ImportPlan plan = PlanOrDie({}, view);
  EXPECT_THAT(plan.operations, IsEmpty());
  EXPECT_FALSE(plan.rejected);
}

TEST(ImporterTest, AnErrorOfTheStorageIsNoBadRow) {
  class Broken final : public RegisterView {
   public:
    absl::StatusOr<std::optional<v1::Record>> Find(const Uuid& /*id*/) override {
      return absl::UnavailableError("disk");
    }
    absl::StatusOr<std::optional<Uuid>> FindByKey(const rules::EntityInfo& /*kind*/,
                                                  std::string_view key) override {
      if (key == "gone") return absl::UnavailableError("disk");
      return std::optional<Uuid>(Uuid());
    }
    absl::StatusOr<std::vector<Uuid>> FindByName(const rules::EntityInfo& /*kind*/,
                                                 std::string_view /*name*/) override {
      return absl::UnavailableError("disk");
    }
    absl::StatusOr<std::vector<PastWrite>> History(const Uuid& /*id*/) override {
      return absl::UnavailableError("disk");
    }
  } view;
  EXPECT_THAT(PlanImport(SmallSet(), view, {}), testing::StatusIs(absl::StatusCode::kUnavailable));
  std::vector<InputFile> files = {{"campaigns.csv", "code,name,units\nC,n,gone\n"}};
  EXPECT_THAT(PlanImport(files, view, {}), testing::StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace vigil::importer
