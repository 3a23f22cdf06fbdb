#include "server/cli/people.h"

#include <string>

#include "sync/base/status.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/work_calendar.h"

namespace vigil::office {

absl::Status MustBeHere(const v1::Record& person) {
  if (!person.entity().person().departed()) return absl::OkStatus();
  return rules::Refuse(v1::REASON_INVALID_VALUE, "this person has left")
      .With("person", person.entity().person().code());
}

v1::Operation EditOf(const v1::Record& record, std::string_view field) {
  v1::Operation operation;
  v1::EditRecord& edit = *operation.mutable_edit_record();
  edit.set_record(record.id());
  rules::MutableBodyOf(*edit.mutable_entity(), *rules::InfoOf(record));
  edit.mutable_update_mask()->add_paths(std::string(field));
  return operation;
}

bool IsOver(const v1::RoleGrant& grant, const v1::Date& today) {
  return grant.has_until() && rules::ToDay(grant.until()) < rules::ToDay(today);
}

v1::Date Today(Clerk& clerk) { return rules::DateAt(clerk.Now(), clerk.zone()); }

absl::StatusOr<std::vector<v1::Record>> DevicesOf(Clerk& clerk, std::string_view person) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<v1::Record> devices, clerk.All("device"));
  std::erase_if(devices, [&](const v1::Record& device) {
    return !person.empty() && device.entity().device().person() != person;
  });
  return devices;
}

}  // namespace vigil::office
