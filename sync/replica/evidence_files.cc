#include "sync/replica/evidence_files.h"

#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/rules/evidence.h"

namespace vigil::replica {

namespace {

constexpr unsigned kDirectoryMode = 0700;
constexpr unsigned kFileMode = 0600;
constexpr std::size_t kReadBytes = 256 * 1024;

}  // namespace

std::string EvidenceFiles::PathOf(std::string_view sha256) const {
  return JoinPath(JoinPath(directory_, sha256.substr(0, 2)), sha256);
}

absl::StatusOr<v1::Evidence> EvidenceFiles::Keep(std::string_view bytes) {
  VIGIL_ASSIGN_OR_RETURN(v1::Evidence evidence, rules::DescribeEvidence(bytes, kBytesMax));
  const std::string path = PathOf(evidence.sha256());
  if (files_.Exists(path)) return evidence;
  const std::string folder = JoinPath(directory_, evidence.sha256().substr(0, 2));
  VIGIL_RETURN_IF_ERROR(files_.MakeDirectories(folder, kDirectoryMode));
  VIGIL_RETURN_IF_ERROR(files_.Sync(folder));
  VIGIL_RETURN_IF_ERROR(files_.Sync(directory_));
  VIGIL_RETURN_IF_ERROR(files_.WriteAtomic(path, bytes, {.mode = kFileMode}));
  return evidence;
}

bool EvidenceFiles::Has(std::string_view sha256) const { return files_.Exists(PathOf(sha256)); }

absl::StatusOr<bool> EvidenceFiles::IsRight(std::string_view sha256) {
  const std::string path = PathOf(sha256);
  Sha256Hasher hasher;
  for (std::int64_t offset = 0;;) {
    VIGIL_ASSIGN_OR_RETURN(const std::string bytes, files_.ReadRange(path, offset, kReadBytes));
    if (bytes.empty()) break;
    hasher.Update(bytes);
    offset += static_cast<std::int64_t>(bytes.size());
  }
  return hasher.Finish().ToHex() == sha256;
}

absl::StatusOr<std::string> EvidenceFiles::Read(std::string_view sha256, std::int64_t offset,
                                                std::size_t bytes_max) {
  return files_.ReadRange(PathOf(sha256), offset, bytes_max);
}

absl::Status EvidenceFiles::Remove(std::string_view sha256) {
  return files_.Remove(PathOf(sha256));
}

}  // namespace vigil::replica
