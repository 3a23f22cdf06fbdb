// A phone on the command line.

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sync/base/file.h"
#include "sync/base/random.h"
#include "sync/base/time.h"
#include "sync/cli/console/console.h"
#include "sync/cli/field/program.h"
#include "sync/transport/access_client.h"
#include "sync/transport/grpc_transport.h"

namespace {

using vigil::console::Arguments;
using vigil::console::Console;

absl::StatusOr<std::unique_ptr<vigil::engine::PhoneTransport>> MakeTransport(
    vigil::Executor& executor, const vigil::transport::Connection& connection,
    std::shared_ptr<vigil::transport::ProgramAccess> access) {
  return vigil::transport::GrpcTransport::Make(
      executor, {.connection = connection, .access = std::move(access)});
}

absl::StatusOr<std::unique_ptr<vigil::transport::AccessCalls>> Connect(
    const vigil::transport::Connection& connection) {
  return vigil::transport::AccessClient::Make(connection);
}

std::string PhoneDirectory(const Arguments& arguments) {
  if (const auto directory = arguments.Find("--phone")) return *directory;
  const char* directory = std::getenv("VIGIL_PHONE_DIR");
  return directory == nullptr ? std::string() : directory;
}

absl::Status Run(std::size_t command, const Arguments& arguments, Console& console) {
  vigil::PosixFileSystem files;
  const vigil::SystemClock clock;
  vigil::SystemRandom random;
  return vigil::field::RunCommand(
      command, arguments,
      {.parts = {.console = console, .files = files, .clock = clock, .random = random},
       .directory = PhoneDirectory(arguments),
       .make_transport = MakeTransport,
       .connect = Connect});
}

}  // namespace

int main(int argc, char** argv) {
  // What gRPC would write into the answers to people; errors say it all.
  ::setenv("GRPC_VERBOSITY", "NONE", 0);
  const int code = vigil::console::RunProgram(vigil::field::Program(),
                                              std::vector<std::string>(argv + 1, argv + argc),
                                              {std::cin, std::cout, std::cerr}, Run);
  // gRPC's threads may be in a handshake yet; what an ordinary exit destroys is in their hands.
  std::cout.flush();
  std::_Exit(code);
}
