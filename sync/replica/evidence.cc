#include "sync/replica/evidence.h"

#include <optional>
#include <string>
#include <utility>

#include "sync/base/status.h"
#include "sync/replica/replica.h"
#include "sync/replica/rows.h"
#include "sync/replica/storage.h"
#include "sync/rules/evidence.h"
#include "sync/rules/reason.h"

// What is known of the photos and documents that a phone keeps for the register.

namespace vigil::replica {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

// What no operation has named by then is named by none.
constexpr absl::Duration kUnnamedKept = absl::Hours(24 * 90);

constexpr char kKeep[] = R"sql(
  INSERT INTO evidence
    (device, content, media_type, size_bytes, kept_at, sent_bytes, complete_in, error)
  VALUES (?1, ?2, ?3, ?4, ?5, 0, '', x'')
  ON CONFLICT (device, content) DO UPDATE SET error = x'')sql";

// What the register said in another epoch than today's it may not know any more.
constexpr char kList[] = R"sql(
  SELECT evidence.content, media_type, size_bytes, kept_at, sent_bytes,
         complete_in <> '' AND complete_in = meta.epoch, error
  FROM evidence, meta WHERE device = ?1 ORDER BY kept_at, evidence.content)sql";
constexpr char kFind[] = R"sql(
  SELECT evidence.content, media_type, size_bytes, kept_at, sent_bytes,
         complete_in <> '' AND complete_in = meta.epoch, error
  FROM evidence, meta WHERE device = ?1 AND content = ?2)sql";

// Complete, and named by nothing that may have to be said again or looked at.
constexpr char kSpare[] = R"sql(
  SELECT evidence.content, media_type, size_bytes, kept_at, sent_bytes, 1, error
  FROM evidence, meta
  WHERE device = ?1 AND complete_in <> '' AND complete_in = meta.epoch
    AND (kept_at < ?2 OR EXISTS (
      SELECT 1 FROM evidence_use AS used
      WHERE used.content = evidence.content AND used.device = evidence.device))
    AND NOT EXISTS (
      SELECT 1 FROM evidence_use AS used
      WHERE used.content = evidence.content AND used.device = evidence.device
        AND (used.operation IN (SELECT operation FROM outbox)
          OR EXISTS (SELECT 1 FROM journal WHERE journal.operation = used.operation)
          OR EXISTS (SELECT 1 FROM attention
                     WHERE attention.operation = used.operation AND settled = 0)))
  ORDER BY kept_at, evidence.content)sql";

constexpr char kNote[] = R"sql(
  UPDATE evidence SET sent_bytes = ?3, error = x'',
    complete_in = CASE WHEN ?4 THEN (SELECT epoch FROM meta) ELSE '' END
  WHERE device = ?1 AND content = ?2)sql";
constexpr char kNoteError[] = R"sql(
  UPDATE evidence SET error = ?3 WHERE device = ?1 AND content = ?2)sql";

constexpr char kForget[] = "DELETE FROM evidence WHERE device = ?1 AND content = ?2";
constexpr char kForgetUses[] = "DELETE FROM evidence_use WHERE device = ?1 AND content = ?2";
constexpr char kIsKept[] = "SELECT 1 FROM evidence WHERE content = ?1";

constexpr char kUse[] = R"sql(
  INSERT OR IGNORE INTO evidence_use (content, operation, device)
  SELECT content, ?3, device FROM evidence WHERE device = ?1 AND content = ?2)sql";

absl::StatusOr<Sha256> ParseContent(std::string_view sha256) {
  const std::optional<Sha256> content = Sha256::FromHex(sha256);
  if (content) return *content;
  return rules::Refuse(v1::REASON_INVALID_ID,
                       "a content is named by its SHA-256, 64 lower-case hexadecimal digits");
}

absl::StatusOr<EvidenceItem> ReadItem(const Statement& row) {
  EvidenceItem item;
  VIGIL_ASSIGN_OR_RETURN(const Sha256 content, ReadHash(row, 0));
  item.sha256 = content.ToHex();
  item.media_type = std::string(row.ColumnText(1));
  item.size_bytes = row.ColumnInt64(2);
  item.kept_at = row.ColumnTime(3);
  item.sent_bytes = row.ColumnInt64(4);
  item.complete = row.ColumnBool(5);
  VIGIL_RETURN_IF_ERROR(ReadMessage(row, 6, item.error));
  return item;
}

absl::StatusOr<std::vector<EvidenceItem>> ReadItems(Statement& row) {
  std::vector<EvidenceItem> items;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
    if (!found) return items;
    VIGIL_ASSIGN_OR_RETURN(EvidenceItem item, ReadItem(row));
    items.push_back(std::move(item));
  }
}

}  // namespace

