#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "server/store/commit.h"
#include "server/store/feed_reading.h"
#include "server/store/rows.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/status.h"
#include "sync/rules/wire.h"

// The feed of a set of units: each unit has a feed of its own, an index in the order of feed_seq;
// a page merges them. Units without changes are not touched, and of the others first only places
// are read, a few at a time: records themselves when they go into a page.

namespace vigil::store {
namespace {

using sqlite::Database;
using sqlite::Statement;

constexpr char kChangedUnits[] = R"sql(
SELECT unit, last_seq, records FROM unit_feed WHERE last_seq > ?1 ORDER BY unit
)sql";

// Of one seq and of those after it: with a comparison of rows SQLite would look at all of the seq
// again, and at three columns of each row.
constexpr char kPlacesInSeq[] = R"sql(
SELECT feed_seq, moved, ordinal FROM record
WHERE unit = ?1 AND office_only = 0 AND feed_seq = ?2 AND moved = ?3 AND ordinal > ?4
ORDER BY ordinal LIMIT ?5
)sql";
constexpr char kPlacesAfterSeq[] = R"sql(
SELECT feed_seq, moved, ordinal FROM record
WHERE unit = ?1 AND office_only = 0 AND feed_seq > ?2
ORDER BY feed_seq, moved, ordinal LIMIT ?3
)sql";

constexpr char kDeparturePlaces[] = R"sql(
SELECT seq, ordinal FROM departure WHERE unit = ?1 AND (seq, ordinal) > (?2, ?3)
ORDER BY seq, ordinal LIMIT ?4
)sql";

constexpr char kRecordsFrom[] = "SELECT ordinal, bytes FROM record WHERE ordinal >= ?1";

constexpr char kLivesIn[] = "SELECT id, unit FROM record WHERE ordinal = ?1";

constexpr char kRemaining[] = R"sql(
SELECT (
  SELECT count(*) FROM record WHERE unit = ?1 AND office_only = 0 AND feed_seq > ?2
) + (
  SELECT count(*) FROM record WHERE unit = ?1 AND office_only = 0 AND feed_seq = ?2
  AND (moved, ordinal) > (?3, ?4)
)
)sql";

// Of a unit, looked for at a time.
constexpr std::int64_t kPlacesAhead = 128;
// Of a page, beside what was asked for: the end of its last record, and what else is sent with it.
constexpr std::size_t kPageRestBytes = 4096;
constexpr std::int64_t kNoOrdinalAfter = std::numeric_limits<std::int64_t>::max();

// FeedPlace::within: 1 after what the operation changed, 1 + ordinal after a departure,
// kMovedPlace + ordinal after what a move brought along.
constexpr std::uint64_t kMovedPlace = std::uint64_t{1} << 62;

// The last position that has been read.
FeedPosition PositionOf(const FeedPlace& place) {
  const auto ordinal = static_cast<std::int64_t>(place.within & (kMovedPlace - 1));
  const std::int64_t next = place.seq.signed_value() + 1;
  if (place.within == 0) {
    return {place.seq.signed_value(), FeedPosition::kMoved, kNoOrdinalAfter};
  }
  if (place.within >= kMovedPlace) return {next, FeedPosition::kMoved, ordinal};
  if (place.within == 1) return {next, FeedPosition::kChanged, kNoOrdinalAfter};
  return {next, FeedPosition::kDeparted, ordinal - 1};
}

// After `position`, of whose seq there is more.
FeedPlace PlaceWithin(const FeedPosition& position) {
  const auto ordinal = static_cast<std::uint64_t>(position.ordinal);
  const std::uint64_t within = position.phase == FeedPosition::kChanged    ? 1
                               : position.phase == FeedPosition::kDeparted ? 1 + ordinal
                                                                           : kMovedPlace + ordinal;
  return {Seq(static_cast<std::uint64_t>(position.seq - 1)), within};
}

