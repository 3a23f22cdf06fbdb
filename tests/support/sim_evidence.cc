#include "tests/support/sim_evidence.h"

#include <utility>

#include "sync/base/check.h"
#include "sync/rules/asked_pause.h"
#include "sync/rules/reason.h"

namespace vigil::testing {
namespace {

constexpr absl::Duration kLatency = absl::Milliseconds(20);
constexpr std::uint32_t kMessageBytesMax = 64 * 1024;

absl::Status Unreachable() {
  return rules::Refuse(v1::REASON_SERVER_UNREACHABLE, "the register cannot be reached");
}

}  // namespace

SimEvidenceServer::SimEvidenceServer(SimServer& server) : server_(server) {
  limits = {.content_bytes_max = 10'000'000,
            .person_bytes_max = 100'000'000,
            .total_bytes_max = 1'000'000'000,
            .grace = absl::Hours(24 * 30),
            .media_types = {"image/jpeg"}};
  Restart();
}

void SimEvidenceServer::Restart() {
  core_.reset();
  store_.reset();
  auto opened =
      evidence::EvidenceStore::Open(files_, "evidence", limits, executor().Now(), vfs_.name());
  VIGIL_CHECK(opened.ok()) << opened.status().ToString();
  store_ = *std::move(opened);
  core_ = std::make_unique<service::EvidenceCore>(
      service::EvidenceCore::Parts{server_.base().target(), *store_, executor().clock()},
      kMessageBytesMax);
}

void SimEvidenceServer::Crash() {
  core_.reset();
  store_.reset();
  files_.Crash();
  vfs_.Crash();
  Restart();
}

void SimEvidenceTransport::After(std::function<void()> task) {
  server_.executor().PostAfter(kLatency, std::move(task));
}

void SimEvidenceTransport::GetEvidenceStatus(const v1::GetEvidenceStatusRequest& request,
                                             Answer<v1::GetEvidenceStatusResponse> answer) {
  ++counts_.questions;
  After([this, request, answer = std::move(answer)] {
    if (!faults.reachable) return answer(Unreachable());
    answer(server_.core().GetStatus(author_, request));
  });
}

void SimEvidenceTransport::UploadEvidence(const v1::UploadEvidenceRequest& request,
                                          Answer<v1::UploadEvidenceResponse> answer) {
  ++counts_.chunks;
  counts_.bytes += static_cast<std::int64_t>(request.chunk().size());
  After([this, request, answer = std::move(answer)] {
    const bool is_last = faults.cut_after == 0;
    if (faults.cut_after >= 0) --faults.cut_after;
    if (!faults.reachable || (is_last && !faults.answer_lost)) return answer(Unreachable());
    if (faults.pauses > 0) {
      --faults.pauses;
      return answer(rules::TooSoon("come back in a moment", absl::Seconds(1)));
    }
    if (on_chunk != nullptr) on_chunk(request);
    const absl::StatusOr<v1::UploadEvidenceResponse> response =
        server_.core().Upload(author_, request);
    answer(is_last ? Unreachable() : response);
  });
}

void SimEvidenceTransport::DownloadEvidence(const v1::DownloadEvidenceRequest& request,
                                            Answer<v1::DownloadEvidenceResponse> answer) {
  After([this, request, answer = std::move(answer)] {
    if (!faults.reachable) return answer(Unreachable());
    answer(server_.core().Download(author_, request));
  });
}

}  // namespace vigil::testing
