#include "sync/cli/console/json.h"

#include "absl/strings/str_format.h"
#include "google/protobuf/util/json_util.h"
#include "sync/base/check.h"
#include "sync/base/utf8.h"

namespace vigil::console {

std::string ProtoJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  VIGIL_CHECK(status.ok()) << status.message();
  return json;
}

std::string QuotedJson(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const std::string_view before = text;
    const std::optional<char32_t> point = TakeCodePoint(text);
    if (!point) {
      quoted += "\xef\xbf\xbd";
      text.remove_prefix(1);
    } else if (*point == '"' || *point == '\\') {
      quoted += '\\';
      quoted += static_cast<char>(*point);
    } else if (*point < 0x20 || *point == 0x7f) {
      quoted += absl::StrFormat("\\u%04x", static_cast<unsigned>(*point));
    } else {
      quoted += before.substr(0, before.size() - text.size());
    }
  }
  quoted += '"';
  return quoted;
}

JsonObject& JsonObject::SetRaw(std::string_view key, std::string_view json) {
  if (!members_.empty()) members_ += ',';
  members_ += QuotedJson(key);
  members_ += ':';
  members_ += json;
  return *this;
}

JsonArray& JsonArray::AddRaw(std::string_view json) {
  if (!elements_.empty()) elements_ += ",\n";
  elements_ += json;
  return *this;
}

}  // namespace vigil::console
