#ifndef VIGIL_TESTS_SIM_PLAN_H_
#define VIGIL_TESTS_SIM_PLAN_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "sync/base/random.h"
#include "tests/sim/deeds.h"
#include "tests/sim/faults.h"

namespace vigil::sim {

// What a seed draws before anything happens. Each run leaves out some kinds of faults and of
// deeds: what is always on hides what needs quiet to be seen (swarm testing).
struct Plan {
  int phones = 2;
  int clerks = 2;
  int hazards = 3;
  // How long things happen before the world is calm.
  absl::Duration busy = absl::Hours(2);
  // Mean time between two deeds of one person.
  absl::Duration pause = absl::Minutes(8);
  std::uint32_t page_bytes = 4096;
  int push_operations_max = 200;
  std::int64_t push_bytes_max = 1 << 20;
  // Of the register's queue; small where the server is to be busy.
  std::size_t queue_operations_max = 10000;
  std::int64_t wal_pages_max = 4096;
  std::int64_t wal_pages_idle = 128;
  absl::Duration poll = absl::Minutes(15);
  // Probability, in one round of mischief, of a backup, and that one is thrown away.
  double backup = 0;
  double forget = 0;

  double rate(Fault kind) const { return rates[static_cast<std::size_t>(kind)]; }
  bool has(Fault kind) const { return rate(kind) > 0; }
  double weight(Deed deed) const { return weights[static_cast<std::size_t>(deed)]; }

  // Probability on each occasion; 0: left out.
  std::array<double, kFaults> rates = {};
  std::array<double, kDeeds> weights = {};
};

Plan DrawPlan(Random& random, const FaultSet& allowed);
// Backups and restores, drawn apart, so that a seed without them tells what it always told.
void DrawRestores(Random& random, const FaultSet& allowed, Plan& plan);

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_PLAN_H_
