#ifndef VIGIL_TESTS_SIM_MISCHIEF_H_
#define VIGIL_TESTS_SIM_MISCHIEF_H_

#include <memory>
#include <vector>

#include "tests/sim/cast.h"
#include "tests/sim/people.h"
#include "tests/sim/phone.h"
#include "tests/sim/safe.h"
#include "tests/sim/server.h"

namespace vigil::sim {

// What goes wrong by itself: once in a while it looks at each machine and draws, kind by kind,
// whether this happens to it now. Ends when the world is calm.
class Mischief {
 public:
  struct Parts {
    Server& server;
    Safe& safe;
    Cast& cast;
    // In step with each other.
    std::vector<std::unique_ptr<Phone>>& phones;
    std::vector<std::unique_ptr<PhoneUser>>& users;
    // Makes the administrator's and the office's changes of scope.
    Clerk& administrator;
    Clerk& office;
  };
  explicit Mischief(const Parts& parts) : parts_(parts), world_(parts.server.world()) {}

  void Begin();

 private:
  void Round();
  void ToServer();
  void ToSafe();
  void ToPhone(std::size_t index);
  void ToPhoneDisk(Phone& phone);
  void ToPhoneClock(Phone& phone);
  void HandOver(std::size_t index);
  void ToScopes();
  void GiveRole();
  void TakeRole();
  void MoveUnit();
  void MoveHazard();
  void RevokeDevice();

  Parts parts_;
  World& world_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_MISCHIEF_H_
