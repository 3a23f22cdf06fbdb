#ifndef VIGIL_SYNC_CLI_CONSOLE_PARSER_H_
#define VIGIL_SYNC_CLI_CONSOLE_PARSER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sync/cli/console/command.h"
#include "sync/cli/console/text.h"

namespace vigil::console {

struct Parsed {
  enum class What : std::uint8_t { kRun, kHelp, kVersion };
  What what = What::kHelp;
  // With kRun: index in the program's commands.
  std::size_t command = 0;
  // With kHelp: the command or group ("extension") that was asked about; empty: the program.
  std::string path;
  Arguments arguments;
};

// Reads a command line (without the program's name). Usage errors (see exit_code.h) say what is
// wrong in the language. `--help`, `-h` and `--version` need not be declared.
absl::StatusOr<Parsed> ParseCommandLine(const ProgramSpec& program,
                                        const std::vector<std::string>& words, Language language);

// The language that the words ask for (`--lang zh`, `--lang=zh`), or the environment's.
Language LanguageOfWords(const std::vector<std::string>& words);

// Help on the program, on a group of commands or on one command.
std::string HelpText(const ProgramSpec& program, std::string_view path, Language language);

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_PARSER_H_
