#include "server/service/connection_gate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "server/service/first_calls.h"
#include "server/service/peer_address.h"
#include "sync/base/mutex.h"
#include "tests/support/status_matchers.h"

namespace vigil::testing {
namespace {

using service::ConnectionGate;
using service::FirstCalls;

int Connect(std::uint32_t port) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<in_port_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return descriptor;
}

// Waits until the other side has closed it.
bool IsClosed(int descriptor) {
  char byte = 0;
  return recv(descriptor, &byte, 1, 0) <= 0;
}

// As gRPC ends a connection that it is done with.
void End(int descriptor) {
  shutdown(descriptor, SHUT_RDWR);
  close(descriptor);
}

// Keeps what it is handed.
class Keeper {
 public:
  ConnectionGate::HandOn HandOn() {
    return [this](int descriptor) {
      const MutexLock lock(mutex_);
      descriptors_.push_back(descriptor);
      changed_.NotifyAll();
    };
  }
  // Waits for so many; the last one.
  int WaitFor(std::size_t count) {
    const MutexLock lock(mutex_);
    while (descriptors_.size() < count) changed_.Wait(mutex_);
    return descriptors_.back();
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<int> descriptors_ ABSL_GUARDED_BY(mutex_);
};

TEST(ConnectionGateTest, SoManyFromOneAddressAndAPlaceIsFreeAgainWhenOneEnds) {
  FirstCalls calls({});
  VIGIL_ASSERT_OK_AND_ASSIGN(
      const std::unique_ptr<ConnectionGate> gate,
      ConnectionGate::Listen({.connections_max = 10, .connections_per_address_max = 2}, calls));
  Keeper keeper;
  gate->Open(keeper.HandOn());
  const int first = Connect(gate->port());
  const int first_here = keeper.WaitFor(1);
  const int second = Connect(gate->port());
  const int second_here = keeper.WaitFor(2);
  const int third = Connect(gate->port());
  EXPECT_TRUE(IsClosed(third));
  close(third);
  EXPECT_EQ(gate->turned_away(), 1U);

  // The client goes; the place is free as soon as that is seen, and until then a new one is turned
  // away.
  close(first);
  End(first_here);
  while (gate->connections() == 2) {
    pollfd nothing{};
    poll(&nothing, 0, 1);
  }
  const int fourth = Connect(gate->port());
  const int fourth_here = keeper.WaitFor(3);
  // The server ends it: that counts as well.
  End(fourth_here);
  EXPECT_TRUE(IsClosed(fourth));
  close(fourth);
  gate->Close();
  close(second);
  End(second_here);
}

TEST(ConnectionGateTest, SoManyInAll) {
  FirstCalls calls({});
  VIGIL_ASSERT_OK_AND_ASSIGN(
      const std::unique_ptr<ConnectionGate> gate,
      ConnectionGate::Listen({.connections_max = 1, .connections_per_address_max = 2}, calls));
  Keeper keeper;
  gate->Open(keeper.HandOn());
  const int first = Connect(gate->port());
  const int first_here = keeper.WaitFor(1);
  const int second = Connect(gate->port());
  EXPECT_TRUE(IsClosed(second));
  close(first);
  End(first_here);
  close(second);
}

// A gate that takes a connection, which is ended as the limits say.
void ExpectEnded(const FirstCalls::Limits& limits, std::string_view sent) {
  FirstCalls calls(limits);
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<ConnectionGate> gate,
                             ConnectionGate::Listen(ConnectionGate::Options(), calls));
  Keeper keeper;
  gate->Open(keeper.HandOn());
  const int connection = Connect(gate->port());
  const int here = keeper.WaitFor(1);
  EXPECT_EQ(send(connection, sent.data(), sent.size(), 0), static_cast<ssize_t>(sent.size()));
  EXPECT_TRUE(IsClosed(connection));
  EXPECT_EQ(calls.ended(), 1U);
  close(connection);
  End(here);
}

TEST(ConnectionGateTest, AConnectionThatBringsNoCallIsEnded) {
  ExpectEnded({.age_max = absl::Milliseconds(1), .bytes_max = 1000}, "x");
}

TEST(ConnectionGateTest, AConnectionThatSendsTooMuchBeforeItsFirstCallIsEnded) {
  ExpectEnded({.age_max = absl::Hours(1), .bytes_max = 1000}, std::string(1001, 'x'));
}

TEST(ConnectionGateTest, WhoWasLetInStays) {
  FirstCalls calls({.age_max = absl::Hours(1), .bytes_max = 1000});
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<ConnectionGate> gate,
                             ConnectionGate::Listen(ConnectionGate::Options(), calls));
  Keeper keeper;
  gate->Open(keeper.HandOn());
  const int known = Connect(gate->port());
  const int known_here = keeper.WaitFor(1);
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  EXPECT_EQ(getpeername(known_here, reinterpret_cast<sockaddr*>(&peer), &size), 0);
  calls.Came(service::PeerOfSocket(peer));
  const int stranger = Connect(gate->port());
  const int stranger_here = keeper.WaitFor(2);
  for (const int each : {known, stranger}) {
    EXPECT_EQ(send(each, std::string(1001, 'x').data(), 1001, 0), 1001);
  }
  EXPECT_TRUE(IsClosed(stranger));
  char byte = 0;
  EXPECT_EQ(recv(known, &byte, 1, MSG_DONTWAIT), -1) << "it is open, and there is nothing to read";
  EXPECT_EQ(calls.ended(), 1U);
  for (const int each : {known, stranger}) close(each);
  for (const int each : {known_here, stranger_here}) End(each);
}

class OutOfMeansTest : public ::testing::TestWithParam<int> {};

TEST_P(OutOfMeansTest, GoesOnWhenItCanAndDoesNotSpinUntilThen) {
  FirstCalls calls({});
  std::atomic<int> tries = 0;
  const absl::Time until = absl::Now() + absl::Milliseconds(300);
  const auto accept = [&](int listener, sockaddr* peer, socklen_t* size) {
    ++tries;
    if (absl::Now() >= until) return ConnectionGate::AcceptConnection(listener, peer, size);
    errno = GetParam();
    return -1;
  };
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<ConnectionGate> gate,
                             ConnectionGate::Listen({.accept = accept}, calls));
  Keeper keeper;
  gate->Open(keeper.HandOn());
  const int connection = Connect(gate->port());
  const int here = keeper.WaitFor(1);
  EXPECT_LT(tries, 100);
  close(connection);
  End(here);
}

INSTANTIATE_TEST_SUITE_P(Causes, OutOfMeansTest,
                         ::testing::Values(EMFILE, ENFILE, ENOMEM, ENOBUFS));

TEST(ConnectionGateTest, SaysThatAPortIsInUse) {
  FirstCalls calls({});
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<ConnectionGate> gate,
                             ConnectionGate::Listen(ConnectionGate::Options(), calls));
  EXPECT_THAT(ConnectionGate::Listen({.port = gate->port()}, calls),
              ReasonIs("REASON_PORT_IN_USE"));
}

}  // namespace
}  // namespace vigil::testing
