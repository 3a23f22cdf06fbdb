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
#include "server/service/watch_hub.h"
#include "sync/rules/workdays.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

namespace vigil::testing {
namespace {

using service::SyncCore;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;
using ::testing::SizeIs;

// Takes pages at its own pace, on the executor.
template <typename Message>
class Sink final : public service::StreamSink<Message> {
 public:
  explicit Sink(Executor& executor) : executor_(executor) {}

  void Write(const Message& message, typename service::StreamSink<Message>::Ready ready) override {
    EXPECT_FALSE(finished) << "a message after the end";
    EXPECT_FALSE(writing) << "a message before the one before it was taken";
    writing = true;
    messages.push_back(message);
    executor_.Post([this, ready] {
      if (on_message) on_message();
      writing = false;
      ready(!gone);
    });
  }
  void Finish(const absl::Status& end) override {
    EXPECT_FALSE(finished) << "two ends";
    finished = true;
    status = end;
  }

  std::vector<Message> messages;
  std::function<void()> on_message;
  bool gone = false;
  bool writing = false;
  bool finished = false;
  absl::Status status;

 private:
  Executor& executor_;
};

using Pages = Sink<v1::PullResponse>;

class SyncCoreTest : public ::testing::Test {
 protected:
  SyncCoreTest()
      : reg_({.on_committed = [this](const registry::Committed& made) { hub_.Publish(made); }}),
        core_(reg_.target(), hub_,
              {.push_operations_max = 5, .operation_bytes_max = 4096, .server_name = "test"}),
        inspector_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit)) {}

  std::shared_ptr<Pages> Pull(const v1::PullRequest& request) { return Pull(inspector_, request); }
  std::shared_ptr<Pages> Pull(const Actor& actor, const v1::PullRequest& request) {
    auto sink = std::make_shared<Pages>(reg_.executor());
    core_.Pull(actor.author, request, sink);
    reg_.executor().RunUntilIdle();
    EXPECT_TRUE(sink->finished);
    return sink;
  }

  // What a phone holds after these pages, by id.
  static std::map<std::string, std::string> Held(const Pages& sink) {
    std::map<std::string, std::string> held;
    for (const v1::PullResponse& page : sink.messages) {
      for (const std::string& bytes : page.records()) {
        v1::Record record;
        EXPECT_TRUE(record.ParseFromString(bytes));
        held[record.id()] = bytes;
      }
      for (const v1::Departure& departure : page.departures()) held.erase(departure.record());
    }
    return held;
  }

  // The sums as the contract describes them, over what a phone holds.
  static std::vector<std::uint64_t> DigestOf(const std::map<std::string, std::string>& held) {
    std::vector<std::uint64_t> sums(256);
    for (const auto& [id, bytes] : held) {
      const Sha256 place = Sha256Of(Uuid::Parse(id)->bytes());
      const Sha256 content = Sha256Of(bytes);
      std::uint64_t value = 0;
      for (std::size_t i = 0; i < 8; ++i) {
        value = value << 8 | static_cast<unsigned char>(content.bytes()[i]);
      }
      sums[static_cast<unsigned char>(place.bytes()[0])] += value;
    }
    return sums;
  }

  static std::vector<std::uint64_t> DigestOf(const v1::PullResponse& page) {
    return {page.digest().begin(), page.digest().end()};
  }

  std::string Report(const std::string& source, const std::string& description = "loose rock") {
    Actor finder = reg_.Phone(v1::ROLE_INSPECTOR, reg_.bureau);
    const std::string hazard = reg_.NewId();
    v1::Operation operation = reg_.Begin(finder);
    operation.mutable_report_hazard()->set_hazard_id(hazard);
    v1::Hazard& body = *operation.mutable_report_hazard()->mutable_hazard();
    body.set_risk_source(source);
    body.set_description(description);
    *body.mutable_found_at() = operation.made_at();
    EXPECT_EQ(reg_.Submit(finder, operation).verdict(), v1::VERDICT_APPLIED);
    return hazard;
  }

  v1::PushEntry Entry(Actor& actor, const std::string& hazard) {
    v1::Operation operation = reg_.Begin(actor);
    operation.mutable_report_hazard()->set_hazard_id(hazard);
    v1::Hazard& body = *operation.mutable_report_hazard()->mutable_hazard();
    body.set_risk_source(reg_.risk_source);
    body.set_description("pushed");
    *body.mutable_found_at() = operation.made_at();
    v1::PushEntry entry;
    entry.set_operation_id(operation.id());
    entry.set_device_seq(operation.device_seq());
    entry.set_operation(operation.SerializeAsString());
    return entry;
  }

  // Links the entries to what was pushed before, and signs.
  absl::StatusOr<v1::PushResponse> Push(v1::PushRequest request) {
    for (v1::PushEntry& entry : *request.mutable_entries()) {
      hashes_[entry.device_seq()] = entry.has_withheld_hash()
                                        ? *Sha256::FromBytes(entry.withheld_hash())
                                        : Sha256Of(entry.operation());
      if (entry.device_seq() == 1) continue;
      entry.set_previous_hash(std::string(hashes_.at(entry.device_seq() - 1).bytes()));
    }
    reg_.Sign(inspector_, request);
    absl::StatusOr<v1::PushResponse> answer = absl::UnknownError("not answered");
    core_.Push({inspector_.author, Uuid(), inspector_.key->public_key()}, request,
               [&](absl::StatusOr<v1::PushResponse> response) { answer = std::move(response); });
    reg_.executor().RunUntilIdle();
    return answer;
  }

