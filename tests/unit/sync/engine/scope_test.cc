#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/engine/session.h"
#include "sync/replica/replica.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

// Scopes that change while phones are away: units that move, what moves with its root, what is
// gained, lost and regained.

namespace vigil::testing {
namespace {

using engine::SessionReport;
using ::testing::ElementsAre;
using ::testing::SizeIs;

class ScopeTest : public ::testing::Test {
 protected:
  ScopeTest()
      : clerk_(base().Clerk(v1::ROLE_SAFETY_OFFICE, base().bureau)),
        administrator_(base().Clerk(v1::ROLE_ADMINISTRATOR, base().bureau)),
        finder_(base().Phone(v1::ROLE_INSPECTOR, base().bureau)) {}

  TestRegister& base() { return server_.base(); }

  void Edit(Actor& actor, const std::string& record, const std::string& field,
            const v1::Entity& entity) {
    v1::Operation operation = base().Begin(actor);
    base().See(operation, {record});
    v1::EditRecord& edit = *operation.mutable_edit_record();
    edit.set_record(record);
    *edit.mutable_entity() = entity;
    edit.mutable_update_mask()->add_paths(field);
    Apply(actor, operation);
  }
  void Apply(const Actor& actor, const v1::Operation& operation) {
    const v1::Outcome outcome = base().Submit(actor, operation);
    ASSERT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  }
  void MoveUnit(const std::string& unit, const std::string& parent) {
    Apply(administrator_, MoveOf(unit, parent));
  }
  // As seen now.
  v1::Operation MoveOf(const std::string& unit, const std::string& parent) {
    v1::Operation operation = base().Begin(administrator_);
    base().See(operation, {unit});
    v1::EditRecord& edit = *operation.mutable_edit_record();
    edit.set_record(unit);
    edit.mutable_entity()->mutable_org_unit()->set_parent_unit(parent);
    edit.mutable_update_mask()->add_paths("parent_unit");
    return operation;
  }
  // While a session is under way.
  void MoveUnitSoon(const std::string& unit, const std::string& parent) {
    registry::Incoming incoming;
    incoming.bytes = MoveOf(unit, parent).SerializeAsString();
    base().target().Submit(administrator_.author, {incoming}, [](const auto& outcomes) {
      ASSERT_THAT(outcomes, IsOk());
      ASSERT_EQ(outcomes->front().verdict(), v1::VERDICT_APPLIED);
    });
  }
  void MoveSource(const std::string& source, const std::string& unit) {
    v1::Entity entity;
    entity.mutable_risk_source()->set_responsible_unit(unit);
    Edit(clerk_, source, "responsible_unit", entity);
  }
  void MoveHazard(const std::string& hazard, const std::string& unit) {
    v1::Entity entity;
    entity.mutable_hazard();
    if (!unit.empty()) entity.mutable_hazard()->set_responsible_unit(unit);
    Edit(clerk_, hazard, "responsible_unit", entity);
  }
  // Without a unit of its own.
  std::string Report(const std::string& source, const std::string& text = "loose rock") {
    v1::Operation operation = base().Begin(finder_);
    const std::string id = base().NewId();
    operation.mutable_report_hazard()->set_hazard_id(id);
    v1::Hazard& hazard = *operation.mutable_report_hazard()->mutable_hazard();
    hazard.set_risk_source(source);
    hazard.set_description(text);
    *hazard.mutable_found_at() = operation.made_at();
    Apply(finder_, operation);
    return id;
  }
  std::vector<std::string> ReportProgress(const std::string& hazard, int reports) {
    std::vector<std::string> ids;
    std::vector<registry::Incoming> batch;
    for (int i = 0; i < reports; ++i) {
      v1::Operation operation = base().Begin(finder_);
      ids.push_back(base().NewId());
      operation.mutable_report_progress()->set_progress_report_id(ids.back());
      v1::ProgressReport& report = *operation.mutable_report_progress()->mutable_progress_report();
      report.set_hazard(hazard);
      report.set_text("half done");
      registry::Incoming& incoming = batch.emplace_back();
      incoming.bytes = operation.SerializeAsString();
      incoming.operation_id = operation.id();
      incoming.device_seq = operation.device_seq();
    }
    const auto outcomes = base().SubmitBytes(finder_, std::move(batch));
    EXPECT_THAT(outcomes, IsOk());
    for (const v1::Outcome& outcome : *outcomes) {
      EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
    }
    return ids;
  }
  static bool Has(TestPhone& phone, const std::string& record) {
    const auto view = phone.replica().Find(record);
    EXPECT_THAT(view, IsOk());
    return view->has_value();
  }
  // In step, and without a difference that had to be repaired.
  static SessionReport MustFollow(TestPhone& phone) {
    const SessionReport report = phone.MustSync();
    EXPECT_TRUE(report.complete);
    EXPECT_EQ(report.repaired, 0);
    EXPECT_EQ(phone.replica().Counts()->faults, 0);
    return report;
  }

