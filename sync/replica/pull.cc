#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/history.h"
#include "sync/replica/meta.h"
#include "sync/replica/overlay.h"
#include "sync/replica/replica.h"
#include "sync/replica/rows.h"
#include "sync/replica/storage.h"
#include "sync/rules/reason.h"

// What arrives: pages, digests, repairs.

namespace vigil::replica {
namespace {

using rules::Refuse;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kListBucket[] = "SELECT id FROM record WHERE bucket = ?1 ORDER BY id";

// Stores a record and takes from the overlay what it confirms.
absl::StatusOr<bool> PutRecord(Transaction& transaction, ConfirmedWriter& writer,
                               const std::string& bytes) {
  VIGIL_ASSIGN_OR_RETURN(const bool changed, writer.Put(bytes));
  if (!changed) return false;
  VIGIL_ASSIGN_OR_RETURN(const v1::Record record, ParseRecord(bytes));
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(record.id()));
  VIGIL_RETURN_IF_ERROR(SettleRecord(transaction, id, Seq(record.version())));
  return true;
}

absl::Status StoreCursor(Database& database, Transaction& transaction,
                         const v1::ScopeCursor& cursor) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<ScopeRow> rows, LoadScopes(database));
  std::set<Uuid> read;
  for (const std::string& unit : cursor.units()) {
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(unit));
    read.insert(id);
  }
  if (read.empty()) read.insert(Uuid());
  Seq least(INT64_MAX);
  for (ScopeRow row : rows) {
    if (read.contains(row.unit) && row.seq.value() < cursor.seq()) {
      row.seq = Seq(cursor.seq());
      VIGIL_RETURN_IF_ERROR(SaveScope(transaction, row));
    }
    least = std::min(least, row.seq);
  }
  return rows.empty() ? absl::OkStatus() : SettleScope(transaction, least);
}

absl::StatusOr<std::vector<Uuid>> IdsInBucket(Database& database, int bucket) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kListBucket));
  row.BindInt64(1, bucket);
  std::vector<Uuid> ids;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return ids;
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, row.ColumnUuid(0));
    ids.push_back(id);
  }
}

}  // namespace

absl::StatusOr<Applied> Replica::ApplyPage(const v1::PullResponse& page) {
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(User user, LoadUser(database));
  VIGIL_ASSIGN_OR_RETURN(Meta meta, LoadMeta(database));
  if (page.head().epoch() != meta.epoch) {
    return Refuse(v1::REASON_EPOCH_CHANGED, "the page is of another epoch; say hello again")
        .With("epoch", page.head().epoch());
  }
  Applied applied;
  VIGIL_ASSIGN_OR_RETURN(ConfirmedWriter writer, ConfirmedWriter::Begin(database, transaction));
  for (const std::string& bytes : page.records()) {
    VIGIL_ASSIGN_OR_RETURN(const bool changed, PutRecord(transaction, writer, bytes));
    if (changed) ++applied.records;
  }
  for (const v1::Departure& departure : page.departures()) {
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(departure.record()));
    VIGIL_ASSIGN_OR_RETURN(const bool removed, writer.Remove(id));
    if (removed) ++applied.departures;
  }
  VIGIL_RETURN_IF_ERROR(writer.Finish());
  VIGIL_RETURN_IF_ERROR(StoreCursor(database, transaction, page.cursor()));
  if (page.head().seq() >= meta.head.seq()) {
    meta.head = page.head();
    VIGIL_RETURN_IF_ERROR(KeepHead(database, transaction, meta.head, Seq(meta.archived_seq)));
  }
  if (page.last()) {
    meta.complete = true;
    VIGIL_RETURN_IF_ERROR(
        HideJudged(transaction, {user.device, DeviceSeq(page.last_judged_device_seq())}));
  }
  VIGIL_RETURN_IF_ERROR(SaveMeta(transaction, meta));
  user.judged_device_seq =
      std::max(user.judged_device_seq, DeviceSeq(page.last_judged_device_seq()));
  VIGIL_RETURN_IF_ERROR(SaveUser(transaction, user));
  VIGIL_RETURN_IF_ERROR(storage_->Commit(transaction));
  return applied;
}

absl::StatusOr<std::vector<std::uint64_t>> Replica::Digest() {
  VIGIL_ASSIGN_OR_RETURN(const class Digest digest, Digest::Load(storage_->database));
  return std::vector<std::uint64_t>(digest.sums().begin(), digest.sums().end());
}

absl::StatusOr<std::vector<int>> Replica::DifferingBuckets(
    const std::vector<std::uint64_t>& digest) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> own, Digest());
  if (digest.size() != own.size()) {
    return absl::DataLossError("the register sent a digest of another form");
  }
  std::vector<int> buckets;
  for (std::size_t i = 0; i < own.size(); ++i) {
    if (own[i] != digest[i]) buckets.push_back(static_cast<int>(i));
  }
  return buckets;
}

absl::StatusOr<Applied> Replica::ApplyRepair(const Repair& repair) {
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Meta meta, LoadMeta(database));
  VIGIL_ASSIGN_OR_RETURN(ConfirmedWriter writer, ConfirmedWriter::Begin(database, transaction));
  Applied applied;
  std::set<Uuid> present;
  for (const std::string& bytes : repair.records) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record record, ParseRecord(bytes));
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(record.id()));
    present.insert(id);
    VIGIL_ASSIGN_OR_RETURN(const bool changed, PutRecord(transaction, writer, bytes));
    if (changed) ++applied.records;
  }
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> here, IdsInBucket(database, repair.bucket));
  for (const Uuid& id : here) {
    if (present.contains(id)) continue;
    // What is newer than the repair cannot have been missing from it.
    VIGIL_ASSIGN_OR_RETURN(const bool removed, writer.RemoveUpTo(id, Seq(repair.seq)));
    if (removed) ++applied.departures;
  }
  VIGIL_RETURN_IF_ERROR(writer.Finish());
  ++meta.faults;
  VIGIL_RETURN_IF_ERROR(SaveMeta(transaction, meta));
  VIGIL_RETURN_IF_ERROR(storage_->Commit(transaction));
  return applied;
}

absl::Status Replica::MarkSynced() {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Meta meta, LoadMeta(storage_->database));
  meta.last_sync_at = clock_.Now();
  VIGIL_RETURN_IF_ERROR(SaveMeta(transaction, meta));
  return storage_->Commit(transaction);
}

}  // namespace vigil::replica
