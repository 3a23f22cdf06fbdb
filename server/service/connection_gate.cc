#include "server/service/connection_gate.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::service {

namespace {

constexpr int kBacklog = 1024;
constexpr int kEventsMax = 64;
// How often connections are looked at that wait for their first call (the line carries so much
// beyond what they may send), and how long nothing is accepted when there is no memory for it.
constexpr int kLookMs = 100;

// A descriptor of ours.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int get() const { return number_; }
  int Release() { return std::exchange(number_, -1); }

 private:
  int number_;
};

struct Addresses {
  addrinfo* list = nullptr;
  ~Addresses() {
    if (list != nullptr) freeaddrinfo(list);
  }
};

std::string HostPort(const ConnectionGate::Options& options) {
  const bool is_v6 = options.address.find(':') != std::string::npos;
  return absl::StrCat(is_v6 ? "[" : "", options.address, is_v6 ? "]:" : ":", options.port);
}

absl::Status CannotListen(const ConnectionGate::Options& options, int cause) {
  if (cause == EADDRINUSE) {
    return rules::Refuse(v1::REASON_PORT_IN_USE,
                         absl::StrCat(HostPort(options),
                                      " is in use by another process; stop it, or take another "
                                      "port (--port 0 takes a free one)"));
  }
  return Error(absl::StatusCode::kUnavailable,
               absl::StrCat("cannot listen on ", HostPort(options), ": ", strerror(cause)));
}

// What accepting a connection takes is used up; the connection stays in the queue.
bool IsOutOfMeans(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == ENOBUFS;
}

// Since some moment: the system's clock may be set while a connection waits.
absl::Time SteadyNow() {
  return absl::UnixEpoch() + absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

class Gate final : public ConnectionGate {
 public:
  Gate(Options options, FirstCalls& first_calls, Descriptor listener, std::uint32_t port)
      : options_(std::move(options)),
        first_calls_(first_calls),
        listener_(std::move(listener)),
        port_(port) {}
  ~Gate() override {
    Close();
    for (const auto& [watched, peer] : watched_) {
      first_calls_.Ended(peer, watched);
      close(watched);
    }
  }

  absl::Status Prepare();
  std::uint32_t port() const override { return port_; }
  void Open(HandOn hand_on) override {
    hand_on_ = std::move(hand_on);
    thread_ = std::thread([this] { Run(); });
  }
  void Close() override {
    if (!thread_.joinable()) return;
    const std::uint64_t one = 1;
    VIGIL_CHECK(write(stop_.get(), &one, sizeof(one)) == sizeof(one)) << "cannot end the gate";
    thread_.join();
  }
  std::uint32_t connections() const override { return count_; }
  std::uint64_t turned_away() const override { return turned_away_; }

 private:
  void Run();
  void Accept();
  void Listen(bool listening);
  void Take(Descriptor connection, const sockaddr_storage& peer);
  void Forget(int watched);

  const Options options_;
  FirstCalls& first_calls_;
  Descriptor listener_;
  const std::uint32_t port_;
  Descriptor epoll_;
  Descriptor stop_;
  // Given up to turn a connection away when there are no descriptors left.
  Descriptor reserve_;
  // Of the gate's thread.
  bool listening_ = true;
  HandOn hand_on_;
  std::thread thread_;
  std::atomic<std::uint32_t> count_ = 0;
  std::atomic<std::uint64_t> turned_away_ = 0;
  // A second descriptor of each connection, by which its end is seen; whose it is.
  absl::flat_hash_map<int, PeerAddress> watched_;
  absl::flat_hash_map<std::string, std::uint32_t> by_address_;
};

absl::Status Gate::Prepare() {
  epoll_ = Descriptor(epoll_create1(EPOLL_CLOEXEC));
  stop_ = Descriptor(eventfd(0, EFD_CLOEXEC));
  reserve_ = Descriptor(dup(listener_.get()));
  epoll_event listens{.events = EPOLLIN, .data = {.fd = listener_.get()}};
  epoll_event stops{.events = EPOLLIN, .data = {.fd = stop_.get()}};
  if (epoll_.get() < 0 || stop_.get() < 0 || reserve_.get() < 0 ||
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &listens) != 0 ||
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, stop_.get(), &stops) != 0) {
    return CannotListen(options_, errno);
  }
  return absl::OkStatus();
}

