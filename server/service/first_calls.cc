#include "server/service/first_calls.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace vigil::service {

std::uint64_t FirstCalls::BytesOfTcp(int descriptor) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return info.tcpi_bytes_received;
}

void FirstCalls::Began(const PeerAddress& peer, int descriptor, absl::Time now) {
  const MutexLock lock(mutex_);
  waiting_.insert_or_assign({peer, descriptor}, now);
}

void FirstCalls::Came(const PeerAddress& peer) {
  const MutexLock lock(mutex_);
  waiting_.erase(waiting_.lower_bound({peer, 0}),
                 waiting_.upper_bound({peer, std::numeric_limits<int>::max()}));
}

void FirstCalls::Ended(const PeerAddress& peer, int descriptor) {
  const MutexLock lock(mutex_);
  waiting_.erase({peer, descriptor});
}

void FirstCalls::EndOverdue(absl::Time now) {
  struct Sender {
    Waiting::iterator connection;
    std::uint64_t bytes;
  };
  std::vector<Sender> senders;
  std::map<std::string, std::uint64_t> by_household;
  const MutexLock lock(mutex_);
  for (auto each = waiting_.begin(); each != waiting_.end();) {
    const auto current = each++;
    const std::uint64_t bytes = bytes_received_(current->first.second);
    if (now - current->second >= limits_.age_max || bytes > limits_.bytes_max) {
      End(current);
    } else {
      senders.push_back({current, bytes});
      by_household[current->first.first.Household()] += bytes;
    }
  }
  std::sort(senders.begin(), senders.end(),
            [](const Sender& a, const Sender& b) { return a.bytes > b.bytes; });
  for (const Sender& sender : senders) {
    std::uint64_t& sum = by_household[sender.connection->first.first.Household()];
    if (sum <= limits_.address_bytes_max) continue;
    sum -= sender.bytes;
    End(sender.connection);
  }
}

// Under the lock: until Ended the descriptor is this connection's.
void FirstCalls::End(Waiting::iterator connection) {
  shutdown(connection->first.second, SHUT_RDWR);
  waiting_.erase(connection);
  ++ended_;
}

std::size_t FirstCalls::waiting() const {
  const MutexLock lock(mutex_);
  return waiting_.size();
}

std::uint64_t FirstCalls::ended() const {
  const MutexLock lock(mutex_);
  return ended_;
}

}  // namespace vigil::service
