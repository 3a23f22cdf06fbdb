#ifndef VIGIL_SERVER_SERVICE_PEER_ADDRESS_H_
#define VIGIL_SERVER_SERVICE_PEER_ADDRESS_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace vigil::service {

// The other end of a connection: the same from a socket and from what gRPC calls it, so that what
// both know of one connection can be joined.
struct PeerAddress {
  // 4 bytes of IPv4, also where it came over IPv6, or 16 of IPv6. What gRPC names otherwise stands
  // as it is.
  std::string host;
  std::uint16_t port = 0;

  auto operator<=>(const PeerAddress&) const = default;

  // For counting what one household does: of IPv6 the first half, since it has all of the rest.
  std::string Household() const;
};

PeerAddress PeerOfSocket(const sockaddr_storage& peer);
// Of "ipv4:127.0.0.1:5000" or "ipv6:%5B2001:db8::1%5D:5000".
PeerAddress PeerOfCall(std::string_view peer);

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_PEER_ADDRESS_H_
