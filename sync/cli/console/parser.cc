#include "sync/cli/console/parser.h"

#include <map>
#include <memory>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"

// The only user of CLI11, which is slow to compile.

namespace vigil::console {
namespace {

// One command (or group of commands) as CLI11 has it.
struct Node {
  CLI::App* app = nullptr;
  const CommandSpec* spec = nullptr;
  std::size_t index = 0;
  std::map<std::string_view, std::vector<std::string>> values;
  bool help = false;
};

class Parser {
 public:
  Parser(const ProgramSpec& program, Language language) : program_(program), language_(language) {
    root_.set_help_flag();
    root_.require_subcommand(0, 1);
    Node& node = nodes_[""];
    node.app = &root_;
    for (const OptionSpec& option : program.options) AddOption(node, option);
    root_.add_flag("--version", version_);
    root_.add_flag("-h,--help", node.help);
    for (std::size_t i = 0; i < program.commands.size(); ++i) AddCommand(i);
  }

  absl::StatusOr<Parsed> Parse(std::vector<std::string> words) {
    std::reverse(words.begin(), words.end());
    try {
      root_.parse(std::move(words));
    } catch (const CLI::ExtrasError& error) {
      return Unexpected(error.what());
    } catch (const CLI::ArgumentMismatch& error) {
      return UsageError(absl::StrCat(
          ToAbsl(Text("a value is missing or too many", "缺少取值或取值过多").In(language_)), ": ",
          error.what()));
    } catch (const CLI::ParseError& error) {
      return UsageError(error.what());
    }
    return Result();
  }

 private:
  void AddOption(Node& node, const OptionSpec& option) {
    const std::string name(option.name);
    std::vector<std::string>& values = node.values[option.name];
    if (option.is_flag()) {
      node.app->add_flag_callback(name, [&values] { values.emplace_back("true"); });
      return;
    }
    // One value each time; a positional argument that may be repeated takes all that are left.
    CLI::Option* added = node.app->add_option(name, values);
    if (option.is_positional() && option.is_repeated()) {
      added->expected(0, 1 << 20);
    } else if (option.is_positional()) {
      // One that may take none is filled before the next one gets its turn.
      added->expected(1);
      added->allow_extra_args(false);
    } else {
      added->expected(1)->take_all();
      added->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
      added->allow_extra_args(false);
    }
  }

  Node& NodeOf(std::string_view path) {
    const auto found = nodes_.find(path);
    if (found != nodes_.end()) return found->second;
    const std::size_t space = path.rfind(' ');
    Node& parent = NodeOf(space == std::string_view::npos ? "" : path.substr(0, space));
    Node& node = nodes_[std::string(path)];
    node.app = parent.app->add_subcommand(std::string(path.substr(space + 1)));
    node.app->set_help_flag();
    node.app->fallthrough();
    node.app->require_subcommand(0, 1);
    node.app->add_flag("-h,--help", node.help);
    return node;
  }

  void AddCommand(std::size_t index) {
    const CommandSpec& spec = program_.commands[index];
    Node& node = NodeOf(spec.path);
    node.spec = &spec;
    node.index = index;
    for (const OptionSpec& option : spec.options) AddOption(node, option);
  }

  absl::Status Unexpected(std::string_view what) const {
    // CLI11 names the words after the last colon.
    const std::size_t colon = what.rfind(": ");
    const std::string_view words = colon == std::string_view::npos ? what : what.substr(colon + 2);
    return UsageError(Fill(
        Text("unknown or misplaced: $0; see --help", "无法识别：$0；请看 --help").In(language_),
        {words}));
  }

  // The innermost command that was named.
  std::string PathGiven() const {
    std::string path;
    const CLI::App* app = &root_;
    while (!app->get_subcommands().empty()) {
      app = app->get_subcommands().front();
      if (!path.empty()) path += ' ';
      path += app->get_name();
    }
    return path;
  }

  bool HelpAsked() const {
    for (const auto& [path, node] : nodes_) {
      if (node.help) return true;
    }
    return false;
  }

  static absl::Status CheckOption(const Node& node, const OptionSpec& option, Language language) {
    const std::vector<std::string>& values = node.values.at(option.name);
    if (option.is_required() && values.empty()) {
      return UsageError(Fill(Text("$0 is missing; see --help", "缺少 $0；请看 --help").In(language),
                             {option.name}));
    }
    if (!option.is_repeated() && values.size() > 1 && !option.is_flag()) {
      return UsageError(Fill(Text("$0 is given twice", "$0 重复").In(language), {option.name}));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Parsed> Result() const {
    Parsed parsed;
    parsed.path = PathGiven();
    if (version_) {
      parsed.what = Parsed::What::kVersion;
      return parsed;
    }
    const Node& node = nodes_.find(parsed.path)->second;
    const Node& root = nodes_.find("")->second;
    if (HelpAsked()) return parsed;
    if (node.spec == nullptr) {
      return UsageError(
          Fill(Text("which command? See `$0 --help`", "请给出命令。请看 `$0 --help`").In(language_),
               {parsed.path.empty() ? std::string(program_.name)
                                    : absl::StrCat(ToAbsl(program_.name), " ", parsed.path)}));
    }
    parsed.what = Parsed::What::kRun;
    parsed.command = node.index;
    for (const OptionSpec& option : node.spec->options) {
      VIGIL_RETURN_IF_ERROR(CheckOption(node, option, language_));
    }
    for (const OptionSpec& option : program_.options) {
      VIGIL_RETURN_IF_ERROR(CheckOption(root, option, language_));
    }
    for (const Node* source : {&root, &node}) {
      for (const auto& [name, values] : source->values) {
        parsed.arguments.Declare(name);
        for (const std::string& value : values) parsed.arguments.Add(name, value);
      }
    }
    return parsed;
  }

  const ProgramSpec& program_;
  const Language language_;
  CLI::App root_;
  bool version_ = false;
  std::map<std::string, Node, std::less<>> nodes_;
};

}  // namespace

absl::StatusOr<Parsed> ParseCommandLine(const ProgramSpec& program,
                                        const std::vector<std::string>& words, Language language) {
  Parser parser(program, language);
  return parser.Parse(words);
}

}  // namespace vigil::console
