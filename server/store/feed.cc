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
// the others only as many index entries are read as the page needs, a few more at a time.

namespace vigil::store {
namespace {

using sqlite::Database;
using sqlite::Statement;

constexpr char kChangedUnits[] = R"sql(
SELECT unit, last_seq FROM unit_feed WHERE last_seq > ?1 ORDER BY last_seq
)sql";

constexpr char kRecordKeys[] = R"sql(
SELECT feed_seq, ordinal FROM record
WHERE unit = ?1 AND office_only = 0 AND (feed_seq, ordinal) > (?2, ?3)
ORDER BY feed_seq, ordinal LIMIT ?4
)sql";

constexpr char kRecordBody[] = R"sql(
SELECT id, kind, version, parent, root, unit, bytes FROM record WHERE ordinal = ?1
)sql";

constexpr char kDepartures[] = R"sql(
SELECT departure.record, record.unit FROM departure JOIN record ON record.id = departure.record
WHERE departure.unit = ?1 AND departure.seq = ?2 ORDER BY departure.record
)sql";

constexpr char kNextDeparture[] = R"sql(
SELECT seq FROM departure WHERE unit = ?1 AND seq > ?2 ORDER BY seq LIMIT 1
)sql";

constexpr char kRemaining[] = R"sql(
SELECT count(*) FROM (
  SELECT 1 FROM record WHERE unit = ?1 AND office_only = 0 AND feed_seq > ?2 LIMIT ?3)
)sql";

constexpr std::size_t kFirstBatch = 4;
constexpr std::size_t kLargestBatch = 64;

// One unit's feed of records, read in growing batches of index entries.
class UnitFeed {
 public:
  UnitFeed(const Uuid& unit, Seq after) : unit_(unit), last_{after.signed_value(), INT64_MAX} {}

  struct Key {
    std::int64_t seq = 0;
    std::int64_t ordinal = 0;
  };

  // False: there is nothing more.
  absl::StatusOr<bool> Load(Database& database) {
    if (next_ < batch_.size()) return true;
    if (exhausted_) return false;
    VIGIL_ASSIGN_OR_RETURN(Statement read, database.Query(kRecordKeys));
    BindRawUuid(read, 1, unit_);
    read.BindInt64(2, last_.seq).BindInt64(3, last_.ordinal);
    read.BindInt64(4, static_cast<std::int64_t>(batch_size_));
    batch_.clear();
    next_ = 0;
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
      if (!found) break;
      batch_.push_back({read.ColumnInt64(0), read.ColumnInt64(1)});
    }
    exhausted_ = batch_.size() < batch_size_;
    batch_size_ = std::min(batch_size_ * 2, kLargestBatch);
    return !batch_.empty();
  }

  const Key& key() const { return batch_[next_]; }
  void Advance() { last_ = batch_[next_++]; }

 private:
  Uuid unit_;
  Key last_;
  std::vector<Key> batch_;
  std::size_t next_ = 0;
  std::size_t batch_size_ = kFirstBatch;
  bool exhausted_ = false;
};

// One unit's departures, one seq at a time.
class UnitDepartures {
 public:
  UnitDepartures(const Uuid& unit, Seq after) : unit_(unit), seq_(after.signed_value()) {}

  // Moves to the next seq; false: there is none.
  absl::StatusOr<bool> Next(Database& database) {
    VIGIL_ASSIGN_OR_RETURN(Statement read, database.Query(kNextDeparture));
    BindRawUuid(read, 1, unit_);
    read.BindInt64(2, seq_);
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (found) seq_ = read.ColumnInt64(0);
    return found;
  }

  std::int64_t seq() const { return seq_; }

  // Those at this seq whose records live in none of `units`.
  absl::Status Append(Database& database, const std::set<Uuid>& units,
                      std::vector<v1::Departure>& departures) const {
    VIGIL_ASSIGN_OR_RETURN(Statement read, database.Query(kDepartures));
    BindRawUuid(read, 1, unit_);
    read.BindInt64(2, seq_);
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
      if (!found) return absl::OkStatus();
      VIGIL_ASSIGN_OR_RETURN(const Uuid record, read.ColumnUuid(0));
      VIGIL_ASSIGN_OR_RETURN(const Uuid lives_in, read.ColumnUuid(1));
      if (units.contains(lives_in)) continue;
      v1::Departure& departure = departures.emplace_back();
      departure.set_record(record.ToString());
      departure.set_version(static_cast<std::uint64_t>(seq_));
    }
  }

 private:
  Uuid unit_;
  std::int64_t seq_;
};

// What comes next in some unit: the smallest is at the top. Departures of a seq come before its
// records; `feed` makes the order total.
struct Entry {
  std::int64_t seq = 0;
  bool is_record = false;
  std::int64_t ordinal = 0;
  std::size_t feed = 0;

