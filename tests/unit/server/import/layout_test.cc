#include "server/import/layout.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vigil/v1/hazard.pb.h"
#include "vigil/v1/risk_source.pb.h"

namespace vigil::importer {
namespace {

using ::testing::Contains;
using ::testing::IsSupersetOf;
using ::testing::Not;

std::vector<std::string> Names(const FileLayout& layout) {
  std::vector<std::string> names;
  for (const Column& column : layout.columns) names.push_back(column.name);
  return names;
}

TEST(LayoutTest, EveryKindThatCanBeImportedHasAFile) {
  std::set<std::string> with_file;
  for (const FileLayout& layout : FileLayouts()) with_file.insert(layout.kind->kind);
  for (const rules::EntityInfo& kind : rules::Schema::Get().entities()) {
    const bool importable = kind.Find(std::string_view("imported_from")) != nullptr;
    EXPECT_EQ(with_file.contains(kind.kind), importable) << kind.kind;
  }
}

TEST(LayoutTest, ColumnsFollowFromTheContract) {
  const FileLayout* sources = FindLayout("risk_sources.csv");
  ASSERT_NE(sources, nullptr);
  EXPECT_THAT(Names(*sources),
              IsSupersetOf({"code", "site_type", "position_latitude", "position_datum",
                            "rating_method", "rating_l", "rating_d", "responsible_unit"}));
  EXPECT_THAT(Names(*sources), Not(Contains("control_measures")));
  EXPECT_THAT(Names(*sources), Not(Contains("imported_from")));
  EXPECT_TRUE(sources->Find("responsible_unit")->required);
  EXPECT_EQ(sources->Find("responsible_unit")->refers_to, "org_unit");
  EXPECT_FALSE(sources->Find("park")->required);
}

TEST(LayoutTest, TheKeyIsRequiredUnlessTheRegisterGivesItAndOthersStandForIt) {
  const FileLayout* hazards = FindLayout("hazards.csv");
  ASSERT_NE(hazards, nullptr);
  EXPECT_EQ(hazards->key_column, "number");
  EXPECT_FALSE(hazards->Find("number")->required);
  ASSERT_FALSE(hazards->natural_key.empty());
  for (const std::string& column : hazards->natural_key) {
    ASSERT_NE(hazards->Find(column), nullptr) << column;
    EXPECT_TRUE(hazards->Find(column)->required) << column;
  }
  for (const FileLayout& layout : FileLayouts()) {
    if (&layout == hazards) continue;
    EXPECT_THAT(layout.natural_key, ::testing::IsEmpty()) << layout.file;
    EXPECT_TRUE(layout.Find(layout.key_column)->required) << layout.file;
  }
}

TEST(LayoutTest, AKindWithoutAKeyGetsOneForItsFile) {
  const FileLayout* plans = FindLayout("rectification_plans.csv");
  ASSERT_NE(plans, nullptr);
  EXPECT_EQ(plans->key_column, "code");
  EXPECT_EQ(plans->Find("code")->use, ColumnUse::kFileKey);
  EXPECT_NE(plans->Find("funds_fen"), nullptr);
}

TEST(LayoutTest, ListsHaveFilesOfTheirOwn) {
  const FileLayout* items = FindLayout("checklist_items.csv");
  ASSERT_NE(items, nullptr);
  EXPECT_EQ(items->list->name(), "items");
  EXPECT_EQ(items->key_column, "checklist");
  EXPECT_THAT(Names(*items), IsSupersetOf({"code", "text", "alarm_value", "verified"}));
  EXPECT_EQ(FindLayout("assessment_points.csv")->Find("hazard")->refers_to, "hazard");
  EXPECT_EQ(FindLayout("notes.csv"), nullptr);
}

TEST(LayoutTest, EveryFileComesAfterThoseThatItRefersTo) {
  // Units and their heads name each other; hazards and orders name others of their kind.
  const std::set<std::string> later = {"head"};
  std::set<std::string> seen;
  for (const FileLayout& layout : FileLayouts()) {
    if (layout.list == nullptr) seen.insert(layout.kind->kind);
    for (const Column& column : layout.columns) {
      if (column.refers_to.empty() || later.contains(column.name)) continue;
      EXPECT_TRUE(seen.contains(column.refers_to)) << layout.file << ": " << column.name;
    }
  }
}

TEST(LayoutTest, EnumValuesLoseTheirPrefix) {
  EXPECT_EQ(EnumText(*v1::HazardStatus_descriptor()->FindValueByName("HAZARD_STATUS_VERIFIED")),
            "verified");
  EXPECT_EQ(
      EnumText(*v1::SiteType_descriptor()->FindValueByName("SITE_TYPE_CONSTRUCTION_WASTE_SITE")),
      "construction_waste_site");
}

}  // namespace
}  // namespace vigil::importer
