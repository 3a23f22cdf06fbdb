#ifndef VIGIL_SYNC_TRANSPORT_NEW_ACCESS_H_
#define VIGIL_SYNC_TRANSPORT_NEW_ACCESS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/p256.h"
#include "sync/transport/access_calls.h"
#include "sync/transport/access_state.h"
#include "sync/transport/program_access.h"

// How a program becomes known: what it makes by itself, and what it keeps of the answer.

namespace vigil::transport {

struct Enrolment {
  // As it was typed.
  std::string_view code;
  // What people call the phone.
  std::string label = {};
  // The device that this phone was, whose database was copied; empty: none.
  std::string formerly = {};
};
// Exchanges a one-time code for a device. Key and first refresh token are durable in `directory`
// before they are sent, so that the same code can be tried again after a lost answer; where it was
// exchanged already, no call is made. CODE_INVALID; ALREADY_INITIALISED where the directory holds
// the access that another code gave.
absl::StatusOr<AccessState> EnrolPhone(const AccessParts& parts, const std::string& directory,
                                       const Enrolment& enrolment, AccessCalls& calls);

// By which a directory is recognised that belongs to a code. CODE_INVALID: it cannot be one.
absl::StatusOr<std::string> CodeHashOf(std::string_view typed);

struct Password {
  std::string person_code;
  std::string password;
};
// Signs a person in, with a new key. The access that was there before is replaced once the register
// has answered.
absl::StatusOr<AccessState> SignInAtOffice(const AccessParts& parts, const std::string& directory,
                                           const Password& password, AccessCalls& calls);

}  // namespace vigil::transport

#endif  // VIGIL_SYNC_TRANSPORT_NEW_ACCESS_H_
