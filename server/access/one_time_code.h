#ifndef VIGIL_SERVER_ACCESS_ONE_TIME_CODE_H_
#define VIGIL_SERVER_ACCESS_ONE_TIME_CODE_H_

#include <string_view>

#include "sync/base/hash.h"

namespace vigil::access {

// What the register keeps of a one-time code in its canonical form (sync/base/one_time_code.h).
Sha256 CodeHash(std::string_view code);

}  // namespace vigil::access

#endif  // VIGIL_SERVER_ACCESS_ONE_TIME_CODE_H_
