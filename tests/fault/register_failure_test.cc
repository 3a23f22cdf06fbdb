#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "server/escalation/escalation_clock.h"
#include "server/store/schema.h"
#include "sync/base/file.h"
#include "sync/base/signing.h"
#include "sync/sqlite/migrations.h"
#include "tests/fault/failure_points.h"
#include "tests/fault/register_at_work.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_register.h"

// Whatever the register does, and at whatever call to the disk or allocation it fails: nobody was
// told what is not there afterwards, the file is sound, and the same asked again gets the truth.

namespace vigil::testing {
namespace {

using registry::Incoming;
using registry::Register;

// Of an import, a hazard that is overdue at once.
constexpr int kYearOverdue = 2016;

class RegisterFailureTest : public ::testing::Test {
 protected:
  RegisterFailureTest() {
    SimVfs disk;
    {
      TestRegister base({.file = kRegisterFile, .vfs = disk.name()});
      phone_ = base.Phone(v1::ROLE_INSPECTOR, base.department);
      hazard_ = base.ConfirmedHazard(SomeDay());
      MakeWork(base);
      now_ = base.executor().Now() + absl::Minutes(1);
    }
    file_ = disk.Content(kRegisterFile);
  }

  static v1::Date SomeDay() {
    v1::Date day;
    day.set_year(2017);
    day.set_month(9);
    day.set_day(30);
    return day;
  }

  // The phone's next operation, linked to the last one.
  Incoming Next(const v1::Operation& operation) {
    Incoming incoming;
    incoming.bytes = operation.SerializeAsString();
    incoming.operation_id = operation.id();
    incoming.device_seq = operation.device_seq();
    incoming.previous_hash = last_hash_;
    incoming.hash = Sha256Of(incoming.bytes);
    last_hash_ = incoming.hash;
    return incoming;
  }
  // Of the office or an import.
  static Incoming Plain(const v1::Operation& operation) {
    Incoming incoming;
    incoming.bytes = operation.SerializeAsString();
    return incoming;
  }
  static v1::Operation Report(TestRegister& base, Actor& actor, const std::string& risk_source) {
    v1::Operation operation = base.Begin(actor);
    operation.mutable_report_hazard()->set_hazard_id(base.NewId());
    v1::Hazard& body = *operation.mutable_report_hazard()->mutable_hazard();
    body.set_risk_source(risk_source);
    body.set_description("seepage at the toe");
    *body.mutable_found_at() = operation.made_at();
    return operation;
  }
  static v1::Operation Describe(TestRegister& base, Actor& actor, const std::string& hazard,
                                const std::string& text) {
    v1::Operation operation = base.Begin(actor);
    base.See(operation, {hazard});
    operation.mutable_edit_record()->set_record(hazard);
    operation.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_description(text);
    operation.mutable_edit_record()->mutable_update_mask()->add_paths("description");
    return operation;
  }

