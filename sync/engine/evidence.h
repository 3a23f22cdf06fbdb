#ifndef VIGIL_SYNC_ENGINE_EVIDENCE_H_
#define VIGIL_SYNC_ENGINE_EVIDENCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/executor.h"
#include "sync/engine/transport.h"
#include "sync/engine/tuning.h"
#include "sync/replica/evidence_files.h"
#include "sync/replica/replica.h"
#include "vigil/v1/evidence_service.pb.h"

// How photos and documents get to the register: beside the sessions of records and after them.

namespace vigil::engine {

// The way to the register for photos: EvidenceService's calls. What Transport says of completions
// and errors holds here too.
class EvidenceTransport {
 public:
  template <typename Response>
  using Answer = std::function<void(absl::StatusOr<Response>)>;

  virtual ~EvidenceTransport() = default;

  virtual void GetEvidenceStatus(const v1::GetEvidenceStatusRequest& request,
                                 Answer<v1::GetEvidenceStatusResponse> answer) = 0;
  virtual void UploadEvidence(const v1::UploadEvidenceRequest& request,
                              Answer<v1::UploadEvidenceResponse> answer) = 0;
  virtual void DownloadEvidence(const v1::DownloadEvidenceRequest& request,
                                Answer<v1::DownloadEvidenceResponse> answer) = 0;
};

// Both over one connection.
class PhoneTransport : public Transport, public EvidenceTransport {};

// What one round did. Whatever it sent before it failed stays sent.
struct EvidenceReport {
  // OK: everything that was possible was done (what the register does not take is no failure).
  absl::Status status;
  // Contents that the register has now, and what it was sent of all of them.
  int sent = 0;
  std::int64_t sent_bytes = 0;
  int refused = 0;
  // Contents that this phone need not keep any more.
  int forgotten = 0;
  // Records came first: it goes on after their session.
  bool interrupted = false;
};

// One attempt to send what the register does not have, one content after the other, each from where
// it broke off; and to let go of what it has. One that fails does not stop those behind it, unless
// the register cannot be reached at all.
class EvidenceRound {
 public:
  struct Parts {
    replica::Replica& replica;
    replica::EvidenceFiles& files;
    EvidenceTransport& transport;
    Executor& executor;
  };
  struct Options {
    Tuning tuning;
    // Asked before each chunk; true: a session of records is under way, and the round ends.
    std::function<bool()> records_first;
    // After each chunk.
    std::function<void(const replica::EvidenceItem&, std::int64_t sent_bytes)> on_progress;
  };
  using Done = std::function<void(const EvidenceReport&)>;

  // Begins at once; `done` is called once, as a task of the executor. The parts must stay until
  // then; letting go of the round does not end it.
  static std::shared_ptr<EvidenceRound> Start(const Parts& parts, Options options, Done done);

  virtual ~EvidenceRound() = default;

  // Ends it with CANCELLED. The parts may go once this has returned.
  virtual void Cancel() = 0;
};

}  // namespace vigil::engine

#endif  // VIGIL_SYNC_ENGINE_EVIDENCE_H_
