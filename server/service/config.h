#ifndef VIGIL_SERVER_SERVICE_CONFIG_H_
#define VIGIL_SERVER_SERVICE_CONFIG_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vigil/v1/config.pb.h"

namespace vigil::service {

// What a server runs with when nothing is said.
v1::ServerConfig DefaultConfig();

// Reads a text-format ServerConfig; what is unset gets its default. INVALID_CONFIGURATION with a
// message "NAME:LINE:COLUMN: REASON" for the first fault (`name` is the file's, for the message).
absl::StatusOr<v1::ServerConfig> ParseConfig(std::string_view text, const std::string& name);

// Checks every value of a complete configuration, a data directory among them.
absl::Status CheckConfig(const v1::ServerConfig& config);

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_CONFIG_H_
