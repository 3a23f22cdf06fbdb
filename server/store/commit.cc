#include "server/store/commit.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/store/rows.h"
#include "sync/base/bucket_sums.h"
#include "sync/base/status.h"

namespace vigil::store {
namespace {

using sqlite::Statement;
using sqlite::Transaction;

constexpr char kReadHeadSeq[] = "SELECT seq FROM meta WHERE one = 1";

constexpr char kInsertLog[] = R"sql(
INSERT INTO log (seq, operation, device, device_seq, verdict, received_at, operation_hash,
                 previous_hash, leaf, outcome_bytes, operation_bytes, signature)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
)sql";

constexpr char kInsertRefused[] = R"sql(
INSERT INTO refused_record (device, record, seq) VALUES (?1, ?2, ?3)
ON CONFLICT (device, record, seq) DO NOTHING
)sql";

constexpr char kInsertRecord[] = R"sql(
INSERT INTO record (id, kind, version, feed_seq, parent, root, unit, office_only, bucket, key,
                    bytes, device, device_seq, stamp_bytes, write_bytes)
VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
)sql";

constexpr char kUpdateRecord[] = R"sql(
UPDATE record SET version = ?2, feed_seq = ?2, moved = 0, bytes = ?3, device = ?4, device_seq = ?5,
                  stamp_bytes = ?6, write_bytes = ?7, unit = ?8, office_only = ?9, key = ?10
WHERE id = ?1 AND version < ?2
)sql";

// Where nothing but its content has changed, so that one index alone changes with it.
constexpr char kUpdateContent[] = R"sql(
UPDATE record SET version = ?2, feed_seq = ?2, moved = 0, bytes = ?3, device = ?4, device_seq = ?5,
                  stamp_bytes = ?6, write_bytes = ?7
WHERE id = ?1 AND version < ?2
)sql";

// What the record was until now.
constexpr char kKeepVersion[] = R"sql(
INSERT INTO record_version (record, version, device, device_seq, unit, stamp_bytes, write_bytes,
                            bytes)
SELECT id, version, device, device_seq, unit, stamp_bytes, write_bytes, bytes
FROM record WHERE id = ?1 AND write_bytes IS NOT NULL
)sql";

// What it was within the group only.
constexpr char kInsertVersion[] = R"sql(
INSERT INTO record_version (record, version, device, device_seq, unit, stamp_bytes, write_bytes,
                            bytes)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
)sql";

// In each of these, `tree` is a root and what lives under it.
constexpr char kKeepVersions[] = R"sql(
WITH RECURSIVE tree(id) AS (
  VALUES (?1) UNION SELECT record.id FROM record JOIN tree ON record.parent = tree.id)
INSERT INTO record_version (record, version, device, device_seq, unit, stamp_bytes, write_bytes,
                            bytes)
SELECT record.id, version, device, device_seq, unit, stamp_bytes, write_bytes, bytes
FROM record JOIN tree ON tree.id = record.id
WHERE version < ?2 AND write_bytes IS NOT NULL
)sql";

constexpr char kForgetDepartures[] = R"sql(
WITH RECURSIVE tree(id) AS (
  VALUES (?1) UNION SELECT record.id FROM record JOIN tree ON record.parent = tree.id)
DELETE FROM departure
WHERE unit IN (?2, ?3)
  AND ordinal IN (SELECT record.ordinal FROM record JOIN tree ON tree.id = record.id)
)sql";

constexpr char kInsertDepartures[] = R"sql(
WITH RECURSIVE tree(id) AS (
  VALUES (?1) UNION SELECT record.id FROM record JOIN tree ON record.parent = tree.id)
INSERT INTO departure (unit, seq, ordinal)
SELECT ?2, ?3, record.ordinal FROM record JOIN tree ON tree.id = record.id
WHERE record.office_only = 0
  AND EXISTS (SELECT 1 FROM record_version
              WHERE record_version.record = record.id AND record_version.version < ?3)
ORDER BY record.ordinal
)sql";

constexpr char kMoveRecords[] = R"sql(
WITH RECURSIVE tree(id) AS (
  VALUES (?1) UNION SELECT record.id FROM record JOIN tree ON record.parent = tree.id)
