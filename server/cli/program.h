#ifndef VIGIL_SERVER_CLI_PROGRAM_H_
#define VIGIL_SERVER_CLI_PROGRAM_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/cli/clerk.h"
#include "sync/cli/console/command.h"
#include "sync/transport/access_calls.h"

// vigilctl's commands: the domain's events (sync/cli/verbs), and what only the office asks.

namespace vigil::office {

// What commands run on that come before a sign-in.
struct AccessTerms {
  console::Console& console;
  FileSystem& files;
  const Clock& clock;
  Random& random;
  // The directory with this program's key and access.
  std::string access_directory;
  // Nobody knows it before it is asked for: what needs no register runs without one.
  std::function<absl::StatusOr<std::unique_ptr<transport::AccessCalls>>()> connect;
};

struct Command {
  console::CommandSpec spec;
  absl::Status (*run)(Clerk& clerk, const console::Arguments& arguments);
  // With this option the command needs no register, and this runs instead.
  std::string_view before_with = {};
  absl::Status (*before)(AccessTerms& terms, const console::Arguments& arguments) = nullptr;
};

struct AccessCommand {
  console::CommandSpec spec;
  absl::Status (*before)(AccessTerms& terms, const console::Arguments& arguments);
};

std::vector<Command> LedgerCommands();
std::vector<Command> ListCommands();
std::vector<Command> RecordCommands();
std::vector<Command> EvidenceCommands();
std::vector<Command> EscalationCommands();
std::vector<Command> LadderCommands();
std::vector<Command> FigureCommands();
std::vector<Command> ReportCommands();
std::vector<Command> PersonCommands();
std::vector<Command> LeaveCommands();
std::vector<Command> RoleCommands();
std::vector<Command> DeviceCommands();
std::vector<Command> AuditCommands();
std::vector<Command> ImportCommands();
std::vector<Command> OutboxCommands();
std::vector<Command> BackupCommands();
std::vector<Command> WitnessCommands();
std::vector<AccessCommand> AccessCommands();
std::vector<AccessCommand> RestoreCommands();

// All of vigilctl's commands in the order of --help.
console::ProgramSpec Program();

// Runs the command with this index in Program() if it comes before a sign-in, with these arguments;
// nullopt: it does not.
std::optional<absl::Status> RunBefore(std::size_t command, const console::Arguments& arguments,
                                      AccessTerms& terms);

// Runs any other command for the clerk, who has not begun yet.
absl::Status RunCommand(std::size_t command, const console::Arguments& arguments, Clerk& clerk);

}  // namespace vigil::office

#endif  // VIGIL_SERVER_CLI_PROGRAM_H_
