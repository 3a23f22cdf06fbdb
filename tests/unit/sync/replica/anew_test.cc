#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/replica/replica.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

// A device whose database was copied goes on as another one.

namespace vigil::testing {
namespace {

using replica::Replica;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class AnewTest : public ::testing::Test {
 protected:
  AnewTest() : phone_(server_, base().Phone(v1::ROLE_INSPECTOR, base().department)) {
    phone_.MustSync();
  }

  TestRegister& base() { return server_.base(); }
  Replica& replica() { return phone_.replica(); }
  replica::Identity Another() {
    return {.device = phone_.NewId(), .person = phone_.actor().author.person};
  }

  SimServer server_;
  TestPhone phone_;
};

TEST_F(AnewTest, WhatHasNoOutcomeIsMadeAgainUnderItsOldIds) {
  const std::string judged = phone_.Report(base().risk_source, "judged");
  phone_.MustSync();
  const std::string hazard = phone_.Report(base().risk_source, "crack");
  phone_.Describe(hazard, "crack of 2 m");
  VIGIL_ASSERT_OK(replica().PutDraft("inspection", "half"));
  const auto before = *replica().Outbox();
  const replica::Identity next = Another();
  VIGIL_ASSERT_OK(replica().EnrolAnew(next));
  VIGIL_ASSERT_OK(replica().EnrolAnew(next));
  EXPECT_EQ(**replica().GetIdentity(), next);

  VIGIL_ASSERT_OK_AND_ASSIGN(const auto batch,
                             replica().NextPush({.operations_max = 9, .bytes_max = 1 << 20}));
  ASSERT_EQ(batch.request.entries_size(), 2);
  std::string previous;
  for (int i = 0; i < 2; ++i) {
    const v1::PushEntry& entry = batch.request.entries(i);
    v1::Operation operation;
    ASSERT_TRUE(operation.ParseFromString(entry.operation()));
    EXPECT_EQ(entry.device_seq(), static_cast<std::uint64_t>(i + 1));
    EXPECT_EQ(entry.previous_hash(), previous);
    previous = std::string(Sha256Of(entry.operation()).bytes());
    v1::Operation expected = before[static_cast<std::size_t>(i)].operation;
    expected.set_device(next.device);
    expected.set_device_seq(entry.device_seq());
    EXPECT_EQ(operation.SerializeAsString(), expected.SerializeAsString());
  }
  EXPECT_EQ(phone_.View(hazard).record.entity().hazard().description(), "crack of 2 m");
  EXPECT_TRUE(phone_.View(hazard).pending);
  // The same author's as ever.
  EXPECT_THAT(*replica().Journal(), SizeIs(1));
  EXPECT_EQ((*replica().FindDraft("inspection"))->bytes, "half");
  phone_.Describe(hazard, "crack of 3 m");
  EXPECT_EQ(phone_.View(hazard).record.entity().hazard().description(), "crack of 3 m");
  EXPECT_THAT(replica().HandOver({phone_.actor().author.device, phone_.actor().author.person}),
              ReasonIs("REASON_CHAIN_BROKEN"));
}

// Nor does the file forget how far its chain went.
TEST_F(AnewTest, NoPlaceInAChainIsTakenTwice) {
  const std::string hazard = phone_.Report(base().risk_source, "crack");
  phone_.Describe(hazard, "crack of 2 m");
  const replica::Identity former = **replica().GetIdentity();
  VIGIL_ASSERT_OK(replica().EnrolAnew(Another()));
  VIGIL_ASSERT_OK(replica().EnrolAnew(former));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto outbox, replica().Outbox());
  ASSERT_THAT(outbox, SizeIs(2));
  EXPECT_EQ(outbox[0].operation.device_seq(), 3U);
  EXPECT_EQ(outbox[1].operation.device_seq(), 4U);
}

TEST_F(AnewTest, NobodyElseGoesOnWithIt) {
  EXPECT_THAT(replica().EnrolAnew({.device = phone_.NewId(), .person = phone_.NewId()}),
              ReasonIs("REASON_WRONG_AUTHOR"));
  EXPECT_EQ((*replica().GetIdentity())->device, phone_.actor().author.device);
}

// The former device's work, judged long ago, is made again as the new one's.
TEST_F(AnewTest, Promise10WhatTheFormerDeviceWasToldGoesBackToo) {
  const v1::RegisterHead head = replica().BeginHello()->head();
  const v1::Epoch first = base().Head().epoch;
  const std::string judged = phone_.Report(base().risk_source, "judged");
  phone_.MustSync();
  const replica::Identity next = Another();
  VIGIL_ASSERT_OK(replica().EnrolAnew(next));
  v1::HelloResponse hello;
  hello.set_device(next.device);
  hello.set_person(next.person);
  hello.add_epochs()->set_id(phone_.NewId());
  hello.mutable_epochs(0)->set_parent(first.id());
  hello.mutable_epochs(0)->set_back_to_seq(head.seq());
  *hello.add_epochs() = first;
  *hello.mutable_head() = head;
  hello.mutable_proof()->set_seq(head.seq());
  hello.add_units(base().department);
  VIGIL_ASSERT_OK(replica().ApplyHello({*replica().BeginHello(), hello}));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto outbox, replica().Outbox());
  ASSERT_THAT(outbox, SizeIs(1));
  EXPECT_EQ(outbox[0].operation.report_hazard().hazard_id(), judged);
  EXPECT_EQ(outbox[0].operation.device(), next.device);
  EXPECT_TRUE(phone_.View(judged).pending);
  EXPECT_THAT(*replica().Journal(), IsEmpty());
}

// Another copy of the database has used up the sequence numbers.
TEST_F(AnewTest, Promise4WhatAnotherCopyKeptFromBeingJudgedStays) {
  const std::string hazard = base().ConfirmedHazard(SomeDay());
  phone_.MustSync();
  const v1::Operation operation = phone_.RaiseGrade(hazard, v1::HAZARD_GRADE_MAJOR);
  EXPECT_FALSE(replica().Counts()->forked);
  v1::PushResponse response;
  v1::Outcome& outcome = *response.add_outcomes();
  outcome.set_operation(operation.id());
  outcome.set_verdict(v1::VERDICT_REFUSED);
  outcome.mutable_error()->set_reason(v1::REASON_ID_REUSED);
  outcome.set_seq(100);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto counts, replica().ApplyOutcomes(response));
  EXPECT_EQ(counts.deferred, 1);
  EXPECT_TRUE(replica().Counts()->forked);
  EXPECT_THAT(*replica().Attention(), IsEmpty());
  VIGIL_ASSERT_OK(replica().EnrolAnew(Another()));
  EXPECT_FALSE(replica().Counts()->forked);
  EXPECT_EQ(replica().Counts()->pending, 1);
}

}  // namespace
}  // namespace vigil::testing
