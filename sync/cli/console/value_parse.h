#ifndef VIGIL_SYNC_CLI_CONSOLE_VALUE_PARSE_H_
#define VIGIL_SYNC_CLI_CONSOLE_VALUE_PARSE_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "sync/cli/console/command.h"
#include "sync/rules/schema.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/record_command.pb.h"

// What people type, as values of the contract. Whatever cannot be read is a usage error.

namespace vigil::console {

struct Reading {
  absl::TimeZone zone;
  // Finds the id of a record of a kind by what people call it: key, number, id or the beginning of
  // an id.
  std::function<absl::StatusOr<std::string>(std::string_view kind, std::string_view name)> find;
};

// "2017-06-30".
absl::StatusOr<v1::Date> ParseDate(std::string_view text);
// "2017-06-30 09:15", "2017-06-30T09:15" or "2017-06-30" in the zone, or RFC 3339.
absl::StatusOr<google::protobuf::Timestamp> ParseTime(std::string_view text,
                                                      const absl::TimeZone& zone);
// Yuan with at most two decimals: "120000", "86.50".
absl::StatusOr<v1::Money> ParseMoney(std::string_view text);
// "LATITUDE,LONGITUDE[,ACCURACY_M[,wgs84|gcj02]]".
absl::StatusOr<v1::Position> ParsePosition(std::string_view text);
absl::StatusOr<double> ParseNumber(std::string_view text);
absl::StatusOr<bool> ParseYesNo(std::string_view text);

// Sets the field (adds an element to a repeated one). Messages other than dates, times, money and
// positions are given as JSON.
absl::Status SetField(const rules::FieldInfo& field, std::string_view text, const Reading& reading,
                      google::protobuf::Message& body);

// "--set FIELD=VALUE" of a new record.
absl::Status SetFields(const rules::EntityInfo& info, const std::vector<std::string>& assignments,
                       const Reading& reading, v1::Entity& entity);

// The options --set, --add, --remove and --clear, for the commands that edit.
std::vector<OptionSpec> EditOptions();
// The edit that they ask for, of a record of this kind; `record` is left to the caller.
absl::StatusOr<v1::EditRecord> BuildEdit(const rules::EntityInfo& info, const Arguments& arguments,
                                         const Reading& reading);

// A message from JSON with the contract's field names.
absl::Status ParseJson(std::string_view json, google::protobuf::Message& message);

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_VALUE_PARSE_H_
