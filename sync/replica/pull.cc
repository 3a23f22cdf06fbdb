#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sync/base/bucket_sums.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/replica/columns.h"
#include "sync/replica/confirmed.h"
#include "sync/replica/copies.h"
#include "sync/replica/history.h"
#include "sync/replica/meta.h"
#include "sync/replica/overlay.h"
#include "sync/replica/quarantine.h"
#include "sync/replica/replica.h"
#include "sync/replica/rows.h"
#include "sync/replica/scopes.h"
#include "sync/replica/storage.h"
#include "sync/replica/unread.h"
#include "sync/rules/reason.h"

// What arrives: pages, digests, repairs.

namespace vigil::replica {
namespace {

using rules::Refuse;
using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr char kListIds[] = "SELECT id FROM record ORDER BY id";

// What a page or a repair changes.
class Arrivals {
 public:
  static absl::StatusOr<Arrivals> Begin(Database& database, Transaction& transaction) {
    VIGIL_ASSIGN_OR_RETURN(ConfirmedWriter writer, ConfirmedWriter::Begin(database, transaction));
    Arrivals arrivals(database, transaction, std::move(writer));
    VIGIL_ASSIGN_OR_RETURN(arrivals.expects_any_, ExpectsAny(database));
    VIGIL_ASSIGN_OR_RETURN(arrivals.settles_any_, AwaitsConfirmation(database));
    return arrivals;
  }

  // Stores a record and takes from the overlay what it confirms. Returns its id.
  absl::StatusOr<Uuid> Put(const std::string& bytes) {
    VIGIL_ASSIGN_OR_RETURN(const Columns columns, ColumnsOf(bytes));
    const Uuid& id = columns.id;
    if (columns.kind == v1::Entity::kOrgUnit) VIGIL_RETURN_IF_ERROR(NoteParent(id, bytes));
    if (expects_any_) VIGIL_RETURN_IF_ERROR(NoteRead(*transaction_, id));
    VIGIL_ASSIGN_OR_RETURN(const bool changed, writer_.Put(columns, bytes));
    if (!changed) return id;
    ++applied_.records;
    if (settles_any_) VIGIL_RETURN_IF_ERROR(SettleRecord(*transaction_, id, columns.version));
    return id;
  }

  absl::Status Remove(const Uuid& id, Seq up_to = Seq(INT64_MAX)) {
    VIGIL_ASSIGN_OR_RETURN(const bool removed, writer_.RemoveUpTo(id, up_to));
    if (!removed) return absl::OkStatus();
    ++applied_.departures;
    lost_.push_back(id);
    return absl::OkStatus();
  }

  // What follows from it for the scopes and for unsent work.
  absl::Status Finish(Meta& meta, absl::Time now) {
    VIGIL_RETURN_IF_ERROR(writer_.Finish());
    if (!former_parents_.empty()) {
      VIGIL_ASSIGN_OR_RETURN(ScopeChange change, FollowUnits(*database_, *transaction_,
                                                             former_parents_, meta.complete_at));
      applied_.pull_again = change.gained;
      applied_.pull_anew = change.again;
      if (change.gained) meta.complete = false;
      lost_.insert(lost_.end(), change.lost.begin(), change.lost.end());
    }
    VIGIL_ASSIGN_OR_RETURN(const bool holds_back, HoldsBack(*database_));
    if (lost_.empty() && !(holds_back && applied_.records > 0)) return absl::OkStatus();
    VIGIL_ASSIGN_OR_RETURN(applied_.push_again, Reconsider(*database_, *transaction_, lost_, now));
    return absl::OkStatus();
  }

  // All is read: what has not come again since the register went back leaves.
  absl::Status RemoveUnread(absl::Time now) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> unread,
                           replica::RemoveUnread(*database_, *transaction_));
    if (unread.empty()) return absl::OkStatus();
    applied_.departures += static_cast<std::int64_t>(unread.size());
    lost_.insert(lost_.end(), unread.begin(), unread.end());
    VIGIL_ASSIGN_OR_RETURN(const bool push_again,
                           Reconsider(*database_, *transaction_, unread, now));
    applied_.push_again |= push_again;
    return absl::OkStatus();
  }

  bool removed() const { return !lost_.empty(); }
  const Applied& applied() const { return applied_; }

 private:
  Arrivals(Database& database, Transaction& transaction, ConfirmedWriter writer)
      : database_(&database), transaction_(&transaction), writer_(std::move(writer)) {}

  absl::Status NoteParent(const Uuid& unit, std::string_view bytes) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record record, ParseRecord(bytes));
    VIGIL_ASSIGN_OR_RETURN(const std::optional<ConfirmedRecord> old,
                           FindConfirmed(*database_, unit));
    if (!old) {
      former_parents_.emplace(unit, std::nullopt);
      return absl::OkStatus();
    }
    VIGIL_ASSIGN_OR_RETURN(const v1::Record before, ParseRecord(old->bytes));
    const std::string& parent = before.entity().org_unit().parent_unit();
    if (parent == record.entity().org_unit().parent_unit()) return absl::OkStatus();
    former_parents_.emplace(unit, Uuid::ParseOrNil(parent));
    return absl::OkStatus();
  }

  Database* database_;
  Transaction* transaction_;
  ConfirmedWriter writer_;
  // Everything is being read anew.
  bool expects_any_ = false;
  // The overlay has writes that a record of the page may confirm.
  bool settles_any_ = false;
  FormerParents former_parents_;
  std::vector<Uuid> lost_;
  Applied applied_;
};

