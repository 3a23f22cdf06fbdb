#ifndef VIGIL_SERVER_SERVICE_STREAM_REACTOR_H_
#define VIGIL_SERVER_SERVICE_STREAM_REACTOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "grpcpp/support/slice.h"
#include "server/service/grpc_status.h"
#include "server/service/stream_sink.h"
#include "sync/base/mutex.h"

namespace vigil::service {

// What gRPC is given: the message, or bytes that are one already.
template <typename Message>
struct OnTheWire {
  using Type = Message;
  static Type Make(Message message) { return message; }
};
template <>
struct OnTheWire<std::string> {
  using Type = grpc::ByteBuffer;
  static Type Make(std::string message) {
    auto kept = std::make_unique<std::string>(std::move(message));
    const grpc::Slice slice(
        kept->data(), kept->size(), [](void* sent) { delete static_cast<std::string*>(sent); },
        kept.get());
    static_cast<void>(kept.release());
    return {&slice, 1};
  }
};

// A stream of answers as a sink. It lives until gRPC is done with it and until nobody holds it.
template <typename Message>
class StreamReactor final : public grpc::ServerWriteReactor<typename OnTheWire<Message>::Type>,
                            public StreamSink<Message> {
 public:
  using Ready = typename StreamSink<Message>::Ready;

  static std::shared_ptr<StreamReactor> Make(grpc::CallbackServerContext* context) {
    auto reactor = std::shared_ptr<StreamReactor>(new StreamReactor(context));
    reactor->self_ = reactor;
    return reactor;
  }

  // What is kept until the call is over (an open watch, for one). Call it before the handler
  // returns.
  void Keep(std::shared_ptr<void> held) { held_ = std::move(held); }
  // Called when the client has gone away; otherwise a stream learns it with its next write.
  void FinishWhenCancelled() { finish_when_cancelled_ = true; }

  // After the end of the stream nothing is written, and `ready` is not called.
  void Write(Message message, Ready ready) override ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      MutexLock lock(mutex_);
      if (wanted_) return;
      writing_ = true;
      ready_ = std::move(ready);
      message_ = OnTheWire<Message>::Make(std::move(message));
    }
    this->StartWrite(&message_);
  }

  // Ends the stream, after the write that may be under way. Only the first call counts.
  void Finish(const absl::Status& status) override ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      MutexLock lock(mutex_);
      if (wanted_) return;
      wanted_ = status;
      if (writing_) return;
    }
    End(status);
  }

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_) {
    Ready ready;
    std::optional<absl::Status> wanted;
    {
      MutexLock lock(mutex_);
      writing_ = false;
      ready = std::move(ready_);
      ready_ = nullptr;
      wanted = wanted_;
    }
    if (wanted) {
      End(*wanted);
    } else {
      ready(ok);
    }
  }

  void OnCancel() override {
    if (finish_when_cancelled_) Finish(absl::CancelledError("the client has gone away"));
  }

  void OnDone() override {
    held_.reset();
    // May destroy this.
    self_.reset();
  }

 private:
  using Wire = typename OnTheWire<Message>::Type;

  explicit StreamReactor(grpc::CallbackServerContext* context) : context_(context) {}

  void End(const absl::Status& status) {
    grpc::ServerWriteReactor<Wire>::Finish(ToGrpc(status, *context_));
  }

  grpc::CallbackServerContext* const context_;
  std::shared_ptr<StreamReactor> self_;
  std::shared_ptr<void> held_;
  bool finish_when_cancelled_ = false;
  // Only touched between Write and OnWriteDone.
  Wire message_;

  Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  Ready ready_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> wanted_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_STREAM_REACTOR_H_
