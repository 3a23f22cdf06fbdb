#ifndef VIGIL_SYNC_RULES_REASON_H_
#define VIGIL_SYNC_RULES_REASON_H_

#include <string_view>

#include "sync/base/status.h"
#include "vigil/v1/error.pb.h"

// The typed bridge between absl::Status and vigil.v1.Reason, and between both and ErrorDetail.

namespace vigil::rules {

// A refusal or an error with its reason. The status code follows from the reason (see reason.cc):
// INVALID_ARGUMENT for malformed content, PERMISSION_DENIED for authority, FAILED_PRECONDITION for
// lifecycles, UNAVAILABLE for what may succeed later, and so on.
ErrorBuilder Refuse(v1::Reason reason, std::string_view message);

// REASON_UNSPECIFIED when the status carries none.
v1::Reason ReasonOf(const absl::Status& status);

// The operation was not judged and may be sent again: a missing dependency, an unknown command or
// field, a quota, storage. Everything else with a reason is a decision of the rules.
bool IsDeferral(v1::Reason reason);

v1::ErrorDetail ToDetail(const absl::Status& status);
absl::Status FromDetail(const v1::ErrorDetail& detail);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_REASON_H_
