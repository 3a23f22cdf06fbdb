#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/service/sync_core.h"
#include "server/service/watch_hub.h"
#include "sync/base/hash.h"
#include "sync/base/merkle.h"
#include "sync/rules/lineage.h"
#include "sync/rules/record.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

namespace vigil::testing {
namespace {

// What a phone learns of the register's history: epochs, and whether its own heads are in it.
class HelloTest : public ::testing::Test {
 protected:
  HelloTest()
      : reg_({.working_days = WorkingDays()}),
        core_(reg_.target(), hub_, {.server_name = "test"}),
        inspector_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit)) {
    request_.set_protocol(1);
  }

  static v1::WorkingDayLists WorkingDays() {
    v1::WorkingDayLists lists;
    lists.add_list()->set_year(2017);
    lists.mutable_list(0)->add_off("2017-10-20");
    return lists;
  }

  v1::HelloResponse Hello() {
    absl::StatusOr<v1::HelloResponse> hello = core_.Hello(inspector_.author, request_);
    EXPECT_THAT(hello, IsOk());
    reg_.executor().RunUntilIdle();
    return hello.ok() ? *hello : v1::HelloResponse();
  }

  v1::RegisterHead ShownHead() { return reg_.target().ShowHead(reg_.Head()); }
  void Work() { reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit); }

  // An epoch of another branch, as this register's key would have signed it.
  v1::Epoch Branch(std::uint64_t back_to_seq, const std::string& parent) {
    v1::Epoch epoch;
    epoch.set_id(reg_.NewId());
    epoch.set_parent(parent);
    epoch.set_back_to_seq(back_to_seq);
    epoch.set_why("another restore");
    epoch.set_person(inspector_.author.person);
    epoch.set_signature(*reg_.key().Sign(rules::BytesToSign(epoch)));
    return epoch;
  }

  static MerkleHead ToMerkle(const v1::RegisterHead& head) {
    return {.size = head.seq(), .root = Sha256::FromBytes(head.root()).value_or(Sha256())};
  }
  // Whether the answer shows that the log goes on from this head.
  static bool Shows(const v1::HelloResponse& hello, const v1::RegisterHead& head) {
    std::vector<Sha256> hashes;
    for (const std::string& hash : hello.proof().hashes()) {
      hashes.push_back(Sha256::FromBytes(hash).value_or(Sha256()));
    }
    return hello.proof().seq() == head.seq() &&
           VerifyConsistency({.older = ToMerkle(head), .newer = ToMerkle(hello.head())}, hashes);
  }

  service::WatchHub hub_;
  TestRegister reg_;
  service::SyncCore core_;
  Actor inspector_;
  v1::HelloRequest request_;
};

TEST_F(HelloTest, TheNewestHeadIsShownToBeTheBeginningOfTheLog) {
  EXPECT_FALSE(Hello().has_proof());
  const v1::RegisterHead older = ShownHead();
  Work();
  const v1::RegisterHead newer = ShownHead();
  Work();
  Work();
  *request_.add_kept_heads() = older;
  EXPECT_TRUE(Shows(Hello(), older));
  *request_.mutable_head() = newer;
  EXPECT_TRUE(Shows(Hello(), newer));
  *request_.mutable_head() = ShownHead();
  EXPECT_TRUE(Shows(Hello(), ShownHead()));
}

TEST_F(HelloTest, ListsOfWorkingDaysAreToldToWhoeverHasOthers) {
  ASSERT_EQ(Hello().working_days().list_size(), 1);
  const v1::WorkingDayLists told = Hello().working_days();
  EXPECT_EQ(told.list(0).off(0), "2017-10-20");
  request_.set_working_days_hash(std::string(Sha256Of(rules::CanonicalBytes(told)).bytes()));
  EXPECT_FALSE(Hello().has_working_days());
  request_.set_working_days_hash(std::string(Sha256Of("others").bytes()));
  EXPECT_TRUE(Hello().has_working_days());
}

