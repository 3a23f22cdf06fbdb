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

// The switch of this name; null: there is none.
bool* SwitchOf(Options& options, const std::string& word) {
  if (word == "--help" || word == "-h") return &options.help;
  if (word == "--version") return &options.version;
  if (word == "--plain-text") return &options.plain_text;
  if (word == "--invite-administrator") return &options.invite_administrator;
  return nullptr;
}

absl::Status Set(Options& options, const std::string& name, const std::string& value) {
  if (name == "--config") {
    options.config_path = value;
  } else if (name == "--data-dir") {
    options.data_dir = value;
  } else if (name == "--tls-certificate") {
    options.tls_certificate = value;
  } else if (name == "--tls-key") {
    options.tls_key = value;
  } else if (name == "--tls-client-authorities") {
    options.tls_client_authorities = value;
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
    if (bool* const given = SwitchOf(options, word); given != nullptr) {
      *given = true;
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
              (--tls-certificate FILE --tls-key FILE | --plain-text) [options]

The server of Vigil's hazard register. It speaks TLS 1.2 or better, and runs until SIGTERM or
SIGINT.

  --config FILE           text-format configuration (message vigil.v1.ServerConfig); what follows
                          goes before it
  --data-dir DIR          directory of the register; made if it is not there
  --port N                port; 0 takes a free one
  --tls-certificate FILE  PEM: the server's certificate and those that lead to its root
  --tls-key FILE          PEM: its key. Both are read again when they change, without a restart
  --tls-client-authorities FILE
                          PEM: lets in only clients with a certificate of these authorities
  --plain-text            no encryption, on a loopback address only
  --invite-administrator  writes a new one-time code for the first administrator, who has lost his
                          password; gives him his roles back if they are gone
  --version               prints the version
  --help                  prints this

In the data directory: register.db (the register), register.key (signs its heads), port (the port
that is bound) and, until the first administrator has chosen a password,
first-administrator.code (for vigilctl set-password --person admin --code-file).

Examples:
  vigild --data-dir ./register --port 7433 --tls-certificate server.pem --tls-key server.key
  vigild --config /etc/vigil/vigild.textproto
  vigild --data-dir ./register --plain-text && echo "drained"

Exit codes: 0 ended as asked, 1 cannot start or go on (port in use, no register in the file, a
certificate with which no server can run, disk), 2 wrong command line or configuration, 70 the
disk's answer was unknown: start again.
)";
}

}  // namespace vigil::service