absl::StatusOr<std::vector<Uuid>> IdsInBucket(Database& database, int bucket) {
  VIGIL_ASSIGN_OR_RETURN(Statement row, database.Query(kListIds));
  VIGIL_ASSIGN_OR_RETURN(std::vector<Uuid> ids, ReadIds(std::move(row)));
  std::erase_if(ids, [bucket](const Uuid& id) { return BucketOf(id) != bucket; });
  return ids;
}

// A page with the cursor that follows it. Adds to `applied`; returns whether records have left.
absl::StatusOr<bool> StorePage(Database& database, Transaction& transaction,
                               const v1::PullResponse& page, absl::Time now, Applied& applied) {
  VIGIL_ASSIGN_OR_RETURN(User user, LoadUser(database));
  VIGIL_ASSIGN_OR_RETURN(Meta meta, LoadMeta(database));
  if (page.head().epoch() != meta.epoch) {
    return Refuse(v1::REASON_EPOCH_CHANGED, "the page is of another epoch; say hello again")
        .With("epoch", page.head().epoch());
  }
  VIGIL_ASSIGN_OR_RETURN(Arrivals arrivals, Arrivals::Begin(database, transaction));
  for (const std::string& bytes : page.records()) {
    VIGIL_RETURN_IF_ERROR(arrivals.Put(bytes).status());
  }
  for (const v1::Departure& departure : page.departures()) {
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(departure.record()));
    VIGIL_RETURN_IF_ERROR(arrivals.Remove(id));
  }
  VIGIL_RETURN_IF_ERROR(arrivals.Finish(meta, now));
  if (!arrivals.applied().pull_anew) {
    VIGIL_RETURN_IF_ERROR(StoreCursor(database, transaction, page.cursor()));
  }
  VIGIL_RETURN_IF_ERROR(NoteTakenBefore(transaction, Seq(page.head().seq())));
  if (page.head().seq() >= meta.head.seq()) {
    meta.head = page.head();
    VIGIL_RETURN_IF_ERROR(KeepHead(database, transaction, meta.head, Seq(meta.archived_seq)));
  }
  VIGIL_ASSIGN_OR_RETURN(const bool is_read, AreReadTo(database, Seq(page.head().seq())));
  if (page.last() && is_read) {
    meta.complete = true;
    meta.complete_at = Seq(page.head().seq());
    VIGIL_RETURN_IF_ERROR(arrivals.RemoveUnread(now));
    VIGIL_RETURN_IF_ERROR(
        HideJudged(transaction, user.Own(DeviceSeq(page.last_judged_device_seq()))));
  }
  VIGIL_RETURN_IF_ERROR(SaveMeta(transaction, meta));
  user.judged_device_seq =
      std::max(user.judged_device_seq, DeviceSeq(page.last_judged_device_seq()));
  VIGIL_RETURN_IF_ERROR(SaveUser(transaction, user));
  ++applied.pages;
  applied.records += arrivals.applied().records;
  applied.departures += arrivals.applied().departures;
  applied.pull_again |= arrivals.applied().pull_again;
  applied.pull_anew |= arrivals.applied().pull_anew;
  applied.push_again |= arrivals.applied().push_again;
  return arrivals.removed();
}

}  // namespace

absl::StatusOr<Applied> Replica::ApplyPages(std::span<const v1::PullResponse> pages) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  Applied applied;
  bool removes = false;
  for (const v1::PullResponse& page : pages) {
    VIGIL_ASSIGN_OR_RETURN(const bool removed,
                           StorePage(storage_->database, transaction, page, clock_.Now(), applied));
    removes |= removed;
    if (applied.pull_anew) break;
  }
  VIGIL_RETURN_IF_ERROR(removes ? storage_->CommitRemoval(transaction)
                                : storage_->Commit(transaction));
  return applied;
}

absl::StatusOr<std::vector<std::uint64_t>> Replica::Digest() {
  VIGIL_ASSIGN_OR_RETURN(const class Digest digest, Digest::Load(storage_->database));
  return std::vector<std::uint64_t>(digest.sums().begin(), digest.sums().end());
}

absl::StatusOr<bool> Replica::HasDigest(std::string_view hash) {
  const std::optional<Sha256> registers = Sha256::FromBytes(hash);
  if (!registers) return absl::DataLossError("the register sent no digest");
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::uint64_t> own, Digest());
  return HashOfSums(own) == *registers;
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
  VIGIL_ASSIGN_OR_RETURN(Arrivals arrivals, Arrivals::Begin(database, transaction));
  std::set<Uuid> present;
  for (const std::string& bytes : repair.records) {
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, arrivals.Put(bytes));
    present.insert(id);
  }
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> here, IdsInBucket(database, repair.bucket));
  for (const Uuid& id : here) {
    if (present.contains(id)) continue;
    // What is newer than the repair cannot have been missing from it.
    VIGIL_RETURN_IF_ERROR(arrivals.Remove(id, Seq(repair.seq)));
  }
  VIGIL_RETURN_IF_ERROR(arrivals.Finish(meta, clock_.Now()));
  ++meta.faults;
  VIGIL_RETURN_IF_ERROR(SaveMeta(transaction, meta));
  VIGIL_RETURN_IF_ERROR(arrivals.removed() ? storage_->CommitRemoval(transaction)
                                           : storage_->Commit(transaction));
  return arrivals.applied();
}

absl::Status Replica::CleanFile() { return storage_->Clean(); }

absl::Status Replica::MarkSynced() {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(Meta meta, LoadMeta(storage_->database));
  meta.last_sync_at = clock_.Now();
  VIGIL_RETURN_IF_ERROR(SaveMeta(transaction, meta));
  return storage_->Commit(transaction);
}

}  // namespace vigil::replica
