#ifndef VIGIL_SERVER_SERVICE_OPTIONS_H_
#define VIGIL_SERVER_SERVICE_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace vigil::service {

// vigild's command line.
struct Options {
  std::string config_path;
  // Instead of what the configuration says.
  std::string data_dir;
  std::optional<std::uint32_t> port;
  std::string tls_certificate;
  std::string tls_key;
  std::string tls_client_authorities;
  bool plain_text = false;
  // Makes a new code for the first administrator, who has lost his password.
  bool invite_administrator = false;
  bool help = false;
  bool version = false;
};

// Takes "--name value" and "--name=value". INVALID_ARGUMENT for anything else.
absl::StatusOr<Options> ParseOptions(const std::vector<std::string>& arguments);

std::string_view HelpText();

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_OPTIONS_H_
