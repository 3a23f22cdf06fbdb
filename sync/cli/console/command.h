#ifndef VIGIL_SYNC_CLI_CONSOLE_COMMAND_H_
#define VIGIL_SYNC_CLI_CONSOLE_COMMAND_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/cli/console/text.h"
#include "vigil/v1/operation.pb.h"

// The commands of a program as data: the parser, --help and the test that every event has a
// command read the same tables.

namespace vigil::console {

enum class Count : std::uint8_t { kOptional, kRequired, kRepeated, kRequiredRepeated };

struct OptionSpec {
  // "--due", or the name of a positional argument, "HAZARD".
  std::string_view name;
  // What stands for the value in --help, "DATE"; empty for a flag and for a positional argument.
  std::string_view value;
  Text help;
  Count count = Count::kOptional;

  bool is_positional() const { return name.substr(0, 2) != "--"; }
  bool is_flag() const { return !is_positional() && value.empty(); }
  bool is_required() const {
    return count == Count::kRequired || count == Count::kRequiredRepeated;
  }
  bool is_repeated() const {
    return count == Count::kRepeated || count == Count::kRequiredRepeated;
  }
};

struct CommandSpec {
  // "ledger", "extension apply".
  std::string path;
  Text help;
  std::vector<OptionSpec> options;
  // What follows the program's name and the path.
  std::vector<std::string_view> examples;
  // The events that it brings to the register.
  std::vector<v1::Operation::CommandCase> makes = {};
};

struct ProgramSpec {
  std::string_view name;
  Text about;
  // Accepted before and after every command.
  std::vector<OptionSpec> options;
  std::vector<CommandSpec> commands;
  // Shown by the program's --help, without its name.
  std::vector<std::string_view> examples;
};

// What stood on the command line. Asking for what the command does not declare is a bug of ours.
class Arguments {
 public:
  void Declare(std::string_view name) { values_[std::string(name)]; }
  void Add(std::string_view name, std::string value);

  bool Has(std::string_view name) const { return !All(name).empty(); }
  // The last value; empty if there is none.
  std::string Value(std::string_view name) const;
  std::optional<std::string> Find(std::string_view name) const;
  const std::vector<std::string>& All(std::string_view name) const;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_COMMAND_H_
