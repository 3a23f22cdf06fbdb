#include "sync/rules/validate.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "google/protobuf/unknown_field_set.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/base/utf8.h"
#include "sync/rules/derive.h"
#include "sync/rules/judge.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"

namespace vigil::rules {
namespace {

constexpr int kDerivedVersion = 8;

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::UnknownFieldSet;

constexpr std::uint64_t kNumberMax = (std::uint64_t{1} << 63) - 1;
// A phone's clock may be anything; an offset beyond this is no measurement.
constexpr std::int64_t kOffsetMsMax = std::int64_t{400} * 366 * 24 * 3600 * 1000;
constexpr int kNestingMax = 16;

// The parser refuses a whole message for one bad text; this says whether that was the cause.
bool HasBadText(const Descriptor& type, const UnknownFieldSet& fields, int depth) {
  if (depth > kNestingMax) return false;
  for (int i = 0; i < fields.field_count(); ++i) {
    const auto& unknown = fields.field(i);
    const FieldDescriptor* field = type.FindFieldByNumber(unknown.number());
    if (field == nullptr || unknown.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      continue;
    const std::string& bytes = unknown.length_delimited();
    if (field->type() == FieldDescriptor::TYPE_STRING && !IsValidUtf8(bytes)) return true;
    if (field->type() != FieldDescriptor::TYPE_MESSAGE) continue;
    UnknownFieldSet nested;
    if (nested.ParseFromString(bytes) && HasBadText(*field->message_type(), nested, depth + 1)) {
      return true;
    }
  }
  return false;
}

// Dates of a message that say when something begins and ends. Times that a phone took are evidence,
// however its clock was set in between.
struct Span {
  std::string_view type;
  int from = 0;
  int to = 0;
};
constexpr Span kSpans[] = {
    {"Campaign", v1::Campaign::kStartsOnFieldNumber, v1::Campaign::kEndsOnFieldNumber},
    {"ProgressReport", v1::ProgressReport::kPeriodStartFieldNumber,
     v1::ProgressReport::kPeriodEndFieldNumber},
    {"RectificationPlan", v1::RectificationPlan::kStartsOnFieldNumber,
     v1::RectificationPlan::kDueOnFieldNumber},
};

absl::Status CheckSeen(const v1::Operation& operation) {
  if (operation.seen_size() > 4 * kRecordsPerOperationMax) {
    return Refuse(v1::REASON_TOO_MANY_RECORDS, "the operation relies on too many records");
  }
  std::set<std::string_view> named;
  for (const v1::Seen& seen : operation.seen()) {
    VIGIL_RETURN_IF_ERROR(ValidateId(seen.record(), "seen"));
    // Two versions of one record: judged on the one and stamped with the other, it would cover
    // what its author never saw.
    if (!named.insert(seen.record()).second) {
      return Refuse(v1::REASON_MALFORMED, "the operation names two versions of one record as seen")
          .With("record", seen.record());
    }
    if (seen.version() > kNumberMax) {
      return Refuse(v1::REASON_INVALID_NUMBER, "no record has such a version")
          .With("field", "seen");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckIdsNamed(const v1::Operation& operation) {
  for (const std::string& id : RecordsNamed(operation)) {
    VIGIL_RETURN_IF_ERROR(ValidateId(id, "record"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateRecord(const v1::Record& record) {
  const absl::Status unreadable =
      Refuse(v1::REASON_MALFORMED, "this is no record that can be read here");
  const EntityInfo* info = InfoOf(record);
  if (info == nullptr || !Uuid::Parse(record.id())) return unreadable;
  VIGIL_RETURN_IF_ERROR(ValidateContent(BodyOf(record.entity())));
  for (const v1::FieldState& state : record.states()) {
    const FieldInfo* field = info->Find(static_cast<int>(state.field()));
    bool any_live = false;
    for (const v1::Write& write : state.writes()) {
      v1::Entity scratch;
      Message& body = MutableBodyOf(scratch, *info);
      if (field == nullptr || !SetFieldBytes(*field, write.value(), body)) return unreadable;
      VIGIL_RETURN_IF_ERROR(ValidateContent(body));
      any_live = any_live || !write.covered();
    }
    const bool is_set = field != nullptr && field->policy == v1::MERGE_POLICY_UNION;
    if (!any_live && !is_set) return unreadable;
  }
  return absl::OkStatus();
}

bool IsValidatedTogether(const Descriptor& type) {
  static const std::array kTypes = {
      v1::Campaign::descriptor(),          v1::ProgressReport::descriptor(),
      v1::RectificationPlan::descriptor(), v1::RiskSource::descriptor(),
      v1::SupervisionLetter::descriptor(), v1::ResponsibilityStatement::descriptor(),
  };
  return std::find(kTypes.begin(), kTypes.end(), &type) != kTypes.end();
}

absl::Status ValidateTogether(const Message& body) {
  // A rule for another type has no effect before that type stands there.
  if (!IsValidatedTogether(*body.GetDescriptor())) return absl::OkStatus();
  const auto& reflection = *body.GetReflection();
  for (const Span& span : kSpans) {
    if (body.GetDescriptor()->name() != span.type) continue;
    const FieldDescriptor& from = *body.GetDescriptor()->FindFieldByNumber(span.from);
    const FieldDescriptor& to = *body.GetDescriptor()->FindFieldByNumber(span.to);
    if (!reflection.HasField(body, &from) || !reflection.HasField(body, &to)) continue;
    const auto& first = static_cast<const v1::Date&>(reflection.GetMessage(body, &from));
    const auto& last = static_cast<const v1::Date&>(reflection.GetMessage(body, &to));
    if (CompareDates(first, last) <= 0) continue;
    return Refuse(v1::REASON_INVALID_DATE, absl::StrCat(to.name(), " lies before ", from.name()))
        .With("field", to.name());
  }
  if (const auto* source = dynamic_cast<const v1::RiskSource*>(&body)) {
    if (source->inspection_interval_days() < 0) {
      return Refuse(v1::REASON_INVALID_NUMBER, "an interval has no less than 0 days")
          .With("field", "inspection_interval_days");
    }
  }
  if (const auto* letter = dynamic_cast<const v1::SupervisionLetter*>(&body)) {
    if (letter->has_sent_on() && !letter->has_limit()) {
      return Refuse(v1::REASON_REQUIRED_FIELD_MISSING, "a letter that is sent has a limit")
          .With("field", "limit");
    }
  }
  if (const auto* statement = dynamic_cast<const v1::ResponsibilityStatement*>(&body)) {
    if (statement->signature() == v1::SIGNATURE_STATUS_SIGNED && !statement->has_signed_on()) {
      return Refuse(v1::REASON_REQUIRED_FIELD_MISSING, "a statement that is signed has a date")
          .With("field", "signed_on");
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateId(std::string_view id, std::string_view field) {
  if (Uuid::Parse(id).has_value()) return absl::OkStatus();
  return Refuse(v1::REASON_INVALID_ID, "an id must be a UUID of 36 lower-case characters")
      .With("field", field);
}

bool IsReservedId(const Uuid& id, v1::Channel channel) {
  const bool is_peoples = channel == v1::CHANNEL_PHONE || channel == v1::CHANNEL_OFFICE;
  return is_peoples && id.version() == kDerivedVersion;
}

absl::Status ValidateDate(const v1::Date& date) {
  const absl::CivilDay day(date.year(), date.month(), date.day());
  const bool real = date.year() >= 1900 && date.year() <= 2200 && day.year() == date.year() &&
                    day.month() == date.month() && day.day() == date.day();
  if (!real) return Refuse(v1::REASON_INVALID_DATE, "no such date between 1900 and 2200");
  return absl::OkStatus();
}

absl::Status ValidateOperation(const v1::Operation& operation) {
  VIGIL_RETURN_IF_ERROR(ValidateId(operation.id(), "id"));
  VIGIL_RETURN_IF_ERROR(ValidateId(operation.device(), "device"));
  VIGIL_RETURN_IF_ERROR(ValidateId(operation.person(), "person"));
  if (!operation.epoch().empty()) VIGIL_RETURN_IF_ERROR(ValidateId(operation.epoch(), "epoch"));
  if (operation.device_seq() > kNumberMax) {
    return Refuse(v1::REASON_INVALID_NUMBER, "no device counts so far").With("field", "device_seq");
  }
  if (operation.clock_offset_ms() > kOffsetMsMax || operation.clock_offset_ms() < -kOffsetMsMax) {
    return Refuse(v1::REASON_INVALID_TIME, "no clock is so far off")
        .With("field", "clock_offset_ms");
  }
  VIGIL_RETURN_IF_ERROR(CheckSeen(operation));
  if (operation.command_case() == v1::Operation::COMMAND_NOT_SET) {
    if (!operation.GetReflection()->GetUnknownFields(operation).empty()) {
      return Refuse(v1::REASON_COMMAND_UNKNOWN, "a command that this program does not know yet");
    }
    return Refuse(v1::REASON_MALFORMED, "the operation has no command");
  }
  VIGIL_RETURN_IF_ERROR(ValidateContent(operation));
  return CheckIdsNamed(operation);
}

absl::StatusOr<v1::Operation> ParseOperation(std::string_view bytes) {
  v1::Operation operation;
  if (!operation.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    UnknownFieldSet raw;
    if (raw.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) &&
        HasBadText(*v1::Operation::descriptor(), raw, 0)) {
      return Refuse(v1::REASON_INVALID_UTF8, "a text of the operation is not UTF-8");
    }
    return Refuse(v1::REASON_MALFORMED, "the operation cannot be read");
  }
  VIGIL_RETURN_IF_ERROR(ValidateOperation(operation));
  return operation;
}

absl::Status ValidateNewBody(const EntityInfo& info, const Message& body) {
  for (const FieldInfo& field : info.fields) {
    if (!IsSet(body, field)) {
      if (!field.required) continue;
      return Refuse(v1::REASON_REQUIRED_FIELD_MISSING, absl::StrCat(field.name(), " is missing"))
          .With("field", field.name());
    }
    // What no edit may write later, and only commands or the register do, does not come in with a
    // new record either.
    if (field.policy == v1::MERGE_POLICY_SERVER ||
        (field.policy != v1::MERGE_POLICY_IMMUTABLE && !field.editable)) {
      return Refuse(v1::REASON_FIELD_NOT_EDITABLE,
                    absl::StrCat(field.name(), " is not given with a new record"))
          .With("field", field.name());
    }
    const bool blank = field.required && !field.descriptor->is_repeated() &&
                       field.descriptor->type() == FieldDescriptor::TYPE_STRING &&
                       TextOf(body, field).empty();
    if (blank) {
      return Refuse(v1::REASON_REQUIRED_FIELD_MISSING, absl::StrCat(field.name(), " is empty"))
          .With("field", field.name());
    }
  }
  return ValidateTogether(body);
}

}  // namespace vigil::rules
