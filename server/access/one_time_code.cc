#include "server/access/one_time_code.h"

namespace vigil::access {

Sha256 CodeHash(std::string_view code) { return Sha256Of({"vigil/code/", code}); }

}  // namespace vigil::access
