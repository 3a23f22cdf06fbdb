#ifndef VIGIL_TESTS_SUPPORT_MANUAL_CLOCK_H_
#define VIGIL_TESTS_SUPPORT_MANUAL_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "sync/base/time.h"

namespace vigil::testing {

// When the stories of the tests begin: 2017-07-31 08:00 UTC, the day of the notice.
inline absl::Time StoryBegin() {
  return absl::FromCivil(absl::CivilHour(2017, 7, 31, 8), absl::UTCTimeZone());
}

// A clock that moves when it is told to, in whole microseconds. Safe to use from several threads.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(absl::Time now = StoryBegin()) { Set(now); }

  absl::Time Now() const override { return absl::FromUnixMicros(micros_.load()); }
  void Set(absl::Time now) { micros_.store(absl::ToUnixMicros(now)); }
  void Advance(absl::Duration by) { micros_.fetch_add(absl::ToInt64Microseconds(by)); }

 private:
  std::atomic<std::int64_t> micros_{0};
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_MANUAL_CLOCK_H_
