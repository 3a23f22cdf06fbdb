#include "server/service/sync_core.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/service/pull_stream.h"
#include "sync/base/hash.h"
#include "sync/rules/work_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/server/service/sync_core_fixture.h"

namespace vigil::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::SizeIs;

TEST_F(SyncCoreTest, HelloNamesTheScopeAndTheRegister) {
  v1::HelloRequest request;
  request.set_protocol(7);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::HelloResponse hello,
                             core_.Hello(inspector_.author, request));
  EXPECT_EQ(hello.protocol(), 1U);
  EXPECT_THAT(hello.units(), ElementsAre(reg_.unit));
  EXPECT_EQ(hello.person(), inspector_.author.person);
  EXPECT_EQ(hello.head().seq(), reg_.Head().seq.value());
  ASSERT_THAT(hello.epochs(), SizeIs(1));
  EXPECT_EQ(hello.epochs(0).id(), hello.head().epoch());
  EXPECT_EQ(hello.limits().push_operations(), 5U);
  EXPECT_EQ(hello.time_zone(), "Asia/Shanghai");
  EXPECT_THAT(core_.Hello(inspector_.author, v1::HelloRequest()),
              ReasonIs("REASON_CLIENT_TOO_OLD"));
}

TEST_F(SyncCoreTest, PullSendsTheScopeAndEverybodysAndNothingElse) {
  const std::string mine = Report(reg_.risk_source);
  const std::string theirs = Report(reg_.other_risk_source);
  const auto sink = Pull(v1::PullRequest());
  VIGIL_EXPECT_OK(sink->status);
  const auto held = Held(*sink);
  EXPECT_THAT(held, Contains(Key(mine)));
  EXPECT_THAT(held, Contains(Key(reg_.risk_source)));
  EXPECT_THAT(held, Contains(Key(reg_.bureau))) << "org units are everybody's";
  EXPECT_THAT(held, Not(Contains(Key(theirs))));
  EXPECT_THAT(held, Not(Contains(Key(reg_.other_risk_source))));
  const v1::PullResponse& last = sink->messages.back();
  EXPECT_TRUE(last.last());
  EXPECT_EQ(DigestOf(last), DigestOf(held));
  EXPECT_EQ(last.head().seq(), reg_.Head().seq.value());
}

TEST_F(SyncCoreTest, WhoeverWantsItGetsAHashInPlaceOfTheSums) {
  Report(reg_.risk_source);
  v1::PullRequest request;
  request.set_digest_hash_only(true);
  const auto sink = Pull(request);
  VIGIL_EXPECT_OK(sink->status);
  std::string sums;
  for (const std::uint64_t sum : DigestOf(Held(*sink))) {
    for (int shift = 56; shift >= 0; shift -= 8) sums.push_back(static_cast<char>(sum >> shift));
  }
  EXPECT_EQ(sink->messages.back().digest_hash(), Sha256Of(sums).bytes());
  EXPECT_THAT(sink->messages.back().digest(), IsEmpty());
}

TEST_F(SyncCoreTest, AScopeHoldsWhatIsBelowItsUnits) {
  const std::string mine = Report(reg_.risk_source);
  const Actor chief = reg_.Phone(v1::ROLE_SAFETY_OFFICE, reg_.bureau);
  EXPECT_THAT(Held(*Pull(chief, v1::PullRequest())), Contains(Key(mine)));
  Actor everywhere = chief;
  everywhere.author.roles[0].clear_unit();
  const auto sink = Pull(everywhere, v1::PullRequest());
  EXPECT_THAT(Held(*sink), Contains(Key(mine)));
  EXPECT_EQ(DigestOf(sink->messages.back()), DigestOf(Held(*sink)));
}

