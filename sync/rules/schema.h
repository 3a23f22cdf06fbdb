#ifndef VIGIL_SYNC_RULES_SCHEMA_H_
#define VIGIL_SYNC_RULES_SCHEMA_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "vigil/v1/entity.pb.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/policy.pb.h"

// The contract's options, compiled once from the descriptors into tables: which entities there
// are, how each of their fields merges, who may write what. A contract with a field without a
// policy, a ranked enum value without a rank or a command without an authority does not load.

namespace vigil::rules {

struct FieldInfo {
  const google::protobuf::FieldDescriptor* descriptor = nullptr;
  v1::MergePolicy policy = v1::MERGE_POLICY_UNSPECIFIED;
  // Whether an EditRecord may write it at all.
  bool editable = false;
  v1::FieldAuthority edit;
  // Kind of record that the field names; empty for no reference.
  std::string refers_to;
  // Of a message: its text fields that name records, and of which kind.
  struct Inner {
    const google::protobuf::FieldDescriptor* descriptor = nullptr;
    std::string refers_to;
  };
  std::vector<Inner> inner_references;
  // Longest accepted text, in bytes.
  std::uint32_t max_bytes = 4000;
  bool required = false;

  int number() const { return descriptor->number(); }
  const std::string& name() const { return descriptor->name(); }
};

struct EntityInfo {
  // Name of the oneof field in Entity, such as "hazard"; also the kind's name in queries.
  std::string kind;
  int number = 0;
  const google::protobuf::FieldDescriptor* in_entity = nullptr;
  const google::protobuf::Descriptor* descriptor = nullptr;
  v1::EntityRules rules;
  // In the order of field numbers.
  std::vector<FieldInfo> fields;
  // Those that name records, themselves or within.
  std::vector<const FieldInfo*> references;
  // Null where the entity has none.
  const FieldInfo* parent_field = nullptr;
  const FieldInfo* unit_field = nullptr;
  const FieldInfo* key_field = nullptr;
  const FieldInfo* status_field = nullptr;

  // Null if there is no such field.
  const FieldInfo* Find(int number) const;
  const FieldInfo* Find(std::string_view name) const;
};

struct CommandInfo {
  // Name of the oneof field in Operation, such as "confirm_hazard".
  std::string name;
  v1::Operation::CommandCase number = v1::Operation::COMMAND_NOT_SET;
  const google::protobuf::Descriptor* descriptor = nullptr;
  v1::CommandRules rules;

  bool Allows(v1::Channel channel) const;
};

class Schema {
 public:
  // The compiled contract. Aborts on a contract that does not load: that is a bug of ours, and a
  // test loads it.
  static const Schema& Get();
  // Checks and compiles; INTERNAL with every fault named.
  static absl::StatusOr<std::unique_ptr<Schema>> Load();
  // The same for another contract of the same shape: the messages Entity and Operation of a pool
  // that outlives the schema.
  static absl::StatusOr<std::unique_ptr<Schema>> Load(
      const google::protobuf::Descriptor& entity, const google::protobuf::Descriptor& operation);

  // In the order of their numbers in Entity.
  const std::vector<EntityInfo>& entities() const { return entities_; }
  // Null if there is no such kind.
  const EntityInfo* FindEntity(std::string_view kind) const;
  const EntityInfo* FindEntity(int number) const;
  // Null while no entity is set.
  const EntityInfo* Of(const v1::Entity& entity) const;

  const std::vector<CommandInfo>& commands() const { return commands_; }
  // Null for COMMAND_NOT_SET.
  const CommandInfo* FindCommand(v1::Operation::CommandCase number) const;

  // Rank of an enum value: unset 0 or what is declared; a value unknown to this program is more
  // vigilant than all.
  static std::int32_t RankOf(const google::protobuf::EnumDescriptor& type, int value);

 private:
  Schema() = default;
  std::vector<EntityInfo> entities_;
  std::vector<CommandInfo> commands_;
};

template <typename Enum>
std::int32_t RankOf(Enum value) {
  return Schema::RankOf(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_SCHEMA_H_