  void MakeWork(TestRegister& base) {
    Actor office = base.Clerk(v1::ROLE_SAFETY_OFFICE, base.bureau);
    // The office and the phone describe one hazard at the same time.
    work_.push_back({.author = office.author,
                     .operations = {Plain(Describe(base, office, hazard_, "cracked"))}});
    Work push{.way = Work::Way::kPush, .author = phone_.author};
    push.operations = {Next(Report(base, phone_, base.risk_source)),
                       Next(Describe(base, phone_, hazard_, "crumbling")),
                       Next(Describe(base, phone_, base.risk_source, "no hazard")),
                       Next(Report(base, phone_, base.NewId()))};
    push.head = {.device_seq = DeviceSeq(phone_.device_seq),
                 .operation_hash = last_hash_,
                 .signature = "signed"};
    work_.push_back(std::move(push));
    Work import{.way = Work::Way::kAll, .author = base.importer.author};
    for (int i = 0; i < 3; ++i) {
      v1::Operation operation = base.Begin(base.importer);
      v1::ImportRecord& command = *operation.mutable_import_record();
      command.set_record(base.NewId());
      v1::OrgUnit& unit = *command.mutable_entity()->mutable_org_unit();
      unit.set_code("PARK-1" + std::to_string(i));
      unit.set_name("Park");
      unit.set_kind(v1::ORG_UNIT_KIND_RESPONSIBLE_UNIT);
      unit.set_parent_unit(base.department);
      command.mutable_source()->set_file("org_units.csv");
      command.mutable_source()->set_line(i + 2);
      import.operations.push_back(Plain(operation));
    }
    work_.push_back(std::move(import));
    // The risk source moves to another unit, with its hazard.
    v1::Operation move = base.Begin(base.importer);
    v1::ImportRecord& command = *move.mutable_import_record();
    command.set_record(base.risk_source);
    command.mutable_entity()->mutable_risk_source()->set_responsible_unit(base.other_unit);
    command.mutable_update_mask()->add_paths("responsible_unit");
    command.mutable_source()->set_file("risk_sources.csv");
    command.mutable_source()->set_line(2);
    base.See(move, {base.risk_source});
    work_.push_back(
        {.way = Work::Way::kAll, .author = base.importer.author, .operations = {Plain(move)}});
    store::OneTimeCode code;
    code.code_hash = Sha256Of("code");
    code.person = *Uuid::Parse(phone_.author.person);
    code.expires_at = base.executor().Now() + absl::Hours(24);
    work_.push_back(
        {.way = Work::Way::kAccess,
         .decide = [code, author = office.author](store::Snapshot& snapshot, absl::Time /*now*/)
             -> absl::StatusOr<Register::AccessChange> {
           auto found = snapshot.FindOneTimeCode(code.code_hash);
           if (!found.ok()) return found.status();
           if (found->has_value()) return absl::AlreadyExistsError("it was given out");
           Register::AccessChange change{.author = author, .operations = {}, .access = {}};
           change.access.codes.push_back(code);
           return change;
         }});
  }

  void Restore(SimVfs& disk) const {
    for (const std::string& path : disk.Paths()) disk.Remove(path);
    disk.SetContent(kRegisterFile, file_);
  }

  // A register on the disk that `prepare` makes is opened, and fails at each point in turn: at the
  // next start it holds the same each time. How often it was opened.
  std::int64_t OpenAtEachFailure(const std::function<void(SimVfs&)>& prepare) const {
    std::optional<std::string> content;
    return ForEachFailure([&](Failure& failure) {
      SimVfs disk;
      prepare(disk);
      {
        RegisterAtWork work(disk, now_);
        failure.Begin(disk);
        work.Open().IgnoreError();
        failure.End();
      }
      failure.Die(disk);
      RegisterAtWork again(disk, now_);
      VIGIL_ASSERT_OK(again.Open());
      again.Close();
      VIGIL_ASSERT_OK_AND_ASSIGN(const std::string found, RegisterContent(disk));
      if (!content) content = found;
      EXPECT_TRUE(found == *content);
    });
  }

  // What became of each operation, or of the request.
  static std::vector<std::string> Summary(const RegisterAtWork::Answers& answers) {
    std::vector<std::string> lines;
    for (const auto& answer : answers) {
      if (!answer.ok()) {
        lines.push_back(absl::IsAlreadyExists(answer.status()) ? "done"
                                                               : answer.status().ToString());
        continue;
      }
      if (answer->empty()) lines.push_back("done");
      for (const v1::Outcome& outcome : *answer) {
        lines.push_back(v1::Verdict_Name(outcome.verdict()) + " " +
                        v1::Reason_Name(outcome.error().reason()));
      }
    }
    return lines;
  }

  // Whoever was told something finds it.
  static void ExpectTold(const RegisterAtWork::Answers& answers,
                         store::SqliteRegisterStore& store) {
    VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store.Read());
    for (const auto& answer : answers) {
      if (!answer.ok()) continue;
      if (answer->empty()) {
        VIGIL_ASSERT_OK_AND_ASSIGN(const auto code, snapshot->FindOneTimeCode(Sha256Of("code")));
        EXPECT_TRUE(code.has_value());
      }
      for (const v1::Outcome& outcome : *answer) {
        if (outcome.verdict() == v1::VERDICT_DEFERRED) continue;
        VIGIL_ASSERT_OK_AND_ASSIGN(const auto stored,
                                   snapshot->FindOutcome(*Uuid::Parse(outcome.operation())));
        ASSERT_TRUE(stored.has_value()) << outcome.ShortDebugString();
        EXPECT_EQ(stored->outcome_bytes, outcome.SerializeAsString());
      }
    }
  }

