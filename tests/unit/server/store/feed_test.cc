#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/sqlite_store.h"
#include "tests/support/sim_vfs.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/server/store/store_maker.h"

namespace vigil::store {
namespace {

using testing::BytesOf;
using ::testing::ElementsAre;
using testing::GroupMaker;
using testing::Id;
using testing::IdIn;
using ::testing::IsEmpty;
using testing::OpenOn;
using testing::ReadFeed;
using testing::RecordsOf;
using testing::RecordSpec;
using ::vigil::testing::IsOk;
using ::vigil::testing::SimVfs;

std::vector<Uuid> IdsOf(const FeedPage& page) {
  std::vector<Uuid> ids;
  for (const std::string& record : RecordsOf(page)) ids.push_back(IdIn(record));
  return ids;
}

std::vector<std::pair<std::string, std::uint64_t>> DeparturesOf(const FeedPage& page) {
  std::vector<std::pair<std::string, std::uint64_t>> departures;
  for (const v1::Departure& departure : page.departures) {
    departures.emplace_back(departure.record(), departure.version());
  }
  return departures;
}

class FeedTest : public ::testing::Test {
 protected:
  void Commit(const GroupMaker& group) {
    VIGIL_ASSERT_OK(group.CommitTo(*store_));
    head_ = group.seq();
  }
  FeedPage Read(const std::vector<Uuid>& units, Seq after, std::size_t bytes = 1 << 20) {
    return Read(units, FeedPlace{after, 0}, bytes);
  }
  FeedPage Read(const std::vector<Uuid>& units, const FeedPlace& after, std::size_t bytes) {
    auto snapshot = store_->Read();
    EXPECT_THAT(snapshot, IsOk());
    auto page = ReadFeed(**snapshot, units, after, bytes);
    EXPECT_THAT(page, IsOk());
    return *std::move(page);
  }

