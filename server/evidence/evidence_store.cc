#include "server/evidence/evidence_store.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/rules/evidence.h"
#include "sync/rules/reason.h"

namespace vigil::evidence {

using rules::Refuse;

namespace {

constexpr unsigned kMode = 0700;
constexpr std::size_t kReadBytes = 256 * 1024;
// What a content counts as at least, so that a great many tiny ones cost what they take.
constexpr std::int64_t kChargeMin = 64 * 1024;

// The disk's own errors in the contract's terms.
absl::Status Stored(const absl::Status& status) {
  if (status.ok() || rules::ReasonOf(status) != v1::REASON_UNSPECIFIED) return status;
  return Refuse(v1::REASON_STORAGE_UNAVAILABLE, ToStd(status.message()));
}

template <typename T>
absl::StatusOr<T> Stored(absl::StatusOr<T> result) {
  if (result.ok()) return result;
  return Stored(result.status());
}

absl::Status MediaTypeRefused(std::string_view type, std::string_view text) {
  return Refuse(v1::REASON_MEDIA_TYPE_REFUSED, text).With("media_type", type);
}

}  // namespace

absl::StatusOr<std::unique_ptr<EvidenceStore>> EvidenceStore::Open(FileSystem& files,
                                                                   const std::string& directory,
                                                                   Limits limits, absl::Time now,
                                                                   const std::string& vfs) {
  auto store =
      std::unique_ptr<EvidenceStore>(new EvidenceStore(files, directory, std::move(limits)));
  VIGIL_RETURN_IF_ERROR(files.MakeDirectories(directory, kMode));
  VIGIL_RETURN_IF_ERROR(files.Sync(directory));
  VIGIL_ASSIGN_OR_RETURN(store->index_,
                         store::EvidenceIndex::Open(JoinPath(directory, "index.db"), vfs));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Sha256> doomed, store->index_->Doomed());
  for (const Sha256& content : doomed) VIGIL_RETURN_IF_ERROR(store->Remove(content));
  VIGIL_ASSIGN_OR_RETURN(const bool filled, store->index_->IsFilled());
  if (!filled) VIGIL_RETURN_IF_ERROR(store->Adopt(now));
  VIGIL_ASSIGN_OR_RETURN(store->total_bytes_, store->index_->TotalBytes());
  return store;
}

std::string EvidenceStore::FolderOf(const Sha256& content) const {
  return JoinPath(directory_, content.ToHex().substr(0, 2));
}

std::string EvidenceStore::PathOf(const Sha256& content) const {
  return JoinPath(FolderOf(content), content.ToHex());
}

std::string EvidenceStore::PartPathOf(const Sha256& content, const Uuid& person) const {
  return absl::StrCat(PathOf(content), ".", person.ToString(), ".part");
}

absl::StatusOr<std::int64_t> EvidenceStore::PartBytes(const Sha256& content, const Uuid& person) {
  absl::StatusOr<std::int64_t> size = files_.Size(PartPathOf(content, person));
  if (absl::IsNotFound(size.status())) return 0;
  return size;
}

absl::Status EvidenceStore::Adopt(absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> folders, files_.List(directory_));
  for (const std::string& folder : folders) {
    if (folder.size() != 2) continue;
    const std::string path = JoinPath(directory_, folder);
    VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> names, files_.List(path));
    for (const std::string& name : names) {
      if (const std::optional<Sha256> content = Sha256::FromHex(name)) {
        VIGIL_RETURN_IF_ERROR(AdoptFile(*content, now));
      } else if (name.ends_with(".part")) {
        // Whoever sends it begins anew.
        VIGIL_RETURN_IF_ERROR(files_.Remove(JoinPath(path, name)));
      }
    }
  }
  return index_->SetFilled();
}

absl::Status EvidenceStore::AdoptFile(const Sha256& content, absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(const bool known, index_->HasContent(content));
  if (known) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t size, files_.Size(PathOf(content)));
  VIGIL_ASSIGN_OR_RETURN(const std::string first,
                         files_.ReadRange(PathOf(content), 0, rules::kMediaTypeBytes));
  return index_->Complete({.content = content,
                           .person = Uuid(),
                           .size_bytes = size,
                           .media_type = std::string(rules::MediaTypeOf(first)),
                           .completed_at = now});
}

bool EvidenceStore::Has(const Sha256& content) const { return files_.Exists(PathOf(content)); }

absl::StatusOr<EvidenceStore::Received> EvidenceStore::Look(const Sha256& content,
                                                            const Uuid& person) {
  if (Has(content)) return Received{.complete = true};
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Upload> upload,
                         Stored(index_->FindUpload(content, person)));
  if (!upload) return Received();
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t bytes, Stored(PartBytes(content, person)));
  return Received{.bytes = std::min(bytes, upload->size_bytes)};
}

