#ifndef VIGIL_SYNC_BASE_TIME_H_
#define VIGIL_SYNC_BASE_TIME_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

// Instants are absl::Time (UTC); deadlines are absl::CivilDay in the register's own zone.

namespace vigil {

// Where code learns the time; injected, so that tests and the simulator own it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The machine's clock. Safe to use from several threads.
class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

// The register takes years 1900 to 2200, both included; anything else is a mistake or an attack.
inline constexpr int kYearMin = 1900;
inline constexpr int kYearMax = 2200;
bool IsPlausible(absl::Time instant);
bool IsPlausible(absl::CivilDay day);

// The day on which `instant` falls in `zone`.
absl::CivilDay DayAt(absl::Time instant, const absl::TimeZone& zone);
// The first instant of `day` in `zone`. Something due on a day is overdue from
// StartOfDay(day + 1, zone) on.
absl::Time StartOfDay(absl::CivilDay day, const absl::TimeZone& zone);

// "2017-07-31". Parsing accepts exactly this form, real days and plausible years only
// (INVALID_ARGUMENT).
std::string FormatDay(absl::CivilDay day);
absl::StatusOr<absl::CivilDay> ParseDay(std::string_view text);

// RFC 3339 in UTC with milliseconds, "2017-07-31T08:00:00.000Z". Parsing accepts any RFC 3339
// offset and fraction, plausible years only (INVALID_ARGUMENT).
std::string FormatInstant(absl::Time instant);
absl::StatusOr<absl::Time> ParseInstant(std::string_view text);

// A zone by its IANA name (INVALID_ARGUMENT when unknown). Where the system has no zone data,
// "UTC" and "Asia/Shanghai" still work, the latter as UTC+8 (true since 1992).
absl::StatusOr<absl::TimeZone> LoadZone(std::string_view name);

// The storage forms: microseconds since 1970 and days since 1970-01-01.
std::int64_t ToMicros(absl::Time instant);
absl::Time FromMicros(std::int64_t micros);
std::int64_t ToDayNumber(absl::CivilDay day);
absl::CivilDay FromDayNumber(std::int64_t number);

}  // namespace vigil

#endif  // VIGIL_SYNC_BASE_TIME_H_