  SimVfs disk_;
  std::unique_ptr<SqliteRegisterStore> store_ = OpenOn(disk_);
  Seq head_;
};

TEST_F(FeedTest, ARecordIsInItsUnitsFeedAtItsLastVersionOnly) {
  GroupMaker group(head_);
  group.Operation();
  group.Create({.id = Id(1), .unit = Id(7)});
  group.Create({.id = Id(2), .unit = Uuid()});
  group.Create({.id = Id(3), .unit = Id(8)});
  group.Create({.id = Id(4), .unit = Id(7), .office_only = true});
  group.Operation();
  group.Create({.id = Id(5), .unit = Id(7)});
  group.Operation();
  group.Change({.id = Id(1), .unit = Id(7)});
  group.Operation();
  Commit(group);

  const FeedPage page = Read({Id(7), Uuid()}, Seq(0));
  ASSERT_THAT(IdsOf(page), ElementsAre(Id(2), Id(5), Id(1)));
  EXPECT_EQ(RecordsOf(page)[2], BytesOf({.id = Id(1), .unit = Id(7)}, Seq(3)));
  EXPECT_TRUE(page.last);
  EXPECT_EQ(page.cursor, (FeedPlace{Seq(4), 0}));
  EXPECT_EQ(page.remaining, 0U);
  EXPECT_THAT(IdsOf(Read({Id(7)}, Seq(2))), ElementsAre(Id(1)));
  EXPECT_THAT(IdsOf(Read({Id(7)}, Seq(3))), IsEmpty());
  EXPECT_THAT(IdsOf(Read({}, Seq(0))), IsEmpty());
}

TEST_F(FeedTest, APageEndsAtItsSizeButNeverWithinWhatOneOperationChanged) {
  GroupMaker group(head_);
  for (std::uint64_t seq = 0; seq < 3; ++seq) {
    group.Operation();
    for (std::uint64_t i = 1; i <= 10; ++i) {
      group.Create({.id = Id(seq * 10 + i), .unit = Id(i % 2 == 0 ? 7 : 8)});
    }
  }
  Commit(group);
  const FeedPage page = Read({Id(7), Id(8)}, Seq(0), 1);
  EXPECT_EQ(page.record_count, 10U);
  EXPECT_EQ(page.cursor, (FeedPlace{Seq(1), 0}));
  EXPECT_FALSE(page.last);
  EXPECT_EQ(page.remaining, 20U);
  EXPECT_EQ(Read({Id(7), Id(8)}, Seq(0), 0).record_count, 10U);
}

TEST_F(FeedTest, ARootMovesWithItsChildrenAndTheirNewBytes) {
  const RecordSpec child_before = {.id = Id(2), .parent = Id(1), .root = Id(1), .unit = Id(7)};
  RecordSpec child_after = child_before;
  child_after.unit = Id(8);
  GroupMaker group(head_);
  group.Operation();
  group.Create({.id = Id(1), .unit = Id(7)});
  group.Create(child_before);
  group.Create({.id = Id(3), .parent = Id(2), .root = Id(1), .unit = Id(7), .office_only = true});
  Commit(group);
  GroupMaker move(head_);
  move.Operation();
  move.Change({.id = Id(1), .unit = Id(8)});
  move.writes().moves.push_back(
      {Id(1), Id(7), Id(8), Seq(2), {{Id(2), BytesOf(child_after, Seq(1))}}});
  Commit(move);

  const FeedPage left = Read({Id(7)}, Seq(1));
  EXPECT_EQ(left.record_count, 0U);
  EXPECT_THAT(DeparturesOf(left), ElementsAre(std::make_pair(Id(1).ToString(), 2U),
                                              std::make_pair(Id(2).ToString(), 2U)));
  const FeedPage arrived = Read({Id(8)}, Seq(0));
  ASSERT_THAT(IdsOf(arrived), ElementsAre(Id(1), Id(2)));
  EXPECT_THAT(arrived.departures, IsEmpty());
  // The child keeps its version.
  EXPECT_EQ(RecordsOf(arrived)[1], BytesOf(child_after, Seq(1)));
  // Who has both units sees an arrival only.
  EXPECT_THAT(Read({Id(7), Id(8)}, Seq(1)).departures, IsEmpty());
  EXPECT_THAT(IdsOf(Read({Id(7), Id(8)}, Seq(1))), ElementsAre(Id(1), Id(2)));
}

TEST_F(FeedTest, WhatAMoveBringsAlongComesInPagesAndSoDoDepartures) {
  GroupMaker group(head_);
  group.Operation();
  group.Create({.id = Id(1), .unit = Id(7)});
  for (std::uint64_t i = 2; i <= 50; ++i) {
    group.Create({.id = Id(i), .parent = Id(1), .root = Id(1), .unit = Id(7)});
  }
  Commit(group);
  // The operation changes the root and the last child; the others come along.
  GroupMaker move(head_);
  move.Operation();
  move.Change({.id = Id(1), .unit = Id(8)});
  move.Change({.id = Id(50), .parent = Id(1), .root = Id(1), .unit = Id(8)});
  move.writes().moves.push_back({Id(1), Id(7), Id(8), Seq(2)});
  move.Operation();
  move.Create({.id = Id(51), .unit = Id(8)});
  Commit(move);

  const auto read_all = [&](const Uuid& unit) {
    std::vector<FeedPage> pages;
    FeedPlace place{Seq(1), 0};
    while (pages.empty() || !pages.back().last) {
      pages.push_back(Read({unit}, place, 100));
      EXPECT_GT(pages.back().cursor, place);
      place = pages.back().cursor;
    }
    return pages;
  };
  const std::vector<FeedPage> arrivals = read_all(Id(8));
  EXPECT_THAT(IdsOf(arrivals.front()), ElementsAre(Id(1), Id(50)));
  EXPECT_EQ(arrivals.front().cursor.seq, Seq(1)) << "not all of the move's seq is read";
  EXPECT_GT(arrivals.size(), 10U);
  std::vector<Uuid> ids;
  for (const FeedPage& page : arrivals) {
    for (const Uuid& id : IdsOf(page)) ids.push_back(id);
  }
  EXPECT_EQ(ids.size(), 51U);
  EXPECT_EQ(std::set<Uuid>(ids.begin(), ids.end()).size(), 51U);

  const std::vector<FeedPage> departures = read_all(Id(7));
  std::set<std::string> left;
  for (const FeedPage& page : departures) {
    for (const auto& [record, seq] : DeparturesOf(page)) {
      EXPECT_TRUE(left.insert(record).second);
      EXPECT_EQ(seq, 2U);
    }
  }
  EXPECT_EQ(left.size(), 50U);
  EXPECT_GT(departures.size(), 10U);
}

TEST_F(FeedTest, AChildChangedAfterTheMoveKeepsItsOwnBytes) {
  RecordSpec child = {.id = Id(2), .parent = Id(1), .root = Id(1), .unit = Id(7)};
  GroupMaker group(head_);
  group.Operation();
  group.Create({.id = Id(1), .unit = Id(7)});
  group.Create(child);
  Commit(group);
  child.unit = Id(8);
  GroupMaker move(head_);
  move.Operation();
  move.Change({.id = Id(1), .unit = Id(8)});
  move.writes().moves.push_back({Id(1), Id(7), Id(8), Seq(2), {{Id(2), "of the move"}}});
  move.Operation();
  child.padding = 5;
  move.Change(child);
  Commit(move);
  const FeedPage arrived = Read({Id(8)}, Seq(0));
  ASSERT_THAT(IdsOf(arrived), ElementsAre(Id(1), Id(2)));
  EXPECT_EQ(RecordsOf(arrived)[1], BytesOf(child, Seq(3)));
}

TEST_F(FeedTest, AReturnEndsADeparture) {
  GroupMaker group(head_);
  group.Operation();
  group.Create({.id = Id(1), .unit = Id(7)});
  group.Operation();
  group.Change({.id = Id(1), .unit = Id(8)});
  group.writes().moves.push_back({Id(1), Id(7), Id(8), Seq(2)});
  group.Operation();
  group.Change({.id = Id(1), .unit = Id(7)});
  group.writes().moves.push_back({Id(1), Id(8), Id(7), Seq(3)});
  Commit(group);
  EXPECT_THAT(Read({Id(7)}, Seq(1)).departures, IsEmpty());
  EXPECT_THAT(IdsOf(Read({Id(7)}, Seq(2))), ElementsAre(Id(1)));
  EXPECT_THAT(DeparturesOf(Read({Id(8)}, Seq(2))),
              ElementsAre(std::make_pair(Id(1).ToString(), 3U)));
}

}  // namespace
}  // namespace vigil::store
