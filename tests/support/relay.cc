#include "tests/support/relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "sync/base/check.h"

namespace vigil::testing {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// Waits until one of them can be read or has ended.
template <std::size_t kCount>
std::array<pollfd, kCount> Wait(const std::array<int, kCount>& descriptors) {
  std::array<pollfd, kCount> polled{};
  for (std::size_t i = 0; i < kCount; ++i) polled[i] = {descriptors[i], POLLIN, 0};
  while (poll(polled.data(), polled.size(), -1) < 0) {
  }
  return polled;
}

// How much was copied; 0: one of the two has ended.
std::int64_t Copy(int from, int to) {
  std::array<char, 64 * 1024> bytes{};
  const ssize_t count = read(from, bytes.data(), bytes.size());
  for (ssize_t sent = 0; sent < count;) {
    const ssize_t now =
        send(to, bytes.data() + sent, static_cast<std::size_t>(count - sent), MSG_NOSIGNAL);
    if (now <= 0) return 0;
    sent += now;
  }
  return std::max<ssize_t>(count, 0);
}

}  // namespace

Relay::Relay(const Options& options) : options_(options) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  stop_ = eventfd(0, EFD_CLOEXEC);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  VIGIL_CHECK(listener_ >= 0 && stop_ >= 0 &&
              bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
              listen(listener_, SOMAXCONN) == 0 &&
              getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0)
      << "the relay cannot listen";
  address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  thread_ = std::thread([this] { Run(); });
}

Relay::~Relay() {
  const std::uint64_t one = 1;
  VIGIL_CHECK(write(stop_, &one, sizeof(one)) == sizeof(one)) << "the relay cannot be ended";
  thread_.join();
  close(listener_);
  close(stop_);
}

void Relay::Run() {
  while (true) {
    const auto polled = Wait<2>({listener_, stop_});
    if (polled[1].revents != 0) return;
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    if (dropped_ < options_.drops) {
      ++dropped_;
    } else {
      Pass(client);
    }
    close(client);
  }
}

void Relay::Pass(int client) {
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(options_.port);
  bool goes_on = connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  while (goes_on) {
    const auto polled = Wait<3>({client, server, stop_});
    if (polled[2].revents != 0) break;
    if (polled[0].revents != 0) goes_on = Copy(client, server) > 0;
    if (goes_on && polled[1].revents != 0) {
      const std::int64_t copied = Copy(server, client);
      bytes_from_server_ += copied;
      goes_on = copied > 0;
    }
  }
  close(server);
}

}  // namespace vigil::testing
