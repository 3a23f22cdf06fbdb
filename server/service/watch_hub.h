#ifndef VIGIL_SERVER_SERVICE_WATCH_HUB_H_
#define VIGIL_SERVER_SERVICE_WATCH_HUB_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "server/register/register.h"
#include "sync/base/ids.h"
#include "sync/base/mutex.h"

namespace vigil::service {

// Tells listeners that something in their org units has changed. Cost follows the listeners of the
// changed units; a listener whose units did not change is not woken. Safe to use from several
// threads.
class WatchHub {
 public:
  // Gets the newest seq, and whether everybody's records are among the changes (org units may have
  // moved: the listener should look at its scope again). Called without the hub's lock, on the
  // thread that publishes; must be short. May still be called once just after Unsubscribe.
  using Notify = std::function<void(Seq head, bool everybodys)>;
  using Token = std::uint64_t;

  // `units` as expanded; everybody's records are always listened to.
  Token Subscribe(const std::vector<Uuid>& units, Notify notify) ABSL_LOCKS_EXCLUDED(mutex_);
  // Listens to other units from now on.
  void Update(Token token, const std::vector<Uuid>& units) ABSL_LOCKS_EXCLUDED(mutex_);
  void Unsubscribe(Token token) ABSL_LOCKS_EXCLUDED(mutex_);

  // After each commit.
  void Publish(const registry::Committed& committed) ABSL_LOCKS_EXCLUDED(mutex_);

  std::size_t listeners() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Listener {
    std::vector<Uuid> units;
    std::shared_ptr<const Notify> notify;
  };

  void Detach(Token token, const std::vector<Uuid>& units) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  Token next_ ABSL_GUARDED_BY(mutex_) = 1;
  absl::flat_hash_map<Token, Listener> listeners_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<Uuid, absl::flat_hash_set<Token>> by_unit_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_WATCH_HUB_H_
