#include "server/service/text_file.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "sync/rules/reason.h"

namespace vigil::service {

using google::protobuf::FieldDescriptor;
using google::protobuf::TextFormat;

namespace {

class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  // Lines and columns are counted from 0; -1 for none.
  void AddError(int line, int column, const std::string& message) override {
    if (!message_.empty()) return;
    line_ = line;
    column_ = column;
    message_ = message;
  }

  int line() const { return line_; }
  int column() const { return column_; }
  const std::string& message() const { return message_; }

 private:
  int line_ = 0;
  int column_ = 0;
  std::string message_;
};

}  // namespace

absl::Status TextFile::Parse(std::string_view text, google::protobuf::Message& message) {
  FirstError error;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.WriteLocationsTo(&places_);
  if (parser.ParseFromString(std::string(text), &message)) return absl::OkStatus();
  return At(error.line(), error.column(), error.message());
}

absl::Status TextFile::FaultAt(const google::protobuf::Message& message,
                               const std::vector<Part>& path, const std::string& reason) const {
  const google::protobuf::Message* at = &message;
  const TextFormat::ParseInfoTree* tree = &places_;
  TextFormat::ParseLocation place(0, 0);
  for (std::size_t i = 0; i < path.size() && tree != nullptr; ++i) {
    const FieldDescriptor* field = at->GetDescriptor()->FindFieldByName(path[i].field);
    const int index = field->is_repeated() ? path[i].index : -1;
    // What is missing is missed where it would stand.
    if (field->is_repeated() &&
        (index < 0 || at->GetReflection()->FieldSize(*at, field) <= index)) {
      break;
    }
    const TextFormat::ParseLocation written = tree->GetLocation(field, index);
    if (written.line >= 0) place = written;
    if (i + 1 == path.size()) break;
    tree = tree->GetTreeForNested(field, index);
    if (field->message_type() == nullptr) break;
    at = index >= 0 ? &at->GetReflection()->GetRepeatedMessage(*at, field, index)
                    : &at->GetReflection()->GetMessage(*at, field);
  }
  return At(place.line, place.column, reason);
}

absl::Status TextFile::At(int line, int column, const std::string& reason) const {
  line = std::max(line, 0) + 1;
  column = std::max(column, 0) + 1;
  return rules::Refuse(v1::REASON_INVALID_CONFIGURATION,
                       absl::StrCat(name_, ":", line, ":", column, ": ", reason))
      .With("line", std::int64_t{line});
}

}  // namespace vigil::service
