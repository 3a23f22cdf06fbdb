#include "server/service/evidence_core.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "server/access/visibility.h"
#include "server/evidence/references.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::service {

using evidence::EvidenceStore;
using rules::Refuse;

namespace {

constexpr std::uint32_t kChunkBytesMax = 256 * 1024;
// What a request takes beside its chunk.
constexpr std::uint32_t kRequestBytes = 1024;
constexpr int kStatusesMax = 256;
// Of one tick.
constexpr int kRowsPerTick = 5000;
constexpr int kFilesPerTick = 100;

absl::StatusOr<Sha256> ParseHash(const std::string& text) {
  const std::optional<Sha256> hash = Sha256::FromHex(text);
  if (hash) return *hash;
  return Refuse(v1::REASON_INVALID_ID,
                "a content is named by its SHA-256, 64 lower-case hexadecimal digits");
}

absl::StatusOr<Uuid> PersonOf(const rules::Author& caller) {
  const std::optional<Uuid> person = Uuid::Parse(caller.person);
  if (person) return *person;
  return Refuse(v1::REASON_UNAUTHENTICATED, "the caller is no person");
}

void Fill(const std::string& sha256, const EvidenceStore::Received& received,
          v1::EvidenceStatus& status) {
  status.set_sha256(sha256);
  status.set_received_bytes(received.bytes);
  status.set_complete(received.complete);
}

}  // namespace

EvidenceCore::EvidenceCore(const Parts& parts, std::uint32_t message_bytes_max)
    : parts_(parts),
      chunk_bytes_max_(std::min(kChunkBytesMax, message_bytes_max - kRequestBytes)) {}

absl::StatusOr<v1::GetEvidenceStatusResponse> EvidenceCore::GetStatus(
    const rules::Author& caller, const v1::GetEvidenceStatusRequest& request) {
  if (request.sha256_size() > kStatusesMax) {
    return Refuse(v1::REASON_TOO_LARGE, "too many contents are asked for at once")
        .With("contents_max", std::int64_t{kStatusesMax});
  }
  VIGIL_ASSIGN_OR_RETURN(const Uuid person, PersonOf(caller));
  v1::GetEvidenceStatusResponse response;
  for (const std::string& sha256 : request.sha256()) {
    VIGIL_ASSIGN_OR_RETURN(const Sha256 content, ParseHash(sha256));
    VIGIL_ASSIGN_OR_RETURN(const EvidenceStore::Received received,
                           parts_.store.Look(content, person));
    Fill(sha256, received, *response.add_statuses());
  }
  response.set_chunk_bytes_max(chunk_bytes_max_);
  return response;
}

absl::StatusOr<v1::UploadEvidenceResponse> EvidenceCore::Upload(
    const rules::Author& caller, const v1::UploadEvidenceRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const Sha256 content, ParseHash(request.sha256()));
  VIGIL_ASSIGN_OR_RETURN(const Uuid person, PersonOf(caller));
  if (request.chunk().size() > chunk_bytes_max_) {
    return Refuse(v1::REASON_TOO_LARGE, "the chunk is too long")
        .With("chunk_bytes_max", std::int64_t{chunk_bytes_max_});
  }
  VIGIL_ASSIGN_OR_RETURN(const EvidenceStore::Received received,
                         parts_.store.Take({.content = content,
                                            .size_bytes = request.size_bytes(),
                                            .media_type = request.media_type(),
                                            .offset = request.offset(),
                                            .bytes = request.chunk()},
                                           person, parts_.clock.Now()));
  v1::UploadEvidenceResponse response;
  Fill(request.sha256(), received, *response.mutable_status());
  return response;
}

absl::StatusOr<bool> EvidenceCore::Sees(const rules::Author& caller, const Sha256& content) {
  // What was judged up to now counts.
  VIGIL_RETURN_IF_ERROR(evidence::CatchUp(parts_.target.store(), parts_.store.index(),
                                          std::numeric_limits<int>::max()));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Uuid> records,
                         parts_.store.index().RecordsNaming(content));
  VIGIL_ASSIGN_OR_RETURN(const auto snapshot, parts_.target.store().Read());
  VIGIL_ASSIGN_OR_RETURN(access::Visibility visibility, access::Visibility::Of(caller, *snapshot));
  for (const Uuid& record : records) {
    VIGIL_ASSIGN_OR_RETURN(const bool sees, visibility.Sees(record));
    if (sees) return true;
  }
  return false;
}

absl::StatusOr<v1::DownloadEvidenceResponse> EvidenceCore::Download(
    const rules::Author& caller, const v1::DownloadEvidenceRequest& request) {
  VIGIL_ASSIGN_OR_RETURN(const Sha256 content, ParseHash(request.sha256()));
  VIGIL_ASSIGN_OR_RETURN(const bool sees, Sees(caller, content));
  if (!sees) {
    return Refuse(v1::REASON_NOT_FOUND, "no record that you may see names such a content")
        .With("sha256", request.sha256());
  }
  const std::uint32_t asked = request.bytes_max() == 0 ? chunk_bytes_max_ : request.bytes_max();
  VIGIL_ASSIGN_OR_RETURN(
      EvidenceStore::Piece piece,
      parts_.store.Read(content, request.offset(), std::min(asked, chunk_bytes_max_)));
  v1::DownloadEvidenceResponse response;
  response.set_offset(request.offset());
  response.set_chunk(std::move(piece.bytes));
  response.set_size_bytes(piece.size_bytes);
  response.set_media_type(std::move(piece.media_type));
  return response;
}

absl::Status EvidenceCore::Tick() {
  VIGIL_ASSIGN_OR_RETURN(
      const bool caught_up,
      evidence::CatchUp(parts_.target.store(), parts_.store.index(), kRowsPerTick));
  // What a record names is not removed because nobody has looked yet.
  if (!caught_up) return absl::OkStatus();
  return parts_.store.Collect(parts_.clock.Now(), kFilesPerTick).status();
}

}  // namespace vigil::service
