#ifndef VIGIL_SYNC_ENGINE_SESSION_H_
#define VIGIL_SYNC_ENGINE_SESSION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "sync/base/executor.h"
#include "sync/base/p256.h"
#include "sync/engine/transport.h"
#include "sync/engine/tuning.h"
#include "sync/replica/replica.h"

namespace vigil::engine {

// What one attempt did. Whatever it stored before it failed stays stored.
struct SessionReport {
  // OK: everything that was possible was done (deferred and refused operations are no failure).
  absl::Status status;
  // The return of copies alone failed; push and pull went on.
  absl::Status copies_status;
  // The push alone failed; the pull went on.
  absl::Status push_status;
  // Copies that a restored register has taken.
  std::int64_t copies_returned = 0;
  replica::OutcomeCounts outcomes;
  std::int64_t pages = 0;
  std::int64_t records = 0;
  std::int64_t departures = 0;
  // Buckets that differed and were repaired.
  std::int64_t repaired = 0;
  // The replica's digest equals the register's of the last page.
  bool digest_equal = false;
  bool complete = false;
};

// One attempt to be in step with the register: hello, return of copies, push, pull, digest.
// Resumable: each page is stored with the cursor that follows it, each answer when it comes, so
// that the next attempt goes on where this one broke off. A return or a push that fails does not
// stop what follows. Nothing is taken whose head or epoch the register's key has not signed
// (SIGNATURE_INVALID), or whose log does not continue what was seen of it (HISTORY_CHANGED).
class Session {
 public:
  struct Parts {
    replica::Replica& replica;
    Transport& transport;
    Executor& executor;
    // Of the device; signs its pushes.
    Signer& signer;
    // Of the register; signs its heads and the epochs that restores begin. As enrolment gave it.
    P256PublicKey register_key;
  };
  struct Options {
    Tuning tuning;
    // "vigil-field/1.0.0"
    std::string client;
    // Called when pages have been stored, with the number of records still to come, as far as
    // known.
    std::function<void(const SessionReport&, std::uint64_t remaining)> on_progress;
  };
  using Done = std::function<void(const SessionReport&)>;

  // Begins at once; `done` is called once, as a task of the executor. The parts must stay until
  // then; letting go of the session does not end it.
  static std::shared_ptr<Session> Start(const Parts& parts, Options options, Done done);

  virtual ~Session() = default;

  // Ends it with CANCELLED. The parts may go once this has returned.
  virtual void Cancel() = 0;
};

}  // namespace vigil::engine

#endif  // VIGIL_SYNC_ENGINE_SESSION_H_
