#ifndef VIGIL_SYNC_CLI_FIELD_PROGRAM_H_
#define VIGIL_SYNC_CLI_FIELD_PROGRAM_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sync/base/executor.h"
#include "sync/cli/console/command.h"
#include "sync/cli/field/phone.h"
#include "sync/engine/evidence.h"
#include "sync/transport/access_calls.h"
#include "sync/transport/connection.h"
#include "sync/transport/program_access.h"

// vigil-field's commands: the domain's events (sync/cli/verbs) that the contract takes from a
// phone, and what a phone does by itself.

namespace vigil::field {

// What the program runs on.
struct Surroundings {
  Phone::Parts parts;
  std::string directory;
  // The way to the register for a phone that it knows, on the loop that the command pumps.
  absl::StatusOr<std::unique_ptr<engine::PhoneTransport>> (*make_transport)(
      Executor& executor, const transport::Connection& connection,
      std::shared_ptr<transport::ProgramAccess> access);
  // For one that is becoming known.
  absl::StatusOr<std::unique_ptr<transport::AccessCalls>> (*connect)(
      const transport::Connection& connection);
};

struct Command {
  console::CommandSpec spec;
  absl::Status (*run)(Phone& phone, const console::Arguments& arguments);
};

std::vector<Command> WorkCommands();
std::vector<Command> InspectCommands();
std::vector<Command> StateCommands();
std::vector<Command> OutboxCommands();
std::vector<Command> PhotoCommands();

// What to do, where the register does not follow this device's chain; else nothing. Returns whether
// it does not.
absl::StatusOr<bool> SayForked(Phone& phone);

// These need more than an open phone.
absl::Status RunInit(const Surroundings& surroundings, const console::Arguments& arguments);
absl::Status RunSync(const Surroundings& surroundings, const console::Arguments& arguments);

// All of vigil-field's commands in the order of --help.
console::ProgramSpec Program();

// Runs the command with this index in Program().
absl::Status RunCommand(std::size_t command, const console::Arguments& arguments,
                        const Surroundings& surroundings);

}  // namespace vigil::field

#endif  // VIGIL_SYNC_CLI_FIELD_PROGRAM_H_
