#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/store/rows.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/status.h"

// The tree of org units, and what phones compare their records with.

namespace vigil::store {
namespace {

using sqlite::Statement;

constexpr char kUnitsUnder[] = "SELECT id FROM unit WHERE parent = ?1 ORDER BY id";

constexpr char kDigestOf[] = "SELECT sums FROM digest WHERE unit = ?1";

constexpr char kAllDigests[] = "SELECT sums FROM digest ORDER BY unit";

constexpr char kCountRecords[] = "SELECT count(*) FROM record WHERE unit = ?1 AND office_only = 0";

constexpr char kCountAllRecords[] = "SELECT count(*) FROM record WHERE office_only = 0";

constexpr char kBucketIds[] = R"sql(
SELECT id, ordinal FROM record
WHERE unit = ?1 AND office_only = 0 AND bucket = ?2 AND id > ?3 ORDER BY id LIMIT ?4
)sql";

constexpr char kRecordBody[] = R"sql(
SELECT id, kind, version, parent, root, unit, bytes FROM record WHERE ordinal = ?1
)sql";

// Of one bucket and one unit, read for one page.
constexpr std::int64_t kBucketIdsMax = 1000;

}  // namespace

absl::StatusOr<std::vector<Uuid>> SqliteSnapshot::UnitsBelow(const std::vector<Uuid>& units) {
  std::set<Uuid> found(units.begin(), units.end());
  std::vector<Uuid> open(found.begin(), found.end());
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kUnitsUnder));
  while (!open.empty()) {
    const Uuid unit = open.back();
    open.pop_back();
    // Nothing is below what is everybody's.
    if (unit.is_nil()) continue;
    read.Reset();
    read.BindUuid(1, unit);
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool more, read.Step());
      if (!more) break;
      VIGIL_ASSIGN_OR_RETURN(const Uuid child, read.ColumnUuid(0));
      // A unit that is found a second time closes a cycle, or was asked for itself.
      if (found.insert(child).second) open.push_back(child);
    }
  }
  return std::vector<Uuid>(found.begin(), found.end());
}

absl::StatusOr<BucketSums> SqliteSnapshot::DigestOf(const Uuid& unit) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kDigestOf));
  BindRawUuid(read, 1, unit);
  VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
  if (!found) return BucketSums{};
  return DecodeSums(read.ColumnBlob(0));
}

absl::StatusOr<BucketSums> SqliteSnapshot::Digest(const std::vector<Uuid>& units) {
  BucketSums sums{};
  for (const Uuid& unit : std::set<Uuid>(units.begin(), units.end())) {
    VIGIL_ASSIGN_OR_RETURN(const BucketSums more, DigestOf(unit));
    AddSums(more, sums);
  }
  return sums;
}

absl::StatusOr<BucketSums> SqliteSnapshot::DigestOfAll() {
  BucketSums sums{};
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kAllDigests));
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return sums;
    VIGIL_ASSIGN_OR_RETURN(const BucketSums more, DecodeSums(read.ColumnBlob(0)));
    AddSums(more, sums);
  }
}

absl::StatusOr<std::uint64_t> SqliteSnapshot::CountRecords(const std::vector<Uuid>& units) {
  std::uint64_t count = 0;
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kCountRecords));
  for (const Uuid& unit : std::set<Uuid>(units.begin(), units.end())) {
    read.Reset();
    BindRawUuid(read, 1, unit);
    VIGIL_RETURN_IF_ERROR(read.Step());
    count += static_cast<std::uint64_t>(read.ColumnInt64(0));
  }
  return count;
}

absl::StatusOr<std::uint64_t> SqliteSnapshot::CountAllRecords() {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kCountAllRecords));
  VIGIL_RETURN_IF_ERROR(read.Step());
  return static_cast<std::uint64_t>(read.ColumnInt64(0));
}

absl::StatusOr<RecordPage> SqliteSnapshot::Bucket(const std::vector<Uuid>& units, int bucket,
                                                  const Uuid& after, std::size_t bytes) {
  // Where a record's body stands, by its id. Beyond `complete_to` some unit has more ids than were
  // read, so the page ends there at the latest.
  std::set<std::pair<Uuid, std::int64_t>> found;
  std::optional<Uuid> complete_to;
  VIGIL_ASSIGN_OR_RETURN(Statement ids, database_->Query(kBucketIds));
  for (const Uuid& unit : std::set<Uuid>(units.begin(), units.end())) {
    ids.Reset();
    BindRawUuid(ids, 1, unit);
    ids.BindInt64(2, bucket);
    BindRawUuid(ids, 3, after);
    ids.BindInt64(4, kBucketIdsMax);
    std::int64_t count = 0;
    Uuid last;
    while (true) {
      VIGIL_ASSIGN_OR_RETURN(const bool more, ids.Step());
      if (!more) break;
      VIGIL_ASSIGN_OR_RETURN(last, ids.ColumnUuid(0));
      found.emplace(last, ids.ColumnInt64(1));
      ++count;
    }
    if (count == kBucketIdsMax && (!complete_to || last < *complete_to)) complete_to = last;
  }

  RecordPage page;
  std::size_t taken = 0;
  VIGIL_ASSIGN_OR_RETURN(Statement body, database_->Query(kRecordBody));
  for (const auto& [id, ordinal] : found) {
    const bool full = taken >= bytes && !page.records.empty();
    if (full || (complete_to && *complete_to < id)) {
      page.next_page_token = page.records.back().id.ToString();
      return page;
    }
    body.Reset();
    body.BindInt64(1, ordinal);
    VIGIL_ASSIGN_OR_RETURN(const bool there, body.Step());
    if (!there) return absl::DataLossError("an index names a record that is not there");
    VIGIL_ASSIGN_OR_RETURN(StoredRecord record, ReadRecord(body));
    taken += record.bytes.size();
    page.records.push_back(std::move(record));
  }
  if (complete_to && !page.records.empty()) {
    page.next_page_token = page.records.back().id.ToString();
  }
  return page;
}

}  // namespace vigil::store
