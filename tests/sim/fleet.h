#ifndef VIGIL_TESTS_SIM_FLEET_H_
#define VIGIL_TESTS_SIM_FLEET_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/acknowledged.h"
#include "tests/sim/book.h"
#include "tests/sim/cast.h"
#include "tests/sim/checkers.h"
#include "tests/sim/confirmed.h"
#include "tests/sim/epochs.h"
#include "tests/sim/mischief.h"
#include "tests/sim/people.h"
#include "tests/sim/phone.h"
#include "tests/sim/regained.h"
#include "tests/sim/safe.h"
#include "tests/sim/server.h"
#include "tests/sim/siblings.h"
#include "tests/sim/waits.h"
#include "tests/sim/world.h"

namespace vigil::sim {

// One simulated run: a server, phones, people, mischief and checkers, all in one thread under one
// seed. First everything happens; then the world is calm, and everything must settle.
class Fleet {
 public:
  struct Result {
    std::int64_t operations = 0;
    FaultCounts faults = {};
    std::string trace_hash;
    std::vector<std::string> violations;
  };

  explicit Fleet(const World::Options& options);
  Result Run();

 private:
  void Connect();
  void MakePhones();
  void Busy();
  void Calm();
  // Each phone has had a whole session since it had so many, at the register's head, and nothing
  // waits but what was deferred.
  bool IsSettled(const std::vector<std::int64_t>& since);
  // It runs, its user is known, and its last session went through in today's epoch.
  bool IsBack(Phone& phone);
  void CheckPhone(Phone& phone);
  void CheckRegister();
  void CheckEnd();

  World world_;
  Book book_;
  Epochs epochs_;
  AcknowledgedWork acknowledged_;
  ConfirmedVersions confirmed_;
  WholeLog log_;
  Conservation conservation_;
  SameRecords same_;
  Siblings siblings_;
  Regained regained_;
  Waits waits_;
  Server server_;
  std::unique_ptr<Cast> cast_;
  std::unique_ptr<Safe> safe_;
  std::vector<std::unique_ptr<Phone>> phones_;
  std::vector<std::unique_ptr<PhoneUser>> users_;
  std::vector<std::unique_ptr<Clerk>> clerks_;
  std::unique_ptr<Clerk> administrator_;
  std::unique_ptr<Mischief> mischief_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_FLEET_H_
