#ifndef VIGIL_SERVER_SERVICE_KEEPER_H_
#define VIGIL_SERVER_SERVICE_KEEPER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

#include "server/service/certificate_notice.h"
#include "server/service/certificate_store.h"
#include "server/service/connection_gate.h"
#include "server/service/deadlines.h"
#include "server/service/evidence_core.h"
#include "server/service/first_calls.h"
#include "server/service/guard.h"
#include "server/service/open_streams.h"
#include "sync/base/executor.h"
#include "sync/base/time.h"

namespace vigil::service {

// Looks every few seconds after what nobody announces: files that were exchanged (certificates, the
// ladder, lists of working days), roles that end with their day, calls that wait, connections that
// bring no call, photos that nobody names.
class Keeper {
 public:
  struct Parts {
    Executor& executor;
    const Clock& clock;
    Guard& guard;
    OpenStreams& streams;
    FirstCalls& first_calls;
    const ConnectionGate& gate;
    // Null where there is no encryption.
    CertificateStore* certificates;
    DeadlineFiles& deadlines;
    EvidenceCore& evidence;
    Executor& evidence_executor;
    // Told of other deadlines; the executor's thread.
    std::function<void(std::shared_ptr<const rules::Deadlines>)> use_deadlines;
  };

  // All must outlive this object, which must outlive what runs on both executors.
  explicit Keeper(Parts parts) : parts_(std::move(parts)) {}

  // Looks now and then again and again, as long as the executor runs.
  void Start();

 private:
  void Look();
  void LookAtCertificate();
  void LookAtDeadlines();
  void LookAtConnections();
  void LookAtEvidence();

  const Parts parts_;
  std::uint64_t ticks_ = 0;
  CertificateNotice certificate_notice_;
  std::uint64_t turned_away_ = 0;
  std::uint64_t without_call_ = 0;
  std::atomic<bool> evidence_tick_posted_ = false;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_KEEPER_H_
