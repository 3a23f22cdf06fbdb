#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/replica/copies.h"
#include "sync/replica/meta.h"
#include "sync/replica/outbox.h"
#include "sync/replica/overlay.h"
#include "sync/replica/quarantine.h"
#include "sync/replica/replica.h"
#include "sync/replica/rows.h"
#include "sync/replica/storage.h"
#include "sync/replica/withheld.h"
#include "sync/rules/judge.h"
#include "sync/rules/reason.h"

// What leaves the phone, and the register's answers to it.

namespace vigil::replica {
namespace {

using rules::Refuse;
using sqlite::Database;
using sqlite::Transaction;

// What cannot be read names nothing; the register says what is wrong with it.
v1::Operation ParseOrEmpty(const std::string& bytes) {
  v1::Operation operation;
  if (!operation.ParseFromString(bytes)) operation.Clear();
  return operation;
}

std::vector<std::string> NamedBy(const std::string& bytes) {
  return rules::RecordsNamed(ParseOrEmpty(bytes));
}

std::vector<std::string> WrittenBy(const std::string& bytes) {
  return rules::RecordsWritten(ParseOrEmpty(bytes));
}

// Chooses what goes into one batch.
class BatchBuilder {
 public:
  // The register has links of the device up to `linked_to`.
  BatchBuilder(const Replica::PushLimits& limits, DeviceSeq linked_to)
      : limits_(limits), linked_to_(linked_to) {}

  // Rows come in the order of their sequence. False: the batch is full.
  bool Offer(const OutboxRow& row) {
    // It links what is before it to what is after it, and is of no use to others.
    const bool is_link = IsWithheld(row.state);
    if (is_link && chosen_.empty() && row.device_seq <= linked_to_) return true;
    if (row.device_seq.value() <= limits_.after) {
      if (row.state == OutboxState::kDeferred) earlier_.push_back(&row);
      return true;
    }
    std::vector<const OutboxRow*> added = BlockersOf(row);
    added.push_back(&row);
    std::int64_t bytes = bytes_;
    for (const OutboxRow* each : added) bytes += static_cast<std::int64_t>(each->bytes.size());
    const bool fits = static_cast<int>(chosen_.size() + added.size()) <= limits_.operations_max &&
                      bytes <= limits_.bytes_max;
    if (!fits && last_ != 0) return false;
    chosen_.insert(added.begin(), added.end());
    bytes_ = bytes;
    last_ = row.device_seq.value();
    return true;
  }

  // In the order of their sequence. Where nothing more follows, nothing but links is nothing.
  std::vector<const OutboxRow*> Rows(bool more_follows) const {
    std::vector<const OutboxRow*> rows(chosen_.begin(), chosen_.end());
    std::sort(rows.begin(), rows.end(),
              [](const OutboxRow* a, const OutboxRow* b) { return a->device_seq < b->device_seq; });
    while (!more_follows && !rows.empty() && IsWithheld(rows.back()->state)) rows.pop_back();
    return rows;
  }
  std::uint64_t last() const { return last_; }

 private:
  // Deferred operations of earlier batches that write what this one names, or through others: in
  // one request the register sees itself that they are not judged yet.
  std::vector<const OutboxRow*> BlockersOf(const OutboxRow& row) const {
    std::vector<const OutboxRow*> blockers;
    if (earlier_.empty()) return blockers;
    std::set<std::string> named;
    const auto add_named = [&](const OutboxRow& by) {
      for (std::string& record : NamedBy(by.bytes)) named.insert(std::move(record));
    };
    add_named(row);
    for (auto it = earlier_.rbegin(); it != earlier_.rend(); ++it) {
      const std::vector<std::string> written = WrittenBy((*it)->bytes);
      const bool blocks =
          std::any_of(written.begin(), written.end(),
                      [&](const std::string& record) { return named.contains(record); });
      if (!blocks) continue;
      add_named(**it);
      if (!chosen_.contains(*it)) blockers.push_back(*it);
    }
    return blockers;
  }

