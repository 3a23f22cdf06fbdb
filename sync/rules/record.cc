#include "sync/rules/record.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/check.h"
#include "sync/base/status.h"
#include "sync/rules/wire.h"

namespace vigil::rules {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::util::TimeUtil;

// Protocol buffers' own bound.
constexpr std::size_t kMessageBytesMax = std::numeric_limits<int>::max();

std::unique_ptr<Message> EmptyLike(const Message& body) {
  return std::unique_ptr<Message>(body.New());
}

void CopyElement(const Message& from, const FieldDescriptor& field, int index, Message& to) {
  const Reflection& in = *from.GetReflection();
  const Reflection& out = *to.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      out.AddMessage(&to, &field)->CopyFrom(in.GetRepeatedMessage(from, &field, index));
      return;
    case FieldDescriptor::CPPTYPE_STRING:
      out.AddString(&to, &field, in.GetRepeatedString(from, &field, index));
      return;
    case FieldDescriptor::CPPTYPE_ENUM:
      out.AddEnumValue(&to, &field, in.GetRepeatedEnumValue(from, &field, index));
      return;
    default:
      VIGIL_CHECK(false) << field.full_name() << ": no set of such elements";
  }
}

// What stands in the canonical bytes of one message: known fields come in the order of their
// numbers.
std::string_view FieldWithin(std::string_view canonical, int number) {
  std::string_view found;
  for (std::string_view rest = canonical; !rest.empty();) {
    const std::optional<WireField> field = TakeField(rest);
    VIGIL_CHECK(field.has_value()) << "a message that cannot be cut into its fields";
    if (field->number != number) {
      if (!found.empty()) break;
      continue;
    }
    found = found.empty() ? field->bytes
                          : std::string_view(found.data(), found.size() + field->bytes.size());
  }
  return found;
}

std::string EnumText(const EnumDescriptor& type, int value) {
  const auto* known = type.FindValueByNumber(value);
  if (known == nullptr) return absl::StrCat(value);
  // Values are prefixed with the enum's name in capitals: "HAZARD_STATUS_REPORTED".
  const std::string& first = type.value(0)->name();
  const std::string prefix = first.substr(0, first.size() - std::string("UNSPECIFIED").size());
  std::string text = known->name();
  if (text.starts_with(prefix)) text = text.substr(prefix.size());
  return absl::StrReplaceAll(absl::AsciiStrToLower(text), {{"_", " "}});
}

std::string MessageText(const Message& value) {
  if (const auto* date = dynamic_cast<const v1::Date*>(&value)) {
    return absl::StrFormat("%04d-%02d-%02d", date->year(), date->month(), date->day());
  }
  if (const auto* time = dynamic_cast<const google::protobuf::Timestamp*>(&value)) {
    return absl::FormatTime(absl::RFC3339_sec, absl::FromUnixSeconds(time->seconds()),
                            absl::UTCTimeZone());
  }
  return value.ShortDebugString();
}

std::string ElementText(const Message& body, const FieldDescriptor& field, int index) {
  const Reflection& in = *body.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(in.GetRepeatedMessage(body, &field, index));
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(*field.enum_type(), in.GetRepeatedEnumValue(body, &field, index));
    default:
      return in.GetRepeatedString(body, &field, index);
  }
}

