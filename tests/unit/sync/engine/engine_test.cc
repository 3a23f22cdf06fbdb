#include "sync/engine/engine.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/reason.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {
namespace {

using engine::SessionReport;
using ::testing::SizeIs;

class EngineTest : public ::testing::Test {
 protected:
  EngineTest() : phone_(server_, server_.base().Phone(v1::ROLE_INSPECTOR, server_.base().unit)) {
    Restart();
  }

  // A new engine on the same phone, not started.
  void Restart() {
    engine::Engine::Options options;
    options.client = "test/1";
    options.on_session = [this](const SessionReport& report) {
      reports_.push_back(report);
      ended_at_.push_back(executor().Now());
    };
    engine_ = std::make_unique<engine::Engine>(phone_.parts(), phone_.random(), options);
  }

  // Another phone's work reaches the register, without running what else is due later.
  void OtherPhoneReports() {
    TestRegister& base = server_.base();
    if (other_.author.device.empty()) other_ = base.importer;
    v1::Operation operation = base.Begin(other_);
    v1::ImportRecord& command = *operation.mutable_import_record();
    command.set_record(base.NewId());
    command.mutable_entity()->mutable_org_unit()->set_code(command.record());
    command.mutable_entity()->mutable_org_unit()->set_name("new");
    command.mutable_entity()->mutable_org_unit()->set_kind(v1::ORG_UNIT_KIND_SITE);
    command.mutable_source()->set_file("more.csv");
    command.mutable_source()->set_line(2);
    registry::Incoming incoming;
    incoming.bytes = operation.SerializeAsString();
    base.target().Submit(other_.author, {incoming},
                         [](const auto& outcomes) { VIGIL_EXPECT_OK(outcomes); });
  }

  SimExecutor& executor() { return server_.executor(); }
  int failures_seen() const {
    int failures = 0;
    for (const SessionReport& report : reports_) failures += report.status.ok() ? 0 : 1;
    return failures;
  }