  const Replica::PushLimits limits_;
  const DeviceSeq linked_to_;
  std::vector<const OutboxRow*> earlier_;
  std::set<const OutboxRow*> chosen_;
  std::int64_t bytes_ = 0;
  std::uint64_t last_ = 0;
};

v1::PushEntry EntryOf(const OutboxRow& row) {
  v1::PushEntry entry;
  entry.set_operation_id(row.operation.ToString());
  entry.set_device_seq(row.device_seq.value());
  if (!row.previous_hash.is_zero()) entry.set_previous_hash(std::string(row.previous_hash.bytes()));
  if (!row.withheld.is_zero()) {
    entry.set_withheld_hash(std::string(row.withheld.bytes()));
  } else if (IsWithheld(row.state)) {
    entry.set_withheld_hash(std::string(Sha256Of(row.bytes).bytes()));
  } else {
    entry.set_operation(row.bytes);
  }
  return entry;
}

// What is to be pushed, in the order of its sequence: the outbox, and the links before its last
// operation that the register may lack. None, where the outbox is empty.
absl::StatusOr<std::vector<OutboxRow>> LoadToPush(Database& database, const Uuid& device) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<OutboxRow> rows, LoadOutbox(database, device));
  if (rows.empty()) return rows;
  const DeviceSeq last = rows.back().device_seq;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<WithheldRow> owed, LoadOwed(database, device));
  for (const WithheldRow& link : owed) {
    if (link.device_seq > last) continue;
    rows.push_back({.device_seq = link.device_seq,
                    .operation = link.operation,
                    .state = OutboxState::kSent,
                    .previous_hash = link.previous_hash,
                    .error = "",
                    .bytes = "",
                    .withheld = link.hash});
  }
  std::sort(rows.begin(), rows.end(),
            [](const OutboxRow& a, const OutboxRow& b) { return a.device_seq < b.device_seq; });
  return rows;
}

// Applies one answer.
class OutcomeWriter {
 public:
  OutcomeWriter(Database& database, Transaction& transaction, const User& user, OutboxIds waiting,
                absl::Time now)
      : database_(database),
        transaction_(transaction),
        user_(user),
        waiting_(std::move(waiting)),
        now_(now) {}

  absl::Status Apply(v1::Outcome outcome) {
    const std::optional<Uuid> id = Uuid::Parse(outcome.operation());
    if (!id || id->is_nil()) return absl::OkStatus();
    const auto waiting = waiting_.find(*id);
    if (waiting == waiting_.end()) return ApplyToLink(*id, outcome);
    const OwnOperation operation = user_.Own(waiting->second);
    VIGIL_ASSIGN_OR_RETURN(const std::optional<OutboxRow> row, FindOutbox(database_, operation));
    // Answered twice: it has left the outbox.
    if (!row) return ApplyToLink(*id, outcome);
    outcome.clear_repeat();
    switch (outcome.verdict()) {
      case v1::VERDICT_APPLIED:
        ++counts_.applied;
        return Acknowledge(operation, *row, outcome);
      case v1::VERDICT_MERGED:
        ++counts_.merged;
        return Acknowledge(operation, *row, outcome);
      case v1::VERDICT_REFUSED:
        // Another copy of this database took its place; nobody has judged this one.
        if (outcome.error().reason() == v1::REASON_ID_REUSED) return PutOff(operation, outcome);
        ++counts_.refused;
        VIGIL_RETURN_IF_ERROR(Refuse(operation, *row, outcome));
        return Acknowledge(operation, *row, outcome);
      case v1::VERDICT_DEFERRED:
        // The register has noted its hash, and waits for nothing.
        if (IsWithheld(row->state)) return absl::OkStatus();
        return PutOff(operation, outcome);
      default:
        // An answer that this program does not understand is none.
        return absl::OkStatus();
    }
  }

  const OutcomeCounts& counts() const { return counts_; }

 private:
  // The register has no content to judge, but it keeps the link, unless that leads nowhere.
  absl::Status ApplyToLink(const Uuid& id, const v1::Outcome& outcome) {
    const bool kept = outcome.verdict() == v1::VERDICT_DEFERRED &&
                      outcome.error().reason() != v1::REASON_CHAIN_BROKEN;
    return kept ? NoteHashArrived(transaction_, id) : absl::OkStatus();
  }

  absl::Status PutOff(const OwnOperation& operation, const v1::Outcome& outcome) {
    ++counts_.deferred;
    VIGIL_RETURN_IF_ERROR(SetState(transaction_, operation, OutboxState::kDeferred,
                                   outcome.error().SerializeAsString()));
    return ShowAgain(transaction_, operation);
  }

  absl::Status Refuse(const OwnOperation& operation, const OutboxRow& row,
                      const v1::Outcome& outcome) {
    VIGIL_RETURN_IF_ERROR(DropWrites(transaction_, operation));
    Refused refused;
    refused.operation = operation;
    refused.id = row.operation;
    refused.seq = Seq(outcome.seq());
    refused.at = now_;
    refused.outcome_bytes = outcome.SerializeAsString();
    refused.bytes = row.bytes;
    for (const std::string& record : WrittenBy(row.bytes)) {
      if (const std::optional<Uuid> written = Uuid::Parse(record); written && !written->is_nil()) {
        refused.records.push_back(*written);
      }
    }
    return AddAttention(transaction_, refused);
  }

