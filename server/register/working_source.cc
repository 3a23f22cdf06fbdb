#include "server/register/working_source.h"

#include "sync/base/status.h"

namespace vigil::registry {
namespace {

std::vector<const v1::Record*> RecordsOf(const std::vector<Entry*>& entries) {
  std::vector<const v1::Record*> records;
  for (const Entry* entry : entries) records.push_back(&entry->record);
  return records;
}

}  // namespace

absl::StatusOr<std::vector<const v1::Record*>> WorkingSource::Children(std::string_view parent,
                                                                       int kind) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Entry*> children,
                         records_.Children(Uuid::ParseOrNil(parent), kind));
  return RecordsOf(children);
}

absl::StatusOr<std::vector<const v1::Record*>> WorkingSource::DuplicatesOf(
    std::string_view hazard) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<Entry*> duplicates,
                         records_.DuplicatesOf(Uuid::ParseOrNil(hazard)));
  return RecordsOf(duplicates);
}

}  // namespace vigil::registry