  friend auto operator<=>(const Entry&, const Entry&) = default;
};

class Merger {
 public:
  Merger(Database& database, std::set<Uuid> units)
      : database_(database), units_(std::move(units)) {}

  absl::Status Start(Seq after) {
    VIGIL_ASSIGN_OR_RETURN(Statement read, database_.Query(kChangedUnits));
    read.BindNumber(1, after);
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
      if (!found) break;
      VIGIL_ASSIGN_OR_RETURN(const Uuid unit, read.ColumnUuid(0));
      if (units_.contains(unit)) changed_.push_back(unit);
    }
    for (std::size_t i = 0; i < changed_.size(); ++i) {
      records_.emplace_back(changed_[i], after);
      departures_.emplace_back(changed_[i], after);
      VIGIL_RETURN_IF_ERROR(PushRecord(i));
      VIGIL_RETURN_IF_ERROR(PushDeparture(i));
    }
    return absl::OkStatus();
  }

  // Takes whole seqs until the page has `bytes`.
  absl::Status Fill(std::size_t bytes, FeedPage& page) {
    std::size_t taken = 0;
    while (!next_.empty()) {
      const Entry entry = next_.top();
      const Seq seq(static_cast<std::uint64_t>(entry.seq));
      if (taken >= bytes && seq != page.cursor) return absl::OkStatus();
      next_.pop();
      page.cursor = seq;
      if (entry.is_record) {
        VIGIL_ASSIGN_OR_RETURN(StoredRecord record, ReadBody(entry.ordinal));
        taken += record.bytes.size();
        page.records.push_back(std::move(record));
        records_[entry.feed].Advance();
        VIGIL_RETURN_IF_ERROR(PushRecord(entry.feed));
      } else {
        const std::size_t before = page.departures.size();
        VIGIL_RETURN_IF_ERROR(departures_[entry.feed].Append(database_, units_, page.departures));
        taken += (page.departures.size() - before) * kDepartureBytes;
        VIGIL_RETURN_IF_ERROR(PushDeparture(entry.feed));
      }
    }
    page.last = true;
    return absl::OkStatus();
  }

  absl::StatusOr<std::uint64_t> CountAfter(Seq cursor) {
    std::uint64_t count = 0;
    for (const Uuid& unit : changed_) {
      if (count >= kFeedRemainingMax) break;
      VIGIL_ASSIGN_OR_RETURN(Statement read, database_.Query(kRemaining));
      BindRawUuid(read, 1, unit);
      read.BindNumber(2, cursor);
      read.BindInt64(3, static_cast<std::int64_t>(kFeedRemainingMax - count));
      VIGIL_RETURN_IF_ERROR(read.Step());
      count += static_cast<std::uint64_t>(read.ColumnInt64(0));
    }
    return count;
  }

 private:
  static constexpr std::size_t kDepartureBytes = 48;

  absl::Status PushRecord(std::size_t feed) {
    VIGIL_ASSIGN_OR_RETURN(const bool more, records_[feed].Load(database_));
    if (!more) return absl::OkStatus();
    const UnitFeed::Key& key = records_[feed].key();
    next_.push({key.seq, true, key.ordinal, feed});
    return absl::OkStatus();
  }

  absl::Status PushDeparture(std::size_t feed) {
    VIGIL_ASSIGN_OR_RETURN(const bool more, departures_[feed].Next(database_));
    if (more) next_.push({departures_[feed].seq(), false, 0, feed});
    return absl::OkStatus();
  }

  absl::StatusOr<StoredRecord> ReadBody(std::int64_t ordinal) {
    VIGIL_ASSIGN_OR_RETURN(Statement read, database_.Query(kRecordBody));
    read.BindInt64(1, ordinal);
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return absl::DataLossError("an index names a record that is not there");
    return ReadRecord(read);
  }

  Database& database_;
  const std::set<Uuid> units_;
  std::vector<Uuid> changed_;
  std::vector<UnitFeed> records_;
  std::vector<UnitDepartures> departures_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> next_;
};

}  // namespace

absl::StatusOr<FeedPage> SqliteSnapshot::Feed(const std::vector<Uuid>& units, Seq after,
                                              std::size_t bytes) {
  FeedPage page;
  page.cursor = after;
  Merger merger(*database_, std::set<Uuid>(units.begin(), units.end()));
  VIGIL_RETURN_IF_ERROR(merger.Start(after));
  // A page has one seq at least.
  VIGIL_RETURN_IF_ERROR(merger.Fill(std::max<std::size_t>(bytes, 1), page));
  if (page.last) {
    VIGIL_ASSIGN_OR_RETURN(const Head head, GetHead());
    page.cursor = std::max(after, head.seq);
  } else {
    VIGIL_ASSIGN_OR_RETURN(page.remaining, merger.CountAfter(page.cursor));
  }
  return page;
}

}  // namespace vigil::store
