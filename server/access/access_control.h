#ifndef VIGIL_SERVER_ACCESS_ACCESS_CONTROL_H_
#define VIGIL_SERVER_ACCESS_ACCESS_CONTROL_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "server/store/register_store.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/base/random.h"
#include "sync/rules/judge.h"

// Who calls, and what he may call. A token stands for a device of a person; roles are read from the
// register at each call, so that what the administrator changes holds at once.

namespace vigil::access {

// 32 random bytes in base64url without padding. The register keeps its hash only.
std::string MakeToken(Random& random);
Sha256 TokenHash(std::string_view token);

// The token in "Bearer TOKEN"; empty where the header has another form.
std::string_view BearerToken(std::string_view authorization);

// Who the token stands for, with his roles as they are now. REASON_UNAUTHENTICATED for an unknown
// token and for a person who has left, REASON_DEVICE_REVOKED for a revoked device.
absl::StatusOr<rules::Author> Authenticate(store::Snapshot& snapshot, std::string_view token);

// Whether the method's `rpc` option lets the author call it. A method without the option, or with
// neither roles nor `anybody`, is nobody's. REASON_WRONG_CHANNEL, REASON_NOT_PERMITTED.
absl::Status CheckRpc(const google::protobuf::MethodDescriptor& method,
                      const rules::Author& author);

// Which part of the register a person's devices are sent, beside what everybody is.
struct Scope {
  // The units in which the person has roles, sorted, none of them twice; a role without a unit
  // holds everywhere and stands for the units at the top of the tree.
  std::vector<Uuid> units;
  // These and everything below them, sorted.
  std::vector<Uuid> expanded;
};
absl::StatusOr<Scope> ScopeOf(const rules::Author& author, store::Snapshot& snapshot);

}  // namespace vigil::access

#endif  // VIGIL_SERVER_ACCESS_ACCESS_CONTROL_H_
