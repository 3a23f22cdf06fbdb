#include "server/service/log.h"

#include <memory>

#include "spdlog/sinks/stdout_sinks.h"
#include "spdlog/spdlog.h"
#include "sync/base/status.h"

namespace vigil::service {

namespace {

spdlog::level::level_enum ToSpdlog(v1::LogLevel level) {
  switch (level) {
    case v1::LOG_LEVEL_DEBUG:
      return spdlog::level::debug;
    case v1::LOG_LEVEL_WARNING:
      return spdlog::level::warn;
    case v1::LOG_LEVEL_ERROR:
      return spdlog::level::err;
    default:
      return spdlog::level::info;
  }
}

bool IsControl(char c) { return static_cast<unsigned char>(c) < ' ' || c == 127; }

bool IsPlain(std::string_view text) {
  for (const char c : text) {
    if (IsControl(c) || c == ' ' || c == '"' || c == '=' || c == '\\') return false;
  }
  return !text.empty();
}

}  // namespace

void InitLog(v1::LogLevel level) {
  auto logger =
      std::make_shared<spdlog::logger>("vigild", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
  logger->set_level(ToSpdlog(level));
  logger->flush_on(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void LogFailure(std::string_view event, const absl::Status& status) {
  Log(v1::LOG_LEVEL_ERROR, event, {{"error", ToStd(status.message())}});
}

std::string LogValue(std::string_view text) {
  if (IsPlain(text)) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (IsControl(c)) {
      quoted += '?';
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

void Log(v1::LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  spdlog::logger* logger = spdlog::default_logger_raw();
  if (!logger->should_log(ToSpdlog(level))) return;
  std::string line(event);
  for (const LogField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    line += LogValue(field.value);
  }
  logger->log(ToSpdlog(level), line);
}

}  // namespace vigil::service
