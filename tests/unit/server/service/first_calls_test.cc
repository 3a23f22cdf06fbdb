#include "server/service/first_calls.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <map>
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

  int descriptor() const { return ends_[0]; }
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

// What each connection has sent is what the test says.
class BytesTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kMax = 100;

  std::map<int, std::uint64_t> sent_;
  FirstCalls calls_{{.bytes_max = 80, .address_bytes_max = kMax},
                    [this](int descriptor) { return sent_[descriptor]; }};
};

TEST_F(BytesTest, WhoSendsTooMuchIsEnded) {
  const Waiting much(calls_, Peer("10.0.0.1", 1), kStart);
  const Waiting little(calls_, Peer("10.0.0.1", 2), kStart);
  sent_[much.descriptor()] = 81;
  sent_[little.descriptor()] = 80;
  calls_.EndOverdue(kStart);
  EXPECT_TRUE(much.IsClosed());
  EXPECT_FALSE(little.IsClosed());
}

TEST_F(BytesTest, WhoSendsMostOfOneAddressIsEnded) {
  const Waiting most(calls_, Peer("10.0.0.1", 7), kStart);
  const Waiting more(calls_, Peer("10.0.0.1", 5), kStart);
  const Waiting little(calls_, Peer("10.0.0.1", 9), kStart);
  const Waiting elsewhere(calls_, Peer("10.0.0.2", 7), kStart);
  sent_[most.descriptor()] = 50;
  sent_[more.descriptor()] = 40;
  sent_[little.descriptor()] = 10;
  sent_[elsewhere.descriptor()] = 80;
  calls_.EndOverdue(kStart);
  EXPECT_EQ(calls_.ended(), 0U);
  ++sent_[little.descriptor()];
  calls_.EndOverdue(kStart);
  EXPECT_TRUE(most.IsClosed());
  EXPECT_FALSE(more.IsClosed());
  EXPECT_FALSE(little.IsClosed());
  EXPECT_FALSE(elsewhere.IsClosed());
}

TEST_F(BytesTest, WhoWasLetInDoesNotCount) {
  const Waiting known(calls_, Peer("10.0.0.1", 7), kStart);
  const Waiting other(calls_, Peer("10.0.0.1", 5), kStart);
  sent_[known.descriptor()] = 1000;
  sent_[other.descriptor()] = 80;
  calls_.Came(Peer("10.0.0.1", 7));
  calls_.EndOverdue(kStart);
  EXPECT_FALSE(known.IsClosed());
  EXPECT_FALSE(other.IsClosed());
}

TEST_F(BytesTest, AHouseholdOfIpv6IsOneAddress) {
  const Waiting here(calls_, service::PeerOfCall("ipv6:%5B2001:db8:0:7::1%5D:5"), kStart);
  const Waiting there(calls_, service::PeerOfCall("ipv6:%5B2001:db8:0:7:9::2%5D:5"), kStart);
  const Waiting elsewhere(calls_, service::PeerOfCall("ipv6:%5B2001:db8:0:8::1%5D:5"), kStart);
  sent_[here.descriptor()] = 60;
  sent_[there.descriptor()] = 50;
  sent_[elsewhere.descriptor()] = 70;
  calls_.EndOverdue(kStart);
  EXPECT_TRUE(here.IsClosed());
  EXPECT_FALSE(there.IsClosed());
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