UPDATE record SET unit = ?2, feed_seq = max(feed_seq, ?3), moved = version < max(feed_seq, ?3),
                  write_bytes = iif(version < ?3, NULL, write_bytes)
WHERE id IN (SELECT id FROM tree)
)sql";

constexpr char kReplaceBytes[] = R"sql(
UPDATE record SET bytes = ?2 WHERE id = ?1 AND version < ?3
)sql";

constexpr char kTouchFeed[] = R"sql(
INSERT INTO unit_feed (unit, last_seq, records) VALUES (?1, ?2, ?3)
ON CONFLICT (unit) DO UPDATE SET last_seq = max(last_seq, excluded.last_seq),
                                 records = records + excluded.records
)sql";

// What is offered again is known already: its first link and its first signature stand.
constexpr char kInsertLink[] = R"sql(
INSERT INTO unjudged_link (device, device_seq, operation_hash, previous_hash)
VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING
)sql";

constexpr char kInsertSignature[] = R"sql(
INSERT INTO push_signature (device, device_seq, operation_hash, signature)
VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING
)sql";

constexpr char kUpdateHead[] = R"sql(
UPDATE meta SET seq = ?1, audit_root = ?2, committed_at = ?3 WHERE one = 1
)sql";

struct FeedChange {
  Seq last;
  // Of how many records it is.
  std::int64_t growth = 0;
};
// Ordered, so that what is written does not follow a hash table's order.
using Feeds = std::map<Uuid, FeedChange>;

void Touch(Feeds& feeds, const Uuid& unit, Seq seq) {
  Seq& last = feeds[unit].last;
  if (last < seq) last = seq;
}

// By device and its sequence.
using SignaturesByPlace = std::map<std::pair<Uuid, DeviceSeq>, const PushSignature*>;

SignaturesByPlace ByPlace(const std::vector<PushSignature>& signatures) {
  SignaturesByPlace by_place;
  for (const PushSignature& signature : signatures) {
    by_place[{signature.device, signature.device_seq}] = &signature;
  }
  return by_place;
}

// Of the push that ended with this operation; null: none did.
const PushSignature* SignatureOf(const LogRow& row, const SignaturesByPlace& signatures) {
  const auto found = signatures.find({row.device, row.device_seq});
  if (found == signatures.end()) return nullptr;
  return found->second->operation_hash == row.operation_hash ? found->second : nullptr;
}

// The four columns that say how a record came to its version.
void BindWrite(Statement& statement, int first, const RecordChange& change) {
  BindReference(statement, first, change.device);
  statement.BindNumber(first + 1, change.device_seq)
      .BindBorrowed(first + 2, change.stamp_bytes)
      .BindBorrowed(first + 3, change.write_bytes);
}

absl::Status InsertRecord(Transaction& transaction, const RecordChange& last) {
  VIGIL_ASSIGN_OR_RETURN(Statement insert, transaction.Prepare(kInsertRecord));
  BindReference(insert, 1, last.id);
  insert.BindInt64(2, last.kind).BindNumber(3, last.version);
  BindReference(insert, 4, last.parent);
  BindReference(insert, 5, last.root);
  BindRawUuid(insert, 6, last.unit);
  insert.BindBool(7, last.office_only)
      .BindInt64(8, BucketOf(last.id))
      .BindText(9, last.key)
      .BindBorrowed(10, last.bytes);
  BindWrite(insert, 11, last);
  return insert.Run();
}

absl::Status UpdateRecord(Transaction& transaction, const RecordChange& last, bool placed) {
  VIGIL_ASSIGN_OR_RETURN(Statement keep, transaction.Prepare(kKeepVersion));
  BindReference(keep, 1, last.id);
  VIGIL_RETURN_IF_ERROR(keep.Run());

  Statement update;
  if (placed) {
    VIGIL_ASSIGN_OR_RETURN(update, transaction.Prepare(kUpdateRecord));
    BindRawUuid(update, 8, last.unit);
    update.BindBool(9, last.office_only).BindText(10, last.key);
  } else {
    VIGIL_ASSIGN_OR_RETURN(update, transaction.Prepare(kUpdateContent));
  }
  BindReference(update, 1, last.id);
  update.BindNumber(2, last.version).BindBorrowed(3, last.bytes);
  BindWrite(update, 4, last);
  VIGIL_RETURN_IF_ERROR(update.Run());
  if (transaction.changes() == 1) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("record ", last.id.ToString(), " does not exist before ",
                                          "its version ", last.version.value()));
}

