#ifndef VIGIL_SYNC_CLI_CONSOLE_EXIT_CODE_H_
#define VIGIL_SYNC_CLI_CONSOLE_EXIT_CODE_H_

#include <string>

#include "absl/status/status.h"
#include "sync/cli/console/text.h"

// The exit codes of both programs. Scripts branch on them: they never change their meaning.

namespace vigil::console {

enum ExitCode {
  kOk = 0,
  // The register, or the rules on the phone, refused; the reason says why.
  kRefused = 1,
  // The command line is wrong.
  kUsage = 2,
  // No answer from the server. Whether it did what was asked is not known.
  kUnreachable = 3,
  // The phone is not set up, or the program is not signed in, or no longer.
  kNotSetUp = 4,
  // There is no such record, page or file.
  kNotFound = 5,
  // The register could not judge it yet; send it again later.
  kDeferred = 6,
  // A file or database here cannot be used.
  kLocalFault = 7,
};

ExitCode ExitCodeOf(const absl::Status& status);

// One line for each code, for --help.
std::string ExitCodeHelp(Language language);

// A wrong command line, found after parsing (a date that is none, two options that exclude each
// other).
absl::Status UsageError(std::string_view message);

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_EXIT_CODE_H_
