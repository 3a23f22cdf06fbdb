#ifndef VIGIL_SERVER_OUTBOX_NETWORKS_H_
#define VIGIL_SERVER_OUTBOX_NETWORKS_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

struct sockaddr;

namespace vigil::outbox {

// An IPv4 address is kept as the IPv6 address ::ffff:a.b.c.d, and so is nothing else.
class IpAddress {
 public:
  static constexpr int kBits = 128;

  // Dotted decimal or IPv6; nothing else.
  static std::optional<IpAddress> Parse(std::string_view text);
  // nullopt: of another family.
  static std::optional<IpAddress> From(const sockaddr& address);

  std::string ToString() const;
  bool IsLoopback() const;
  // Global unicast, as one may reach anybody: not private, loopback, link-local, shared, multicast,
  // reserved, for documentation or benchmarks, and no such address within another one (mapped,
  // 6to4, NAT64, Teredo).
  bool IsPublic() const;

  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

class Network {
 public:
  // "10.0.0.0/8", "fd00::/8", "192.0.2.7". INVALID_ARGUMENT: it is none, or has bits set beyond its
  // length.
  static absl::StatusOr<Network> Parse(std::string_view text);

  bool Contains(const IpAddress& address) const;

 private:
  IpAddress base_;
  int bits_ = IpAddress::kBits;
};

// What may be reached: public addresses, and these networks.
class AllowedNetworks {
 public:
  AllowedNetworks() = default;
  explicit AllowedNetworks(std::vector<Network> networks) : networks_(std::move(networks)) {}

  bool Allows(const IpAddress& address) const;

 private:
  std::vector<Network> networks_;
};

}  // namespace vigil::outbox

#endif  // VIGIL_SERVER_OUTBOX_NETWORKS_H_
