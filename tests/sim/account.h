#ifndef VIGIL_TESTS_SIM_ACCOUNT_H_
#define VIGIL_TESTS_SIM_ACCOUNT_H_

#include <memory>
#include <string>

#include "tests/support/sim_key.h"
#include "vigil/v1/policy.pb.h"

namespace vigil::sim {

// Somebody with a device by which the register knows him.
struct Account {
  // "Inspector 01"
  std::string name;
  std::string device;
  std::string person;
  v1::Channel channel = v1::CHANNEL_PHONE;
  v1::Role role = v1::ROLE_UNSPECIFIED;
  // Unit of the first role.
  std::string unit;
  std::shared_ptr<testing::SimKey> key;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_ACCOUNT_H_
