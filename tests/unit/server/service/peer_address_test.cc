#include "server/service/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string>

#include "gtest/gtest.h"

namespace vigil::testing {
namespace {

using service::PeerAddress;
using service::PeerOfCall;
using service::PeerOfSocket;

PeerAddress V4(const char* host, std::uint16_t port) {
  sockaddr_storage storage{};
  auto& address = reinterpret_cast<sockaddr_in&>(storage);
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  EXPECT_EQ(inet_pton(AF_INET, host, &address.sin_addr), 1);
  return PeerOfSocket(storage);
}

PeerAddress V6(const char* host, std::uint16_t port) {
  sockaddr_storage storage{};
  auto& address = reinterpret_cast<sockaddr_in6&>(storage);
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  EXPECT_EQ(inet_pton(AF_INET6, host, &address.sin6_addr), 1);
  return PeerOfSocket(storage);
}

TEST(PeerAddressTest, IsTheSameFromTheSocketAndFromTheCall) {
  EXPECT_EQ(V4("127.0.0.1", 5000), PeerOfCall("ipv4:127.0.0.1:5000"));
  EXPECT_NE(V4("127.0.0.1", 5000), PeerOfCall("ipv4:127.0.0.1:5001"));
  EXPECT_NE(V4("127.0.0.1", 5000), PeerOfCall("ipv4:127.0.0.2:5000"));
  EXPECT_EQ(V6("2001:db8::1", 5000), PeerOfCall("ipv6:%5B2001:db8::1%5D:5000"));
  EXPECT_NE(V6("2001:db8::1", 5000), PeerOfCall("ipv6:%5B2001:db8::2%5D:5000"));
  EXPECT_EQ(V6("fe80::1", 5000), PeerOfCall("ipv6:%5Bfe80::1%25eth0%5D:5000"));
  EXPECT_EQ(V6("::ffff:10.0.0.1", 5000), PeerOfCall("ipv4:10.0.0.1:5000"));
  EXPECT_EQ(V6("::ffff:10.0.0.1", 5000), PeerOfCall("ipv6:%5B::ffff:10.0.0.1%5D:5000"));
}

TEST(PeerAddressTest, OneHouseholdIsCountedTogether) {
  const std::string here = PeerOfCall("ipv4:127.0.0.1:5000").Household();
  EXPECT_EQ(PeerOfCall("ipv4:127.0.0.1:5001").Household(), here);
  EXPECT_NE(PeerOfCall("ipv4:127.0.0.2:5000").Household(), here);
  const std::string house = PeerOfCall("ipv6:%5B2001:db8:0:7::1%5D:5000").Household();
  EXPECT_EQ(PeerOfCall("ipv6:%5B2001:db8:0:7:1:2:3:4%5D:5001").Household(), house);
  EXPECT_NE(PeerOfCall("ipv6:%5B2001:db8:0:8::1%5D:5000").Household(), house);
  EXPECT_NE(PeerOfCall("ipv6:%5B::ffff:10.0.0.1%5D:1").Household(),
            PeerOfCall("ipv6:%5B::ffff:10.0.0.2%5D:1").Household());
}

TEST(PeerAddressTest, WhatIsNamedOtherwiseIsOneOfItsOwn) {
  EXPECT_NE(PeerOfCall("unix:/run/a"), PeerOfCall("unix:/run/b"));
  EXPECT_NE(PeerOfCall("ipv4:10.0.0.1:99999"), PeerOfCall("ipv4:10.0.0.1:99998"));
  EXPECT_EQ(PeerOfCall("").Household(), "");
}

}  // namespace
}  // namespace vigil::testing
