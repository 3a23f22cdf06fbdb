#ifndef VIGIL_TESTS_SIM_NETWORK_H_
#define VIGIL_TESTS_SIM_NETWORK_H_

#include <functional>

#include "absl/time/time.h"
#include "tests/sim/world.h"

namespace vigil::sim {

// What lies between one phone and the server: loses, doubles, delays and reorders what is sent,
// and is cut for a while. A message that is lost is lost silently.
class Line {
 public:
  enum class Kind : std::uint8_t {
    // May come twice.
    kCall,
    // Comes once at most: an answer, or a part of a stream.
    kOnce,
  };

  Line(World& world, std::string name) : world_(world), name_(std::move(name)) {}

  // Calls `deliver` for each copy that arrives. False: it is certain that none does.
  bool Send(Kind kind, std::function<void()> deliver);
  // No signal from now on, for so long.
  void Cut(absl::Duration duration);
  bool is_cut() const { return world_.now() < cut_until_; }
  const std::string& name() const { return name_; }

 private:
  absl::Duration Latency();
  void Deliver(const std::function<void()>& deliver);

  World& world_;
  const std::string name_;
  absl::Time cut_until_ = absl::InfinitePast();
  absl::Time last_arrival_ = absl::InfinitePast();
};

}  // namespace vigil::sim

#endif  // VIGIL_TESTS_SIM_NETWORK_H_
