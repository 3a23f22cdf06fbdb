#include "sync/transport/access_state.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/reason.h"

namespace vigil::transport {
namespace {

constexpr char kFirstLine[] = "vigil-access 1";
constexpr std::size_t kStateBytesMax = 16 * 1024;
constexpr std::size_t kKeyBytesMax = 4096;
constexpr unsigned kStateMode = 0600;
constexpr unsigned kKeyMode = 0400;
constexpr std::size_t kRefreshTokenBytes = 32;

std::string StatePath(const std::string& directory) { return JoinPath(directory, "state"); }
std::string KeyPath(const std::string& directory) { return JoinPath(directory, "key.pem"); }

absl::Status Corrupt(std::string_view what) {
  return rules::Refuse(v1::REASON_CORRUPT_FILE,
                       absl::StrCat("the stored access cannot be read: ", ToAbsl(what)));
}

using Values = std::map<std::string, std::string>;

absl::StatusOr<std::string> TakeHex(const Values& values, const std::string& name) {
  const auto found = values.find(name);
  if (found == values.end()) return std::string();
  std::optional<std::string> bytes = HexDecode(found->second);
  if (!bytes) return Corrupt(name);
  return *std::move(bytes);
}

absl::StatusOr<std::int64_t> TakeNumber(const Values& values, const std::string& name) {
  const auto found = values.find(name);
  std::int64_t number = 0;
  if (found == values.end() || !absl::SimpleAtoi(found->second, &number)) return Corrupt(name);
  return number;
}

std::string TakeText(const Values& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? std::string() : found->second;
}

// Everything that only a program that is known has.
absl::Status TakeKnown(const Values& values, AccessState& state) {
  state.device = TakeText(values, "device");
  state.person = TakeText(values, "person");
  state.token = TakeText(values, "token");
  if (state.device.empty()) return absl::OkStatus();
  const std::optional<Uuid> register_id = Uuid::Parse(TakeText(values, "register"));
  if (!register_id || !Uuid::Parse(state.device) || !Uuid::Parse(state.person)) {
    return Corrupt("device, person or register");
  }
  state.register_id = *register_id;
  VIGIL_ASSIGN_OR_RETURN(state.register_key, TakeHex(values, "register_key"));
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t expires_at, TakeNumber(values, "expires_at_us"));
  VIGIL_ASSIGN_OR_RETURN(const std::int64_t offset, TakeNumber(values, "clock_offset_us"));
  state.expires_at = FromMicros(expires_at);
  state.clock_offset = absl::Microseconds(offset);
  return absl::OkStatus();
}

}  // namespace

std::string FormatAccessState(const AccessState& state) {
  std::string text = absl::StrCat(kFirstLine, "\n");
  const auto add = [&text](std::string_view name, std::string_view value) {
    if (!value.empty()) absl::StrAppend(&text, ToAbsl(name), "=", ToAbsl(value), "\n");
  };
  add("code_hash", state.code_hash);
  add("refresh_token", HexEncode(state.refresh_token));
  add("next_refresh_token", HexEncode(state.next_refresh_token));
  if (!state.is_known()) return text;
  add("device", state.device);
  add("person", state.person);
  add("register", state.register_id.ToString());
  add("register_key", HexEncode(state.register_key));
  add("token", state.token);
  add("expires_at_us", std::to_string(ToMicros(state.expires_at)));
  add("clock_offset_us", std::to_string(absl::ToInt64Microseconds(state.clock_offset)));
  return text;
}

absl::StatusOr<AccessState> ParseAccessState(std::string_view text) {
  const std::vector<std::string> lines = absl::StrSplit(ToAbsl(text), '\n');
  if (lines.front() != kFirstLine) return Corrupt("its first line");
  Values values;
  for (const std::string& line : lines) {
    const std::size_t equals = line.find('=');
    if (equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 1);
  }
  AccessState state;
  state.code_hash = TakeText(values, "code_hash");
  VIGIL_ASSIGN_OR_RETURN(state.refresh_token, TakeHex(values, "refresh_token"));
  VIGIL_ASSIGN_OR_RETURN(state.next_refresh_token, TakeHex(values, "next_refresh_token"));
  if (state.refresh_token.size() != kRefreshTokenBytes) return Corrupt("refresh_token");
  if (!state.next_refresh_token.empty() && state.next_refresh_token.size() != kRefreshTokenBytes) {
    return Corrupt("next_refresh_token");
  }
  VIGIL_RETURN_IF_ERROR(TakeKnown(values, state));
  return state;
}

absl::StatusOr<std::optional<AccessState>> LoadAccessState(FileSystem& files,
                                                           const std::string& directory) {
  const std::string path = StatePath(directory);
  if (directory.empty() || !files.Exists(path)) return std::optional<AccessState>();
  VIGIL_ASSIGN_OR_RETURN(const std::string text, files.Read(path, kStateBytesMax));
  absl::StatusOr<AccessState> state = ParseAccessState(text);
  if (!state.ok()) return Annotate(state.status(), path);
  return std::optional<AccessState>(*std::move(state));
}

absl::Status SaveAccessState(FileSystem& files, const std::string& directory,
                             const AccessState& state) {
  return files.WriteAtomic(StatePath(directory), FormatAccessState(state), {.mode = kStateMode});
}

absl::Status RemoveAccessState(FileSystem& files, const std::string& directory) {
  return files.Remove(StatePath(directory));
}

absl::StatusOr<P256PrivateKey> LoadProgramKey(FileSystem& files, const std::string& directory) {
  const std::string path = KeyPath(directory);
  VIGIL_ASSIGN_OR_RETURN(const std::string pem, files.Read(path, kKeyBytesMax));
  absl::StatusOr<P256PrivateKey> key = P256PrivateKey::FromPem(pem);
  if (key.ok()) return key;
  return rules::Refuse(v1::REASON_CORRUPT_FILE, ToStd(key.status().message())).With("file", path);
}

absl::Status SaveProgramKey(FileSystem& files, const std::string& directory,
                            const P256PrivateKey& key) {
  return files.WriteAtomic(KeyPath(directory), key.ToPem(), {.mode = kKeyMode});
}

std::string AccessLockPath(const std::string& directory) { return JoinPath(directory, "lock"); }

}  // namespace vigil::transport