TEST_F(SyncCoreTest, APullGoesOnFromItsCursors) {
  Report(reg_.risk_source);
  v1::PullRequest request;
  const auto first = Pull(request);
  for (const v1::PullResponse& page : first->messages) {
    if (request.cursors_size() > 0 &&
        page.cursor().units_size() == request.cursors(request.cursors_size() - 1).units_size()) {
      *request.mutable_cursors(request.cursors_size() - 1) = page.cursor();
    } else {
      *request.add_cursors() = page.cursor();
    }
  }
  ASSERT_THAT(request.cursors(), SizeIs(2));
  EXPECT_THAT(Held(*Pull(request)), IsEmpty()) << "nothing has changed";
  const std::string later = Report(reg_.risk_source);
  const auto held = Held(*Pull(request));
  EXPECT_THAT(held, Contains(Key(later)));
  EXPECT_THAT(held, Not(Contains(Key(reg_.risk_source))));
}

TEST_F(SyncCoreTest, ThePagesOfAPullAgreeWithItsDigestWhateverChangesMeanwhile) {
  const std::string long_text(3000, 'x');
  for (int i = 0; i < 10; ++i) Report(reg_.risk_source, long_text);
  Actor finder = inspector_;
  auto sink = std::make_shared<Pages>(reg_.executor());
  // The register changes after every page.
  sink->on_message = [&] {
    registry::Incoming incoming;
    incoming.bytes = Entry(finder, reg_.NewId()).operation();
    reg_.target().Submit(finder.author, {incoming}, [](const auto&) {});
  };
  v1::PullRequest request;
  request.set_page_bytes(4096);
  core_.Pull(inspector_.author, request, sink);
  reg_.executor().RunUntilIdle();
  ASSERT_TRUE(sink->finished);
  VIGIL_EXPECT_OK(sink->status);
  EXPECT_EQ(finder.device_seq, sink->messages.size());
  EXPECT_THAT(sink->messages, SizeIs(::testing::Ge(5))) << "ten such reports fill several pages";
  EXPECT_EQ(DigestOf(sink->messages.back()), DigestOf(Held(*sink)));
  EXPECT_EQ(std::count_if(sink->messages.begin(), sink->messages.end(),
                          [](const v1::PullResponse& page) { return page.last(); }),
            1);
}

TEST_F(SyncCoreTest, APullEndsThoughTheRegisterGrowsWithEveryPage) {
  Actor finder = inspector_;
  auto sink = std::make_shared<Pages>(reg_.executor());
  sink->on_message = [&] {
    ASSERT_LT(finder.device_seq, 100U) << "it never ends";
    registry::Incoming incoming;
    incoming.bytes = Entry(finder, reg_.NewId()).operation();
    reg_.target().Submit(finder.author, {incoming}, [](const auto&) {});
  };
  core_.Pull(inspector_.author, v1::PullRequest(), sink);
  reg_.executor().RunUntilIdle();
  EXPECT_TRUE(sink->finished);
  VIGIL_EXPECT_OK(sink->status);
  EXPECT_EQ(DigestOf(sink->messages.back()), DigestOf(Held(*sink)));
}

TEST_F(SyncCoreTest, AReaderWhoLeavesEndsThePull) {
  auto sink = std::make_shared<Pages>(reg_.executor());
  sink->gone = true;
  core_.Pull(inspector_.author, v1::PullRequest(), sink);
  reg_.executor().RunUntilIdle();
  EXPECT_THAT(sink->messages, SizeIs(1));
  EXPECT_TRUE(sink->finished);
}

TEST_F(SyncCoreTest, CursorsBeyondTheScopeAndOfOtherRegistersAreRefused) {
  v1::PullRequest request;
  request.add_cursors()->add_units(reg_.other_unit);
  EXPECT_THAT(Pull(request)->status, ReasonIs("REASON_OUT_OF_SCOPE"));
  request.mutable_cursors(0)->set_units(0, "no id");
  EXPECT_THAT(Pull(request)->status, ReasonIs("REASON_INVALID_ID"));
  request.mutable_cursors(0)->set_units(0, reg_.unit);
  request.mutable_cursors(0)->set_seq(reg_.Head().seq.value() + 1);
  EXPECT_THAT(Pull(request)->status, ReasonIs("REASON_EPOCH_CHANGED"));
  request.clear_cursors();
  request.set_epoch(reg_.NewId());
  EXPECT_THAT(Pull(request)->status, ReasonIs("REASON_EPOCH_CHANGED"));
}

