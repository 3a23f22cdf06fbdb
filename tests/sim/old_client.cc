#include "tests/sim/old_client.h"

#include <string_view>
#include <vector>

namespace vigil::sim {
namespace {

struct NewField {
  std::string_view message;
  int number;
};

// Fields of the sync protocol that a first program would neither send nor keep. What today's
// program insists on, a head's proof and an epoch's signature, an old one would not look at.
constexpr NewField kNewFields[] = {
    {"vigil.v1.HelloRequest", 6},  // epochs
    {"vigil.v1.HelloRequest", 7},  // kept_heads
    {"vigil.v1.ScopeCursor", 3},   // within
};

}  // namespace

void DropNewFields(google::protobuf::Message& message) {
  const auto& reflection = *message.GetReflection();
  for (const NewField& field : kNewFields) {
    if (message.GetDescriptor()->full_name() != field.message) continue;
    reflection.ClearField(&message, message.GetDescriptor()->FindFieldByNumber(field.number));
  }
  std::vector<const google::protobuf::FieldDescriptor*> set;
  reflection.ListFields(message, &set);
  for (const auto* field : set) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) {
      DropNewFields(*reflection.MutableMessage(&message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      DropNewFields(*reflection.MutableRepeatedMessage(&message, field, i));
    }
  }
}

}  // namespace vigil::sim
