#include "sync/engine/session.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/reason.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {
namespace {

using engine::SessionReport;
using replica::AttentionItem;
using replica::OutboxState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SessionTest : public ::testing::Test {
 protected:
  TestRegister& base() { return server_.base(); }
  Actor Inspector() { return base().Phone(v1::ROLE_INSPECTOR, base().department); }

  std::string DescriptionIn(const v1::Record& record) {
    return record.entity().hazard().description();
  }

  SimServer server_;
};

TEST_F(SessionTest, FirstSyncFetchesTheScope) {
  TestPhone phone(server_, Inspector());
  EXPECT_FALSE(phone.replica().Counts()->complete);
  const SessionReport report = phone.Sync();
  VIGIL_EXPECT_OK(report.status);
  EXPECT_TRUE(report.complete);
  EXPECT_TRUE(report.digest_equal);
  EXPECT_EQ(report.repaired, 0);
  EXPECT_TRUE(phone.replica().Counts()->complete);
  EXPECT_EQ(phone.View(base().risk_source).record.SerializeAsString(),
            base().Find(base().risk_source).SerializeAsString());
}

TEST_F(SessionTest, SecondSyncFetchesWhatChangedAndNothingElse) {
  TestPhone phone(server_, Inspector());
  phone.MustSync();
  EXPECT_EQ(phone.MustSync().records, 0);
  const std::string hazard = base().ConfirmedHazard(SomeDay());
  const SessionReport report = phone.MustSync();
  // The hazard, and the two persons who had to do with it.
  EXPECT_EQ(report.records, 3);
  EXPECT_EQ(phone.View(hazard).version, base().Find(hazard).version());
}

TEST_F(SessionTest, WorkMadeOfflineArrives) {
  TestPhone phone(server_, Inspector());
  phone.MustSync();
  phone.faults().reachable = false;
  const std::string hazard = phone.Report(base().risk_source, "seepage below the dam");
  phone.Describe(hazard, "seepage below the dam, clear water");
  EXPECT_THAT(phone.Sync().status, ReasonIs("REASON_SERVER_UNREACHABLE"));
  EXPECT_EQ(phone.replica().Counts()->pending, 2);

  phone.faults().reachable = true;
  const SessionReport report = phone.MustSync();
  EXPECT_EQ(report.outcomes.applied, 2);
  EXPECT_EQ(DescriptionIn(base().Find(hazard)), "seepage below the dam, clear water");
  const replica::RecordView view = phone.View(hazard);
  EXPECT_FALSE(view.pending);
  EXPECT_EQ(view.record.SerializeAsString(), base().Find(hazard).SerializeAsString());
  EXPECT_EQ(*phone.replica().DisplayNumber(view.record), "2017-0001");
  EXPECT_EQ(phone.replica().Counts()->pending, 0);
}

TEST_F(SessionTest, Promise3ALostAnswerToAPushIsNoSecondApplication) {
  TestPhone phone(server_, Inspector());
  phone.MustSync();
  const std::string hazard = phone.Report(base().risk_source, "crack");
  phone.faults().lose_push_responses = 1;
  const SessionReport lost = phone.Sync();
  EXPECT_FALSE(lost.push_status.ok());
  EXPECT_EQ(lost.outcomes.applied, 0);
  const std::uint64_t head = base().Head().seq.value();

  const SessionReport report = phone.MustSync();
  EXPECT_EQ(report.outcomes.applied, 1);
  EXPECT_EQ(base().Head().seq.value(), head) << "the repeat was judged again";
  const auto journal = phone.replica().Journal();
  VIGIL_ASSERT_OK(journal);
  ASSERT_THAT(*journal, SizeIs(1));
  EXPECT_EQ(journal->front().outcome.seq(), base().Find(hazard).version());
  EXPECT_FALSE(journal->front().outcome.repeat());
}

TEST_F(SessionTest, AFailingPushDoesNotStopThePullNorShowWorkTwice) {
  Actor inspector = Inspector();
  TestPhone phone(server_, inspector);
  phone.MustSync();
  const std::string hazard = phone.Report(base().risk_source, "crack");
  phone.faults().lose_push_responses = 1;
  const SessionReport report = phone.Sync();
  EXPECT_THAT(report.status, ReasonIs("REASON_SERVER_UNREACHABLE"));
  EXPECT_TRUE(report.complete);
  EXPECT_TRUE(report.digest_equal);
  // The outcome is unknown, but the page says that the register has judged it.
  EXPECT_EQ(phone.replica().Counts()->pending, 1);
  const replica::RecordView view = phone.View(hazard);
  EXPECT_FALSE(view.pending);
  EXPECT_EQ(view.record.SerializeAsString(), base().Find(hazard).SerializeAsString());
}

// A page of 4 KiB, the smallest that the register makes.
engine::Tuning SmallPages() {
  engine::Tuning tuning;
  tuning.page_bytes = 4096;
  return tuning;
}

TEST_F(SessionTest, AnInterruptedFirstSyncResumesWhereItBroke) {
  for (int i = 0; i < 100; ++i) base().Phone(v1::ROLE_INSPECTOR, base().unit);
  TestPhone phone(server_, Inspector());
  const int pages = static_cast<int>(TestPhone(server_, Inspector()).Sync(SmallPages()).pages);
  ASSERT_GT(pages, 4);

  std::int64_t records = 0;
  int attempts = 0;
  for (bool complete = false; !complete; ++attempts) {
    ASSERT_LT(attempts, 2 * pages) << "no progress";
    phone.faults().cut_pull_after = 1;
    // The last attempt of all has one page left and is not cut.
    const SessionReport report = phone.Sync(SmallPages());
    complete = report.complete;
    EXPECT_EQ(phone.replica().Counts()->complete, complete);
    records += report.records;
    phone.Restart();
  }
  EXPECT_GT(attempts, 3);
  // No record came twice.
  EXPECT_EQ(records, phone.replica().Counts()->records);
  phone.faults().cut_pull_after = -1;
  phone.MustSync();
}

TEST_F(SessionTest, Promise4NothingIsLostNothingBlocks) {
  const std::string confirmed = base().ConfirmedHazard(SomeDay());
  TestPhone phone(server_, base().Phone(v1::ROLE_RESPONSIBLE_UNIT, base().unit));
  phone.MustSync();

  // Accepted on the phone; meanwhile the person loses the role, so the register will refuse it.
  v1::Operation accept;
  accept.mutable_accept_hazard()->set_hazard(confirmed);
  accept = phone.MustMake(accept);
  v1::Operation submit;
  submit.mutable_submit_rectification()->set_hazard(confirmed);
  submit.mutable_submit_rectification()->set_rectification("scaled the face");
  submit.mutable_submit_rectification()->add_photos()->set_sha256(std::string(64, 'a'));
  submit = phone.MustMake(submit);
  const std::string hazard = phone.Report(base().risk_source, "loose rock");
  EXPECT_EQ(phone.View(confirmed).record.entity().hazard().status(), v1::HAZARD_STATUS_SUBMITTED);
  base().ChangeRole(phone.actor(), v1::ROLE_INSPECTOR);

  const SessionReport report = phone.MustSync();
  EXPECT_EQ(report.outcomes.refused, 2);
  EXPECT_EQ(report.outcomes.applied, 1);
  EXPECT_TRUE(base().Exists(hazard));
  const auto attention = phone.replica().Attention();
  VIGIL_ASSERT_OK(attention);
  ASSERT_THAT(*attention, SizeIs(2));
  EXPECT_EQ(attention->at(0).outcome.error().reason(), v1::REASON_NOT_PERMITTED);
  EXPECT_EQ(attention->at(1).outcome.verdict(), v1::VERDICT_REFUSED);
  // With its content, and without any effect on what is shown.
  EXPECT_EQ(attention->at(1).operation.SerializeAsString(), submit.SerializeAsString());
  EXPECT_EQ(phone.View(confirmed).record.entity().hazard().status(), v1::HAZARD_STATUS_CONFIRMED);
  EXPECT_EQ(phone.replica().Counts()->refused, 2);

  VIGIL_EXPECT_OK(phone.replica().SettleAttention(accept.id()));
  EXPECT_EQ(phone.replica().Counts()->refused, 1);
  EXPECT_THAT(*phone.replica().Attention(), SizeIs(2)) << "it went away";
}

// An inspector's report on a risk source that the register does not know yet, another fact on that
// report, and a report that has nothing to do with either.
struct Deferral {
  std::string unknown_source;
  std::string hazard;
  v1::Operation recurrence;
  std::string other_hazard;
};

Deferral MakeDeferral(TestPhone& phone, const std::string& known_source) {
  Deferral made;
  made.unknown_source = phone.NewId();
  made.hazard = phone.Report(made.unknown_source, "on a site that is not in the register yet");
  v1::Operation recurrence;
  v1::ReportRecurrence& command = *recurrence.mutable_report_recurrence();
  command.set_hazard(made.hazard);
  command.set_recurrence_id(phone.NewId());
  command.set_description("still there");
  made.recurrence = phone.MustMake(recurrence);
  made.other_hazard = phone.Report(known_source, "crack");
  return made;
}

TEST_F(SessionTest, ADeferredOperationHoldsBackOnlyTheSameRecords) {
  TestPhone phone(server_, Inspector());
  phone.MustSync();
  const Deferral deferral = MakeDeferral(phone, base().risk_source);

  SessionReport report = phone.MustSync();
  EXPECT_EQ(report.outcomes.deferred, 2);
  EXPECT_EQ(report.outcomes.applied, 1);
  EXPECT_TRUE(base().Exists(deferral.other_hazard));
  auto outbox = phone.replica().Outbox();
  VIGIL_ASSERT_OK(outbox);
  ASSERT_THAT(*outbox, SizeIs(2));
  EXPECT_EQ(outbox->at(0).state, OutboxState::kDeferred);
  EXPECT_EQ(outbox->at(0).error.reason(), v1::REASON_DEPENDENCY_MISSING);
  EXPECT_EQ(outbox->at(1).error.reason(), v1::REASON_BLOCKED_BY_DEFERRED);
  EXPECT_EQ(phone.replica().Counts()->deferred, 2);

  // Once what was missing is there, both are taken, in their order.
  base().AddRiskSource(deferral.unknown_source, "RS-0003", base().unit);
  report = phone.MustSync();
  EXPECT_EQ(report.outcomes.applied, 2);
  EXPECT_TRUE(base().Exists(deferral.hazard));
  EXPECT_TRUE(base().Exists(deferral.recurrence.report_recurrence().recurrence_id()));
  EXPECT_EQ(phone.replica().Counts()->deferred, 0);
}

TEST_F(SessionTest, WhatWaitsTravelsTogetherWithWhatItWaitsFor) {
  TestPhone phone(server_, Inspector());
  phone.MustSync();
  const Deferral deferral = MakeDeferral(phone, base().risk_source);
  // Each operation would be a batch of its own.
  engine::Tuning tuning;
  tuning.push_operations_max = 1;
  const SessionReport report = phone.Sync(tuning);
  VIGIL_EXPECT_OK(report.status);
  EXPECT_TRUE(base().Exists(deferral.other_hazard));
  EXPECT_EQ(phone.replica().Counts()->deferred, 2);
  EXPECT_THAT(*phone.replica().Attention(), IsEmpty())
      << "judged without what it rests on, it was refused";
}

TEST_F(SessionTest, AnEditWaitsForTheDeferredOneBeforeItThoughEachIsABatchOfItsOwn) {
  TestPhone phone(server_, Inspector());
  phone.MustSync();
  const std::string hazard = phone.Report(base().risk_source, "crack");
  phone.MustSync();
  v1::Operation unknown;
  v1::EditRecord& edit = *unknown.mutable_edit_record();
  edit.set_record(hazard);
  edit.mutable_entity()->mutable_hazard()->set_responsible_unit(phone.NewId());
  edit.mutable_update_mask()->add_paths("responsible_unit");
  // A phone of ours would not send it.
  VIGIL_ASSERT_OK(phone.replica().Make(unknown, {.unchecked = true}));
  phone.Describe(hazard, "wider");
  engine::Tuning tuning;
  tuning.push_operations_max = 1;
  const SessionReport report = phone.Sync(tuning);
  VIGIL_EXPECT_OK(report.status);
  EXPECT_EQ(report.outcomes.applied, 0);
  EXPECT_EQ(phone.replica().Counts()->deferred, 2);
  EXPECT_EQ(base().Find(hazard).entity().hazard().description(), "crack");
}

class Forwarding : public engine::Transport {
 public:
  explicit Forwarding(engine::Transport& inner) : inner_(inner) {}

