#include "sync/cli/field/program.h"

#include <array>
#include <utility>

#include "sync/base/status.h"
#include "sync/cli/verbs/verbs.h"

namespace vigil::field {

using console::Arguments;
using console::Count;

namespace {

struct Entry {
  console::CommandSpec spec;
  // One of the three.
  absl::Status (*verb)(verbs::Desk& desk, const Arguments& arguments) = nullptr;
  absl::Status (*own)(Phone& phone, const Arguments& arguments) = nullptr;
  absl::Status (*outer)(const Surroundings& surroundings, const Arguments& arguments) = nullptr;
};

// On a phone these words are shorter.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kShorter = {{
    {"tag propose", "propose"},
    {"tag serve", "receipt"},
    {"plan file", "plan"},
}};

std::vector<Entry> MakeEntries() {
  std::vector<Entry> entries;
  entries.push_back(
      {.spec = {"init",
                {"make this directory a person's phone", "初始化本目录为某人的手机"},
                {{"--server", "HOST:PORT", {"the register", "登记库地址"}, Count::kRequired},
                 {"--token-file", "FILE", {"the device's credential", "设备凭据文件"}},
                 {"--token", "TOKEN", {"the same, on the command line", "设备凭据"}},
                 {"--hand-over",
                  "",
                  {"the phone goes to another person; unsent work stays its author's",
                   "手机转交他人；未发送的工作仍归原作者"}}},
                {"--server 127.0.0.1:7433 --token-file phone-a.token"}},
       .outer = RunInit});
  entries.push_back(
      {.spec = {"sync",
                {"send what was done, get what is new", "同步：发送本机工作，获取最新记录"},
                {{"--server",
                  "HOST:PORT",
                  {"this once; default: as in `init`", "本次使用的地址；默认同 init"}}},
                {"", "--json"}},
       .outer = RunSync});
  for (const auto& group : {WorkCommands, InspectCommands, StateCommands, OutboxCommands}) {
    for (Command& command : group()) {
      entries.push_back({.spec = std::move(command.spec), .own = command.run});
    }
  }
  for (verbs::Verb& verb : verbs::VerbsOf(v1::CHANNEL_PHONE)) {
    for (const auto& [path, shorter] : kShorter) {
      if (verb.spec.path == path) verb.spec.path = std::string(shorter);
    }
    entries.push_back({.spec = std::move(verb.spec), .verb = verb.run});
  }
  return entries;
}

const std::vector<Entry>& Entries() {
  static const std::vector<Entry>& entries = *new std::vector<Entry>(MakeEntries());
  return entries;
}

}  // namespace

console::ProgramSpec Program() {
  console::ProgramSpec program{
      .name = "vigil-field",
      .about = {"A phone on the command line: works without a network, synchronises when it can.",
                "命令行上的手机：离线可用，联网时同步。"},
      .options = console::CommonOptions(),
      .commands = {},
      .examples = {"init --phone ./a --server 127.0.0.1:7433 --token-file a.token", "sync", "due",
                   "inspect RS-LF-001", "report --source RS-LF-001 --description '坝体渗水'",
                   "status"}};
  program.options.push_back(
      {"--phone",
       "DIR",
       {"the phone's directory; default: $VIGIL_PHONE_DIR", "手机目录；默认 $VIGIL_PHONE_DIR"}});
  for (const Entry& entry : Entries()) program.commands.push_back(entry.spec);
  return program;
}

absl::Status RunCommand(std::size_t command, const Arguments& arguments,
                        const Surroundings& surroundings) {
  const Entry& entry = Entries()[command];
  if (entry.outer != nullptr) return entry.outer(surroundings, arguments);
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<Phone> phone,
                         Phone::Open(surroundings.parts, surroundings.directory));
  const absl::Status status =
      entry.own != nullptr ? entry.own(*phone, arguments) : entry.verb(*phone, arguments);
  phone->Finish();
  return status;
}

}  // namespace vigil::field
