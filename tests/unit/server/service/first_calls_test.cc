#include "server/service/first_calls.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/service/peer_address.h"

namespace vigil::testing {
namespace {

using service::FirstCalls;
using service::PeerAddress;

constexpr absl::Time kStart = absl::UnixEpoch();

// A connection of a peer that waits for its first call.
class Waiting {
 public:
  Waiting(FirstCalls& calls, const PeerAddress& peer, absl::Time since)
      : calls_(calls), peer_(peer) {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()), 0);
    calls_.Began(peer_, ends_[0], since);
  }
  ~Waiting() {
    calls_.Ended(peer_, ends_[0]);
    for (const int end : ends_) close(end);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  // Whether the other side sees its end.
  bool IsClosed() const {
    char byte = 0;
    return recv(ends_[1], &byte, 1, MSG_DONTWAIT) == 0;
  }

 private:
  FirstCalls& calls_;
  const PeerAddress peer_;
  std::array<int, 2> ends_{};
};

PeerAddress Peer(std::string_view host, int port) {
  return service::PeerOfCall(absl::StrCat("ipv4:", std::string(host), ":", port));
}

TEST(FirstCallsTest, WhoBringsNoCallInTimeIsEnded) {
  FirstCalls calls({.age_max = absl::Seconds(60)});
  const Waiting silent(calls, Peer("10.0.0.1", 1), kStart);
  const Waiting known(calls, Peer("10.0.0.1", 2), kStart);
  const Waiting later(calls, Peer("10.0.0.2", 1), kStart + absl::Seconds(1));
  calls.Came(Peer("10.0.0.1", 2));
  calls.EndOverdue(kStart + absl::Seconds(59));
  EXPECT_FALSE(silent.IsClosed());
  calls.EndOverdue(kStart + absl::Seconds(60));
  EXPECT_TRUE(silent.IsClosed());
  EXPECT_FALSE(known.IsClosed());
  EXPECT_FALSE(later.IsClosed());
  EXPECT_EQ(calls.ended(), 1U);
  EXPECT_EQ(calls.waiting(), 1U);
}

TEST(FirstCallsTest, TheOldestOfTooManyOfOneAddressHasToGo) {
  FirstCalls calls({.per_address_max = 2});
  const Waiting other(calls, Peer("10.0.0.2", 1), kStart);
  // Ports are not in the order of their coming.
  const Waiting first(calls, Peer("10.0.0.1", 7), kStart + absl::Seconds(1));
  const Waiting second(calls, Peer("10.0.0.1", 5), kStart + absl::Seconds(2));
  EXPECT_FALSE(first.IsClosed());
  const Waiting third(calls, Peer("10.0.0.1", 9), kStart + absl::Seconds(3));
  EXPECT_TRUE(first.IsClosed());
  EXPECT_FALSE(second.IsClosed());
  EXPECT_FALSE(third.IsClosed());
  EXPECT_FALSE(other.IsClosed());
  // Whoever was let in does not count.
  calls.Came(Peer("10.0.0.1", 5));
  const Waiting fourth(calls, Peer("10.0.0.1", 1), kStart + absl::Seconds(4));
  EXPECT_FALSE(third.IsClosed());
}

TEST(FirstCallsTest, AHouseholdOfIpv6IsOneAddress) {
  FirstCalls calls({.per_address_max = 1});
  const Waiting here(calls, service::PeerOfCall("ipv6:%5B2001:db8:0:7::1%5D:5"), kStart);
  const Waiting elsewhere(calls, service::PeerOfCall("ipv6:%5B2001:db8:0:8::1%5D:5"), kStart);
  EXPECT_FALSE(here.IsClosed());
  const Waiting again(calls, service::PeerOfCall("ipv6:%5B2001:db8:0:7:9::2%5D:5"),
                      kStart + absl::Seconds(1));
  EXPECT_TRUE(here.IsClosed());
  EXPECT_FALSE(elsewhere.IsClosed());
}

TEST(FirstCallsTest, WhatHasEndedIsLeftAlone) {
  FirstCalls calls({.age_max = absl::Seconds(60)});
  { const Waiting gone(calls, Peer("10.0.0.1", 1), kStart); }
  EXPECT_EQ(calls.waiting(), 0U);
  calls.EndOverdue(kStart + absl::Hours(1));
  EXPECT_EQ(calls.ended(), 0U);
}

}  // namespace
}  // namespace vigil::testing
