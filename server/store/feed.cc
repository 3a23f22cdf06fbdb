#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <queue>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/store/rows.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/status.h"

// The feed of a set of units: each unit has a feed of its own, an index in the order of feed_seq;
// a page merges them. Cost follows what has changed: units without changes are not touched, and of
// the others only as many records are read as the page needs, a few more at a time.

namespace vigil::store {
namespace {

using sqlite::Database;
using sqlite::Statement;

constexpr char kChangedUnits[] = R"sql(
SELECT unit, last_seq FROM unit_feed WHERE last_seq > ?1 ORDER BY last_seq
)sql";

// Phases 0 and 2 of each seq.
constexpr char kRecordKeys[] = R"sql(
SELECT feed_seq, moved * 2, ordinal, id, kind, version, parent, root, unit, bytes FROM record
WHERE unit = ?1 AND office_only = 0 AND (feed_seq, moved, ordinal) > (?2, ?3, ?4)
ORDER BY feed_seq, moved, ordinal LIMIT ?5
)sql";

// Phase 1.
constexpr char kDepartures[] = R"sql(
SELECT departure.seq, departure.ordinal, record.id, record.unit
FROM departure JOIN record ON record.ordinal = departure.ordinal
WHERE departure.unit = ?1 AND (departure.seq, departure.ordinal) > (?2, ?3)
ORDER BY departure.seq, departure.ordinal LIMIT ?4
)sql";

constexpr char kRemaining[] = R"sql(
SELECT count(*) FROM (
  SELECT 1 FROM record
  WHERE unit = ?1 AND office_only = 0 AND (feed_seq, moved, ordinal) > (?2, ?3, ?4) LIMIT ?5)
)sql";

constexpr std::int64_t kFirstBatch = 4;
constexpr std::int64_t kLargestBatch = 32;

// What an operation changed; what left a unit; what a move brought along.
constexpr int kChanged = 0;
constexpr int kDeparted = 1;
constexpr int kMoved = 2;

// In the order of the feed.
struct Position {
  std::int64_t seq = 0;
  int phase = 0;
  std::int64_t ordinal = 0;

  friend auto operator<=>(const Position&, const Position&) = default;
};

// FeedPlace::within: 1 after what the operation changed, 1 + ordinal after a departure,
// kMovedPlace + ordinal after what a move brought along.
constexpr std::uint64_t kMovedPlace = std::uint64_t{1} << 62;

// The last position that has been read.
Position PositionOf(const FeedPlace& place) {
  const auto ordinal = static_cast<std::int64_t>(place.within & (kMovedPlace - 1));
  const std::int64_t next = place.seq.signed_value() + 1;
  if (place.within == 0) return {place.seq.signed_value(), kMoved, INT64_MAX};
  if (place.within >= kMovedPlace) return {next, kMoved, ordinal};
  if (place.within == 1) return {next, kChanged, INT64_MAX};
  return {next, kDeparted, ordinal - 1};
}

// After `position`, of whose seq there is more.
FeedPlace PlaceWithin(const Position& position) {
  const auto ordinal = static_cast<std::uint64_t>(position.ordinal);
  const std::uint64_t within = position.phase == kChanged    ? 1
                               : position.phase == kDeparted ? 1 + ordinal
                                                             : kMovedPlace + ordinal;
  return {Seq(static_cast<std::uint64_t>(position.seq - 1)), within};
}

// Binds ?2 to ?4 of kRecordKeys and kRemaining.
void BindRecordKey(Statement& statement, const Position& after) {
  const bool past_changed = after.phase == kDeparted;
  statement.BindInt64(2, after.seq)
      .BindInt64(3, after.phase == kMoved ? 1 : 0)
      .BindInt64(4, past_changed ? INT64_MAX : after.ordinal);
}

// One unit's feed of records, or of departures, read in growing batches.
class UnitFeed {
 public:
  struct Key {
    Position position;
    StoredRecord record;
    // Of a departure.
    Uuid departed;
    Uuid lives_in;
  };

