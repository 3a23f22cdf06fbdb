#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/service/register_core.h"
#include "sync/base/time.h"
#include "sync/rules/work_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "tests/unit/server/service/sight_fixture.h"

// The register as of a day that is over: against what it answered on that day.

namespace vigil::testing {
namespace {

using ::testing::IsEmpty;

// What the ordinary queries say at one moment.
struct Answers {
  std::vector<std::string> hazards;
  std::vector<std::string> overdue;
  std::vector<std::string> orders;
  std::vector<std::string> figures;
  // By record; empty for one that is not there.
  std::map<std::string, std::string> records;

  friend bool operator==(const Answers&, const Answers&) = default;
};

class AsOfTest : public ::testing::Test {
 protected:
  AsOfTest()
      : core_(reg_.target(), "Asia/Shanghai"),
        office_(reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau)),
        inspector_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.department)) {
    // Sees everything.
    office_.author.roles[0].clear_unit();
  }

  Answers Ask(std::optional<v1::Date> as_of) {
    Answers answers;
    v1::ListHazardsRequest ledger;
    ledger.set_page_size(3);
    v1::GetStatsRequest stats;
    v1::ListOrdersRequest orders;
    if (as_of) {
      *ledger.mutable_as_of() = *as_of;
      *stats.mutable_as_of() = *as_of;
      *orders.mutable_as_of() = *as_of;
    }
    answers.hazards = AllOf(ledger);
    ledger.mutable_filter()->set_overdue(v1::TRI_STATE_YES);
    ledger.clear_page_token();
    answers.overdue = AllOf(ledger);
    const auto listed = core_.ListOrders(office_.author, orders);
    EXPECT_TRUE(listed.ok()) << listed.status();
    for (const v1::OrderRow& row : listed->orders()) {
      answers.orders.push_back(row.ShortDebugString());
    }
    const auto figures = core_.GetStats(office_.author, stats);
    EXPECT_TRUE(figures.ok()) << figures.status();
    for (const v1::Figure& figure : figures->figures()) {
      answers.figures.push_back(figure.ShortDebugString());
    }
    for (const std::string& hazard : hazards_) {
      v1::GetRecordRequest request;
      request.set_record(hazard);
      if (as_of) *request.mutable_as_of() = *as_of;
      const auto found = core_.GetRecord(office_.author, request);
      answers.records[hazard] = found.ok() ? found->ShortDebugString() : "";
    }
    return answers;
  }

  std::vector<std::string> AllOf(v1::ListHazardsRequest request) {
    std::vector<std::string> rows;
    do {
      const auto page = core_.ListHazards(office_.author, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return rows;
      for (const v1::HazardRow& row : page->hazards()) rows.push_back(row.ShortDebugString());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return rows;
  }

  void Report() {
    v1::Operation operation = reg_.Begin(inspector_);
    v1::ReportHazard& command = *operation.mutable_report_hazard();
    command.set_hazard_id(reg_.NewId());
    v1::Hazard& hazard = *command.mutable_hazard();
    hazard.set_risk_source(reg_.risk_source);
    hazard.set_description("found");
    *hazard.mutable_found_at() = operation.made_at();
    ASSERT_EQ(reg_.Submit(inspector_, operation).verdict(), v1::VERDICT_APPLIED);
    Keep(command.hazard_id());
  }
  void Confirmed(int days_until_due) {
    Keep(reg_.ConfirmedHazard(rules::ToDate(Today() + days_until_due)));
  }
  void Keep(const std::string& hazard) {
    hazards_.push_back(hazard);
    made_at_[hazard] = reg_.Find(hazard).version();
  }

  // Of the office, with what it has seen; some fields are in conflict afterwards.
  void Edit(const std::string& record, const v1::Entity& entity, std::string_view field,
            std::uint64_t seen) {
    v1::Operation operation = reg_.Begin(office_);
    v1::Seen& base = *operation.add_seen();
    base.set_record(record);
    base.set_version(seen);
    operation.mutable_edit_record()->set_record(record);
    *operation.mutable_edit_record()->mutable_entity() = entity;
    operation.mutable_edit_record()->mutable_update_mask()->add_paths(std::string(field));
    reg_.Submit(office_, operation);
  }

  void Propose(const std::string& hazard) {
    v1::Operation operation = reg_.Begin(office_);
    reg_.See(operation, {hazard});
    v1::ProposeSupervision& command = *operation.mutable_propose_supervision();
    command.set_order_id(reg_.NewId());
    command.set_hazard(hazard);
    command.set_level(v1::SUPERVISION_LEVEL_CITY);
    command.set_reason("grave");
    reg_.Submit(office_, operation);
  }

  void Merge(const std::string& hazard, const std::string& into) {
    v1::Operation operation = reg_.Begin(office_);
    reg_.See(operation, {hazard, into});
    operation.mutable_merge_hazard()->set_hazard(hazard);
    operation.mutable_merge_hazard()->set_into(into);
    reg_.Submit(office_, operation);
  }

  // One of the things that happen, whatever becomes of it.
  void DoSomething(std::mt19937& random) {
    // Few of them, so that much happens to each.
    const std::string hazard = hazards_[random() % std::min<std::size_t>(hazards_.size(), 4)];
    const std::uint64_t now = reg_.Find(hazard).version();
    // Some have not seen what has happened since it was made.
    const std::uint64_t seen = random() % 2 == 0 ? made_at_[hazard] : now;
    v1::Entity entity;
    switch (random() % 8) {
      case 0:
        return Report();
      case 1:
        return Confirmed(3);
      case 2:
        entity.mutable_hazard()->set_description("words " + std::to_string(random() % 100));
        return Edit(hazard, entity, "description", seen);
      case 3:
        *entity.mutable_hazard()->mutable_due_date() = rules::ToDate(Today() + random() % 5);
        return Edit(hazard, entity, "due_date", seen);
      case 4:
        entity.mutable_hazard()->set_responsible_unit(random() % 2 == 0 ? reg_.unit
                                                                        : reg_.other_unit);
        return Edit(hazard, entity, "responsible_unit", now);
      case 5:
        return Merge(hazard, hazards_[random() % hazards_.size()]);
      case 6:
        return Propose(hazard);
      default:
        // The hazards without a unit of their own move with it.
        entity.mutable_risk_source()->set_responsible_unit(random() % 2 == 0 ? reg_.unit
                                                                             : reg_.other_unit);
        return Edit(reg_.risk_source, entity, "responsible_unit",
                    reg_.Find(reg_.risk_source).version());
    }
  }

  absl::CivilDay Today() { return rules::ToDay(reg_.target().Today()); }
  void GoToTheEndOf(absl::CivilDay day) {
    reg_.executor().RunUntil(StartOfDay(day + 1, reg_.target().zone()) - absl::Microseconds(1));
  }

  TestRegister reg_;
  service::RegisterCore core_;
  Actor office_;
  Actor inspector_;
  std::vector<std::string> hazards_;
  // Versions by record.
  std::map<std::string, std::uint64_t> made_at_;
};

TEST_F(AsOfTest, EachDayIsAnsweredAsItWasWhenItEnded) {
  std::mt19937 random(7);
  Confirmed(2);
  std::map<absl::CivilDay, Answers> noted;
  std::set<std::vector<std::string>> ledgers;
  for (int i = 0; i < 12; ++i) {
    const absl::CivilDay day = Today();
    for (unsigned steps = random() % 16; steps > 0; --steps) {
      reg_.executor().RunFor(absl::Minutes(7));
      DoSomething(random);
    }
    GoToTheEndOf(day);
    noted[day] = Ask(std::nullopt);
    ledgers.insert(noted[day].hazards);
    ASSERT_EQ(Today(), day);
    reg_.executor().RunFor(absl::Microseconds(1));
    ASSERT_EQ(Today(), day + 1);
    DoSomething(random);
  }
  ASSERT_GT(ledgers.size(), 8U);
  std::size_t overdue = 0;
  std::size_t in_conflict = 0;
  // In no order, and some of them again: whichever copies are kept.
  for (int turn = 0; turn < 2; ++turn) {
    for (const auto& [day, then] : noted) {
      const Answers now = Ask(rules::ToDate(day));
      EXPECT_EQ(now.hazards, then.hazards) << FormatDay(day);
      EXPECT_EQ(now.overdue, then.overdue) << FormatDay(day);
      EXPECT_EQ(now.orders, then.orders) << FormatDay(day);
      EXPECT_EQ(now.figures, then.figures) << FormatDay(day);
      for (const auto& [record, text] : then.records) {
        EXPECT_EQ(now.records.at(record), text) << FormatDay(day);
      }
      overdue += then.overdue.size();
      for (const std::string& row : then.hazards) {
        if (row.find("conflicts:") != std::string::npos) ++in_conflict;
      }
    }
  }
  // It was about something.
  EXPECT_GT(overdue, 0U);
  EXPECT_GT(in_conflict, 0U);
}

TEST_F(AsOfTest, BeforeItsFirstOperationTheRegisterIsEmptyAndADayToComeIsNone) {
  Confirmed(2);
  const Answers before = Ask(rules::ToDate(Today() - 2));
  EXPECT_THAT(before.hazards, IsEmpty());
  EXPECT_EQ(before.records.at(hazards_[0]), "");
  for (const std::string& figure : before.figures) {
    if (figure.find("\"rate\"") != std::string::npos) continue;
    EXPECT_NE(figure.find("value: \"0\""), std::string::npos) << figure;
  }
  EXPECT_EQ(Ask(rules::ToDate(Today())), Ask(std::nullopt));
  v1::GetStatsRequest stats;
  *stats.mutable_as_of() = rules::ToDate(Today() + 1);
  EXPECT_THAT(core_.GetStats(office_.author, stats), ReasonIs("REASON_INVALID_DATE"));
  stats.mutable_as_of()->set_month(13);
  EXPECT_THAT(core_.GetStats(office_.author, stats), ReasonIs("REASON_INVALID_DATE"));
  v1::GetRecordRequest record;
  record.set_record(hazards_[0]);
  record.set_version(1);
  *record.mutable_as_of() = rules::ToDate(Today());
  EXPECT_THAT(core_.GetRecord(office_.author, record), ReasonIs("REASON_INVALID_VALUE"));
  record.clear_version();
  *record.mutable_as_of() = rules::ToDate(Today() - 2);
  EXPECT_THAT(core_.GetRecord(office_.author, record), ReasonIs("REASON_NOT_FOUND"));
}

TEST_F(AsOfTest, APageTokenOfAnotherDayIsRefused) {
  for (int i = 0; i < 3; ++i) Confirmed(2);
  const absl::CivilDay day = Today();
  GoToTheEndOf(day + 2);
  v1::ListHazardsRequest request;
  request.set_page_size(1);
  *request.mutable_as_of() = rules::ToDate(day);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ListHazardsResponse page,
                             core_.ListHazards(office_.author, request));
  EXPECT_EQ(page.total_size(), 3);
  request.set_page_token(page.next_page_token());
  VIGIL_EXPECT_OK(core_.ListHazards(office_.author, request));
  *request.mutable_as_of() = rules::ToDate(day + 1);
  EXPECT_THAT(core_.ListHazards(office_.author, request), ReasonIs("REASON_INVALID_PAGE_TOKEN"));
}

