#ifndef VIGIL_SERVER_ACCESS_ONE_TIME_CODE_H_
#define VIGIL_SERVER_ACCESS_ONE_TIME_CODE_H_

#include <string>
#include <string_view>

#include "sync/base/hash.h"
#include "sync/base/random.h"

// One-time codes, which people read from a screen, say on the telephone and type with wet hands.

namespace vigil::access {

// 80 random bits as 16 digits and capital letters in groups of four, "7K2M-…"; without I, L, O and
// U (Crockford's base 32); sync/base/one_time_code.h reads what is typed.
std::string MakeOneTimeCode(Random& random);

// What the register keeps of a code in its canonical form.
Sha256 CodeHash(std::string_view code);

}  // namespace vigil::access

#endif  // VIGIL_SERVER_ACCESS_ONE_TIME_CODE_H_
