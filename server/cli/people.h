#ifndef VIGIL_SERVER_CLI_PEOPLE_H_
#define VIGIL_SERVER_CLI_PEOPLE_H_

#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/cli/clerk.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/record.pb.h"

// What the commands on persons, roles and devices share.

namespace vigil::office {

// INVALID_VALUE: the person has left.
absl::Status MustBeHere(const v1::Record& person);

// An edit of one field of the record; its values are the caller's.
v1::Operation EditOf(const v1::Record& record, std::string_view field);

// The grant's last day is over.
bool IsOver(const v1::RoleGrant& grant, const v1::Date& today);
v1::Date Today(Clerk& clerk);

// Devices of this person; empty: of everybody.
absl::StatusOr<std::vector<v1::Record>> DevicesOf(Clerk& clerk, std::string_view person);

}  // namespace vigil::office

#endif  // VIGIL_SERVER_CLI_PEOPLE_H_