  SimServer server_;
  Actor clerk_;
  Actor administrator_;
  Actor finder_;
};

TEST_F(ScopeTest, AUnitThatMovesBringsItsRecordsAndTakesThemAway) {
  const std::string hazard = Report(base().other_risk_source);
  TestPhone keeper(server_, base().Phone(v1::ROLE_INSPECTOR, base().unit));
  TestPhone loser(server_, base().Phone(v1::ROLE_INSPECTOR, base().department));
  MustFollow(keeper);
  MustFollow(loser);
  EXPECT_FALSE(Has(keeper, hazard));
  EXPECT_TRUE(Has(loser, hazard));

  MoveUnit(base().other_unit, base().district);
  MoveUnit(base().district, base().unit);
  MustFollow(keeper);
  EXPECT_TRUE(Has(keeper, hazard)) << "it lies two levels below the inspector's unit now";
  EXPECT_THAT(keeper.replica().GetSyncState()->units, ElementsAre(base().unit));
  // The unit that came is read as a part of what it came under.
  EXPECT_THAT(keeper.replica().GetSyncState()->cursors, SizeIs(2));
  MustFollow(loser);
  EXPECT_TRUE(Has(loser, hazard)) << "the department is above the unit";

  MoveUnit(base().other_unit, base().bureau);
  MustFollow(keeper);
  EXPECT_FALSE(Has(keeper, hazard));
  MustFollow(loser);
  EXPECT_FALSE(Has(loser, hazard));
}

TEST_F(ScopeTest, AUnitThatIsAwayAndBackLosesNothing) {
  const std::string before = Report(base().other_risk_source);
  TestPhone phone(server_, base().Phone(v1::ROLE_INSPECTOR, base().department));
  MustFollow(phone);
  MoveUnit(base().other_unit, base().bureau);
  const std::string meanwhile = Report(base().other_risk_source);
  MoveUnit(base().other_unit, base().department);
  EXPECT_GT(MustFollow(phone).records, 0);
  EXPECT_TRUE(Has(phone, before));
  EXPECT_TRUE(Has(phone, meanwhile));
  // The same with a session between.
  MoveUnit(base().other_unit, base().bureau);
  MustFollow(phone);
  EXPECT_FALSE(Has(phone, before));
  const std::string later = Report(base().other_risk_source);
  MoveUnit(base().other_unit, base().department);
  MustFollow(phone);
  EXPECT_TRUE(Has(phone, before));
  EXPECT_TRUE(Has(phone, later));
}

TEST_F(ScopeTest, AUnitMovesWhileItsRecordsAreUnderWayWhicheverPageItIs) {
  std::vector<std::string> hazards;
  hazards.reserve(12);
  for (int i = 0; i < 12; ++i) hazards.push_back(Report(base().other_risk_source));
  engine::Tuning small;
  small.page_bytes = 4096;
  for (int moved_at = 1; moved_at < 8; ++moved_at) {
    SCOPED_TRACE(moved_at);
    TestPhone phone(server_, base().Phone(v1::ROLE_INSPECTOR, base().department));
    int pages = 0;
    bool away = false;
    phone.faults().tamper = [&](v1::PullResponse&) {
      ++pages;
      // Away at one page, back three later.
      if (pages == moved_at) MoveUnitSoon(base().other_unit, base().bureau);
      if (pages == moved_at) away = true;
      if (pages == moved_at + 3) MoveUnitSoon(base().other_unit, base().department);
      if (pages == moved_at + 3) away = false;
    };
    // It breaks off in between.
    phone.faults().cut_pull_after = moved_at + 1;
    phone.Sync(small);
    phone.Sync(small);
    if (away) MoveUnit(base().other_unit, base().department);
    phone.faults().tamper = nullptr;
    phone.faults().cut_pull_after = -1;
    MustFollow(phone);
    for (const std::string& hazard : hazards) EXPECT_TRUE(Has(phone, hazard));
  }
}

TEST_F(ScopeTest, AUnitMovesBetweenTwoThatAreReadDifferentlyFar) {
  const Actor actor = base().Phone(v1::ROLE_INSPECTOR, base().unit);
  TestPhone phone(server_, actor);
  MustFollow(phone);
  const std::string hazard = Report(base().other_risk_source);
  // Gained: a unit that lies under another one from now on, before it was read.
  base().ChangeRole(actor, v1::ROLE_INSPECTOR, base().department);
  MoveUnit(base().other_unit, base().unit);
  phone.faults().cut_pull_after = 1;
  phone.Sync();
  MustFollow(phone);
  EXPECT_TRUE(Has(phone, hazard));
  base().ChangeRole(actor, v1::ROLE_INSPECTOR, base().unit);
  const SessionReport report = MustFollow(phone);
  EXPECT_LT(report.records, 3) << "what a smaller scope keeps is not read again";
  EXPECT_TRUE(Has(phone, hazard));
}

// A hazard moves within what a phone reads, so no departure comes; before the phone has read where
// it arrives, that unit is lost. Cut after every page.
TEST_F(ScopeTest, AMoveToWhereAScopeIsLostHalfWayIsNotMissed) {
  const std::string hazard = Report(base().risk_source);
  constexpr int kCuts = 12;
  std::vector<Actor> actors;
  std::vector<std::unique_ptr<TestPhone>> phones;
  for (int cut = 0; cut < 2 * kCuts; ++cut) {
    // Half of them lose a role, the others a unit that moves away.
    const bool by_role = cut < kCuts;
    actors.push_back(base().Phone(v1::ROLE_INSPECTOR, by_role ? base().unit : base().department));
    phones.push_back(std::make_unique<TestPhone>(
        server_, actors.back(), TestPhone::Options{.seed = static_cast<std::uint64_t>(cut + 1)}));
    MustFollow(*phones.back());
    ASSERT_TRUE(Has(*phones.back(), hazard));
    if (by_role) base().ChangeRole(actors.back(), v1::ROLE_INSPECTOR, base().department);
  }
  MoveHazard(hazard, base().other_unit);
  for (int i = 0; i < 60; ++i) Report(base().other_risk_source);
  v1::Entity entity;
  entity.mutable_hazard()->set_description("a wider crack");
  Edit(clerk_, hazard, "description", entity);
  engine::Tuning tuning;
  tuning.page_bytes = 4096;
  int held_half_way = 0;
  for (int cut = 0; cut < 2 * kCuts; ++cut) {
    phones[cut]->faults().cut_pull_after = cut % kCuts;
    phones[cut]->Sync(tuning);
    phones[cut]->faults().cut_pull_after = -1;
    held_half_way += base().Find(hazard).version() > phones[cut]->View(hazard).version ? 1 : 0;
  }
  EXPECT_GT(held_half_way, kCuts);
  for (int cut = 0; cut < kCuts; ++cut) {
    base().ChangeRole(actors[cut], v1::ROLE_INSPECTOR, base().unit);
  }
  MoveUnit(base().other_unit, base().district);
  for (int cut = 0; cut < 2 * kCuts; ++cut) {
    SCOPED_TRACE(cut);
    MustFollow(*phones[cut]);
    EXPECT_FALSE(Has(*phones[cut], hazard));
  }
}

TEST_F(ScopeTest, DeepTreesAndCyclesEnd) {
  const std::string hazard = Report(base().other_risk_source);
  std::string deepest = base().unit;
  for (int level = 0; level < 50; ++level) {
    v1::Operation create = base().Begin(administrator_);
    const std::string id = base().NewId();
    create.mutable_create_record()->set_record(id);
    v1::OrgUnit& unit = *create.mutable_create_record()->mutable_entity()->mutable_org_unit();
    unit.set_code(absl::StrCat("LEVEL-", level));
    unit.set_name(absl::StrCat("Level ", level));
    unit.set_kind(v1::ORG_UNIT_KIND_RESPONSIBLE_UNIT);
    unit.set_parent_unit(deepest);
    Apply(administrator_, create);
    deepest = id;
  }
  TestPhone phone(server_, base().Phone(v1::ROLE_INSPECTOR, base().unit));
  MustFollow(phone);
  MoveUnit(base().other_unit, deepest);
  MustFollow(phone);
  EXPECT_TRUE(Has(phone, hazard));
  // Two moves that know nothing of each other make a circle, in which each lies under the other.
  MoveUnit(base().other_unit, base().department);
  const v1::Operation one = MoveOf(base().unit, base().other_unit);
  const v1::Operation two = MoveOf(base().other_unit, base().unit);
  Apply(administrator_, one);
  Apply(administrator_, two);
  MustFollow(phone);
  EXPECT_TRUE(Has(phone, hazard));
  TestPhone other(server_, base().Phone(v1::ROLE_INSPECTOR, base().other_unit), {.seed = 2});
  const std::string in_the_other = Report(base().risk_source);
  MustFollow(other);
  EXPECT_TRUE(Has(other, in_the_other));
}

TEST_F(ScopeTest, AMoveOfThousandsIsResumedAtEveryPage) {
  constexpr int kReports = 3000;
  const std::string hazard = Report(base().risk_source);
  const std::vector<std::string> reports = ReportProgress(hazard, kReports);
  TestPhone loser(server_, base().Phone(v1::ROLE_INSPECTOR, base().unit));
  TestPhone gainer(server_, base().Phone(v1::ROLE_INSPECTOR, base().other_unit));
  MustFollow(loser);
  MustFollow(gainer);
  EXPECT_TRUE(Has(loser, reports.back()));
  // The hazard has no unit of its own: it goes with its risk source, and its children with it.
  MoveSource(base().risk_source, base().other_unit);
  for (TestPhone* phone : {&loser, &gainer}) {
    int cuts = 0;
    std::size_t largest = 0;
    phone->faults().tamper = [&](v1::PullResponse& page) {
      largest = std::max(largest, page.ByteSizeLong());
    };
    // Each session takes one page, and breaks off.
    for (; cuts < 1000; ++cuts) {
      phone->faults().cut_pull_after = 1;
      const SessionReport report = phone->Sync();
      if (report.complete) break;
      EXPECT_EQ(report.pages, 1);
    }
    phone->faults().cut_pull_after = -1;
    phone->faults().tamper = nullptr;
    MustFollow(*phone);
    EXPECT_GT(cuts, 2);
    EXPECT_LT(cuts, 200) << "it begins anew each time";
    EXPECT_LT(largest, 128U * 1024);
    RecordProperty(phone == &loser ? "pages_of_departures" : "pages_of_arrivals", cuts);
  }
  EXPECT_FALSE(Has(loser, hazard));
  EXPECT_TRUE(Has(gainer, hazard));
  for (const std::string& report : reports) {
    ASSERT_FALSE(Has(loser, report));
    ASSERT_TRUE(Has(gainer, report));
  }
  EXPECT_EQ(base().Find(reports[7]).unit(), base().other_unit);
}

TEST_F(ScopeTest, AHazardLivesWhereItsRiskSourceDoesUnlessItHasAUnitOfItsOwn) {
  const std::string follows = Report(base().risk_source);
  const std::string own = Report(base().risk_source);
  MoveHazard(own, base().unit);
  TestPhone here(server_, base().Phone(v1::ROLE_INSPECTOR, base().unit));
  TestPhone there(server_, base().Phone(v1::ROLE_INSPECTOR, base().other_unit));
  const auto expect_there = [&](bool follows_is_there, bool own_is_there) {
    MustFollow(here);
    MustFollow(there);
    EXPECT_EQ(Has(there, follows), follows_is_there);
    EXPECT_EQ(Has(here, follows), !follows_is_there);
    EXPECT_EQ(Has(there, own), own_is_there);
    EXPECT_EQ(Has(here, own), !own_is_there);
  };
  expect_there(false, false);
  const std::uint64_t version = base().Find(follows).version();
  MoveSource(base().risk_source, base().other_unit);
  expect_there(true, false);
  EXPECT_EQ(base().Find(follows).version(), version) << "nobody has changed it";
  // It loses its own unit, and follows.
  MoveHazard(own, "");
  expect_there(true, true);
  // It gets one, and stays.
  MoveHazard(follows, base().other_unit);
  MoveSource(base().risk_source, base().unit);
  expect_there(true, false);
}

// --- Nothing of a lost scope stays in the file ---------------------------------------------------

std::string BytesOf(const std::string& path) {
  std::string bytes;
  for (const char* suffix : {"", "-wal", "-journal"}) {
    std::ifstream file(path + suffix, std::ios::binary);
    bytes.append(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return bytes;
}

TEST_F(ScopeTest, NothingOfALostScopeStaysInTheFile) {
  std::vector<std::string> hazards;
  std::vector<std::string> secrets;
  for (int i = 0; i < 200; ++i) {
    secrets.push_back(absl::StrCat("secret-", i, "-", std::string(i % 7 * 300, 'x'), "-end"));
    hazards.push_back(Report(base().risk_source, secrets.back()));
    secrets.push_back(base().Find(hazards.back()).entity().hazard().number());
    // What stays grows in between, so that pages are split and joined.
    Report(base().other_risk_source, absl::StrCat("kept-", i));
  }
  const Actor actor = base().Phone(v1::ROLE_INSPECTOR, base().department);
  TestPhone phone(server_, actor);
  MustFollow(phone);
  const auto found = [&] {
    const std::string bytes = BytesOf(phone.path());
    int count = 0;
    for (const std::string& secret : secrets) {
      count += bytes.find(secret) != std::string::npos ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(found(), 400) << "the test would find them";
  // Some by a page, the rest by the next greeting; their own texts change once more before.
  for (int i = 0; i < 50; ++i) MoveHazard(hazards[i], base().district);
  MustFollow(phone);
  EXPECT_EQ(found(), 300);
  base().ChangeRole(actor, v1::ROLE_INSPECTOR, base().other_unit);
  MustFollow(phone);
  EXPECT_EQ(found(), 0);
}

TEST_F(ScopeTest, NothingOfTheFormerUsersScopeStaysInTheFile) {
  const std::string secret = "secret of the first user";
  Report(base().risk_source, secret);
  TestPhone phone(server_, base().Phone(v1::ROLE_INSPECTOR, base().unit));
  MustFollow(phone);
  EXPECT_NE(BytesOf(phone.path()).find(secret), std::string::npos);
  const Actor next = base().Phone(v1::ROLE_INSPECTOR, base().other_unit);
  VIGIL_ASSERT_OK(phone.replica().HandOver({next.author.device, next.author.person}));
  SimTransport transport(server_, next);
  std::optional<SessionReport> report;
  const auto session = engine::Session::Start(
      {phone.replica(), transport, server_.executor(), *next.key, base().key().public_key()}, {},
      [&](const SessionReport& done) { report = done; });
  server_.executor().RunUntilDone([&] { return report.has_value(); });
  VIGIL_ASSERT_OK(report->status);
  EXPECT_TRUE(report->digest_equal);
  EXPECT_EQ(BytesOf(phone.path()).find(secret), std::string::npos);
}

}  // namespace
}  // namespace vigil::testing
