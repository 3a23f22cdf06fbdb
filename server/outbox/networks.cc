#include "server/outbox/networks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vigil::outbox {

namespace {

constexpr int kV4Bits = 32;
constexpr std::size_t kV4At = 12;

// IANA's registries of special-purpose addresses (RFC 6890 and its updates), multicast (224/4) and
// what is reserved (240/4).
constexpr std::string_view kSpecialV4[] = {
    "0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10",   "127.0.0.0/8",     "169.254.0.0/16",
    "172.16.0.0/12",  "192.0.0.0/24",   "192.0.2.0/24",    "192.31.196.0/24", "192.52.193.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",   "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4"};
// All of IPv6 that is in use lies in 2000::/3; within it: Teredo and others, documentation, 6to4.
constexpr std::string_view kGlobalV6 = "2000::/3";
constexpr std::string_view kSpecialV6[] = {"2001::/23", "2001:db8::/32", "2002::/16",
                                           "2620:4f:8000::/48", "3fff::/20"};

std::vector<Network> MakeNetworks(const std::string_view* begin, const std::string_view* end) {
  std::vector<Network> networks;
  for (const std::string_view* text = begin; text != end; ++text) {
    networks.push_back(*Network::Parse(*text));
  }
  return networks;
}

bool IsIn(const IpAddress& address, const std::vector<Network>& networks) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.Contains(address); });
}

}  // namespace

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::string whole(text);
  IpAddress address;
  in_addr v4{};
  if (::inet_pton(AF_INET, whole.c_str(), &v4) == 1) {
    address.bytes_[10] = address.bytes_[11] = 0xFF;
    std::memcpy(&address.bytes_[kV4At], &v4, sizeof v4);
    return address;
  }
  if (::inet_pton(AF_INET6, whole.c_str(), address.bytes_.data()) == 1) return address;
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::From(const sockaddr& address) {
  IpAddress read;
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    read.bytes_[10] = read.bytes_[11] = 0xFF;
    std::memcpy(&read.bytes_[kV4At], &v4.sin_addr, sizeof v4.sin_addr);
    return read;
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof v6);
    std::memcpy(read.bytes_.data(), &v6.sin6_addr, read.bytes_.size());
    return read;
  }
  return std::nullopt;
}

std::string IpAddress::ToString() const {
  static const Network& mapped = *new Network(*Network::Parse("::ffff:0:0/96"));
  std::array<char, INET6_ADDRSTRLEN> text{};
  const bool is_v4 = mapped.Contains(*this);
  VIGIL_CHECK(::inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes_.data() + (is_v4 ? kV4At : 0),
                          text.data(), text.size()) != nullptr);
  return text.data();
}

bool IpAddress::IsLoopback() const {
  static const Network& v4 = *new Network(*Network::Parse("127.0.0.0/8"));
  static const Network& v6 = *new Network(*Network::Parse("::1"));
  return v4.Contains(*this) || v6.Contains(*this);
}

bool IpAddress::IsPublic() const {
  static const Network& mapped = *new Network(*Network::Parse("::ffff:0:0/96"));
  static const Network& global_v6 = *new Network(*Network::Parse(kGlobalV6));
  static const auto& special_v4 =
      *new std::vector<Network>(MakeNetworks(std::begin(kSpecialV4), std::end(kSpecialV4)));
  static const auto& special_v6 =
      *new std::vector<Network>(MakeNetworks(std::begin(kSpecialV6), std::end(kSpecialV6)));
  if (mapped.Contains(*this)) return !IsIn(*this, special_v4);
  return global_v6.Contains(*this) && !IsIn(*this, special_v6);
}

absl::StatusOr<Network> Network::Parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const std::optional<IpAddress> base = IpAddress::Parse(host);
  const bool is_v4 = host.find(':') == std::string_view::npos;
  const int most = is_v4 ? kV4Bits : IpAddress::kBits;
  int bits = most;
  if (slash != std::string_view::npos &&
      (!absl::SimpleAtoi(ToAbsl(text.substr(slash + 1)), &bits) || bits < 0 || bits > most)) {
    bits = -1;
  }
  if (!base || bits < 0) {
    return absl::InvalidArgumentError("it is no network such as 10.0.0.0/8 or fd00::/8");
  }
  Network network;
  network.base_ = *base;
  network.bits_ = bits + IpAddress::kBits - most;
  for (int bit = network.bits_; bit < IpAddress::kBits; ++bit) {
    const auto at = static_cast<std::size_t>(bit / 8);
    if ((base->bytes()[at] >> (7 - bit % 8) & 1) != 0) {
      return absl::InvalidArgumentError("it has bits set beyond its length");
    }
  }
  return network;
}

bool Network::Contains(const IpAddress& address) const {
  const int whole = bits_ / 8;
  const auto& mine = base_.bytes();
  const auto& other = address.bytes();
  if (!std::equal(mine.begin(), mine.begin() + whole, other.begin())) return false;
  if (bits_ % 8 == 0) return true;
  const auto at = static_cast<std::size_t>(whole);
  return ((mine[at] ^ other[at]) >> (8 - bits_ % 8)) == 0;
}

bool AllowedNetworks::Allows(const IpAddress& address) const {
  return IsIn(address, networks_) || address.IsPublic();
}

}  // namespace vigil::outbox
