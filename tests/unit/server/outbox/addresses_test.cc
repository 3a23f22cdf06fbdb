#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/outbox/networks.h"
#include "server/outbox/url.h"
#include "tests/support/status_matchers.h"

namespace vigil::testing {
namespace {

using outbox::AllowedNetworks;
using outbox::IpAddress;
using outbox::Network;
using outbox::ParseUrl;
using outbox::UrlEncode;
using ::testing::HasSubstr;
using ::testing::Not;

bool IsPublic(const std::string& text) {
  const auto address = IpAddress::Parse(text);
  EXPECT_TRUE(address) << text;
  return address && address->IsPublic();
}

TEST(IpAddressTest, WhatEverybodyMayReachIsPublic) {
  for (const char* address :
       {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1",
        "223.255.255.255", "2400:3200::1", "2606:4700:4700::1111", "::ffff:8.8.8.8"}) {
    EXPECT_TRUE(IsPublic(address)) << address;
  }
}

TEST(IpAddressTest, WhatLeadsInsideIsNot) {
  for (const char* address : {"0.0.0.0",
                              "10.0.0.1",
                              "100.64.0.1",
                              "127.0.0.1",
                              "127.255.255.254",
                              "169.254.169.254",
                              "172.16.0.1",
                              "172.31.255.255",
                              "192.168.1.1",
                              "198.18.0.1",
                              "224.0.0.1",
                              "255.255.255.255",
                              "192.0.2.1",
                              "::",
                              "::1",
                              "::ffff:10.0.0.1",
                              "::ffff:169.254.169.254",
                              "::10.0.0.1",
                              "64:ff9b::a00:1",
                              "2002:a00:1::1",
                              "2001:0:1::1",
                              "2001:db8::1",
                              "fc00::1",
                              "fd00:ec2::254",
                              "fe80::1",
                              "fec0::1",
                              "ff02::1",
                              "100::1"}) {
    EXPECT_FALSE(IsPublic(address)) << address;
  }
}

TEST(IpAddressTest, OnlyTheUsualForms) {
  for (const char* text : {"127.1", "0x7f.0.0.1", "2130706433", "010.0.0.1", "1.2.3.4.5", "", "::g",
                           "1.2.3.4 ", "fe80::1%eth0"}) {
    EXPECT_FALSE(IpAddress::Parse(text)) << text;
  }
  EXPECT_EQ(IpAddress::Parse("10.1.2.3")->ToString(), "10.1.2.3");
  EXPECT_EQ(IpAddress::Parse("2001:DB8::1")->ToString(), "2001:db8::1");
}

TEST(NetworkTest, HasWhatBeginsLikeIt) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const Network network, Network::Parse("10.20.0.0/14"));
  EXPECT_TRUE(network.Contains(*IpAddress::Parse("10.23.255.255")));
  EXPECT_FALSE(network.Contains(*IpAddress::Parse("10.24.0.0")));
  EXPECT_FALSE(network.Contains(*IpAddress::Parse("10.19.255.255")));
  EXPECT_TRUE(network.Contains(*IpAddress::Parse("::ffff:10.20.0.1"))) << "the same address";
  VIGIL_ASSERT_OK_AND_ASSIGN(const Network one, Network::Parse("192.168.0.7"));
  EXPECT_TRUE(one.Contains(*IpAddress::Parse("192.168.0.7")));
  EXPECT_FALSE(one.Contains(*IpAddress::Parse("192.168.0.6")));
  for (const char* wrong : {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "a/8",
                            "10.0.0.0/-1", "fd00::/129", ""}) {
    EXPECT_THAT(Network::Parse(wrong), StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
  }
  const AllowedNetworks allowed({network});
  EXPECT_TRUE(allowed.Allows(*IpAddress::Parse("10.20.1.1")));
  EXPECT_FALSE(allowed.Allows(*IpAddress::Parse("10.0.1.1")));
  EXPECT_TRUE(allowed.Allows(*IpAddress::Parse("1.1.1.1")));
}

TEST(UrlTest, IsTakenApart) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto url, ParseUrl("HTTPS://Example.org:8443/a/b?c=%20d"));
  EXPECT_EQ(url.scheme, "https");
  EXPECT_EQ(url.host, "example.org");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.path, "/a/b?c=%20d");
  EXPECT_EQ(url.Origin(), "https://example.org:8443");
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto v6, ParseUrl("http://[::1]:80"));
  EXPECT_EQ(v6.host, "::1");
  EXPECT_EQ(v6.ToString(), "http://[::1]:80");
}

TEST(UrlTest, WhatCanBeReadInTwoWaysIsRefused) {
  for (const char* wrong :
       {"example.org", "://x", "https://", "https://user@example.org/", "https://a:b@example.org/",
        "https://example.org:0/", "https://example.org:65536/", "https://example.org:/",
        "https://example.org:80x/", "https://exa mple.org/", "https://example.org\\@evil/",
        "https://example.org/#f", "https://example.org/a b", "https://example.org/\r\nX: y",
        "https://[::1", "https://[::1]x/", "https://[example]/", "https://ex%61mple.org/",
        "https://例.org/"}) {
    const auto url = ParseUrl(wrong);
    EXPECT_THAT(url, StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
  }
  EXPECT_THAT(std::string(ParseUrl("https://example.org/s3cret|").status().message()),
              Not(HasSubstr("s3cret")));
}

TEST(UrlTest, Encodes) { EXPECT_EQ(UrlEncode("aZ0-._~/+= 坡"), "aZ0-._~%2F%2B%3D%20%E5%9D%A1"); }

}  // namespace
}  // namespace vigil::testing
