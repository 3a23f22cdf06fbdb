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
      {.spec =
           {"init",
            {"make this directory a person's phone", "初始化本目录为某人的手机"},
            {{"--server", "HOST:PORT", {"the register", "登记库地址"}, Count::kRequired},
             {"--code", "CODE", {"the one-time code from the office", "一次性代码"}},
             {"--code-file", "FILE", {"file with the one-time code", "一次性代码文件"}},
             {"--label", "TEXT", {"what people call this phone", "手机标签"}},
             {"--ca",
              "FILE",
              {"authority of the register's certificate; default: the system's",
               "登记库证书的签发机构；默认随系统"}},
             {"--plain-text", "", {"without encryption, on this machine only", "不加密，仅限本机"}},
             {"--client-certificate",
              "FILE",
              {"for a register that asks for one", "登记库要求时的客户端证书"}},
             {"--client-key", "FILE", {"its key", "客户端证书的私钥"}},
             {"--hand-over",
              "",
              {"the phone becomes another device; unsent work stays its author's",
               "手机转交他人；未发送的工作仍归原作者"}},
             {"--anew",
              "",
              {"the same person's next device, after this phone's database was copied or put back: "
               "what is unsent is made again",
               "本机数据被复制或回退后，以同一人的新设备继续；未发送的工作将重新生成"}},
             {"--device",
              "ID",
              {"back to a device that this phone was before, instead of a code",
               "恢复为本机原有的设备（代替一次性代码）"}}},
            {"--server register.example:7433 --code 7K2M-0000-1111-2222 --ca authority.pem",
             "--server 127.0.0.1:7433 --plain-text --code-file phone-a.code"}},
       .outer = RunInit});
  entries.push_back(
      {.spec = {"sync",
                {"send what was done, get what is new", "同步：发送本机工作，获取最新记录"},
                {{"--server",
                  "HOST:PORT",
                  {"this once; default: as in `init`", "本次使用的地址；默认同 init"}}},
                {"", "--json"}},
       .outer = RunSync});
  for (const auto& group :
       {WorkCommands, InspectCommands, StateCommands, OutboxCommands, PhotoCommands}) {
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
      .examples = {"init --phone ./a --server 127.0.0.1:7433 --code-file a.code", "sync", "due",
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
