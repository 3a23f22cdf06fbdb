#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rapidcheck.h"
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
using testing::NewRegister;
using testing::ReadFeed;
using testing::RecordsOf;
using testing::RecordSpec;
using ::vigil::testing::IsOk;
using ::vigil::testing::SimVfs;

std::unique_ptr<SqliteRegisterStore> OpenOn(const SimVfs& disk) {
  SqliteStoreOptions options = NewRegister();
  options.vfs = disk.name();
  auto store = SqliteRegisterStore::Open("register.db", options);
  EXPECT_THAT(store, IsOk());
  return *std::move(store);
}

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

// A register in memory: what the feed must be, in the plainest words.
class Model {
 public:
  struct Entry {
    RecordSpec spec;
    std::uint64_t version = 0;
    std::uint64_t feed_seq = 0;
    std::uint64_t made = 0;

    std::string bytes() const { return BytesOf(spec, Seq(version)); }
  };

  // Makes one operation in `group`, as the numbers say.
  void Step(std::uint32_t choice, GroupMaker& group) {
    const std::uint64_t seq = group.Operation().value();
    const std::uint32_t kind = choice % 8;
    const std::uint32_t what = choice / 8;
    if (kind == 0) return;  // A refused operation.
    if (kind <= 3 || roots_.empty()) {
      Create({.id = Id(++made_),
              .unit = UnitAt(what),
              .office_only = what % 11 == 0,
              .padding = what % 300},
             seq, group);
      roots_.push_back(Id(made_));
      return;
    }
    const Uuid root = roots_[what % roots_.size()];
    if (kind == 4) {
      Create({.id = Id(++made_),
              .parent = root,
              .root = root,
              .unit = entries_[root].spec.unit,
              .padding = what % 50},
             seq, group);
    } else if (kind == 5) {
      Move(root, UnitAt(what / 16), seq, group);
    } else {
      auto entry = entries_.begin();
      std::advance(entry, what % entries_.size());
      Entry& changed = entry->second;
      changed.spec.padding = (changed.spec.padding + 17) % 300;
      changed.version = changed.feed_seq = seq;
      group.Change(changed.spec);
    }
  }

  static Uuid UnitAt(std::uint32_t number) { return Id(number % 5 == 0 ? 0 : 500 + number % 5); }

  // The expected feed after `after`, in order: seq, what moved behind what changed, order of
  // making, id.
  using Place = std::tuple<std::uint64_t, bool, std::uint64_t, Uuid>;
  Place PlaceOf(const Uuid& id) const {
    const Entry& entry = At(id);
    return {entry.feed_seq, entry.version < entry.feed_seq, entry.made, id};
  }
  std::vector<Place> Records(const std::set<Uuid>& units, std::uint64_t after) const {
    std::vector<Place> feed;
    for (const auto& [id, entry] : entries_) {
      if (!units.contains(entry.spec.unit) || entry.spec.office_only) continue;
      if (entry.feed_seq > after) feed.push_back(PlaceOf(id));
    }
    std::sort(feed.begin(), feed.end());
    return feed;
  }

  std::set<std::pair<std::uint64_t, Uuid>> Departures(const std::set<Uuid>& units,
                                                      std::uint64_t after) const {
    std::set<std::pair<std::uint64_t, Uuid>> departures;
    for (const auto& [key, seq] : departures_) {
      const auto& [unit, record] = key;
      if (units.contains(unit) && seq > after && !units.contains(At(record).spec.unit)) {
        departures.emplace(seq, record);
      }
    }
    return departures;
  }

  const Entry& At(const Uuid& id) const { return entries_.at(id); }
  const std::map<Uuid, Entry>& entries() const { return entries_; }

 private:
  void Create(const RecordSpec& spec, std::uint64_t seq, GroupMaker& group) {
    entries_[spec.id] = {spec, seq, seq, made_};
    group.Create(spec);
  }

