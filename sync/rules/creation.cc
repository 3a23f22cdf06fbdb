#include "sync/rules/creation.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"
#include "vigil/v1/record.pb.h"

namespace vigil::rules {

bool IsPlainCreation(const v1::RecordWrite& write) {
  const auto is_plain = [](const v1::FieldWrite& change) {
    return !change.value().empty() && change.removed().empty() && change.event_key().empty() &&
           !change.has_stamp();
  };
  return write.creates() && !write.has_maker() && write.withdrawn_by().empty() &&
         std::all_of(write.fields().begin(), write.fields().end(), is_plain);
}

absl::StatusOr<Creation> CreationOf(std::string_view first) {
  v1::Record record;
  const EntityInfo* info = nullptr;
  if (record.ParseFromArray(first.data(), static_cast<int>(first.size()))) info = InfoOf(record);
  if (info == nullptr) return absl::DataLossError("a stored record cannot be read");
  v1::RecordWrite write;
  write.set_record(record.id());
  write.set_kind(static_cast<std::uint32_t>(info->number));
  write.set_creates(true);
  write.set_parent(record.parent());
  write.set_outside_scope(record.outside_scope());
  for (SetField& set : FieldsOf(*info, BodyOf(record.entity()))) {
    v1::FieldWrite& field = *write.add_fields();
    field.set_field(static_cast<std::uint32_t>(set.field->number()));
    field.set_value(std::move(set.bytes));
  }
  return Creation{.write_bytes = CanonicalBytes(write),
                  .stamp_bytes = CanonicalBytes(record.made_by())};
}

}  // namespace vigil::rules
