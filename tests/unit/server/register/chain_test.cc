#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/register/register.h"
#include "sync/base/hash.h"
#include "tests/support/test_register.h"

// A phone's operations are a chain, and the signature of a push speaks for its last one.

namespace vigil::testing {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

class ChainOfPushesTest : public ::testing::Test {
 protected:
  ChainOfPushesTest() : phone_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit)) {}

  // The phone's next operation, linked to the last one.
  registry::Incoming Next(const v1::Operation& operation) {
    registry::Incoming incoming;
    incoming.bytes = operation.SerializeAsString();
    incoming.operation_id = operation.id();
    incoming.device_seq = operation.device_seq();
    incoming.previous_hash = last_hash_;
    incoming.hash = Sha256Of(incoming.bytes);
    last_hash_ = incoming.hash;
    return incoming;
  }
  registry::Incoming Report() { return Next(ReportOf(reg_.risk_source)); }
  v1::Operation ReportOf(const std::string& risk_source) {
    v1::Operation operation = reg_.Begin(phone_);
    v1::ReportHazard& command = *operation.mutable_report_hazard();
    command.set_hazard_id(reg_.NewId());
    command.mutable_hazard()->set_risk_source(risk_source);
    command.mutable_hazard()->set_description("loose rock");
    *command.mutable_hazard()->mutable_found_at() = operation.made_at();
    return operation;
  }
  // Changes what it says, and not what follows it.
  static void Tamper(registry::Incoming& incoming) {
    v1::Operation operation;
    ASSERT_TRUE(operation.ParseFromString(incoming.bytes));
    operation.mutable_report_hazard()->mutable_hazard()->set_description("all is well");
    incoming.bytes = operation.SerializeAsString();
    incoming.hash = Sha256Of(incoming.bytes);
  }

  // The answers' verdicts; DEFERRED and REFUSED with their reasons.
  std::vector<std::string> Push(const std::vector<registry::Incoming>& entries) {
    registry::PushHead head{.device_seq = DeviceSeq(entries.back().device_seq),
                            .operation_hash = entries.back().hash,
                            .signature = "signed"};
    std::vector<std::string> answers;
    reg_.target().SubmitPush(phone_.author, entries, head,
                             [&](const absl::StatusOr<registry::Register::Outcomes>& outcomes) {
                               ASSERT_TRUE(outcomes.ok()) << outcomes.status();
                               for (const v1::Outcome& outcome : *outcomes) {
                                 answers.push_back(outcome.error().reason() == 0
                                                       ? v1::Verdict_Name(outcome.verdict())
                                                       : v1::Reason_Name(outcome.error().reason()));
                               }
                             });
    reg_.executor().RunUntilIdle();
    return answers;
  }

  TestRegister reg_;
  Actor phone_;
  Sha256 last_hash_;
};

constexpr char kApplied[] = "VERDICT_APPLIED";
constexpr char kBroken[] = "REASON_CHAIN_BROKEN";

TEST_F(ChainOfPushesTest, WhatContinuesTheChainIsJudged) {
  EXPECT_THAT(Push({Report(), Report(), Report()}), ElementsAre(kApplied, kApplied, kApplied));
  EXPECT_THAT(Push({Report(), Report()}), ElementsAre(kApplied, kApplied));
}

TEST_F(ChainOfPushesTest, NothingIsJudgedThatTheSignatureDoesNotSpeakFor) {
  std::vector<registry::Incoming> entries = {Report(), Report(), Report()};
  Tamper(entries[1]);
  const Seq before = reg_.Head().seq;
  EXPECT_THAT(Push(entries), Each(kBroken));
  EXPECT_EQ(reg_.Head().seq, before);
}

TEST_F(ChainOfPushesTest, WhatIsLeftOutIsMissed) {
  const registry::Incoming first = Report();
  const registry::Incoming second = Report();
  const registry::Incoming third = Report();
  EXPECT_THAT(Push({first, third}), ElementsAre(kBroken, kBroken));
  EXPECT_THAT(Push({third}), ElementsAre(kBroken));
  EXPECT_THAT(Push({first, second, third}), ElementsAre(kApplied, kApplied, kApplied));
}

TEST_F(ChainOfPushesTest, TheFirstOperationFollowsNone) {
  last_hash_ = Sha256Of("something before");
  EXPECT_THAT(Push({Report()}), ElementsAre(kBroken));
}

TEST_F(ChainOfPushesTest, OfTwoCopiesOfADeviceTheSecondGoesNoFurther) {
  EXPECT_THAT(Push({Report()}), ElementsAre(kApplied));
  const Sha256 fork = last_hash_;
  const std::uint64_t fork_seq = phone_.device_seq;
  EXPECT_THAT(Push({Report(), Report()}), ElementsAre(kApplied, kApplied));
  last_hash_ = fork;
  phone_.device_seq = fork_seq;
  EXPECT_THAT(Push({Report(), Report(), Report()}),
              ElementsAre("REASON_ID_REUSED", "REASON_ID_REUSED", kBroken));
}