  void Move(const Uuid& root, const Uuid& to, std::uint64_t seq, GroupMaker& group) {
    const Uuid from = entries_[root].spec.unit;
    if (from == to) return;
    store::Move move = {root, from, to, Seq(seq)};
    for (auto& [id, entry] : entries_) {
      if (id != root && entry.spec.parent != root) continue;
      entry.spec.unit = to;
      entry.feed_seq = seq;
      departures_.erase({to, id});
      if (!entry.spec.office_only) departures_[{from, id}] = seq;
      if (id == root) {
        entry.version = seq;
        group.Change(entry.spec);
      } else {
        move.children.push_back({id, entry.bytes()});
      }
    }
    group.writes().moves.push_back(std::move(move));
  }

  std::uint64_t made_ = 0;
  std::vector<Uuid> roots_;
  std::map<Uuid, Entry> entries_;
  std::map<std::pair<Uuid, Uuid>, std::uint64_t> departures_;
};

// Up to 20 groups of up to 20 operations.
rc::Gen<std::vector<std::vector<std::uint32_t>>> AnyGroups() {
  return rc::gen::scale(0.2, rc::gen::container<std::vector<std::vector<std::uint32_t>>>(
                                 rc::gen::container<std::vector<std::uint32_t>>(
                                     rc::gen::resize(100, rc::gen::inRange(0U, 1U << 20)))));
}

std::vector<Uuid> UnitsOf(std::uint32_t bits) {
  std::vector<Uuid> units;
  for (std::uint32_t i = 0; i < 5; ++i) {
    if ((bits & (1U << i)) != 0) units.push_back(Model::UnitAt(i));
  }
  return units;
}

// All the rest of it, page by page, sometimes by another reading that begins where this one stands;
// checks each page's bounds, and what remains where the reading has seen no older snapshot.
FeedPage ReadAll(Snapshot& snapshot, FeedReading& reading, std::size_t bytes, const Model& model,
                 bool counts) {
  FeedPage all;
  all.cursor = reading.place();
  const std::set<Uuid> unit_set(reading.units().begin(), reading.units().end());
  std::size_t left = 0;
  while (!all.last) {
    if (*rc::gen::inRange(0, 4) == 0) reading = FeedReading(reading.units(), all.cursor);
    auto page = snapshot.ReadFeed(reading, {.bytes = bytes});
    RC_ASSERT(page.ok());
    RC_ASSERT((reading.place() == page->cursor));
    const std::vector<std::string> records = RecordsOf(*page);
    for (const std::string& record : records) {
      const std::uint64_t seq = model.At(IdIn(record)).feed_seq;
      RC_ASSERT(seq > all.cursor.seq.value());
      RC_ASSERT(seq <= page->cursor.seq.value() + 1);
    }
    if (!page->last) RC_ASSERT(page->cursor > all.cursor);
    // What an operation changed is whole: the next one of the feed is another's, or moved.
    const auto feed = model.Records(unit_set, 0);
    if (!page->last && !records.empty()) {
      const auto next =
          std::upper_bound(feed.begin(), feed.end(), model.PlaceOf(IdIn(records.back())));
      RC_ASSERT((next == feed.end() || std::get<1>(*next) ||
                 std::get<0>(*next) > model.At(IdIn(records.back())).feed_seq));
    }
    if (all.record_count == 0 && all.departures.empty() && left == 0) {
      left = page->remaining + records.size();
    }
    left -= records.size();
    RC_ASSERT((!counts || page->remaining == left));
    all.record_fields += page->record_fields;
    all.record_count += page->record_count;
    std::move(page->departures.begin(), page->departures.end(), std::back_inserter(all.departures));
    all.cursor = page->cursor;
    all.last = page->last;
  }
  RC_ASSERT((!counts || left == 0U));
  return all;
}

