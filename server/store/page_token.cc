#include "server/store/page_token.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "server/store/rows.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "vigil/v1/error.pb.h"

namespace vigil::store {
namespace {

constexpr std::size_t kCheckBytes = 8;
constexpr int kPageSizeMax = 1000;

std::string LengthOf(std::string_view part) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>((part.size() >> shift) & 0xff));
  }
  return bytes;
}

// Of the query and the key, so that neither can be exchanged.
std::string CheckOf(std::string_view query, std::string_view key) {
  const Sha256 hash = Sha256Of({LengthOf(query), query, key});
  return std::string(hash.bytes().substr(0, kCheckBytes));
}

absl::Status Refused() {
  return StoreError(absl::StatusCode::kInvalidArgument, v1::REASON_INVALID_PAGE_TOKEN,
                    "the page token is not one of this query; ask for the first page again");
}

}  // namespace

std::string EncodePageToken(std::string_view query, const std::vector<std::string>& key) {
  std::string bytes;
  for (const std::string& part : key) {
    bytes += LengthOf(part);
    bytes += part;
  }
  return HexEncode(CheckOf(query, bytes) + bytes);
}

absl::StatusOr<std::vector<std::string>> DecodePageToken(std::string_view query, std::size_t count,
                                                         std::string_view token) {
  const std::optional<std::string> decoded = HexDecode(token);
  if (!decoded || decoded->size() < kCheckBytes) return Refused();
  const std::string_view check = std::string_view(*decoded).substr(0, kCheckBytes);
  std::string_view rest = std::string_view(*decoded).substr(kCheckBytes);
  if (CheckOf(query, rest) != check) return Refused();
  std::vector<std::string> key;
  while (!rest.empty()) {
    if (rest.size() < 4) return Refused();
    std::uint32_t length = 0;
    for (const char byte : rest.substr(0, 4)) {
      length = (length << 8) | static_cast<std::uint8_t>(byte);
    }
    rest.remove_prefix(4);
    if (rest.size() < length) return Refused();
    key.emplace_back(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  if (key.size() != count) return Refused();
  return key;
}

int ClampPageSize(int requested, int default_size) {
  return requested <= 0 ? default_size : std::min(requested, kPageSizeMax);
}

}  // namespace vigil::store
