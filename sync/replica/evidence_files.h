#ifndef VIGIL_SYNC_REPLICA_EVIDENCE_FILES_H_
#define VIGIL_SYNC_REPLICA_EVIDENCE_FILES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/file.h"
#include "vigil/v1/common.pb.h"

namespace vigil::replica {

// The bytes of photos and documents on a phone: one file for each content, by its SHA-256, in a
// directory beside the database. One thread at a time.
class EvidenceFiles {
 public:
  // What a phone keeps at most of one content; a register may take less.
  static constexpr std::size_t kBytesMax = std::size_t{64} << 20;

  // `files` must outlive this. The directory is made with the first content.
  EvidenceFiles(FileSystem& files, std::string directory)
      : files_(files), directory_(std::move(directory)) {}

  // Keeps the content; durable when it returns. Gives what a record says of it, without a caption.
  // TOO_LARGE; MEDIA_TYPE_REFUSED for what no register takes.
  absl::StatusOr<v1::Evidence> Keep(std::string_view bytes);
  bool Has(std::string_view sha256) const;
  // Whether the file's bytes are those of the content.
  absl::StatusOr<bool> IsRight(std::string_view sha256);
  absl::StatusOr<std::string> Read(std::string_view sha256, std::int64_t offset,
                                   std::size_t bytes_max);
  absl::Status Remove(std::string_view sha256);
  std::string PathOf(std::string_view sha256) const;

 private:
  FileSystem& files_;
  const std::string directory_;
};

}  // namespace vigil::replica

#endif  // VIGIL_SYNC_REPLICA_EVIDENCE_FILES_H_
