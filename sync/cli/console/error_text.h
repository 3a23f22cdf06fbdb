#ifndef VIGIL_SYNC_CLI_CONSOLE_ERROR_TEXT_H_
#define VIGIL_SYNC_CLI_CONSOLE_ERROR_TEXT_H_

#include <string>

#include "absl/status/status.h"
#include "sync/cli/console/text.h"
#include "vigil/v1/error.pb.h"

namespace vigil::console {

// An error for people: what it means, the register's own words, what it is about, what to do next.
// Several lines, without one at the end. `status` must be an error.
std::string ErrorText(const absl::Status& status, Language language);

// "not from here (WRONG_CHANNEL)"; empty without a reason.
std::string ReasonText(v1::Reason reason, Language language);

// The error as one line of JSON: an ErrorDetail with the exit code beside it.
std::string ErrorJson(const absl::Status& status);

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_ERROR_TEXT_H_
