#include "sync/replica/outbox_file.h"

#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/replica/replica.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {
namespace {

using replica::DecodeOutboxFile;
using replica::EncodeOutboxFile;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(OutboxFileTest, WhatIsWrittenIsRead) {
  v1::PushRequest request;
  request.add_entries()->set_operation("some bytes");
  const std::string bytes = EncodeOutboxFile(request);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::PushRequest read, DecodeOutboxFile(bytes));
  EXPECT_EQ(read.SerializeAsString(), request.SerializeAsString());
}

TEST(OutboxFileTest, DamageIsSeenWhereverItIs) {
  v1::PushRequest request;
  request.add_entries()->set_operation("some bytes");
  const std::string bytes = EncodeOutboxFile(request);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_THAT(DecodeOutboxFile(damaged), StatusIs(absl::StatusCode::kInvalidArgument)) << i;
    EXPECT_THAT(DecodeOutboxFile(bytes.substr(0, i)), StatusIs(absl::StatusCode::kInvalidArgument))
        << i;
  }
}

class ExchangeTest : public ::testing::Test {
 protected:
  ExchangeTest()
      : hazard_(base().ConfirmedHazard(SomeDay())),
        actor_(base().Phone(v1::ROLE_INSPECTOR, base().department)),
        phone_(server_, actor_) {
    phone_.MustSync();
  }
  TestRegister& base() { return server_.base(); }

  SimServer server_;
  std::string hazard_;
  Actor actor_;
  TestPhone phone_;
};

TEST_F(ExchangeTest, UnsentWorkOutlivesAPhoneThatIsLost) {
  phone_.Describe(hazard_, "sent");
  phone_.MustSync();
  const std::string reported = phone_.Report(base().risk_source, "crack");
  phone_.Describe(reported, "crack of 2 m");
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string bytes, phone_.replica().ExportOutbox());

  // The same device and person on another phone.
  TestPhone another(server_, actor_, {.seed = 2});
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto imported, another.replica().ImportOutbox(bytes));
  EXPECT_EQ(imported.added, 2);
  EXPECT_EQ(another.replica().Counts()->pending, 2);
  const auto report = another.MustSync();
  EXPECT_EQ(report.outcomes.applied, 2);
  EXPECT_EQ(base().Find(reported).entity().hazard().description(), "crack of 2 m");
  // Its chain goes on.
  another.Describe(hazard_, "later");
  EXPECT_EQ(another.MustSync().outcomes.applied, 1);
}

TEST_F(ExchangeTest, TwiceIsOnce) {
  phone_.Report(base().risk_source, "crack");
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string bytes, phone_.replica().ExportOutbox());
  EXPECT_EQ(phone_.replica().ImportOutbox(bytes)->known, 1);
  phone_.MustSync();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto imported, phone_.replica().ImportOutbox(bytes));
  EXPECT_EQ(imported.known, 1);
  EXPECT_EQ(imported.added, 0);
  EXPECT_EQ(phone_.replica().Counts()->pending, 0);
}