std::string SingleText(const Message& body, const FieldDescriptor& field) {
  const Reflection& in = *body.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(in.GetInt32(body, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(in.GetInt64(body, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(in.GetUInt32(body, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(in.GetUInt64(body, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(in.GetDouble(body, &field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(in.GetFloat(body, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return in.GetBool(body, &field) ? "yes" : "no";
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(*field.enum_type(), in.GetEnumValue(body, &field));
    case FieldDescriptor::CPPTYPE_STRING:
      return in.GetString(body, &field);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageText(in.GetMessage(body, &field));
  }
  return "";
}

}  // namespace

const Message& BodyOf(const v1::Entity& entity) {
  const EntityInfo* info = Schema::Get().Of(entity);
  VIGIL_CHECK(info != nullptr) << "an entity that is not set has no body";
  return entity.GetReflection()->GetMessage(entity, info->in_entity);
}

Message& MutableBodyOf(v1::Entity& entity, const EntityInfo& info) {
  return *entity.GetReflection()->MutableMessage(&entity, info.in_entity);
}

std::string CanonicalBytes(const Message& message) {
  const std::size_t size = message.ByteSizeLong();
  VIGIL_CHECK(size <= kMessageBytesMax) << "a message too large to write";
  std::string bytes(size, '\0');
  google::protobuf::io::ArrayOutputStream stream(bytes.data(), static_cast<int>(size));
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeWithCachedSizes(&coded);
  coded.Trim();
  VIGIL_CHECK(!coded.HadError()) << "a message that grew while it was written";
  return bytes;
}

bool IsSet(const Message& body, const FieldInfo& field) {
  const Reflection& in = *body.GetReflection();
  return field.descriptor->is_repeated() ? in.FieldSize(body, field.descriptor) > 0
                                         : in.HasField(body, field.descriptor);
}

std::string FieldBytes(const Message& body, const FieldInfo& field) {
  if (!IsSet(body, field)) return "";
  return std::string(FieldWithin(CanonicalBytes(body), field.number()));
}

std::vector<SetField> FieldsOf(const EntityInfo& info, const Message& body) {
  std::vector<SetField> fields;
  const std::string canonical = CanonicalBytes(body);
  // What this program does not know stands behind what it knows, under whatever number.
  const bool all_known = body.GetReflection()->GetUnknownFields(body).empty();
  for (std::string_view rest = canonical; !rest.empty();) {
    const std::optional<WireField> part = TakeField(rest);
    VIGIL_CHECK(part.has_value()) << "a message that cannot be cut into its fields";
    const FieldInfo* field = info.Find(part->number);
    if (field == nullptr || (!all_known && !IsSet(body, *field))) continue;
    if (fields.empty() || fields.back().field != field) fields.push_back({field, {}});
    fields.back().bytes += part->bytes;
  }
  return fields;
}

std::vector<std::string> ElementBytes(const Message& body, const FieldInfo& field) {
  std::vector<std::string> elements;
  const int size = body.GetReflection()->FieldSize(body, field.descriptor);
  elements.reserve(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) {
    std::unique_ptr<Message> alone = EmptyLike(body);
    CopyElement(body, *field.descriptor, i, *alone);
    elements.push_back(CanonicalBytes(*alone));
  }
  return elements;
}

bool HoldsOnly(int field_number, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::optional<WireField> part = TakeField(bytes);
    if (!part || part->number != field_number) return false;
  }
  return true;
}

bool SetFieldBytes(const FieldInfo& field, const std::string& bytes, Message& body) {
  const Reflection& reflection = *body.GetReflection();
  reflection.ClearField(&body, field.descriptor);
  if (bytes.empty()) return true;
  if (!HoldsOnly(field.number(), bytes)) return false;
  const int unknown = reflection.GetUnknownFields(body).field_count();
  return body.MergeFromString(bytes) && reflection.GetUnknownFields(body).field_count() == unknown;
}

const EntityInfo* InfoOf(const v1::Record& record) { return Schema::Get().Of(record.entity()); }

std::string TextOf(const Message& body, const FieldInfo& field) {
  return body.GetReflection()->GetString(body, field.descriptor);
}

std::string KeyOf(const v1::Record& record) {
  const EntityInfo* info = InfoOf(record);
  if (info == nullptr || info->key_field == nullptr) return "";
  return TextOf(BodyOf(record.entity()), *info->key_field);
}

std::string IdentityOf(const v1::Stamp& stamp) {
  return absl::StrCat(stamp.device(), ":", stamp.device_seq());
}

bool SameStamp(const v1::Stamp& a, const v1::Stamp& b) {
  return a.device_seq() == b.device_seq() && a.device() == b.device();
}

StampTimes TimesOf(const v1::Stamp& stamp) {
  const absl::Time observed =
      absl::FromUnixMillis(TimeUtil::TimestampToMilliseconds(stamp.observed_at()));
  if (!stamp.has_received_at()) return {observed, observed};
  return {observed, absl::FromUnixMillis(TimeUtil::TimestampToMilliseconds(stamp.received_at()))};
}

void SetTimes(const StampTimes& times, v1::Stamp& stamp) {
  const std::int64_t received = absl::ToUnixMillis(times.received);
  const std::int64_t observed = std::min(absl::ToUnixMillis(times.observed), received);
  *stamp.mutable_observed_at() = TimeUtil::MillisecondsToTimestamp(observed);
  stamp.clear_received_at();
  if (observed == received) return;
  *stamp.mutable_received_at() = TimeUtil::MillisecondsToTimestamp(received);
}

bool Knew(const v1::Stamp& later, const v1::Stamp& earlier) {
  if (later.witnessed()) return false;
  if (earlier.seq() != 0 && earlier.seq() <= later.seen()) return true;
  return later.covers_own() && earlier.device() == later.device() &&
         earlier.device_seq() < later.device_seq();
}

std::string ValueText(const Message& body, const FieldInfo& field) {
  const FieldDescriptor& descriptor = *field.descriptor;
  const Reflection& in = *body.GetReflection();
  if (!descriptor.is_repeated()) {
    return in.HasField(body, &descriptor) ? SingleText(body, descriptor) : "";
  }
  std::vector<std::string> parts;
  for (int i = 0; i < in.FieldSize(body, &descriptor); ++i) {
    parts.push_back(ElementText(body, descriptor, i));
  }
  return absl::StrJoin(parts, "; ");
}

}  // namespace vigil::rules
