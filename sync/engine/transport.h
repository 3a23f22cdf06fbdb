#ifndef VIGIL_SYNC_ENGINE_TRANSPORT_H_
#define VIGIL_SYNC_ENGINE_TRANSPORT_H_

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::engine {

// Where the pages of a pull go, one at a time.
class PageSink {
 public:
  // True: send the next one. False: stop; Finish follows.
  using Ready = std::function<void(bool)>;

  virtual ~PageSink() = default;

  // `ready` is called once, possibly from inside this call; until then no further page comes.
  virtual void Page(v1::PullResponse page, Ready ready) = 0;
  // The stream has ended; the last call. OK after a last page, else why it broke off.
  virtual void Finish(const absl::Status& status) = 0;
};

// A watch that is open. Destroying it, also from inside one of its own reports, ends the watch;
// nothing is reported afterwards.
class Watch {
 public:
  virtual ~Watch() = default;
};

// The way to the register: SyncService's calls, asynchronously. Every completion arrives as a task
// of the executor that the user of the transport runs on, never from inside the call, once or (when
// the transport is destroyed) not at all. Errors carry a reason where the register gave one;
// UNAVAILABLE where it cannot be reached; an error of Push means "unknown". An implementation
// bounds each call in time; users do not rely on it.
class Transport {
 public:
  template <typename Response>
  using Done = std::function<void(absl::StatusOr<Response>)>;

  virtual ~Transport() = default;

  virtual void Hello(const v1::HelloRequest& request, Done<v1::HelloResponse> done) = 0;
  virtual void ReturnCopies(const v1::ReturnCopiesRequest& request,
                            Done<v1::ReturnCopiesResponse> done) = 0;
  virtual void Push(const v1::PushRequest& request, Done<v1::PushResponse> done) = 0;
  virtual void Pull(const v1::PullRequest& request, std::shared_ptr<PageSink> sink) = 0;
  virtual void Repair(const v1::RepairRequest& request, Done<v1::RepairResponse> done) = 0;

  using Changed = std::function<void(const v1::WatchResponse&)>;
  using Ended = std::function<void(const absl::Status&)>;
  // `ended` is called once, when the watch ends by itself (or could not begin).
  virtual std::unique_ptr<Watch> OpenWatch(const v1::WatchRequest& request, Changed changed,
                                           Ended ended) = 0;
};

}  // namespace vigil::engine

#endif  // VIGIL_SYNC_ENGINE_TRANSPORT_H_
