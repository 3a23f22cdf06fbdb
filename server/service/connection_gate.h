#ifndef VIGIL_SERVER_SERVICE_CONNECTION_GATE_H_
#define VIGIL_SERVER_SERVICE_CONNECTION_GATE_H_

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/service/first_calls.h"

namespace vigil::service {

// Accepts connections and hands them on, not more than so many in all and from one address; what is
// too much is closed at once, and what brings no call that is let in is ended (FirstCalls). gRPC's
// own listener has no such bounds, and once it has run out of file descriptors it accepts nothing
// any more; this turns connections away then, and goes on when it can.
class ConnectionGate {
 public:
  struct Options {
    // Numeric, or a name, of which the first address counts.
    std::string address = "127.0.0.1";
    // 0 takes a free one.
    std::uint32_t port = 0;
    std::uint32_t connections_max = 4000;
    std::uint32_t connections_per_address_max = 500;
    // Takes a connection from a listening socket, as accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC.
    std::function<int(int listener, sockaddr* peer, socklen_t* size)> accept = AcceptConnection;
  };
  // Takes over an open connection.
  using HandOn = std::function<void(int descriptor)>;

  // Binds and listens. PORT_IN_USE, or UNAVAILABLE where the address cannot be bound. `first_calls`
  // must outlive the gate.
  static absl::StatusOr<std::unique_ptr<ConnectionGate>> Listen(const Options& options,
                                                                FirstCalls& first_calls);
  // Closes the gate; what was handed on stays open.
  virtual ~ConnectionGate() = default;

  virtual std::uint32_t port() const = 0;
  // Begins to accept, on a thread of its own. Once.
  virtual void Open(HandOn hand_on) = 0;
  // Accepts nothing any more; nothing is handed on once this has returned.
  virtual void Close() = 0;

  // Open connections, and how many were turned away since the start.
  virtual std::uint32_t connections() const = 0;
  virtual std::uint64_t turned_away() const = 0;

  static int AcceptConnection(int listener, sockaddr* peer, socklen_t* size);
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_CONNECTION_GATE_H_