void CheckFeed(SqliteRegisterStore& store, const Model& model, std::uint32_t unit_bits, Seq after,
               std::size_t bytes, Seq head) {
  const std::vector<Uuid> units = UnitsOf(unit_bits);
  const std::set<Uuid> unit_set(units.begin(), units.end());
  auto snapshot = store.Read();
  RC_ASSERT(snapshot.ok());
  FeedReading reading(units, {after, 0});
  const FeedPage all = ReadAll(**snapshot, reading, bytes, model, /*counts=*/true);
  RC_ASSERT((all.cursor == FeedPlace{head, 0}));
  std::vector<Model::Place> found;
  for (const std::string& record : RecordsOf(all)) {
    found.push_back(model.PlaceOf(IdIn(record)));
    RC_ASSERT(record == model.At(IdIn(record)).bytes());
  }
  RC_ASSERT(found == model.Records(unit_set, after.value()));
  std::set<std::pair<std::uint64_t, Uuid>> departed;
  for (const v1::Departure& departure : all.departures) {
    RC_ASSERT(departed.emplace(departure.version(), *Uuid::Parse(departure.record())).second);
  }
  RC_ASSERT(departed == model.Departures(unit_set, after.value()));
}

TEST(FeedPropertyTest, PagesPutTogetherAreAllChangesInOrder) {
  EXPECT_TRUE(rc::check("pages put together are all changes in order", [] {
    SimVfs disk;
    const auto store = OpenOn(disk);
    Model model;
    Seq head;
    const auto groups = *AnyGroups();
    for (const auto& choices : groups) {
      if (choices.empty()) continue;
      GroupMaker group(head);
      for (const std::uint32_t choice : choices) model.Step(choice, group);
      RC_ASSERT(group.CommitTo(*store).ok());
      head = group.seq();
    }
    for (int i = 0; i < 5; ++i) {
      const auto after = *rc::gen::inRange<std::uint64_t>(0, head.value() + 1);
      CheckFeed(*store, model, *rc::gen::inRange(0U, 32U), Seq(after),
                *rc::gen::inRange<std::size_t>(0, 2000), head);
    }
  }));
}

// What a phone holds that reads the feed now and then, while its reading remembers what it has
// seen.
TEST(FeedPropertyTest, APhoneThatReadsNowAndThenHoldsWhatIsInItsUnits) {
  EXPECT_TRUE(rc::check("a phone holds what is in its units", [] {
    SimVfs disk;
    const auto store = OpenOn(disk);
    Model model;
    Seq head;
    const std::vector<Uuid> units = UnitsOf(*rc::gen::inRange(0U, 32U));
    FeedReading reading(units, {});
    std::map<Uuid, std::string> held;
    const auto groups = *AnyGroups();
    for (const auto& choices : groups) {
      if (!choices.empty()) {
        GroupMaker group(head);
        for (const std::uint32_t choice : choices) model.Step(choice, group);
        RC_ASSERT(group.CommitTo(*store).ok());
        head = group.seq();
      }
      // One page, not always the last: the phone may be interrupted.
      auto snapshot = store->Read();
      RC_ASSERT(snapshot.ok());
      auto page = (*snapshot)->ReadFeed(reading, {.bytes = 300});
      RC_ASSERT(page.ok());
      for (const v1::Departure& departure : page->departures) {
        held.erase(*Uuid::Parse(departure.record()));
      }
      for (const std::string& record : RecordsOf(*page)) held[IdIn(record)] = record;
      if (*rc::gen::inRange(0, 4) == 0) reading = FeedReading(units, page->cursor);
    }
    auto snapshot = store->Read();
    const FeedPage rest = ReadAll(**snapshot, reading, 300, model, /*counts=*/false);
    for (const v1::Departure& departure : rest.departures) {
      held.erase(*Uuid::Parse(departure.record()));
    }
    for (const std::string& record : RecordsOf(rest)) held[IdIn(record)] = record;

    std::map<Uuid, std::string> expected;
    for (const auto& [id, entry] : model.entries()) {
      if (std::count(units.begin(), units.end(), entry.spec.unit) == 1 && !entry.spec.office_only) {
        expected[id] = entry.bytes();
      }
    }
    RC_ASSERT(held == expected);
  }));
}

}  // namespace
}  // namespace vigil::store
