#ifndef VIGIL_SERVER_SERVICE_DEADLINES_H_
#define VIGIL_SERVER_SERVICE_DEADLINES_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
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

// Looks at the files again and again. Not for use by several threads at once.
class DeadlineFiles {
 public:
  // The files must outlive this object.
  DeadlineFiles(FileSystem& files, const v1::ServerConfig& config)
      : files_(files), working_days_(config.working_days_file()), ladder_(config.ladder_file()) {}

  // What stands there, the first time and where it says something else than before; null: nothing
  // new. An error says what is wrong, once for each change: what is in use stays so.
  absl::StatusOr<std::shared_ptr<const rules::Deadlines>> Refresh();

 private:
  struct Texts {
    std::string working_days;
    std::string ladder;
    friend bool operator==(const Texts&, const Texts&) = default;
  };
  absl::StatusOr<Texts> ReadTexts();

  FileSystem& files_;
  // Names; empty: what ships with the program.
  const std::string working_days_;
  const std::string ladder_;
  std::optional<Texts> seen_;
  // What was found wrong last with reading them.
  absl::Status fault_;
};

}  // namespace vigil::service

#endif  // VIGIL_SERVER_SERVICE_DEADLINES_H_
