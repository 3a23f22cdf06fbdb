#ifndef VIGIL_SYNC_TRANSPORT_ACCESS_STATE_H_
#define VIGIL_SYNC_TRANSPORT_ACCESS_STATE_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/file.h"
#include "sync/base/ids.h"
#include "sync/base/p256.h"

// What a program keeps of its access, in a directory of its own: `key.pem` (0400) and `state`
// (0600), lines of "name=value"; `lock` is held while a refresh token is exchanged.

namespace vigil::transport {

struct AccessState {
  // Lower-case hexadecimal SHA-256 of the one-time code that was or is being exchanged; empty at
  // the office.
  std::string code_hash;
  // Empty until the register has answered.
  std::string device;
  std::string person;
  Uuid register_id;
  // By which the register signs its heads: SubjectPublicKeyInfo (DER).
  std::string register_key;
  // 32 bytes: the token that comes next.
  std::string refresh_token;
  // 32 bytes: the one chosen to follow it; empty unless an exchange has begun.
  std::string next_refresh_token;
  std::string token;
  // The register's time.
  absl::Time expires_at = absl::InfinitePast();
  // The register's clock less this machine's.
  absl::Duration clock_offset;

  bool is_known() const { return !device.empty(); }
};

std::string FormatAccessState(const AccessState& state);
// CORRUPT_FILE.
absl::StatusOr<AccessState> ParseAccessState(std::string_view text);

// Nullopt: there is none. CORRUPT_FILE; the errors of FileSystem.
absl::StatusOr<std::optional<AccessState>> LoadAccessState(FileSystem& files,
                                                           const std::string& directory);
absl::Status SaveAccessState(FileSystem& files, const std::string& directory,
                             const AccessState& state);
// The program is known no more; its key stays.
absl::Status RemoveAccessState(FileSystem& files, const std::string& directory);

absl::StatusOr<P256PrivateKey> LoadProgramKey(FileSystem& files, const std::string& directory);
absl::Status SaveProgramKey(FileSystem& files, const std::string& directory,
                            const P256PrivateKey& key);

std::string AccessLockPath(const std::string& directory);

}  // namespace vigil::transport

#endif  // VIGIL_SYNC_TRANSPORT_ACCESS_STATE_H_
