#include "tests/sim/plan.h"

#include <algorithm>

namespace vigil::sim {
namespace {

struct FaultRate {
  Fault kind;
  // Least and greatest probability on each occasion, where a seed has it at all.
  double least;
  double most;
};

// An occasion is a message, an I/O failure's turn, a person's deed, or one round of mischief.
constexpr FaultRate kRates[] = {
    {Fault::kMessageLost, 0.01, 0.2},
    {Fault::kMessageDoubled, 0.02, 0.3},
    {Fault::kMessageReordered, 0.02, 0.3},
    {Fault::kMessageDelayed, 0.01, 0.1},
    {Fault::kStreamBroken, 0.02, 0.2},
    {Fault::kPartition, 0.1, 0.5},
    {Fault::kPhonePowerFails, 0.02, 0.2},
    {Fault::kPhoneKilled, 0.02, 0.2},
    {Fault::kPhoneDiesInWrite, 0.05, 0.4},
    {Fault::kServerPowerFails, 0.02, 0.2},
    {Fault::kServerKilled, 0.02, 0.2},
    {Fault::kServerDiesInWrite, 0.05, 0.4},
    {Fault::kTornWrite, 0.3, 0.7},
    {Fault::kDiesWhileStarting, 0.05, 0.4},
    {Fault::kPhoneSyncFails, 0.05, 0.3},
    {Fault::kServerSyncFails, 0.05, 0.3},
    {Fault::kPhoneDiskFull, 0.05, 0.3},
    {Fault::kServerDiskFull, 0.05, 0.2},
    {Fault::kServerBusy, 1, 1},
    {Fault::kClockOff, 0.5, 1},
    {Fault::kClockJumps, 0.05, 0.3},
    {Fault::kClockRunsBack, 0.05, 0.3},
    {Fault::kServerClockJumps, 0.05, 0.2},
    {Fault::kServerClockRunsBack, 0.05, 0.2},
    {Fault::kRoleGiven, 0.05, 0.3},
    {Fault::kRoleTaken, 0.05, 0.3},
    {Fault::kUnitMoves, 0.05, 0.2},
    {Fault::kHazardMoves, 0.05, 0.3},
    {Fault::kDeviceRevoked, 0.01, 0.04},
    {Fault::kHandedOver, 0.05, 0.3},
    {Fault::kOutboxByFile, 0.05, 0.3},
    {Fault::kOldForm, 0.1, 0.6},
    {Fault::kHostile, 0.05, 0.5},
    {Fault::kOldClient, 0.2, 0.6},
};
constexpr FaultRate kRestoreRates[] = {
    {Fault::kRestore, 0.05, 0.25},
    {Fault::kOlderRestore, 0.05, 0.25},
    {Fault::kRestoreCutOff, 0.2, 0.7},
};
static_assert(std::size(kRates) + std::size(kRestoreRates) == kFaults);

std::uint64_t Between(Random& random, std::uint64_t least, std::uint64_t most) {
  return least + random.Below(most - least + 1);
}

void DrawRate(Random& random, const FaultRate& rate, double kept, const FaultSet& allowed,
              Plan& plan) {
  const bool has = random.Chance(kept);
  const double drawn = rate.least + (rate.most - rate.least) * random.Unit();
  const auto index = static_cast<std::size_t>(rate.kind);
  if (has && allowed.test(index)) plan.rates[index] = drawn;
}

}  // namespace

Plan DrawPlan(Random& random, const FaultSet& allowed) {
  Plan plan;
  plan.phones =
      static_cast<int>(random.Chance(0.2) ? Between(random, 5, 8) : Between(random, 2, 4));
  plan.clerks = static_cast<int>(Between(random, 1, 3));
  plan.hazards = static_cast<int>(Between(random, 1, 6));
  plan.busy = absl::Minutes(Between(random, 40, 240));
  plan.pause = absl::Minutes(Between(random, 4, 15));
  constexpr std::uint32_t kPages[] = {4096, 4096, 8192, 65536};
  plan.page_bytes = kPages[random.Below(std::size(kPages))];
  constexpr int kPushes[] = {1, 2, 5, 200};
  plan.push_operations_max = kPushes[random.Below(std::size(kPushes))];
  if (random.Chance(0.2)) plan.push_bytes_max = 1000;
  // So small that checkpoints happen all the time.
  if (random.Chance(0.5)) {
    plan.wal_pages_idle = 1;
    plan.wal_pages_max = static_cast<std::int64_t>(Between(random, 5, 100));
  }
  plan.poll = absl::Minutes(Between(random, 2, 15));
  const double kept = 0.3 + 0.6 * random.Unit();
  for (const FaultRate& rate : kRates) DrawRate(random, rate, kept, allowed, plan);
  if (plan.has(Fault::kServerBusy)) plan.queue_operations_max = Between(random, 1, 4);
  const double deeds = 0.4 + 0.6 * random.Unit();
  for (double& weight : plan.weights) {
    if (random.Chance(deeds)) weight = 0.2 + random.Unit();
  }
  // Without these there would soon be nothing to do.
  for (const Deed deed : {Deed::kReport, Deed::kConfirm}) {
    plan.weights[static_cast<std::size_t>(deed)] += 0.5;
  }
  return plan;
}

// An old client is today's program behind a filter, which takes the kept heads from its greeting:
// after a restore the register could not prove them, and the program would insist on that.
void DrawRestores(Random& random, const FaultSet& allowed, Plan& plan) {
  const bool has_restores = random.Chance(plan.has(Fault::kOldClient) ? 0.3 : 0.7);
  for (const FaultRate& rate : kRestoreRates) {
    constexpr double kKept = 0.7;
    DrawRate(random, rate, has_restores ? kKept : 0, allowed, plan);
  }
  const double backup = 0.2 + 0.4 * random.Unit();
  const double forget = random.Chance(0.5) ? 0.2 * random.Unit() : 0;
  const bool restores = plan.has(Fault::kRestore) || plan.has(Fault::kOlderRestore);
  if (restores) plan.rates[static_cast<std::size_t>(Fault::kOldClient)] = 0;
  if (restores || random.Chance(0.3)) {
    plan.backup = backup;
    plan.forget = forget;
  }
}

}  // namespace vigil::sim