absl::Status EvidenceStore::CheckChunk(const Chunk& chunk) const {
  if (chunk.size_bytes > limits_.content_bytes_max) {
    return Refuse(v1::REASON_TOO_LARGE,
                  absl::StrCat("a photo or document may have ", limits_.content_bytes_max,
                               " bytes; this one has ", chunk.size_bytes))
        .With("bytes_max", limits_.content_bytes_max);
  }
  const auto size = static_cast<std::int64_t>(chunk.bytes.size());
  if (chunk.size_bytes < 1 || chunk.offset < 0 || chunk.offset > chunk.size_bytes ||
      size > chunk.size_bytes - chunk.offset) {
    return Refuse(v1::REASON_INVALID_NUMBER, "the chunk does not lie within the content");
  }
  const auto taken = [&](const std::string& type) { return type == chunk.media_type; };
  if (std::none_of(limits_.media_types.begin(), limits_.media_types.end(), taken)) {
    return MediaTypeRefused(chunk.media_type, "files of this kind are not taken here");
  }
  const bool tells = size >= static_cast<std::int64_t>(rules::kMediaTypeBytes);
  if (chunk.offset == 0 && tells && rules::MediaTypeOf(chunk.bytes) != chunk.media_type) {
    return MediaTypeRefused(chunk.media_type, "the file is not of the kind that it is said to be");
  }
  return absl::OkStatus();
}

absl::Status EvidenceStore::CheckRoom(const Chunk& chunk, const Uuid& person) {
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t charged, index_->ChargeOf(person, kChargeMin));
  if (charged + std::max(chunk.size_bytes, kChargeMin) > limits_.person_bytes_max) {
    return Refuse(v1::REASON_QUOTA_EXCEEDED,
                  "too much of this person's is under way, or was sent and is named by no record")
        .With("bytes", charged)
        .With("bytes_max", limits_.person_bytes_max);
  }
  if (total_bytes_ + chunk.size_bytes > limits_.total_bytes_max) {
    return Refuse(v1::REASON_QUOTA_EXCEEDED, "the register's room for photos is used up")
        .With("bytes_max", limits_.total_bytes_max);
  }
  return absl::OkStatus();
}

absl::Status EvidenceStore::BeginUpload(const Chunk& chunk, const Uuid& person, absl::Time now) {
  VIGIL_RETURN_IF_ERROR(CheckRoom(chunk, person));
  // A part without an upload is what a crash has left.
  VIGIL_RETURN_IF_ERROR(files_.Remove(PartPathOf(chunk.content, person)));
  if (const std::string folder = FolderOf(chunk.content); !files_.Exists(folder)) {
    VIGIL_RETURN_IF_ERROR(files_.MakeDirectories(folder, kMode));
    VIGIL_RETURN_IF_ERROR(files_.Sync(folder));
  }
  VIGIL_RETURN_IF_ERROR(index_->Begin({.content = chunk.content,
                                       .person = person,
                                       .size_bytes = chunk.size_bytes,
                                       .media_type = std::string(chunk.media_type),
                                       .began_at = now}));
  total_bytes_ += chunk.size_bytes;
  return absl::OkStatus();
}

absl::Status EvidenceStore::RemoveFile(const Sha256& content, const std::string& path) {
  if (!files_.Exists(path)) return absl::OkStatus();
  VIGIL_RETURN_IF_ERROR(files_.Remove(path));
  return files_.Sync(FolderOf(content));
}

absl::Status EvidenceStore::Discard(const Upload& upload) {
  VIGIL_RETURN_IF_ERROR(RemoveFile(upload.content, PartPathOf(upload.content, upload.person)));
  VIGIL_RETURN_IF_ERROR(index_->GiveUp(upload.content, upload.person));
  total_bytes_ -= upload.size_bytes;
  return absl::OkStatus();
}

absl::Status EvidenceStore::Settle(const Upload& upload, absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(const bool known, index_->HasContent(upload.content));
  // Somebody else was faster.
  if (known) return Discard(upload);
  // A crash may have left both names.
  VIGIL_RETURN_IF_ERROR(RemoveFile(upload.content, PartPathOf(upload.content, upload.person)));
  return index_->Complete({.content = upload.content,
                           .person = upload.person,
                           .size_bytes = upload.size_bytes,
                           .media_type = upload.media_type,
                           .completed_at = now});
}

absl::StatusOr<bool> EvidenceStore::IsRight(const Upload& upload) {
  const std::string path = PartPathOf(upload.content, upload.person);
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t size, files_.Size(path));
  if (size != upload.size_bytes) return false;
  Sha256Hasher hasher;
  for (std::int64_t offset = 0; offset < size;) {
    VIGIL_ASSIGN_OR_RETURN(const std::string bytes, files_.ReadRange(path, offset, kReadBytes));
    if (bytes.empty()) return false;
    if (offset == 0 && rules::MediaTypeOf(bytes) != upload.media_type) return false;
    hasher.Update(bytes);
    offset += static_cast<std::int64_t>(bytes.size());
  }
  return hasher.Finish() == upload.content;
}

