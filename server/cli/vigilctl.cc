// The office's command line.

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "server/cli/clerk.h"
#include "server/cli/grpc_office.h"
#include "server/cli/program.h"
#include "sync/base/file.h"
#include "sync/base/random.h"
#include "sync/base/status.h"
#include "sync/cli/console/console.h"
#include "sync/rules/reason.h"

namespace {

using vigil::console::Arguments;
using vigil::console::Console;
namespace v1 = vigil::v1;

constexpr std::size_t kTokenBytesMax = 4096;

std::string Setting(const Arguments& arguments, std::string_view option, const char* variable) {
  if (const auto value = arguments.Find(option)) return *value;
  const char* value = std::getenv(variable);
  return value == nullptr ? std::string() : value;
}

absl::StatusOr<std::string> ReadToken(vigil::FileSystem& files, const std::string& path) {
  VIGIL_ASSIGN_OR_RETURN(std::string token, files.Read(path, kTokenBytesMax));
  token.erase(token.find_last_not_of(" \r\n\t") + 1);
  return token;
}

absl::Status Run(std::size_t command, const Arguments& arguments, Console& console) {
  const std::string server = Setting(arguments, "--server", "VIGIL_SERVER");
  const std::string token_file = Setting(arguments, "--token-file", "VIGIL_TOKEN_FILE");
  if (server.empty() || token_file.empty()) {
    return vigil::rules::Refuse(
        v1::REASON_NOT_INITIALISED,
        "which register? Give --server and --token-file, or VIGIL_SERVER and VIGIL_TOKEN_FILE in "
        "the environment");
  }
  vigil::PosixFileSystem files;
  VIGIL_ASSIGN_OR_RETURN(const std::string token, ReadToken(files, token_file));
  const vigil::SystemClock clock;
  vigil::SystemRandom random;
  vigil::office::GrpcOffice office(server, token);
  vigil::office::Clerk clerk(
      {.office = office, .console = console, .files = files, .clock = clock, .random = random});
  return vigil::office::RunCommand(command, arguments, clerk);
}

}  // namespace

int main(int argc, char** argv) {
  return vigil::console::RunProgram(vigil::office::Program(),
                                    std::vector<std::string>(argv + 1, argv + argc),
                                    {std::cin, std::cout, std::cerr}, Run);
}
