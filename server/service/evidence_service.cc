#include "server/service/evidence_service.h"

#include <utility>

#include "sync/rules/asked_pause.h"

namespace vigil::service {

namespace {

// With the longest chunks: 64 MiB.
constexpr int kWaitingMax = 256;

}  // namespace

template <typename Request, typename Response>
grpc::ServerUnaryReactor* EvidenceService::Answer(
    const Call& call, const Request& request, Response* response,
    absl::StatusOr<Response> (EvidenceCore::*ask)(const rules::Author&, const Request&)) {
  return AnswerLater(guard_, call, response, [&](const access::Principal& caller, auto done) {
    if (waiting_.fetch_add(1) >= kWaitingMax) {
      --waiting_;
      return done(
          rules::TooSoon("too many photos are under way; come back in a moment", absl::Seconds(5)));
    }
    // A copy: a call that waits too long is given up, and its request goes with it.
    executor_.Post([this, ask, author = caller.author, request, done = std::move(done)] {
      --waiting_;
      done((core_.*ask)(author, request));
    });
  });
}

grpc::ServerUnaryReactor* EvidenceService::GetEvidenceStatus(
    grpc::CallbackServerContext* context, const v1::GetEvidenceStatusRequest* request,
    v1::GetEvidenceStatusResponse* response) {
  return Answer(Call{context, "EvidenceService.GetEvidenceStatus", request}, *request, response,
                &EvidenceCore::GetStatus);
}

grpc::ServerUnaryReactor* EvidenceService::UploadEvidence(grpc::CallbackServerContext* context,
                                                          const v1::UploadEvidenceRequest* request,
                                                          v1::UploadEvidenceResponse* response) {
  return Answer(Call{context, "EvidenceService.UploadEvidence", request}, *request, response,
                &EvidenceCore::Upload);
}

grpc::ServerUnaryReactor* EvidenceService::DownloadEvidence(
    grpc::CallbackServerContext* context, const v1::DownloadEvidenceRequest* request,
    v1::DownloadEvidenceResponse* response) {
  return Answer(Call{context, "EvidenceService.DownloadEvidence", request}, *request, response,
                &EvidenceCore::Download);
}

}  // namespace vigil::service
