#ifndef VIGIL_SYNC_RULES_GRANT_H_
#define VIGIL_SYNC_RULES_GRANT_H_

#include <vector>

#include "absl/status/statusor.h"
#include "sync/rules/judge.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/organization.pb.h"

// Which of a person's roles hold.

namespace vigil::rules {

// `today` in the register's zone: a grant holds through its last day. The clock's role cannot be
// granted to a person, whatever a record says.
bool Holds(const v1::RoleGrant& grant, const v1::Date& today);

// The grants that hold. One that was delegated does so only while its giver is there and has the
// role himself where the grant is: what is taken from him is taken from his stand-in. `find` gives
// persons and org units; its errors alone are returned.
absl::StatusOr<std::vector<v1::RoleGrant>> RolesOn(const v1::Person& person, const v1::Date& today,
                                                   const FindRecord& find);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_GRANT_H_
