#ifndef VIGIL_SERVER_SERVICE_EVIDENCE_SERVICE_H_
#define VIGIL_SERVER_SERVICE_EVIDENCE_SERVICE_H_

#include <atomic>

#include "server/service/evidence_core.h"
#include "server/service/guard.h"
#include "server/service/unary_call.h"
#include "sync/base/executor.h"
#include "vigil/v1/evidence_service.grpc.pb.h"

namespace vigil::service {

// Adapts EvidenceCore to gRPC. A call waits for its turn on the executor; so many may do so, others
// are told to come back (RATE_LIMITED), which bounds what their chunks take.
class EvidenceService final : public v1::EvidenceService::CallbackService {
 public:
  // All must outlive the server; the executor's tasks are the only ones that use the core.
  EvidenceService(Guard& guard, EvidenceCore& core, Executor& executor)
      : guard_(guard), core_(core), executor_(executor) {}

  grpc::ServerUnaryReactor* GetEvidenceStatus(grpc::CallbackServerContext* context,
                                              const v1::GetEvidenceStatusRequest* request,
                                              v1::GetEvidenceStatusResponse* response) override;
  grpc::ServerUnaryReactor* UploadEvidence(grpc::CallbackServerContext* context,
                                           const v1::UploadEvidenceRequest* request,
                                           v1::UploadEvidenceResponse* response) override;
  grpc::ServerUnaryReactor* DownloadEvidence(grpc::CallbackServerContext* context,
                                             const v1::DownloadEvidenceRequest* request,
                                             v1::DownloadEvidenceResponse* response) override;

 private:
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Answer(
      const Call& call, const Request& request, Response* response,
      absl::StatusOr<Response> (EvidenceCore::*ask)(const rules::Author&, const Request&));

  Guard& guard_;
  EvidenceCore& core_;
  Executor& executor_;
  std::atomic<int> waiting_ = 0;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_EVIDENCE_SERVICE_H_
