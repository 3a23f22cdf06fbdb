// Everybody sees his part of the register alone; rpc_matrix.txt has the table, here is what a table
// does not show.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/work_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/server/service/sight_fixture.h"

namespace vigil::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAreArray;

using RegisterSightTest = SightFixture;

// Whole statuses: code, text, reason and metadata.
TEST_F(RegisterSightTest, WhatIsNotToBeSeenIsAnsweredAsWhatDoesNotExist) {
  ASSERT_EQ(empty_.unit, reg_.unit);
  ASSERT_FALSE(empty_.Exists(there().hazard));
  for (const std::string& record : {there().hazard, there().order, parks_.device()}) {
    for (const std::uint64_t version : {std::uint64_t{0}, there().before_conflict}) {
      v1::GetRecordRequest get;
      get.set_record(record);
      get.set_version(version);
      const absl::Status hidden = core_.GetRecord(own_, get).status();
      EXPECT_THAT(hidden, ReasonIs("REASON_NOT_FOUND"));
      EXPECT_EQ(hidden, empty_core_.GetRecord(own_, get).status());
    }
    for (const char* token : {"", "1", "9999", "x"}) {
      v1::ListHistoryRequest history;
      history.set_record(record);
      history.set_page_token(token);
      const absl::Status hidden = core_.ListHistory(own_, history).status();
      EXPECT_FALSE(hidden.ok());
      EXPECT_EQ(hidden, empty_core_.ListHistory(own_, history).status()) << token;
    }
    for (const std::string token : {"", "x"}) {
      v1::ListRecordsRequest children;
      children.set_parent(record);
      children.set_page_token(token);
      const auto hidden = core_.ListRecords(own_, children);
      const auto absent = empty_core_.ListRecords(own_, children);
      EXPECT_EQ(hidden.status(), absent.status());
      EXPECT_EQ(hidden.ok(), token.empty());
      if (!hidden.ok()) continue;
      EXPECT_EQ(hidden->SerializeAsString(), absent->SerializeAsString());
    }
  }
  v1::GetRecordRequest by_key;
  by_key.set_kind("hazard");
  by_key.set_key(there().number);
  const absl::Status hidden = core_.GetRecord(own_, by_key).status();
  EXPECT_THAT(hidden, ReasonIs("REASON_NOT_FOUND"));
  EXPECT_EQ(hidden, empty_core_.GetRecord(own_, by_key).status());
}

TEST_F(RegisterSightTest, AUnitThatIsNotToBeSeenHasNoDigest) {
  v1::GetDigestRequest request;
  request.add_units(reg_.unit);
  VIGIL_EXPECT_OK(core_.GetDigest(own_, request));
  request.add_units(reg_.other_unit);
  const absl::Status hidden = core_.GetDigest(own_, request).status();
  EXPECT_THAT(hidden, ReasonIs("REASON_NOT_FOUND"));
  const std::string none = reg_.NewId();
  request.set_units(1, none);
  EXPECT_EQ(core_.GetDigest(own_, request).status(), service::NoSuchRecord(none));
  EXPECT_EQ(hidden, service::NoSuchRecord(reg_.other_unit));
}

TEST_F(RegisterSightTest, WithoutUnitsADigestIsThatOfTheCallersOwn) {
  v1::GetDigestRequest units;
  units.add_units(reg_.unit);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetDigestResponse of_unit, core_.GetDigest(office_, units));
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetDigestResponse own,
                             core_.GetDigest(own_, v1::GetDigestRequest()));
  EXPECT_EQ(own.SerializeAsString(), of_unit.SerializeAsString());
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetDigestResponse all,
                             core_.GetDigest(everywhere_, v1::GetDigestRequest()));
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetDigestResponse shared,
                             core_.GetDigest(nobody_, v1::GetDigestRequest()));
  EXPECT_GT(all.records(), own.records());
  EXPECT_GT(own.records(), shared.records());
  EXPECT_GT(shared.records(), 0U) << "units and persons are everybody's";
}