  absl::Status Acknowledge(const OwnOperation& operation, const OutboxRow& row,
                           const v1::Outcome& outcome) {
    VIGIL_RETURN_IF_ERROR(SetSeq(transaction_, operation, Seq(outcome.seq())));
    VIGIL_RETURN_IF_ERROR(SettleOperation(transaction_, operation));
    VIGIL_RETURN_IF_ERROR(DeleteOutbox(transaction_, user_, row));
    JournalRow journal;
    journal.device = operation.device;
    journal.device_seq = operation.device_seq;
    journal.operation = row.operation;
    journal.seq = Seq(outcome.seq());
    journal.previous_hash = row.previous_hash;
    journal.outcome_bytes = outcome.SerializeAsString();
    journal.bytes = row.bytes;
    return AddJournal(transaction_, journal, now_);
  }

  Database& database_;
  Transaction& transaction_;
  const User& user_;
  const OutboxIds waiting_;
  const absl::Time now_;
  OutcomeCounts counts_;
};

}  // namespace

absl::StatusOr<Replica::PushBatch> Replica::NextPush(const PushLimits& limits) {
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(database));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<OutboxRow> rows, LoadToPush(database, user.device));
  PushBatch batch;
  batch.last = limits.after;
  if (rows.empty()) return batch;
  VIGIL_ASSIGN_OR_RETURN(const ChainEnd end, LoadEnd(database, user));
  if (user.judged_device_seq > end.device_seq) {
    return Refuse(v1::REASON_CHAIN_BROKEN,
                  "the register has judged operations of this device that this database does not "
                  "know: it is an old copy. Enrol the phone anew; its unsent work goes along")
        .With("judged", user.judged_device_seq.signed_value())
        .With("known", end.device_seq.signed_value());
  }
  BatchBuilder builder(limits, user.judged_device_seq);
  bool is_full = false;
  for (const OutboxRow& row : rows) {
    is_full = !builder.Offer(row);
    if (is_full) break;
  }
  const std::vector<const OutboxRow*> chosen = builder.Rows(is_full);
  if (chosen.empty()) return batch;
  batch.last = builder.last();
  for (const OutboxRow* row : chosen) {
    *batch.request.add_entries() = EntryOf(*row);
    if (row->state != OutboxState::kPending && row->state != OutboxState::kReleased) continue;
    VIGIL_RETURN_IF_ERROR(SetState(transaction, user.Own(row->device_seq), OutboxState::kSent, ""));
  }
  batch.request.set_outcomes_confirmed_to(rows.front().device_seq.value() - 1);
  VIGIL_RETURN_IF_ERROR(storage_->Commit(transaction));
  return batch;
}

absl::StatusOr<OutcomeCounts> Replica::ApplyOutcomes(const v1::PushResponse& response) {
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(OutboxIds waiting, LoadOutboxIds(storage_->database, user.device));
  OutcomeWriter writer(storage_->database, transaction, user, std::move(waiting), clock_.Now());
  for (const v1::Outcome& outcome : response.outcomes()) {
    VIGIL_RETURN_IF_ERROR(writer.Apply(outcome));
  }
  VIGIL_RETURN_IF_ERROR(storage_->Commit(transaction));
  return writer.counts();
}

absl::Status Replica::SettleAttention(std::string_view operation) {
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(operation));
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(const bool found, Settle(transaction, user.device, id));
  if (!found) {
    return Refuse(v1::REASON_NOT_FOUND, "no operation of this id was refused")
        .With("operation", operation);
  }
  return storage_->Commit(transaction);
}

absl::Status Replica::Release(std::string_view operation) {
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(operation));
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_RETURN_IF_ERROR(replica::Release(storage_->database, transaction, user, id, clock_.Now()));
  return storage_->Commit(transaction);
}

absl::Status Replica::Discard(std::string_view operation) {
  VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(operation));
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_RETURN_IF_ERROR(replica::Discard(storage_->database, transaction, user, id, clock_.Now()));
  return storage_->Commit(transaction);
}

absl::Status Replica::PruneJournal(std::uint64_t archived_seq) {
  constexpr absl::Duration kWithoutBackups = absl::Hours(90 * 24);
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  if (archived_seq > 0) {
    VIGIL_RETURN_IF_ERROR(PruneJournalUpTo(database, transaction, Seq(archived_seq)));
    VIGIL_RETURN_IF_ERROR(PruneCopiesUpTo(transaction, Seq(archived_seq)));
  } else {
    const absl::Time before = clock_.Now() - kWithoutBackups;
    VIGIL_RETURN_IF_ERROR(PruneJournalBefore(database, transaction, before));
    VIGIL_RETURN_IF_ERROR(PruneCopiesBefore(transaction, before));
  }
  return storage_->Commit(transaction);
}

}  // namespace vigil::replica
