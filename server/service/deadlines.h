#ifndef VIGIL_SERVER_SERVICE_DEADLINES_H_
#define VIGIL_SERVER_SERVICE_DEADLINES_H_

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "sync/base/file.h"
#include "sync/rules/ladder.h"
#include "vigil/v1/config.pb.h"
#include "vigil/v1/ladder.pb.h"
#include "vigil/v1/working_days.pb.h"

// By what a register counts deadlines and escalates: what ships with the program (deploy/config),
// or the files that its configuration names.

namespace vigil::service {

// Text format. INVALID_CONFIGURATION with a message "NAME:LINE:COLUMN: REASON" for the first fault.
absl::StatusOr<v1::WorkingDayLists> ParseWorkingDays(std::string_view text,
                                                     const std::string& name);
absl::StatusOr<v1::Ladder> ParseLadder(std::string_view text, const std::string& name);

absl::StatusOr<std::shared_ptr<const rules::Deadlines>> LoadDeadlines(
    FileSystem& files, const v1::ServerConfig& config);

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_DEADLINES_H_
