#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/replica/replica.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {
namespace {

using replica::OutboxState;
using replica::Replica;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PushTest : public ::testing::Test {
 protected:
  PushTest()
      : hazard_(base().ConfirmedHazard(SomeDay())),
        phone_(server_, base().Phone(v1::ROLE_INSPECTOR, base().department)) {
    phone_.MustSync();
  }

  TestRegister& base() { return server_.base(); }
  Replica& replica() { return phone_.replica(); }

  Replica::PushBatch Next(std::uint64_t after, int operations) {
    auto batch =
        replica().NextPush({.after = after, .operations_max = operations, .bytes_max = 1 << 20});
    VIGIL_CHECK(batch.ok()) << batch.status().ToString();
    return *batch;
  }
  std::vector<std::uint64_t> SeqsOf(const Replica::PushBatch& batch) {
    std::vector<std::uint64_t> seqs;
    for (const v1::PushEntry& entry : batch.request.entries()) seqs.push_back(entry.device_seq());
    return seqs;
  }
  v1::Outcome Answer(const v1::Operation& operation, v1::Verdict verdict, std::uint64_t seq) {
    v1::Outcome outcome;
    outcome.set_operation(operation.id());
    outcome.set_device(operation.device());
    outcome.set_device_seq(operation.device_seq());
    outcome.set_verdict(verdict);
    outcome.set_seq(seq);
    return outcome;
  }
  replica::OutcomeCounts Apply(const std::vector<v1::Outcome>& outcomes) {
    v1::PushResponse response;
    for (const v1::Outcome& outcome : outcomes) *response.add_outcomes() = outcome;
    auto counts = replica().ApplyOutcomes(response);
    VIGIL_CHECK(counts.ok()) << counts.status().ToString();
    return *counts;
  }

  SimServer server_;
  std::string hazard_;
  TestPhone phone_;
};

TEST_F(PushTest, BatchesGoOnWhereTheLastOneEnded) {
  for (const char* text : {"a", "b", "c"}) phone_.Describe(hazard_, text);
  const auto first = Next(0, 2);
  EXPECT_THAT(SeqsOf(first), ElementsAre(1U, 2U));
  const auto second = Next(first.last, 2);
  EXPECT_THAT(SeqsOf(second), ElementsAre(3U));
  EXPECT_THAT(SeqsOf(Next(second.last, 2)), IsEmpty());
}

TEST_F(PushTest, ALargeOperationTravelsAlone) {
  for (int i = 0; i < 3; ++i) phone_.Describe(hazard_, std::string(1000, 'x'));
  auto batch = replica().NextPush({.operations_max = 10, .bytes_max = 10});
  VIGIL_ASSERT_OK(batch);
  EXPECT_THAT(SeqsOf(*batch), ElementsAre(1U));
}

TEST_F(PushTest, WhatWasSentIsFrozenByteForByte) {
  phone_.Describe(hazard_, "a");
  const std::string bytes = Next(0, 10).request.entries(0).operation();
  EXPECT_EQ(replica().Outbox()->at(0).state, OutboxState::kSent);
  phone_.Restart();
  EXPECT_EQ(Next(0, 10).request.entries(0).operation(), bytes);
}

TEST_F(PushTest, AnAnswerNobodyWaitsForChangesNothing) {
  const v1::Operation operation = phone_.Describe(hazard_, "a");
  v1::Outcome outcome = Answer(operation, v1::VERDICT_APPLIED, 100);
  outcome.set_operation(phone_.NewId());
  EXPECT_EQ(Apply({outcome}).applied, 0);
  outcome.set_operation("nonsense");
  EXPECT_EQ(Apply({outcome}).applied, 0);
  EXPECT_EQ(Apply({Answer(operation, v1::VERDICT_UNSPECIFIED, 100)}).applied, 0);
  EXPECT_EQ(replica().Counts()->pending, 1);
  EXPECT_EQ(Apply({Answer(operation, v1::VERDICT_APPLIED, 100)}).applied, 1);
  EXPECT_EQ(Apply({Answer(operation, v1::VERDICT_REFUSED, 100)}).refused, 0);
  EXPECT_THAT(*replica().Attention(), IsEmpty());
}

TEST_F(PushTest, AnAppliedOperationStaysShownUntilItsRecordIsConfirmed) {
  const v1::Operation operation = phone_.Describe(hazard_, "crack of 2 m");
  const std::uint64_t seq = base().Head().seq.value() + 1;
  Apply({Answer(operation, v1::VERDICT_APPLIED, seq)});
  EXPECT_EQ(replica().Counts()->pending, 0);
  EXPECT_TRUE(phone_.View(hazard_).pending);
  EXPECT_EQ(phone_.View(hazard_).record.entity().hazard().description(), "crack of 2 m");

  // Confirmed up to just before it, then with it.
  v1::PullResponse page;
  page.mutable_head()->set_epoch(base().Head().epoch.id());
  page.mutable_cursor()->add_units(base().department);
  v1::Record record = base().Find(hazard_);
  record.set_version(seq - 1);
  page.add_records(record.SerializeAsString());
  VIGIL_ASSERT_OK(replica().ApplyPage(page));
  EXPECT_TRUE(phone_.View(hazard_).pending);
  record.set_version(seq);
  record.mutable_entity()->mutable_hazard()->set_description("as the register says");
  page.set_records(0, record.SerializeAsString());
  VIGIL_ASSERT_OK(replica().ApplyPage(page));
  EXPECT_FALSE(phone_.View(hazard_).pending);
  EXPECT_EQ(phone_.View(hazard_).record.entity().hazard().description(), "as the register says");
}

TEST_F(PushTest, OutcomesAreKeptInTheJournalUntilABackupHoldsThem) {
  const v1::Operation first = phone_.Describe(hazard_, "a");
  const v1::Operation second = phone_.Describe(hazard_, "b");
  Apply({Answer(first, v1::VERDICT_APPLIED, 101), Answer(second, v1::VERDICT_MERGED, 102)});
  EXPECT_THAT(*replica().Journal(), SizeIs(2));
  EXPECT_EQ((*replica().FindOutcome(second.id()))->seq(), 102U);
  // No backup yet: 90 days.
  VIGIL_ASSERT_OK(replica().PruneJournal(0));
  EXPECT_THAT(*replica().Journal(), SizeIs(2));
  VIGIL_ASSERT_OK(replica().PruneJournal(101));
  EXPECT_THAT(*replica().Journal(), SizeIs(1));
  EXPECT_FALSE(replica().FindOutcome(first.id())->has_value());
  server_.executor().RunFor(absl::Hours(24 * 91));
  VIGIL_ASSERT_OK(replica().PruneJournal(0));
  EXPECT_THAT(*replica().Journal(), IsEmpty());
}

TEST_F(PushTest, TheRegisterLearnsWhichAnswersArrived) {
  const v1::Operation first = phone_.Describe(hazard_, "a");
  phone_.Describe(hazard_, "b");
  EXPECT_EQ(Next(0, 10).request.outcomes_confirmed_to(), 0U);
  Apply({Answer(first, v1::VERDICT_APPLIED, 101)});
  EXPECT_EQ(Next(0, 10).request.outcomes_confirmed_to(), 1U);
}

TEST_F(PushTest, WhatRestsOnARefusedOperationOfOnesOwnSaysSo) {
  TestPhone unit(server_, base().Phone(v1::ROLE_RESPONSIBLE_UNIT, base().unit), {.seed = 2});
  unit.MustSync();
  v1::Operation accept;
  accept.mutable_accept_hazard()->set_hazard(hazard_);
  accept = unit.MustMake(accept);
  v1::PushResponse response;
  *response.add_outcomes() = Answer(accept, v1::VERDICT_REFUSED, base().Head().seq.value() + 1);
  VIGIL_ASSERT_OK(unit.replica().ApplyOutcomes(response));
  v1::Operation submit;
  submit.mutable_submit_rectification()->set_hazard(hazard_);
  submit.mutable_submit_rectification()->set_from_status(v1::HAZARD_STATUS_RECTIFYING);
  submit.mutable_submit_rectification()->set_rectification("done");
  submit.mutable_submit_rectification()->add_photos()->set_sha256(std::string(64, 'a'));
  EXPECT_THAT(unit.replica().Make(submit), ReasonIs("REASON_DEPENDS_ON_REFUSED"));
}

TEST_F(PushTest, AnEditOfARecordWhoseReportWasRefusedShowsNothing) {
  const std::string reported = phone_.Report(base().risk_source, "crack");
  const v1::Operation report = replica().Outbox()->at(0).operation;
  phone_.Describe(reported, "crack of 2 m");
  Apply({Answer(report, v1::VERDICT_REFUSED, 100)});
  EXPECT_FALSE(replica().Find(reported)->has_value());
  EXPECT_EQ(replica().Counts()->pending, 1);
  EXPECT_THAT(*replica().Attention(), SizeIs(1));
}

TEST_F(PushTest, AnOldCopyOfTheDatabaseDoesNotPush) {
  phone_.Describe(hazard_, "a");
  v1::HelloResponse hello;
  hello.set_device(phone_.actor().author.device);
  hello.set_person(phone_.actor().author.person);
  hello.add_epochs()->set_id(base().Head().epoch.id());
  hello.add_units(base().department);
  hello.set_last_judged_device_seq(5);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::HelloRequest asked, replica().BeginHello());
  *hello.mutable_head() = asked.head();
  hello.mutable_proof()->set_seq(asked.head().seq());
  VIGIL_ASSERT_OK(replica().ApplyHello({asked, hello}));
  EXPECT_THAT(replica().NextPush({.operations_max = 10, .bytes_max = 1 << 20}),
              ReasonIs("REASON_CHAIN_BROKEN"));
  // It still receives, and says that it could not send.
  const std::string later = base().ConfirmedHazard(SomeDay());
  const engine::SessionReport report = phone_.Sync();
  EXPECT_THAT(report.status, ReasonIs("REASON_CHAIN_BROKEN"));
  EXPECT_TRUE(report.complete);
  EXPECT_TRUE(replica().Find(later)->has_value());
}

}  // namespace
}  // namespace vigil::testing
