#ifndef VIGIL_TESTS_SUPPORT_SIM_EVIDENCE_H_
#define VIGIL_TESTS_SUPPORT_SIM_EVIDENCE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "server/evidence/evidence_store.h"
#include "server/service/evidence_core.h"
#include "sync/engine/evidence.h"
#include "tests/support/sim_files.h"
#include "tests/support/sim_transport.h"
#include "tests/support/sim_vfs.h"

// A register's store of photos, and a phone's way to it, in one process and in virtual time.

namespace vigil::testing {

// On a disk of its own.
class SimEvidenceServer {
 public:
  // The server must outlive this.
  explicit SimEvidenceServer(SimServer& server);

  // The program ends and begins again; with a power failure in between.
  void Restart();
  void Crash();

  evidence::EvidenceStore& store() { return *store_; }
  service::EvidenceCore& core() { return *core_; }
  SimExecutor& executor() { return server_.executor(); }
  SimFiles& files() { return files_; }

  evidence::EvidenceStore::Limits limits;

 private:
  SimServer& server_;
  SimFiles files_{1};
  SimVfs vfs_;
  std::unique_ptr<evidence::EvidenceStore> store_;
  std::unique_ptr<service::EvidenceCore> core_;
};

class SimEvidenceTransport final : public engine::EvidenceTransport {
 public:
  struct Faults {
    bool reachable = true;
    // So many chunks arrive, then the way is cut, once; negative: it is not. What arrives last has
    // no answer where `answer_lost`.
    int cut_after = -1;
    bool answer_lost = false;
    // The register asks so often for a pause of a second.
    int pauses = 0;
  };
  struct Counts {
    int questions = 0;
    int chunks = 0;
    std::int64_t bytes = 0;
  };

  SimEvidenceTransport(SimEvidenceServer& server, const Actor& actor)
      : server_(server), author_(actor.author) {}

  Faults faults;
  // Before the register sees a chunk.
  std::function<void(const v1::UploadEvidenceRequest&)> on_chunk;
  const Counts& counts() const { return counts_; }

  void GetEvidenceStatus(const v1::GetEvidenceStatusRequest& request,
                         Answer<v1::GetEvidenceStatusResponse> answer) override;
  void UploadEvidence(const v1::UploadEvidenceRequest& request,
                      Answer<v1::UploadEvidenceResponse> answer) override;
  void DownloadEvidence(const v1::DownloadEvidenceRequest& request,
                        Answer<v1::DownloadEvidenceResponse> answer) override;

 private:
  void After(std::function<void()> task);

  SimEvidenceServer& server_;
  const rules::Author author_;
  Counts counts_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_SIM_EVIDENCE_H_