  void Hello(const v1::HelloRequest& request, Done<v1::HelloResponse> done) override {
    inner_.Hello(request, std::move(done));
  }
  void ReturnCopies(const v1::ReturnCopiesRequest& request,
                    Done<v1::ReturnCopiesResponse> done) override {
    inner_.ReturnCopies(request, std::move(done));
  }
  void Push(const v1::PushRequest& request, Done<v1::PushResponse> done) override {
    inner_.Push(request, std::move(done));
  }
  void Pull(const v1::PullRequest& request, std::shared_ptr<engine::PageSink> sink) override {
    inner_.Pull(request, std::move(sink));
  }
  void Repair(const v1::RepairRequest& request, Done<v1::RepairResponse> done) override {
    inner_.Repair(request, std::move(done));
  }
  std::unique_ptr<engine::Watch> OpenWatch(const v1::WatchRequest& request, Changed changed,
                                           Ended ended) override {
    return inner_.OpenWatch(request, std::move(changed), std::move(ended));
  }

 protected:
  engine::Transport& inner_;
};

// Ends every pull well, but before its last page.
class EndsEarly final : public Forwarding {
 public:
  using Forwarding::Forwarding;
  void Pull(const v1::PullRequest& request, std::shared_ptr<engine::PageSink> sink) override {
    inner_.Pull(request, std::make_shared<Sink>(std::move(sink)));
  }