TEST_F(SyncCoreTest, ARecordThatMovesDepartsFromThoseWhoLoseIt) {
  const std::string hazard = Report(reg_.risk_source);
  const Actor chief = reg_.Phone(v1::ROLE_SAFETY_OFFICE, reg_.bureau);
  const std::uint64_t before = reg_.Head().seq.value();
  Actor clerk = reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau);
  v1::Operation move = reg_.Begin(clerk);
  reg_.See(move, {hazard});
  move.mutable_edit_record()->set_record(hazard);
  move.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_responsible_unit(
      reg_.other_unit);
  move.mutable_edit_record()->mutable_update_mask()->add_paths("responsible_unit");
  ASSERT_EQ(reg_.Submit(clerk, move).verdict(), v1::VERDICT_APPLIED);

  v1::PullRequest request;
  v1::ScopeCursor& cursor = *request.add_cursors();
  cursor.set_seq(before);
  cursor.add_units(reg_.unit);
  const auto loser = Pull(request);
  ASSERT_THAT(loser->messages, SizeIs(1));
  ASSERT_THAT(loser->messages[0].departures(), SizeIs(1));
  EXPECT_EQ(loser->messages[0].departures(0).record(), hazard);
  EXPECT_THAT(loser->messages[0].records(), IsEmpty());

  cursor.set_units(0, reg_.bureau);
  const auto keeper = Pull(chief, request);
  EXPECT_THAT(keeper->messages[0].departures(), IsEmpty());
  EXPECT_THAT(Held(*keeper), Contains(Key(hazard)));
}

TEST_F(SyncCoreTest, AUnitThatIsGainedDuringAPullIsNoDifference) {
  // The phone's cursors are of the hello before.
  v1::PullRequest request;
  request.add_cursors();
  request.add_cursors()->add_units(reg_.unit);
  Report(reg_.other_risk_source);
  Actor both = inspector_;
  v1::RoleGrant& gained = both.author.roles.emplace_back();
  gained.set_role(v1::ROLE_INSPECTOR);
  gained.set_unit(reg_.other_unit);
  const auto sink = Pull(both, request);
  EXPECT_EQ(DigestOf(sink->messages.back()), DigestOf(Held(*sink)));
}

TEST_F(SyncCoreTest, AUnitThatLeavesTheScopeDuringAPullIsReadNoFurther) {
  for (int i = 0; i < 20; ++i) Report(reg_.other_risk_source, std::string(1000, 'x'));
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.department);
  Actor administrator = reg_.Clerk(v1::ROLE_ADMINISTRATOR, reg_.bureau);
  v1::PullRequest request;
  request.set_page_bytes(4096);
  request.add_cursors()->set_seq(reg_.Head().seq.value());
  request.add_cursors()->add_units(reg_.other_unit);
  auto sink = std::make_shared<Pages>(reg_.executor());
  sink->on_message = [&] {
    if (sink->messages.size() != 2) return;
    v1::Operation move = reg_.Begin(administrator);
    reg_.See(move, {reg_.other_unit});
    move.mutable_edit_record()->set_record(reg_.other_unit);
    move.mutable_edit_record()->mutable_entity()->mutable_org_unit()->set_parent_unit(reg_.bureau);
    move.mutable_edit_record()->mutable_update_mask()->add_paths("parent_unit");
    registry::Incoming incoming;
    incoming.bytes = move.SerializeAsString();
    reg_.target().Submit(administrator.author, {incoming}, [](const auto&) {});
  };
  core_.Pull(inspector.author, request, sink);
  reg_.executor().RunUntilIdle();
  ASSERT_TRUE(sink->finished);
  VIGIL_EXPECT_OK(sink->status);
  int hazards = 0;
  for (const auto& [id, bytes] : Held(*sink)) {
    v1::Record record;
    ASSERT_TRUE(record.ParseFromString(bytes));
    hazards += record.entity().has_hazard() ? 1 : 0;
  }
  EXPECT_LT(hazards, 15);
}

