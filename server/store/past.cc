#include <cstdint>
#include <utility>

#include "server/store/rows.h"
#include "server/store/sqlite_snapshot.h"
#include "sync/base/status.h"

// The register as it once stood.

namespace vigil::store {
namespace {

using sqlite::Statement;

constexpr char kReceivedAt[] = "SELECT received_at FROM log WHERE seq = ?1";

constexpr char kHeadSeq[] = "SELECT seq FROM meta WHERE one = 1";

// A version stands in its record until another one takes its place, or the record moves.
constexpr char kRecordsAt[] = R"sql(
SELECT record.id, record.kind, coalesce(past.version, record.version), record.parent, record.root,
       record.unit, coalesce(past.bytes, record.bytes), record.ordinal, record.office_only
FROM record LEFT JOIN record_version AS past
  ON (record.version > ?1 OR record.write_bytes IS NULL)
 AND past.record = record.id
 AND past.version = (SELECT max(version) FROM record_version
                     WHERE record_version.record = record.id AND record_version.version <= ?1)
WHERE record.ordinal > ?2
  AND (past.version IS NOT NULL OR (record.version <= ?1 AND record.write_bytes IS NOT NULL))
ORDER BY record.ordinal LIMIT ?3
)sql";

constexpr char kMovedSince[] = "SELECT EXISTS (SELECT 1 FROM departure WHERE seq > ?1)";

// Each refused operation that named the record: by device, as the key of the table has it.
constexpr char kRefusals[] = R"sql(
WITH RECURSIVE author(device) AS (
  SELECT min(device) FROM refused_record
  UNION ALL
  SELECT (SELECT min(refused_record.device) FROM refused_record
          WHERE refused_record.device > author.device)
  FROM author WHERE author.device IS NOT NULL)
SELECT log.seq, log.operation_bytes, log.outcome_bytes, log.received_at
FROM author
JOIN refused_record ON refused_record.device = author.device AND refused_record.record = ?1
JOIN log ON log.seq = refused_record.seq
WHERE log.seq > ?2
ORDER BY log.seq LIMIT ?3
)sql";

}  // namespace

absl::StatusOr<Seq> SqliteSnapshot::LastSeqBefore(absl::Time time) {
  std::uint64_t head = 0;
  {
    VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kHeadSeq));
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return absl::DataLossError("the register has no head");
    head = read.ColumnNumber<Seq>(0).value();
  }
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kReceivedAt));
  // By steps that are powers of two from the beginning: what is added to the log later does not
  // change which rows are looked at, nor the answer, even where the clock was once put back.
  std::uint64_t last = 0;
  for (std::uint64_t step = std::uint64_t{1} << 62; step > 0; step >>= 1) {
    if (step > head - last) continue;
    read.Reset();
    read.BindNumber(1, Seq(last + step));
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return absl::DataLossError("the log has a gap");
    if (read.ColumnTime(0) < time) last += step;
  }
  return Seq(last);
}

absl::StatusOr<std::vector<PastRecord>> SqliteSnapshot::RecordsAt(Seq seq, std::int64_t after,
                                                                  int limit) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kRecordsAt));
  read.BindNumber(1, seq).BindInt64(2, after).BindInt64(3, limit);
  std::vector<PastRecord> records;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return records;
    PastRecord& past = records.emplace_back();
    VIGIL_ASSIGN_OR_RETURN(past.record, ReadRecord(read));
    past.ordinal = read.ColumnInt64(kRecordColumns);
    past.office_only = read.ColumnBool(kRecordColumns + 1);
  }
}

absl::StatusOr<bool> SqliteSnapshot::MovedSince(Seq seq) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kMovedSince));
  read.BindNumber(1, seq);
  VIGIL_RETURN_IF_ERROR(read.Step());
  return read.ColumnBool(0);
}

absl::StatusOr<std::vector<VersionRow>> SqliteSnapshot::Refusals(const Uuid& record, Seq after,
                                                                 int limit) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database_->Query(kRefusals));
  BindRawUuid(read, 1, record);
  read.BindNumber(2, after).BindInt64(3, limit);
  std::vector<VersionRow> rows;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
    if (!found) return rows;
    rows.push_back({read.ColumnNumber<Seq>(0), "", "", std::string(read.ColumnBlob(1)),
                    std::string(read.ColumnBlob(2)), read.ColumnTime(3)});
  }
}

}  // namespace vigil::store
