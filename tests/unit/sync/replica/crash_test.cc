#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/replica/replica.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {
namespace {

// What the user was told is done.
struct Told {
  std::set<std::string> operations;
  bool draft = false;
};

// A working day: a sync, work offline, a draft, a sync. Goes on after errors, as a user would.
void WorkADay(TestPhone& phone, const std::string& risk_source, Told& told) {
  phone.Sync();
  for (const std::string text : {"crack", "seepage"}) {
    v1::Operation report;
    report.mutable_report_hazard()->set_hazard_id(phone.NewId());
    v1::Hazard& hazard = *report.mutable_report_hazard()->mutable_hazard();
    hazard.set_risk_source(risk_source);
    hazard.set_description(text);
    hazard.mutable_found_at()->set_seconds(absl::ToUnixSeconds(phone.now()));
    const auto made = phone.replica().Make(report);
    if (!made.ok()) continue;
    told.operations.insert(made->operation.id());
    v1::Operation edit;
    edit.mutable_edit_record()->set_record(report.report_hazard().hazard_id());
    edit.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_category("slope");
    edit.mutable_edit_record()->mutable_update_mask()->add_paths("category");
    const auto edited = phone.replica().Make(edit);
    if (edited.ok()) told.operations.insert(edited->operation.id());
  }
  told.draft = phone.replica().PutDraft("inspection", "half").ok();
  phone.Sync();
}

class CrashTest : public ::testing::Test {
 protected:
  CrashTest() : server_({.file = "register.db", .vfs = register_disk_.name()}) {}

  SimVfs register_disk_;
  SimServer server_;
};

// The power fails at each write and each sync of a working day, whatever it leaves behind.
TEST_F(CrashTest, APhoneThatDiesBetweenAnyTwoStepsLosesNothingThatWasSaid) {
  TestRegister& base = server_.base();
  constexpr int kTearsOfEach = 6;
  bool struck = true;
  int tries = 0;
  for (; struck || tries % kTearsOfEach != 0; ++tries) {
    ASSERT_LT(tries, 2000);
    SCOPED_TRACE(tries);
    const auto seed = static_cast<std::uint64_t>(tries) + 1;
    SimVfs disk({.seed = seed});
    TestPhone phone(server_, base.Phone(v1::ROLE_INSPECTOR, base.department),
                    {.seed = seed, .vfs = disk.name()});
    disk.SetFault({.operations = SimVfs::kWrite | SimVfs::kSync,
                   .after = tries / kTearsOfEach,
                   .sticky = tries % 3 != 0,
                   .torn = tries % 2 == 0});
    Told told;
    WorkADay(phone, base.risk_source, told);
    struck = disk.fault_struck();
    phone.Close();
    disk.Crash();
    phone.Restart();

    if (told.draft) {
      EXPECT_TRUE(phone.replica().FindDraft("inspection")->has_value());
    }
    const auto report = phone.MustSync();
    EXPECT_EQ(report.repaired, 0);
    EXPECT_EQ(phone.replica().Counts()->pending, 0);
    std::set<std::string> judged;
    VIGIL_ASSERT_OK_AND_ASSIGN(const auto journal, phone.replica().Journal());
    for (const auto& item : journal) {
      EXPECT_TRUE(judged.insert(item.operation.id()).second);
      EXPECT_EQ(item.outcome.verdict(), v1::VERDICT_APPLIED) << item.outcome.ShortDebugString();
      if (item.operation.has_report_hazard()) {
        EXPECT_TRUE(base.Exists(item.operation.report_hazard().hazard_id()));
      }
    }
    for (const std::string& id : told.operations) EXPECT_TRUE(judged.contains(id)) << id;
  }
  EXPECT_GT(tries, 20 * kTearsOfEach);
}

// A process that ends within a commit leaves behind what was never synced. Whoever reads it after
// the next start may have shown or sent it: then it must be there to stay.
TEST_F(CrashTest, WhatIsReadAfterADeadProcessSurvivesADeadBattery) {
  const Actor inspector = server_.base().Phone(v1::ROLE_INSPECTOR, server_.base().department);
  // What a dead battery takes away is chance.
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SimVfs disk({.seed = seed});
    TestPhone phone(server_, inspector, {.seed = seed, .vfs = disk.name()});
    VIGIL_ASSERT_OK(phone.replica().PutDraft("inspection", "begun"));
    disk.SetFault({.operations = SimVfs::kSync, .sticky = true});
    EXPECT_FALSE(phone.replica().PutDraft("inspection", "half").ok());
    phone.Close();
    disk.ClearFaults();
    phone.Restart();
    const std::string read = (*phone.replica().FindDraft("inspection"))->bytes;
    disk.Crash();
    phone.Restart();
    EXPECT_EQ((*phone.replica().FindDraft("inspection"))->bytes, read);
  }
}

TEST_F(CrashTest, APhoneWhoseStorageIsFullShowsWhatItHolds) {
  TestRegister& base = server_.base();
  SimVfs disk;
  TestPhone phone(server_, base.Phone(v1::ROLE_INSPECTOR, base.department), {.vfs = disk.name()});
  phone.MustSync();
  const std::string hazard = phone.Report(base.risk_source, "crack");
  phone.Close();
  disk.SetCapacity(1);
  phone.Restart();
  EXPECT_EQ(phone.View(hazard).record.entity().hazard().description(), "crack");
  EXPECT_THAT(phone.replica().PutDraft("inspection", "half"),
              StatusIs(absl::StatusCode::kResourceExhausted));
  disk.SetCapacity(0);
  VIGIL_EXPECT_OK(phone.replica().PutDraft("inspection", "half"));
  EXPECT_EQ(phone.MustSync().outcomes.applied, 1);
}

TEST_F(CrashTest, AFullDiskRefusesWorkAndKeepsWhatIsThere) {
  TestRegister& base = server_.base();
  SimVfs disk;
  TestPhone phone(server_, base.Phone(v1::ROLE_INSPECTOR, base.department), {.vfs = disk.name()});
  phone.MustSync();
  const std::string hazard = phone.Report(base.risk_source, "crack");
  disk.SetCapacity(disk.bytes_used());
  absl::Status status;
  for (int i = 0; i < 100 && status.ok(); ++i) {
    status = phone.replica().PutDraft("inspection", std::string(10'000, 'x'));
  }
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(phone.View(hazard).record.entity().hazard().description(), "crack");
  disk.SetCapacity(0);
  EXPECT_EQ(phone.MustSync().outcomes.applied, 1);
}

}  // namespace
}  // namespace vigil::testing
