#ifndef VIGIL_SYNC_ENGINE_ENGINE_H_
#define VIGIL_SYNC_ENGINE_ENGINE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sync/base/executor.h"
#include "sync/base/random.h"
#include "sync/engine/session.h"
#include "sync/engine/transport.h"
#include "sync/engine/tuning.h"
#include "sync/replica/replica.h"

namespace vigil::engine {

// Keeps a phone in step for as long as it runs: sessions with retries and backoff, a watch that
// wakes it, a poll where there is no watch. One thing that fails never stops the others: a watch
// that cannot be opened leaves the poll, a push that fails leaves the pull, a session that fails is
// tried again. One that the register does not let in waits for the longest pause at once: only a
// person can help, and nothing that is unsent is lost meanwhile. A register that asks for a pause
// (RATE_LIMITED) gets it, whatever else happens, up to Tuning::asked_pause_max.
class Engine {
 public:
  struct Options {
    Tuning tuning;
    std::string client;
    // After each session, on the executor.
    std::function<void(const SessionReport&)> on_session;
  };

  // The parts and `random` must outlive the engine; tasks that it has posted may outlive it.
  Engine(const Session::Parts& parts, Random& random, Options options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Begins with a session at once.
  void Start();
  // No further attempts; the one that is under way is cancelled.
  void Stop();

  // An operation was made: a session follows soon, unless a failed one's pause is still on.
  void NoteLocalChange();
  // The user asks, or the network is back: a session at once (after a pause for which the register
  // has asked), and the backoff begins anew.
  void SyncNow();

  bool in_session() const;
  // Attempts that failed since the last one that went through.
  int failures() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace vigil::engine

#endif  // VIGIL_SYNC_ENGINE_ENGINE_H_
