#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/bucket_sums.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/replica.h"
#include "sync/sqlite/database.h"
#include "tests/fault/failure_points.h"
#include "tests/support/database_dump.h"
#include "tests/support/manual_clock.h"
#include "tests/support/phone_file_check.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

// Whatever a phone does, and at whatever call to its disk or allocation it fails: what it said is
// there, its file is sound, and the same done again, at once or after a restart, goes well.

namespace vigil::testing {
namespace {

using replica::Replica;

constexpr char kFile[] = "phone.db";

class PhoneFailureTest : public ::testing::Test {
 protected:
  using Step = std::function<absl::Status(Replica&)>;

  PhoneFailureTest()
      : actor_(base().Phone(v1::ROLE_INSPECTOR, base().department)),
        phone_(server_, actor_, {.vfs = disk_.name()}) {}

  TestRegister& base() { return server_.base(); }

  // What the phone's file holds now.
  std::string File() {
    phone_.Close();
    std::string content = disk_.Content("phone-" + actor_.author.device + ".db");
    phone_.Restart();
    return content;
  }

  // Something of each kind: answered it will be applied, refused and deferred.
  void Work(const std::string& hazard) {
    phone_.Report(base().risk_source, "crack");
    phone_.Describe(hazard, "crack, wider now");
    v1::Operation refused;
    refused.mutable_confirm_hazard()->set_hazard(hazard);
    refused.mutable_confirm_hazard()->set_grade(v1::HAZARD_GRADE_GENERAL);
    refused.mutable_confirm_hazard()->set_responsible_unit(base().unit);
    *refused.mutable_confirm_hazard()->mutable_due_date() = SomeDay();
    VIGIL_EXPECT_OK(phone_.replica().Make(refused, {.unchecked = true}));
    phone_.Report(phone_.NewId(), "of a risk source that nobody knows");
    VIGIL_EXPECT_OK(phone_.replica().PutDraft("inspection", "half"));
  }

  v1::HelloResponse Hello() {
    v1::HelloRequest request = *phone_.replica().BeginHello();
    request.set_protocol(1);
    absl::StatusOr<v1::HelloResponse> hello = absl::UnknownError("not answered");
    phone_.transport().Hello(request,
                             [&](const absl::StatusOr<v1::HelloResponse>& r) { hello = r; });
    server_.executor().RunUntilIdle();
    EXPECT_THAT(hello, IsOk());
    return *std::move(hello);
  }

  static absl::Status Greet(Replica& replica, const v1::HelloResponse& hello) {
    VIGIL_ASSIGN_OR_RETURN(v1::HelloRequest asked, replica.BeginHello());
    return replica.ApplyHello({std::move(asked), hello, absl::Seconds(2)});
  }

  // What the register says to all that waits.
  v1::PushResponse Push() {
    auto batch = phone_.replica().NextPush({.operations_max = 100, .bytes_max = 1 << 20});
    EXPECT_THAT(batch, IsOk());
    base().Sign(actor_, batch->request);
    absl::StatusOr<v1::PushResponse> answer = absl::UnknownError("not answered");
    phone_.transport().Push(batch->request,
                            [&](const absl::StatusOr<v1::PushResponse>& r) { answer = r; });
    server_.executor().RunUntilIdle();
    EXPECT_THAT(answer, IsOk());
    return *std::move(answer);
  }

  std::vector<v1::PullResponse> Pull() {
    struct Sink final : engine::PageSink {
      void Page(v1::PullResponse page, Ready ready) override {
        pages.push_back(std::move(page));
        ready(true);
      }
      void Finish(const absl::Status& status) override { VIGIL_EXPECT_OK(status); }
      std::vector<v1::PullResponse> pages;
    };
    const auto state = phone_.replica().GetSyncState();
    EXPECT_THAT(state, IsOk());
    v1::PullRequest request;
    request.set_epoch(state->epoch);
    request.mutable_cursors()->Assign(state->cursors.begin(), state->cursors.end());
    const auto sink = std::make_shared<Sink>();
    phone_.transport().Pull(request, sink);
    server_.executor().RunUntilIdle();
    return std::move(sink->pages);
  }

  std::unique_ptr<Replica> Open(SimVfs& disk) {
    auto opened = Replica::Open(kFile, {.vfs = disk.name()}, clock_, random_);
    EXPECT_THAT(opened, IsOk());
    return opened.ok() ? *std::move(opened) : nullptr;
  }

