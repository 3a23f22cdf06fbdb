#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"
#include "tests/unit/sync/replica/history_fixture.h"

// What a phone has witnessed of the register's history, and what it does when that went back.

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A register is restored from one backup, then from an older one, and the second restore never
// heard of the first.
TEST_F(HistoryTest, Promise10GoesBackOverForkedLineages) {
  const v1::RegisterHead older = NewestHead();
  const std::string one = phone_.Report(base().risk_source, "one");
  phone_.MustSync();
  const v1::RegisterHead newer = NewestHead();
  const std::string two = phone_.Report(base().risk_source, "two");
  phone_.MustSync();
  const v1::Epoch second = Restored(first_, newer.seq());
  VIGIL_ASSERT_OK(Greet(HelloOf({second, first_}, newer)));
  EXPECT_THAT(Unsent(), ElementsAre(two));
  Answer(OutcomeOf(replica().Outbox()->at(0).operation, v1::VERDICT_APPLIED, newer.seq() + 1));
  EXPECT_THAT(Unsent(), IsEmpty());

  const v1::Epoch third = Restored(first_, older.seq());
  VIGIL_ASSERT_OK(Greet(HelloOf({third, first_}, older)));
  EXPECT_THAT(Unsent(), ElementsAre(one, two));
  EXPECT_EQ(replica().GetSyncState()->epoch, third.id());
  EXPECT_THAT(*replica().Restores(), SizeIs(2));
}

// What was made in a branch that a restore ended counts up to where it branched off, however many
// restores came before it was sent; each register has to be told where that is.
TEST_F(HistoryTest, Promise10TellsOfTheBranchesThatItsWorkIsOf) {
  const v1::RegisterHead head = NewestHead();
  const v1::Epoch second = Restored(first_, head.seq());
  VIGIL_ASSERT_OK(Greet(HelloOf({second, first_}, head)));
  phone_.Report(base().risk_source, "made in the second epoch");
  EXPECT_EQ(replica().Outbox()->at(0).operation.epoch(), second.id());
  const v1::Epoch third = Restored(first_, head.seq());
  VIGIL_ASSERT_OK(Greet(HelloOf({third, first_}, head)));
  const v1::Epoch fourth = Restored(first_, head.seq());
  VIGIL_ASSERT_OK(Greet(HelloOf({fourth, first_}, head)));

  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::HelloRequest asked, replica().BeginHello());
  std::vector<std::string> told;
  for (const v1::Epoch& epoch : asked.epochs()) told.push_back(epoch.id());
  EXPECT_THAT(told, ElementsAre(fourth.id(), first_.id(), third.id(), second.id()));
  // Word for word, as the register's key has signed them.
  EXPECT_EQ(asked.epochs(3).SerializeAsString(), second.SerializeAsString());
}

TEST_F(HistoryTest, Promise10SleepsThroughTwoRestores) {
  const v1::RegisterHead older = NewestHead();
  const std::string one = phone_.Report(base().risk_source, "one");
  phone_.MustSync();
  const v1::Epoch second = Restored(first_, older.seq());
  const v1::Epoch third = Restored(second, older.seq() + 500);
  VIGIL_ASSERT_OK(Greet(HelloOf({third, second, first_}, older)));
  EXPECT_THAT(Unsent(), ElementsAre(one));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto restores, replica().Restores());
  ASSERT_THAT(restores, SizeIs(1));
  EXPECT_EQ(restores[0].epoch.id(), third.id());
  EXPECT_EQ(restores[0].epoch.why(), "the disk died");
  EXPECT_EQ(restores[0].operations_back, 1);
  EXPECT_GT(restores[0].records_back, 0);
  // It tells whom it greets next what it knows.
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::HelloRequest asked, replica().BeginHello());
  ASSERT_EQ(asked.epochs_size(), 3);
  EXPECT_EQ(asked.epochs(1).id(), second.id());
}

TEST_F(HistoryTest, AnEpochThatDoesNotFollowFromTheFirstIsAnotherRegisters) {
  v1::Epoch unsigned_one = Restored(first_, 1);
  unsigned_one.clear_parent();
  EXPECT_THAT(Greet(HelloOf({unsigned_one, first_}, NewestHead())),
              ReasonIs("REASON_EPOCH_CHANGED"));
}

