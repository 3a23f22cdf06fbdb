#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/server/service/sync_core_fixture.h"

namespace vigil::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

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

TEST_F(WatchTest, ASlowWatcherHoldsOneMessageAndCostsTheOthersNothing) {
  const auto slow = Open(reg_.Head().seq.value());
  const auto slow_sink = sink_;
  const auto quick = Open(reg_.Head().seq.value());
  const auto quick_sink = sink_;
  const std::uint64_t head = reg_.Head().seq.value();
  // Nobody takes the slow one's first message for as long as this lasts.
  bool taken = false;
  slow_sink->is_slow = [&] { return !taken; };
  for (std::uint64_t seq = 1; seq <= 100; ++seq) {
    hub_.Publish({.head = Seq(head + seq), .units = {*Uuid::Parse(reg_.unit)}});
    reg_.executor().RunUntilIdle();
  }
  EXPECT_THAT(quick_sink->messages, SizeIs(100));
  EXPECT_THAT(slow_sink->messages, SizeIs(1));
  taken = true;
  slow_sink->Take();
  reg_.executor().RunUntilIdle();
  ASSERT_THAT(slow_sink->messages, SizeIs(2)) << "all of it in one message";
  EXPECT_EQ(slow_sink->messages[1].seq(), head + 100);
}

TEST_F(WatchTest, OneWhoseReaderHasGoneIsNotWrittenToAgain) {
  const auto watch = Open(reg_.Head().seq.value());
  sink_->gone = true;
  for (int i = 0; i < 3; ++i) Report(reg_.risk_source);
  EXPECT_THAT(sink_->messages, SizeIs(1));
}

TEST_F(WatchTest, AnotherEpochsIsRefused) {
  v1::WatchRequest request;
  request.set_epoch(reg_.NewId());
  auto sink = std::make_shared<Sink<v1::WatchResponse>>(reg_.executor());
  EXPECT_THAT(core_.OpenWatch(inspector_.author, request, sink), ReasonIs("REASON_EPOCH_CHANGED"));
  EXPECT_EQ(hub_.listeners(), 0U);
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