TEST_F(RegisterSightTest, FiguresCountWhatTheCallerSees) {
  const auto own = Figures(own_);
  EXPECT_EQ(own.at("hazards"), "1");
  EXPECT_EQ(own.at("risk_sources"), "1");
  EXPECT_EQ(own.at("open"), "1");
  EXPECT_EQ(own.at("conflicts"), "1");
  EXPECT_EQ(own.at("escalations"), "1");
  EXPECT_FALSE(own.contains("operations"));
  const auto above = Figures(above_);
  EXPECT_EQ(above.at("hazards"), "2");
  EXPECT_EQ(above.at("conflicts"), "2");
  EXPECT_EQ(above.at("escalations"), "2");
  EXPECT_FALSE(above.contains("operations"));
  const auto none = Figures(nobody_);
  for (const char* name : {"hazards", "risk_sources", "conflicts", "escalations"}) {
    EXPECT_EQ(none.at(name), "0") << name;
  }
  EXPECT_EQ(Figures(everywhere_), Figures(office_));
  EXPECT_EQ(Figures(office_).at("operations"), std::to_string(reg_.Head().seq.value()));
}

// What the office alone may see is in no count of somebody else's, wherever his role holds.
TEST_F(RegisterSightTest, AConflictOverADeviceIsTheOfficesAlone) {
  const rules::Author administrator = parks_.Caller(v1::ROLE_ADMINISTRATOR, "");
  v1::Operation first = parks_.Begin(administrator, {parks_.device()});
  first.mutable_edit_record()->set_record(parks_.device());
  first.mutable_edit_record()->mutable_entity()->mutable_device()->set_label("phone 7");
  first.mutable_edit_record()->mutable_update_mask()->add_paths("label");
  v1::Operation second = first;
  second.set_id(reg_.NewId());
  second.mutable_edit_record()->mutable_entity()->mutable_device()->set_label("phone 8");
  VIGIL_ASSERT_OK(Submit(administrator, first));
  VIGIL_ASSERT_OK(Submit(administrator, second));
  EXPECT_EQ(Figures(office_).at("conflicts"), "3");
  EXPECT_EQ(Figures(everywhere_).at("conflicts"), "2");
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListConflictsResponse all,
                             core_.ListConflicts(office_, v1::ListConflictsRequest()));
  EXPECT_THAT(all.conflicts(), SizeIs(3));
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListConflictsResponse scoped,
                             core_.ListConflicts(everywhere_, v1::ListConflictsRequest()));
  EXPECT_THAT(scoped.conflicts(), SizeIs(2));
}

// Asks for all pages of two; each but the last is full. Gives the ids, and every token.
template <typename Request, typename Ask>
std::vector<std::string> AllPages(Request request, const Ask& ask, std::string& tokens) {
  std::vector<std::string> ids;
  request.set_page_size(2);
  do {
    std::vector<std::string> page;
    std::string next;
    ask(request, page, next);
    EXPECT_TRUE(next.empty() || page.size() == 2) << "a page came back short";
    EXPECT_TRUE(!page.empty() || request.page_token().empty()) << "a page that was not there";
    ids.insert(ids.end(), page.begin(), page.end());
    tokens += next + " ";
    request.set_page_token(next);
  } while (!request.page_token().empty());
  return ids;
}

class SightPagesTest : public RegisterSightTest {
 protected:
  // Five hazards more, by turns in both parks, each with an order.
  SightPagesTest() {
    here_ = {here().hazard};
    there_ = {there().hazard};
    here_orders_ = {here().order};
    for (int i = 0; i < 5; ++i) {
      const TwoParks::Park& park = i % 2 == 0 ? here() : there();
      const TwoParks::Park more = parks_.AddHazard(park.unit, park.risk_source);
      (i % 2 == 0 ? here_ : there_).push_back(more.hazard);
      if (i % 2 == 0) here_orders_.push_back(more.order);
    }
  }

  void ExpectNothingOf(const std::vector<std::string>& ids, const std::string& tokens) {
    for (const std::string& id : ids) {
      std::string hex = id;
      hex.erase(std::remove(hex.begin(), hex.end(), '-'), hex.end());
      EXPECT_THAT(tokens, Not(HasSubstr(hex)));
    }
  }

  std::vector<std::string> here_, there_, here_orders_;
};