class AsOfSightTest : public SightFixture {
 protected:
  // Numbers of the hazards that the caller sees as of the day, with the unit that each had.
  std::map<std::string, std::string> Seen(const rules::Author& caller, absl::CivilDay day) {
    v1::ListHazardsRequest request;
    request.set_page_size(1000);
    *request.mutable_as_of() = rules::ToDate(day);
    const auto page = core_.ListHazards(caller, request);
    EXPECT_TRUE(page.ok()) << page.status();
    std::map<std::string, std::string> seen;
    if (!page.ok()) return seen;
    for (const v1::HazardRow& row : page->hazards()) seen[row.record()] = row.responsible_unit();
    return seen;
  }
};

TEST_F(AsOfSightTest, WhoSeesARecordTodaySeesWhatItWasAndNobodyElse) {
  const std::string hazard = here().hazard;
  const rules::Author there_caller = parks_.Caller(v1::ROLE_INSPECTOR, reg_.other_unit);
  const absl::CivilDay day = rules::ToDay(reg_.target().Today());
  reg_.executor().RunFor(absl::Hours(24));
  ASSERT_TRUE(Seen(own_, day).contains(hazard));
  ASSERT_FALSE(Seen(there_caller, day).contains(hazard));
  const auto everything = Seen(office_, day);
  EXPECT_THAT(Seen(nobody_, day), IsEmpty());
  Move(hazard, reg_.other_unit);
  EXPECT_FALSE(Seen(own_, day).contains(hazard));
  ASSERT_TRUE(Seen(there_caller, day).contains(hazard));
  // As it was: not yet theirs.
  EXPECT_EQ(Seen(there_caller, day)[hazard], reg_.unit);
  EXPECT_EQ(Seen(office_, day), everything);
  v1::GetRecordRequest request;
  request.set_record(hazard);
  *request.mutable_as_of() = rules::ToDate(day);
  EXPECT_THAT(core_.GetRecord(own_, request), ReasonIs("REASON_NOT_FOUND"));
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetRecordResponse shown,
                             core_.GetRecord(there_caller, request));
  EXPECT_EQ(shown.record().entity().hazard().responsible_unit(), reg_.unit);
}

}  // namespace
}  // namespace vigil::testing
