#include "sync/replica/outbox_file.h"

#include <cstddef>

#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "vigil/v1/error.pb.h"

namespace vigil::replica {
namespace {

constexpr std::string_view kMagic = "VGLOUTBX";
constexpr char kVersion = 1;
constexpr std::size_t kHeaderBytes = 8 + 1 + Sha256::kSize;

absl::Status Wrong(v1::Reason reason, std::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument,
               ReasonTag{static_cast<int>(reason), v1::Reason_Name(reason)}, message);
}

}  // namespace

std::string EncodeOutboxFile(const v1::PushRequest& request) {
  const std::string payload = request.SerializeAsString();
  std::string bytes(kMagic);
  bytes.push_back(kVersion);
  bytes.append(Sha256Of(payload).bytes());
  bytes.append(payload);
  return bytes;
}

absl::StatusOr<v1::PushRequest> DecodeOutboxFile(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) {
    return Wrong(v1::REASON_FOREIGN_FILE, "this is no file of unsent work");
  }
  if (bytes.size() < kHeaderBytes) {
    return Wrong(v1::REASON_CORRUPT_FILE, "the file of unsent work is cut short");
  }
  if (bytes[kMagic.size()] != kVersion) {
    return Wrong(v1::REASON_CLIENT_TOO_OLD, "the file of unsent work is of a newer program");
  }
  const std::string_view payload = bytes.substr(kHeaderBytes);
  v1::PushRequest request;
  if (bytes.substr(kMagic.size() + 1, Sha256::kSize) != Sha256Of(payload).bytes() ||
      !request.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return Wrong(v1::REASON_CORRUPT_FILE, "the file of unsent work is damaged");
  }
  return request;
}

}  // namespace vigil::replica