TEST_F(SightPagesTest, TheLedgersPagesAndTotalsAreThoseOfTheCallersPart) {
  for (const char* order : {"number", "number desc", "found_at", "status"}) {
    std::string tokens;
    v1::ListHazardsRequest request;
    request.set_order_by(order);
    const auto ids = AllPages(
        request,
        [&](const v1::ListHazardsRequest& page, std::vector<std::string>& found,
            std::string& next) {
          VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListHazardsResponse response,
                                     core_.ListHazards(own_, page));
          EXPECT_EQ(response.total_size(), 4);
          for (const v1::HazardRow& row : response.hazards()) found.push_back(row.record());
          next = response.next_page_token();
        },
        tokens);
    EXPECT_THAT(ids, UnorderedElementsAreArray(here_)) << order;
    ExpectNothingOf(there_, tokens);
  }
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListHazardsResponse all,
                             core_.ListHazards(above_, v1::ListHazardsRequest()));
  EXPECT_EQ(all.total_size(), 7);
  v1::ListHazardsRequest elsewhere;
  elsewhere.mutable_filter()->set_unit(reg_.other_unit);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListHazardsResponse none,
                             core_.ListHazards(own_, elsewhere));
  EXPECT_EQ(none.total_size(), 0);
}

TEST_F(SightPagesTest, OrdersRecordsAndEscalationsToo) {
  std::string tokens;
  EXPECT_THAT(AllPages(
                  v1::ListOrdersRequest(),
                  [&](const v1::ListOrdersRequest& page, std::vector<std::string>& found,
                      std::string& next) {
                    VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListOrdersResponse response,
                                               core_.ListOrders(own_, page));
                    EXPECT_EQ(response.total_size(), 4);
                    for (const v1::OrderRow& row : response.orders()) {
                      found.push_back(row.record());
                    }
                    next = response.next_page_token();
                  },
                  tokens),
              UnorderedElementsAreArray(here_orders_));
  v1::ListRecordsRequest records;
  records.set_kind("hazard");
  EXPECT_THAT(AllPages(
                  records,
                  [&](const v1::ListRecordsRequest& page, std::vector<std::string>& found,
                      std::string& next) {
                    VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListRecordsResponse response,
                                               core_.ListRecords(own_, page));
                    for (const v1::Record& record : response.records()) {
                      found.push_back(record.id());
                    }
                    next = response.next_page_token();
                  },
                  tokens),
              UnorderedElementsAreArray(here_));
  ExpectNothingOf(there_, tokens);
  ExpectNothingOf({there().order}, tokens);
  v1::ListEscalationsRequest escalations;
  escalations.set_page_size(1);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListEscalationsResponse fired,
                             core_.ListEscalations(own_, escalations));
  ASSERT_THAT(fired.escalations(), SizeIs(1));
  EXPECT_EQ(fired.escalations(0).record(), here().escalation);
  EXPECT_THAT(fired.next_page_token(), IsEmpty());
  v1::ListConflictsRequest conflicts;
  conflicts.set_page_size(1);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListConflictsResponse conflict,
                             core_.ListConflicts(own_, conflicts));
  ASSERT_THAT(conflict.conflicts(), SizeIs(1));
  EXPECT_EQ(conflict.conflicts(0).record(), here().hazard);
  EXPECT_THAT(conflict.next_page_token(), IsEmpty());
  EXPECT_THAT(conflict.SerializeAsString(), Not(HasSubstr(there().descriptions[0])));
}

TEST_F(RegisterSightTest, AHistorysLastPageSaysThatItIsTheLast) {
  v1::ListHistoryRequest request;
  request.set_record(here().hazard);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListHistoryResponse all, core_.ListHistory(own_, request));
  request.set_page_size(all.entries_size());
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListHistoryResponse page, core_.ListHistory(own_, request));
  EXPECT_THAT(page.entries(), SizeIs(all.entries_size()));
  EXPECT_THAT(page.next_page_token(), IsEmpty());
}

