#include "tests/sim/epochs.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace vigil::sim {

void Epochs::Told(const std::vector<v1::Epoch>& lineage) {
  if (lineage.empty()) return world_.Violation("epochs", "the register has none");
  const std::string& told = lineage.front().id();
  if (nodes_.empty()) nodes_[told] = {};
  if (!nodes_.contains(told)) {
    return world_.Violation("epochs", absl::StrCat(told, ": nobody declared it"));
  }
  if (told != current_ && nodes_[told].was_in_force) {
    world_.Violation("epochs", absl::StrCat("the register is back in ", told));
  }
  const std::vector<std::string> known = LineageOf(told);
  bool same = known.size() == lineage.size();
  for (std::size_t i = 0; same && i < known.size(); ++i) {
    const Node& node = nodes_.at(known[i]);
    same = lineage[i].id() == known[i] && lineage[i].parent() == node.parent &&
           lineage[i].back_to_seq() == node.back_to;
  }
  if (!same) world_.Violation("epochs", absl::StrCat(told, ": another lineage than was declared"));
  nodes_[told].was_in_force = true;
  current_ = told;
}

bool Epochs::Knows(const std::string& id) const {
  const auto found = nodes_.find(id);
  return found != nodes_.end() && found->second.was_in_force;
}

std::vector<std::string> Epochs::LineageOf(const std::string& id) const {
  std::vector<std::string> lineage;
  for (auto node = nodes_.find(id); node != nodes_.end(); node = nodes_.find(node->second.parent)) {
    lineage.push_back(node->first);
  }
  return lineage;
}

// Up from each to the nearest common ancestor: every restore on the way cuts off what came after.
std::uint64_t Epochs::Shared(const std::string& a, const std::string& b) const {
  const std::vector<std::string> above_a = LineageOf(a);
  const std::vector<std::string> above_b = LineageOf(b);
  std::uint64_t shared = kAll;
  const auto common =
      std::find_first_of(above_a.begin(), above_a.end(), above_b.begin(), above_b.end());
  if (common == above_a.end()) return 0;
  for (const std::vector<std::string>* const above : {&above_a, &above_b}) {
    for (const std::string& id : *above) {
      if (id == *common) break;
      shared = std::min(shared, nodes_.at(id).back_to);
    }
  }
  return shared;
}

std::string Epochs::EpochOf(std::uint64_t seq) const {
  for (const std::string& id : LineageOf(current_)) {
    const Node& node = nodes_.at(id);
    if (seq > node.back_to || node.parent.empty()) return id;
  }
  return current_;
}

}  // namespace vigil::sim