absl::Status EvidenceStore::Finish(const Upload& upload, absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(const bool right, IsRight(upload));
  if (!right) {
    VIGIL_RETURN_IF_ERROR(Discard(upload));
    return Refuse(v1::REASON_CONTENT_MISMATCH,
                  "what has come is not what its SHA-256, size and kind say; send it anew")
        .With("sha256", upload.content.ToHex());
  }
  const std::string part = PartPathOf(upload.content, upload.person);
  VIGIL_RETURN_IF_ERROR(files_.Sync(part));
  VIGIL_RETURN_IF_ERROR(files_.Rename(part, PathOf(upload.content)));
  return Settle(upload, now);
}

absl::StatusOr<EvidenceStore::Received> EvidenceStore::Take(const Chunk& chunk, const Uuid& person,
                                                            absl::Time now) {
  VIGIL_RETURN_IF_ERROR(CheckChunk(chunk));
  VIGIL_ASSIGN_OR_RETURN(std::optional<Upload> upload,
                         Stored(index_->FindUpload(chunk.content, person)));
  if (Has(chunk.content)) {
    if (upload) VIGIL_RETURN_IF_ERROR(Stored(Settle(*upload, now)));
    return Received{.complete = true};
  }
  const bool fits =
      upload && upload->size_bytes == chunk.size_bytes && upload->media_type == chunk.media_type;
  if (!fits) {
    if (upload) VIGIL_RETURN_IF_ERROR(Stored(Discard(*upload)));
    VIGIL_RETURN_IF_ERROR(Stored(BeginUpload(chunk, person, now)));
    VIGIL_ASSIGN_OR_RETURN(upload, Stored(index_->FindUpload(chunk.content, person)));
  }
  VIGIL_ASSIGN_OR_RETURN(std::int64_t bytes, Stored(PartBytes(chunk.content, person)));
  const std::int64_t passed_over = bytes - chunk.offset;
  if (passed_over >= 0 && passed_over < static_cast<std::int64_t>(chunk.bytes.size())) {
    const std::string_view rest = chunk.bytes.substr(static_cast<std::size_t>(passed_over));
    VIGIL_RETURN_IF_ERROR(Stored(files_.Append(PartPathOf(chunk.content, person), rest)));
    bytes += static_cast<std::int64_t>(rest.size());
  }
  if (bytes < upload->size_bytes) return Received{.bytes = bytes};
  VIGIL_RETURN_IF_ERROR(Stored(Finish(*upload, now)));
  return Received{.complete = true};
}

absl::StatusOr<EvidenceStore::Piece> EvidenceStore::Read(const Sha256& content, std::int64_t offset,
                                                         std::size_t bytes_max) {
  const std::string path = PathOf(content);
  absl::StatusOr<std::int64_t> size = files_.Size(path);
  if (absl::IsNotFound(size.status())) {
    return Refuse(v1::REASON_NOT_FOUND, "this photo or document has not arrived")
        .With("sha256", content.ToHex());
  }
  VIGIL_RETURN_IF_ERROR(Stored(size.status()));
  if (offset < 0 || offset > *size) {
    return Refuse(v1::REASON_INVALID_NUMBER, "the content has no such place")
        .With("size_bytes", *size);
  }
  Piece piece{.size_bytes = *size};
  VIGIL_ASSIGN_OR_RETURN(piece.bytes, Stored(files_.ReadRange(path, offset, bytes_max)));
  VIGIL_ASSIGN_OR_RETURN(const std::string first,
                         Stored(files_.ReadRange(path, 0, rules::kMediaTypeBytes)));
  piece.media_type = std::string(rules::MediaTypeOf(first));
  return piece;
}

absl::Status EvidenceStore::Remove(const Sha256& content) {
  VIGIL_RETURN_IF_ERROR(RemoveFile(content, PathOf(content)));
  return index_->Forget(content);
}

absl::StatusOr<bool> EvidenceStore::Collect(absl::Time now, int limit) {
  const absl::Time moment = now - limits_.grace;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Upload> uploads, index_->UploadsBefore(moment, limit));
  for (const Upload& upload : uploads) {
    VIGIL_RETURN_IF_ERROR(Has(upload.content) ? Settle(upload, now) : Discard(upload));
  }
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Sha256> contents,
                         index_->UnreferencedBefore(moment, limit));
  for (const Sha256& content : contents) {
    // First the word, then the deed: what has been removed must not be said to be here.
    VIGIL_RETURN_IF_ERROR(index_->Doom(content));
    VIGIL_RETURN_IF_ERROR(Remove(content));
  }
  if (!contents.empty()) {
    VIGIL_ASSIGN_OR_RETURN(total_bytes_, index_->TotalBytes());
  }
  return static_cast<int>(uploads.size()) == limit || static_cast<int>(contents.size()) == limit;
}

}  // namespace vigil::evidence
