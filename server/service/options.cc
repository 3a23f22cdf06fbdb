#include "server/service/options.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sync/base/status.h"

namespace vigil::service {

namespace {

absl::Status Usage(std::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument,
               absl::StrCat(ToAbsl(message), "; see vigild --help"));
}

absl::Status Set(Options& options, const std::string& name, const std::string& value) {
  if (name == "--config") {
    options.config_path = value;
  } else if (name == "--data-dir") {
    options.data_dir = value;
  } else if (name == "--port") {
    std::uint32_t port = 0;
    if (!absl::SimpleAtoi(value, &port) || port > 65535) {
      return Usage(absl::StrCat("--port '", value, "' is no number from 0 to 65535"));
    }
    options.port = port;
  } else {
    return Usage(absl::StrCat("unknown option '", name, "'"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--help" || word == "-h") {
      options.help = true;
      continue;
    }
    if (word == "--version") {
      options.version = true;
      continue;
    }
    if (word.rfind("--", 0) != 0) return Usage(absl::StrCat("unexpected argument '", word, "'"));
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) {
      VIGIL_RETURN_IF_ERROR(Set(options, word.substr(0, equals), word.substr(equals + 1)));
    } else if (i + 1 == arguments.size()) {
      // An unknown option is named as such, with a value or without.
      VIGIL_RETURN_IF_ERROR(Set(options, word, word == "--port" ? "0" : ""));
      return Usage(absl::StrCat(word, " needs a value"));
    } else {
      VIGIL_RETURN_IF_ERROR(Set(options, word, arguments[++i]));
    }
  }
  return options;
}

std::string_view HelpText() {
  return R"(Usage: vigild [--config FILE] [--data-dir DIR] [--port N]

The server of Vigil's hazard register. It binds a loopback address only, until access control is
complete, and runs until SIGTERM or SIGINT.

  --config FILE   text-format configuration (message vigil.v1.ServerConfig)
  --data-dir DIR  directory of the register; made if it is not there. Instead of data_dir
  --port N        port; 0 takes a free one. Instead of listen_port
  --version       prints the version
  --help          prints this

In the data directory: register.db (the register), port (the port that is bound), office.token
(the first administrator's credential, made at the first start; for vigilctl).

Examples:
  vigild --data-dir ./register --port 7433
  vigild --config /etc/vigil/vigild.textproto
  vigild --data-dir ./register && echo "drained"

Exit codes: 0 ended as asked, 1 cannot start or go on (port in use, no register in the file, disk),
2 wrong command line or configuration, 70 the disk's answer was unknown: start again.
)";
}

}  // namespace vigil::service
