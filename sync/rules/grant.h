#ifndef VIGIL_SYNC_RULES_GRANT_H_
#define VIGIL_SYNC_RULES_GRANT_H_

#include <vector>

#include "vigil/v1/common.pb.h"
#include "vigil/v1/organization.pb.h"

// Which of a person's roles hold.

namespace vigil::rules {

// `today` in the register's zone: a grant holds through its last day. The clock's role cannot be
// granted to a person, whatever a record says.
bool Holds(const v1::RoleGrant& grant, const v1::Date& today);

std::vector<v1::RoleGrant> RolesOn(const v1::Person& person, const v1::Date& today);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_GRANT_H_
