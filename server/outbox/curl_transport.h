#ifndef VIGIL_SERVER_OUTBOX_CURL_TRANSPORT_H_
#define VIGIL_SERVER_OUTBOX_CURL_TRANSPORT_H_

#include <memory>

#include "absl/time/time.h"
#include "server/outbox/networks.h"
#include "server/outbox/transfer.h"

namespace vigil::outbox {

// HTTP and SMTP by libcurl, on a thread of its own: a receiver that hangs holds up this transport
// alone, so that each channel has one.
//
// Where it connects to is looked at when the socket is opened, whatever a name led to: what is not
// allowed is never connected to. No redirect is followed, no proxy used, nothing read from the
// environment; certificates are verified, and a connection serves one transfer.
class CurlTransport final : public Transport {
 public:
  struct Options {
    AllowedNetworks allowed;
    absl::Duration connect = absl::Seconds(10);
    // Of a transfer, from its start to its end.
    absl::Duration whole = absl::Seconds(30);
  };

  explicit CurlTransport(Options options);
  // Breaks off what is under way; waits for no receiver. No `done` is called afterwards.
  ~CurlTransport() override;

  void Start(Transfer transfer, Done done) override;

 private:
  class Loop;

  std::unique_ptr<Loop> loop_;
};

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_CURL_TRANSPORT_H_
