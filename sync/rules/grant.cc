#include "sync/rules/grant.h"

#include "sync/rules/workdays.h"

namespace vigil::rules {

bool Holds(const v1::RoleGrant& grant, const v1::Date& today) {
  return grant.role() != v1::ROLE_ESCALATION_CLOCK &&
         (!grant.has_until() || ToDay(grant.until()) >= ToDay(today));
}

std::vector<v1::RoleGrant> RolesOn(const v1::Person& person, const v1::Date& today) {
  std::vector<v1::RoleGrant> roles;
  for (const v1::RoleGrant& grant : person.roles()) {
    if (Holds(grant, today)) roles.push_back(grant);
  }
  return roles;
}

}  // namespace vigil::rules
