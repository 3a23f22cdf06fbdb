#ifndef VIGIL_SERVER_ACCESS_PASSWORD_H_
#define VIGIL_SERVER_ACCESS_PASSWORD_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/random.h"

// Passwords of office users: argon2id (RFC 9106), salted. What a check costs is paid by whoever
// guesses; callers see to it that not many run at once.

namespace vigil::access {

struct PasswordCost {
  // About a tenth of a second on one core.
  std::uint32_t memory_kib = 64 * 1024;
  std::uint32_t passes = 2;
};

// The hash with its salt and costs, as text ("$argon2id$v=19$m=…"). RESOURCE_EXHAUSTED: no memory.
absl::StatusOr<std::string> HashPassword(std::string_view password, const PasswordCost& cost,
                                         Random& random);

// Costs what the hash says. False for a hash that cannot be read, too.
bool PasswordMatches(std::string_view password, const std::string& hash);

// A new password has 12 to 256 characters, is UTF-8, does not hold the person's code, and has more
// than five different characters, each of which can be seen, and so typed again: no controls (C0,
// C1), line or paragraph separators, zero widths, directions, variation selectors, tags or
// noncharacters. Blanks of every kind are taken. PASSWORD_TOO_WEAK says what to mend.
absl::Status CheckNewPassword(std::string_view password, std::string_view person_code);

}  // namespace vigil::access

#endif  // VIGIL_SERVER_ACCESS_PASSWORD_H_
