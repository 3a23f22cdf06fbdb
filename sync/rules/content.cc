#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/unknown_field_set.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/base/utf8.h"
#include "sync/rules/reason.h"
#include "sync/rules/validate.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/policy.pb.h"

// Content of operations and records, field by field, along tables made once: which fields there are
// and what they may hold is asked of no descriptor again.

namespace vigil::rules {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

constexpr std::size_t kTextBytesMax = 4000;
constexpr int kElementsMax = 1000;

enum class Check { kNothing, kText, kDouble, kFloat, kEnum, kDate, kTime, kPosition, kMessage };

struct MessageChecks;

struct FieldCheck {
  const FieldDescriptor* field = nullptr;
  Check check = Check::kNothing;
  std::size_t text_bytes_max = kTextBytesMax;
  // Of a message.
  const MessageChecks* inner = nullptr;
};

struct MessageChecks {
  bool is_evidence = false;
  // Fields that may be set beside each other.
  std::vector<FieldCheck> fields;
  // Of the others, at most one of each group is.
  struct Choice {
    const OneofDescriptor* oneof = nullptr;
    absl::flat_hash_map<const FieldDescriptor*, FieldCheck> fields;
  };
  std::vector<Choice> choices;
};

using ChecksByType = absl::flat_hash_map<const Descriptor*, std::unique_ptr<MessageChecks>>;

Check CheckOf(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return field.type() == FieldDescriptor::TYPE_STRING ? Check::kText : Check::kNothing;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return Check::kDouble;
    case FieldDescriptor::CPPTYPE_FLOAT:
      return Check::kFloat;
    case FieldDescriptor::CPPTYPE_ENUM:
      return Check::kEnum;
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
    default:
      return Check::kNothing;
  }
  const Descriptor* const type = field.message_type();
  if (type == v1::Date::descriptor()) return Check::kDate;
  if (type == google::protobuf::Timestamp::descriptor()) return Check::kTime;
  if (type == v1::Position::descriptor()) return Check::kPosition;
  return Check::kMessage;
}

const MessageChecks& AddChecks(const Descriptor& type, ChecksByType& known) {
  if (const auto found = known.find(&type); found != known.end()) return *found->second;
  MessageChecks& checks = *(known[&type] = std::make_unique<MessageChecks>());
  checks.is_evidence = &type == v1::Evidence::descriptor();
  checks.choices.resize(static_cast<std::size_t>(type.real_oneof_decl_count()));
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* const field = type.field(i);
    FieldCheck check = {.field = field, .check = CheckOf(*field)};
    if (check.check == Check::kNothing && !field->is_repeated()) continue;
    const std::uint32_t own = field->options().GetExtension(v1::field).max_bytes();
    if (own != 0 && !field->is_repeated()) check.text_bytes_max = own;
    if (check.check == Check::kMessage) check.inner = &AddChecks(*field->message_type(), known);
    if (const OneofDescriptor* const oneof = field->real_containing_oneof()) {
      MessageChecks::Choice& choice = checks.choices[static_cast<std::size_t>(oneof->index())];
      choice.oneof = oneof;
      choice.fields.emplace(field, check);
    } else {
      checks.fields.push_back(check);
    }
  }
  std::erase_if(checks.choices, [](const auto& choice) { return choice.oneof == nullptr; });
  return checks;
}

// Of all that an operation or a record may hold.
const MessageChecks& ChecksOf(const Descriptor& type) {
  static const ChecksByType* const known = [] {
    auto* const checks = new ChecksByType;
    AddChecks(*v1::Operation::descriptor(), *checks);
    AddChecks(*v1::Entity::descriptor(), *checks);
    return checks;
  }();
  return *known->at(&type);
}

absl::Status CheckText(std::string_view text, const FieldDescriptor& field, std::size_t max) {
  if (!IsValidText(text)) {
    return Refuse(v1::REASON_INVALID_UTF8, "a text is not UTF-8, or holds a NUL character")
        .With("field", field.name());
  }
  if (text.size() > max) {
    return Refuse(v1::REASON_TEXT_TOO_LONG,
                  absl::StrCat("a text has ", text.size(), " bytes; shorten it to ", max))
        .With("field", field.name());
  }
  return absl::OkStatus();
}

absl::Status CheckTime(const google::protobuf::Timestamp& time, std::string_view field) {
  // Years 1 to 9999 are what the conversion can take without overflow.
  const bool convertible = time.seconds() >= -62135596800 && time.seconds() < 253402300800 &&
                           time.nanos() >= 0 && time.nanos() < 1000000000;
  if (!convertible || !IsPlausible(absl::FromUnixSeconds(time.seconds()))) {
    return Refuse(v1::REASON_INVALID_TIME, "a time lies outside the years 1900 to 2200")
        .With("field", field);
  }
  return absl::OkStatus();
}