  Actor phone_;
  std::string hazard_;
  std::vector<Work> work_;
  absl::Time now_;
  std::string file_;

 private:
  Sha256 last_hash_;
};

TEST_F(RegisterFailureTest, Promise2AGroupIsToldOnlyWhatIsThereAndARetryGetsTheTruth) {
  SimVfs usual;
  Restore(usual);
  std::vector<std::string> expected;
  {
    RegisterAtWork work(usual, now_);
    VIGIL_ASSERT_OK(work.Open());
    expected = Summary(work.Do(work_));
  }
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string content, RegisterContent(usual));
  ASSERT_THAT(
      expected,
      ::testing::ElementsAre(
          "VERDICT_APPLIED REASON_UNSPECIFIED", "VERDICT_APPLIED REASON_UNSPECIFIED",
          "VERDICT_MERGED REASON_UNSPECIFIED", ::testing::StartsWith("VERDICT_REFUSED"),
          "VERDICT_DEFERRED REASON_DEPENDENCY_MISSING", "VERDICT_APPLIED REASON_UNSPECIFIED",
          "VERDICT_APPLIED REASON_UNSPECIFIED", "VERDICT_APPLIED REASON_UNSPECIFIED",
          "VERDICT_APPLIED REASON_UNSPECIFIED", "done"));

  const std::int64_t runs = ForEachFailure([&](Failure& failure) {
    SimVfs disk;
    Restore(disk);
    RegisterAtWork::Answers answers;
    {
      RegisterAtWork work(disk, now_);
      VIGIL_ASSERT_OK(work.Open());
      failure.Begin(disk);
      answers = work.Do(work_);
      failure.End();
      // An access decision that could not read is answered so; after anything else nothing may be
      // trusted.
      for (std::size_t i = 0; i + 1 < answers.size(); ++i) {
        EXPECT_TRUE(answers[i].ok() || work.broken()) << answers[i].status();
      }
    }
    failure.Die(disk);
    RegisterAtWork again(disk, now_);
    VIGIL_ASSERT_OK(again.Open());
    ExpectTold(answers, again.store());
    EXPECT_EQ(Summary(again.Do(work_)), expected);
    again.Close();
    VIGIL_ASSERT_OK_AND_ASSIGN(const std::string found, RegisterContent(disk));
    EXPECT_TRUE(found == content) << "the register is another one than without the failure";
  });
  EXPECT_GT(runs, 100);
}

TEST_F(RegisterFailureTest, ARegisterThatCannotBeOpenedIsTheSameAtTheNextStart) {
  // As a process that died left it: with a log beside it.
  SimVfs left;
  Restore(left);
  {
    RegisterAtWork work(left, now_);
    VIGIL_ASSERT_OK(work.Open());
    work.Do({work_[0], work_[1]});
    left.KillProcess();
  }
  const std::string file = left.Content(kRegisterFile);
  const std::string log = left.Content(std::string(kRegisterFile) + "-wal");
  ASSERT_FALSE(log.empty());
  const std::int64_t runs = OpenAtEachFailure([&](SimVfs& disk) {
    disk.SetContent(kRegisterFile, file);
    disk.SetContent(std::string(kRegisterFile) + "-wal", log);
  });
  EXPECT_GT(runs, 20);
}

// From the first schema on, and from nothing.
TEST_F(RegisterFailureTest, AMigrationIsDoneAsAWholeOrBegunAnewAtTheNextStart) {
  SimVfs old;
  {
    VIGIL_ASSERT_OK_AND_ASSIGN(auto database,
                               sqlite::Database::Open(kRegisterFile, {.vfs = old.name()}));
    sqlite::Schema first = store::RegisterSchema();
    first.migrations = first.migrations.first(1);
    VIGIL_ASSERT_OK(sqlite::Migrate(database, first));
  }
  for (const std::string& file : {std::string(), old.Content(kRegisterFile)}) {
    const std::int64_t runs = OpenAtEachFailure([&](SimVfs& disk) {
      if (!file.empty()) disk.SetContent(kRegisterFile, file);
    });
    EXPECT_GT(runs, 50);
  }
}

