#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/replica/replica.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"
#include "tests/unit/sync/replica/follow.h"

// Records that a phone had because something had moved, until a restore took the move back.

namespace vigil::testing {
namespace {

using replica::OutboxState;

constexpr char kWords[] = "the wall beside the kiosk leans";

class UnreadTest : public ::testing::Test {
 protected:
  UnreadTest()
      : office_(base().Clerk(v1::ROLE_SAFETY_OFFICE, base().bureau)),
        actor_(base().Phone(v1::ROLE_INSPECTOR, base().unit)),
        phone_(server_, actor_),
        hazard_(Report(base().other_risk_source, kWords)),
        backup_(MakeBackup()) {}

  TestRegister& base() { return server_.base(); }
  replica::Replica& replica() { return phone_.replica(); }
  bool IsHere(const std::string& record) { return replica().Find(record)->has_value(); }

  // A hazard lives where its risk source does.
  std::string Report(const std::string& source, const std::string& words) {
    Actor finder = base().Phone(v1::ROLE_INSPECTOR, base().department);
    v1::Operation report = base().Begin(finder);
    const std::string hazard = base().NewId();
    report.mutable_report_hazard()->set_hazard_id(hazard);
    v1::Hazard& body = *report.mutable_report_hazard()->mutable_hazard();
    body.set_risk_source(source);
    body.set_description(words);
    *body.mutable_found_at() = report.made_at();
    EXPECT_EQ(base().Submit(finder, report).verdict(), v1::VERDICT_APPLIED);
    return hazard;
  }
  // With as much in the phone's unit as takes some pages.
  std::string MakeBackup() {
    for (int i = 0; i < 16; ++i) Report(base().risk_source, std::string(3000, 'w'));
    return base().Backup();
  }
  void Import(const std::string& record, const std::string& path, const v1::Entity& entity) {
    v1::Operation operation = base().Begin(base().importer);
    v1::ImportRecord& command = *operation.mutable_import_record();
    command.set_record(record);
    *command.mutable_entity() = entity;
    command.mutable_update_mask()->add_paths(path);
    command.mutable_source()->set_file("moves.csv");
    command.mutable_source()->set_line(2);
    base().See(operation, {record});
    EXPECT_EQ(base().Submit(base().importer, operation).verdict(), v1::VERDICT_APPLIED);
  }
  // The other unit's risk source comes to the phone's unit, with its hazard, whose version stays.
  void Move() {
    v1::Entity entity;
    entity.mutable_risk_source()->set_responsible_unit(base().unit);
    Import(base().other_risk_source, "responsible_unit", entity);
  }
  void Restore() { base().Restore(backup_, office_); }
  void ExpectGone() {
    EXPECT_FALSE(IsHere(hazard_));
    EXPECT_FALSE(IsHere(base().other_risk_source));
    EXPECT_TRUE(IsHere(base().risk_source));
    EXPECT_TRUE(replica().GetSyncState()->complete);
    const engine::SessionReport report = phone_.MustSync();
    EXPECT_EQ(report.repaired, 0);
    EXPECT_EQ(report.departures, 0);
    EXPECT_EQ(phone_.transport().counts().repairs, 0) << "it is no fault";
  }
  // Whether the phone's file or its log says it.
  bool IsInFile(const std::string& words) {
    bool found = false;
    for (const std::string& path : {phone_.path(), phone_.path() + "-wal"}) {
      std::ifstream file(path, std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), {});
      found = found || bytes.find(words) != std::string::npos;
    }
    return found;
  }

