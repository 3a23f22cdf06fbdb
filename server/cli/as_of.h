#ifndef VIGIL_SERVER_CLI_AS_OF_H_
#define VIGIL_SERVER_CLI_AS_OF_H_

#include "absl/status/status.h"
#include "sync/base/status.h"
#include "sync/cli/console/command.h"
#include "sync/cli/console/value_parse.h"

namespace vigil::office {

// --as-of DATE, of commands that ask about the register.
inline console::OptionSpec AsOfOption() {
  return {"--as-of",
          "DATE",
          {"as it stood when this day had ended, by the server's clock",
           "某日终了时的情况（以服务器时间为准）"}};
}

template <typename Request>
absl::Status TakeAsOf(const console::Arguments& arguments, Request& request) {
  if (!arguments.Has("--as-of")) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(*request.mutable_as_of(), console::ParseDate(arguments.Value("--as-of")));
  return absl::OkStatus();
}

}  // namespace vigil::office

#endif  // VIGIL_SERVER_CLI_AS_OF_H_
