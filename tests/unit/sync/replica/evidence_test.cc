#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/replica/replica.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {
namespace {

using replica::EvidenceItem;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class EvidenceTest : public ::testing::Test {
 protected:
  EvidenceTest() : phone_(server_, base().Phone(v1::ROLE_INSPECTOR, base().unit)) {
    phone_.MustSync();
    photo_.set_sha256(Sha256Of("a photo").ToHex());
    photo_.set_media_type("image/jpeg");
    photo_.set_size_bytes(1000);
    VIGIL_EXPECT_OK(phone_.replica().KeepEvidence(photo_));
  }

  TestRegister& base() { return server_.base(); }
  EvidenceItem Item() { return **phone_.replica().FindEvidence(photo_.sha256()); }
  void Say(std::int64_t received, bool complete) {
    v1::EvidenceStatus status;
    status.set_sha256(photo_.sha256());
    status.set_received_bytes(received);
    status.set_complete(complete);
    VIGIL_EXPECT_OK(phone_.replica().NoteEvidence(status));
  }
  void Report() {
    v1::Operation operation;
    v1::ReportHazard& report = *operation.mutable_report_hazard();
    report.set_hazard_id(phone_.NewId());
    report.mutable_hazard()->set_risk_source(base().risk_source);
    report.mutable_hazard()->set_description("cracks at the crest");
    report.mutable_hazard()->mutable_found_at()->set_seconds(absl::ToUnixSeconds(phone_.now()));
    *report.mutable_hazard()->add_photos() = photo_;
    phone_.MustMake(std::move(operation));
  }
  // As the register greets after a restore that went back to before everything.
  void BeginAnEpoch() {
    v1::HelloResponse hello;
    hello.set_device(phone_.actor().author.device);
    hello.set_person(phone_.actor().author.person);
    v1::Epoch& now = *hello.add_epochs();
    now.set_id(phone_.NewId());
    now.set_parent(base().Head().epoch.id());
    hello.add_epochs()->set_id(base().Head().epoch.id());
    VIGIL_EXPECT_OK(phone_.replica().ApplyHello({*phone_.replica().BeginHello(), hello}));
  }

  SimServer server_;
  TestPhone phone_;
  v1::Evidence photo_;
};

TEST_F(EvidenceTest, WhatIsKeptSurvivesTheProgram) {
  Say(700, false);
  phone_.Restart();
  EXPECT_EQ(Item().sent_bytes, 700);
  EXPECT_FALSE(Item().complete);
  EXPECT_EQ(Item().size_bytes, 1000);
  EXPECT_THAT(*phone_.replica().Evidence(), SizeIs(1));
  Say(1000, true);
  EXPECT_TRUE(Item().complete);
}

TEST_F(EvidenceTest, Promise10WhatTheRegisterSaidInAnotherEpochDoesNotCount) {
  Say(1000, true);
  EXPECT_TRUE(Item().complete);
  BeginAnEpoch();
  EXPECT_FALSE(Item().complete) << "a restored register may lack it";
  Say(0, false);
  Say(1000, true);
  EXPECT_TRUE(Item().complete);
}

TEST_F(EvidenceTest, ItIsSpareOnceNoOperationThatNamesItHasToBeSaidAgain) {
  Report();
  Say(1000, true);
  EXPECT_THAT(*phone_.replica().SpareEvidence(), IsEmpty()) << "in the outbox";
  phone_.MustSync();
  EXPECT_THAT(*phone_.replica().SpareEvidence(), IsEmpty()) << "in the journal";
  VIGIL_EXPECT_OK(phone_.replica().PruneJournal(base().Head().seq.value()));
  EXPECT_THAT(*phone_.replica().SpareEvidence(), SizeIs(1));
  Report();
  EXPECT_THAT(*phone_.replica().SpareEvidence(), IsEmpty()) << "named once more";
}

TEST_F(EvidenceTest, WhatNoOperationHasNamedYetIsNotSpare) {
  Say(1000, true);
  EXPECT_THAT(*phone_.replica().SpareEvidence(), IsEmpty());
  server_.executor().RunFor(absl::Hours(24 * 91));
  EXPECT_THAT(*phone_.replica().SpareEvidence(), SizeIs(1));
}

TEST_F(EvidenceTest, TheNextUserNeitherSeesNorSendsIt) {
  const Actor other = base().Phone(v1::ROLE_INSPECTOR, base().unit);
  VIGIL_ASSERT_OK(phone_.replica().HandOver({other.author.device, other.author.person}));
  EXPECT_THAT(*phone_.replica().Evidence(), IsEmpty());
  // He keeps the same content: it stays the first one's, too.
  VIGIL_ASSERT_OK(phone_.replica().KeepEvidence(photo_));
  EXPECT_THAT(phone_.replica().ForgetEvidence(photo_.sha256()), IsOkAndHolds(false));
  VIGIL_ASSERT_OK(
      phone_.replica().HandOver({phone_.actor().author.device, phone_.actor().author.person}));
  EXPECT_THAT(*phone_.replica().Evidence(), SizeIs(1));
  EXPECT_THAT(phone_.replica().ForgetEvidence(photo_.sha256()), IsOkAndHolds(true));
}

TEST_F(EvidenceTest, ARefusalStaysUntilItIsKeptOnceMore) {
  v1::ErrorDetail error;
  error.set_reason(v1::REASON_TOO_LARGE);
  VIGIL_ASSERT_OK(phone_.replica().NoteEvidenceRefused(photo_.sha256(), error));
  EXPECT_EQ(Item().error.reason(), v1::REASON_TOO_LARGE);
  VIGIL_ASSERT_OK(phone_.replica().KeepEvidence(photo_));
  EXPECT_EQ(Item().error.reason(), v1::REASON_UNSPECIFIED);
}

}  // namespace
}  // namespace vigil::testing