// Where a unit's records stand after `position` of the whole feed.
struct RecordPlace {
  std::int64_t seq = 0;
  int moved = 0;
  std::int64_t ordinal = 0;
};
RecordPlace RecordsAfter(const FeedPosition& position) {
  return {
      .seq = position.seq,
      .moved = position.phase == FeedPosition::kMoved ? 1 : 0,
      .ordinal = position.phase == FeedPosition::kDeparted ? kNoOrdinalAfter : position.ordinal};
}

// Records by their ordinals. Most of a first pull stands in the table as it does in the feed, and
// from one row to the next is half the way.
class RecordRows {
 public:
  explicit RecordRows(Database& database) : database_(database) {}

  // As stored, until the next one is read.
  absl::StatusOr<std::string_view> BytesOf(std::int64_t ordinal) {
    if (ordinal != next_) VIGIL_RETURN_IF_ERROR(Seek(ordinal));
    VIGIL_ASSIGN_OR_RETURN(const bool found, rows_.Step());
    if (!found || rows_.ColumnInt64(0) != ordinal) {
      return absl::DataLossError("the feed names a record that is not there");
    }
    next_ = ordinal + 1;
    return rows_.ColumnBlob(1);
  }

 private:
  absl::Status Seek(std::int64_t ordinal) {
    if (next_ == 0) {
      VIGIL_ASSIGN_OR_RETURN(rows_, database_.Query(kRecordsFrom));
    } else {
      rows_.Reset();
    }
    rows_.BindInt64(1, ordinal);
    return absl::OkStatus();
  }

  Database& database_;
  Statement rows_;
  // Which one the next step gives, where it is there; 0: none.
  std::int64_t next_ = 0;
};

}  // namespace

FeedReading::FeedReading(const std::vector<Uuid>& units, const FeedPlace& after)
    : units_(units), place_(after), last_(PositionOf(after)) {
  std::sort(units_.begin(), units_.end());
}

// One page of a reading.
class FeedReader {
 public:
  FeedReader(Database& database, FeedReading& reading) : database_(database), reading_(reading) {}

  absl::StatusOr<FeedPage> Read(Seq head, const FeedBounds& bounds) {
    if (reading_.head_ != head) {
      VIGIL_RETURN_IF_ERROR(LookAgain());
      reading_.next_.clear();
      for (std::size_t i = 0; i < reading_.ahead_.size(); ++i) VIGIL_RETURN_IF_ERROR(AddNext(i));
    }
    reading_.head_ = head;
    FeedPage page;
    if (reading_.place_ == FeedPlace{}) reading_.remaining_ = CountAll();
    VIGIL_RETURN_IF_ERROR(Fill(std::max<std::size_t>(bounds.bytes, 1), page));
    if (page.last) page.cursor = std::max(reading_.place_, FeedPlace{head, 0});
    reading_.place_ = page.cursor;
    if (page.last) {
      reading_.last_ = PositionOf(page.cursor);
      reading_.remaining_.reset();
    } else if (bounds.count) {
      VIGIL_ASSIGN_OR_RETURN(page.remaining, CountRemaining(page.record_count));
    }
    return page;
  }

 private:
  using Ahead = FeedReading::UnitAhead;
  using Next = FeedReading::Next;

  static constexpr std::size_t kDepartureBytes = 48;

