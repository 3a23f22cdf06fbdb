#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_store.h"
#include "sync/rules/creation.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/server/store/store_maker.h"

// Every version of every record is kept, wherever it stands, and found once.

namespace vigil::store {
namespace {

using testing::GroupMaker;
using testing::Id;
using testing::NewRegister;
using testing::RecordSpec;
using ::testing::SizeIs;
using ::vigil::testing::IsOk;

class VersionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    VIGIL_ASSERT_OK_AND_ASSIGN(store_,
                               SqliteRegisterStore::Open(dir_.File("register.db"), NewRegister()));
  }

  GroupMaker Group() const { return GroupMaker(head_, Id(9000)); }

  void Commit(GroupMaker& group) {
    VIGIL_ASSERT_OK(group.CommitTo(*store_));
    head_ = group.seq();
    for (const RecordChange& change : group.writes().records) {
      versions_[change.id][change.version] = change;
    }
    CheckAll();
  }

  // After each commit, of each record at each seq.
  void CheckAll() {
    auto opened = store_->Read();
    ASSERT_THAT(opened, IsOk());
    Snapshot& snapshot = **opened;
    for (const auto& [id, versions] : versions_) {
      VIGIL_ASSERT_OK_AND_ASSIGN(const auto history, snapshot.History(id, Seq(0), 100));
      ASSERT_EQ(history.size(), versions.size()) << id.ToString();
      auto row = history.begin();
      for (const auto& [seq, change] : versions) {
        EXPECT_EQ(row->version, seq);
        EXPECT_EQ((row++)->write_bytes, change.write_bytes);
      }
      EXPECT_THAT(*snapshot.OwnWrites(id, Id(9000), Seq(0)), SizeIs(versions.size()));
    }
    for (std::uint64_t seq = 0; seq <= head_.value(); ++seq) CheckAt(snapshot, Seq(seq));
  }

  void CheckAt(Snapshot& snapshot, Seq seq) {
    std::map<Uuid, std::string> past;
    VIGIL_ASSERT_OK_AND_ASSIGN(const auto records, snapshot.RecordsAt(seq, 0, 100));
    for (const PastRecord& record : records) {
      EXPECT_TRUE(past.emplace(record.record.id, record.record.bytes).second);
    }
    for (const auto& [id, versions] : versions_) {
      SCOPED_TRACE(absl::StrCat(id.ToString(), " at ", seq.value()));
      VIGIL_ASSERT_OK_AND_ASSIGN(const auto found, snapshot.FindRecordAt(id, seq));
      const auto after = versions.upper_bound(seq);
      ASSERT_EQ(found.has_value(), after != versions.begin());
      EXPECT_EQ(past.contains(id), found.has_value());
      if (!found) continue;
      const RecordChange& change = std::prev(after)->second;
      EXPECT_EQ(found->version, change.version);
      EXPECT_EQ(found->bytes, change.bytes);
      EXPECT_EQ(found->unit, change.unit);
      EXPECT_EQ(past[id], change.bytes);
    }
  }

  ::vigil::testing::TempDir dir_;
  std::unique_ptr<SqliteRegisterStore> store_;
  Seq head_;
  std::map<Uuid, std::map<Seq, RecordChange>> versions_;
};

constexpr int kChild = 12;

RecordSpec Root(const Uuid& unit) { return {.id = Id(5), .unit = unit}; }
RecordSpec Child(const Uuid& unit) {
  return {.id = Id(6), .kind = kChild, .parent = Id(5), .root = Id(5), .unit = unit};
}

// The root goes to another unit, and the child with it.
void Move(GroupMaker& group, const Uuid& from, const Uuid& to) {
  const Seq seq = group.Operation();
  group.writes().moves.push_back(
      {.root = Id(5),
       .from_unit = from,
       .to_unit = to,
       .seq = seq,
       .children = {{.id = Id(5), .bytes = absl::StrCat("root in ", seq.value())},
                    {.id = Id(6), .bytes = "child, moved"}}});
}

TEST_F(VersionsTest, OfGroupsThatChangeARecordOnceOrSeveralTimes) {
  GroupMaker made = Group();
  made.Operation();
  made.Create(Root(Id(7)));
  Commit(made);
  for (const int changes : {1, 3, 1, 2}) {
    GroupMaker group = Group();
    for (int i = 0; i < changes; ++i) {
      group.Operation();
      group.Change(Root(Id(7)));
    }
    Commit(group);
  }
  GroupMaker both = Group();
  both.Operation();
  both.Create(Child(Id(7)));
  both.Operation();
  both.Change(Child(Id(7)));
  Commit(both);
}

TEST_F(VersionsTest, WhatMovesKeepsTheVersionThatItHad) {
  GroupMaker made = Group();
  made.Operation();
  made.Create(Root(Id(7)));
  made.Create(Child(Id(7)));
  Commit(made);
  GroupMaker moved = Group();
  Move(moved, Id(7), Id(8));
  // What an operation changes to move it has its new version.
  moved.Change(Root(Id(8)));
  Commit(moved);
  GroupMaker again = Group();
  Move(again, Id(8), Id(7));
  again.Operation();
  again.Change(Child(Id(7)));
  Commit(again);
}

TEST_F(VersionsTest, OfChangesBeforeBetweenAndAfterMovesOfOneGroup) {
  GroupMaker made = Group();
  made.Operation();
  made.Create(Root(Id(7)));
  made.Create(Child(Id(7)));
  Commit(made);
  GroupMaker group = Group();
  group.Operation();
  group.Change(Child(Id(7)));
  Move(group, Id(7), Id(8));
  group.Operation();
  group.Change(Root(Id(8)));
  Move(group, Id(8), Id(7));
  Commit(group);
  GroupMaker last = Group();
  last.Operation();
  last.Change(Root(Id(7)));
  last.Change(Child(Id(7)));
  Commit(last);
}

TEST_F(VersionsTest, AWriteThatFollowsFromItsRecordIsToldAllTheSame) {
  GroupMaker group = Group();
  group.Operation();
  RecordChange& made = group.Create(Root(Id(7)));
  made.write_bytes.clear();
  made.stamp_bytes.clear();
  const std::string bytes = made.bytes;
  VIGIL_ASSERT_OK(group.CommitTo(*store_));
  GroupMaker next(group.seq(), Id(9000));
  next.Operation();
  next.Change(Root(Id(7)));
  VIGIL_ASSERT_OK(next.CommitTo(*store_));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto creation, rules::CreationOf(bytes));
  auto opened = store_->Read();
  VIGIL_ASSERT_OK(opened);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto history, (*opened)->History(Id(5), Seq(0), 10));
  ASSERT_THAT(history, SizeIs(2));
  EXPECT_EQ(history[0].write_bytes, creation.write_bytes);
  EXPECT_EQ(history[0].stamp_bytes, creation.stamp_bytes);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto own, (*opened)->OwnWrites(Id(5), Id(9000), Seq(0)));
  ASSERT_THAT(own, SizeIs(2));
  EXPECT_EQ(own[0].write_bytes, creation.write_bytes);
  EXPECT_EQ(own[1].write_bytes, "write 2");
}

}  // namespace
}  // namespace vigil::store
