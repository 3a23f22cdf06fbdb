#ifndef VIGIL_SERVER_SERVICE_TEXT_FILE_H_
#define VIGIL_SERVER_SERVICE_TEXT_FILE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"

namespace vigil::service {

// Text-format protobuf that people wrote, and where in it a fault is. Every error is
// INVALID_CONFIGURATION with the message "NAME:LINE:COLUMN: REASON".
class TextFile {
 public:
  // `name` is for the messages.
  explicit TextFile(std::string name) : name_(std::move(name)) {}

  absl::Status Parse(std::string_view text, google::protobuf::Message& message);

  // One field on the way from the message to a value: its name and, of a repeated one, which.
  struct Part {
    std::string field;
    int index = -1;
  };
  // The error for a value of the message that was parsed. What was not written has the place of
  // what it would stand in.
  absl::Status FaultAt(const google::protobuf::Message& message, const std::vector<Part>& path,
                       const std::string& reason) const;

 private:
  absl::Status At(int line, int column, const std::string& reason) const;

  const std::string name_;
  google::protobuf::TextFormat::ParseInfoTree places_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_TEXT_FILE_H_
