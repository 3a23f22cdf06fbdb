#include "sync/cli/console/photo.h"

#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/rules/evidence.h"
#include "sync/rules/reason.h"

namespace vigil::console {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kNameDigits = 16;

absl::StatusOr<std::string> HashOf(const std::string& path, FileSystem& files) {
  Sha256Hasher hasher;
  for (std::int64_t offset = 0;;) {
    VIGIL_ASSIGN_OR_RETURN(const std::string bytes, files.ReadRange(path, offset, kReadBytes));
    if (bytes.empty()) return hasher.Finish().ToHex();
    hasher.Update(bytes);
    offset += static_cast<std::int64_t>(bytes.size());
  }
}

}  // namespace

absl::StatusOr<std::string> ReadPhoto(const std::string& path, FileSystem& files) {
  absl::StatusOr<std::string> bytes = files.Read(path, rules::kEvidenceBytesMax);
  if (!absl::IsOutOfRange(bytes.status())) return bytes;
  return rules::Refuse(v1::REASON_TOO_LARGE, ToStd(bytes.status().message()));
}

std::vector<OptionSpec> PhotoOptions() {
  return {
      {"--photo", "FILE", {"a photo or document", "照片或材料"}, Count::kRepeated},
      {"--before", "FILE", {"a photo from before", "整改前照片"}, Count::kRepeated},
      {"--after", "FILE", {"a photo from after", "整改后照片"}, Count::kRepeated},
  };
}

absl::StatusOr<google::protobuf::RepeatedPtrField<v1::Evidence>> PhotosOf(
    const Arguments& arguments, const TakePhoto& take) {
  google::protobuf::RepeatedPtrField<v1::Evidence> photos;
  for (const auto& [option, caption] :
       {std::pair("--photo", ""), std::pair("--before", "before"), std::pair("--after", "after")}) {
    for (const std::string& path : arguments.All(option)) {
      VIGIL_ASSIGN_OR_RETURN(*photos.Add(), take(path, caption));
    }
  }
  return photos;
}

std::string PhotoFileName(const std::string& sha256, const std::string& media_type) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kEndings = {{
      {"image/jpeg", ".jpg"},
      {"image/png", ".png"},
      {"image/webp", ".webp"},
      {"image/heic", ".heic"},
      {"application/pdf", ".pdf"},
      {"video/mp4", ".mp4"},
  }};
  std::string name = sha256.substr(0, kNameDigits);
  for (const auto& [type, ending] : kEndings) {
    if (type == media_type) name += ending;
  }
  return name;
}

absl::Status RunDownload(const Download& download, FileSystem& files) {
  const std::string part = download.path + ".part";
  std::int64_t bytes = 0;
  if (files.Exists(part)) {
    VIGIL_ASSIGN_OR_RETURN(bytes, files.Size(part));
  }
  v1::DownloadEvidenceRequest request;
  request.set_sha256(download.sha256);
  while (true) {
    request.set_offset(bytes);
    const absl::StatusOr<v1::DownloadEvidenceResponse> response = download.fetch(request);
    // Of another content, from before: longer than this one.
    if (rules::ReasonOf(response.status()) == v1::REASON_INVALID_NUMBER && bytes > 0) {
      VIGIL_RETURN_IF_ERROR(files.Remove(part));
      bytes = 0;
      continue;
    }
    VIGIL_RETURN_IF_ERROR(response.status());
    VIGIL_RETURN_IF_ERROR(files.Append(part, response->chunk()));
    bytes += static_cast<std::int64_t>(response->chunk().size());
    if (download.on_progress != nullptr) download.on_progress(bytes, response->size_bytes());
    if (bytes >= response->size_bytes()) break;
    if (response->chunk().empty()) {
      return Error(absl::StatusCode::kInternal, "the register gives no more of it");
    }
  }
  VIGIL_ASSIGN_OR_RETURN(const std::string hash, HashOf(part, files));
  if (hash != download.sha256) {
    VIGIL_RETURN_IF_ERROR(files.Remove(part));
    return rules::Refuse(v1::REASON_CONTENT_MISMATCH,
                         "what came is not what was asked for; it was removed")
        .With("sha256", download.sha256);
  }
  VIGIL_RETURN_IF_ERROR(files.Sync(part));
  return files.Rename(part, download.path);
}

}  // namespace vigil::console
