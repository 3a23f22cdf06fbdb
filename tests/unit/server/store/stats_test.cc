#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/schema.h"
#include "sync/sqlite/database.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/server/store/ledger_maker.h"

namespace vigil::store {
namespace {

using testing::DateOf;
using testing::GroupMaker;
using ::testing::HasSubstr;
using testing::Id;
using testing::LedgerFixture;
using ::vigil::testing::ReasonIs;

class StatsTest : public LedgerFixture {
 protected:
  std::map<std::string, v1::Figure> Figures(const v1::HazardFilter& filter) {
    auto figures = Read()->Stats(filter, today_, RecordScope::Everything());
    EXPECT_THAT(figures, ::vigil::testing::IsOk());
    std::map<std::string, v1::Figure> by_name;
    for (const v1::Figure& figure : *figures) by_name[figure.name()] = figure;
    return by_name;
  }
  std::map<std::string, std::string> Values(const v1::HazardFilter& filter) {
    std::map<std::string, std::string> values;
    for (const auto& [name, figure] : Figures(filter)) values[name] = figure.value();
    return values;
  }
};

TEST_F(StatsTest, TheFiguresCountByTheirRules) {
  const std::map<std::string, std::string> expected = {
      {"risk_sources", "2"},                                         // One is retired.
      {"hazards", "5"},                                              // One was rejected.
      {"rectified", "2"},                                            // One of them still tagged.
      {"open", "3"},         {"rate", "40.00%"},   {"tagged", "1"},  // One is only proposed.
      {"slopes", "3"},       {"transferred", "1"}, {"kept", "2"},
      {"done", "1"},         {"underway", "1"},    {"overdue", "1"},
      {"conflicts", "1"},    {"operations", "1"},  {"escalations", "0"},
  };
  EXPECT_EQ(Values({}), expected);
}

TEST_F(StatsTest, FiguresFollowTheRegister) {
  GroupMaker group{Seq(1)};
  group.Operation();
  group.Create({.id = Id(301), .kind = 23});
  group.Change({.id = Id(106), .key = "H-6"});
  VIGIL_ASSERT_OK_AND_ASSIGN(auto rejected, Read()->FindHazardProjection(Id(106)));
  // What was rejected was found to hold no longer.
  rejected->state.set_finished(false);
  group.writes().hazards.push_back(*rejected);
  VIGIL_ASSERT_OK(group.CommitTo(*store_));
  const auto values = Values({});
  EXPECT_EQ(values.at("hazards"), "6");
  EXPECT_EQ(values.at("rate"), "33.33%");
  EXPECT_EQ(values.at("escalations"), "1");
  EXPECT_EQ(values.at("operations"), "2");
}

TEST_F(StatsTest, AFilterNarrowsHazardsOrdersAndRiskSources) {
  v1::HazardFilter filter;
  filter.set_site_type(v1::SITE_TYPE_PARK_SLOPE);
  filter.set_text("it's none");
  EXPECT_EQ(Values(filter).at("hazards"), "0");
  EXPECT_EQ(Values(filter).at("rate"), "0.00%");
  filter.clear_text();
  const auto values = Values(filter);
  EXPECT_EQ(values.at("hazards"), "2");
  EXPECT_EQ(values.at("risk_sources"), "1");
  EXPECT_EQ(values.at("slopes"), "2");
  filter.set_unit("x");
  EXPECT_THAT(Read()->Stats(filter, today_, RecordScope::Everything()),
              ReasonIs("REASON_INVALID_FILTER"));
}

// Somebody who runs the query that is shown gets the figure that is shown.
TEST_F(StatsTest, EachQueryGivesItsFigureWhenItIsRunByHand) {
  v1::HazardFilter filter;
  filter.set_unit(Id(10).ToString());
  filter.set_industry_department(Id(10).ToString());
  filter.set_text("");
  *filter.mutable_found_from() = DateOf(2017, 5, 1);
  const auto figures = Figures(filter);
  EXPECT_THAT(figures.at("rectified").query(), HasSubstr("VERIFIED"));
  sqlite::OpenOptions options;
  options.mode = sqlite::OpenOptions::Mode::kReadOnly;
  options.vfs = disk_.name();
  options.application_id = kRegisterApplicationId;
  VIGIL_ASSERT_OK_AND_ASSIGN(sqlite::Database database,
                             sqlite::Database::Open("register.db", options));
  for (const auto& [name, figure] : figures) {
    VIGIL_ASSERT_OK_AND_ASSIGN(sqlite::Statement read, database.QueryText(figure.query()));
    VIGIL_ASSERT_OK_AND_ASSIGN(const bool found, read.Step());
    EXPECT_TRUE(found);
    EXPECT_EQ(read.ColumnText(0), figure.value()) << name;
  }
}

}  // namespace
}  // namespace vigil::store
