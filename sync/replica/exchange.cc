#include <limits>
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
  OutboxRow row;
  v1::Operation operation;
};

absl::StatusOr<FileEntry> ReadEntry(const v1::PushEntry& entry, const User& user) {
  FileEntry read;
  const std::optional<Sha256> previous = entry.previous_hash().empty()
                                             ? std::optional<Sha256>(Sha256())
                                             : Sha256::FromBytes(entry.previous_hash());
  if (!previous || !read.operation.ParseFromString(entry.operation()) ||
      read.operation.id() != entry.operation_id() ||
      read.operation.device_seq() != entry.device_seq() || entry.device_seq() == 0 ||
      entry.device_seq() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return Error(absl::StatusCode::kInvalidArgument,
                 ReasonTag{v1::REASON_CORRUPT_FILE, v1::Reason_Name(v1::REASON_CORRUPT_FILE)},
                 "an operation in the file cannot be read");
  }
  if (read.operation.device() != user.device.ToString() ||
      read.operation.person() != user.person.ToString()) {
    return Refuse(v1::REASON_WRONG_AUTHOR,
                  "the file holds another device's work; only its author can send it")
        .With("device", read.operation.device())
        .With("person", read.operation.person());
  }
  VIGIL_ASSIGN_OR_RETURN(read.row.operation, ParseId(entry.operation_id()));
  read.row.device_seq = DeviceSeq(entry.device_seq());
  read.row.state = OutboxState::kSent;
  read.row.previous_hash = *previous;
  read.row.bytes = entry.operation();
  return read;
}

// The bytes that are kept of the operation here; nullopt: it is not known.
absl::StatusOr<std::optional<std::string>> KnownBytes(Database& database, const User& user,
                                                      const Uuid& operation) {
  VIGIL_ASSIGN_OR_RETURN(std::optional<OutboxRow> waiting,
                         FindOutbox(database, user.device, operation));
  if (waiting) return std::optional<std::string>(std::move(waiting->bytes));
  VIGIL_ASSIGN_OR_RETURN(std::optional<JournalRow> judged, FindJournal(database, operation));
  if (judged) return std::optional<std::string>(std::move(judged->bytes));
  return std::optional<std::string>();
}

}  // namespace

absl::StatusOr<std::string> Replica::ExportOutbox() {
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(database));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<OutboxRow> rows, LoadOutbox(database, user.device));
  v1::PushRequest request;
  for (const OutboxRow& row : rows) {
    v1::PushEntry& entry = *request.add_entries();
    entry.set_operation_id(row.operation.ToString());
    entry.set_device_seq(row.device_seq.value());
    if (!row.previous_hash.is_zero()) {
      entry.set_previous_hash(std::string(row.previous_hash.bytes()));
    }
    if (row.state == OutboxState::kDiscarded) {
      entry.set_withheld_hash(std::string(Sha256Of(row.bytes).bytes()));
    } else {
      entry.set_operation(row.bytes);
    }
    if (row.state != OutboxState::kPending && row.state != OutboxState::kReleased) continue;
    VIGIL_RETURN_IF_ERROR(
        SetState(transaction, {user.device, row.device_seq}, OutboxState::kSent, ""));
  }
  VIGIL_RETURN_IF_ERROR(storage_->Commit(transaction));
  return EncodeOutboxFile(request);
}

absl::StatusOr<Replica::Imported> Replica::ImportOutbox(std::string_view bytes) {
  VIGIL_ASSIGN_OR_RETURN(const v1::PushRequest request, DecodeOutboxFile(bytes));
  Database& database = storage_->database;
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(User user, LoadUser(database));
  VIGIL_ASSIGN_OR_RETURN(const Meta meta, LoadMeta(database));
  Imported imported;
  for (const v1::PushEntry& entry : request.entries()) {
    VIGIL_ASSIGN_OR_RETURN(const FileEntry read, ReadEntry(entry, user));
    VIGIL_ASSIGN_OR_RETURN(const std::optional<std::string> known,
                           KnownBytes(database, user, read.row.operation));
    if (known) {
      if (*known != read.row.bytes) return Forked(read.row);
      ++imported.known;
      continue;
    }
    // A phone that has made nothing yet takes up the chain wherever the file begins.
    const bool begins = user.last_device_seq == DeviceSeq(0);
    const bool follows = read.row.device_seq == user.last_device_seq.Next() &&
                         read.row.previous_hash == user.last_hash;
    if (!begins && !follows) return Forked(read.row);
    VIGIL_RETURN_IF_ERROR(AddOutbox(transaction, user.device, read.row));
    VIGIL_RETURN_IF_ERROR(
        RestoreToOverlay(database, transaction, user, meta, read.operation, clock_.Now()));
    user.last_device_seq = read.row.device_seq;
    user.last_hash = Sha256Of(read.row.bytes);
    ++imported.added;
  }
  VIGIL_RETURN_IF_ERROR(SaveUser(transaction, user));
  VIGIL_RETURN_IF_ERROR(storage_->Commit(transaction));
  return imported;
}

}  // namespace vigil::replica
