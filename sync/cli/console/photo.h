#ifndef VIGIL_SYNC_CLI_CONSOLE_PHOTO_H_
#define VIGIL_SYNC_CLI_CONSOLE_PHOTO_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "sync/base/file.h"
#include "sync/cli/console/command.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/evidence_service.pb.h"

// Photos and documents by their files.

namespace vigil::console {

// The file's bytes. TOO_LARGE for what nobody takes.
absl::StatusOr<std::string> ReadPhoto(const std::string& path, FileSystem& files);

// The options --photo, --before and --after.
std::vector<OptionSpec> PhotoOptions();
// Takes a file and sees to it that its bytes get to the register; gives what a record says of it.
using TakePhoto = std::function<absl::StatusOr<v1::Evidence>(const std::string& path,
                                                             const std::string& caption)>;
absl::StatusOr<google::protobuf::RepeatedPtrField<v1::Evidence>> PhotosOf(
    const Arguments& arguments, const TakePhoto& take);

// "0123456789abcdef.jpg": a name for the content's file.
std::string PhotoFileName(const std::string& sha256, const std::string& media_type);

// Gets a content chunk by chunk into a file; while it grows, the file is called `path`.part, and a
// download that broke off goes on there. CONTENT_MISMATCH: what came is not what was asked for, and
// is removed.
struct Download {
  std::string sha256;
  std::string path;
  std::function<absl::StatusOr<v1::DownloadEvidenceResponse>(const v1::DownloadEvidenceRequest&)>
      fetch;
  // After each chunk.
  std::function<void(std::int64_t bytes, std::int64_t size_bytes)> on_progress;
};
absl::Status RunDownload(const Download& download, FileSystem& files);

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_PHOTO_H_