TEST_F(HistoryTest, ALogThatDoesNotContinueIsNotFollowed) {
  const v1::RegisterHead known = NewestHead();
  const std::string before = replica().GetSyncState()->time_zone;
  v1::HelloResponse hello = HelloOf({first_}, known);
  hello.mutable_head()->set_root(std::string(Sha256Of("another log").bytes()));
  hello.set_time_zone("Europe/Berlin");
  EXPECT_THAT(Greet(hello), ReasonIs("REASON_HISTORY_CHANGED"));
  hello = HelloOf({first_}, known);
  hello.mutable_head()->set_seq(known.seq() - 1);
  EXPECT_THAT(Greet(hello), ReasonIs("REASON_HISTORY_CHANGED"));
  hello = HelloOf({first_}, known);
  hello.clear_proof();
  EXPECT_THAT(Greet(hello), ReasonIs("REASON_HISTORY_CHANGED"));
  // Nor one that says that it was restored, and then is not what both share.
  hello = HelloOf({Restored(first_, known.seq() + 10), first_}, known);
  hello.mutable_head()->set_root(std::string(Sha256Of("another log").bytes()));
  EXPECT_THAT(Greet(hello), ReasonIs("REASON_HISTORY_CHANGED"));
  EXPECT_EQ(replica().GetSyncState()->time_zone, before);
  EXPECT_EQ(replica().GetSyncState()->epoch, first_.id());
  VIGIL_EXPECT_OK(Greet(HelloOf({first_}, known)));
}

TEST_F(HistoryTest, HeadsStayAtDoublingDistances) {
  const std::uint64_t start = NewestHead().seq();
  const std::uint64_t archived = start + 777;
  v1::HelloResponse hello = HelloOf({first_}, NewestHead());
  hello.set_archived_seq(archived);
  VIGIL_ASSERT_OK(Greet(hello));
  v1::PullResponse page;
  page.mutable_head()->set_epoch(first_.id());
  page.mutable_cursor()->add_units(base().department);
  for (std::uint64_t seq = start + 1; seq <= start + 2000; ++seq) {
    page.mutable_head()->set_seq(seq);
    page.mutable_head()->set_root(std::string(Sha256Of(std::to_string(seq)).bytes()));
    VIGIL_ASSERT_OK(replica().ApplyPage(page));
  }
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::HelloRequest asked, replica().BeginHello());
  EXPECT_EQ(asked.head().seq(), start + 2000);
  EXPECT_LE(asked.kept_heads_size(), 13);
  bool holds_archived = false;
  for (std::uint64_t distance = 1; distance < 2000; distance *= 2) {
    bool near = false;
    for (const v1::RegisterHead& head : asked.kept_heads()) {
      const std::uint64_t away = asked.head().seq() - head.seq();
      near |= away >= distance && away < 2 * distance;
      holds_archived |= head.seq() == archived;
    }
    EXPECT_TRUE(near) << distance;
  }
  EXPECT_TRUE(holds_archived);
  // Two heads of one seq are two logs.
  page.mutable_head()->set_root(std::string(Sha256Of("another log").bytes()));
  EXPECT_THAT(replica().ApplyPage(page), ReasonIs("REASON_HISTORY_CHANGED"));
}

// What a backup holds is pruned; then an even older backup is all that is left.
TEST_F(HistoryTest, Promise10TheChainGoesOnOverWhatWasPruned) {
  const v1::RegisterHead oldest = NewestHead();
  phone_.Report(base().risk_source, "one");
  phone_.Report(base().risk_source, "two");
  const auto bytes = NextPush();
  phone_.MustSync();
  VIGIL_ASSERT_OK(replica().PruneJournal(NewestHead().seq()));
  EXPECT_THAT(*replica().Journal(), IsEmpty());
  EXPECT_FALSE(replica().FindOutcome(bytes.entries(0).operation_id())->has_value());

  VIGIL_ASSERT_OK(Greet(HelloOf({Restored(first_, oldest.seq()), first_}, oldest)));
  EXPECT_THAT(NextPush().entries(), IsEmpty()) << "nothing follows them yet";
  phone_.Report(base().risk_source, "three");
  v1::PushRequest push = NextPush();
  ASSERT_EQ(push.entries_size(), 3);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(push.entries(i).operation_id(), bytes.entries(i).operation_id());
    EXPECT_EQ(push.entries(i).previous_hash(), bytes.entries(i).previous_hash());
    EXPECT_EQ(push.entries(i).withheld_hash(), Sha256Of(bytes.entries(i).operation()).bytes());
  }
  EXPECT_TRUE(push.entries(2).has_operation());
  // The register has the first link; of the second it says that it leads nowhere.
  v1::Outcome kept;
  kept.set_operation(push.entries(0).operation_id());
  kept.set_verdict(v1::VERDICT_DEFERRED);
  kept.mutable_error()->set_reason(v1::REASON_DEPENDENCY_MISSING);
  Answer(kept);
  kept.set_operation(push.entries(1).operation_id());
  kept.mutable_error()->set_reason(v1::REASON_CHAIN_BROKEN);
  Answer(kept);
  push = NextPush();
  ASSERT_EQ(push.entries_size(), 2);
  EXPECT_EQ(push.entries(0).operation_id(), bytes.entries(1).operation_id());
}