  SimServer server_;
  TestPhone phone_;
  Actor other_;
  std::vector<SessionReport> reports_;
  std::vector<absl::Time> ended_at_;
  std::unique_ptr<engine::Engine> engine_;
};

TEST_F(EngineTest, SyncsAtOnceAndThenPolls) {
  engine_->Start();
  executor().RunFor(absl::Seconds(5));
  ASSERT_THAT(reports_, SizeIs(1));
  VIGIL_EXPECT_OK(reports_[0].status);
  EXPECT_TRUE(phone_.replica().Counts()->complete);
  executor().RunFor(engine::Tuning().poll);
  EXPECT_THAT(reports_, SizeIs(2));
}

// A watch told of a place of the log that a restored register does not reach again for days.
TEST_F(EngineTest, WhatAWatchToldBeforeARestoreIsNoNewsAfterIt) {
  TestRegister& base = server_.base();
  const Actor administrator = base.Clerk(v1::ROLE_ADMINISTRATOR, base.bureau);
  const std::string backup = base.Backup();
  engine_->Start();
  executor().RunFor(absl::Seconds(5));
  for (int i = 0; i < 5; ++i) OtherPhoneReports();
  executor().RunFor(absl::Seconds(30));
  const std::uint64_t before = base.Head().seq.value();
  engine_->Stop();
  server_.Restore(backup, administrator);
  ASSERT_LT(base.Head().seq.value(), before);
  engine_->Start();
  executor().RunFor(absl::Minutes(1));
  ASSERT_EQ(phone_.replica().GetSyncState()->epoch, base.Head().epoch.id());
  const std::size_t sessions = reports_.size();
  executor().RunFor(engine::Tuning().poll);
  EXPECT_LE(reports_.size(), sessions + 1);
}

TEST_F(EngineTest, ALocalChangeIsSentSoon) {
  engine_->Start();
  executor().RunFor(absl::Seconds(5));
  const std::string hazard = phone_.Report(server_.base().risk_source, "crack");
  engine_->NoteLocalChange();
  executor().RunFor(absl::Seconds(2));
  EXPECT_TRUE(server_.base().Exists(hazard));
  EXPECT_EQ(reports_.back().outcomes.applied, 1);
}

TEST_F(EngineTest, AWatchWakesIt) {
  engine_->Start();
  executor().RunFor(absl::Seconds(5));
  const std::size_t before = reports_.size();
  OtherPhoneReports();
  executor().RunFor(absl::Seconds(2));
  ASSERT_GT(reports_.size(), before);
  EXPECT_EQ(reports_.back().records, 1);
}

TEST_F(EngineTest, ItsOwnChangeComesBackAsNoFurtherSession) {
  engine_->Start();
  executor().RunFor(absl::Seconds(5));
  phone_.Report(server_.base().risk_source, "crack");
  engine_->NoteLocalChange();
  executor().RunFor(absl::Seconds(30));
  EXPECT_THAT(reports_, SizeIs(2));
  executor().RunFor(absl::Minutes(5));
  EXPECT_THAT(reports_, SizeIs(2));
}

TEST_F(EngineTest, FailuresPauseLongerAndLongerWithJitter) {
  phone_.faults().reachable = false;
  engine_->Start();
  executor().RunFor(absl::Hours(1));
  ASSERT_GE(failures_seen(), 10);
  EXPECT_EQ(engine_->failures(), failures_seen());
  const engine::Tuning tuning;
  std::vector<absl::Duration> pauses;
  for (std::size_t i = 1; i < ended_at_.size(); ++i) {
    pauses.push_back(ended_at_[i] - ended_at_[i - 1]);
  }
  const absl::Duration answer = absl::Seconds(1);
  absl::Duration longest = tuning.backoff_min;
  for (const absl::Duration pause : pauses) {
    EXPECT_GE(pause, longest / 2);
    EXPECT_LE(pause, longest + answer);
    longest = std::min(longest * 2, tuning.backoff_max);
  }
  EXPECT_NE(pauses[pauses.size() - 1], pauses[pauses.size() - 2]) << "no jitter";
}

TEST_F(EngineTest, ARevokedPhoneAsksSeldomAndKeepsItsWork) {
  engine_->Start();
  executor().RunFor(absl::Seconds(5));
  phone_.Report(server_.base().risk_source, "crack");
  phone_.faults().let_in = rules::Refuse(v1::REASON_DEVICE_REVOKED, "revoked");
  reports_.clear();
  engine_->SyncNow();
  executor().RunFor(absl::Hours(1));
  EXPECT_GE(failures_seen(), 11);
  EXPECT_LE(failures_seen(), 13) << "from the first refusal on, once in five minutes";
  EXPECT_EQ(phone_.replica().Counts()->pending, 1);
  // Enrolled anew, the user asks.
  phone_.faults().let_in = absl::OkStatus();
  engine_->SyncNow();
  executor().RunFor(absl::Seconds(5));
  VIGIL_EXPECT_OK(reports_.back().status);
  EXPECT_EQ(phone_.replica().Counts()->pending, 0);
}

TEST_F(EngineTest, TheNetworkIsBackAndTheUserAsks) {
  phone_.faults().reachable = false;
  engine_->Start();
  executor().RunFor(absl::Minutes(30));
  EXPECT_GT(engine_->failures(), 0);
  phone_.faults().reachable = true;
  engine_->SyncNow();
  executor().RunFor(absl::Seconds(5));
  EXPECT_EQ(engine_->failures(), 0);
  VIGIL_EXPECT_OK(reports_.back().status);
}

TEST_F(EngineTest, ALocalChangeDoesNotCutABackoffShort) {
  phone_.faults().reachable = false;
  engine_->Start();
  executor().RunFor(absl::Minutes(30));
  const std::size_t before = reports_.size();
  engine_->NoteLocalChange();
  executor().RunFor(absl::Seconds(1));
  EXPECT_LE(reports_.size(), before + 1);
}

TEST_F(EngineTest, ABrokenWatchLeavesTheRestAndIsOpenedAgain) {
  engine_->Start();
  executor().RunFor(absl::Seconds(5));
  EXPECT_EQ(phone_.transport().counts().watches, 1);
  phone_.transport().BreakWatch();
  executor().RunFor(absl::Minutes(1));
  EXPECT_EQ(phone_.transport().counts().watches, 2);
  const std::size_t before = reports_.size();
  OtherPhoneReports();
  executor().RunFor(absl::Seconds(2));
  EXPECT_GT(reports_.size(), before);
}

TEST_F(EngineTest, DeferredWorkIsOfferedAgain) {
  engine_->Start();
  executor().RunFor(absl::Seconds(5));
  const std::string source = phone_.NewId();
  const std::string hazard = phone_.Report(source, "on a site that is not in the register yet");
  engine_->NoteLocalChange();
  executor().RunFor(absl::Seconds(5));
  EXPECT_EQ(phone_.replica().Counts()->deferred, 1);
  // Not by a watch: the risk source lies in another unit.
  v1::Operation operation = server_.base().Begin(server_.base().importer);
  v1::ImportRecord& command = *operation.mutable_import_record();
  command.set_record(source);
  v1::RiskSource& body = *command.mutable_entity()->mutable_risk_source();
  body.set_code("RS-0003");
  body.set_name("far away");
  body.set_site_type(v1::SITE_TYPE_PARK_SLOPE);
  body.set_responsible_unit(server_.base().other_unit);
  command.mutable_source()->set_file("more.csv");
  command.mutable_source()->set_line(2);
  registry::Incoming incoming;
  incoming.bytes = operation.SerializeAsString();
  server_.base().target().Submit(server_.base().importer.author, {incoming},
                                 [](const auto& outcomes) { VIGIL_EXPECT_OK(outcomes); });
  executor().RunFor(2 * engine::Tuning().deferred_retry);
  EXPECT_TRUE(server_.base().Exists(hazard));
  EXPECT_EQ(phone_.replica().Counts()->deferred, 0);
}

absl::Status RateLimited(std::string_view retry_after_ms) {
  return rules::Refuse(v1::REASON_RATE_LIMITED, "too many calls")
      .With("retry_after_ms", retry_after_ms);
}

TEST_F(EngineTest, ARegisterThatAsksForAPauseGetsIt) {
  phone_.faults().let_in = RateLimited("60000");
  engine_->Start();
  executor().RunFor(absl::Minutes(10));
  ASSERT_GE(failures_seen(), 5);
  std::vector<absl::Duration> pauses;
  for (std::size_t i = 1; i < ended_at_.size(); ++i) {
    pauses.push_back(ended_at_[i] - ended_at_[i - 1]);
    EXPECT_GE(pauses.back(), absl::Minutes(1));
  }
  // The backoff has not outgrown it yet.
  EXPECT_LE(pauses[0], absl::Seconds(91));
  EXPECT_NE(pauses[0], pauses[1]) << "no jitter";
}

TEST_F(EngineTest, NobodyCutsAPauseShortThatTheRegisterHasAskedFor) {
  phone_.faults().let_in = RateLimited("60000");
  engine_->Start();
  executor().RunFor(absl::Seconds(5));
  ASSERT_THAT(reports_, SizeIs(1));
  phone_.faults().let_in = absl::OkStatus();
  engine_->SyncNow();
  engine_->NoteLocalChange();
  executor().RunFor(absl::Seconds(50));
  EXPECT_THAT(reports_, SizeIs(1));
  executor().RunFor(absl::Seconds(40));
  ASSERT_THAT(reports_, SizeIs(2));
  VIGIL_EXPECT_OK(reports_[1].status);
}

TEST_F(EngineTest, APauseDoesNotGrowWithAClockThatIsSetBack) {
  phone_.faults().let_in = RateLimited("60000");
  engine_->Start();
  executor().RunFor(absl::Seconds(5));
  ASSERT_THAT(reports_, SizeIs(1));
  phone_.faults().let_in = absl::OkStatus();
  executor().SetBack(absl::Hours(10 * 365 * 24));
  executor().RunFor(absl::Minutes(2));
  ASSERT_THAT(reports_, SizeIs(2));
  VIGIL_EXPECT_OK(reports_[1].status);
  engine_->SyncNow();
  executor().RunFor(absl::Minutes(1));
  EXPECT_THAT(reports_, SizeIs(3));
}

TEST_F(EngineTest, AWatchComesBackThoughTheClockIsSetBack) {
  phone_.faults().watched = RateLimited("60000");
  engine_->Start();
  executor().RunFor(absl::Seconds(5));
  ASSERT_EQ(phone_.transport().counts().watches, 1);
  phone_.faults().watched = absl::OkStatus();
  executor().SetBack(absl::Hours(10 * 365 * 24));
  executor().RunFor(absl::Minutes(2));
  EXPECT_EQ(phone_.transport().counts().watches, 2);
}

TEST_F(EngineTest, APauseThatIsAskedForHasItsBounds) {
  const engine::Tuning tuning;
  for (const char* const ask : {"9000000000000000000", "300001"}) {
    phone_.faults().let_in = RateLimited(ask);
    Restart();
    reports_.clear();
    ended_at_.clear();
    engine_->Start();
    executor().RunFor(2 * tuning.asked_pause_max);
    ASSERT_THAT(reports_, SizeIs(2)) << ask;
    EXPECT_GE(ended_at_[1] - ended_at_[0], tuning.asked_pause_max) << ask;
  }
  // A shorter one than the backoff's, or one that nobody can read, changes nothing.
  for (const char* const ask : {"1", "-60000", "soon", ""}) {
    phone_.faults().let_in = RateLimited(ask);
    Restart();
    reports_.clear();
    ended_at_.clear();
    engine_->Start();
    executor().RunFor(absl::Seconds(10));
    ASSERT_GE(failures_seen(), 3) << ask;
    EXPECT_GE(ended_at_[1] - ended_at_[0], tuning.backoff_min / 2) << ask;
    EXPECT_GE(ended_at_[2] - ended_at_[1], tuning.backoff_min) << ask;
  }
}

TEST_F(EngineTest, AWatchThatIsToWaitLeavesTheSessionsAlone) {
  phone_.faults().watched = RateLimited("60000");
  engine_->Start();
  executor().RunFor(absl::Seconds(30));
  EXPECT_EQ(phone_.transport().counts().watches, 1);
  phone_.Report(server_.base().risk_source, "crack");
  engine_->NoteLocalChange();
  executor().RunFor(absl::Seconds(5));
  EXPECT_EQ(reports_.back().outcomes.applied, 1);
  EXPECT_EQ(phone_.transport().counts().watches, 1);
  phone_.faults().watched = absl::OkStatus();
  executor().RunFor(absl::Minutes(2));
  EXPECT_EQ(phone_.transport().counts().watches, 2);
}

TEST_F(EngineTest, StoppedItRestsAndMayStartAgain) {
  engine_->Start();
  executor().RunOne();
  engine_->Stop();
  EXPECT_FALSE(engine_->in_session());
  executor().RunFor(absl::Hours(1));
  EXPECT_THAT(reports_, SizeIs(0));
  engine_->Start();
  executor().RunFor(absl::Seconds(5));
  EXPECT_THAT(reports_, SizeIs(1));
}

TEST_F(EngineTest, DestroyedItLeavesNothingThatRuns) {
  engine_->Start();
  executor().RunOne();
  engine_.reset();
  phone_.Close();
  executor().RunFor(absl::Hours(1));
  EXPECT_THAT(reports_, SizeIs(0));
}

}  // namespace
}  // namespace vigil::testing
