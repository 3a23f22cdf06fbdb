#include "sync/rules/grant.h"

#include "sync/base/status.h"
#include "sync/rules/work_calendar.h"

namespace vigil::rules {

namespace {

absl::StatusOr<bool> HasHimself(const v1::Person& giver, const v1::RoleGrant& grant,
                                const v1::Date& today, const FindRecord& find) {
  if (giver.departed()) return false;
  for (const v1::RoleGrant& own : giver.roles()) {
    if (!own.delegated_by().empty() || own.role() != grant.role() || !Holds(own, today)) continue;
    if (own.unit().empty()) return true;
    VIGIL_ASSIGN_OR_RETURN(const bool within, IsWithin(grant.unit(), own.unit(), find));
    if (within) return true;
  }
  return false;
}

}  // namespace

bool Holds(const v1::RoleGrant& grant, const v1::Date& today) {
  return grant.role() != v1::ROLE_ESCALATION_CLOCK &&
         (!grant.has_until() || ToDay(grant.until()) >= ToDay(today));
}

absl::StatusOr<std::vector<v1::RoleGrant>> RolesOn(const v1::Person& person, const v1::Date& today,
                                                   const FindRecord& find) {
  std::vector<v1::RoleGrant> roles;
  for (const v1::RoleGrant& grant : person.roles()) {
    if (!Holds(grant, today)) continue;
    if (!grant.delegated_by().empty()) {
      VIGIL_ASSIGN_OR_RETURN(const v1::Record* giver, find(grant.delegated_by()));
      if (giver == nullptr) continue;
      VIGIL_ASSIGN_OR_RETURN(const bool has,
                             HasHimself(giver->entity().person(), grant, today, find));
      if (!has) continue;
    }
    roles.push_back(grant);
  }
  return roles;
}

}  // namespace vigil::rules
