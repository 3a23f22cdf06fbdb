#include "server/store/sqlite_store.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/schema.h"
#include "sync/base/file.h"
#include "sync/sqlite/database.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/server/store/store_maker.h"

namespace vigil::store {
namespace {

using ::testing::ElementsAre;
using testing::GroupMaker;
using ::testing::HasSubstr;
using testing::Id;
using ::testing::IsEmpty;
using testing::NewRegister;
using ::testing::SizeIs;
using ::vigil::testing::IsOk;
using ::vigil::testing::ReasonIs;
using ::vigil::testing::StatusIs;
using ::vigil::testing::StoryBegin;

class SqliteStoreTest : public ::testing::Test {
 protected:
  std::string path() const { return dir_.File("register.db"); }

  std::unique_ptr<SqliteRegisterStore> Open() { return Open(NewRegister()); }
  std::unique_ptr<SqliteRegisterStore> Open(const SqliteStoreOptions& options) {
    auto store = SqliteRegisterStore::Open(path(), options);
    EXPECT_THAT(store, IsOk());
    return store.ok() ? *std::move(store) : nullptr;
  }

  ::vigil::testing::TempDir dir_;
  PosixFileSystem files_;
};

absl::Status CommitOne(RegisterStore& store, Seq head) {
  GroupMaker group(head);
  group.Operation();
  group.Create({.id = Id(100 + head.value()), .unit = Id(7)});
  return group.CommitTo(store);
}

Head HeadOf(RegisterStore& store) {
  auto snapshot = store.Read();
  EXPECT_THAT(snapshot, IsOk());
  auto head = (*snapshot)->GetHead();
  EXPECT_THAT(head, IsOk());
  return *std::move(head);
}

TEST_F(SqliteStoreTest, ANewRegisterBeginsItsFirstEpochAtZero) {
  const auto store = Open();
  const Head head = HeadOf(*store);
  EXPECT_EQ(head.seq, Seq(0));
  EXPECT_EQ(head.epoch.id(), Id(1).ToString());
  EXPECT_EQ(head.epoch.began_at().seconds(), absl::ToUnixSeconds(StoryBegin()));
  EXPECT_EQ(head.audit_root, Sha256Of(""));
  EXPECT_EQ(head.committed_at, StoryBegin());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::vector<v1::Epoch> epochs, snapshot->Epochs());
  ASSERT_THAT(epochs, SizeIs(1));
  EXPECT_EQ(epochs[0].id(), Id(1).ToString());
}

TEST_F(SqliteStoreTest, ANewRegisterNeedsAnEpochAndAnExistingOneKeepsIts) {
  SqliteStoreOptions without;
  EXPECT_THAT(SqliteRegisterStore::Open(path(), without),
              StatusIs(absl::StatusCode::kInvalidArgument));
  Open().reset();
  SqliteStoreOptions other = NewRegister();
  other.first_epoch = Id(2);
  EXPECT_EQ(HeadOf(*Open(other)).epoch.id(), Id(1).ToString());
  EXPECT_EQ(HeadOf(*Open(without)).epoch.id(), Id(1).ToString());
}

TEST_F(SqliteStoreTest, WhatWasCommittedIsThereAfterReopening) {
  auto store = Open();
  VIGIL_ASSERT_OK(CommitOne(*store, Seq(0)));
  VIGIL_ASSERT_OK(CommitOne(*store, Seq(1)));
  store.reset();
  store = Open();
  const Head head = HeadOf(*store);
  EXPECT_EQ(head.seq, Seq(2));
  EXPECT_EQ(head.audit_root, Sha256Of("root 2"));
  EXPECT_EQ(head.committed_at, StoryBegin() + absl::Hours(2));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto record, snapshot->FindRecord(Id(101)));
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->version, Seq(2));
}

TEST_F(SqliteStoreTest, AMovedHeadIsAbortedAndWritesNothing) {
  const auto store = Open();
  VIGIL_ASSERT_OK(CommitOne(*store, Seq(0)));
  GroupMaker late(Seq(0));
  late.Operation();
  late.Create({.id = Id(55)});
  EXPECT_THAT(late.CommitTo(*store), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(HeadOf(*store).seq, Seq(1));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto record, snapshot->FindRecord(Id(55)));
  EXPECT_FALSE(record.has_value());
}

TEST_F(SqliteStoreTest, AGroupThatFailsLeavesNothingOfItself) {
  const auto store = Open();
  VIGIL_ASSERT_OK(CommitOne(*store, Seq(0)));
  GroupMaker group(Seq(1));
  group.Operation();
  group.Create({.id = Id(55)});
  group.Operation();
  // A version of a record that there is not.
  group.Change({.id = Id(56)});
  EXPECT_THAT(group.CommitTo(*store), StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(HeadOf(*store).seq, Seq(1));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto record, snapshot->FindRecord(Id(55)));
  EXPECT_FALSE(record.has_value());
  VIGIL_EXPECT_OK(CommitOne(*store, Seq(1)));
}

