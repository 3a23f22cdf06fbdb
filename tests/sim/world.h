#ifndef VIGIL_TESTS_SIM_WORLD_H_
#define VIGIL_TESTS_SIM_WORLD_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/base/random.h"
#include "tests/sim/faults.h"
#include "tests/sim/plan.h"
#include "tests/support/sim_executor.h"

namespace vigil::sim {

// What all parts of one simulated run share: virtual time, one random sequence, the plan that the
// seed drew, the trace, the book of faults, and what was found to be wrong. One thread.
class World {
 public:
  struct Options {
    std::uint64_t seed = 1;
    // Faults that may be drawn; all by default.
    FaultSet allowed = AllFaults();
    // Prints every event.
    bool verbose = false;
  };
  explicit World(const Options& options);

  std::uint64_t seed() const { return options_.seed; }
  testing::SimExecutor& executor() { return executor_; }
  Random& random() { return random_; }
  const Plan& plan() const { return plan_; }
  absl::Time now() const { return executor_.Now(); }
  std::string NewId() { return MakeUuidV7(now(), random_).ToString(); }
  // Uniform between the two, in whole microseconds, as virtual time goes.
  absl::Duration Between(absl::Duration least, absl::Duration most) {
    return absl::Trunc(least + (most - least) * random_.Unit(), absl::Microseconds(1));
  }

  // Whether a fault of this kind happens now; never once the world is calm.
  bool Draw(Fault kind) { return !calm_ && random_.Chance(plan_.rate(kind)); }
  // It has happened.
  void Note(Fault kind, std::string_view who);
  // From now on nothing goes wrong: what is left must settle.
  void Calm() { calm_ = true; }
  bool calm() const { return calm_; }

  // One line of what happens; the trace's hash is over all of them.
  void Trace(std::string_view who, std::string_view what);
  Sha256 TraceHash() { return trace_.Finish(); }

  // A promise was broken. The run goes on.
  void Violation(std::string_view checker, std::string_view what);
  const std::vector<std::string>& violations() const { return violations_; }

  const FaultCounts& counts() const { return counts_; }
  std::int64_t operations = 0;

 private:
  const Options options_;
  SeededRandom random_;
  const Plan plan_;
  testing::SimExecutor executor_;
  Sha256Hasher trace_;
  FaultCounts counts_ = {};
  std::vector<std::string> violations_;
  bool calm_ = false;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_WORLD_H_
