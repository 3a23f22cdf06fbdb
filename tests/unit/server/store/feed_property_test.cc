#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "rapidcheck.h"
#include "server/store/sqlite_store.h"
#include "tests/support/sim_vfs.h"
#include "tests/unit/server/store/store_maker.h"

namespace vigil::store {
namespace {

using testing::BytesOf;
using testing::GroupMaker;
using testing::Id;
using testing::IdIn;
using testing::OpenOn;
using testing::RecordsOf;
using testing::RecordSpec;
using ::vigil::testing::SimVfs;

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
      if (!entry.spec.office_only) {
        departures_[{from, id}] = seq;
        group.Grow(from, -1);
        group.Grow(to, 1);
      }
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
