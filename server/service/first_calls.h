#ifndef VIGIL_SERVER_SERVICE_FIRST_CALLS_H_
#define VIGIL_SERVER_SERVICE_FIRST_CALLS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "server/service/peer_address.h"
#include "sync/base/mutex.h"

namespace vigil::service {

// Connections of which nobody has been let in yet: they may be anybody's. gRPC gathers the messages
// of a connection before any handler sees them, so whoever begins many and finishes none would hold
// memory for nothing. Here a connection has to bring a call that is let in before it is too old,
// has sent too much, or is one of too many of one address. Calls that are open to anybody prove
// nothing, and do not count. Thread-safe.
class FirstCalls {
 public:
  struct Limits {
    absl::Duration age_max = absl::Seconds(60);
    // From the first byte of the handshake on.
    std::uint64_t bytes_max = 5 * 1024 * 1024;
    // Beyond it the oldest of the address has to go.
    std::uint32_t per_address_max = 64;
  };

  explicit FirstCalls(const Limits& limits) : limits_(limits) {}

  // A new connection; the descriptor must stay open until Ended.
  void Began(const PeerAddress& peer, int descriptor, absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);
  // Somebody was let in.
  void Came(const PeerAddress& peer) ABSL_LOCKS_EXCLUDED(mutex_);
  void Ended(const PeerAddress& peer, int descriptor) ABSL_LOCKS_EXCLUDED(mutex_);

  // Shuts down what is too old or has sent too much.
  void EndOverdue(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

  // Connections that wait; how many were ended since the start.
  std::size_t waiting() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::uint64_t ended() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Since when each waits. By the descriptor, too: connections from one port to two addresses of
  // ours have the same peer.
  using Waiting = std::map<std::pair<PeerAddress, int>, absl::Time>;

  void EndOldestBeyondLimit(const std::string& household) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(Waiting::iterator connection) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  mutable Mutex mutex_;
  Waiting waiting_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t ended_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_FIRST_CALLS_H_
