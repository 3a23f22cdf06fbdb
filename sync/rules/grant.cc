#include "sync/rules/grant.h"

#include <algorithm>

#include "sync/base/status.h"
#include "sync/rules/workdays.h"

namespace vigil::rules {

namespace {

bool HasHimself(const v1::Person& giver, const v1::RoleGrant& grant, const v1::Date& today) {
  return !giver.departed() &&
         std::any_of(giver.roles().begin(), giver.roles().end(), [&](const v1::RoleGrant& own) {
           return own.delegated_by().empty() && own.role() == grant.role() &&
                  (own.unit().empty() || own.unit() == grant.unit()) && Holds(own, today);
         });
}

}  // namespace

bool Holds(const v1::RoleGrant& grant, const v1::Date& today) {
  return grant.role() != v1::ROLE_ESCALATION_CLOCK &&
         (!grant.has_until() || ToDay(grant.until()) >= ToDay(today));
}

absl::StatusOr<std::vector<v1::RoleGrant>> RolesOn(const v1::Person& person, const v1::Date& today,
                                                   const PersonOf& person_of) {
  std::vector<v1::RoleGrant> roles;
  for (const v1::RoleGrant& grant : person.roles()) {
    if (!Holds(grant, today)) continue;
    if (!grant.delegated_by().empty()) {
      VIGIL_ASSIGN_OR_RETURN(const std::optional<v1::Person> giver,
                             person_of(grant.delegated_by()));
      if (!giver || !HasHimself(*giver, grant, today)) continue;
    }
    roles.push_back(grant);
  }
  return roles;
}

}  // namespace vigil::rules
