#ifndef VIGIL_SERVER_SERVICE_STREAM_SINK_H_
#define VIGIL_SERVER_SERVICE_STREAM_SINK_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::service {

// Where a stream of answers goes, one at a time: gRPC in production, the simulator in tests.
template <typename Message>
class StreamSink {
 public:
  // True: the next one may be written. False: nobody reads any more.
  using Ready = std::function<void(bool)>;

  virtual ~StreamSink() = default;

  // Takes one message. `ready` is called once, on any thread, never from inside this call. Until
  // then nothing more is written: this is the backpressure.
  virtual void Write(Message message, Ready ready) = 0;
  // Ends the stream; the last call. Never called while a write is under way.
  virtual void Finish(const absl::Status& status) = 0;
};

// Of a pull: serialised v1::PullResponses, since what they consist of is stored as it is sent.
using PageSink = StreamSink<std::string>;
using WatchSink = StreamSink<v1::WatchResponse>;

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_STREAM_SINK_H_
