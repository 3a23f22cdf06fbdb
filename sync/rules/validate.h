#ifndef VIGIL_SYNC_RULES_VALIDATE_H_
#define VIGIL_SYNC_RULES_VALIDATE_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "sync/base/ids.h"
#include "sync/rules/schema.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"

// Checks of content at the boundary, once: everything behind it may rely on them.

namespace vigil::rules {

// Parses an operation's bytes and checks its envelope and all content: UTF-8, ids, lengths, finite
// numbers, positions, times within 1900–2200, dates, bounds. Each fault has its reason. Commands or
// fields unknown to this program are deferrals.
absl::StatusOr<v1::Operation> ParseOperation(std::string_view bytes);

// The same checks on an operation that was made here.
absl::Status ValidateOperation(const v1::Operation& operation);

// Checks every field of a new record's body: required fields, and nothing that only the register or
// a command writes.
absl::Status ValidateNewBody(const EntityInfo& info, const google::protobuf::Message& body);

// What the fields of a body say together: nothing ends before it begins, a letter that was sent has
// a limit, a statement that was signed a date.
absl::Status ValidateTogether(const google::protobuf::Message& body);
// There is something of that kind to check in bodies of this type.
bool IsValidatedTogether(const google::protobuf::Descriptor& type);

// Whether an id that follows from a name (version 8) comes from a person's program. Imports and the
// escalation clock make such ids, for records and operations: whoever used one first would keep
// them from what they have to do.
bool IsReservedId(const Uuid& id, v1::Channel channel);

// The same checks on any content: texts, numbers, times, known values.
absl::Status ValidateContent(const google::protobuf::Message& content);

// A whole record from somewhere else: every value can be read, and each field's state has one that
// may be in force.
absl::Status ValidateRecord(const v1::Record& record);

absl::Status ValidateDate(const v1::Date& date);
absl::Status ValidateId(std::string_view id, std::string_view field);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_VALIDATE_H_
