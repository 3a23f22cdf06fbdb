#ifndef VIGIL_SYNC_RULES_ASKED_PAUSE_H_
#define VIGIL_SYNC_RULES_ASKED_PAUSE_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "sync/base/status.h"

namespace vigil::rules {

// How long the register asks to be left alone: `retry_after_ms` of RATE_LIMITED. Zero: it does not,
// or does not say it in a way that can be read. Never negative; there is no upper bound.
absl::Duration AskedPause(const absl::Status& status);

// RATE_LIMITED, and after how long to come again; rounded up, so that it is never none.
ErrorBuilder TooSoon(std::string_view message, absl::Duration wait);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_ASKED_PAUSE_H_