TEST_F(HistoryTest, ARefusalThatIsTakenBackIsForgotten) {
  TestPhone unit(server_, base().Phone(v1::ROLE_RESPONSIBLE_UNIT, base().unit), {.seed = 2});
  const std::string hazard = base().ConfirmedHazard(SomeDay());
  const std::string other = base().ConfirmedHazard(SomeDay());
  unit.MustSync();
  const v1::RegisterHead head = unit.replica().BeginHello()->head();
  const auto refuse = [&](const std::string& of, std::uint64_t seq) {
    v1::Operation accept;
    accept.mutable_accept_hazard()->set_hazard(of);
    v1::PushResponse response;
    *response.add_outcomes() = OutcomeOf(unit.MustMake(accept), v1::VERDICT_REFUSED, seq);
    VIGIL_ASSERT_OK(unit.replica().ApplyOutcomes(response));
    EXPECT_THAT(unit.replica().Make(Submitted(of)), ReasonIs("REASON_DEPENDS_ON_REFUSED"));
  };
  refuse(other, head.seq() + 1);
  // Only its hash is left.
  VIGIL_ASSERT_OK(unit.replica().PruneJournal(head.seq() + 1));
  refuse(hazard, head.seq() + 2);
  ASSERT_THAT(*unit.replica().Attention(), SizeIs(2));

  v1::HelloResponse hello = HelloOf({Restored(first_, head.seq()), first_}, head);
  hello.set_device(unit.actor().author.device);
  hello.set_person(unit.actor().author.person);
  hello.clear_units();
  hello.add_units(base().unit);
  VIGIL_ASSERT_OK(unit.replica().ApplyHello({*unit.replica().BeginHello(), hello}));
  EXPECT_THAT(*unit.replica().Attention(), SizeIs(1));
  EXPECT_THAT(*unit.replica().Outbox(), SizeIs(1));
  EXPECT_TRUE(unit.View(hazard).pending);
  VIGIL_EXPECT_OK(unit.replica().Make(Submitted(hazard)));
  // The register knows of no refusal, so nothing rests on one.
  EXPECT_THAT(unit.replica().Make(Submitted(other)), ReasonIs("REASON_STATUS_NOT_SEEN"));
}

// Sent, judged and not answered: a page said that the register had it, and now it may not.
TEST_F(HistoryTest, WhatMayHaveBeenJudgedIsShownAgain) {
  const v1::RegisterHead head = NewestHead();
  const std::string hazard = phone_.Report(base().risk_source, "one");
  NextPush();
  v1::PullResponse page;
  *page.mutable_head() = head;
  page.mutable_cursor()->add_units(base().department);
  page.set_last(true);
  page.set_last_judged_device_seq(1);
  VIGIL_ASSERT_OK(replica().ApplyPage(page));
  ASSERT_FALSE(replica().Find(hazard)->has_value());
  VIGIL_ASSERT_OK(Greet(HelloOf({Restored(first_, head.seq()), first_}, head)));
  EXPECT_TRUE(phone_.View(hazard).pending);
}

TEST_F(HistoryTest, ALastPageHidesWhatWasJudgedUpToThere) {
  std::vector<std::string> hazards(3);
  for (std::string& hazard : hazards) hazard = phone_.Report(base().risk_source, "one");
  EXPECT_EQ(NextPush().entries_size(), 3);
  const std::string unsent = phone_.Report(base().risk_source, "not sent");
  v1::PullResponse page;
  *page.mutable_head() = NewestHead();
  page.mutable_cursor()->add_units(base().department);
  page.set_last(true);
  page.set_last_judged_device_seq(2);
  VIGIL_ASSERT_OK(replica().ApplyPage(page));
  EXPECT_FALSE(replica().Find(hazards[0])->has_value());
  EXPECT_FALSE(replica().Find(hazards[1])->has_value());
  EXPECT_TRUE(phone_.View(hazards[2]).pending);
  EXPECT_TRUE(phone_.View(unsent).pending);
}

TEST_F(HistoryTest, Promise10WhatFormerUsersDidGoesBackToThem) {
  const v1::RegisterHead head = NewestHead();
  const std::string hazard = phone_.Report(base().risk_source, "one");
  phone_.MustSync();
  const Actor other = base().Phone(v1::ROLE_INSPECTOR, base().department);
  VIGIL_ASSERT_OK(replica().HandOver({other.author.device, other.author.person}));
  v1::HelloResponse hello = HelloOf({Restored(first_, head.seq()), first_}, head);
  hello.set_device(other.author.device);
  hello.set_person(other.author.person);
  VIGIL_ASSERT_OK(Greet(hello));
  EXPECT_THAT(*replica().Outbox(), IsEmpty());
  EXPECT_FALSE(replica().Find(hazard)->has_value());
  // Copies are nobody's own: whoever has the phone returns them.
  EXPECT_GT(replica().NextCopies({.copies_max = 9, .bytes_max = 1 << 20})->copies_size(), 0);

  VIGIL_ASSERT_OK(replica().HandOver({phone_.actor().author.device, phone_.actor().author.person}));
  EXPECT_THAT(Unsent(), ElementsAre(hazard));
  EXPECT_TRUE(phone_.View(hazard).pending);
  EXPECT_EQ(NextPush().entries_size(), 1);
}