  // All that a file says that nobody has open, after it was checked.
  static std::string Content(SimVfs& disk) {
    auto database = sqlite::Database::Open(
        kFile, {.mode = sqlite::OpenOptions::Mode::kReadWrite, .vfs = disk.name()});
    EXPECT_THAT(database, IsOk());
    if (!database.ok()) return "";
    VIGIL_EXPECT_OK(CheckPhoneFile(*database));
    const auto dump = DumpOf(*database);
    EXPECT_THAT(dump, IsOk());
    return dump.value_or("");
  }

  // The step fails at every point. Then the same program does it again, or one that was started
  // after the power had failed; and afterwards the file is as if nothing had happened.
  void FailAtEveryPoint(const std::string& file, const Step& step) {
    clock_.Set(server_.executor().Now());
    SimVfs usual;
    usual.SetContent(kFile, file);
    {
      const std::unique_ptr<Replica> replica = Open(usual);
      VIGIL_ASSERT_OK(step(*replica));
      VIGIL_ASSERT_OK(replica->CleanFile());
    }
    const std::string expected = Content(usual);
    const std::int64_t runs = ForEachFailure([&](Failure& failure) {
      SimVfs disk;
      disk.SetContent(kFile, file);
      std::unique_ptr<Replica> replica = Open(disk);
      failure.Begin(disk);
      const absl::Status status = step(*replica);
      // As at the end of a session: what cannot be cleaned now is cleaned later.
      static_cast<void>(replica->CleanFile());
      failure.End();
      const bool restarts = failure.death() == Failure::Death::kPower;
      if (restarts) {
        replica.reset();
        failure.Die(disk);
        replica = Open(disk);
      }
      if (!status.ok()) {
        VIGIL_EXPECT_OK(step(*replica));
      }
      VIGIL_EXPECT_OK(replica->CleanFile());
      if (!restarts) disk.Crash();
      replica.reset();
      EXPECT_TRUE(Content(disk) == expected) << "after " << status;
    });
    EXPECT_GT(runs, 20);
  }

