#ifndef VIGIL_SYNC_ENGINE_EVIDENCE_SENDER_H_
#define VIGIL_SYNC_ENGINE_EVIDENCE_SENDER_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "sync/base/random.h"
#include "sync/engine/evidence.h"
#include "sync/engine/session.h"

namespace vigil::engine {

// Sends photos for as long as the phone runs, beside the Engine and never in its way: a round
// follows a session that went through; one that fails is tried again with a backoff of its own, and
// no session learns of it. While a session is under way no chunk leaves.
class EvidenceSender {
 public:
  struct Options {
    Tuning tuning;
    // Whether a session of records is under way: Engine::in_session.
    std::function<bool()> in_session;
    // After each round, on the executor.
    std::function<void(const EvidenceReport&)> on_round;
  };

  // The parts and `random` must outlive the sender; tasks that it has posted may outlive it.
  EvidenceSender(const EvidenceRound::Parts& parts, Random& random, Options options);
  ~EvidenceSender();
  EvidenceSender(const EvidenceSender&) = delete;
  EvidenceSender& operator=(const EvidenceSender&) = delete;

  // For Engine::Options::on_session.
  void OnSession(const SessionReport& report);
  // No further rounds; the one that is under way is cancelled.
  void Stop();

  // Rounds that failed since the last one that went through.
  int failures() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace vigil::engine

#endif  // VIGIL_SYNC_ENGINE_EVIDENCE_SENDER_H_