  // Forgets what was seen of units whose feeds have changed since.
  absl::Status LookAgain() {
    std::vector<Ahead> known = std::move(reading_.ahead_);
    reading_.ahead_.clear();
    VIGIL_ASSIGN_OR_RETURN(Statement read, database_.Query(kChangedUnits));
    read.BindNumber(1, reading_.place_.seq);
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
      if (!found) return absl::OkStatus();
      VIGIL_ASSIGN_OR_RETURN(const Uuid unit, read.ColumnUuid(0));
      const auto last_seq = read.ColumnNumber<Seq>(1);
      const auto records = static_cast<std::uint64_t>(read.ColumnInt64(2));
      if (!std::binary_search(reading_.units_.begin(), reading_.units_.end(), unit)) continue;
      for (const bool departures : {false, true}) {
        Ahead ahead{
            .unit = unit, .departures = departures, .last_seq = last_seq, .records = records};
        const auto same = std::lower_bound(known.begin(), known.end(), ahead, IsBefore);
        const bool still = same != known.end() && !IsBefore(ahead, *same);
        reading_.ahead_.push_back(still ? std::move(*same) : std::move(ahead));
      }
    }
  }

  static bool IsBefore(const Ahead& a, const Ahead& b) {
    return std::tie(a.unit, a.departures, a.last_seq) < std::tie(b.unit, b.departures, b.last_seq);
  }

  absl::Status AddNext(std::size_t index) {
    Ahead& ahead = reading_.ahead_[index];
    if (ahead.next == ahead.positions.size() && !ahead.all) {
      VIGIL_RETURN_IF_ERROR(ahead.departures ? LoadDepartures(ahead) : LoadRecords(ahead));
    }
    if (ahead.next == ahead.positions.size()) return absl::OkStatus();
    reading_.next_.push_back({ahead.positions[ahead.next], index});
    std::push_heap(reading_.next_.begin(), reading_.next_.end(), std::greater<>());
    return absl::OkStatus();
  }

  // The front one has been taken.
  absl::Status Advance() {
    const std::size_t index = reading_.next_.front().ahead;
    std::pop_heap(reading_.next_.begin(), reading_.next_.end(), std::greater<>());
    reading_.next_.pop_back();
    ++reading_.ahead_[index].next;
    return AddNext(index);
  }

  absl::Status LoadRecords(Ahead& ahead) {
    const RecordPlace after = RecordsAfter(LastSeen(ahead));
    StartLoad(ahead);
    std::int64_t ordinal = after.ordinal;
    for (int moved = after.moved; moved <= 1; ++moved, ordinal = 0) {
      if (ordinal == kNoOrdinalAfter || Left(ahead) == 0) continue;
      VIGIL_ASSIGN_OR_RETURN(Statement read, database_.Query(kPlacesInSeq));
      BindRawUuid(read, 1, ahead.unit);
      read.BindInt64(2, after.seq).BindInt64(3, moved).BindInt64(4, ordinal);
      read.BindInt64(5, Left(ahead));
      VIGIL_RETURN_IF_ERROR(AddRecords(read, ahead));
    }
    if (Left(ahead) > 0) {
      VIGIL_ASSIGN_OR_RETURN(Statement read, database_.Query(kPlacesAfterSeq));
      BindRawUuid(read, 1, ahead.unit);
      read.BindInt64(2, after.seq).BindInt64(3, Left(ahead));
      VIGIL_RETURN_IF_ERROR(AddRecords(read, ahead));
    }
    EndLoad(ahead);
    return absl::OkStatus();
  }

  static absl::Status AddRecords(Statement& read, Ahead& ahead) {
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
      if (!found) return absl::OkStatus();
      const auto phase = read.ColumnBool(1) ? FeedPosition::kMoved : FeedPosition::kChanged;
      ahead.positions.push_back({read.ColumnInt64(0), phase, read.ColumnInt64(2)});
    }
  }

  absl::Status LoadDepartures(Ahead& ahead) {
    VIGIL_ASSIGN_OR_RETURN(Statement read, database_.Query(kDeparturePlaces));
    BindRawUuid(read, 1, ahead.unit);
    const FeedPosition after = LastSeen(ahead);
    const std::int64_t of_seq = after.phase == FeedPosition::kChanged    ? 0
                                : after.phase == FeedPosition::kDeparted ? after.ordinal
                                                                         : kNoOrdinalAfter;
    StartLoad(ahead);
    read.BindInt64(2, after.seq).BindInt64(3, of_seq).BindInt64(4, Left(ahead));
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
      if (!found) break;
      ahead.positions.push_back(
          {read.ColumnInt64(0), FeedPosition::kDeparted, read.ColumnInt64(1)});
    }
    EndLoad(ahead);
    return absl::OkStatus();
  }

  // Of everything before it nothing is to come.
  FeedPosition LastSeen(const Ahead& ahead) const {
    return ahead.positions.empty() ? reading_.last_ : ahead.positions.back();
  }

  static void StartLoad(Ahead& ahead) {
    ahead.positions.clear();
    ahead.next = 0;
  }
  // How many are still to be looked for.
  static std::int64_t Left(const Ahead& ahead) {
    return kPlacesAhead - static_cast<std::int64_t>(ahead.positions.size());
  }
  static void EndLoad(Ahead& ahead) { ahead.all = Left(ahead) > 0; }

  // Takes what comes next until the page has `bytes`; never a part of what one operation changed.
  absl::Status Fill(std::size_t bytes, FeedPage& page) {
    RecordRows records(database_);
    page.record_fields.reserve(bytes + kPageRestBytes);
    FeedPosition& last = reading_.last_;
    std::size_t taken = 0;
    while (!reading_.next_.empty()) {
      const FeedPosition next = reading_.next_.front().position;
      const bool same_seq = next.seq == last.seq;
      if (taken >= bytes && !(same_seq && next.phase == FeedPosition::kChanged)) {
        page.cursor =
            same_seq ? PlaceWithin(last) : FeedPlace{Seq(static_cast<std::uint64_t>(last.seq)), 0};
        return absl::OkStatus();
      }
      if (next.phase == FeedPosition::kDeparted) {
        VIGIL_ASSIGN_OR_RETURN(const bool left, TakeDeparture(next, page));
        taken += left ? kDepartureBytes : 0;
      } else {
        VIGIL_ASSIGN_OR_RETURN(const std::string_view record, records.BytesOf(next.ordinal));
        rules::AppendField(v1::PullResponse::kRecordsFieldNumber, record, page.record_fields);
        ++page.record_count;
        taken += record.size();
      }
      last = next;
      VIGIL_RETURN_IF_ERROR(Advance());
    }
    page.last = true;
    return absl::OkStatus();
  }

  // False: the record lives in another of the reading's units.
  absl::StatusOr<bool> TakeDeparture(const FeedPosition& position, FeedPage& page) {
    VIGIL_ASSIGN_OR_RETURN(Statement read, database_.Query(kLivesIn));
    read.BindInt64(1, position.ordinal);
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return absl::DataLossError("a departure names a record that is not there");
    VIGIL_ASSIGN_OR_RETURN(const Uuid record, read.ColumnUuid(0));
    VIGIL_ASSIGN_OR_RETURN(const Uuid unit, read.ColumnUuid(1));
    if (std::binary_search(reading_.units_.begin(), reading_.units_.end(), unit)) return false;
    v1::Departure& departure = page.departures.emplace_back();
    departure.set_record(record.ToString());
    departure.set_version(static_cast<std::uint64_t>(position.seq));
    return true;
  }

  std::uint64_t CountAll() const {
    std::uint64_t records = 0;
    for (const Ahead& ahead : reading_.ahead_) records += ahead.departures ? 0 : ahead.records;
    return records;
  }

  // Records after what has been taken, `taken` of them just now.
  absl::StatusOr<std::uint64_t> CountRemaining(std::uint64_t taken) {
    std::optional<std::uint64_t>& remaining = reading_.remaining_;
    if (remaining && *remaining > taken) return *remaining -= taken;
    remaining = 0;
    for (const Ahead& ahead : reading_.ahead_) {
      if (ahead.departures) continue;
      VIGIL_ASSIGN_OR_RETURN(Statement read, database_.Query(kRemaining));
      BindRawUuid(read, 1, ahead.unit);
      const RecordPlace after = RecordsAfter(reading_.last_);
      read.BindInt64(2, after.seq).BindInt64(3, after.moved).BindInt64(4, after.ordinal);
      VIGIL_RETURN_IF_ERROR(read.Step());
      *remaining += static_cast<std::uint64_t>(read.ColumnInt64(0));
    }
    return *remaining;
  }

  Database& database_;
  FeedReading& reading_;
};

absl::StatusOr<FeedPage> SqliteSnapshot::ReadFeed(FeedReading& reading, const FeedBounds& bounds) {
  VIGIL_ASSIGN_OR_RETURN(const Seq head, ReadHeadSeq(*database_));
  return FeedReader(*database_, reading).Read(head, bounds);
}

}  // namespace vigil::store