TEST_F(ChainOfPushesTest, WhatIsPutOffKeepsItsPlace) {
  const registry::Incoming waits = Next(ReportOf(reg_.NewId()));
  const registry::Incoming goes_on = Report();
  EXPECT_THAT(Push({waits, goes_on}), ElementsAre("REASON_DEPENDENCY_MISSING", kApplied));
  // It comes again, together with what follows later.
  EXPECT_THAT(Push({waits, Report()}), ElementsAre("REASON_DEPENDENCY_MISSING", kApplied));
  // Nothing else can take its place.
  registry::Incoming other = waits;
  Tamper(other);
  EXPECT_THAT(Push({other, Report()}), ElementsAre(kBroken, kApplied));
  EXPECT_THAT(Push({other}), ElementsAre(kBroken)) << "signed for itself, too";
}

TEST_F(ChainOfPushesTest, AWithheldOperationTravelsAsItsHash) {
  const registry::Incoming whole = Report();
  registry::Incoming hash_alone = whole;
  hash_alone.withheld = true;
  hash_alone.bytes.clear();
  EXPECT_THAT(Push({hash_alone, Report()}), ElementsAre("REASON_DEPENDENCY_MISSING", kApplied));
  EXPECT_THAT(Push({whole}), ElementsAre(kApplied));
}

TEST_F(ChainOfPushesTest, ARetryGetsTheFirstOutcomes) {
  const std::vector<registry::Incoming> entries = {Report(), Report()};
  EXPECT_THAT(Push(entries), ElementsAre(kApplied, kApplied));
  const Seq before = reg_.Head().seq;
  EXPECT_THAT(Push(entries), ElementsAre(kApplied, kApplied));
  EXPECT_THAT(Push({entries[0]}), ElementsAre(kApplied));
  EXPECT_EQ(reg_.Head().seq, before);
}

// A device whose database was copied is enrolled anew, perhaps by both copies.
class MadeAgainTest : public ChainOfPushesTest {
 protected:
  // The same person with another device, which says what it was.
  Actor Anew(const std::string& formerly) {
    Actor next = phone_;
    next.author.device = reg_.NewId();
    next.device_seq = 0;
    Actor office = reg_.Clerk(v1::ROLE_ADMINISTRATOR, reg_.bureau);
    v1::Operation made = reg_.Begin(office);
    made.mutable_create_record()->set_record(next.author.device);
    v1::Device& device = *made.mutable_create_record()->mutable_entity()->mutable_device();
    device.set_person(phone_.author.person);
    device.set_kind(v1::DEVICE_KIND_PHONE);
    device.set_public_key(phone_.key->public_key().der());
    if (!formerly.empty()) device.set_formerly(formerly);
    EXPECT_EQ(reg_.Submit(office, made).verdict(), v1::VERDICT_APPLIED);
    return next;
  }
  // As `device` says it again, at the beginning of its chain.
  static registry::Incoming Again(v1::Operation operation, const Actor& device) {
    operation.set_device(device.author.device);
    operation.set_device_seq(1);
    registry::Incoming incoming;
    incoming.bytes = operation.SerializeAsString();
    incoming.operation_id = operation.id();
    incoming.device_seq = 1;
    incoming.hash = Sha256Of(incoming.bytes);
    return incoming;
  }
  std::vector<std::string> PushAs(const Actor& device, const registry::Incoming& entry) {
    phone_ = device;
    return Push({entry});
  }
};

TEST_F(MadeAgainTest, Promise3WhatAFormerDeviceSaidIsNotDoneTwice) {
  phone_ = Anew("");
  const Actor former = phone_;
  const v1::Operation operation = ReportOf(reg_.risk_source);
  EXPECT_THAT(Push({Next(operation)}), ElementsAre(kApplied));
  const Actor one = Anew(former.author.device);
  const Actor two = Anew(one.author.device);
  const Seq enrolled = reg_.Head().seq;
  EXPECT_THAT(PushAs(one, Again(operation, one)), ElementsAre(kApplied));
  EXPECT_THAT(PushAs(two, Again(operation, two)), ElementsAre(kApplied));
  EXPECT_EQ(reg_.Head().seq, enrolled);
}

TEST_F(MadeAgainTest, BothCopiesMayBeEnrolledAnewInAnyOrder) {
  phone_ = Anew("");
  const Actor former = phone_;
  const v1::Operation operation = ReportOf(reg_.risk_source);
  const Actor one = Anew(former.author.device);
  const Actor two = Anew(former.author.device);
  EXPECT_THAT(PushAs(one, Again(operation, one)), ElementsAre(kApplied));
  const Seq before = reg_.Head().seq;
  EXPECT_THAT(PushAs(two, Again(operation, two)), ElementsAre(kApplied));
  EXPECT_THAT(PushAs(former, Again(operation, former)), ElementsAre(kApplied));
  EXPECT_EQ(reg_.Head().seq, before);
}

TEST_F(MadeAgainTest, OtherContentAndOtherDevicesAreNoRepeat) {
  phone_ = Anew("");
  const Actor former = phone_;
  const v1::Operation operation = ReportOf(reg_.risk_source);
  EXPECT_THAT(Push({Next(operation)}), ElementsAre(kApplied));
  const Actor one = Anew(former.author.device);
  v1::Operation other = operation;
  other.mutable_report_hazard()->mutable_hazard()->set_description("all is well");
  EXPECT_THAT(PushAs(one, Again(other, one)), ElementsAre("REASON_ID_REUSED"));
  const Actor stranger = Anew("");
  EXPECT_THAT(PushAs(stranger, Again(operation, stranger)), ElementsAre("REASON_ID_REUSED"));
}

}  // namespace
}  // namespace vigil::testing
