#include "sync/rules/asked_pause.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::rules {

namespace {

constexpr char kRetryAfter[] = "retry_after_ms";

}  // namespace

absl::Duration AskedPause(const absl::Status& status) {
  if (ReasonOf(status) != v1::REASON_RATE_LIMITED) return absl::ZeroDuration();
  const std::optional<std::string> text = MetadataValueOf(status, kRetryAfter);
  std::int64_t milliseconds = 0;
  if (!text || !absl::SimpleAtoi(*text, &milliseconds)) return absl::ZeroDuration();
  return absl::Milliseconds(std::max<std::int64_t>(0, milliseconds));
}

ErrorBuilder TooSoon(std::string_view message, absl::Duration wait) {
  const absl::Duration whole = absl::Ceil(wait, absl::Milliseconds(1));
  return Refuse(v1::REASON_RATE_LIMITED, message)
      .With(kRetryAfter, std::max<std::int64_t>(1, absl::ToInt64Milliseconds(whole)));
}

}  // namespace vigil::rules
