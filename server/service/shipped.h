#ifndef VIGIL_SERVER_SERVICE_SHIPPED_H_
#define VIGIL_SERVER_SERVICE_SHIPPED_H_

#include <string_view>

// Files of deploy/config as they were when the program was built.

namespace vigil::service {

std::string_view ShippedWorkingDays();
std::string_view ShippedLadder();

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_SHIPPED_H_
