#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/replica/meta.h"
#include "sync/replica/outbox.h"
#include "sync/replica/outbox_file.h"
#include "sync/replica/overlay.h"
#include "sync/replica/replica.h"
#include "sync/replica/rows.h"
#include "sync/replica/storage.h"
#include "sync/replica/withheld.h"
#include "sync/rules/reason.h"

// Unsent work by file.

namespace vigil::replica {
namespace {

using rules::Refuse;
using sqlite::Database;
using sqlite::Transaction;

absl::Status Forked(const OutboxRow& row) {
  return Refuse(v1::REASON_CHAIN_BROKEN,
                "the file contradicts what this phone holds: two copies of its database are in "
                "use. Enrol the phone anew")
      .With("operation", row.operation.ToString())
      .With("device_seq", row.device_seq.signed_value());
}

struct FileEntry {
  // Of a link, `withheld` is its hash, and the content is not in the file.
  OutboxRow row;
  v1::Operation operation;

  bool is_link() const { return !row.withheld.is_zero(); }
  Sha256 hash() const { return is_link() ? row.withheld : Sha256Of(row.bytes); }
};

absl::Status Unreadable() {
  return Error(absl::StatusCode::kInvalidArgument,
               ReasonTag{v1::REASON_CORRUPT_FILE, v1::Reason_Name(v1::REASON_CORRUPT_FILE)},
               "an operation in the file cannot be read");
}

absl::StatusOr<FileEntry> ReadEntry(const v1::PushEntry& entry, const User& user) {
  FileEntry read;
  const std::optional<Sha256> previous = entry.previous_hash().empty()
                                             ? std::optional<Sha256>(Sha256())
                                             : Sha256::FromBytes(entry.previous_hash());
  if (!previous || entry.device_seq() == 0 || entry.device_seq() > kDeviceSeqMax.value()) {
    return Unreadable();
  }
  VIGIL_ASSIGN_OR_RETURN(read.row.operation, ParseId(entry.operation_id()));
  read.row.device_seq = DeviceSeq(entry.device_seq());
  read.row.state = OutboxState::kSent;
  read.row.previous_hash = *previous;
  if (entry.has_withheld_hash()) {
    read.row.withheld = Sha256::FromBytes(entry.withheld_hash()).value_or(Sha256());
    if (read.row.withheld.is_zero()) return Unreadable();
    return read;
  }
  if (!read.operation.ParseFromString(entry.operation()) ||
      read.operation.id() != entry.operation_id() ||
      read.operation.device_seq() != entry.device_seq()) {
    return Unreadable();
  }
  if (read.operation.device() != user.device.ToString() ||
      read.operation.person() != user.person.ToString()) {
    return Refuse(v1::REASON_WRONG_AUTHOR,
                  "the file holds another device's work; only its author can send it")
        .With("device", read.operation.device())
        .With("person", read.operation.person());
  }
  read.row.bytes = entry.operation();
  return read;
}

// What a file is taken into.
struct Chain {
  const User& user;
  ChainEnd end;
  OutboxIds waiting;
};

// Of the operation as it is kept here; nullopt: it is not known.
absl::StatusOr<std::optional<Sha256>> KnownHash(Database& database, const Chain& chain,
                                                const Uuid& operation) {
  if (const auto found = chain.waiting.find(operation); found != chain.waiting.end()) {
    VIGIL_ASSIGN_OR_RETURN(const std::optional<OutboxRow> waiting,
                           FindOutbox(database, chain.user.Own(found->second)));
    if (waiting) return std::optional<Sha256>(Sha256Of(waiting->bytes));
  }
  VIGIL_ASSIGN_OR_RETURN(const std::optional<JournalRow> judged, FindJournal(database, operation));
  if (judged) return std::optional<Sha256>(Sha256Of(judged->bytes));
  VIGIL_ASSIGN_OR_RETURN(const std::optional<WithheldRow> link, FindWithheld(database, operation));
  return link ? std::optional<Sha256>(link->hash) : std::nullopt;
}

OutboxRow LinkOf(DeviceSeq device_seq, const Uuid& operation, const Sha256& previous,
                 const Sha256& hash) {
  OutboxRow row;
  row.device_seq = device_seq;
  row.operation = operation;
  row.state = OutboxState::kSent;
  row.previous_hash = previous;
  row.withheld = hash;
  return row;
}

// The outbox without gaps: what was judged between, and the links before it that the register may
// lack, are links. In the order of their sequence.
absl::StatusOr<std::vector<OutboxRow>> LoadChain(Database& database, const Uuid& device) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<OutboxRow> rows, LoadOutbox(database, device));
  if (rows.empty()) return rows;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<WithheldRow> owed, LoadOwed(database, device));
  DeviceSeq first = rows.front().device_seq;
  if (!owed.empty()) first = std::min(first, owed.front().device_seq);
  const DeviceSeq last = rows.back().device_seq;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<WithheldRow> links,
                         LoadWithheld(database, device, first, last));
  for (const WithheldRow& link : links) {
    rows.push_back(LinkOf(link.device_seq, link.operation, link.previous_hash, link.hash));
  }
  VIGIL_ASSIGN_OR_RETURN(const std::vector<JournalRow> judged, LoadJournal(database, device));
  for (const JournalRow& row : judged) {
    if (row.device != device || row.device_seq < first || last < row.device_seq) continue;
    rows.push_back(LinkOf(row.device_seq, row.operation, row.previous_hash, Sha256Of(row.bytes)));
  }
  std::sort(rows.begin(), rows.end(),
            [](const OutboxRow& a, const OutboxRow& b) { return a.device_seq < b.device_seq; });
  return rows;
}