TEST_F(ExchangeTest, WhatWasJudgedBetweenGoesAsLinks) {
  phone_.Describe(hazard_, "one");
  const v1::Operation put_off = phone_.Describe(hazard_, "two");
  phone_.Describe(hazard_, "three");
  v1::PushResponse response;
  int seq = 100;
  const auto batch = phone_.replica().NextPush({.operations_max = 9, .bytes_max = 1 << 20});
  for (const v1::PushEntry& entry : batch->request.entries()) {
    v1::Outcome& outcome = *response.add_outcomes();
    outcome.set_operation(entry.operation_id());
    const bool waits = entry.operation_id() == put_off.id();
    outcome.set_verdict(waits ? v1::VERDICT_DEFERRED : v1::VERDICT_APPLIED);
    if (!waits) outcome.set_seq(++seq);
  }
  VIGIL_ASSERT_OK(phone_.replica().ApplyOutcomes(response));
  const std::string reported = phone_.Report(base().risk_source, "crack");
  ASSERT_THAT(*phone_.replica().Outbox(), SizeIs(2));
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string bytes, phone_.replica().ExportOutbox());
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::PushRequest file, DecodeOutboxFile(bytes));
  ASSERT_EQ(file.entries_size(), 3);
  EXPECT_TRUE(file.entries(1).has_withheld_hash());
  EXPECT_EQ(phone_.replica().ImportOutbox(bytes)->known, 2);

  TestPhone another(server_, actor_, {.seed = 2});
  another.faults().push_works = false;
  another.Sync();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto imported, another.replica().ImportOutbox(bytes));
  EXPECT_EQ(imported.added, 2);
  EXPECT_EQ(another.replica().ImportOutbox(bytes)->known, 2);
  // A link takes its place before what follows it.
  another.Describe(hazard_, "later");
  VIGIL_ASSERT_OK_AND_ASSIGN(
      const auto pushed, another.replica().NextPush({.operations_max = 9, .bytes_max = 1 << 20}));
  ASSERT_EQ(pushed.request.entries_size(), 4);
  for (int i = 1; i < 4; ++i) {
    const v1::PushEntry& before = pushed.request.entries(i - 1);
    const Sha256 hash = before.has_withheld_hash() ? *Sha256::FromBytes(before.withheld_hash())
                                                   : Sha256Of(before.operation());
    EXPECT_EQ(pushed.request.entries(i).previous_hash(), hash.bytes()) << i;
  }
  EXPECT_EQ(pushed.request.entries(1).withheld_hash(), file.entries(1).withheld_hash());
}

TEST_F(ExchangeTest, WhatWasGivenUpGoesAsALink) {
  const Actor responsible = base().Phone(v1::ROLE_RESPONSIBLE_UNIT, base().unit);
  TestPhone phone(server_, responsible, {.seed = 3});
  phone.MustSync();
  v1::Operation accept;
  accept.mutable_accept_hazard()->set_hazard(hazard_);
  accept = phone.MustMake(accept);
  base().ChangeRole(responsible, v1::ROLE_RESPONSIBLE_UNIT, base().other_unit);
  phone.MustSync();
  VIGIL_ASSERT_OK(phone.replica().Discard(accept.id()));
  base().ChangeRole(responsible, v1::ROLE_RESPONSIBLE_UNIT, base().unit);
  phone.MustSync();
  v1::Operation progress;
  progress.mutable_report_progress()->set_progress_report_id(phone.NewId());
  progress.mutable_report_progress()->mutable_progress_report()->set_hazard(hazard_);
  progress.mutable_report_progress()->mutable_progress_report()->set_text("half done");
  phone.MustMake(progress);
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string bytes, phone.replica().ExportOutbox());

  TestPhone another(server_, responsible, {.seed = 4});
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto imported, another.replica().ImportOutbox(bytes));
  EXPECT_EQ(imported.added, 1);
  EXPECT_EQ(another.MustSync().outcomes.applied, 1);
  EXPECT_EQ(base().Find(hazard_).entity().hazard().status(), v1::HAZARD_STATUS_CONFIRMED);
  EXPECT_EQ(phone.replica().ImportOutbox(bytes)->added, 0);
  // The chain goes on from there.
  progress.mutable_report_progress()->set_progress_report_id(another.NewId());
  another.MustMake(progress);
  EXPECT_EQ(another.MustSync().outcomes.applied, 1);
}

TEST_F(ExchangeTest, TheChainGoesOnAfterALink) {
  phone_.Describe(hazard_, "one");
  phone_.Describe(hazard_, "two");
  VIGIL_ASSERT_OK_AND_ASSIGN(v1::PushRequest file,
                             DecodeOutboxFile(*phone_.replica().ExportOutbox()));
  ASSERT_EQ(file.entries_size(), 2);
  const Sha256 last = Sha256Of(file.entries(1).operation());
  file.mutable_entries(1)->set_withheld_hash(std::string(last.bytes()));
  TestPhone another(server_, actor_, {.seed = 2});
  another.faults().push_works = false;
  another.Sync();
  EXPECT_EQ(another.replica().ImportOutbox(EncodeOutboxFile(file))->added, 1);
  EXPECT_EQ(another.Describe(hazard_, "three").device_seq(), 3U);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::PushRequest goes_on,
                             DecodeOutboxFile(*another.replica().ExportOutbox()));
  ASSERT_EQ(goes_on.entries_size(), 3);
  EXPECT_EQ(goes_on.entries(2).previous_hash(), last.bytes());
}

