#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/base/utf8.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/parser.h"
#include "sync/cli/console/table.h"

namespace vigil::console {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

std::string Aligned(const Lines& lines) {
  std::size_t width = 0;
  for (const auto& [name, help] : lines) width = std::max(width, DisplayWidth(name));
  std::string text;
  for (const auto& [name, help] : lines) text += "  " + Pad(name, width) + "  " + help + "\n";
  return text;
}

Lines OptionLines(const std::vector<OptionSpec>& options, Language language) {
  Lines lines;
  for (const OptionSpec& option : options) {
    std::string name(option.name);
    if (!option.value.empty()) absl::StrAppend(&name, " ", ToAbsl(option.value));
    if (option.is_repeated()) name += " …";
    std::string help(option.help.In(language));
    if (option.is_required() && !option.is_positional()) {
      help += Text(" (required)", "（必填）").In(language);
    }
    lines.emplace_back(std::move(name), std::move(help));
  }
  return lines;
}

std::string Heading(const Text& text, Language language) {
  return absl::StrCat("\n", ToAbsl(text.In(language)), "\n");
}

std::string Examples(std::string_view before, const std::vector<std::string_view>& examples,
                     Language language) {
  if (examples.empty()) return "";
  std::string text = Heading({"Examples:", "示例："}, language);
  for (const std::string_view example : examples) {
    absl::StrAppend(&text, "  ", ToAbsl(before), example.empty() ? "" : " ", ToAbsl(example), "\n");
  }
  return text;
}

std::string CommandHelp(const ProgramSpec& program, const CommandSpec& command, Language language) {
  std::string text = absl::StrCat(ToAbsl(Text("Usage: ", "用法：").In(language)),
                                  ToAbsl(program.name), " ", command.path);
  std::vector<OptionSpec> positionals;
  std::vector<OptionSpec> options;
  for (const OptionSpec& option : command.options) {
    (option.is_positional() ? positionals : options).push_back(option);
  }
  for (const OptionSpec& option : positionals) {
    const bool required = option.is_required();
    absl::StrAppend(&text, required ? " " : " [", ToAbsl(option.name),
                    option.is_repeated() ? " …" : "", required ? "" : "]");
  }
  if (!options.empty()) text += Text(" [options]", " [选项]").In(language);
  absl::StrAppend(&text, "\n\n", ToAbsl(command.help.In(language)), "\n");
  if (!positionals.empty() || !options.empty()) text += "\n";
  text += Aligned(OptionLines(positionals, language));
  text += Aligned(OptionLines(options, language));
  text += Heading({"Everywhere:", "通用选项："}, language);
  text += Aligned(OptionLines(program.options, language));
  return text + Examples(absl::StrCat(ToAbsl(program.name), " ", command.path), command.examples,
                         language);
}

bool IsBelow(std::string_view path, std::string_view group) {
  return path.size() > group.size() && path.substr(0, group.size()) == group &&
         path[group.size()] == ' ';
}

// Commands whose path begins with `group`, one line each.
std::string CommandList(const ProgramSpec& program, std::string_view group, Language language) {
  Lines lines;
  for (const CommandSpec& command : program.commands) {
    if (group.empty() || IsBelow(command.path, group)) {
      lines.emplace_back(command.path, std::string(command.help.In(language)));
    }
  }
  return Aligned(lines);
}

}  // namespace

std::string HelpText(const ProgramSpec& program, std::string_view path, Language language) {
  const CommandSpec* exact = nullptr;
  bool is_group = path.empty();
  for (const CommandSpec& command : program.commands) {
    if (command.path == path) exact = &command;
    is_group = is_group ||
               (command.path.size() > path.size() && command.path.substr(0, path.size()) == path &&
                command.path[path.size()] == ' ');
  }
  std::string text;
  if (exact != nullptr) text = CommandHelp(program, *exact, language);
  if (exact != nullptr && is_group) text += Heading({"Single steps:", "分步命令："}, language);
  if (!is_group) return text;
  if (exact == nullptr) {
    absl::StrAppend(&text, ToAbsl(Text("Usage: ", "用法：").In(language)), ToAbsl(program.name),
                    " ", ToAbsl(path), path.empty() ? "" : " ",
                    ToAbsl(Text("COMMAND [options]", "命令 [选项]").In(language)), "\n\n");
    if (path.empty()) absl::StrAppend(&text, ToAbsl(program.about.In(language)), "\n");
    text += Heading({"Commands (each has --help with examples):", "命令（各有 --help 与示例）："},
                    language);
  }
  text += CommandList(program, path, language);
  if (!path.empty()) return text;
  text += Heading({"Options:", "选项："}, language);
  text += Aligned(OptionLines(program.options, language));
  text += Examples(program.name, program.examples, language);
  text += Heading({"Exit codes:", "退出码："}, language);
  return text + ExitCodeHelp(language);
}

Language LanguageOfWords(const std::vector<std::string>& words) {
  constexpr std::string_view kOption = "--lang";
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    if (word == "--") break;
    if (word == kOption && i + 1 < words.size()) return LanguageOf(words[i + 1]);
    if (word.size() > kOption.size() && word.substr(0, kOption.size()) == kOption &&
        word[kOption.size()] == '=') {
      return LanguageOf(word.substr(kOption.size() + 1));
    }
  }
  return LanguageOfEnvironment();
}

}  // namespace vigil::console