TEST_F(SqliteStoreTest, AGapInTheLogIsRefused) {
  const auto store = Open();
  GroupMaker group(Seq(0));
  group.Operation();
  group.log().seq = Seq(2);
  EXPECT_THAT(group.CommitTo(*store), StatusIs(absl::StatusCode::kInternal, HasSubstr("gap")));
}

TEST_F(SqliteStoreTest, IdentitiesAreTakenOnceOnly) {
  const auto store = Open();
  GroupMaker first(Seq(0));
  first.Operation(DeviceSeq(5));
  VIGIL_ASSERT_OK(first.CommitTo(*store));
  GroupMaker same_operation(Seq(1));
  same_operation.Operation();
  same_operation.log().operation = Id(1'000'001);
  EXPECT_THAT(same_operation.CommitTo(*store), StatusIs(absl::StatusCode::kAlreadyExists));
  GroupMaker same_place(Seq(1));
  same_place.Operation(DeviceSeq(5));
  EXPECT_THAT(same_place.CommitTo(*store), StatusIs(absl::StatusCode::kAlreadyExists));
  // Recorded beside the first: without its identity and place.
  GroupMaker beside(Seq(1));
  beside.Operation();
  beside.log().operation = Uuid();
  beside.Operation();
  beside.log().operation = Uuid();
  VIGIL_EXPECT_OK(beside.CommitTo(*store));
}

TEST_F(SqliteStoreTest, ASnapshotSeesOneMoment) {
  const auto store = Open();
  VIGIL_ASSERT_OK(CommitOne(*store, Seq(0)));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto before, store->Read());
  VIGIL_ASSERT_OK(CommitOne(*store, Seq(1)));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto after, store->Read());
  EXPECT_EQ(before->GetHead()->seq, Seq(1));
  EXPECT_EQ(after->GetHead()->seq, Seq(2));
  EXPECT_FALSE(before->FindRecord(Id(101))->has_value());
  EXPECT_TRUE(after->FindRecord(Id(101))->has_value());
}

TEST_F(SqliteStoreTest, SnapshotsAreTakenFromManyThreadsWhileTheWriterCommits) {
  const auto store = Open();
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    threads.emplace_back([&store, &wrong, i] {
      Seq last(0);
      for (int round = 0; round < 50; ++round) {
        const auto snapshot = store->Read();
        if (!snapshot.ok()) {
          ++wrong[i];
          continue;
        }
        const Seq head = (*snapshot)->GetHead()->seq;
        // Never backwards, and the record of the head's operation is there.
        if (head < last) ++wrong[i];
        if (head > Seq(0) && !(*snapshot)->FindRecord(Id(99 + head.value()))->has_value()) {
          ++wrong[i];
        }
        last = head;
      }
    });
  }
  for (std::uint64_t head = 0; head < 30; ++head) {
    VIGIL_EXPECT_OK(CommitOne(*store, Seq(head)));
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, ElementsAre(0, 0, 0, 0));
}

TEST_F(SqliteStoreTest, AnotherProgramsFileIsRefusedAndLeftAsItIs) {
  VIGIL_ASSERT_OK(files_.WriteAtomic(path(), std::string(8192, 'n')));
  EXPECT_THAT(SqliteRegisterStore::Open(path(), NewRegister()), ReasonIs("REASON_FOREIGN_FILE"));
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string text, files_.Read(path(), 1 << 20));
  EXPECT_EQ(text, std::string(8192, 'n'));
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabaseIsRefused) {
  {
    sqlite::OpenOptions options;
    VIGIL_ASSERT_OK_AND_ASSIGN(sqlite::Database other, sqlite::Database::Open(path(), options));
    VIGIL_ASSERT_OK_AND_ASSIGN(sqlite::Transaction transaction, other.BeginWrite());
    VIGIL_ASSERT_OK(transaction.ExecuteScript("CREATE TABLE recipe (title TEXT)"));
    VIGIL_ASSERT_OK(transaction.Commit());
  }
  const auto store = SqliteRegisterStore::Open(path(), NewRegister());
  EXPECT_THAT(store, ReasonIs("REASON_FOREIGN_FILE"));
  EXPECT_THAT(store, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr(path())));
}