  UnitFeed(const Uuid& unit, bool departures, const Position& after)
      : unit_(unit), departures_(departures), last_(after) {}

  // False: there is nothing more.
  absl::StatusOr<bool> Load(Database& database) {
    if (next_ < batch_.size()) return true;
    if (exhausted_) return false;
    batch_.clear();
    next_ = 0;
    VIGIL_RETURN_IF_ERROR(departures_ ? ReadDepartures(database) : ReadRecords(database));
    exhausted_ = static_cast<std::int64_t>(batch_.size()) < batch_size_;
    batch_size_ = std::min(batch_size_ * 2, kLargestBatch);
    return !batch_.empty();
  }

  Key& key() { return batch_[next_]; }
  void Advance() { last_ = batch_[next_++].position; }

 private:
  absl::Status ReadRecords(Database& database) {
    VIGIL_ASSIGN_OR_RETURN(Statement read, database.Query(kRecordKeys));
    BindRawUuid(read, 1, unit_);
    BindRecordKey(read, last_);
    read.BindInt64(5, batch_size_);
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
      if (!found) return absl::OkStatus();
      Key& key = batch_.emplace_back();
      key.position = {read.ColumnInt64(0), static_cast<int>(read.ColumnInt64(1)),
                      read.ColumnInt64(2)};
      VIGIL_ASSIGN_OR_RETURN(key.record, ReadRecord(read, 3));
    }
  }

  absl::Status ReadDepartures(Database& database) {
    VIGIL_ASSIGN_OR_RETURN(Statement read, database.Query(kDepartures));
    BindRawUuid(read, 1, unit_);
    read.BindInt64(2, last_.seq);
    const std::int64_t of_seq = last_.phase == kChanged    ? 0
                                : last_.phase == kDeparted ? last_.ordinal
                                                           : INT64_MAX;
    read.BindInt64(3, of_seq).BindInt64(4, batch_size_);
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
      if (!found) return absl::OkStatus();
      Key& key = batch_.emplace_back();
      key.position = {read.ColumnInt64(0), kDeparted, read.ColumnInt64(1)};
      VIGIL_ASSIGN_OR_RETURN(key.departed, read.ColumnUuid(2));
      VIGIL_ASSIGN_OR_RETURN(key.lives_in, read.ColumnUuid(3));
    }
  }

  Uuid unit_;
  bool departures_;
  Position last_;
  std::vector<Key> batch_;
  std::size_t next_ = 0;
  std::int64_t batch_size_ = kFirstBatch;
  bool exhausted_ = false;
};

// What comes next in some unit: the smallest is at the top.
struct Entry {
  Position position;
  std::size_t feed = 0;

  friend auto operator<=>(const Entry&, const Entry&) = default;
};

class Merger {
 public:
  Merger(Database& database, std::set<Uuid> units, const FeedPlace& after)
      : database_(database),
        units_(std::move(units)),
        read_to_(after.seq),
        after_(PositionOf(after)),
        last_(after_) {}

