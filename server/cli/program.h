#ifndef VIGIL_SERVER_CLI_PROGRAM_H_
#define VIGIL_SERVER_CLI_PROGRAM_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/cli/clerk.h"
#include "sync/cli/console/command.h"

// vigilctl's commands: the domain's events (sync/cli/verbs), and what only the office asks.

namespace vigil::office {

struct Command {
  console::CommandSpec spec;
  absl::Status (*run)(Clerk& clerk, const console::Arguments& arguments);
};

std::vector<Command> LedgerCommands();
std::vector<Command> ListCommands();
std::vector<Command> RecordCommands();
std::vector<Command> FigureCommands();
std::vector<Command> AdminCommands();

// All of vigilctl's commands in the order of --help.
console::ProgramSpec Program();

// Runs the command with this index in Program() for the clerk, who has not begun yet.
absl::Status RunCommand(std::size_t command, const console::Arguments& arguments, Clerk& clerk);

}  // namespace vigil::office

#endif  // VIGIL_SERVER_CLI_PROGRAM_H_