TEST_F(SqliteStoreTest, ANewerSchemaIsRefusedAndLeftAsItIs) {
  Open().reset();
  {
    sqlite::OpenOptions options;
    options.application_id = kRegisterApplicationId;
    VIGIL_ASSERT_OK_AND_ASSIGN(sqlite::Database newer, sqlite::Database::Open(path(), options));
    VIGIL_ASSERT_OK_AND_ASSIGN(sqlite::Transaction transaction, newer.BeginWrite());
    VIGIL_ASSERT_OK(transaction.SetUserVersion(RegisterSchema().version() + 1));
    VIGIL_ASSERT_OK(transaction.Commit());
  }
  EXPECT_THAT(SqliteRegisterStore::Open(path(), NewRegister()), ReasonIs("REASON_SCHEMA_TOO_NEW"));
  sqlite::OpenOptions options;
  options.application_id = kRegisterApplicationId;
  VIGIL_ASSERT_OK_AND_ASSIGN(sqlite::Database file, sqlite::Database::Open(path(), options));
  EXPECT_EQ(*file.UserVersion(), RegisterSchema().version() + 1);
}

TEST_F(SqliteStoreTest, ADamagedFileIsRefusedWhereverTheDamageIs) {
  {
    const auto store = Open();
    GroupMaker group(Seq(0));
    group.Operation();
    group.Create({.id = Id(5), .padding = 3000});
    VIGIL_ASSERT_OK(group.CommitTo(*store));
    VIGIL_ASSERT_OK(CommitOne(*store, Seq(1)));
  }
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string content, files_.Read(path(), 64 << 20));
  // The page of one record's body, which nobody reads at the start.
  const std::size_t body = content.find(std::string(500, 'x'));
  ASSERT_NE(body, std::string::npos);
  std::string damaged = content;
  damaged.replace(body / 4096 * 4096, 12, 12, '\xff');
  VIGIL_ASSERT_OK(files_.WriteAtomic(path(), damaged));
  EXPECT_THAT(SqliteRegisterStore::Open(path(), NewRegister()), ReasonIs("REASON_CORRUPT_FILE"));
  // All but the first two pages.
  for (std::size_t i = 2 * 4096; i < damaged.size(); ++i) damaged[i] = static_cast<char>(i * 7);
  VIGIL_ASSERT_OK(files_.WriteAtomic(path(), damaged));
  EXPECT_THAT(SqliteRegisterStore::Open(path(), NewRegister()), ReasonIs("REASON_CORRUPT_FILE"));
  // Cut off.
  VIGIL_ASSERT_OK(files_.WriteAtomic(path(), content.substr(0, content.size() - 3 * 4096)));
  EXPECT_THAT(SqliteRegisterStore::Open(path(), NewRegister()), ReasonIs("REASON_CORRUPT_FILE"));
}

TEST_F(SqliteStoreTest, ALogThatDoesNotEndAtTheHeadIsRefused) {
  {
    const auto store = Open();
    VIGIL_ASSERT_OK(CommitOne(*store, Seq(0)));
  }
  {
    sqlite::OpenOptions options;
    options.application_id = kRegisterApplicationId;
    VIGIL_ASSERT_OK_AND_ASSIGN(sqlite::Database file, sqlite::Database::Open(path(), options));
    VIGIL_ASSERT_OK_AND_ASSIGN(sqlite::Transaction transaction, file.BeginWrite());
    VIGIL_ASSERT_OK(transaction.ExecuteScript("UPDATE meta SET seq = 7"));
    VIGIL_ASSERT_OK(transaction.Commit());
  }
  EXPECT_THAT(SqliteRegisterStore::Open(path(), NewRegister()), ReasonIs("REASON_CORRUPT_FILE"));
}

// Whether another process can read the file. Locks of one process do not show to itself.
bool AnotherProcessCanRead(const std::string& path) {
  const std::string command =
      "/usr/bin/python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0)"
      ".execute(\"SELECT count(*) FROM log\").fetchall()' '" +
      path + "' 2> /dev/null";
  return std::system(command.c_str()) == 0;
}

TEST_F(SqliteStoreTest, ASecondProcessIsKeptOut) {
  auto store = Open();
  VIGIL_ASSERT_OK(CommitOne(*store, Seq(0)));
  EXPECT_FALSE(AnotherProcessCanRead(path()));
  store.reset();
  EXPECT_TRUE(AnotherProcessCanRead(path()));
}

TEST_F(SqliteStoreTest, MaintainEmptiesTheWalAndCommitBoundsIt) {
  SqliteStoreOptions options = NewRegister();
  options.wal_pages_idle = 1;
  options.wal_pages_max = 40;
  const auto store = Open(options);
  std::int64_t most = 0;
  for (std::uint64_t head = 0; head < 100; ++head) {
    VIGIL_ASSERT_OK(CommitOne(*store, Seq(head)));
    most = std::max(most, store->wal_pages());
  }
  // One group beyond the bound at most.
  EXPECT_LT(most, 40 + 60);
  VIGIL_ASSERT_OK(store->Maintain(absl::Seconds(1)));
  VIGIL_ASSERT_OK(CommitOne(*store, Seq(100)));
  // The WAL began anew with this commit.
  EXPECT_LT(store->wal_pages(), 40);
}