TEST_F(ExchangeTest, ASequenceThatNobodyReachesIsRefused) {
  phone_.Describe(hazard_, "one");
  VIGIL_ASSERT_OK_AND_ASSIGN(v1::PushRequest file,
                             DecodeOutboxFile(*phone_.replica().ExportOutbox()));
  v1::PushEntry& entry = *file.mutable_entries(0);
  entry.set_withheld_hash(std::string(Sha256Of("another").bytes()));
  entry.set_device_seq(std::uint64_t{1} << 40);
  EXPECT_THAT(phone_.replica().ImportOutbox(EncodeOutboxFile(file)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ExchangeTest, AnotherLinkInAKnownPlaceIsFoundOut) {
  phone_.Report(base().risk_source, "crack");
  VIGIL_ASSERT_OK_AND_ASSIGN(v1::PushRequest file,
                             DecodeOutboxFile(*phone_.replica().ExportOutbox()));
  v1::PushEntry& entry = *file.mutable_entries(0);
  entry.set_withheld_hash(std::string(Sha256Of("another").bytes()));
  EXPECT_THAT(phone_.replica().ImportOutbox(EncodeOutboxFile(file)),
              ReasonIs("REASON_CHAIN_BROKEN"));
  entry.set_withheld_hash("short");
  EXPECT_THAT(phone_.replica().ImportOutbox(EncodeOutboxFile(file)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ExchangeTest, ImportedWorkIsShownAgain) {
  const std::string reported = phone_.Report(base().risk_source, "crack");
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string bytes, phone_.replica().ExportOutbox());
  TestPhone another(server_, actor_, {.seed = 2});
  another.faults().push_works = false;
  another.Sync();
  VIGIL_ASSERT_OK(another.replica().ImportOutbox(bytes));
  EXPECT_TRUE(another.View(reported).pending);
  EXPECT_EQ(another.View(reported).record.entity().hazard().description(), "crack");
}

TEST_F(ExchangeTest, HandedOverUnsentWorkStaysItsAuthors) {
  phone_.Report(base().risk_source, "crack");
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string bytes, phone_.replica().ExportOutbox());
  const Actor other = base().Phone(v1::ROLE_INSPECTOR, base().department);
  TestPhone others(server_, other, {.seed = 2});
  EXPECT_THAT(others.replica().ImportOutbox(bytes), ReasonIs("REASON_WRONG_AUTHOR"));
  EXPECT_EQ(others.replica().Counts()->pending, 0);

  // The same on one phone that goes from hand to hand.
  VIGIL_ASSERT_OK(phone_.replica().HandOver({other.author.device, other.author.person}));
  EXPECT_EQ(phone_.replica().Counts()->pending, 0);
  EXPECT_THAT(*phone_.replica().Outbox(), IsEmpty());
  EXPECT_THAT(phone_.replica().NextPush({.operations_max = 9, .bytes_max = 9})->request.entries(),
              IsEmpty());
  VIGIL_ASSERT_OK(phone_.replica().HandOver({actor_.author.device, actor_.author.person}));
  EXPECT_EQ(phone_.MustSync().outcomes.applied, 1);
}

TEST_F(ExchangeTest, ACloneThatWentItsOwnWayIsFoundOut) {
  phone_.Describe(hazard_, "one way");
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string bytes, phone_.replica().ExportOutbox());
  TestPhone clone(server_, actor_, {.seed = 2});
  clone.MustSync();
  clone.Describe(hazard_, "another way");
  EXPECT_THAT(clone.replica().ImportOutbox(bytes), ReasonIs("REASON_CHAIN_BROKEN"));
  EXPECT_THAT(*clone.replica().Outbox(), SizeIs(1));
}

}  // namespace
}  // namespace vigil::testing
