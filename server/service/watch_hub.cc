#include "server/service/watch_hub.h"

#include <map>
#include <utility>

namespace vigil::service {

WatchHub::Token WatchHub::Subscribe(const std::vector<Uuid>& units, Notify notify) {
  MutexLock lock(mutex_);
  const Token token = next_++;
  listeners_[token] = {units, std::make_shared<const Notify>(std::move(notify))};
  for (const Uuid& unit : units) by_unit_[unit].insert(token);
  return token;
}

void WatchHub::Update(Token token, const std::vector<Uuid>& units) {
  MutexLock lock(mutex_);
  const auto found = listeners_.find(token);
  if (found == listeners_.end()) return;
  Detach(token, found->second.units);
  found->second.units = units;
  for (const Uuid& unit : units) by_unit_[unit].insert(token);
}

void WatchHub::Unsubscribe(Token token) {
  MutexLock lock(mutex_);
  const auto found = listeners_.find(token);
  if (found == listeners_.end()) return;
  Detach(token, found->second.units);
  listeners_.erase(found);
}

void WatchHub::Detach(Token token, const std::vector<Uuid>& units) {
  for (const Uuid& unit : units) {
    const auto found = by_unit_.find(unit);
    if (found == by_unit_.end()) continue;
    found->second.erase(token);
    if (found->second.empty()) by_unit_.erase(found);
  }
}

void WatchHub::Publish(const registry::Committed& committed) {
  bool everybodys = false;
  // In the order in which they began to listen, whatever the order of a hash table.
  std::map<Token, std::shared_ptr<const Notify>> woken;
  {
    MutexLock lock(mutex_);
    for (const Uuid& unit : committed.units) everybodys |= unit.is_nil();
    if (everybodys) {
      for (const auto& [token, listener] : listeners_) woken.emplace(token, listener.notify);
    } else {
      for (const Uuid& unit : committed.units) {
        const auto found = by_unit_.find(unit);
        if (found == by_unit_.end()) continue;
        for (const Token token : found->second) woken.emplace(token, listeners_.at(token).notify);
      }
    }
  }
  for (const auto& [token, notify] : woken) (*notify)(committed.head, everybodys);
}

std::size_t WatchHub::listeners() const {
  MutexLock lock(mutex_);
  return listeners_.size();
}

}  // namespace vigil::service
