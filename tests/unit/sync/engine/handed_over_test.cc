#include <optional>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/engine/session.h"
#include "sync/replica/outbox_file.h"
#include "sync/replica/replica.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

// A phone that goes to somebody else, and comes back.

namespace vigil::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class HandedOverTest : public ::testing::Test {
 protected:
  HandedOverTest()
      : phone_(server_, base().Phone(v1::ROLE_INSPECTOR, base().unit)),
        next_(base().Phone(v1::ROLE_INSPECTOR, base().other_unit)),
        next_transport_(server_, next_) {}

  TestRegister& base() { return server_.base(); }
  replica::Replica& replica() { return phone_.replica(); }
  void HandTo(const Actor& actor) {
    VIGIL_ASSERT_OK(replica().HandOver({actor.author.device, actor.author.person}));
  }
  engine::SessionReport SyncAsNext() {
    std::optional<engine::SessionReport> report;
    engine::Session::Parts parts{replica(), next_transport_, server_.executor(), *next_.key,
                                 base().key().public_key()};
    const auto session = engine::Session::Start(
        parts, {}, [&](const engine::SessionReport& done) { report = done; });
    server_.executor().RunUntilDone([&] { return report.has_value(); });
    return *report;
  }

  SimServer server_;
  TestPhone phone_;
  Actor next_;
  SimTransport next_transport_;
};

TEST_F(HandedOverTest, Promise4WorkStaysItsAuthorsAndTheNextUserHasNothingOfIt) {
  const std::string hazard = base().ConfirmedHazard(SomeDay());
  phone_.MustSync();
  const v1::Operation judged = phone_.Describe(hazard, "judged");
  const v1::Operation refused = phone_.Describe(hazard, "refused");
  v1::PushResponse response;
  v1::Outcome& outcome = *response.add_outcomes();
  outcome.set_operation(judged.id());
  outcome.set_verdict(v1::VERDICT_APPLIED);
  outcome.set_seq(100);
  *response.add_outcomes() = outcome;
  response.mutable_outcomes(1)->set_operation(refused.id());
  response.mutable_outcomes(1)->set_verdict(v1::VERDICT_REFUSED);
  VIGIL_ASSERT_OK(replica().ApplyOutcomes(response));
  const std::string unsent = phone_.Report(base().risk_source, "unsent");
  VIGIL_ASSERT_OK(replica().PutDraft("inspection", "half"));

  HandTo(next_);
  EXPECT_THAT(*replica().Outbox(), IsEmpty());
  EXPECT_THAT(*replica().Attention(), IsEmpty());
  EXPECT_THAT(*replica().Journal(), IsEmpty());
  EXPECT_FALSE(replica().FindOutcome(judged.id())->has_value());
  EXPECT_THAT(*replica().Drafts(""), IsEmpty());
  EXPECT_FALSE(replica().Find(unsent)->has_value());
  EXPECT_THAT(replica().SettleAttention(refused.id()), ReasonIs("REASON_NOT_FOUND"));
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string file, replica().ExportOutbox());
  EXPECT_THAT(replica::DecodeOutboxFile(file)->entries(), IsEmpty());
  VIGIL_EXPECT_OK(SyncAsNext().status);
  EXPECT_EQ(next_transport_.counts().operations, 0);
  // What he may not see has left.
  EXPECT_FALSE(replica().Find(hazard)->has_value());
  EXPECT_TRUE(replica().Find(base().other_risk_source)->has_value());

  HandTo(phone_.actor());
  EXPECT_THAT(*replica().Outbox(), SizeIs(1));
  EXPECT_THAT(*replica().Attention(), SizeIs(1));
  EXPECT_THAT(*replica().Journal(), SizeIs(2));
  EXPECT_TRUE(replica().FindOutcome(judged.id())->has_value());
  EXPECT_THAT(*replica().Drafts(""), SizeIs(1));
  EXPECT_TRUE(phone_.View(unsent).pending);
}

}  // namespace
}  // namespace vigil::testing