TEST_F(RegisterSightTest, AVersionIsJudgedByTheUnitThatTheRecordHasNow) {
  const std::uint64_t before = reg_.Find(here().hazard).version();
  const rules::Author other = parks_.Caller(v1::ROLE_INSPECTOR, reg_.other_unit);
  EXPECT_THAT(Get(other, here().hazard, before), ReasonIs("REASON_NOT_FOUND"));
  Move(here().hazard, reg_.other_unit);
  for (const std::uint64_t version : {std::uint64_t{0}, before}) {
    EXPECT_THAT(Get(own_, here().hazard, version), ReasonIs("REASON_NOT_FOUND"));
    EXPECT_THAT(Get(own_, here().order, version), ReasonIs("REASON_NOT_FOUND"));
    VIGIL_EXPECT_OK(Get(other, here().hazard, version));
    VIGIL_EXPECT_OK(Get(other, here().order, version));
  }
}

// A hazard that one verifies while others, who had seen it submitted, report that it is there
// again.
TEST_F(RegisterSightTest, OfTwoRecordsWithOneKeyTheOneThatIsSeenIsFound) {
  const std::string second = reg_.NewId();
  reg_.AddRiskSource(second, "RS-0002", reg_.unit);
  v1::GetRecordRequest request;
  request.set_kind("risk_source");
  request.set_key("RS-0002");
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetRecordResponse own, core_.GetRecord(own_, request));
  EXPECT_EQ(own.record().id(), second);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetRecordResponse first, core_.GetRecord(office_, request));
  EXPECT_EQ(first.record().id(), reg_.other_risk_source);
}

TEST_F(SightPagesTest, WhatEscalatesNextIsOfTheCallersPart) {
  const std::string hazard = reg_.ConfirmedHazard(rules::ToDate(absl::CivilDay(2017, 9, 1)));
  const auto steps_of = [&](const rules::Author& caller) {
    std::vector<std::string> items;
    const auto response = core_.ListEscalationSteps(caller, v1::ListEscalationStepsRequest());
    EXPECT_THAT(response, IsOk());
    for (const v1::EscalationStepRow& row : response->steps()) items.push_back(row.item());
    return items;
  };
  EXPECT_THAT(steps_of(own_), ::testing::Contains(hazard));
  EXPECT_THAT(steps_of(above_), ::testing::Contains(hazard));
  EXPECT_THAT(steps_of(parks_.Caller(v1::ROLE_INSPECTOR, reg_.other_unit)),
              Not(::testing::Contains(hazard)));
  EXPECT_THAT(steps_of(nobody_), ::testing::IsEmpty());
}

TEST_F(SightPagesTest, InspectionsAreInTheOrderOfTheirDaysPageByPage) {
  std::vector<std::string> mine = {here().risk_source};
  for (int i = 0; i < 4; ++i) {
    mine.push_back(reg_.NewId());
    reg_.AddRiskSource(mine.back(), absl::StrCat("RS-1", i), reg_.unit);
    reg_.AddRiskSource(reg_.NewId(), absl::StrCat("RS-2", i), reg_.other_unit);
    reg_.executor().RunFor(absl::Hours(24));
  }
  std::string tokens;
  const auto found = AllPages(
      v1::ListInspectionsDueRequest(),
      [&](const v1::ListInspectionsDueRequest& page, std::vector<std::string>& ids,
          std::string& next) {
        VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListInspectionsDueResponse response,
                                   core_.ListInspectionsDue(own_, page));
        EXPECT_EQ(response.total_size(), 5);
        for (const v1::InspectionDueRow& row : response.inspections()) {
          EXPECT_FALSE(row.overdue());
          ids.push_back(row.record());
        }
        next = response.next_page_token();
      },
      tokens);
  EXPECT_THAT(found, UnorderedElementsAreArray(mine));
  EXPECT_EQ(found.back(), mine.back()) << "made last";
  v1::ListInspectionsDueRequest until;
  *until.mutable_until() = rules::ToDate(DayAt(reg_.executor().Now(), reg_.target().zone()) + 27);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListInspectionsDueResponse some,
                             core_.ListInspectionsDue(own_, until));
  EXPECT_EQ(some.total_size(), 3);
  reg_.executor().RunFor(absl::Hours(24 * 60));
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListInspectionsDueResponse late,
                             core_.ListInspectionsDue(own_, v1::ListInspectionsDueRequest()));
  EXPECT_TRUE(late.inspections(0).overdue());
}

}  // namespace
}  // namespace vigil::testing
