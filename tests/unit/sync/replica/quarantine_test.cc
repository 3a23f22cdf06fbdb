#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/replica/replica.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"
#include "tests/unit/sync/replica/follow.h"

namespace vigil::testing {
namespace {

using replica::AttentionItem;
using replica::OutboxItem;
using replica::OutboxState;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class QuarantineTest : public ::testing::Test {
 protected:
  QuarantineTest()
      : hazard_(base().ConfirmedHazard(SomeDay())),
        actor_(base().Phone(v1::ROLE_RESPONSIBLE_UNIT, base().unit)),
        phone_(server_, actor_) {
    phone_.MustSync();
  }

  TestRegister& base() { return server_.base(); }
  replica::Replica& replica() { return phone_.replica(); }

  void Lose() { base().ChangeRole(actor_, v1::ROLE_RESPONSIBLE_UNIT, base().other_unit); }
  void Regain() { base().ChangeRole(actor_, v1::ROLE_RESPONSIBLE_UNIT, base().unit); }

  v1::Operation Accept() {
    v1::Operation operation;
    operation.mutable_accept_hazard()->set_hazard(hazard_);
    return phone_.MustMake(operation);
  }
  v1::Operation Progress(const std::string& hazard) {
    v1::Operation operation;
    operation.mutable_report_progress()->set_progress_report_id(phone_.NewId());
    operation.mutable_report_progress()->mutable_progress_report()->set_hazard(hazard);
    operation.mutable_report_progress()->mutable_progress_report()->set_text("half done");
    return phone_.MustMake(operation);
  }
  // Of what is in the outbox, in its order.
  std::vector<OutboxState> States() {
    std::vector<OutboxState> states;
    const auto outbox = replica().Outbox();
    EXPECT_THAT(outbox, IsOk());
    for (const OutboxItem& item : *outbox) states.push_back(item.state);
    return states;
  }
  std::vector<AttentionItem> Quarantined() {
    auto items = *replica().Attention();
    std::erase_if(items, [](const AttentionItem& item) { return !item.quarantined; });
    return items;
  }

  SimServer server_;
  const std::string hazard_;
  const Actor actor_;
  TestPhone phone_;
};

TEST_F(QuarantineTest, AnUnsentDecisionOnALostRecordWaitsForItsAuthorAndNothingElseDoes) {
  const v1::Operation accept = Accept();
  const v1::Operation progress = Progress(hazard_);
  Lose();
  const auto report = phone_.MustSync();
  EXPECT_EQ(report.outcomes.applied, 1) << "facts go";
  EXPECT_EQ(report.outcomes.deferred, 0);
  EXPECT_TRUE(base().Exists(progress.report_progress().progress_report_id()));
  EXPECT_TRUE(replica().FindOutcome(progress.id())->value().outside_scope());
  EXPECT_FALSE(replica().Find(hazard_)->has_value());
  EXPECT_THAT(States(), ElementsAre(OutboxState::kQuarantined));
  ASSERT_THAT(Quarantined(), SizeIs(1));
  EXPECT_EQ(Quarantined()[0].operation.id(), accept.id());
  EXPECT_EQ(Quarantined()[0].outcome.error().reason(), v1::REASON_OUT_OF_SCOPE);
  EXPECT_FALSE(Quarantined()[0].settled);
  EXPECT_EQ(replica().Counts()->quarantined, 1);
  EXPECT_EQ(replica().Counts()->pending, 0);
  // What comes later has its place in the chain, again and again.
  for (int i = 0; i < 2; ++i) {
    phone_.Report(base().other_risk_source, "crack");
    EXPECT_EQ(phone_.MustSync().outcomes.applied, 1);
  }
  EXPECT_EQ(phone_.transport().last_push().entries_size(), 1) << "the link is known by now";
  EXPECT_NE(base().StateOf(hazard_).status(), v1::HAZARD_STATUS_RECTIFYING);
}

TEST_F(QuarantineTest, WhatIsBackIsSentByItselfInTheSameSession) {
  Accept();
  Lose();
  phone_.MustSync();
  Regain();
  const auto report = phone_.MustSync();
  EXPECT_EQ(report.outcomes.applied, 1);
  EXPECT_THAT(States(), IsEmpty());
  EXPECT_EQ(base().StateOf(hazard_).status(), v1::HAZARD_STATUS_RECTIFYING);
}

TEST_F(QuarantineTest, ReleasedItIsTheRegistersToJudge) {
  const v1::Operation accept = Accept();
  Lose();
  phone_.MustSync();
  VIGIL_ASSERT_OK(replica().Release(accept.id()));
  EXPECT_THAT(States(), ElementsAre(OutboxState::kReleased));
  EXPECT_EQ(replica().Counts()->pending, 1);
  EXPECT_EQ(phone_.MustSync().outcomes.refused, 1);
  EXPECT_EQ(replica().FindOutcome(accept.id())->value().error().reason(), v1::REASON_OUT_OF_SCOPE);
  EXPECT_THAT(replica().Release(accept.id()), ReasonIs("REASON_NOT_FOUND"));
  EXPECT_THAT(replica().Discard(accept.id()), ReasonIs("REASON_NOT_FOUND"));
}

TEST_F(QuarantineTest, WhatItsAuthorSaidHoldsOnHisNextDeviceToo) {
  const v1::Operation accept = Accept();
  Lose();
  phone_.MustSync();
  VIGIL_ASSERT_OK(replica().Discard(accept.id()));
  phone_.Report(base().other_risk_source, "crack");
  VIGIL_ASSERT_OK(replica().EnrolAnew({.device = phone_.NewId(), .person = actor_.author.person}));
  EXPECT_THAT(States(), ElementsAre(OutboxState::kDiscarded, OutboxState::kPending));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto batch,
                             replica().NextPush({.operations_max = 9, .bytes_max = 1 << 20}));
  ASSERT_EQ(batch.request.entries_size(), 2);
  EXPECT_TRUE(batch.request.entries(0).has_withheld_hash()) << "it is never sent";
  EXPECT_EQ(Quarantined().front().operation.id(), accept.id());
}

TEST_F(QuarantineTest, WhatRestsOnAQuarantinedOperationWaitsToo) {
  // An own report under what will leave: the report goes, decisions on it wait.
  const std::string own = phone_.Report(base().risk_source, "crack");
  phone_.Describe(own, "crack of 2 m");
  phone_.Describe(own, "crack of 3 m");
  const std::string elsewhere = phone_.Report(base().other_risk_source, "another");
  Lose();
  const auto report = phone_.MustSync();
  EXPECT_EQ(report.outcomes.applied, 2);
  EXPECT_TRUE(base().Exists(own));
  EXPECT_TRUE(base().Exists(elsewhere));
  EXPECT_THAT(States(), ElementsAre(OutboxState::kQuarantined, OutboxState::kQuarantined));
  phone_.MustSync();
  EXPECT_THAT(States(), ElementsAre(OutboxState::kQuarantined, OutboxState::kQuarantined))
      << "the report is judged and still out of sight";
  // The later one rests on the earlier one: both go.
  VIGIL_ASSERT_OK(replica().Release(Quarantined()[1].operation.id()));
  EXPECT_THAT(States(), ElementsAre(OutboxState::kReleased, OutboxState::kReleased));
}

// Every order of three of these, from each state that an operation may be in. The outbox
// always says what the rules say; a restart changes nothing; nothing is ever lost.
enum class Event { kLose, kRegain, kRelease, kDiscard };

class QuarantineModel {
 public:
  explicit QuarantineModel(OutboxState state) : state_(state) {}
  void Take(Event event) {
    if (event == Event::kLose) lost_ = true;
    if (event == Event::kRegain) lost_ = false;
    const bool is_held = state_ == OutboxState::kQuarantined;
    if (event == Event::kLose && state_ == OutboxState::kPending) {
      state_ = OutboxState::kQuarantined;
    } else if (event == Event::kRegain && is_held) {
      state_ = OutboxState::kPending;
    } else if (event == Event::kRelease && is_held) {
      state_ = OutboxState::kReleased;
    } else if (event == Event::kDiscard && is_held) {
      state_ = OutboxState::kDiscarded;
    }
  }
  OutboxState state() const { return state_; }