// What the register had judged of a former user does not count any more, either: it lacks the links
// of his chain, and he has to name them again.
TEST_F(HistoryTest, Promise10AFormerUsersChainIsLinkedAnew) {
  const std::string hazard = base().ConfirmedHazard(SomeDay());
  phone_.MustSync();
  const v1::RegisterHead head = NewestHead();
  const v1::Operation given_up = phone_.RaiseGrade(hazard, v1::HAZARD_GRADE_MAJOR);
  v1::HelloResponse nowhere = HelloOf({first_}, head);
  nowhere.clear_units();
  VIGIL_ASSERT_OK(Greet(nowhere));
  VIGIL_ASSERT_OK(replica().Discard(given_up.id()));
  phone_.MustSync();
  const std::string reported = phone_.Report(base().risk_source, "one");
  ASSERT_EQ(phone_.MustSync().outcomes.applied, 1);

  const Actor other = base().Phone(v1::ROLE_INSPECTOR, base().department);
  VIGIL_ASSERT_OK(replica().HandOver({other.author.device, other.author.person}));
  const v1::Epoch restored = Restored(first_, head.seq());
  v1::HelloResponse hello = HelloOf({restored, first_}, head);
  hello.set_device(other.author.device);
  hello.set_person(other.author.person);
  VIGIL_ASSERT_OK(Greet(hello));
  VIGIL_ASSERT_OK(replica().HandOver({phone_.actor().author.device, phone_.actor().author.person}));
  VIGIL_ASSERT_OK(Greet(HelloOf({restored, first_}, head)));
  const v1::PushRequest push = NextPush();
  ASSERT_EQ(push.entries_size(), 2);
  EXPECT_EQ(push.entries(0).operation_id(), given_up.id());
  EXPECT_TRUE(push.entries(0).has_withheld_hash());
  EXPECT_TRUE(push.entries(1).has_operation());
}

// Going back is one transaction: a phone that dies at any write or sync of it has gone back or not,
// whatever the write leaves behind.
TEST_F(HistoryTest, Promise10APhoneThatDiesWhileGoingBackLosesNothing) {
  constexpr int kTearsOfEach = 10;
  bool struck = true;
  int tries = 0;
  for (; struck || tries % kTearsOfEach != 0; ++tries) {
    ASSERT_LT(tries, 5000);
    SCOPED_TRACE(tries);
    const auto seed = static_cast<std::uint64_t>(tries) + 1;
    SimVfs disk({.seed = seed});
    TestPhone phone(server_, base().Phone(v1::ROLE_INSPECTOR, base().department),
                    {.seed = seed, .vfs = disk.name()});
    phone.MustSync();
    const v1::RegisterHead head = phone.replica().BeginHello()->head();
    phone.Report(base().risk_source, "one");
    phone.MustSync();
    v1::HelloResponse hello = HelloOf({Restored(first_, head.seq()), first_}, head);
    hello.set_device(phone.actor().author.device);
    hello.set_person(phone.actor().author.person);
    disk.SetFault({.operations = SimVfs::kWrite | SimVfs::kSync,
                   .after = tries / kTearsOfEach,
                   .sticky = true,
                   .torn = tries % 2 == 0});
    const bool done = phone.replica().ApplyHello({*phone.replica().BeginHello(), hello}).ok();
    struck = disk.fault_struck();
    phone.Close();
    disk.Crash();
    phone.Restart();
    const bool went_back = phone.replica().GetSyncState()->epoch != first_.id();
    if (done) {
      EXPECT_TRUE(went_back);
    }
    EXPECT_EQ(phone.replica().Outbox()->size(), went_back ? 1U : 0U);
    EXPECT_EQ(phone.replica().Journal()->size(), went_back ? 0U : 1U);
    EXPECT_EQ(phone.replica().Counts()->copies > 0, went_back);
    if (!went_back) {
      VIGIL_EXPECT_OK(phone.replica().ApplyHello({*phone.replica().BeginHello(), hello}));
    }
    EXPECT_EQ(phone.replica().Outbox()->size(), 1U);
  }
  // Its frames are written at once, and synced.
  EXPECT_GT(tries, 2 * kTearsOfEach);
}

}  // namespace
}  // namespace vigil::testing