  absl::Status Start() {
    VIGIL_ASSIGN_OR_RETURN(Statement read, database_.Query(kChangedUnits));
    read.BindNumber(1, read_to_);
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
      if (!found) break;
      VIGIL_ASSIGN_OR_RETURN(const Uuid unit, read.ColumnUuid(0));
      if (units_.contains(unit)) changed_.push_back(unit);
    }
    for (const Uuid& unit : changed_) {
      for (const bool departures : {false, true}) {
        feeds_.emplace_back(unit, departures, after_);
        VIGIL_RETURN_IF_ERROR(PushNext(feeds_.size() - 1));
      }
    }
    return absl::OkStatus();
  }

  // Takes what comes next until the page has `bytes`; never a part of what one operation changed.
  absl::Status Fill(std::size_t bytes, FeedPage& page) {
    std::size_t taken = 0;
    while (!next_.empty()) {
      const Entry entry = next_.top();
      const bool belongs = entry.position.seq == last_.seq && entry.position.phase == kChanged;
      if (taken >= bytes && !belongs) {
        page.cursor = entry.position.seq == last_.seq
                          ? PlaceWithin(last_)
                          : FeedPlace{Seq(static_cast<std::uint64_t>(last_.seq)), 0};
        return absl::OkStatus();
      }
      next_.pop();
      last_ = entry.position;
      taken += Take(entry, page);
      feeds_[entry.feed].Advance();
      VIGIL_RETURN_IF_ERROR(PushNext(entry.feed));
    }
    page.last = true;
    return absl::OkStatus();
  }

  // Records after what has been taken.
  absl::StatusOr<std::uint64_t> CountRemaining() {
    std::uint64_t remaining = 0;
    for (const Uuid& unit : changed_) {
      if (remaining >= kFeedRemainingMax) break;
      VIGIL_ASSIGN_OR_RETURN(Statement read, database_.Query(kRemaining));
      BindRawUuid(read, 1, unit);
      BindRecordKey(read, last_);
      read.BindInt64(5, static_cast<std::int64_t>(kFeedRemainingMax - remaining));
      VIGIL_RETURN_IF_ERROR(read.Step());
      remaining += static_cast<std::uint64_t>(read.ColumnInt64(0));
    }
    return remaining;
  }

 private:
  static constexpr std::size_t kDepartureBytes = 48;

  absl::Status PushNext(std::size_t feed) {
    VIGIL_ASSIGN_OR_RETURN(const bool more, feeds_[feed].Load(database_));
    if (more) next_.push({feeds_[feed].key().position, feed});
    return absl::OkStatus();
  }

  // Returns about how many bytes it adds to the page.
  std::size_t Take(const Entry& entry, FeedPage& page) {
    UnitFeed::Key& key = feeds_[entry.feed].key();
    if (entry.position.phase != kDeparted) {
      page.records.push_back(std::move(key.record));
      return page.records.back().bytes.size();
    }
    if (units_.contains(key.lives_in)) return 0;
    v1::Departure& departure = page.departures.emplace_back();
    departure.set_record(key.departed.ToString());
    departure.set_version(static_cast<std::uint64_t>(entry.position.seq));
    return kDepartureBytes;
  }

  Database& database_;
  const std::set<Uuid> units_;
  const Seq read_to_;
  const Position after_;
  // What was taken last.
  Position last_;
  std::vector<Uuid> changed_;
  // Two for each changed unit.
  std::vector<UnitFeed> feeds_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> next_;
};

}  // namespace

absl::StatusOr<FeedPage> Snapshot::Feed(const std::vector<Uuid>& units, const FeedPlace& after,
                                        std::size_t bytes) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<FeedPage> pages, FeedPages(units, after, {.bytes = bytes}));
  return std::move(pages.front());
}

absl::StatusOr<std::vector<FeedPage>> SqliteSnapshot::FeedPages(const std::vector<Uuid>& units,
                                                                const FeedPlace& after,
                                                                const FeedBounds& bounds) {
  Merger merger(*database_, std::set<Uuid>(units.begin(), units.end()), after);
  VIGIL_RETURN_IF_ERROR(merger.Start());
  std::vector<FeedPage> pages;
  do {
    FeedPage& page = pages.emplace_back();
    page.cursor = after;
    // A page has something at least.
    VIGIL_RETURN_IF_ERROR(merger.Fill(std::max<std::size_t>(bounds.bytes, 1), page));
  } while (!pages.back().last && static_cast<int>(pages.size()) < bounds.pages_max);
  if (pages.back().last) {
    VIGIL_ASSIGN_OR_RETURN(const Head head, GetHead());
    pages.back().cursor = std::max(after, FeedPlace{head.seq, 0});
  }
  if (!bounds.count) return pages;
  VIGIL_ASSIGN_OR_RETURN(std::uint64_t remaining, merger.CountRemaining());
  for (auto page = pages.rbegin(); page != pages.rend(); ++page) {
    page->remaining = std::min(remaining, kFeedRemainingMax);
    remaining += page->records.size();
  }
  return pages;
}

}  // namespace vigil::store
