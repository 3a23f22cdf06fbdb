// The office's command line.

#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/cli/clerk.h"
#include "server/cli/grpc_office.h"
#include "server/cli/program.h"
#include "sync/base/file.h"
#include "sync/base/random.h"
#include "sync/base/status.h"
#include "sync/cli/console/console.h"
#include "sync/rules/reason.h"
#include "sync/transport/access_client.h"

namespace {

using vigil::console::Arguments;
using vigil::console::Console;
namespace transport = vigil::transport;
namespace v1 = vigil::v1;

std::string Environment(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? std::string() : value;
}

std::string Setting(const Arguments& arguments, std::string_view option, const char* variable) {
  if (const auto value = arguments.Find(option)) return *value;
  return Environment(variable);
}

std::string AccessDirectory(const Arguments& arguments) {
  std::string directory = Setting(arguments, "--access", "VIGIL_ACCESS");
  if (!directory.empty()) return directory;
  const std::string home = Environment("HOME");
  return home.empty() ? std::string() : home + "/.config/vigil";
}

absl::StatusOr<transport::Connection> ConnectionOf(vigil::FileSystem& files,
                                                   const Arguments& arguments) {
  transport::ConnectionFiles asked;
  asked.server = Setting(arguments, "--server", "VIGIL_SERVER");
  asked.plain_text = arguments.Has("--plain-text") || Environment("VIGIL_PLAIN_TEXT") == "1";
  // What is asked for on the command line is not joined by the environment's opposite.
  if (arguments.Has("--ca")) asked.plain_text = arguments.Has("--plain-text");
  if (!asked.plain_text || arguments.Has("--ca")) {
    asked.ca_file = Setting(arguments, "--ca", "VIGIL_CA");
  }
  if (!asked.plain_text || arguments.Has("--client-certificate")) {
    asked.certificate_file = Setting(arguments, "--client-certificate", "VIGIL_CLIENT_CERTIFICATE");
    asked.key_file = Setting(arguments, "--client-key", "VIGIL_CLIENT_KEY");
  }
  if (asked.server.empty()) {
    return vigil::rules::Refuse(
        v1::REASON_NOT_INITIALISED,
        "which register? Give --server, or VIGIL_SERVER in the environment");
  }
  return transport::ReadConnection(files, asked);
}

absl::Status Run(std::size_t command, const Arguments& arguments, Console& console) {
  vigil::PosixFileSystem files;
  const vigil::SystemClock clock;
  vigil::SystemRandom random;
  const std::string directory = AccessDirectory(arguments);
  vigil::office::AccessTerms terms{
      .console = console,
      .files = files,
      .clock = clock,
      .random = random,
      .access_directory = directory,
      .connect = [&]() -> absl::StatusOr<std::unique_ptr<transport::AccessCalls>> {
        VIGIL_ASSIGN_OR_RETURN(const transport::Connection connection,
                               ConnectionOf(files, arguments));
        return transport::AccessClient::Make(connection);
      }};
  const std::optional<absl::Status> ran = vigil::office::RunBefore(command, arguments, terms);
  if (ran) return *ran;

  transport::OfficeClient::Options options;
  VIGIL_ASSIGN_OR_RETURN(options.connection, ConnectionOf(files, arguments));
  VIGIL_ASSIGN_OR_RETURN(options.access,
                         transport::ProgramAccess::Open({files, clock, random}, directory));
  vigil::office::KnownRegister known{.address = options.connection.server,
                                     .id = options.access->register_id().ToString(),
                                     .public_key = options.access->register_key()};
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<transport::OfficeClient> client,
                         transport::OfficeClient::Make(std::move(options)));
  vigil::office::GrpcOffice office(*client, std::move(known));
  vigil::office::Clerk clerk(
      {.office = office, .console = console, .files = files, .clock = clock, .random = random});
  return vigil::office::RunCommand(command, arguments, clerk);
}

}  // namespace

int main(int argc, char** argv) {
  // What gRPC would write into the answers to people; errors say it all.
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
  const int code = vigil::console::RunProgram(
      vigil::office::Program(), std::vector<std::string>(argv + 1, argv + argc),
      {std::cin, std::cout, std::cerr, isatty(STDOUT_FILENO) == 1}, Run);
  // gRPC's threads may be in a handshake yet; what an ordinary exit destroys is in their hands.
  std::cout.flush();
  std::_Exit(code);
}
