#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/engine/session.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

// A bucket of the digest that fills several answers, and what happens to its records meanwhile.

namespace vigil::testing {
namespace {

using engine::SessionReport;

constexpr char kBucket = '\x07';
// Together more than two answers hold.
constexpr int kHazards = 60;
constexpr std::size_t kTextBytes = 3000;

class RepairTest : public ::testing::Test {
 protected:
  RepairTest()
      : clerk_(base().Clerk(v1::ROLE_SAFETY_OFFICE, base().bureau)),
        finder_(base().Phone(v1::ROLE_INSPECTOR, base().bureau)),
        actor_(base().Phone(v1::ROLE_INSPECTOR, base().department)) {
    for (int i = 0; i < kHazards; ++i) hazards_.push_back(Report(base().risk_source));
  }

  TestRegister& base() { return server_.base(); }

  std::string IdInBucket() {
    while (true) {
      std::string id = base().NewId();
      if (Sha256Of(Uuid::Parse(id)->bytes()).bytes()[0] == kBucket) return id;
    }
  }
  v1::Operation ReportOf(const std::string& source) {
    v1::Operation operation = base().Begin(finder_);
    operation.mutable_report_hazard()->set_hazard_id(IdInBucket());
    v1::Hazard& hazard = *operation.mutable_report_hazard()->mutable_hazard();
    hazard.set_risk_source(source);
    hazard.set_description(std::string(kTextBytes, 'x'));
    *hazard.mutable_found_at() = operation.made_at();
    return operation;
  }
  std::string Report(const std::string& source) {
    const v1::Operation operation = ReportOf(source);
    EXPECT_EQ(base().Submit(finder_, operation).verdict(), v1::VERDICT_APPLIED);
    return operation.report_hazard().hazard_id();
  }
  v1::Operation EditOf(const std::string& hazard, const std::string& field,
                       const v1::Hazard& value) {
    v1::Operation operation = base().Begin(clerk_);
    base().See(operation, {hazard});
    operation.mutable_edit_record()->set_record(hazard);
    *operation.mutable_edit_record()->mutable_entity()->mutable_hazard() = value;
    operation.mutable_edit_record()->mutable_update_mask()->add_paths(field);
    return operation;
  }
  // While a session is under way.
  void Soon(const Actor& actor, const v1::Operation& operation) {
    registry::Incoming incoming;
    incoming.bytes = operation.SerializeAsString();
    incoming.operation_id = operation.id();
    incoming.device_seq = operation.device_seq();
    base().target().Submit(actor.author, {incoming}, [](const auto& outcomes) {
      ASSERT_THAT(outcomes, IsOk());
      ASSERT_EQ(outcomes->front().verdict(), v1::VERDICT_APPLIED);
    });
  }
  // A phone that lost every record on its way, and what happens before each answer of the repair.
  SessionReport LoseAndRepair(TestPhone& phone, const std::function<void(int)>& meanwhile) {
    phone.faults().tamper = [](v1::PullResponse& page) { page.clear_records(); };
    int answers = 0;
    phone.faults().before_repair = [&] { meanwhile(answers++); };
    const SessionReport report = phone.Sync();
    EXPECT_GT(answers, 2) << "the bucket fits into two answers";
    phone.faults().tamper = nullptr;
    phone.faults().before_repair = nullptr;
    return report;
  }
  // The phone holds what the register has, and nothing is left that a repair would have to mend.
  void ExpectInStep(TestPhone& phone) {
    const std::int64_t faults = phone.replica().Counts()->faults;
    for (int i = 0; i < 3; ++i) phone.Sync();
    const SessionReport report = phone.MustSync();
    EXPECT_TRUE(report.digest_equal);
    EXPECT_EQ(phone.replica().Counts()->faults, faults);
  }

  SimServer server_;
  Actor clerk_;
  Actor finder_;
  const Actor actor_;
  std::vector<std::string> hazards_;
};

TEST_F(RepairTest, ABucketOfManyAnswersIsRepairedWhole) {
  TestPhone phone(server_, actor_);
  const SessionReport report = LoseAndRepair(phone, [](int) {});
  VIGIL_EXPECT_OK(report.status);
  EXPECT_TRUE(report.digest_equal);
  for (const std::string& hazard : hazards_) {
    EXPECT_EQ(phone.View(hazard).version, base().Find(hazard).version());
  }
}

TEST_F(RepairTest, TheSumsComeOnlyWhereSomethingDiffers) {
  TestPhone phone(server_, actor_);
  int pulls = 0;
  int with_sums = 0;
  bool lose = false;
  phone.faults().tamper = [&](v1::PullResponse& page) {
    if (lose) page.clear_records();
    if (!page.last()) return;
    ++pulls;
    with_sums += page.digest_size() > 0 ? 1 : 0;
  };
  EXPECT_TRUE(phone.MustSync().digest_equal);
  EXPECT_EQ(with_sums, 0);
  const std::string hazard = Report(base().risk_source);
  pulls = 0;
  lose = true;
  const SessionReport report = phone.Sync();
  VIGIL_EXPECT_OK(report.status);
  EXPECT_TRUE(report.digest_equal);
  EXPECT_GT(report.repaired, 0);
  EXPECT_EQ(pulls, 2);
  EXPECT_EQ(with_sums, 1);
  EXPECT_EQ(phone.View(hazard).version, base().Find(hazard).version());
}

TEST_F(RepairTest, WhatChangesMeanwhileIsNotUndone) {
  TestPhone phone(server_, actor_);
  std::vector<std::string> made;
  const SessionReport report = LoseAndRepair(phone, [&](int answer) {
    v1::Hazard value;
    value.set_description("changed");
    Soon(clerk_, EditOf(hazards_[static_cast<std::size_t>(answer)], "description", value));
    value.set_responsible_unit(base().district);
    Soon(clerk_,
         EditOf(hazards_[static_cast<std::size_t>(answer) + 10], "responsible_unit", value));
    const v1::Operation report_one = ReportOf(base().risk_source);
    made.push_back(report_one.report_hazard().hazard_id());
    Soon(finder_, report_one);
  });
  VIGIL_EXPECT_OK(report.status);
  ExpectInStep(phone);
  EXPECT_EQ(phone.View(hazards_[0]).record.entity().hazard().description(), "changed");
  EXPECT_FALSE(phone.replica().Find(hazards_[10])->has_value()) << "it has moved away";
  for (const std::string& hazard : made) EXPECT_TRUE(phone.replica().Find(hazard)->has_value());
}

TEST_F(RepairTest, ARoleThatIsLostOrGainedMeanwhileCountsFromTheNextGreeting) {
  const std::string elsewhere = Report(base().other_risk_source);
  for (const bool gained : {false, true}) {
    SCOPED_TRACE(gained);
    const Actor actor = base().Phone(v1::ROLE_INSPECTOR, gained ? base().unit : base().department);
    TestPhone phone(server_, actor, {.seed = gained ? 3U : 2U});
    const SessionReport report = LoseAndRepair(phone, [&](int answer) {
      if (answer != 1) return;
      v1::RoleGrant grant;
      grant.set_role(v1::ROLE_INSPECTOR);
      grant.set_unit(gained ? base().department : base().unit);
      Soon(base().importer, base().RoleChangeOf(actor, grant));
    });
    VIGIL_EXPECT_OK(report.status);
    ExpectInStep(phone);
    EXPECT_EQ(phone.replica().Find(elsewhere)->has_value(), gained);
    EXPECT_TRUE(phone.replica().Find(hazards_.back())->has_value());
  }
}

}  // namespace
}  // namespace vigil::testing