 private:
  OutboxState state_;
  bool lost_ = false;
};

TEST(QuarantineExhaustiveTest, EveryOrderOfEventsFromEveryState) {
  int cases = 0;
  for (const OutboxState first :
       {OutboxState::kPending, OutboxState::kSent, OutboxState::kDeferred}) {
    const SimVfs disk;
    SimServer server;
    const std::string hazard = server.base().ConfirmedHazard(SomeDay());
    const Actor actor = server.base().Phone(v1::ROLE_INSPECTOR, server.base().unit);
    for (int code = 0; code < 64; ++code) {
      SCOPED_TRACE(code);
      server.base().ChangeRole(actor, v1::ROLE_INSPECTOR, server.base().unit);
      Actor own = actor;
      // A device of its own for each case.
      own.author.device = server.base().NewId();
      TestPhone phone(server, own, {.vfs = disk.name()});
      Follow(server, phone);
      const v1::Operation operation = phone.Describe(hazard, "crack");
      if (first != OutboxState::kPending) {
        VIGIL_ASSERT_OK(phone.replica().NextPush({.operations_max = 9, .bytes_max = 1 << 20}));
      }
      if (first == OutboxState::kDeferred) {
        v1::PushResponse response;
        v1::Outcome& outcome = *response.add_outcomes();
        outcome.set_operation(operation.id());
        outcome.set_verdict(v1::VERDICT_DEFERRED);
        outcome.mutable_error()->set_reason(v1::REASON_DEPENDENCY_MISSING);
        VIGIL_ASSERT_OK(phone.replica().ApplyOutcomes(response));
      }
      QuarantineModel model(first);
      for (int step = 0, rest = code; step < 3; ++step, rest /= 4) {
        const auto event = static_cast<Event>(rest % 4);
        switch (event) {
          case Event::kLose:
          case Event::kRegain:
            server.base().ChangeRole(
                actor, v1::ROLE_INSPECTOR,
                event == Event::kLose ? server.base().other_unit : server.base().unit);
            Follow(server, phone);
            break;
          case Event::kRelease:
            static_cast<void>(phone.replica().Release(operation.id()));
            break;
          case Event::kDiscard:
            static_cast<void>(phone.replica().Discard(operation.id()));
            break;
        }
        model.Take(event);
        if (step % 2 == 1) phone.Restart();
        const auto outbox = phone.replica().Outbox();
        ASSERT_THAT(outbox, IsOkAndHolds(SizeIs(1)));
        ASSERT_EQ(outbox->front().state, model.state()) << "after step " << step;
        ASSERT_EQ(outbox->front().operation.SerializeAsString(), operation.SerializeAsString());
      }
      ++cases;
    }
  }
  EXPECT_EQ(cases, 192);
}

}  // namespace
}  // namespace vigil::testing
