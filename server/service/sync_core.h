#ifndef VIGIL_SERVER_SERVICE_SYNC_CORE_H_
#define VIGIL_SERVER_SERVICE_SYNC_CORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/access/principal.h"
#include "server/access/register_id.h"
#include "server/register/epochs.h"
#include "server/register/register.h"
#include "server/service/stream_sink.h"
#include "server/service/watch_hub.h"
#include "sync/rules/judge.h"
#include "vigil/v1/sync_service.pb.h"

// The protocol between phones and the register, without gRPC: SyncService adapts it to calls, the
// simulator calls it directly.

namespace vigil::service {

inline constexpr std::uint32_t kProtocolVersion = 1;

struct SyncOptions {
  std::uint32_t push_operations_max = 500;
  std::uint32_t operation_bytes_max = 256 * 1024;
  // "vigild/0.1.0"
  std::string server_name;
  // IANA name of the register's zone.
  std::string time_zone_name = "Asia/Shanghai";
};

// A watch that is open. Destroying it ends the watch without a Finish; its sink may still get one
// write that was under way.
class Watch {
 public:
  virtual ~Watch() = default;
};

// All functions may be called from any thread; the author is the caller as authenticated. Errors
// carry a reason. Reading happens on the caller's thread, or on the one that calls `ready`.
class SyncCore {
 public:
  using PushDone = std::function<void(absl::StatusOr<v1::PushResponse>)>;

  // All of them must outlive this object and the calls that it has under way.
  SyncCore(registry::Register& target, WatchHub& hub, SyncOptions options);

  // CLIENT_TOO_OLD for a protocol before the first. A client of another epoch is answered too: the
  // answer's epochs tell it so.
  absl::StatusOr<v1::HelloResponse> Hello(const rules::Author& author,
                                          const v1::HelloRequest& request);

  // `done` gets one outcome for each entry, in order, once all of them are durable. TOO_LARGE for a
  // batch beyond the limits, SIGNATURE_INVALID where it is not the principal's key that speaks for
  // its last entry; what is wrong with one entry costs that entry alone, and those that follow it
  // in the chain. Any other error means "unknown": send the same again.
  void Push(const access::Principal& principal, const v1::PushRequest& request, PushDone done);

  // Streams the records changed since the cursors. The cursors are read one after the other, each
  // as a scope of its own; without any, everything of the author's scope is sent. Cursors beyond
  // the author's scope: OUT_OF_SCOPE. Another epoch: EPOCH_CHANGED. Whatever changes meanwhile, the
  // last page's digest, head and last judged sequence are of one snapshot in which all the cursors
  // have caught up. The sink gets exactly one Finish.
  void Pull(const rules::Author& author, const v1::PullRequest& request,
            std::shared_ptr<PageSink> sink);

  // Takes a phone's copies of what a restore has lost. EPOCH_CHANGED unless the request names the
  // epoch in force; TOO_LARGE for more than 64. OK: they are kept, durably, and what they raise is
  // in force; those that say nothing that the register lacks are taken, too.
  using ReturnDone = std::function<void(absl::StatusOr<v1::ReturnCopiesResponse>)>;
  void ReturnCopies(const rules::Author& author, const v1::ReturnCopiesRequest& request,
                    ReturnDone done);

  // The records of the buckets within the author's scope, with everybody's among them, page by
  // page.
  absl::StatusOr<v1::RepairResponse> Repair(const rules::Author& author,
                                            const v1::RepairRequest& request);

  // Writes the newest seq whenever something within the author's scope has changed since
  // `request.seq`; several changes may be one message, and nothing is written without a change. An
  // error means that no watch was opened; the sink then gets no call.
  absl::StatusOr<std::unique_ptr<Watch>> OpenWatch(const rules::Author& author,
                                                   const v1::WatchRequest& request,
                                                   std::shared_ptr<WatchSink> sink);

 private:
  std::vector<v1::Epoch> SignedEpochs(const v1::HelloRequest& request) const;
  absl::Status KeepEpochs(store::Snapshot& snapshot, const registry::Epochs& epochs);
  absl::StatusOr<registry::PushHead> CheckSignature(const access::Principal& principal,
                                                    const registry::Incoming& last,
                                                    const std::string& signature);

  registry::Register& register_;
  WatchHub& hub_;
  const SyncOptions options_;
  access::RegisterId register_id_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_SYNC_CORE_H_
