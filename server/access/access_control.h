#ifndef VIGIL_SERVER_ACCESS_ACCESS_CONTROL_H_
#define VIGIL_SERVER_ACCESS_ACCESS_CONTROL_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/repeated_field.h"
#include "server/store/register_store.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/base/random.h"
#include "sync/rules/judge.h"

// What a caller may call, and which part of the register is his. Roles are read from the register,
// so that what the administrator changes holds at once.

namespace vigil::access {

// 32 random bytes in base64url without padding. The register keeps its hash only.
std::string MakeToken(Random& random);
Sha256 TokenHash(std::string_view token);

// The token in "Bearer TOKEN"; empty where the header has another form.
std::string_view BearerToken(std::string_view authorization);

// The person's roles on the day of `now` in the register's zone, those that were delegated to him
// among them.
absl::StatusOr<std::vector<v1::RoleGrant>> RolesOf(store::Snapshot& snapshot,
                                                   const v1::Person& person, absl::Time now,
                                                   const absl::TimeZone& zone);

// Whom a sign-in stands for, with the roles that he has on the day of `now` in the register's zone.
// UNAUTHENTICATED for a person who has left, DEVICE_REVOKED.
absl::StatusOr<rules::Author> AuthorOf(store::Snapshot& snapshot, const store::SignIn& sign_in,
                                       absl::Time now, const absl::TimeZone& zone);

// The same for somebody who is not calling: whether he may still do what he began.
struct Identity {
  Uuid device;
  Uuid person;
  v1::Channel channel = v1::CHANNEL_UNSPECIFIED;
};
absl::StatusOr<rules::Author> AuthorOf(store::Snapshot& snapshot, const Identity& identity,
                                       absl::Time now, const absl::TimeZone& zone);

// Whether the method's `rpc` option lets the author call it. A method without the option, or with
// neither roles nor `anybody`, is nobody's. REASON_WRONG_CHANNEL, REASON_NOT_PERMITTED.
absl::Status CheckRpc(const google::protobuf::MethodDescriptor& method,
                      const rules::Author& author);

// Whether one of these roles reaches all org units: it has no unit, or those at the top of the
// tree.
absl::StatusOr<bool> HoldsEverywhere(const google::protobuf::RepeatedField<int>& roles,
                                     const rules::Author& author, store::Snapshot& snapshot);

// The rest of the option, for methods that show or do what has no unit (`everywhere`).
// REASON_NOT_PERMITTED.
absl::Status CheckReach(const google::protobuf::MethodDescriptor& method,
                        const rules::Author& author, store::Snapshot& snapshot);

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
