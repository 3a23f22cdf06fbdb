#include "server/service/config.h"

#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/reason.h"

namespace vigil::service {

using google::protobuf::FieldDescriptor;
using google::protobuf::TextFormat;
using rules::Refuse;

namespace {

class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  // Lines and columns are counted from 0; -1 for none.
  void AddError(int line, int column, const std::string& message) override {
    if (!message_.empty()) return;
    line_ = line < 0 ? 0 : line;
    column_ = column < 0 ? 0 : column;
    message_ = message;
  }

  absl::Status ToStatus(std::string_view name) const {
    return Refuse(v1::REASON_INVALID_CONFIGURATION,
                  absl::StrCat(ToAbsl(name), ":", line_ + 1, ":", column_ + 1, ": ", message_))
        .With("line", std::int64_t{line_ + 1});
  }

 private:
  int line_ = 0;
  int column_ = 0;
  std::string message_;
};

struct Range {
  std::string_view field;
  std::uint32_t least;
  std::uint32_t most;
};

constexpr std::array<Range, 2> kServerRanges = {{
    {"listen_port", 0, 65535},
    {"escalation_tick_s", 1, 3600},
}};
constexpr std::array<Range, 4> kLimitRanges = {{
    {"operation_bytes_max", 1024, 4 * 1024 * 1024},
    {"push_operations_max", 1, 10'000},
    {"queue_operations_max", 1, 1'000'000},
    {"drain_s", 1, 600},
}};

// A fault of one field of the configuration or of its limits.
struct Fault {
  std::string field;
  bool in_limits = false;
  std::string reason;
};

template <std::size_t kCount>
std::optional<Fault> CheckRanges(const google::protobuf::Message& message,
                                 const std::array<Range, kCount>& ranges, bool in_limits) {
  for (const Range& range : ranges) {
    const FieldDescriptor* field =
        message.GetDescriptor()->FindFieldByName(std::string(range.field));
    VIGIL_CHECK(field != nullptr) << range.field;
    const std::uint32_t value = message.GetReflection()->GetUInt32(message, field);
    if (value < range.least || value > range.most) {
      return Fault{field->name(), in_limits,
                   absl::StrCat(field->name(), " is ", value, "; it must be between ", range.least,
                                " and ", range.most)};
    }
  }
  return std::nullopt;
}

bool IsLoopback(const std::string& address) {
  return address == "::1" || address == "localhost" || address.rfind("127.", 0) == 0;
}

std::optional<Fault> FindFault(const v1::ServerConfig& config) {
  if (!IsLoopback(config.listen_address())) {
    return Fault{"listen_address", false,
                 absl::StrCat("listen_address is '", config.listen_address(),
                              "'; until access control is complete only a loopback address may "
                              "be bound, such as 127.0.0.1")};
  }
  if (!LoadZone(config.time_zone()).ok()) {
    return Fault{
        "time_zone", false,
        absl::StrCat("time_zone '", config.time_zone(), "' is not in the time zone database")};
  }
  if (auto fault = CheckRanges(config, kServerRanges, false)) return fault;
  return CheckRanges(config.limits(), kLimitRanges, true);
}

void FillDefaults(v1::ServerConfig& config) {
  const v1::ServerConfig defaults = DefaultConfig();
  if (config.listen_address().empty()) config.set_listen_address(defaults.listen_address());
  if (config.time_zone().empty()) config.set_time_zone(defaults.time_zone());
  if (config.escalation_tick_s() == 0) config.set_escalation_tick_s(defaults.escalation_tick_s());
  if (config.log_level() == v1::LOG_LEVEL_UNSPECIFIED) config.set_log_level(defaults.log_level());
  v1::Limits& limits = *config.mutable_limits();
  const v1::Limits& usual = defaults.limits();
  if (limits.operation_bytes_max() == 0) {
    limits.set_operation_bytes_max(usual.operation_bytes_max());
  }
  if (limits.push_operations_max() == 0) {
    limits.set_push_operations_max(usual.push_operations_max());
  }
  if (limits.queue_operations_max() == 0) {
    limits.set_queue_operations_max(usual.queue_operations_max());
  }
  if (limits.drain_s() == 0) limits.set_drain_s(usual.drain_s());
}

}  // namespace

v1::ServerConfig DefaultConfig() {
  v1::ServerConfig config;
  config.set_listen_address("127.0.0.1");
  config.set_time_zone("Asia/Shanghai");
  config.set_escalation_tick_s(30);
  config.set_log_level(v1::LOG_LEVEL_INFO);
  config.mutable_limits()->set_operation_bytes_max(256 * 1024);
  config.mutable_limits()->set_push_operations_max(500);
  config.mutable_limits()->set_queue_operations_max(10'000);
  config.mutable_limits()->set_drain_s(10);
  return config;
}

absl::StatusOr<v1::ServerConfig> ParseConfig(std::string_view text, std::string_view name) {
  FirstError error;
  TextFormat::ParseInfoTree places;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.WriteLocationsTo(&places);
  v1::ServerConfig config;
  if (!parser.ParseFromString(std::string(text), &config)) return error.ToStatus(name);
  FillDefaults(config);
  if (const std::optional<Fault> fault = FindFault(config)) {
    const google::protobuf::Descriptor* type =
        fault->in_limits ? v1::Limits::descriptor() : v1::ServerConfig::descriptor();
    const TextFormat::ParseInfoTree* tree = &places;
    if (fault->in_limits) {
      tree = places.GetTreeForNested(v1::ServerConfig::descriptor()->FindFieldByName("limits"), -1);
    }
    TextFormat::ParseLocation place(0, 0);
    if (tree != nullptr) place = tree->GetLocation(type->FindFieldByName(fault->field), -1);
    error.AddError(place.line, place.column, fault->reason);
    return error.ToStatus(name);
  }
  return config;
}

absl::Status CheckConfig(const v1::ServerConfig& config) {
  if (const std::optional<Fault> fault = FindFault(config)) {
    return Refuse(v1::REASON_INVALID_CONFIGURATION, fault->reason).With("field", fault->field);
  }
  if (config.data_dir().empty()) {
    return Refuse(v1::REASON_INVALID_CONFIGURATION,
                  "no data directory: give --data-dir, or data_dir in the configuration")
        .With("field", "data_dir");
  }
  return absl::OkStatus();
}

}  // namespace vigil::service
