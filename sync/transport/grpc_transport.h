#ifndef VIGIL_SYNC_TRANSPORT_GRPC_TRANSPORT_H_
#define VIGIL_SYNC_TRANSPORT_GRPC_TRANSPORT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sync/base/executor.h"
#include "sync/engine/evidence.h"
#include "sync/engine/transport.h"
#include "sync/transport/connection.h"
#include "sync/transport/program_access.h"

namespace vigil::transport {

class CallCore;

// The way to a register over gRPC. Connects when it is first used and again when it must, and
// renews the phone's access when it must; nothing of it waits for the network. Use and destroy it
// on the executor's thread.
class GrpcTransport final : public engine::PhoneTransport {
 public:
  struct Options {
    Connection connection;
    std::shared_ptr<ProgramAccess> access;
    // Of a call with one answer; a pull or a watch takes as long as its steps go on.
    absl::Duration call_max = absl::Seconds(60);
    absl::Duration pull_max = absl::Minutes(30);
  };

  // The executor must outlive the transport. What is under way when that is destroyed is cancelled
  // and reports nothing. Errors: see CheckConnection.
  static absl::StatusOr<std::unique_ptr<GrpcTransport>> Make(Executor& executor, Options options);
  ~GrpcTransport() override;

  void Hello(const v1::HelloRequest& request, Done<v1::HelloResponse> done) override;
  void ReturnCopies(const v1::ReturnCopiesRequest& request,
                    Done<v1::ReturnCopiesResponse> done) override;
  void Push(const v1::PushRequest& request, Done<v1::PushResponse> done) override;
  void Pull(const v1::PullRequest& request, std::shared_ptr<engine::PageSink> sink) override;
  void Repair(const v1::RepairRequest& request, Done<v1::RepairResponse> done) override;
  void GetEvidenceStatus(const v1::GetEvidenceStatusRequest& request,
                         Answer<v1::GetEvidenceStatusResponse> answer) override;
  void UploadEvidence(const v1::UploadEvidenceRequest& request,
                      Answer<v1::UploadEvidenceResponse> answer) override;
  void DownloadEvidence(const v1::DownloadEvidenceRequest& request,
                        Answer<v1::DownloadEvidenceResponse> answer) override;
  std::unique_ptr<engine::Watch> OpenWatch(const v1::WatchRequest& request, Changed changed,
                                           Ended ended) override;

 private:
  explicit GrpcTransport(std::shared_ptr<CallCore> core);

  const std::shared_ptr<CallCore> core_;
};

}  // namespace vigil::transport

#endif  // VIGIL_SYNC_TRANSPORT_GRPC_TRANSPORT_H_