TEST_F(HelloTest, WhatThisLogIsNotGetsAProofThatFails) {
  Work();
  v1::RegisterHead forged = ShownHead();
  forged.mutable_root()->front() ^= 1;
  Work();
  *request_.mutable_head() = forged;
  v1::HelloResponse hello = Hello();
  ASSERT_TRUE(hello.has_proof());
  EXPECT_EQ(hello.proof().seq(), forged.seq());
  EXPECT_FALSE(Shows(hello, forged));
  // A register that went back and does not say so.
  v1::RegisterHead ahead = ShownHead();
  ahead.set_seq(ahead.seq() + 1000);
  *request_.mutable_head() = ahead;
  hello = Hello();
  ASSERT_TRUE(hello.has_proof());
  EXPECT_FALSE(Shows(hello, ahead));
}

TEST_F(HelloTest, HeadsOfOtherEpochsCountUpToWhatIsShared) {
  const v1::RegisterHead shared = ShownHead();
  const std::string first = shared.epoch();
  Work();
  const v1::Epoch branch = Branch(shared.seq() + 1, first);
  const v1::Epoch deeper = Branch(shared.seq(), branch.id());
  *request_.add_epochs() = deeper;
  *request_.add_epochs() = branch;
  Work();
  // Within what the branch shares, but not what the deeper one does.
  v1::RegisterHead in_branch = shared;
  in_branch.set_epoch(branch.id());
  v1::RegisterHead beyond = ShownHead();
  beyond.set_epoch(deeper.id());
  *request_.mutable_head() = beyond;
  *request_.add_kept_heads() = in_branch;
  EXPECT_TRUE(Shows(Hello(), in_branch));
}

TEST_F(HelloTest, EpochsThatTheKeySignedAreKeptAndNoOthers) {
  const std::string first = reg_.Head().epoch.id();
  const v1::Epoch branch = Branch(3, first);
  v1::Epoch forged = Branch(4, first);
  forged.set_back_to_seq(400);
  *request_.add_epochs() = branch;
  *request_.add_epochs() = forged;
  Hello();
  Hello();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, reg_.store().Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::int64_t count, snapshot->CountForeignEpochs());
  EXPECT_EQ(count, 1);
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::optional<v1::Epoch> kept,
                             snapshot->FindForeignEpoch(*Uuid::Parse(branch.id())));
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->SerializeAsString(), branch.SerializeAsString());
}

// What was seen in a branch counts up to what it shares with this register, for whoever it is.
TEST_F(HelloTest, KnowledgeOfABranchCountsUpToWhatIsShared) {
  Actor office = reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau);
  const auto make_date = [](int day) {
    v1::Date date;
    date.set_year(2026);
    date.set_month(12);
    date.set_day(day);
    return date;
  };
  const std::string hazard = reg_.ConfirmedHazard(make_date(20));
  const auto edit = [&](Actor& actor, const std::string& text, std::uint64_t seen,
                        const std::string& epoch) {
    v1::Operation operation = reg_.Begin(actor);
    v1::EditRecord& command = *operation.mutable_edit_record();
    command.set_record(hazard);
    command.mutable_entity()->mutable_hazard()->set_description(text);
    command.mutable_update_mask()->add_paths("description");
    v1::Seen& known = *operation.add_seen();
    known.set_record(hazard);
    known.set_version(seen);
    operation.set_epoch(epoch);
    return reg_.Submit(actor, operation).verdict();
  };
  const std::uint64_t shared = reg_.Find(hazard).version();
  EXPECT_EQ(edit(office, "wider", shared, ""), v1::VERDICT_APPLIED);
  const std::uint64_t beyond = reg_.Find(hazard).version();
  const v1::Epoch branch = Branch(shared, reg_.Head().epoch.id());
  *request_.add_epochs() = branch;
  Hello();
  Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  // In the branch, that seq was another operation's.
  EXPECT_EQ(edit(inspector, "deeper", beyond, branch.id()), v1::VERDICT_MERGED);
}

}  // namespace
}  // namespace vigil::testing