TEST_F(SqliteStoreTest, ABackupIsARegisterOfItsMoment) {
  const auto store = Open();
  VIGIL_ASSERT_OK(CommitOne(*store, Seq(0)));
  const std::string copy = dir_.File("backup.db");
  VIGIL_ASSERT_OK(store->Backup(copy));
  VIGIL_ASSERT_OK(CommitOne(*store, Seq(1)));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto restored, SqliteRegisterStore::Open(copy, NewRegister()));
  EXPECT_EQ(HeadOf(*restored).seq, Seq(1));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, restored->Read());
  EXPECT_TRUE(snapshot->FindRecord(Id(100))->has_value());
  EXPECT_THAT(store->Backup(copy), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(SqliteStoreTest, TheOutboxKeepsWhatIsNotSent) {
  const auto store = Open();
  GroupMaker group(Seq(0));
  group.Operation();
  for (int i = 1; i <= 3; ++i) {
    group.writes().notifications.push_back(
        {Id(70), "escalation", Id(80), "逾期", "overdue", StoryBegin() + absl::Seconds(i)});
  }
  VIGIL_ASSERT_OK(group.CommitTo(*store));
  Outbox& outbox = store->outbox();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto fresh, outbox.Unrouted(2));
  ASSERT_THAT(fresh, SizeIs(2));
  EXPECT_EQ(fresh[0].recipient(), Id(70).ToString());
  EXPECT_EQ(fresh[0].record(), Id(80).ToString());
  EXPECT_EQ(fresh[0].topic(), "escalation");
  EXPECT_EQ(fresh[0].text(), "逾期");
  EXPECT_EQ(fresh[0].text_en(), "overdue");
  EXPECT_EQ(fresh[0].state(), v1::NOTIFICATION_STATE_PENDING);
  EXPECT_EQ(fresh[0].created_at().seconds(), absl::ToUnixSeconds(StoryBegin()) + 1);

  VIGIL_ASSERT_OK(outbox.Route({{1, {{"a"}, {"b"}}}, {2, {{"a"}}}, {3, {{"m", "x"}, {"m", "y"}}}}));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto unrouted, outbox.Unrouted(10));
  EXPECT_THAT(unrouted, IsEmpty());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto first, outbox.Next("a", StoryBegin()));
  EXPECT_EQ(first->id(), 1);
  const absl::Time later = StoryBegin() + absl::Minutes(5);
  const auto mark = [&](std::int64_t id, DeliveryTarget target, v1::NotificationState state) {
    DeliveryMark what;
    what.notification = id;
    what.target = std::move(target);
    what.state = state;
    if (state == v1::NOTIFICATION_STATE_PENDING) what.next_attempt_at = later;
    if (state != v1::NOTIFICATION_STATE_SENT) what.error = "it is down";
    what.at = StoryBegin();
    return outbox.Mark(what);
  };
  VIGIL_ASSERT_OK(mark(1, {"a"}, v1::NOTIFICATION_STATE_SENT));
  VIGIL_ASSERT_OK(mark(1, {"b"}, v1::NOTIFICATION_STATE_SENT));
  VIGIL_ASSERT_OK(mark(2, {"a"}, v1::NOTIFICATION_STATE_PENDING));
  VIGIL_ASSERT_OK(mark(3, {"m", "x"}, v1::NOTIFICATION_STATE_DEAD));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto none_now, outbox.Next("a", StoryBegin()));
  EXPECT_FALSE(none_now);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto second, outbox.Next("a", later));
  EXPECT_EQ(second->deliveries(0).attempts(), 1);
  EXPECT_EQ(second->deliveries(0).last_error(), "it is down");
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto other, outbox.Next("m", StoryBegin()));
  EXPECT_EQ(other->deliveries(0).address(), "y");
  EXPECT_THAT(mark(99, {"a"}, v1::NOTIFICATION_STATE_SENT), StatusIs(absl::StatusCode::kNotFound));

  VIGIL_ASSERT_OK_AND_ASSIGN(const auto snapshot, store->Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto all, snapshot->Notifications(0, 10));
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[0].state(), v1::NOTIFICATION_STATE_SENT);
  EXPECT_EQ(all[1].attempts(), 1);
  EXPECT_EQ(all[1].next_attempt_at().seconds(), absl::ToUnixSeconds(later));
  EXPECT_EQ(all[2].state(), v1::NOTIFICATION_STATE_PENDING) << "as long as one of its ways is";
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto rest, snapshot->Notifications(2, 10));
  EXPECT_THAT(rest, SizeIs(1));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto none, snapshot->Notifications(3, 10));
  EXPECT_THAT(none, IsEmpty());
}

}  // namespace
}  // namespace vigil::store