// Whether it was new here.
absl::StatusOr<bool> TakeEntry(Database& database, Transaction& transaction, const FileEntry& read,
                               Chain& chain) {
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Sha256> known,
                         KnownHash(database, chain, read.row.operation));
  if (known) {
    if (*known != read.hash()) return Forked(read.row);
    return false;
  }
  // A phone that has made nothing yet takes up the chain wherever the file begins.
  const bool begins = chain.end.device_seq == DeviceSeq(0);
  const bool follows = read.row.device_seq == chain.end.device_seq.Next() &&
                       read.row.previous_hash == chain.end.hash;
  if (!begins && !follows) return Forked(read.row);
  chain.end = {read.row.device_seq, read.hash()};
  if (!read.is_link()) {
    chain.waiting.emplace(read.row.operation, read.row.device_seq);
    VIGIL_RETURN_IF_ERROR(AddOutbox(transaction, chain.user, read.row));
    return true;
  }
  VIGIL_RETURN_IF_ERROR(AddWithheld(transaction, {.device = chain.user.device,
                                                  .device_seq = read.row.device_seq,
                                                  .operation = read.row.operation,
                                                  .seq = std::nullopt,
                                                  .owed = true,
                                                  .previous_hash = read.row.previous_hash,
                                                  .hash = read.row.withheld}));
  return true;
}

}  // namespace

absl::StatusOr<std::string> Replica::ExportOutbox() {
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(database));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<OutboxRow> rows, LoadChain(database, user.device));
  v1::PushRequest request;
  for (const OutboxRow& row : rows) {
    v1::PushEntry& entry = *request.add_entries();
    entry.set_operation_id(row.operation.ToString());
    entry.set_device_seq(row.device_seq.value());
    if (!row.previous_hash.is_zero()) {
      entry.set_previous_hash(std::string(row.previous_hash.bytes()));
    }
    if (!row.withheld.is_zero()) {
      entry.set_withheld_hash(std::string(row.withheld.bytes()));
    } else if (row.state == OutboxState::kDiscarded) {
      entry.set_withheld_hash(std::string(Sha256Of(row.bytes).bytes()));
    } else {
      entry.set_operation(row.bytes);
    }
    if (row.state != OutboxState::kPending && row.state != OutboxState::kReleased) continue;
    VIGIL_RETURN_IF_ERROR(SetState(transaction, user.Own(row.device_seq), OutboxState::kSent, ""));
  }
  VIGIL_RETURN_IF_ERROR(storage_->Commit(transaction));
  return EncodeOutboxFile(request);
}

absl::StatusOr<Replica::Imported> Replica::ImportOutbox(std::string_view bytes) {
  VIGIL_ASSIGN_OR_RETURN(const v1::PushRequest request, DecodeOutboxFile(bytes));
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(database));
  VIGIL_ASSIGN_OR_RETURN(const Meta meta, LoadMeta(database));
  VIGIL_ASSIGN_OR_RETURN(const ChainEnd end, LoadEnd(database, user));
  VIGIL_ASSIGN_OR_RETURN(OutboxIds waiting, LoadOutboxIds(database, user.device));
  Chain chain{user, end, std::move(waiting)};
  Imported imported;
  for (const v1::PushEntry& entry : request.entries()) {
    VIGIL_ASSIGN_OR_RETURN(const FileEntry read, ReadEntry(entry, user));
    VIGIL_ASSIGN_OR_RETURN(const bool is_new, TakeEntry(database, transaction, read, chain));
    // Links are nobody's work.
    if (read.is_link()) continue;
    ++(is_new ? imported.added : imported.known);
    if (!is_new) continue;
    VIGIL_RETURN_IF_ERROR(
        RestoreToOverlay(database, transaction, user, meta, read.operation, clock_.Now()));
  }
  // The last one may be a link.
  VIGIL_RETURN_IF_ERROR(NoteEnd(transaction, user, chain.end));
  VIGIL_RETURN_IF_ERROR(storage_->Commit(transaction));
  return imported;
}

}  // namespace vigil::replica