 private:
  class Sink final : public engine::PageSink {
   public:
    explicit Sink(std::shared_ptr<engine::PageSink> inner) : inner_(std::move(inner)) {}
    void Page(v1::PullResponse page, Ready ready) override {
      if (page.last()) return ready(true);
      inner_->Page(std::move(page), std::move(ready));
    }
    void Finish(const absl::Status& status) override { inner_->Finish(status); }

   private:
    const std::shared_ptr<engine::PageSink> inner_;
  };
};

// Three seconds there, three seconds back.
class SlowGreeting final : public Forwarding {
 public:
  SlowGreeting(engine::Transport& inner, Executor& executor)
      : Forwarding(inner), executor_(executor) {}
  void Hello(const v1::HelloRequest& request, Done<v1::HelloResponse> done) override {
    executor_.PostAfter(absl::Seconds(3), [this, request, done = std::move(done)] {
      inner_.Hello(request, [this, done](const absl::StatusOr<v1::HelloResponse>& hello) {
        executor_.PostAfter(absl::Seconds(3), [done, hello] { done(hello); });
      });
    });
  }

 private:
  Executor& executor_;
};

SessionReport SyncOver(TestPhone& phone, engine::Transport& transport, SimExecutor& executor) {
  SessionReport report;
  engine::Session::Options options;
  options.client = "test/1";
  const auto session = engine::Session::Start(
      {phone.replica(), transport, executor, phone.parts().signer, phone.parts().register_key},
      options, [&](const SessionReport& end) { report = end; });
  executor.RunUntilIdle();
  return report;
}

TEST_F(SessionTest, ThePhonesClockIsMeasuredHalfWayBetweenQuestionAndAnswer) {
  TestPhone phone(server_, Inspector(), {.clock_error = absl::Hours(-2)});
  SlowGreeting transport(phone.transport(), server_.executor());
  VIGIL_EXPECT_OK(SyncOver(phone, transport, server_.executor()).status);
  const absl::Duration offset = phone.replica().GetSyncState()->clock_offset;
  EXPECT_GT(offset, absl::Hours(2) - absl::Seconds(1));
  EXPECT_LT(offset, absl::Hours(2) + absl::Seconds(1));
}

TEST_F(SessionTest, APullWithoutItsLastPageIsNotComplete) {
  TestPhone phone(server_, Inspector());
  EndsEarly transport(phone.transport());
  const SessionReport report = SyncOver(phone, transport, server_.executor());
  EXPECT_THAT(report.status, ReasonIs("REASON_SERVER_UNREACHABLE"));
  EXPECT_FALSE(report.complete);
  EXPECT_FALSE(phone.replica().GetSyncState()->complete);
}

TEST_F(SessionTest, TwoPhonesConcurrentEditsConverge) {
  const std::string hazard = base().ConfirmedHazard(SomeDay());
  TestPhone first(server_, Inspector());
  TestPhone second(server_, Inspector(), {.seed = 2});
  first.MustSync();
  second.MustSync();
  first.Describe(hazard, "crack of 2 m");
  second.Describe(hazard, "crack of 3 m");
  second.RaiseGrade(hazard, v1::HAZARD_GRADE_MAJOR);

  EXPECT_EQ(first.MustSync().outcomes.applied, 1);
  const SessionReport report = second.MustSync();
  EXPECT_EQ(report.outcomes.merged, 1);
  EXPECT_EQ(report.outcomes.applied, 1);
  first.MustSync();

  EXPECT_EQ(*first.replica().Digest(), *second.replica().Digest());
  for (TestPhone* phone : {&first, &second}) {
    const replica::RecordView view = phone->View(hazard);
    EXPECT_EQ(view.record.entity().hazard().grade(), v1::HAZARD_GRADE_MAJOR);
    EXPECT_THAT(view.conflicts, ElementsAre("description"));
    EXPECT_EQ(phone->replica().Counts()->in_conflict, 1);
  }
}

TEST_F(SessionTest, AnotherPhonesChangeShowsAsAConflictBeforeTheOwnOneIsSent) {
  const std::string hazard = base().ConfirmedHazard(SomeDay());
  TestPhone first(server_, Inspector());
  TestPhone second(server_, Inspector(), {.seed = 2});
  first.MustSync();
  second.MustSync();
  first.Describe(hazard, "crack of 2 m");
  first.MustSync();
  second.Describe(hazard, "crack of 3 m");
  second.faults().push_works = false;
  EXPECT_FALSE(second.Sync().push_status.ok());
  const replica::RecordView view = second.View(hazard);
  EXPECT_TRUE(view.pending);
  EXPECT_THAT(view.conflicts, ElementsAre("description"));
}

TEST_F(SessionTest, AGainedUnitIsReadFromTheStartALostOneLeaves) {
  const Actor actor = base().Phone(v1::ROLE_INSPECTOR, base().unit);
  TestPhone phone(server_, actor);
  phone.MustSync();
  EXPECT_FALSE(phone.replica().Find(base().other_risk_source)->has_value());
  const std::string pending = phone.Report(base().risk_source, "crack");

  base().ChangeRole(actor, v1::ROLE_INSPECTOR, base().other_unit);
  const SessionReport report = phone.MustSync();
  VIGIL_EXPECT_OK(report.status);
  EXPECT_FALSE(phone.replica().Find(base().risk_source)->has_value());
  EXPECT_TRUE(phone.replica().Find(base().other_risk_source)->has_value());
  // The fact went through; the record lives where the phone no longer looks.
  EXPECT_EQ(report.outcomes.applied, 1);
  EXPECT_TRUE(base().Exists(pending));
  EXPECT_FALSE(phone.replica().Find(pending)->has_value());
}

TEST_F(SessionTest, ADifferenceIsRepairedAndCountedAsAFault) {
  TestPhone phone(server_, Inspector());
  const std::string hazard = base().ConfirmedHazard(SomeDay());
  phone.faults().tamper = [](v1::PullResponse& page) { page.clear_records(); };
  const SessionReport report = phone.Sync();
  VIGIL_EXPECT_OK(report.status);
  EXPECT_GT(report.repaired, 0);
  EXPECT_TRUE(report.digest_equal);
  EXPECT_EQ(phone.View(hazard).version, base().Find(hazard).version());
  EXPECT_EQ(phone.replica().Counts()->faults, report.repaired);
}

TEST_F(SessionTest, Promise8APhonesWrongClockIsMeasured) {
  TestPhone phone(server_, Inspector(), {.clock_error = absl::Hours(-30)});
  phone.MustSync();
  const std::string hazard = phone.Report(base().risk_source, "crack");
  const absl::Time made_at = server_.executor().Now();
  phone.MustSync();
  const v1::Stamp stamp = base().Find(hazard).made_by();
  EXPECT_LE(absl::AbsDuration(absl::FromUnixSeconds(stamp.observed_at().seconds()) - made_at),
            absl::Seconds(2));
}

TEST_F(SessionTest, ARegisterThatDoesNotAnswerEndsTheAttempt) {
  TestPhone phone(server_, Inspector());
  const absl::Time begin = server_.executor().Now();
  phone.faults().silent = 1;
  EXPECT_THAT(phone.Sync().status, ReasonIs("REASON_SERVER_UNREACHABLE"));
  EXPECT_EQ(server_.executor().Now() - begin, engine::Tuning().step_max);
  phone.MustSync();
}

TEST_F(SessionTest, CancelledItReportsOnceAndTouchesNothing) {
  TestPhone phone(server_, Inspector());
  std::vector<absl::Status> reports;
  const auto session =
      phone.StartSync([&](const SessionReport& report) { reports.push_back(report.status); });
  session->Cancel();
  session->Cancel();
  server_.executor().RunUntilIdle();
  ASSERT_THAT(reports, SizeIs(1));
  EXPECT_EQ(reports.front().code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(phone.replica().Counts()->complete);
}

TEST_F(SessionTest, AnotherPersonsAccessIsNotUsed) {
  TestPhone phone(server_, Inspector());
  const Actor other = Inspector();
  SimTransport transport(server_, other);
  std::optional<SessionReport> report;
  const auto session = engine::Session::Start(
      {phone.replica(), transport, server_.executor(), *other.key, phone.parts().register_key}, {},
      [&](const SessionReport& done) { report = done; });
  server_.executor().RunUntilDone([&] { return report.has_value(); });
  EXPECT_THAT(report->status, ReasonIs("REASON_WRONG_AUTHOR"));
}

}  // namespace
}  // namespace vigil::testing
