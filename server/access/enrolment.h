#ifndef VIGIL_SERVER_ACCESS_ENROLMENT_H_
#define VIGIL_SERVER_ACCESS_ENROLMENT_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/register/register.h"
#include "sync/base/random.h"
#include "sync/rules/judge.h"
#include "vigil/v1/admin_service.pb.h"

// How persons get devices and devices get credentials.

namespace vigil::access {

// Code of the person whom the first start makes, so that somebody may import the others.
inline constexpr char kFirstAdministratorCode[] = "admin";

// Makes a device of a person (by id or code) through the register, and its credential. The token in
// the answer is shown once. REASON_NOT_FOUND where there is no such person. `done` is called on
// some thread; the register and `random` must outlive the call.
void AddDevice(registry::Register& target, Random& random, const rules::Author& author,
               const v1::AddDeviceRequest& request,
               std::function<void(absl::StatusOr<v1::AddDeviceResponse>)> done);

// Makes `token` a credential of the first administrator: a person with the code above and the roles
// of an administrator and of the safety office everywhere, who is made if the register does not
// have him. Changes nothing where the register knows the token already, so that a start that was
// cut off is completed by the next one.
void EnsureFirstAdministrator(registry::Register& target, Random& random, const std::string& token,
                              std::function<void(absl::Status)> done);

}  // namespace vigil::access

#endif  // VIGIL_SERVER_ACCESS_ENROLMENT_H_
