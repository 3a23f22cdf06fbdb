#include "server/service/open_streams.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/rules/asked_pause.h"
#include "sync/rules/reason.h"

namespace vigil::service {

namespace {

bool HasSameRoles(const rules::Author& a, const rules::Author& b) {
  return std::equal(a.roles.begin(), a.roles.end(), b.roles.begin(), b.roles.end(),
                    [](const v1::RoleGrant& x, const v1::RoleGrant& y) {
                      return x.role() == y.role() && x.unit() == y.unit();
                    });
}

using Counts = absl::flat_hash_map<std::string, std::uint32_t>;

std::uint32_t CountOf(const Counts& counts, const std::string& whose) {
  const auto found = counts.find(whose);
  return found == counts.end() ? 0 : found->second;
}

void GiveBack(Counts& counts, const std::string& whose) {
  const auto found = counts.find(whose);
  if (--found->second == 0) counts.erase(found);
}

absl::Status TooMany(std::string_view what, std::uint32_t most) {
  return rules::TooSoon(what, absl::Seconds(1)).With("streams", std::int64_t{most});
}

absl::Status ShuttingDown() {
  return rules::Refuse(v1::REASON_SHUTTING_DOWN, "the server is shutting down");
}

}  // namespace

absl::StatusOr<OpenStreams::Ticket> OpenStreams::Open(const Caller& caller, End end,
                                                      absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(Ticket ticket, Add(caller, std::move(end)));
  VIGIL_RETURN_IF_ERROR(Look(*caller, now));
  return ticket;
}

absl::StatusOr<OpenStreams::Ticket> OpenStreams::Add(const Caller& caller, End end) {
  const MutexLock lock(mutex_);
  if (closed_) return ShuttingDown();
  const rules::Author& author = caller->author;
  if (CountOf(by_device_, author.device) >= limits_.per_device_max) {
    return TooMany("this device has too many streams open", limits_.per_device_max);
  }
  if (CountOf(by_person_, author.person) >= limits_.per_person_max) {
    return TooMany("this person has too many streams open", limits_.per_person_max);
  }
  ++by_device_[author.device];
  ++by_person_[author.person];
  const std::uint64_t number = next_++;
  streams_[number] = {caller, std::move(end)};
  return Ticket(this, [this, number](void*) { Forget(number); });
}

void OpenStreams::Forget(std::uint64_t number) {
  Stream gone;
  const MutexLock lock(mutex_);
  const auto found = streams_.find(number);
  const rules::Author& author = found->second.caller->author;
  GiveBack(by_device_, author.device);
  GiveBack(by_person_, author.person);
  // Destroyed after the lock is released: it may hold the last of what it would end.
  gone = std::move(found->second);
  streams_.erase(found);
}

absl::flat_hash_map<std::uint64_t, OpenStreams::Stream> OpenStreams::Copy() {
  const MutexLock lock(mutex_);
  return streams_;
}

absl::Status OpenStreams::Look(const access::Principal& caller, absl::Time now) {
  VIGIL_ASSIGN_OR_RETURN(const Caller today, authenticator_.LookAgain(caller, now));
  if (HasSameRoles(today->author, caller.author)) return absl::OkStatus();
  return rules::Refuse(v1::REASON_OUT_OF_SCOPE, "your roles have changed; begin anew");
}

void OpenStreams::LookAgain(absl::Time now) {
  for (const auto& [number, stream] : Copy()) {
    if (const absl::Status status = Look(*stream.caller, now); !status.ok()) stream.end(status);
  }
}

void OpenStreams::Close() {
  {
    const MutexLock lock(mutex_);
    closed_ = true;
  }
  for (const auto& [number, stream] : Copy()) stream.end(ShuttingDown());
}

}  // namespace vigil::service