TEST_F(SyncCoreTest, ARetriedPushGetsTheFirstOutcomesAndTheFlag) {
  v1::PushRequest request;
  *request.add_entries() = Entry(inspector_, reg_.NewId());
  VIGIL_ASSERT_OK_AND_ASSIGN(v1::PushResponse first, Push(request));
  VIGIL_ASSERT_OK_AND_ASSIGN(v1::PushResponse second, Push(request));
  ASSERT_THAT(first.outcomes(), SizeIs(1));
  EXPECT_EQ(first.outcomes(0).verdict(), v1::VERDICT_APPLIED);
  EXPECT_FALSE(first.outcomes(0).repeat());
  EXPECT_TRUE(second.outcomes(0).repeat());
  second.mutable_outcomes(0)->clear_repeat();
  EXPECT_EQ(first.SerializeAsString(), second.SerializeAsString());
}

TEST_F(SyncCoreTest, WhatIsWrongWithOneEntryCostsItAlone) {
  v1::PushRequest request;
  *request.add_entries() = Entry(inspector_, reg_.NewId());
  v1::PushEntry malformed = Entry(inspector_, reg_.NewId());
  malformed.set_operation("\xff\xff\xff not an operation");
  *request.add_entries() = malformed;
  v1::PushEntry withheld = Entry(inspector_, reg_.NewId());
  withheld.set_withheld_hash(std::string(32, 'h'));
  *request.add_entries() = withheld;
  *request.add_entries() = Entry(inspector_, reg_.NewId());
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::PushResponse response, Push(request));
  ASSERT_THAT(response.outcomes(), SizeIs(4));
  EXPECT_EQ(response.outcomes(0).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(response.outcomes(1).error().reason(), v1::REASON_MALFORMED);
  EXPECT_EQ(response.outcomes(2).verdict(), v1::VERDICT_DEFERRED);
  EXPECT_EQ(response.outcomes(2).operation(), withheld.operation_id());
  EXPECT_EQ(response.outcomes(3).verdict(), v1::VERDICT_APPLIED);
}

TEST_F(SyncCoreTest, ABatchBeyondTheLimitIsRefusedWhole) {
  v1::PushRequest request;
  for (int i = 0; i < 6; ++i) *request.add_entries() = Entry(inspector_, reg_.NewId());
  const Seq before = reg_.Head().seq;
  EXPECT_THAT(Push(request), ReasonIs("REASON_TOO_LARGE"));
  EXPECT_EQ(reg_.Head().seq, before);
}

TEST_F(SyncCoreTest, ARepairSendsWholeBucketsPageByPage) {
  for (int i = 0; i < 40; ++i) Report(reg_.risk_source, std::string(3500, 'x'));
  const auto held = Held(*Pull(v1::PullRequest()));
  v1::RepairRequest request;
  for (std::uint32_t bucket = 0; bucket < 256; ++bucket) request.add_buckets(bucket);
  std::map<std::string, std::string> repaired;
  int pages = 0;
  do {
    VIGIL_ASSERT_OK_AND_ASSIGN(const v1::RepairResponse page,
                               core_.Repair(inspector_.author, request));
    for (const std::string& bytes : page.records()) {
      v1::Record record;
      ASSERT_TRUE(record.ParseFromString(bytes));
      EXPECT_TRUE(repaired.emplace(record.id(), bytes).second) << "sent twice: " << record.id();
    }
    request.set_page_token(page.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(repaired, held);
  EXPECT_GT(pages, 1);
  request.set_page_token("300:x");
  EXPECT_THAT(core_.Repair(inspector_.author, request), ReasonIs("REASON_INVALID_PAGE_TOKEN"));
  request.clear_page_token();
  request.set_buckets(0, 256);
  EXPECT_THAT(core_.Repair(inspector_.author, request), ReasonIs("REASON_INVALID_VALUE"));
}

}  // namespace
}  // namespace vigil::testing
