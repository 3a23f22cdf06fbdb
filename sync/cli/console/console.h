#ifndef VIGIL_SYNC_CLI_CONSOLE_CONSOLE_H_
#define VIGIL_SYNC_CLI_CONSOLE_CONSOLE_H_

#include <functional>
#include <initializer_list>
#include <istream>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "sync/cli/console/command.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/text.h"

namespace vigil::console {

// Where a program speaks and reads. With --json, what is meant for people is not said.
class Console {
 public:
  struct Streams {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
    // Somebody looks at `out` on a terminal.
    bool out_is_terminal = false;
  };

  Console(const Streams& streams, Language language, bool json)
      : streams_(streams), language_(language), json_(json) {}

  Language language() const { return language_; }
  bool json() const { return json_; }
  bool on_terminal() const { return streams_.out_is_terminal; }
  std::istream& in() { return streams_.in; }

  std::string_view In(const Text& text) const { return text.In(language_); }
  std::string Filled(const Text& text, std::initializer_list<std::string_view> values) const {
    return Fill(text.In(language_), values);
  }

  // A line for people.
  void Say(const Text& text, std::initializer_list<std::string_view> values = {});
  // Text for people as it is.
  void Write(std::string_view text);
  // A question, without a line's end; also with --json, since somebody waits for it.
  void Ask(std::string_view text);
  // A line on the error stream: progress, warnings. Not with --json.
  void Note(const Text& text, std::initializer_list<std::string_view> values = {});
  // The table, or where it is empty, `if_empty`.
  void Show(const Table& table, const Text& if_empty);
  // One JSON document; only with --json.
  void Json(std::string_view json);
  void Json(const google::protobuf::Message& message);

 private:
  Streams streams_;
  const Language language_;
  const bool json_;
};

// What both programs' main functions do: reads the words, answers --help and --version, calls
// `run` for a command, prints its error, and gives the exit code. `words` is without the program's
// name.
using RunCommand =
    std::function<absl::Status(std::size_t command, const Arguments& arguments, Console& console)>;
int RunProgram(const ProgramSpec& program, const std::vector<std::string>& words,
               const Console::Streams& streams, const RunCommand& run);

// --lang and --json, which every program has.
std::vector<OptionSpec> CommonOptions();

}  // namespace vigil::console

#endif  // VIGIL_SYNC_CLI_CONSOLE_CONSOLE_H_
