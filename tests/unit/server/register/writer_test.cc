#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/register/register.h"
#include "server/store/sqlite_store.h"
#include "sync/base/loop_executor.h"
#include "sync/rules/work_calendar.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

// The writer itself: groups, threads, failing disks, and what a change costs.

namespace vigil::testing {
namespace {

registry::Incoming Report(TestRegister& reg, Actor& actor, const std::string& hazard) {
  v1::Operation operation = reg.Begin(actor);
  operation.mutable_report_hazard()->set_hazard_id(hazard);
  v1::Hazard& body = *operation.mutable_report_hazard()->mutable_hazard();
  body.set_risk_source(reg.risk_source);
  body.set_description("seepage at the toe");
  *body.mutable_found_at() = operation.made_at();
  registry::Incoming incoming;
  incoming.bytes = operation.SerializeAsString();
  incoming.operation_id = operation.id();
  incoming.device_seq = operation.device_seq();
  return incoming;
}

TEST(WriterTest, WhatHasQueuedUpIsOneGroupAndEachRequestGetsItsOwnOutcomes) {
  SimVfs disk;
  TestRegister reg({.file = "register.db", .vfs = disk.name()});
  std::vector<Actor> phones;
  for (int i = 0; i < 8; ++i) phones.push_back(reg.Phone(v1::ROLE_INSPECTOR, reg.department));
  std::vector<std::vector<v1::Outcome>> answers(phones.size());
  const std::int64_t syncs_before = disk.counts().syncs;
  // At the answers: what an idle register does afterwards is not part of it.
  std::int64_t syncs_at_last_answer = 0;
  for (std::size_t i = 0; i < phones.size(); ++i) {
    std::vector<registry::Incoming> batch;
    for (std::size_t k = 0; k <= i; ++k) batch.push_back(Report(reg, phones[i], reg.NewId()));
    reg.target().Submit(phones[i].author, batch,
                        [&, i](absl::StatusOr<registry::Register::Outcomes> outcomes) {
                          VIGIL_ASSERT_OK(outcomes);
                          answers[i] = *outcomes;
                          syncs_at_last_answer = disk.counts().syncs;
                        });
  }
  reg.executor().RunUntilIdle();
  for (std::size_t i = 0; i < phones.size(); ++i) {
    ASSERT_EQ(answers[i].size(), i + 1);
    for (const v1::Outcome& outcome : answers[i]) {
      EXPECT_EQ(outcome.device(), phones[i].author.device);
      EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED);
    }
  }
  EXPECT_EQ(syncs_at_last_answer, syncs_before + 1) << "36 operations, one sync of the disk";
}

TEST(WriterTest, AStorageErrorTellsNobodyThatAnythingWasJudged) {
  SimVfs disk;
  std::vector<absl::Status> fatal;
  TestRegister reg({.file = "register.db", .vfs = disk.name(), .on_fatal = [&](const auto& status) {
                      fatal.push_back(status);
                    }});
  Actor phone = reg.Phone(v1::ROLE_INSPECTOR, reg.department);
  disk.SetFault({.operations = SimVfs::kSync, .after = 0, .sticky = true});
  const std::string hazard = reg.NewId();
  const auto outcomes = reg.SubmitBytes(phone, {Report(reg, phone, hazard)});
  EXPECT_THAT(outcomes, ReasonIs("REASON_STORAGE_UNAVAILABLE"));
  EXPECT_EQ(fatal.size(), 1U);
  disk.ClearFaults();
  EXPECT_THAT(reg.SubmitBytes(phone, {Report(reg, phone, reg.NewId())}),
              ReasonIs("REASON_STORAGE_UNAVAILABLE"))
      << "a register whose last commit is unknown takes nothing more";
}

TEST(WriterTest, AFullQueueTellsToComeBack) {
  TestRegister reg({.queue_operations_max = 2});
  Actor phone = reg.Phone(v1::ROLE_INSPECTOR, reg.department);
  std::vector<absl::StatusOr<registry::Register::Outcomes>> answers;
  const auto submit = [&] {
    reg.target().Submit(phone.author,
                        {Report(reg, phone, reg.NewId()), Report(reg, phone, reg.NewId())},
                        [&](auto outcomes) { answers.push_back(std::move(outcomes)); });
  };
  submit();
  submit();
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_THAT(answers[0], ReasonIs("REASON_QUOTA_EXCEEDED"));
  reg.executor().RunUntilIdle();
  ASSERT_EQ(answers.size(), 2U);
  VIGIL_EXPECT_OK(answers[1]);
}

// Bytes written for one edit, in a register with so many hazards. Counted, not timed.
std::int64_t BytesOfOneEdit(int hazards) {
  SimVfs disk;
  TestRegister reg({.file = "register.db", .vfs = disk.name()});
  Actor phone = reg.Phone(v1::ROLE_INSPECTOR, reg.department);
  std::vector<registry::Incoming> batch;
  std::string last;
  for (int i = 0; i < hazards; ++i) {
    last = reg.NewId();
    batch.push_back(Report(reg, phone, last));
  }
  EXPECT_THAT(reg.SubmitBytes(phone, batch), IsOk());
  EXPECT_THAT(reg.store().Maintain(absl::Seconds(10)), IsOk());
  v1::Operation edit = reg.Begin(phone);
  reg.See(edit, {last});
  edit.mutable_edit_record()->set_record(last);
  edit.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_category("slope");
  edit.mutable_edit_record()->mutable_update_mask()->add_paths("category");
  const std::int64_t before = disk.counts().bytes_written;
  EXPECT_EQ(reg.Submit(phone, edit).verdict(), v1::VERDICT_APPLIED);
  return disk.counts().bytes_written - before;
}

TEST(WriterTest, Promise9CostFollowsTheChange) {
  const std::int64_t few = BytesOfOneEdit(20);
  const std::int64_t many = BytesOfOneEdit(2000);
  EXPECT_GT(few, 0);
  EXPECT_LT(many, 2 * few) << "a hundred times the register must not cost twice the bytes";
}

TEST(WriterTest, ManyThreadsSubmitAndEachIsAnsweredOnce) {
  constexpr int kThreads = 4;
  constexpr int kRequests = 25;
  TestRegister seed;
  const TempDir directory;
  const SystemClock clock;
  LoopExecutor loop(clock);
  store::SqliteStoreOptions store_options;
  store_options.first_epoch = DerivedUuid({.name_space = "test", .name = "threads"});
  VIGIL_ASSERT_OK_AND_ASSIGN(
      auto store, store::SqliteRegisterStore::Open(directory.File("register.db"), store_options));
  registry::RegisterOptions options;
  options.zone = absl::UTCTimeZone();
  registry::Register target(*store, loop, options);
  std::vector<std::vector<registry::Incoming>> work(kThreads);
  std::vector<Actor> phones;
  for (auto& requests : work) {
    Actor& phone = phones.emplace_back(seed.Phone(v1::ROLE_INSPECTOR, seed.department));
    for (int i = 0; i < kRequests; ++i) requests.push_back(Report(seed, phone, seed.NewId()));
  }
  std::atomic<int> answered = 0;
  std::thread writer([&] { loop.RunUntil([&] { return answered == kThreads * kRequests; }); });
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < work.size(); ++t) {
    threads.emplace_back([&, t] {
      for (const registry::Incoming& incoming : work[t]) {
        target.Submit(phones[t].author, {incoming},
                      [&](const absl::StatusOr<registry::Register::Outcomes>& outcomes) {
                        // The risk source is unknown here, so each one is deferred.
                        if (outcomes.ok() && outcomes->size() == 1) ++answered;
                      });
        const auto snapshot = store->Read();
        if (snapshot.ok()) static_cast<void>((*snapshot)->GetHead());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  writer.join();
  EXPECT_EQ(answered, kThreads * kRequests);
}

}  // namespace
}  // namespace vigil::testing
