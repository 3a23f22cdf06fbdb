#ifndef VIGIL_SERVER_SERVICE_OPEN_STREAMS_H_
#define VIGIL_SERVER_SERVICE_OPEN_STREAMS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/access/authenticator.h"
#include "server/access/principal.h"
#include "sync/base/mutex.h"

namespace vigil::service {

// The streams that are open, and whose they are: a stream must not outlive what let it in.
// Thread-safe.
class OpenStreams {
 public:
  using Caller = std::shared_ptr<const access::Principal>;
  // Ends a stream; any thread, also when it has ended already.
  using End = std::function<void(const absl::Status&)>;
  // A place among the streams of the caller's device and of his own, free again when the last copy
  // goes.
  using Ticket = std::shared_ptr<void>;

  struct Limits {
    std::uint32_t per_device_max = 8;
    std::uint32_t per_person_max = 32;
  };

  // The authenticator must outlive this, and this the tickets.
  OpenStreams(access::Authenticator& authenticator, const Limits& limits)
      : authenticator_(authenticator), limits_(limits) {}

  // RATE_LIMITED where the device or its person has too many, SHUTTING_DOWN after Close. The caller
  // is looked at again, as by LookAgain: what let him in may have been revoked since, before his
  // stream stood among those that are open.
  absl::StatusOr<Ticket> Open(const Caller& caller, End end, absl::Time now)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends the streams of those who would not be let in any more, and (OUT_OF_SCOPE) of those whose
  // roles are others now: they open new ones with what they may see today.
  void LookAgain(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends all of them, and lets no more begin.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Stream {
    Caller caller;
    End end;
  };

  absl::StatusOr<Ticket> Add(const Caller& caller, End end) ABSL_LOCKS_EXCLUDED(mutex_);
  // OK: he may go on.
  absl::Status Look(const access::Principal& caller, absl::Time now);
  void Forget(std::uint64_t number) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::flat_hash_map<std::uint64_t, Stream> Copy() ABSL_LOCKS_EXCLUDED(mutex_);

  access::Authenticator& authenticator_;
  const Limits limits_;

  Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::uint64_t next_ ABSL_GUARDED_BY(mutex_) = 1;
  absl::flat_hash_map<std::uint64_t, Stream> streams_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::uint32_t> by_device_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, std::uint32_t> by_person_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_OPEN_STREAMS_H_
