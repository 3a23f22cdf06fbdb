#ifndef VIGIL_SYNC_BASE_ONE_TIME_CODE_H_
#define VIGIL_SYNC_BASE_ONE_TIME_CODE_H_

#include <optional>
#include <string>
#include <string_view>

#include "sync/base/random.h"

// One-time codes, which people read from a screen, say on the telephone and type with wet hands.

namespace vigil {

// Crockford's base 32: digits and capital letters without I, L, O and U, which are misread.
inline constexpr std::string_view kCrockfordDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

// 80 random bits as 16 of these digits in groups of four, "7K2M-…".
std::string MakeOneTimeCode(Random& random);

// A one-time code that somebody typed, as it was made. Small letters, blanks and missing dashes are
// forgiven, and I and L for 1, O for 0. Nullopt: this cannot be a code.
std::optional<std::string> CanonicalCode(std::string_view typed);

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_ONE_TIME_CODE_H_