  SimVfs disk_;
  SimServer server_;
  const Actor actor_;
  TestPhone phone_;
  ManualClock clock_;
  SeededRandom random_{7};
};

TEST_F(PhoneFailureTest, Making) {
  phone_.MustSync();
  phone_.Report(base().risk_source, "crack");
  const std::string file = File();
  clock_.Set(server_.executor().Now());
  const auto make = [&](Replica& replica) {
    v1::Operation report;
    report.mutable_report_hazard()->set_hazard_id(MakeUuidV7(clock_.Now(), random_).ToString());
    v1::Hazard& hazard = *report.mutable_report_hazard()->mutable_hazard();
    hazard.set_risk_source(base().risk_source);
    hazard.set_description("seepage");
    hazard.mutable_found_at()->set_seconds(absl::ToUnixSeconds(clock_.Now()));
    return replica.Make(report, {.draft = "inspection"});
  };
  const std::int64_t runs = ForEachFailure([&](Failure& failure) {
    SimVfs disk;
    disk.SetContent(kFile, file);
    std::unique_ptr<Replica> replica = Open(disk);
    VIGIL_ASSERT_OK(replica->PutDraft("inspection", "half"));
    failure.Begin(disk);
    const auto made = make(*replica);
    failure.End();
    const bool restarts = failure.death() == Failure::Death::kPower;
    if (restarts) {
      replica.reset();
      failure.Die(disk);
      replica = Open(disk);
    }
    VIGIL_ASSERT_OK_AND_ASSIGN(auto outbox, replica->Outbox());
    // An error means that it may be there after a restart, and that it is not before.
    const std::size_t present = outbox.size() - 1;
    EXPECT_LE(present, made.ok() || restarts ? 1U : 0U);
    if (made.ok()) {
      ASSERT_EQ(present, 1U);
      EXPECT_EQ(outbox.back().operation.id(), made->operation.id());
    }
    // The draft goes with the operation, and not without.
    EXPECT_EQ((*replica->FindDraft("inspection")).has_value(), present == 0);
    VIGIL_ASSERT_OK_AND_ASSIGN(const auto second, make(*replica));
    replica.reset();
    disk.Crash();
    replica = Open(disk);
    VIGIL_ASSERT_OK_AND_ASSIGN(outbox, replica->Outbox());
    EXPECT_EQ(outbox.size(), present + 2);
    EXPECT_EQ(outbox.back().operation.id(), second.operation.id());
    replica.reset();
    Content(disk);
  });
  EXPECT_GT(runs, 50);
}

TEST_F(PhoneFailureTest, WorkLeavesAndIsAnswered) {
  phone_.MustSync();
  const std::string hazard = phone_.Report(base().risk_source, "crack");
  phone_.MustSync();
  Work(hazard);
  const std::string pending = File();
  FailAtEveryPoint(pending, [](Replica& replica) {
    return internal::ToStatus(replica.NextPush({.operations_max = 100, .bytes_max = 1 << 20}));
  });
  FailAtEveryPoint(pending,
                   [](Replica& replica) { return internal::ToStatus(replica.ExportOutbox()); });
  const v1::PushResponse answer = Push();
  std::vector<std::string> verdicts;
  for (const v1::Outcome& outcome : answer.outcomes()) {
    verdicts.push_back(v1::Verdict_Name(outcome.verdict()));
  }
  ASSERT_THAT(verdicts, ::testing::ElementsAre("VERDICT_APPLIED", "VERDICT_APPLIED",
                                               "VERDICT_REFUSED", "VERDICT_DEFERRED"));
  FailAtEveryPoint(
      File(), [&](Replica& replica) { return internal::ToStatus(replica.ApplyOutcomes(answer)); });
}

TEST_F(PhoneFailureTest, UnsentWorkComesBackFromAFile) {
  const std::string fresh = File();
  phone_.MustSync();
  Work(phone_.Report(base().risk_source, "crack"));
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string bytes, phone_.replica().ExportOutbox());
  FailAtEveryPoint(
      fresh, [&](Replica& replica) { return internal::ToStatus(replica.ImportOutbox(bytes)); });
}

TEST_F(PhoneFailureTest, PagesArrive) {
  const v1::HelloResponse hello = Hello();
  VIGIL_ASSERT_OK(Greet(phone_.replica(), hello));
  const std::string empty = File();
  const std::vector<v1::PullResponse> first = Pull();
  ASSERT_FALSE(first.empty());
  FailAtEveryPoint(empty, [&](Replica& replica) {
    for (const v1::PullResponse& page : first) {
      VIGIL_RETURN_IF_ERROR(internal::ToStatus(replica.ApplyPage(page)));
    }
    return absl::OkStatus();
  });
  // A bucket comes where there was nothing, and leaves.
  Replica::Repair repair;
  repair.records.assign(first[0].records().begin(), first[0].records().end());
  repair.seq = hello.head().seq();
  FailAtEveryPoint(
      empty, [&](Replica& replica) { return internal::ToStatus(replica.ApplyRepair(repair)); });

  phone_.MustSync();
  const std::string hazard = phone_.Report(base().risk_source, "crack");
  Work(hazard);
  VIGIL_ASSERT_OK(phone_.replica().ApplyOutcomes(Push()));
  // The other risk source leaves the department.
  v1::Operation move = base().Begin(base().importer);
  v1::ImportRecord& command = *move.mutable_import_record();
  command.set_record(base().other_risk_source);
  command.mutable_entity()->mutable_risk_source()->set_responsible_unit(base().district);
  command.mutable_update_mask()->add_paths("responsible_unit");
  command.mutable_source()->set_file("risk_sources.csv");
  command.mutable_source()->set_line(2);
  base().See(move, {base().other_risk_source});
  ASSERT_EQ(base().Submit(base().importer, move).verdict(), v1::VERDICT_APPLIED);
  const std::string answered = File();
  const std::vector<v1::PullResponse> second = Pull();
  int departures = 0;
  for (const v1::PullResponse& page : second) departures += page.departures_size();
  EXPECT_GT(departures, 0);
  FailAtEveryPoint(answered, [&](Replica& replica) {
    for (const v1::PullResponse& page : second) {
      VIGIL_RETURN_IF_ERROR(internal::ToStatus(replica.ApplyPage(page)));
    }
    return absl::OkStatus();
  });
  Replica::Repair gone;
  gone.bucket = BucketOf(*Uuid::Parse(base().risk_source));
  gone.seq = base().Head().seq.value();
  FailAtEveryPoint(answered,
                   [&](Replica& replica) { return internal::ToStatus(replica.ApplyRepair(gone)); });
}

TEST_F(PhoneFailureTest, Greetings) {
  // A backup holds nothing that nobody has signed.
  v1::Device device;
  device.set_person(actor_.author.person);
  device.set_kind(v1::DEVICE_KIND_PHONE);
  device.set_public_key(actor_.key->public_key().der());
  Actor administrator = base().Clerk(v1::ROLE_ADMINISTRATOR, "");
  v1::Operation enrol = base().Begin(administrator);
  enrol.mutable_create_record()->set_record(actor_.author.device);
  *enrol.mutable_create_record()->mutable_entity()->mutable_device() = device;
  ASSERT_EQ(base().Submit(administrator, enrol).verdict(), v1::VERDICT_APPLIED);

  const std::string fresh = File();
  const v1::HelloResponse hello = Hello();
  FailAtEveryPoint(fresh, [&](Replica& replica) { return Greet(replica, hello); });

  phone_.MustSync();
  const std::string hazard = phone_.Report(base().risk_source, "crack");
  phone_.MustSync();
  const std::string backup = base().Backup();
  Work(hazard);
  phone_.MustSync();
  const std::string synced = File();
  v1::HelloResponse elsewhere = Hello();
  elsewhere.clear_units();
  elsewhere.add_units(base().district);
  FailAtEveryPoint(synced, [&](Replica& replica) { return Greet(replica, elsewhere); });

  // The register has lost what was said since the backup.
  base().Restore(backup, administrator);
  const v1::HelloResponse restored = Hello();
  ASSERT_EQ(restored.epochs_size(), 2);
  FailAtEveryPoint(synced, [&](Replica& replica) { return Greet(replica, restored); });
}

TEST_F(PhoneFailureTest, TheRest) {
  phone_.MustSync();
  Work(phone_.Report(base().risk_source, "crack"));
  phone_.MustSync();
  const std::string synced = File();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto attention, phone_.replica().Attention());
  ASSERT_EQ(attention.size(), 1U);
  const std::string refused = attention[0].operation.id();
  const Step steps[] = {
      [](Replica& replica) { return replica.PutDraft("note", std::string(10'000, 'x')); },
      [](Replica& replica) { return replica.DeleteDraft("inspection"); },
      [&](Replica& replica) { return replica.SettleAttention(refused); },
      [](Replica& replica) { return replica.MarkSynced(); },
      [](Replica& replica) { return replica.PruneJournal(1 << 20); },
      [&](Replica& replica) {
        const Actor other = base().importer;
        return replica.HandOver({other.author.device, other.author.person});
      },
  };
  for (const Step& step : steps) FailAtEveryPoint(synced, step);
}

// From nothing, and from what a process that died left.
TEST_F(PhoneFailureTest, Opening) {
  clock_.Set(server_.executor().Now());
  phone_.MustSync();
  Work(phone_.Report(base().risk_source, "crack"));
  const std::string synced = File();
  SimVfs left;
  left.SetContent(kFile, synced);
  const std::unique_ptr<Replica> died = Open(left);
  VIGIL_ASSERT_OK(died->PutDraft("note", "whole"));
  left.KillProcess();
  for (const bool is_new : {true, false}) {
    std::optional<std::string> expected;
    const std::int64_t runs = ForEachFailure([&](Failure& failure) {
      SimVfs disk;
      if (!is_new) {
        for (const std::string& path : left.Paths()) disk.SetContent(path, left.Content(path));
      }
      failure.Begin(disk);
      auto opened = Replica::Open(kFile, {.vfs = disk.name()}, clock_, random_);
      failure.End();
      if (opened.ok()) opened->reset();
      failure.Die(disk);
      const std::unique_ptr<Replica> again = Open(disk);
      if (!is_new) {
        EXPECT_EQ((*again->FindDraft("note"))->bytes, "whole");
      }
      VIGIL_EXPECT_OK(again->Initialise({actor_.author.device, actor_.author.person}));
      disk.KillProcess();
      const std::string content = Content(disk);
      if (!expected) expected = content;
      EXPECT_TRUE(content == *expected);
    });
    EXPECT_GT(runs, 20);
  }
}

}  // namespace
}  // namespace vigil::testing
