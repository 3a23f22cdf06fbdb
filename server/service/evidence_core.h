#ifndef VIGIL_SERVER_SERVICE_EVIDENCE_CORE_H_
#define VIGIL_SERVER_SERVICE_EVIDENCE_CORE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/evidence/evidence_store.h"
#include "server/register/register.h"
#include "sync/base/hash.h"
#include "sync/base/time.h"
#include "sync/rules/judge.h"
#include "vigil/v1/evidence_service.pb.h"

namespace vigil::service {

// Photos and documents, without gRPC. One thread at a time, which is never the writer's: nothing
// here waits for records, and no record waits for it.
class EvidenceCore {
 public:
  // They must outlive this. `message_bytes_max`: of one request.
  struct Parts {
    registry::Register& target;
    evidence::EvidenceStore& store;
    const Clock& clock;
  };
  EvidenceCore(const Parts& parts, std::uint32_t message_bytes_max);

  // INVALID_ID for what is no SHA-256; TOO_LARGE for more than 256 of them.
  absl::StatusOr<v1::GetEvidenceStatusResponse> GetStatus(
      const rules::Author& caller, const v1::GetEvidenceStatusRequest& request);
  // A photo may come before the record that names it. Errors: see EvidenceStore::Take; TOO_LARGE
  // for a chunk that is.
  absl::StatusOr<v1::UploadEvidenceResponse> Upload(const rules::Author& caller,
                                                    const v1::UploadEvidenceRequest& request);
  // NOT_FOUND, too, where no record that the caller may see names the content.
  absl::StatusOr<v1::DownloadEvidenceResponse> Download(const rules::Author& caller,
                                                        const v1::DownloadEvidenceRequest& request);

  // Looks after things for a short while; called now and then.
  absl::Status Tick();

 private:
  absl::StatusOr<bool> Sees(const rules::Author& caller, const Sha256& content);

  const Parts parts_;
  const std::uint32_t chunk_bytes_max_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_EVIDENCE_CORE_H_
