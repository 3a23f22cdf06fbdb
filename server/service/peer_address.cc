#include "server/service/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "sync/base/status.h"

namespace vigil::service {

namespace {

constexpr std::size_t kV4Bytes = 4;
constexpr std::size_t kV6Bytes = 16;
constexpr std::size_t kHouseholdBytes = 8;

std::string BytesOf(const in_addr& v4) { return {reinterpret_cast<const char*>(&v4), kV4Bytes}; }

std::string BytesOf(const in6_addr& v6) {
  const auto* bytes = reinterpret_cast<const char*>(&v6);
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return {bytes + kV6Bytes - kV4Bytes, kV4Bytes};
  return {bytes, kV6Bytes};
}

}  // namespace

std::string PeerAddress::Household() const {
  return host.size() == kV6Bytes ? host.substr(0, kHouseholdBytes) : host;
}

PeerAddress PeerOfSocket(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    return {.host = BytesOf(v4.sin_addr), .port = ntohs(v4.sin_port)};
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer);
  return {.host = BytesOf(v6.sin6_addr), .port = ntohs(v6.sin6_port)};
}

PeerAddress PeerOfCall(std::string_view peer) {
  const PeerAddress unknown{.host = std::string(peer)};
  const std::size_t kind = peer.find(':');
  const std::size_t last = peer.rfind(':');
  std::uint32_t port = 0;
  if (kind == std::string_view::npos || last <= kind ||
      !absl::SimpleAtoi(ToAbsl(peer.substr(last + 1)), &port) || port > 0xFFFF) {
    return unknown;
  }
  std::string host(peer.substr(kind + 1, last - kind - 1));
  // "%5B2001:db8::1%5D", perhaps with "%25" and a zone.
  if (host.rfind("%5B", 0) == 0) host.erase(0, 3);
  host.erase(std::min(host.find('%'), host.size()));
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    return {.host = BytesOf(v4), .port = static_cast<std::uint16_t>(port)};
  }
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) {
    return {.host = BytesOf(v6), .port = static_cast<std::uint16_t>(port)};
  }
  return unknown;
}

}  // namespace vigil::service
