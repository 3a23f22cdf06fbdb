#include "tests/sim/network.h"

#include <algorithm>
#include <utility>

namespace vigil::sim {

absl::Duration Line::Latency() {
  if (world_.Draw(Fault::kMessageDelayed)) {
    world_.Note(Fault::kMessageDelayed, name_);
    return world_.Between(absl::Seconds(20), absl::Minutes(10));
  }
  absl::Duration latency = world_.Between(absl::Milliseconds(20), absl::Milliseconds(200));
  if (world_.Draw(Fault::kMessageReordered)) {
    latency += world_.Between(absl::ZeroDuration(), absl::Seconds(5));
  }
  return latency;
}

void Line::Deliver(const std::function<void()>& deliver) {
  const absl::Time arrival = world_.now() + Latency();
  // What comes late anyhow, does so as a delayed one.
  constexpr absl::Duration kLate = absl::Seconds(10);
  if (world_.plan().has(Fault::kMessageReordered) && arrival < last_arrival_ &&
      last_arrival_ < arrival + kLate) {
    world_.Note(Fault::kMessageReordered, name_);
  }
  last_arrival_ = std::max(last_arrival_, arrival);
  world_.executor().PostAt(arrival, [this, deliver] {
    if (!is_cut()) deliver();
  });
}

bool Line::Send(Kind kind, std::function<void()> deliver) {
  if (is_cut()) return false;
  if (world_.Draw(Fault::kMessageLost)) {
    world_.Note(Fault::kMessageLost, name_);
    return false;
  }
  if (kind == Kind::kCall && world_.Draw(Fault::kMessageDoubled)) {
    world_.Note(Fault::kMessageDoubled, name_);
    Deliver(deliver);
  }
  Deliver(deliver);
  return true;
}

void Line::Cut(absl::Duration duration) {
  world_.Note(Fault::kPartition, name_);
  cut_until_ = std::max(cut_until_, world_.now() + duration);
}

}  // namespace vigil::sim
