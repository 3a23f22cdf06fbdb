#ifndef VIGIL_TESTS_SIM_EPOCHS_H_
#define VIGIL_TESTS_SIM_EPOCHS_H_

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/world.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::sim {

// The tree of epochs as the simulation knows it: it declared each restore itself, and wrote down
// which backup it went back to. What epochs share is reckoned from that, not asked of the engine.
class Epochs {
 public:
  static constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();

  explicit Epochs(World& world) : world_(world) {}

  // A restore is under way: if it succeeds, this epoch follows `parent` from `back_to` on.
  void Declare(const std::string& id, const std::string& parent, std::uint64_t back_to) {
    nodes_[id] = {parent, back_to, false};
  }
  // The register runs and says this of itself, its own epoch first.
  void Told(const std::vector<v1::Epoch>& lineage);

  // In force; empty before the register has run.
  const std::string& current() const { return current_; }
  bool Knows(const std::string& id) const;
  // The last seq that means the same in both; kAll for one and the same, 0 for strangers.
  std::uint64_t Shared(const std::string& a, const std::string& b) const;
  // In which epoch today's operation of this seq was judged.
  std::string EpochOf(std::uint64_t seq) const;
  // (epoch, seq) stands in today's log.
  bool IsInForce(const std::string& epoch, std::uint64_t seq) const {
    return seq <= Shared(epoch, current_);
  }

 private:
  struct Node {
    // Empty for the first one.
    std::string parent;
    std::uint64_t back_to = 0;
    // The register has been in it.
    bool was_in_force = false;
  };
  // The epoch and its ancestors.
  std::vector<std::string> LineageOf(const std::string& id) const;

  World& world_;
  std::map<std::string, Node> nodes_;
  std::string current_;
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_EPOCHS_H_