void Gate::Run() {
  std::array<epoll_event, kEventsMax> events{};
  auto next_look = std::chrono::steady_clock::now();
  while (true) {
    const bool looks = first_calls_.waiting() > 0 || !listening_;
    const int count = epoll_wait(epoll_.get(), events.data(), kEventsMax, looks ? kLookMs : -1);
    if (!listening_) Listen(true);
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == stop_.get()) return;
      if (descriptor == listener_.get()) {
        Accept();
      } else {
        Forget(descriptor);
      }
    }
    // Not after each event: it looks at all that wait.
    if (const auto now = std::chrono::steady_clock::now(); now >= next_look) {
      first_calls_.EndOverdue(SteadyNow());
      next_look = now + std::chrono::milliseconds(kLookMs);
    }
  }
}

void Gate::Accept() {
  sockaddr_storage peer{};
  socklen_t size = sizeof(peer);
  Descriptor connection(
      options_.accept(listener_.get(), reinterpret_cast<sockaddr*>(&peer), &size));
  if (connection.get() >= 0) return Take(std::move(connection), peer);
  if (!IsOutOfMeans(errno)) return;
  // It would stay in the queue and wake us for ever.
  reserve_ = Descriptor();
  connection = Descriptor(options_.accept(listener_.get(), nullptr, nullptr));
  if (connection.get() >= 0) {
    ++turned_away_;
  } else if (IsOutOfMeans(errno)) {
    Listen(false);
  }
  connection = Descriptor();
  reserve_ = Descriptor(dup(listener_.get()));
}

// Whether a connection that comes wakes us. After the next look, or whatever else wakes us, it
// does.
void Gate::Listen(bool listening) {
  epoll_event listens{.events = listening ? EPOLLIN : 0U, .data = {.fd = listener_.get()}};
  VIGIL_CHECK(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener_.get(), &listens) == 0)
      << "cannot wait for connections";
  listening_ = listening;
}

void Gate::Take(Descriptor connection, const sockaddr_storage& peer) {
  const PeerAddress from = PeerOfSocket(peer);
  const std::string key = from.Household();
  const auto known = by_address_.find(key);
  const std::uint32_t of_address = known == by_address_.end() ? 0 : known->second;
  if (count_ >= options_.connections_max || of_address >= options_.connections_per_address_max) {
    ++turned_away_;
    return;
  }
  // Both descriptors are of one connection: when gRPC is done with it, it shuts it down, and that
  // is seen here. No input is asked for: gRPC reads.
  Descriptor watched(dup(connection.get()));
  epoll_event ends{.events = 0, .data = {.fd = watched.get()}};
  if (watched.get() < 0 || epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, watched.get(), &ends) != 0) {
    ++turned_away_;
    return;
  }
  const int yes = 1;
  static_cast<void>(setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)));
  ++by_address_[key];
  ++count_;
  first_calls_.Began(from, watched.get(), SteadyNow());
  watched_.emplace(watched.Release(), from);
  hand_on_(connection.Release());
}

void Gate::Forget(int watched) {
  const auto found = watched_.find(watched);
  if (found == watched_.end()) return;
  first_calls_.Ended(found->second, watched);
  const auto address = by_address_.find(found->second.Household());
  if (--address->second == 0) by_address_.erase(address);
  watched_.erase(found);
  --count_;
  // Takes it out of the set, too.
  epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, watched, nullptr);
  close(watched);
}

}  // namespace

int ConnectionGate::AcceptConnection(int listener, sockaddr* peer, socklen_t* size) {
  return accept4(listener, peer, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

absl::StatusOr<std::unique_ptr<ConnectionGate>> ConnectionGate::Listen(const Options& options,
                                                                       FirstCalls& first_calls) {
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  Addresses found;
  const int error = getaddrinfo(options.address.c_str(), std::to_string(options.port).c_str(),
                                &hints, &found.list);
  if (error != 0) {
    return Error(absl::StatusCode::kUnavailable,
                 absl::StrCat("cannot resolve ", options.address, ": ", gai_strerror(error)));
  }
  Descriptor listener(
      socket(found.list->ai_family, found.list->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int yes = 1;
  const int no = 0;
  // "::" takes IPv4 too.
  if (found.list->ai_family == AF_INET6) {
    setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (listener.get() < 0 ||
      setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
      bind(listener.get(), found.list->ai_addr, found.list->ai_addrlen) != 0 ||
      listen(listener.get(), kBacklog) != 0 ||
      getsockname(listener.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return CannotListen(options, errno);
  }
  const in_port_t port = bound.ss_family == AF_INET
                             ? reinterpret_cast<const sockaddr_in&>(bound).sin_port
                             : reinterpret_cast<const sockaddr_in6&>(bound).sin6_port;
  auto gate = std::make_unique<Gate>(options, first_calls, std::move(listener), ntohs(port));
  VIGIL_RETURN_IF_ERROR(gate->Prepare());
  return std::unique_ptr<ConnectionGate>(std::move(gate));
}

}  // namespace vigil::service