  SimServer server_;
  Actor office_;
  const Actor actor_;
  TestPhone phone_;
  const std::string hazard_;
  const std::string backup_;
};

TEST_F(UnreadTest, WhatAMoveHadBroughtLeavesWithItAndIsNoFault) {
  Move();
  phone_.MustSync();
  ASSERT_TRUE(IsHere(hazard_));
  ASSERT_TRUE(IsInFile(kWords));
  Restore();
  const engine::SessionReport report = phone_.MustSync();
  EXPECT_EQ(report.repaired, 0);
  EXPECT_EQ(report.departures, 1);
  EXPECT_FALSE(IsInFile(kWords));
  ExpectGone();
}

TEST_F(UnreadTest, WhatCameWithAnOrgUnitLeavesToo) {
  const std::string source = base().NewId();
  base().AddRiskSource(source, "RS-0003", base().district);
  TestPhone phone(server_, base().Phone(v1::ROLE_INSPECTOR, base().department), {.seed = 2});
  const std::string backup = base().Backup();
  v1::Entity entity;
  entity.mutable_org_unit()->set_parent_unit(base().department);
  Import(base().district, "parent_unit", entity);
  phone.MustSync();
  ASSERT_TRUE(phone.replica().Find(source)->has_value());
  base().Restore(backup, office_);
  EXPECT_EQ(phone.MustSync().repaired, 0);
  EXPECT_FALSE(phone.replica().Find(source)->has_value());
  EXPECT_TRUE(phone.replica().Find(base().district)->has_value());
}

TEST_F(UnreadTest, WhatComesAgainStays) {
  Move();
  const std::string later = base().Backup();
  phone_.MustSync();
  base().Restore(later, office_);
  EXPECT_EQ(phone_.MustSync().departures, 0);
  EXPECT_TRUE(IsHere(hazard_));
}

// It dies after each page, and each page comes once more.
TEST_F(UnreadTest, APhoneThatDiesBetweenAnyTwoPagesEndsAsOneThatDoesNot) {
  Move();
  phone_.MustSync();
  Restore();
  engine::Tuning tuning;
  tuning.page_bytes = 1;
  int sessions = 0;
  while (!replica().GetSyncState()->complete || sessions == 0) {
    ASSERT_LT(++sessions, 100);
    phone_.faults().cut_pull_after = 1;
    const engine::SessionReport report = phone_.Sync(tuning);
    EXPECT_EQ(report.repaired, 0);
    phone_.Close();
    phone_.Restart();
    EXPECT_EQ(IsHere(hazard_), !replica().GetSyncState()->complete) << "it stays until all is read";
  }
  EXPECT_GT(sessions, 5);
  phone_.faults().cut_pull_after = -1;
  ExpectGone();
}

TEST_F(UnreadTest, APageThatComesTwiceIsOne) {
  Move();
  phone_.MustSync();
  Restore();
  Follow(server_, phone_, 2);
  ExpectGone();
}

// The register goes back once more before all was read.
TEST_F(UnreadTest, TwoRestoresInARow) {
  Move();
  phone_.MustSync();
  Restore();
  engine::Tuning tuning;
  tuning.page_bytes = 1;
  phone_.faults().cut_pull_after = 3;
  phone_.Sync(tuning);
  ASSERT_FALSE(replica().GetSyncState()->complete);
  ASSERT_TRUE(IsHere(hazard_));
  Restore();
  EXPECT_EQ(phone_.MustSync().repaired, 0);
  ExpectGone();
}

TEST_F(UnreadTest, AnUnsentDecisionOnItIsQuarantined) {
  Move();
  phone_.MustSync();
  const v1::Operation raise = phone_.RaiseGrade(hazard_, v1::HAZARD_GRADE_MAJOR);
  Restore();
  Follow(server_, phone_);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto outbox, replica().Outbox());
  ASSERT_EQ(outbox.size(), 1U);
  EXPECT_EQ(outbox[0].operation.id(), raise.id());
  EXPECT_EQ(outbox[0].state, OutboxState::kQuarantined);
  EXPECT_EQ(phone_.MustSync().outcomes.applied, 0);
  EXPECT_EQ(base().Find(hazard_).entity().hazard().grade(), v1::HAZARD_GRADE_UNSPECIFIED);
}

}  // namespace
}  // namespace vigil::testing
