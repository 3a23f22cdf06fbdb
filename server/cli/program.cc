#include "server/cli/program.h"

#include <utility>

#include "sync/base/status.h"
#include "sync/cli/verbs/verbs.h"

namespace vigil::office {

using console::Arguments;
using console::Count;

namespace {

struct Entry {
  console::CommandSpec spec;
  // One of the three; with this option, the first of two.
  absl::Status (*before)(AccessTerms& terms, const Arguments& arguments) = nullptr;
  std::string_view before_with = {};
  absl::Status (*verb)(verbs::Desk& desk, const Arguments& arguments) = nullptr;
  absl::Status (*own)(Clerk& clerk, const Arguments& arguments) = nullptr;
};

std::vector<Entry> MakeEntries() {
  std::vector<Entry> entries;
  for (AccessCommand& command : AccessCommands()) {
    entries.push_back({.spec = std::move(command.spec), .before = command.before});
  }
  for (AccessCommand& command : RestoreCommands()) {
    entries.push_back({.spec = std::move(command.spec), .before = command.before});
  }
  for (const auto& group :
       {LedgerCommands, RecordCommands, EvidenceCommands, ListCommands, FigureCommands,
        ReportCommands, EscalationCommands, LadderCommands, PersonCommands, LeaveCommands,
        RoleCommands, DeviceCommands, AuditCommands, BackupCommands, WitnessCommands,
        OutboxCommands, ImportCommands}) {
    for (Command& command : group()) {
      entries.push_back({.spec = std::move(command.spec),
                         .before = command.before,
                         .before_with = command.before_with,
                         .own = command.run});
    }
  }
  for (verbs::Verb& verb : verbs::VerbsOf(v1::CHANNEL_OFFICE)) {
    // Whatever is judged rests on what was seen.
    verb.spec.options.push_back(
        {"--seen",
         "RECORD=VERSION",
         {"act on that version; default: the one that stands", "以该版本为依据；默认当前版本"},
         Count::kRepeated});
    verb.spec.options.push_back(
        {"--must-be-current",
         "",
         {"only if nothing has changed in between", "仅当记录未被他人修改"}});
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
      .name = "vigilctl",
      .about = {"The office's side of the hazard register: import, ledger, decisions, supervision.",
                "隐患登记库的办公室端：导入、台账、决定、挂牌督办。"},
      .options = console::CommonOptions(),
      .commands = {},
      .examples = {"ledger --overdue yes", "show YH-2017-0001",
                   "confirm YH-2017-0371 --grade general --unit LFU-01 --due 2017-09-30",
                   "stats --summary", "conflicts"}};
  program.options.push_back(
      {"--server", "HOST:PORT", {"default: $VIGIL_SERVER", "默认 $VIGIL_SERVER"}});
  program.options.push_back({"--ca",
                             "FILE",
                             {"authority of the register's certificate; default: $VIGIL_CA, else "
                              "the system's",
                              "登记库证书的签发机构；默认 $VIGIL_CA，否则随系统"}});
  program.options.push_back({"--plain-text",
                             "",
                             {"without encryption, on this machine only; or $VIGIL_PLAIN_TEXT=1",
                              "不加密，仅限本机；或设 $VIGIL_PLAIN_TEXT=1"}});
  program.options.push_back(
      {"--access",
       "DIR",
       {"directory with this program's key and access; default: "
        "$VIGIL_ACCESS, else ~/.config/vigil",
        "本程序密钥与访问令牌的目录；默认 $VIGIL_ACCESS，否则 ~/.config/vigil"}});
  program.options.push_back(
      {"--client-certificate",
       "FILE",
       {"for a register that asks for one; default: $VIGIL_CLIENT_CERTIFICATE",
        "登记库要求时的客户端证书；默认 $VIGIL_CLIENT_CERTIFICATE"}});
  program.options.push_back(
      {"--client-key",
       "FILE",
       {"its key; default: $VIGIL_CLIENT_KEY", "客户端证书的私钥；默认 $VIGIL_CLIENT_KEY"}});
  for (const Entry& entry : Entries()) program.commands.push_back(entry.spec);
  return program;
}

std::optional<absl::Status> RunBefore(std::size_t command, const Arguments& arguments,
                                      AccessTerms& terms) {
  const Entry& entry = Entries()[command];
  if (entry.before == nullptr) return std::nullopt;
  if (!entry.before_with.empty() && !arguments.Has(entry.before_with)) return std::nullopt;
  return entry.before(terms, arguments);
}

absl::Status RunCommand(std::size_t command, const Arguments& arguments, Clerk& clerk) {
  const Entry& entry = Entries()[command];
  VIGIL_RETURN_IF_ERROR(clerk.Begin());
  if (entry.own != nullptr) return entry.own(clerk, arguments);
  VIGIL_RETURN_IF_ERROR(clerk.ActOn(arguments.All("--seen")));
  if (arguments.Has("--must-be-current")) clerk.MustBeCurrent();
  const absl::Status status = entry.verb(clerk, arguments);
  clerk.Finish();
  return status;
}

}  // namespace vigil::office