absl::Status CheckPosition(const v1::Position& position, std::string_view field) {
  const bool good = std::isfinite(position.latitude()) && std::isfinite(position.longitude()) &&
                    std::isfinite(position.accuracy_m()) && std::abs(position.latitude()) <= 90 &&
                    std::abs(position.longitude()) <= 180 && position.accuracy_m() >= 0;
  if (!good) {
    return Refuse(v1::REASON_INVALID_POSITION,
                  "a position must have a latitude of -90 to 90 and a longitude of -180 to 180")
        .With("field", field);
  }
  return absl::OkStatus();
}

absl::Status CheckEvidence(const v1::Evidence& evidence, std::string_view field) {
  const std::string& hash = evidence.sha256();
  const bool hex = hash.size() == 64 && std::all_of(hash.begin(), hash.end(), [](char c) {
                     return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                   });
  if (!hex || evidence.size_bytes() < 0) {
    return Refuse(v1::REASON_INVALID_VALUE,
                  "a photo is named by its SHA-256, 64 lower-case hexadecimal digits")
        .With("field", field);
  }
  return absl::OkStatus();
}

absl::Status CheckMessage(const Message& message, const MessageChecks& checks);

absl::Status CheckEnum(int value, const FieldDescriptor& field) {
  if (field.enum_type()->FindValueByNumber(value) != nullptr) return absl::OkStatus();
  return Refuse(v1::REASON_FIELD_UNKNOWN, "a value that this program does not know yet")
      .With("field", field.name());
}

absl::Status CheckNumber(double value, const FieldDescriptor& field) {
  if (std::isfinite(value)) return absl::OkStatus();
  return Refuse(v1::REASON_INVALID_NUMBER, "a number is infinite or not a number")
      .With("field", field.name());
}

absl::Status CheckNested(const Message& value, const FieldCheck& check) {
  const std::string& name = check.field->name();
  switch (check.check) {
    case Check::kDate:
      return Annotate(ValidateDate(static_cast<const v1::Date&>(value)), name);
    case Check::kTime:
      return CheckTime(static_cast<const google::protobuf::Timestamp&>(value), name);
    case Check::kPosition:
      return CheckPosition(static_cast<const v1::Position&>(value), name);
    default:
      break;
  }
  if (check.inner->is_evidence) {
    VIGIL_RETURN_IF_ERROR(CheckEvidence(static_cast<const v1::Evidence&>(value), name));
  }
  return CheckMessage(value, *check.inner);
}

absl::Status CheckSingle(const Message& message, const FieldCheck& check) {
  const auto& reflection = *message.GetReflection();
  const FieldDescriptor* const field = check.field;
  switch (check.check) {
    case Check::kNothing:
      return absl::OkStatus();
    case Check::kText: {
      std::string scratch;
      return CheckText(reflection.GetStringReference(message, field, &scratch), *field,
                       check.text_bytes_max);
    }
    case Check::kDouble:
      return CheckNumber(reflection.GetDouble(message, field), *field);
    case Check::kFloat:
      return CheckNumber(reflection.GetFloat(message, field), *field);
    case Check::kEnum:
      return CheckEnum(reflection.GetEnumValue(message, field), *field);
    default:
      return CheckNested(reflection.GetMessage(message, field), check);
  }
}

absl::Status CheckRepeated(const Message& message, const FieldCheck& check) {
  const auto& reflection = *message.GetReflection();
  const FieldDescriptor* const field = check.field;
  const int size = reflection.FieldSize(message, field);
  if (size > kElementsMax) {
    return Refuse(v1::REASON_TOO_LARGE, absl::StrCat("a list has ", size, " elements; at most ",
                                                     kElementsMax, " are taken"))
        .With("field", field->name());
  }
  for (int i = 0; i < size; ++i) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      VIGIL_RETURN_IF_ERROR(CheckNested(reflection.GetRepeatedMessage(message, field, i), check));
    } else if (check.check == Check::kEnum) {
      VIGIL_RETURN_IF_ERROR(CheckEnum(reflection.GetRepeatedEnumValue(message, field, i), *field));
    } else if (check.check == Check::kText) {
      std::string scratch;
      VIGIL_RETURN_IF_ERROR(
          CheckText(reflection.GetRepeatedStringReference(message, field, i, &scratch), *field,
                    check.text_bytes_max));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckMessage(const Message& message, const MessageChecks& checks) {
  const auto& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) {
    return Refuse(v1::REASON_FIELD_UNKNOWN, "a field that this program does not know yet")
        .With("message", message.GetDescriptor()->name());
  }
  for (const FieldCheck& check : checks.fields) {
    if (check.field->is_repeated()) {
      VIGIL_RETURN_IF_ERROR(CheckRepeated(message, check));
    } else if (reflection.HasField(message, check.field)) {
      VIGIL_RETURN_IF_ERROR(CheckSingle(message, check));
    }
  }
  for (const MessageChecks::Choice& choice : checks.choices) {
    const FieldDescriptor* const chosen = reflection.GetOneofFieldDescriptor(message, choice.oneof);
    const auto found = choice.fields.find(chosen);
    if (found == choice.fields.end()) continue;
    VIGIL_RETURN_IF_ERROR(CheckSingle(message, found->second));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateContent(const Message& content) {
  return CheckMessage(content, ChecksOf(*content.GetDescriptor()));
}

}  // namespace vigil::rules
