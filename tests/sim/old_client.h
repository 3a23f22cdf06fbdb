#ifndef VIGIL_TESTS_SIM_OLD_CLIENT_H_
#define VIGIL_TESTS_SIM_OLD_CLIENT_H_

#include "google/protobuf/message.h"

namespace vigil::sim {

// Takes out of a message, and out of those inside it, what the first released protocol did not
// have: what passes between an old program and a new register.
void DropNewFields(google::protobuf::Message& message);

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_OLD_CLIENT_H_