absl::Status InsertVersion(Statement& insert, const RecordChange& change) {
  insert.Reset();
  BindReference(insert, 1, change.id);
  insert.BindNumber(2, change.version);
  BindReference(insert, 3, change.device);
  insert.BindNumber(4, change.device_seq);
  BindRawUuid(insert, 5, change.unit);
  insert.BindBorrowed(6, change.stamp_bytes)
      .BindBorrowed(7, change.write_bytes)
      .BindBorrowed(8, change.bytes);
  return insert.Run();
}

absl::Status ApplyMove(Transaction& transaction, const Move& move) {
  VIGIL_ASSIGN_OR_RETURN(Statement keep, transaction.Prepare(kKeepVersions));
  BindReference(keep, 1, move.root);
  keep.BindNumber(2, move.seq);
  VIGIL_RETURN_IF_ERROR(keep.Run());

  // What has left a unit and is back there, or leaves it again, left it once only: now.
  VIGIL_ASSIGN_OR_RETURN(Statement forget, transaction.Prepare(kForgetDepartures));
  forget.BindUuid(1, move.root);
  BindRawUuid(forget, 2, move.from_unit);
  BindRawUuid(forget, 3, move.to_unit);
  VIGIL_RETURN_IF_ERROR(forget.Run());

  // What was made after the move, in the same group, has never been in the old unit.
  VIGIL_ASSIGN_OR_RETURN(Statement depart, transaction.Prepare(kInsertDepartures));
  depart.BindUuid(1, move.root);
  BindRawUuid(depart, 2, move.from_unit);
  depart.BindNumber(3, move.seq);
  VIGIL_RETURN_IF_ERROR(depart.Run());

  VIGIL_ASSIGN_OR_RETURN(Statement update, transaction.Prepare(kMoveRecords));
  update.BindUuid(1, move.root);
  BindRawUuid(update, 2, move.to_unit);
  update.BindNumber(3, move.seq);
  VIGIL_RETURN_IF_ERROR(update.Run());

  VIGIL_ASSIGN_OR_RETURN(Statement replace, transaction.Prepare(kReplaceBytes));
  for (const MovedRecord& child : move.children) {
    replace.Reset();
    replace.BindUuid(1, child.id).BindBlob(2, child.bytes).BindNumber(3, move.seq);
    VIGIL_RETURN_IF_ERROR(replace.Run());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Seq> ReadHeadSeq(sqlite::Database& database) {
  VIGIL_ASSIGN_OR_RETURN(Statement read, database.Query(kReadHeadSeq));
  VIGIL_ASSIGN_OR_RETURN(const bool found, read.Step());
  if (!found) return absl::DataLossError("the register has no head");
  return read.ColumnNumber<Seq>(0);
}

absl::Status WriteLog(Transaction& transaction, Seq expected_head, const WriteSet& writes) {
  VIGIL_ASSIGN_OR_RETURN(Statement insert, transaction.Prepare(kInsertLog));
  VIGIL_ASSIGN_OR_RETURN(Statement refuse, transaction.Prepare(kInsertRefused));
  const SignaturesByPlace signatures = ByPlace(writes.signatures);
  Seq seq = expected_head;
  for (const LogRow& row : writes.log) {
    seq = seq.Next();
    if (row.seq != seq) {
      return absl::InternalError(absl::StrCat("the log has a gap at ", seq.value()));
    }
    insert.Reset();
    insert.BindNumber(1, row.seq);
    BindReference(insert, 2, row.operation);
    BindReference(insert, 3, row.device);
    insert.BindNumber(4, row.device_seq)
        .BindInt64(5, static_cast<std::int64_t>(row.verdict))
        .BindTime(6, row.received_at);
    BindHash(insert, 7, row.operation_hash);
    BindHash(insert, 8, row.previous_hash);
    BindHash(insert, 9, row.leaf);
    insert.BindBorrowed(10, row.outcome_bytes).BindBorrowed(11, row.operation_bytes);
    if (const PushSignature* own = SignatureOf(row, signatures)) {
      insert.BindBlob(12, own->signature);
    }
    VIGIL_RETURN_IF_ERROR(insert.Run());
    for (const Uuid& record : row.refused_records) {
      refuse.Reset();
      // Whatever a refused operation named: the nil id too.
      BindRawUuid(refuse, 1, row.device);
      BindRawUuid(refuse, 2, record);
      refuse.BindNumber(3, row.seq);
      VIGIL_RETURN_IF_ERROR(refuse.Run());
    }
  }
  return absl::OkStatus();
}

absl::Status WriteRecords(Transaction& transaction, const WriteSet& writes) {
  // Where each record's first and last change in the group stand.
  struct Span {
    std::size_t first = 0;
    std::size_t last = 0;
    bool placed = false;
  };
  absl::flat_hash_map<Uuid, Span> spans;
  for (std::size_t i = 0; i < writes.records.size(); ++i) {
    Span& span = spans.try_emplace(writes.records[i].id, Span{.first = i}).first->second;
    span.last = i;
    span.placed = span.placed || writes.records[i].placed;
  }

  Feeds feeds;
  for (std::size_t i = 0; i < writes.records.size(); ++i) {
    const Span& span = spans[writes.records[i].id];
    if (span.first != i) continue;
    const RecordChange& last = writes.records[span.last];
    VIGIL_RETURN_IF_ERROR(writes.records[i].created ? InsertRecord(transaction, last)
                                                    : UpdateRecord(transaction, last, span.placed));
    if (!last.office_only) Touch(feeds, last.unit, last.version);
  }
  VIGIL_ASSIGN_OR_RETURN(Statement version, transaction.Prepare(kInsertVersion));
  for (std::size_t i = 0; i < writes.records.size(); ++i) {
    const RecordChange& change = writes.records[i];
    if (spans[change.id].last != i) VIGIL_RETURN_IF_ERROR(InsertVersion(version, change));
  }
  // After the records: a child that was changed before its root moved stands in the old unit.
  for (const Move& move : writes.moves) {
    VIGIL_RETURN_IF_ERROR(ApplyMove(transaction, move));
    Touch(feeds, move.from_unit, move.seq);
    Touch(feeds, move.to_unit, move.seq);
  }

  for (const DigestChange& change : writes.digests) feeds[change.unit].growth += change.growth;
  VIGIL_ASSIGN_OR_RETURN(Statement touch, transaction.Prepare(kTouchFeed));
  for (const auto& [unit, change] : feeds) {
    touch.Reset();
    BindRawUuid(touch, 1, unit);
    touch.BindNumber(2, change.last).BindInt64(3, change.growth);
    VIGIL_RETURN_IF_ERROR(touch.Run());
  }
  return absl::OkStatus();
}

absl::Status WriteChains(Transaction& transaction, const WriteSet& writes) {
  for (const ChainLink& link : writes.links) {
    VIGIL_ASSIGN_OR_RETURN(Statement insert, transaction.Prepare(kInsertLink));
    insert.BindUuid(1, link.device).BindNumber(2, link.device_seq);
    BindHash(insert, 3, link.operation_hash);
    BindHash(insert, 4, link.previous_hash);
    VIGIL_RETURN_IF_ERROR(insert.Run());
  }
  SignaturesByPlace unjudged = ByPlace(writes.signatures);
  for (const LogRow& row : writes.log) {
    if (SignatureOf(row, unjudged) != nullptr) unjudged.erase({row.device, row.device_seq});
  }
  for (const auto& [place, signature] : unjudged) {
    VIGIL_ASSIGN_OR_RETURN(Statement insert, transaction.Prepare(kInsertSignature));
    insert.BindUuid(1, signature->device).BindNumber(2, signature->device_seq);
    BindHash(insert, 3, signature->operation_hash);
    insert.BindBlob(4, signature->signature);
    VIGIL_RETURN_IF_ERROR(insert.Run());
  }
  return absl::OkStatus();
}

absl::Status WriteHead(Transaction& transaction, const WriteSet& writes, absl::Time now) {
  if (writes.log.empty()) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(Statement update, transaction.Prepare(kUpdateHead));
  update.BindNumber(1, writes.log.back().seq);
  BindHash(update, 2, writes.audit_root);
  update.BindTime(3, now);
  return update.Run();
}

}  // namespace vigil::store
