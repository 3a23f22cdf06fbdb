#ifndef VIGIL_SYNC_CLI_CONSOLE_PHOTO_H_
#define VIGIL_SYNC_CLI_CONSOLE_PHOTO_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "sync/base/file.h"
#include "sync/cli/console/command.h"
#include "vigil/v1/common.pb.h"

namespace vigil::console {

// A photo or document by its file: what a record says of it. The bytes travel apart.
absl::StatusOr<v1::Evidence> EvidenceOf(const std::string& path, const std::string& caption,
                                        FileSystem& files);

// The options --photo, --before and --after.
std::vector<OptionSpec> PhotoOptions();
absl::StatusOr<google::protobuf::RepeatedPtrField<v1::Evidence>> PhotosOf(
    const Arguments& arguments, FileSystem& files);

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_PHOTO_H_
