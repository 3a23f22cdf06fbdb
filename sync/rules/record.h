#ifndef VIGIL_SYNC_RULES_RECORD_H_
#define VIGIL_SYNC_RULES_RECORD_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "sync/rules/schema.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"

// Reading records and single fields of entities, generically.

namespace vigil::rules {

// The message inside the choice; the entity must be set.
const google::protobuf::Message& BodyOf(const v1::Entity& entity);
google::protobuf::Message& MutableBodyOf(v1::Entity& entity, const EntityInfo& info);

// Canonical (deterministic) bytes of a message.
std::string CanonicalBytes(const google::protobuf::Message& message);

// The field has a value; a repeated one, an element.
bool IsSet(const google::protobuf::Message& body, const FieldInfo& field);
// The field alone, as canonical bytes of an otherwise empty message; empty where it is unset.
std::string FieldBytes(const google::protobuf::Message& body, const FieldInfo& field);
// Each field that is set, with its bytes, in the order of their numbers. Costs one serialisation.
struct SetField {
  const FieldInfo* field;
  std::string bytes;
};
std::vector<SetField> FieldsOf(const EntityInfo& info, const google::protobuf::Message& body);
// For a repeated field: each element as if it were the only one, in order.
std::vector<std::string> ElementBytes(const google::protobuf::Message& body,
                                      const FieldInfo& field);
// Serialised fields of this number, and no others.
bool HoldsOnly(int field_number, std::string_view bytes);
// Replaces the field in `body` by the one in `bytes` (which FieldBytes made); empty clears it.
// Returns false where the bytes are not of this field; it is cleared then, or holds part of them.
bool SetFieldBytes(const FieldInfo& field, const std::string& bytes,
                   google::protobuf::Message& body);

// The kind's table; null for an empty record.
const EntityInfo* InfoOf(const v1::Record& record);

// A string field's value; empty where it is unset.
std::string TextOf(const google::protobuf::Message& body, const FieldInfo& field);

// The record's own key for people (a hazard's number, a risk source's code); empty if none.
std::string KeyOf(const v1::Record& record);

// "device:device_seq", the identity of a stamp.
std::string IdentityOf(const v1::Stamp& stamp);
bool SameStamp(const v1::Stamp& a, const v1::Stamp& b);

// When its author acted, as far as his clock tells; and when the register learned of it, by its
// own: who waits for something counts from there. Nobody observes what he sends later.
struct StampTimes {
  absl::Time observed;
  absl::Time received;
};
StampTimes TimesOf(const v1::Stamp& stamp);
// To milliseconds.
void SetTimes(const StampTimes& times, v1::Stamp& stamp);

// The author of `later` knew the write `earlier` when he began: he was shown a version that has
// it, or it was an earlier one of his own phone's.
bool Knew(const v1::Stamp& later, const v1::Stamp& earlier);

// Short text of a field's value for people, in English terms: enum names without their prefix in
// lower case, dates as 2017-06-30, lists joined with "; ".
std::string ValueText(const google::protobuf::Message& body, const FieldInfo& field);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_RECORD_H_
