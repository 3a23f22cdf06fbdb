#include "server/service/first_calls.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <limits>

namespace vigil::service {

namespace {

// What the other end has sent; 0 where the system does not say.
std::uint64_t BytesReceived(int descriptor) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return 0;
  return info.tcpi_bytes_received;
}

}  // namespace

void FirstCalls::Began(const PeerAddress& peer, int descriptor, absl::Time now) {
  const MutexLock lock(mutex_);
  waiting_.insert_or_assign({peer, descriptor}, now);
  EndOldestBeyondLimit(peer.Household());
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
  const MutexLock lock(mutex_);
  for (auto each = waiting_.begin(); each != waiting_.end();) {
    const auto current = each++;
    if (now - current->second >= limits_.age_max ||
        BytesReceived(current->first.second) > limits_.bytes_max) {
      End(current);
    }
  }
}

void FirstCalls::EndOldestBeyondLimit(const std::string& household) {
  std::uint32_t count = 0;
  auto oldest = waiting_.end();
  // Sorted by the bytes of the address, of which the household's are the first.
  for (auto each = waiting_.lower_bound({{.host = household}, 0}); each != waiting_.end(); ++each) {
    if (each->first.first.host.compare(0, household.size(), household) != 0) break;
    if (each->first.first.Household() != household) continue;
    ++count;
    if (oldest == waiting_.end() || each->second < oldest->second) oldest = each;
  }
  if (count > limits_.per_address_max) End(oldest);
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
