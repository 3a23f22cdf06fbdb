#include "server/service/request_texts.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "sync/base/status.h"
#include "sync/rules/reason.h"

namespace vigil::service {

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::optional<std::string> FindFault(const Message& message);

// Of one element, or of the only value.
std::optional<std::string> FindFaultIn(const Message& message, const FieldDescriptor& field,
                                       int index) {
  const Reflection& reflection = *message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const Message& part = field.is_repeated()
                              ? reflection.GetRepeatedMessage(message, &field, index)
                              : reflection.GetMessage(message, &field);
    const std::optional<std::string> path = FindFault(part);
    if (!path) return std::nullopt;
    return absl::StrCat(field.name(), ".", *path);
  }
  std::string storage;
  const std::string& text =
      field.is_repeated() ? reflection.GetRepeatedStringReference(message, &field, index, &storage)
                          : reflection.GetStringReference(message, &field, &storage);
  if (text.find('\0') == std::string::npos) return std::nullopt;
  return field.name();
}

// The path of the first text with a NUL.
std::optional<std::string> FindFault(const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->type() != FieldDescriptor::TYPE_STRING &&
        field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    }
    const int size = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < size; ++i) {
      if (auto path = FindFaultIn(message, *field, i)) return path;
    }
  }
  return std::nullopt;
}

}  // namespace

absl::Status CheckTexts(const Message& request) {
  const std::optional<std::string> path = FindFault(request);
  if (!path) return absl::OkStatus();
  return rules::Refuse(v1::REASON_INVALID_VALUE, "a text has a character with the number 0 in it")
      .With("field", *path);
}

}  // namespace vigil::service
