#ifndef VIGIL_SYNC_CLI_CONSOLE_JSON_H_
#define VIGIL_SYNC_CLI_CONSOLE_JSON_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "google/protobuf/message.h"

// What `--json` prints: protobuf's JSON with the contract's own field names, on one line, and
// objects and arrays around it whose parts keep their order.

namespace vigil::console {

// The message as JSON; fields without presence are always there, so that the shape is stable.
std::string ProtoJson(const google::protobuf::Message& message);
// With quotes. What is not UTF-8 is shown as U+FFFD.
std::string QuotedJson(std::string_view text);

class JsonObject {
 public:
  JsonObject& Set(std::string_view key, std::string_view text) {
    return SetRaw(key, QuotedJson(text));
  }
  JsonObject& Set(std::string_view key, const char* text) {
    return Set(key, std::string_view(text));
  }
  JsonObject& Set(std::string_view key, std::int64_t number) {
    return SetRaw(key, std::to_string(number));
  }
  JsonObject& Set(std::string_view key, bool value) {
    return SetRaw(key, value ? "true" : "false");
  }
  // `json` is JSON already.
  JsonObject& SetRaw(std::string_view key, std::string_view json);

  std::string ToString() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

// Prints with one element on a line.
class JsonArray {
 public:
  // `json` is JSON already.
  JsonArray& AddRaw(std::string_view json);
  JsonArray& Add(std::string_view text) { return AddRaw(QuotedJson(text)); }

  std::string ToString() const { return elements_.empty() ? "[]" : "[\n" + elements_ + "\n]"; }

 private:
  std::string elements_;
};

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_JSON_H_
