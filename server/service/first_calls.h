#ifndef VIGIL_SERVER_SERVICE_FIRST_CALLS_H_
#define VIGIL_SERVER_SERVICE_FIRST_CALLS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "server/service/peer_address.h"
#include "sync/base/mutex.h"

namespace vigil::service {

// Connections of which nobody has been let in yet: they may be anybody's. gRPC gathers the messages
// of a connection before any handler sees them, so whoever begins many and finishes none would hold
// memory for nothing. Here a connection has to bring a call that is let in before it is too old or
// has sent too much, alone or together with others of its address. Five hundred phones that come
// back at once behind one address send little; what is bounded is what they cost. Calls that are
// open to anybody prove nothing, and do not count. Thread-safe.
class FirstCalls {
 public:
  struct Limits {
    absl::Duration age_max = absl::Seconds(60);
    // From the first byte of the handshake on.
    std::uint64_t bytes_max = 5 * 1024 * 1024;
    // Of all that wait of one address; beyond it those that have sent most have to go.
    std::uint64_t address_bytes_max = 64 * 1024 * 1024;
  };
  // What the other end of a connection has sent.
  using BytesReceived = std::function<std::uint64_t(int descriptor)>;

  explicit FirstCalls(const Limits& limits, BytesReceived bytes_received = BytesOfTcp)
      : limits_(limits), bytes_received_(std::move(bytes_received)) {}

  // 0 where the system does not say.
  static std::uint64_t BytesOfTcp(int descriptor);

  // A new connection; the descriptor must stay open until Ended.
  void Began(const PeerAddress& peer, int descriptor, absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);
  // Somebody was let in.
  void Came(const PeerAddress& peer) ABSL_LOCKS_EXCLUDED(mutex_);
  void Ended(const PeerAddress& peer, int descriptor) ABSL_LOCKS_EXCLUDED(mutex_);

  // Shuts down what is too old or has sent too much. To be called often: what comes in between is
  // beyond the limits.
  void EndOverdue(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

  // Connections that wait; how many were ended since the start.
  std::size_t waiting() const ABSL_LOCKS_EXCLUDED(mutex_);
  std::uint64_t ended() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Since when each waits. By the descriptor, too: connections from one port to two addresses of
  // ours have the same peer.
  using Waiting = std::map<std::pair<PeerAddress, int>, absl::Time>;

  void End(Waiting::iterator connection) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Limits limits_;
  const BytesReceived bytes_received_;
  mutable Mutex mutex_;
  Waiting waiting_ ABSL_GUARDED_BY(mutex_);
  std::uint64_t ended_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_FIRST_CALLS_H_