absl::Status NoteEvidenceUse(Transaction& transaction, const User& user,
                             const v1::Operation& operation) {
  for (const v1::Evidence& evidence : rules::EvidenceIn(operation)) {
    VIGIL_ASSIGN_OR_RETURN(const Sha256 content, ParseContent(evidence.sha256()));
    VIGIL_ASSIGN_OR_RETURN(const Uuid id, ParseId(operation.id()));
    VIGIL_ASSIGN_OR_RETURN(Statement use, transaction.Prepare(kUse));
    use.BindUuid(1, user.device).BindBlob(2, content.bytes()).BindUuid(3, id);
    VIGIL_RETURN_IF_ERROR(use.Run());
  }
  return absl::OkStatus();
}

absl::Status Replica::KeepEvidence(const v1::Evidence& evidence) {
  VIGIL_ASSIGN_OR_RETURN(const Sha256 content, ParseContent(evidence.sha256()));
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(Statement keep, transaction.Prepare(kKeep));
  keep.BindUuid(1, user.device).BindBlob(2, content.bytes()).BindText(3, evidence.media_type());
  keep.BindInt64(4, evidence.size_bytes()).BindTime(5, clock_.Now());
  VIGIL_RETURN_IF_ERROR(keep.Run());
  return storage_->Commit(transaction);
}

absl::StatusOr<std::vector<EvidenceItem>> Replica::Evidence() {
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(Statement row, storage_->database.Query(kList));
  row.BindUuid(1, user.device);
  return ReadItems(row);
}

absl::StatusOr<std::optional<EvidenceItem>> Replica::FindEvidence(std::string_view sha256) {
  VIGIL_ASSIGN_OR_RETURN(const Sha256 content, ParseContent(sha256));
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(Statement row, storage_->database.Query(kFind));
  row.BindUuid(1, user.device).BindBlob(2, content.bytes());
  VIGIL_ASSIGN_OR_RETURN(const bool found, row.Step());
  if (!found) return std::optional<EvidenceItem>();
  VIGIL_ASSIGN_OR_RETURN(EvidenceItem item, ReadItem(row));
  return std::optional<EvidenceItem>(std::move(item));
}

absl::StatusOr<std::vector<EvidenceItem>> Replica::SpareEvidence() {
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(Statement row, storage_->database.Query(kSpare));
  row.BindUuid(1, user.device).BindTime(2, clock_.Now() - kUnnamedKept);
  return ReadItems(row);
}

absl::Status Replica::NoteEvidence(const v1::EvidenceStatus& status) {
  VIGIL_ASSIGN_OR_RETURN(const Sha256 content, ParseContent(status.sha256()));
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(Statement note, transaction.Prepare(kNote));
  note.BindUuid(1, user.device).BindBlob(2, content.bytes());
  note.BindInt64(3, status.received_bytes()).BindBool(4, status.complete());
  VIGIL_RETURN_IF_ERROR(note.Run());
  return storage_->Commit(transaction);
}

absl::Status Replica::NoteEvidenceRefused(std::string_view sha256, const v1::ErrorDetail& error) {
  VIGIL_ASSIGN_OR_RETURN(const Sha256 content, ParseContent(sha256));
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(Statement note, transaction.Prepare(kNoteError));
  note.BindUuid(1, user.device).BindBlob(2, content.bytes());
  note.BindBlob(3, error.SerializeAsString());
  VIGIL_RETURN_IF_ERROR(note.Run());
  return storage_->Commit(transaction);
}

absl::StatusOr<bool> Replica::ForgetEvidence(std::string_view sha256) {
  VIGIL_ASSIGN_OR_RETURN(const Sha256 content, ParseContent(sha256));
  VIGIL_ASSIGN_OR_RETURN(Transaction transaction, storage_->database.BeginWrite());
  VIGIL_ASSIGN_OR_RETURN(const User user, LoadUser(storage_->database));
  VIGIL_ASSIGN_OR_RETURN(Statement forget, transaction.Prepare(kForget));
  forget.BindUuid(1, user.device).BindBlob(2, content.bytes());
  VIGIL_RETURN_IF_ERROR(forget.Run());
  VIGIL_ASSIGN_OR_RETURN(Statement uses, transaction.Prepare(kForgetUses));
  uses.BindUuid(1, user.device).BindBlob(2, content.bytes());
  VIGIL_RETURN_IF_ERROR(uses.Run());
  bool kept = false;
  {
    VIGIL_ASSIGN_OR_RETURN(Statement row, storage_->database.Query(kIsKept));
    row.BindBlob(1, content.bytes());
    VIGIL_ASSIGN_OR_RETURN(kept, row.Step());
  }
  VIGIL_RETURN_IF_ERROR(storage_->Commit(transaction));
  return !kept;
}

}  // namespace vigil::replica
