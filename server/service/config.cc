#include "server/service/config.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "server/outbox/lanes.h"
#include "server/service/text_file.h"
#include "sync/base/loopback.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/evidence.h"
#include "sync/rules/reason.h"

namespace vigil::service {

using google::protobuf::FieldDescriptor;
using rules::Refuse;

namespace {

// A number of the configuration: 0 stands for its default.
struct Number {
  std::string_view field;
  std::uint32_t usual;
  std::uint32_t least;
  std::uint32_t most;
};

constexpr std::array kServerNumbers = {
    Number{"listen_port", 0, 0, 65535},
    Number{"escalation_tick_s", 30, 1, 3600},
};
constexpr std::array kLifetimeNumbers = {
    Number{"access_token_s", 900, 60, 3600},
    Number{"phone_days", 180, 1, 3650},
    Number{"office_days", 7, 1, 90},
};
constexpr std::array kLimitNumbers = {
    Number{"operation_bytes_max", 256 * 1024, 1024, 4 * 1024 * 1024},
    Number{"push_operations_max", 500, 1, 10'000},
    Number{"queue_operations_max", 10'000, 1, 1'000'000},
    Number{"drain_s", 10, 1, 600},
    Number{"message_bytes_max", 4 * 1024 * 1024, 64 * 1024, 64 * 1024 * 1024},
    Number{"connections_max", 4000, 1, 100'000},
    Number{"connections_per_address_max", 500, 1, 100'000},
    Number{"calls_per_address_s", 2000, 1, 1'000'000},
    Number{"calls_per_person_s", 200, 1, 1'000'000},
    Number{"calls_per_device_s", 100, 1, 1'000'000},
    Number{"streams_per_device_max", 8, 1, 1000},
    Number{"streams_per_person_max", 32, 1, 1000},
    Number{"call_s", 60, 1, 600},
    Number{"storage_reserve_mib", 64, 16, 1024 * 1024},
};
constexpr std::array kEvidenceNumbers = {
    Number{"content_mib_max", 64, 1, 1024},
    Number{"person_mib_max", 2048, 1, 1'000'000},
    Number{"total_mib_max", 1'000'000, 1, 1'000'000'000},
    Number{"unreferenced_days", 30, 1, 3650},
};
constexpr std::array kNotificationNumbers = {
    Number{"attempts_max", 20, 1, 100},
    Number{"first_retry_s", 60, 1, 3600},
    Number{"longest_retry_s", 21'600, 1, 86'400},
    Number{"connect_s", 10, 1, 60},
    Number{"attempt_s", 30, 1, 300},
};

// What a push takes beside the bytes of its only operation.
constexpr std::uint32_t kEntryBytes = 1024;

// A fault of one field, which stands in the message of this name (empty: the configuration itself).
struct Fault {
  std::string field;
  std::string part;
  std::string reason;
  // Of a repeated field: which of its values.
  int index = -1;
  // What stands between the two.
  std::vector<TextFile::Part> between = {};
};

// Visits each message with numbers, until `visit(message, numbers, part)` says what is wrong.
template <typename Visit>
std::optional<Fault> ForEachPart(v1::ServerConfig& config, const Visit& visit) {
  using Numbers = std::span<const Number>;
  if (auto fault = visit(config, Numbers(kServerNumbers), "")) return fault;
  if (auto fault = visit(*config.mutable_lifetimes(), Numbers(kLifetimeNumbers), "lifetimes")) {
    return fault;
  }
  if (auto fault = visit(*config.mutable_evidence(), Numbers(kEvidenceNumbers), "evidence")) {
    return fault;
  }
  if (auto fault =
          visit(*config.mutable_notifications(), Numbers(kNotificationNumbers), "notifications")) {
    return fault;
  }
  return visit(*config.mutable_limits(), Numbers(kLimitNumbers), "limits");
}

const FieldDescriptor& FieldOf(const google::protobuf::Message& message, const Number& number) {
  const FieldDescriptor* field =
      message.GetDescriptor()->FindFieldByName(std::string(number.field));
  VIGIL_CHECK(field != nullptr) << number.field;
  return *field;
}

std::optional<Fault> FindNumberFault(v1::ServerConfig config) {
  return ForEachPart(
      config,
      [](google::protobuf::Message& message, std::span<const Number> numbers,
         const char* part) -> std::optional<Fault> {
        for (const Number& number : numbers) {
          const FieldDescriptor& field = FieldOf(message, number);
          const std::uint32_t value = message.GetReflection()->GetUInt32(message, &field);
          if (value < number.least || value > number.most) {
            return Fault{field.name(), part,
                         absl::StrCat(field.name(), " is ", value, "; it must be between ",
                                      number.least, " and ", number.most)};
          }
        }
        return std::nullopt;
      });
}

std::optional<Fault> FindTransportFault(const v1::ServerConfig& config) {
  if (config.plain_text()) {
    if (config.has_tls()) {
      return Fault{"plain_text", "", "plain_text and tls exclude each other"};
    }
    if (IsLoopbackHost(config.listen_address())) return std::nullopt;
    return Fault{"listen_address", "",
                 absl::StrCat("listen_address is '", config.listen_address(),
                              "'; without encryption only a loopback address may be bound, such "
                              "as 127.0.0.1")};
  }
  if (!config.has_tls()) {
    return Fault{"tls", "",
                 "tls is missing: name a certificate_file and a key_file, or ask for plain_text on "
                 "a loopback address"};
  }
  if (config.tls().certificate_file().empty()) {
    return Fault{"certificate_file", "tls", "certificate_file is missing"};
  }
  if (config.tls().key_file().empty()) return Fault{"key_file", "tls", "key_file is missing"};
  return std::nullopt;
}

std::optional<Fault> FindEvidenceFault(const v1::EvidenceLimits& limits) {
  if (limits.person_mib_max() < limits.content_mib_max()) {
    return Fault{"person_mib_max", "evidence",
                 absl::StrCat("person_mib_max is ", limits.person_mib_max(),
                              "; nobody could send a content of content_mib_max, which is ",
                              limits.content_mib_max())};
  }
  const std::vector<std::string>& known = rules::MediaTypes();
  for (int i = 0; i < limits.media_types_size(); ++i) {
    const std::string& type = limits.media_types(i);
    if (std::find(known.begin(), known.end(), type) != known.end()) continue;
    return Fault{"media_types", "evidence",
                 absl::StrCat("media_types has '", type, "'; what can be told from a file is ",
                              absl::StrJoin(known, ", ")),
                 i};
  }
  return std::nullopt;
}

std::optional<Fault> FindNotificationFault(const v1::NotificationOptions& options) {
  const std::optional<outbox::OptionsFault> found = outbox::FindOptionsFault(options);
  if (!found) return std::nullopt;
  Fault fault{found->path.back().first, "notifications", found->reason, found->path.back().second};
  for (std::size_t i = 0; i + 1 < found->path.size(); ++i) {
    fault.between.push_back({found->path[i].first, found->path[i].second});
  }
  return fault;
}

std::optional<Fault> FindFault(const v1::ServerConfig& config) {
  if (!LoadZone(config.time_zone()).ok()) {
    return Fault{
        "time_zone", "",
        absl::StrCat("time_zone '", config.time_zone(), "' is not in the time zone database")};
  }
  if (auto fault = FindNumberFault(config)) return fault;
  const v1::Limits& limits = config.limits();
  if (limits.message_bytes_max() < limits.operation_bytes_max() + kEntryBytes) {
    return Fault{"operation_bytes_max", "limits",
                 absl::StrCat("operation_bytes_max is ", limits.operation_bytes_max(),
                              "; such an operation does not fit into a message, of which "
                              "message_bytes_max is ",
                              limits.message_bytes_max())};
  }
  if (auto fault = FindEvidenceFault(config.evidence())) return fault;
  return FindNotificationFault(config.notifications());
}

void FillDefaults(v1::ServerConfig& config) {
  if (config.listen_address().empty()) config.set_listen_address("127.0.0.1");
  if (config.time_zone().empty()) config.set_time_zone("Asia/Shanghai");
  if (config.log_level() == v1::LOG_LEVEL_UNSPECIFIED) config.set_log_level(v1::LOG_LEVEL_INFO);
  if (config.evidence().media_types().empty()) {
    for (const std::string& type : rules::UsualMediaTypes()) {
      config.mutable_evidence()->add_media_types(type);
    }
  }
  ForEachPart(config,
              [](google::protobuf::Message& message, std::span<const Number> numbers,
                 const char*) -> std::optional<Fault> {
                for (const Number& number : numbers) {
                  const FieldDescriptor& field = FieldOf(message, number);
                  const google::protobuf::Reflection& reflection = *message.GetReflection();
                  if (reflection.GetUInt32(message, &field) == 0) {
                    reflection.SetUInt32(&message, &field, number.usual);
                  }
                }
                return std::nullopt;
              });
}

}  // namespace

v1::ServerConfig DefaultConfig() {
  v1::ServerConfig config;
  FillDefaults(config);
  return config;
}

absl::StatusOr<v1::ServerConfig> ParseConfig(std::string_view text, const std::string& name) {
  TextFile file(name);
  v1::ServerConfig config;
  VIGIL_RETURN_IF_ERROR(file.Parse(text, config));
  FillDefaults(config);
  if (const std::optional<Fault> fault = FindFault(config)) {
    std::vector<TextFile::Part> path;
    if (!fault->part.empty()) path.push_back({fault->part});
    path.insert(path.end(), fault->between.begin(), fault->between.end());
    path.push_back({fault->field, fault->index});
    return file.FaultAt(config, path, fault->reason);
  }
  return config;
}

absl::Status CheckConfig(const v1::ServerConfig& config) {
  std::optional<Fault> fault = FindFault(config);
  if (!fault) fault = FindTransportFault(config);
  if (fault) {
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
