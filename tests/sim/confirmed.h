#ifndef VIGIL_TESTS_SIM_CONFIRMED_H_
#define VIGIL_TESTS_SIM_CONFIRMED_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/sim/epochs.h"
#include "tests/sim/phone.h"
#include "tests/sim/world.h"

namespace vigil::sim {

struct Held {
  std::uint64_t version = 0;
  // Serialised v1::Record.
  std::string bytes;
};

// What is in the phone's file, by record, read past the replica.
absl::StatusOr<std::map<std::string, Held>> ReadHeld(Phone& phone);

// Confirmed state never goes back: of each record that a phone holds, the version never decreases
// within an epoch. A record may leave, and come back with what it had or more. Where a declared
// restore has come between, what both epochs share still holds, and only what lies beyond may be
// gone; what the phone then held of that is written down here.
class ConfirmedVersions {
 public:
  ConfirmedVersions(World& world, const Epochs& epochs) : world_(world), epochs_(epochs) {}
  // Inside Enter; whenever something may have come, and before each greeting.
  void Check(Phone& phone);

  // A copy that a phone held when it went back.
  struct LeftBehind {
    const Phone* phone = nullptr;
    std::string record;
    std::string epoch;
    Held held;
  };
  const std::vector<LeftBehind>& left_behind() const { return left_behind_; }
  // Whether some phone left exactly this behind, or holds it and may just be doing so.
  bool WasLeftBehind(const std::string& record, const std::string& bytes) const;

 private:
  // Changes whenever the phone's file may have.
  struct FileState {
    std::uint64_t life = 0;
    std::int64_t bytes_written = 0;

    friend bool operator==(const FileState&, const FileState&) = default;
  };
  struct Sight {
    FileState file;
    std::string epoch;
    // Greatest version of each record in this epoch.
    std::map<std::string, std::uint64_t> versions;
    // At the last look.
    std::map<std::string, Held> held;
  };
  void GoBack(const Phone& phone, const std::string& epoch, Sight& sight);

  World& world_;
  const Epochs& epochs_;
  std::map<std::string, Sight> sights_;
  std::vector<LeftBehind> left_behind_;
  std::set<std::string> copies_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_CONFIRMED_H_
