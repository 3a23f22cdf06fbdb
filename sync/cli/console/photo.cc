#include "sync/cli/console/photo.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "sync/base/hash.h"
#include "sync/base/status.h"

namespace vigil::console {
namespace {

constexpr std::size_t kBytesMax = std::size_t{64} << 20;

std::string MediaTypeOf(std::string_view path) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kTypes = {{
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".png", "image/png"},
      {".heic", "image/heic"},
      {".pdf", "application/pdf"},
      {".txt", "text/plain"},
  }};
  for (const auto& [ending, type] : kTypes) {
    if (path.size() >= ending.size() && path.substr(path.size() - ending.size()) == ending) {
      return std::string(type);
    }
  }
  return "application/octet-stream";
}

}  // namespace

absl::StatusOr<v1::Evidence> EvidenceOf(const std::string& path, const std::string& caption,
                                        FileSystem& files) {
  VIGIL_ASSIGN_OR_RETURN(const std::string bytes, files.Read(path, kBytesMax));
  v1::Evidence evidence;
  evidence.set_sha256(Sha256Of(bytes).ToHex());
  evidence.set_media_type(MediaTypeOf(path));
  evidence.set_size_bytes(static_cast<std::int64_t>(bytes.size()));
  evidence.set_caption(caption);
  return evidence;
}

std::vector<OptionSpec> PhotoOptions() {
  return {
      {"--photo", "FILE", {"a photo or document", "照片或材料"}, Count::kRepeated},
      {"--before", "FILE", {"a photo from before", "整改前照片"}, Count::kRepeated},
      {"--after", "FILE", {"a photo from after", "整改后照片"}, Count::kRepeated},
  };
}

absl::StatusOr<google::protobuf::RepeatedPtrField<v1::Evidence>> PhotosOf(
    const Arguments& arguments, FileSystem& files) {
  google::protobuf::RepeatedPtrField<v1::Evidence> photos;
  for (const auto& [option, caption] :
       {std::pair("--photo", ""), std::pair("--before", "before"), std::pair("--after", "after")}) {
    for (const std::string& path : arguments.All(option)) {
      VIGIL_ASSIGN_OR_RETURN(*photos.Add(), EvidenceOf(path, caption, files));
    }
  }
  return photos;
}

}  // namespace vigil::console
