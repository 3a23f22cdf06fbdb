#ifndef VIGIL_TESTS_FAULT_FAILURE_POINTS_H_
#define VIGIL_TESTS_FAULT_FAILURE_POINTS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "tests/support/sim_vfs.h"

// A scenario is run again and again; each time another call to the disk, or another allocation in
// SQLite, fails: the first, the second, ... until a run passes without.

namespace vigil::testing {

// What fails in one run: the call after so many others, once or from then on.
class Failure {
 public:
  // What is left on the disk afterwards.
  enum class Death { kProcess, kPower };

  // From here on; until End, or the end of the run.
  void Begin(SimVfs& disk);
  void End();
  bool struck() const { return struck_; }

  // How the scenario's program ends when it ends: both ways come.
  Death death() const { return death_; }
  void Die(SimVfs& disk) const;
  // For messages.
  std::string ToString() const;

 private:
  friend struct FailurePoints;
  struct Kind {
    const char* name;
    bool memory;
    SimVfs::Fault fault;
  };
  static const Kind kKinds[];

  const Kind* kind_ = nullptr;
  std::int64_t after_ = 0;
  Death death_ = Death::kProcess;
  SimVfs* disk_ = nullptr;
  bool struck_ = false;
};

// Runs `scenario` for every point of every kind, those of the disk with both deaths; of very many
// allocations some are left out unless VIGIL_TEST_SCALE is above 1. Ends with the first run in
// which the test has failed. Returns in how many something failed, and prints it.
std::int64_t ForEachFailure(const std::function<void(Failure&)>& scenario);

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_FAULT_FAILURE_POINTS_H_