  service::WatchHub hub_;
  TestRegister reg_;
  SyncCore core_;
  Actor inspector_;
  // Of the inspector's operations, by their sequence.
  std::map<std::uint64_t, Sha256> hashes_;
};

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

class WatchTest : public SyncCoreTest {
 protected:
  std::unique_ptr<service::Watch> Open(std::uint64_t known) {
    v1::WatchRequest request;
    request.set_seq(known);
    sink_ = std::make_shared<Sink<v1::WatchResponse>>(reg_.executor());
    auto watch = core_.OpenWatch(inspector_.author, request, sink_);
    EXPECT_THAT(watch, IsOk());
    reg_.executor().RunUntilIdle();
    return watch.ok() ? *std::move(watch) : nullptr;
  }

  // By somebody who was there before: a new person is everybody's news.
  void ReportBy(Actor& finder, const std::string& source) {
    v1::Operation operation = reg_.Begin(finder);
    operation.mutable_report_hazard()->set_hazard_id(reg_.NewId());
    v1::Hazard& body = *operation.mutable_report_hazard()->mutable_hazard();
    body.set_risk_source(source);
    body.set_description("seen");
    *body.mutable_found_at() = operation.made_at();
    ASSERT_EQ(reg_.Submit(finder, operation).verdict(), v1::VERDICT_APPLIED);
  }

  std::shared_ptr<Sink<v1::WatchResponse>> sink_;
};

TEST_F(WatchTest, TellsOfChangesInTheScopeAloneAndOfNothingElse) {
  Actor finder = reg_.Phone(v1::ROLE_INSPECTOR, reg_.bureau);
  const auto watch = Open(reg_.Head().seq.value());
  EXPECT_THAT(sink_->messages, IsEmpty()) << "nothing has changed";
  ReportBy(finder, reg_.other_risk_source);
  EXPECT_THAT(sink_->messages, IsEmpty()) << "another unit's";
  ReportBy(finder, reg_.risk_source);
  ASSERT_THAT(sink_->messages, SizeIs(1));
  EXPECT_EQ(sink_->messages[0].seq(), reg_.Head().seq.value());
}

TEST_F(WatchTest, TellsAtOnceOfWhatTheClientDoesNotKnowYet) {
  const std::uint64_t before = reg_.Head().seq.value();
  Report(reg_.risk_source);
  const auto watch = Open(before);
  ASSERT_THAT(sink_->messages, SizeIs(1));
  EXPECT_EQ(sink_->messages[0].seq(), reg_.Head().seq.value());
}

TEST_F(WatchTest, SeveralChangesWhileOneIsWrittenAreOneMessage) {
  const auto watch = Open(reg_.Head().seq.value());
  // The first change makes a message; the others come while it is under way.
  for (std::uint64_t seq = 1; seq <= 3; ++seq) {
    hub_.Publish({.head = Seq(reg_.Head().seq.value() + seq), .units = {*Uuid::Parse(reg_.unit)}});
  }
  reg_.executor().RunUntilIdle();
  ASSERT_THAT(sink_->messages, SizeIs(2));
  EXPECT_EQ(sink_->messages[1].seq(), reg_.Head().seq.value() + 3);
}

TEST_F(WatchTest, FollowsTheTreeOfUnits) {
  Actor finder = reg_.Phone(v1::ROLE_INSPECTOR, reg_.bureau);
  Actor clerk = reg_.Clerk(v1::ROLE_ADMINISTRATOR, reg_.bureau);
  const auto watch = Open(reg_.Head().seq.value());
  const auto move_below = [&](const std::string& parent) {
    v1::Operation move = reg_.Begin(clerk);
    reg_.See(move, {reg_.other_unit});
    move.mutable_edit_record()->set_record(reg_.other_unit);
    move.mutable_edit_record()->mutable_entity()->mutable_org_unit()->set_parent_unit(parent);
    move.mutable_edit_record()->mutable_update_mask()->add_paths("parent_unit");
    ASSERT_EQ(reg_.Submit(clerk, move).verdict(), v1::VERDICT_APPLIED);
  };
  move_below(reg_.unit);
  ASSERT_THAT(sink_->messages, SizeIs(1)) << "org units are everybody's";
  ReportBy(finder, reg_.other_risk_source);
  EXPECT_THAT(sink_->messages, SizeIs(2)) << "it lies below the inspector's own unit now";
  move_below(reg_.bureau);
  ASSERT_THAT(sink_->messages, SizeIs(3));
  ReportBy(finder, reg_.other_risk_source);
  EXPECT_THAT(sink_->messages, SizeIs(3)) << "no longer the inspector's";
}

TEST_F(WatchTest, EndsWhenItIsLetGo) {
  auto watch = Open(reg_.Head().seq.value());
  EXPECT_EQ(hub_.listeners(), 1U);
  watch.reset();
  EXPECT_EQ(hub_.listeners(), 0U);
  Report(reg_.risk_source);
  EXPECT_THAT(sink_->messages, IsEmpty());
}

}  // namespace
}  // namespace vigil::testing
