#include "server/service/pending_calls.h"

#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::service {

PendingCalls::Claim PendingCalls::Add(absl::Time now, Finish give_up) {
  const MutexLock lock(mutex_);
  const std::uint64_t number = next_++;
  calls_.emplace(number, Call{now + call_max_, std::move(give_up)});
  return [this, number] {
    const MutexLock claimed(mutex_);
    return calls_.erase(number) == 1;
  };
}

void PendingCalls::EndOverdue(absl::Time now) {
  std::vector<Finish> overdue;
  {
    const MutexLock lock(mutex_);
    while (!calls_.empty() && calls_.begin()->second.until <= now) {
      overdue.push_back(std::move(calls_.begin()->second.give_up));
      calls_.erase(calls_.begin());
    }
  }
  for (const Finish& give_up : overdue) {
    give_up(Error(absl::StatusCode::kDeadlineExceeded,
                  {v1::REASON_QUOTA_EXCEEDED, v1::Reason_Name(v1::REASON_QUOTA_EXCEEDED)},
                  "the register has too much to do; send this again in a moment"));
  }
}

}  // namespace vigil::service
