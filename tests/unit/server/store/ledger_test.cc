#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/ledger_query.h"
#include "server/store/sqlite_store.h"
#include "sync/rules/derive.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/server/store/ledger_maker.h"
#include "tests/unit/server/store/store_maker.h"

namespace vigil::store {
namespace {

using testing::DateOf;
using ::testing::ElementsAre;
using testing::Id;
using ::testing::IsEmpty;
using testing::LedgerFixture;
using ::vigil::testing::ReasonIs;

using LedgerTest = LedgerFixture;

TEST_F(LedgerTest, ARowHoldsWhatTheLedgerShows) {
  const LedgerPage page = Page({});
  ASSERT_EQ(page.rows.size(), 6U);
  EXPECT_EQ(page.total, 6);
  const v1::HazardRow& row = page.rows[0];
  EXPECT_EQ(row.record(), Id(101).ToString());
  EXPECT_EQ(row.version(), 1U);
  EXPECT_EQ(row.number(), "H-1");
  EXPECT_EQ(row.risk_source(), Id(31).ToString());
  EXPECT_EQ(row.risk_source_code(), "RS-1");
  EXPECT_EQ(row.risk_source_name(), "下坪填埋场");
  EXPECT_EQ(row.description(), "100% full_drain");
  EXPECT_EQ(row.state().status(), v1::HAZARD_STATUS_REPORTED);
  EXPECT_EQ(row.found_at().seconds(), absl::ToUnixSeconds(FoundAt(1)));
  EXPECT_EQ(row.responsible_unit(), Id(12).ToString());
  EXPECT_EQ(row.responsible_unit_name(), "Site");
  EXPECT_EQ(row.origin(), v1::HAZARD_ORIGIN_INSPECTION);
  EXPECT_EQ(row.site_type(), v1::SITE_TYPE_LANDFILL);
  EXPECT_FALSE(row.overdue());
}

TEST_F(LedgerTest, EveryFilterKeepsWhatItSays) {
  v1::HazardFilter filter;
  filter.add_statuses(v1::HAZARD_STATUS_REPORTED);
  filter.add_statuses(v1::HAZARD_STATUS_VERIFIED);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-1", "H-4", "H-5"));
  filter.Clear();
  filter.set_grade(v1::HAZARD_GRADE_MAJOR);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-3", "H-4"));
  filter.Clear();
  filter.set_tagged(v1::TRI_STATE_YES);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-3", "H-4"));
  filter.set_tagged(v1::TRI_STATE_NO);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-1", "H-2", "H-5", "H-6"));
  filter.Clear();
  filter.set_finished(v1::TRI_STATE_YES);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-5", "H-6"));
  filter.Clear();
  filter.set_in_conflict(v1::TRI_STATE_YES);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-2"));
  filter.Clear();
  filter.set_site_type(v1::SITE_TYPE_PARK_SLOPE);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-3", "H-4"));
  filter.Clear();
  filter.set_origin(v1::HAZARD_ORIGIN_BULLETIN);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-6"));
  filter.Clear();
  filter.set_risk_source(Id(31).ToString());
  EXPECT_THAT(Numbers(filter), ElementsAre("H-1", "H-2", "H-5"));
}

TEST_F(LedgerTest, OverdueIsWhatTheRulesCallOverdue) {
  // Due 2017-07-29: H-4 (verified, still tagged); 2017-07-30: H-2 (open), H-5 (finished);
  // 2017-07-31: H-3; none: H-1, H-6.
  v1::HazardFilter filter;
  filter.set_overdue(v1::TRI_STATE_YES);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-2"));
  today_ = DateOf(2017, 8, 1);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-2", "H-3"));
  filter.set_overdue(v1::TRI_STATE_NO);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-1", "H-4", "H-5", "H-6"));
  for (const v1::HazardRow& row : Page({}).rows) {
    EXPECT_EQ(row.overdue(), rules::IsOverdue(row.state(), today_)) << row.number();
  }
}

TEST_F(LedgerTest, UnitsCountWithWhatIsBelowThem) {
  v1::HazardFilter filter;
  filter.set_unit(Id(11).ToString());
  EXPECT_THAT(Numbers(filter), ElementsAre("H-1", "H-2", "H-3"));
  filter.set_unit(Id(12).ToString());
  EXPECT_THAT(Numbers(filter), ElementsAre("H-1"));
  filter.Clear();
  filter.set_district(Id(21).ToString());
  EXPECT_THAT(Numbers(filter), ElementsAre("H-3", "H-4"));
  filter.Clear();
  filter.set_industry_department(Id(10).ToString());
  EXPECT_THAT(Numbers(filter), ElementsAre("H-1", "H-2", "H-3", "H-4", "H-5"));
  filter.set_unit(Id(999).ToString());
  EXPECT_THAT(Numbers(filter), IsEmpty());
}

TEST_F(LedgerTest, TextIsFoundAsItStandsInNumberDescriptionAndName) {
  const auto with = [this](const std::string& text) {
    v1::HazardFilter filter;
    filter.set_text(text);
    return Numbers(filter);
  };
  EXPECT_THAT(with("H-4"), ElementsAre("H-4"));
  EXPECT_THAT(with("填埋"), ElementsAre("H-1", "H-2", "H-5"));
  EXPECT_THAT(with("裂缝"), ElementsAre("H-3"));
  // Nothing in it is a pattern or SQL.
  EXPECT_THAT(with("100% f"), ElementsAre("H-1"));
  EXPECT_THAT(with("1__"), IsEmpty());
  EXPECT_THAT(with("full_d"), ElementsAre("H-1"));
  EXPECT_THAT(with("fullxd"), IsEmpty());
  EXPECT_THAT(with("it's"), ElementsAre("H-2"));
  EXPECT_THAT(with("a\\b"), ElementsAre("H-2"));
  EXPECT_THAT(with("' OR 1 --"), IsEmpty());
  EXPECT_THAT(with("'"), ElementsAre("H-2"));
}

TEST_F(LedgerTest, DaysAreThoseOfTheRegistersZone) {
  // Found at 16:30 UTC of days 1, 2, ...: half past midnight of the next day in the zone.
  v1::HazardFilter filter;
  *filter.mutable_found_from() = DateOf(2017, 5, 3);
  *filter.mutable_found_to() = DateOf(2017, 5, 4);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-2", "H-3"));
  filter.Clear();
  *filter.mutable_due_from() = DateOf(2017, 7, 31);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-3"));
  filter.Clear();
  *filter.mutable_due_to() = DateOf(2017, 7, 30);
  EXPECT_THAT(Numbers(filter), ElementsAre("H-2", "H-4", "H-5"));
}

TEST_F(LedgerTest, ABadFilterOrOrderIsNamed) {
  const auto refused = [this](const v1::ListHazardsRequest& request) {
    const absl::Status status =
        Read()->Hazards(request, today_, RecordScope::Everything()).status();
    EXPECT_THAT(status, ReasonIs("REASON_INVALID_FILTER"));
    return MetadataValueOf(status, "field").value_or("");
  };
  v1::ListHazardsRequest request;
  request.mutable_filter()->set_unit("not an id");
  EXPECT_EQ(refused(request), "unit");
  request.Clear();
  request.mutable_filter()->add_statuses(static_cast<v1::HazardStatus>(77));
  EXPECT_EQ(refused(request), "statuses");
  request.Clear();
  request.mutable_filter()->set_grade(static_cast<v1::HazardGrade>(77));
  EXPECT_EQ(refused(request), "grade");
  request.Clear();
  request.mutable_filter()->set_tagged(static_cast<v1::TriState>(77));
  EXPECT_EQ(refused(request), "tagged");
  request.Clear();
  *request.mutable_filter()->mutable_due_to() = DateOf(2017, 2, 29);
  EXPECT_EQ(refused(request), "due_to");
  request.Clear();
  *request.mutable_filter()->mutable_found_from() = DateOf(1800, 1, 1);
  EXPECT_EQ(refused(request), "found_from");
  request.Clear();
  request.mutable_filter()->set_text(std::string(401, 'x'));
  EXPECT_EQ(refused(request), "text");
  request.Clear();
  request.set_order_by("number; DROP TABLE hazard");
  EXPECT_EQ(refused(request), "order_by");
  request.set_order_by(" desc");
  EXPECT_EQ(refused(request), "order_by");
}

TEST_F(LedgerTest, EveryOrderIsPagedWithoutLossOrRepeat) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> orders = {
      {"number", {"H-1", "H-2", "H-3", "H-4", "H-5", "H-6"}},
      {"number desc", {"H-6", "H-5", "H-4", "H-3", "H-2", "H-1"}},
      {"due_date", {"H-4", "H-2", "H-5", "H-3", "H-1", "H-6"}},
      {"due_date desc", {"H-6", "H-1", "H-3", "H-5", "H-2", "H-4"}},
      {"found_at", {"H-1", "H-2", "H-3", "H-4", "H-5", "H-6"}},
      {"found_at desc", {"H-6", "H-5", "H-4", "H-3", "H-2", "H-1"}},
      {"grade", {"H-1", "H-2", "H-5", "H-6", "H-3", "H-4"}},
      {"grade desc", {"H-4", "H-3", "H-6", "H-5", "H-2", "H-1"}},
      // The furthest from closed last.
      {"status", {"H-6", "H-4", "H-5", "H-3", "H-2", "H-1"}},
      {"status desc", {"H-1", "H-2", "H-3", "H-5", "H-4", "H-6"}},
  };
  for (const auto& [order_by, expected] : orders) {
    for (int page_size = 1; page_size <= 7; ++page_size) {
      std::vector<std::string> numbers;
      v1::ListHazardsRequest request;
      request.set_order_by(order_by);
      request.set_page_size(page_size);
      do {
        VIGIL_ASSERT_OK_AND_ASSIGN(const LedgerPage page,
                                   Read()->Hazards(request, today_, RecordScope::Everything()));
        EXPECT_EQ(page.total, 6);
        EXPECT_LE(static_cast<int>(page.rows.size()), page_size);
        for (const v1::HazardRow& row : page.rows) numbers.push_back(row.number());
        request.set_page_token(page.next_page_token);
      } while (!request.page_token().empty());
      EXPECT_EQ(numbers, expected) << order_by << ", pages of " << page_size;
    }
  }
}

TEST_F(LedgerTest, ATokenOfAnotherQueryIsRefused) {
  v1::ListHazardsRequest request;
  request.set_page_size(2);
  VIGIL_ASSERT_OK_AND_ASSIGN(const LedgerPage page,
                             Read()->Hazards(request, today_, RecordScope::Everything()));
  request.set_page_token(page.next_page_token);
  // Another page size is the same query.
  request.set_page_size(1);
  EXPECT_EQ(Read()->Hazards(request, today_, RecordScope::Everything())->rows[0].number(), "H-3");
  request.set_order_by("number desc");
  EXPECT_THAT(Read()->Hazards(request, today_, RecordScope::Everything()),
              ReasonIs("REASON_INVALID_PAGE_TOKEN"));
  request.set_order_by("grade");
  EXPECT_THAT(Read()->Hazards(request, today_, RecordScope::Everything()),
              ReasonIs("REASON_INVALID_PAGE_TOKEN"));
  request.clear_order_by();
  request.mutable_filter()->set_tagged(v1::TRI_STATE_YES);
  EXPECT_THAT(Read()->Hazards(request, today_, RecordScope::Everything()),
              ReasonIs("REASON_INVALID_PAGE_TOKEN"));
}

TEST_F(LedgerTest, OrdersAreFilteredAndPaged) {
  v1::ListOrdersRequest request;
  VIGIL_ASSERT_OK_AND_ASSIGN(const OrderPage all,
                             Read()->Orders(request, RecordScope::Everything()));
  ASSERT_EQ(all.rows.size(), 5U);
  EXPECT_EQ(all.total, 5);
  const v1::OrderRow& row = all.rows[0];
  EXPECT_EQ(row.record(), Id(201).ToString());
  EXPECT_EQ(row.version(), 1U);
  EXPECT_EQ(row.number(), "字〔2017〕1");
  EXPECT_EQ(row.hazard(), Id(103).ToString());
  EXPECT_EQ(row.hazard_number(), "H-3");
  EXPECT_EQ(row.hazard_description(), "坝体裂缝");
  EXPECT_EQ(row.status(), v1::ORDER_STATUS_IN_PROGRESS);
  EXPECT_EQ(row.level(), v1::SUPERVISION_LEVEL_CITY);
  EXPECT_EQ(row.due_date().day(), 30);
  EXPECT_EQ(row.ledger(), "hazards");
  EXPECT_TRUE(row.tag_in_doubt());
  EXPECT_EQ(row.hazard_status(), v1::HAZARD_STATUS_RECTIFYING);
  EXPECT_EQ(row.responsible_unit_name(), "Slope");

  request.set_ledger("park-slopes");
  EXPECT_EQ(Read()->Orders(request, RecordScope::Everything())->total, 3);
  request.add_statuses(v1::ORDER_STATUS_LIFTED);
  EXPECT_EQ(Read()->Orders(request, RecordScope::Everything())->total, 1);
  request.Clear();
  request.set_hazard(Id(103).ToString());
  EXPECT_EQ(Read()->Orders(request, RecordScope::Everything())->total, 1);
  request.set_hazard("x");
  EXPECT_THAT(Read()->Orders(request, RecordScope::Everything()),
              ReasonIs("REASON_INVALID_FILTER"));
  request.Clear();
  request.set_ledger("it's none");
  EXPECT_EQ(Read()->Orders(request, RecordScope::Everything())->total, 0);
  request.Clear();
  request.set_page_size(2);
  std::vector<std::string> numbers;
  do {
    VIGIL_ASSERT_OK_AND_ASSIGN(const OrderPage page,
                               Read()->Orders(request, RecordScope::Everything()));
    for (const v1::OrderRow& order : page.rows) numbers.push_back(order.number());
    request.set_page_token(page.next_page_token);
  } while (!request.page_token().empty());
  EXPECT_EQ(numbers.size(), 5U);
  EXPECT_EQ(std::set<std::string>(numbers.begin(), numbers.end()).size(), 5U);
}

}  // namespace
}  // namespace vigil::store
