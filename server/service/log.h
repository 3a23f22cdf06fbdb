#ifndef VIGIL_SERVER_SERVICE_LOG_H_
#define VIGIL_SERVER_SERVICE_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "vigil/v1/config.pb.h"

// The server's log on stderr: one line for each event, "TIME LEVEL EVENT key=value …", values with
// spaces in quotes. No personal data and no credentials: ids, counts, reasons and times only.

namespace vigil::service {

struct LogField {
  LogField(std::string_view field_key, std::string_view text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, std::int64_t number)
      : key(field_key), value(std::to_string(number)) {}

  std::string_view key;
  std::string value;
};

// Must be called once, before anything is logged.
void InitLog(v1::LogLevel level);

void Log(v1::LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

// An error, with what the status says.
void LogFailure(std::string_view event, const absl::Status& status);

// Ready for a line of the log: quoted and escaped where that is needed.
std::string LogValue(std::string_view text);

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_LOG_H_
