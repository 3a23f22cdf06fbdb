#include "sync/cli/console/console.h"

#include "sync/base/status.h"
#include "sync/cli/console/error_text.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/parser.h"

namespace vigil::console {
namespace {

constexpr std::string_view kVersion = "0.1.0";

void PrintError(const absl::Status& status, const Console& console, std::ostream& err) {
  err << (console.json() ? ErrorJson(status) : ErrorText(status, console.language())) << '\n';
}

bool AsksJson(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    if (word == "--json") return true;
  }
  return false;
}

}  // namespace

void Console::Say(const Text& text, std::initializer_list<std::string_view> values) {
  if (!json_) streams_.out << Filled(text, values) << '\n';
}

void Console::Write(std::string_view text) {
  if (!json_) streams_.out << text;
}

void Console::Ask(std::string_view text) {
  (json_ ? streams_.err : streams_.out) << text << std::flush;
}

void Console::Note(const Text& text, std::initializer_list<std::string_view> values) {
  if (!json_) streams_.err << Filled(text, values) << '\n';
}

void Console::Show(const Table& table, const Text& if_empty) {
  if (table.empty()) {
    Say(if_empty);
  } else {
    Write(table.ToString());
  }
}

void Console::Json(std::string_view json) {
  if (json_) streams_.out << json << '\n';
}

void Console::Json(const google::protobuf::Message& message) {
  if (json_) Json(ProtoJson(message));
}

std::vector<OptionSpec> CommonOptions() {
  return {
      {"--lang", "zh|en", {"language; default: the locale's", "语言；默认随系统区域设置"}},
      {"--json", "", {"print JSON for programs", "输出 JSON，供程序使用"}},
  };
}

int RunProgram(const ProgramSpec& program, const std::vector<std::string>& words,
               const Console::Streams& streams, const RunCommand& run) {
  const Language language = LanguageOfWords(words);
  Console console(streams, language, AsksJson(words));
  const absl::StatusOr<Parsed> parsed = ParseCommandLine(program, words, language);
  if (!parsed.ok()) {
    PrintError(parsed.status(), console, streams.err);
    return ExitCodeOf(parsed.status());
  }
  if (parsed->what == Parsed::What::kVersion) {
    streams.out << program.name << ' ' << kVersion << '\n';
    return kOk;
  }
  if (parsed->what == Parsed::What::kHelp) {
    streams.out << HelpText(program, parsed->path, language);
    return kOk;
  }
  const absl::Status status = run(parsed->command, parsed->arguments, console);
  streams.out.flush();
  if (status.ok()) return kOk;
  PrintError(status, console, streams.err);
  return ExitCodeOf(status);
}

}  // namespace vigil::console
