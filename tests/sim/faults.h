#ifndef VIGIL_TESTS_SIM_FAULTS_H_
#define VIGIL_TESTS_SIM_FAULTS_H_

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vigil::sim {

// Everything that the simulation does to a fleet. Each kind is counted when it strikes.
enum class Fault : std::uint8_t {
  kMessageLost,
  kMessageDoubled,
  kMessageReordered,
  kMessageDelayed,
  kStreamBroken,
  kPartition,
  kPhonePowerFails,
  kPhoneKilled,
  kPhoneDiesInWrite,
  kServerPowerFails,
  kServerKilled,
  kServerDiesInWrite,
  kTornWrite,
  kDiesWhileStarting,
  kPhoneSyncFails,
  kServerSyncFails,
  kPhoneDiskFull,
  kServerDiskFull,
  kServerBusy,
  kClockOff,
  kClockJumps,
  kClockRunsBack,
  kServerClockJumps,
  kServerClockRunsBack,
  kRoleGiven,
  kRoleTaken,
  kUnitMoves,
  kHazardMoves,
  kDeviceRevoked,
  kHandedOver,
  kOutboxByFile,
  kOldForm,
  kHostile,
  kOldClient,
  kRestore,
  kOlderRestore,
  kRestoreCutOff,
  kCount,
};

inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::kCount);
using FaultCounts = std::array<std::int64_t, kFaults>;
using FaultSet = std::bitset<kFaults>;

inline FaultSet AllFaults() { return FaultSet().set(); }

// Its name on the command line, such as "message-lost", and what it is.
std::string_view NameOf(Fault kind);
std::string_view TextOf(Fault kind);
std::optional<Fault> FindFault(std::string_view name);

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_FAULTS_H_