// The copy is written to the machine's own disk; what fails is the register's.
TEST_F(RegisterFailureTest, ABackupIsWholeOrThereIsNone) {
  const TempDir directory;
  const std::string copy = directory.File("copy.db");
  PosixFileSystem files;
  const std::int64_t runs = ForEachFailure([&](Failure& failure) {
    SimVfs disk;
    Restore(disk);
    RegisterAtWork work(disk, now_);
    VIGIL_ASSERT_OK(work.Open());
    VIGIL_ASSERT_OK(work.Do({work_[0]})[0]);
    failure.Begin(disk);
    const absl::Status status = work.store().Backup(copy);
    failure.End();
    if (!status.ok()) {
      EXPECT_THAT(files.List(directory.path()), IsOkAndHolds(::testing::IsEmpty()));
      return;
    }
    {
      VIGIL_ASSERT_OK_AND_ASSIGN(auto store, store::SqliteRegisterStore::Open(copy, {}));
      VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
      VIGIL_ASSERT_OK_AND_ASSIGN(const auto original, work.store().Read());
      EXPECT_EQ(snapshot->GetHead()->audit_root, original->GetHead()->audit_root);
    }
    // SQLite leaves the log of a database that was removed under it.
    VIGIL_EXPECT_OK(files.Remove(copy));
  });
  EXPECT_GT(runs, 100);
}

TEST_F(RegisterFailureTest, ANotificationThatWasMarkedStaysMarked) {
  SimVfs disk;
  std::string file;
  {
    TestRegister base({.file = kRegisterFile, .vfs = disk.name()});
    v1::Date due = SomeDay();
    due.set_year(kYearOverdue);
    escalation::EscalationClock clock(base.target(), base.executor(), {});
    base.ConfirmedHazard(due);
    clock.Tick([](const absl::StatusOr<std::int64_t>& fired) { VIGIL_ASSERT_OK(fired); });
    base.executor().RunUntilIdle();
  }
  file_ = disk.Content(kRegisterFile);
  const std::int64_t runs = ForEachFailure([&](Failure& failure) {
    Restore(disk);
    std::vector<v1::Notification> pending;
    absl::Status marked;
    const auto mark = [&](store::RegisterStore& store) {
      store::DeliveryMark what;
      what.notification = pending[0].id();
      what.target = {"a"};
      what.state = v1::NOTIFICATION_STATE_SENT;
      what.at = now_;
      return store.outbox().Mark(what);
    };
    const auto route = [&](store::RegisterStore& store) {
      std::vector<store::DeliveryRoute> routes;
      for (const v1::Notification& message : pending) routes.push_back({message.id(), {{"a"}}});
      return store.outbox().Route(routes);
    };
    {
      RegisterAtWork work(disk, now_);
      VIGIL_ASSERT_OK(work.Open());
      VIGIL_ASSERT_OK_AND_ASSIGN(pending, work.store().outbox().Unrouted(100));
      ASSERT_FALSE(pending.empty());
      failure.Begin(disk);
      marked = route(work.store());
      if (marked.ok()) marked = mark(work.store());
      failure.End();
    }
    failure.Die(disk);
    RegisterAtWork again(disk, now_);
    VIGIL_ASSERT_OK(again.Open());
    // A delivery that is there stays as it is.
    VIGIL_ASSERT_OK(route(again.store()));
    VIGIL_ASSERT_OK_AND_ASSIGN(const auto next, again.store().outbox().Next("a", now_));
    if (marked.ok()) {
      EXPECT_FALSE(next && next->id() == pending[0].id()) << "it was marked";
    }
    VIGIL_EXPECT_OK(mark(again.store()));
    VIGIL_ASSERT_OK_AND_ASSIGN(const auto last, again.store().outbox().Next("a", now_));
    EXPECT_FALSE(last && last->id() == pending[0].id());
    again.Close();
    VIGIL_EXPECT_OK(RegisterContent(disk));
  });
  EXPECT_GT(runs, 20);
}

}  // namespace
}  // namespace vigil::testing
