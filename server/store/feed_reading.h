#ifndef VIGIL_SERVER_STORE_FEED_READING_H_
#define VIGIL_SERVER_STORE_FEED_READING_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sync/base/ids.h"

namespace vigil::store {

// How far the feed of some units has been read.
struct FeedPlace {
  // Everything up to here,
  Seq seq;
  // and of the seq after it so much: the store's own number, 0 for nothing of it. Greater numbers
  // of one seq lie further on.
  std::uint64_t within = 0;

  friend auto operator<=>(const FeedPlace&, const FeedPlace&) = default;
};

// In the order of the feed: of one seq what its operation changed, then what left a unit, then what
// a move brought along; each in the order in which the records were made.
struct FeedPosition {
  enum Phase { kChanged, kDeparted, kMoved };

  std::int64_t seq = 0;
  Phase phase = kChanged;
  std::int64_t ordinal = 0;

  friend bool operator<(const FeedPosition& a, const FeedPosition& b) {
    // Mostly the first tells.
    if (a.seq != b.seq) return a.seq < b.seq;
    return a.phase != b.phase ? a.phase < b.phase : a.ordinal < b.ordinal;
  }
};

// Somebody who reads the feed of some units, page by page, each from a snapshot that is no older
// than the one before (Snapshot::ReadFeed). Between two pages it keeps what it has seen of what
// comes next, of each unit as long as its feed has not grown: so a page costs what it brings and
// what has changed, not the number of units.
class FeedReading {
 public:
  // Nil among the units: everybody's.
  FeedReading(const std::vector<Uuid>& units, const FeedPlace& after);

  // Sorted.
  const std::vector<Uuid>& units() const { return units_; }
  // Of the last page; before the first one where it began.
  const FeedPlace& place() const { return place_; }

 private:
  friend class FeedReader;

  // What comes next of one unit: records, or departures.
  struct UnitAhead {
    Uuid unit;
    bool departures = false;
    // Of the unit when it was looked at, and of how many records its feed was.
    Seq last_seq;
    std::uint64_t records = 0;
    std::vector<FeedPosition> positions{};
    // The first that has not been taken.
    std::size_t next = 0;
    // Nothing comes after them.
    bool all = false;
  };

  // The first of a unit that has not been taken, and where it is in ahead_. The greater one comes
  // later.
  struct Next {
    FeedPosition position;
    std::size_t ahead = 0;

    friend bool operator>(const Next& a, const Next& b) { return b.position < a.position; }
  };

  std::vector<Uuid> units_;
  FeedPlace place_;
  // What was taken last.
  FeedPosition last_;
  // Of the snapshot that was read last.
  Seq head_;
  // Two for each unit that has something to come, the records' first; by unit.
  std::vector<UnitAhead> ahead_;
  // Of those that have one: a heap, what comes next of all at its front.
  std::vector<Next> next_;
  // Records still to come: as counted once, less what was read since.
  std::optional<std::uint64_t> remaining_;
};

}  // namespace vigil::store

#endif  // VIGIL_SERVER_STORE_FEED_READING_H_
