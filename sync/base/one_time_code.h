#ifndef VIGIL_SYNC_BASE_ONE_TIME_CODE_H_
#define VIGIL_SYNC_BASE_ONE_TIME_CODE_H_

#include <optional>
#include <string>
#include <string_view>

namespace vigil {

// A one-time code that somebody typed, as it was made: 16 digits and capital letters of Crockford's
// base 32 in groups of four, "7K2M-…". Small letters, blanks and missing dashes are forgiven, and I
// and L for 1, O for 0. Nullopt: this cannot be a code.
std::optional<std::string> CanonicalCode(std::string_view typed);

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_ONE_TIME_CODE_H_
