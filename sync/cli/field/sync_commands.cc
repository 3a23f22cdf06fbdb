#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "google/protobuf/util/time_util.h"
#include "sync/base/loop_executor.h"
#include "sync/base/status.h"
#include "sync/cli/console/error_text.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/field/program.h"
#include "sync/engine/session.h"
#include "sync/rules/reason.h"
#include "sync/rules/schema.h"

// What needs the register: the first greeting, and a session.

namespace vigil::field {

using console::Arguments;
using replica::Identity;
using replica::Replica;

namespace {

constexpr std::string_view kClient = "vigil-field/0.1.0";
constexpr unsigned kPhoneMode = 0700;
constexpr std::size_t kTokenBytesMax = 4096;

absl::StatusOr<std::string> TakeToken(FileSystem& files, const Arguments& arguments) {
  if (arguments.Has("--token") == arguments.Has("--token-file")) {
    return console::UsageError("give --token-file or --token");
  }
  std::string token = arguments.Value("--token");
  if (const auto path = arguments.Find("--token-file")) {
    VIGIL_ASSIGN_OR_RETURN(token, files.Read(*path, kTokenBytesMax));
  }
  token.erase(token.find_last_not_of(" \r\n\t") + 1);
  return token;
}

// Asks the register whose credential this is.
absl::StatusOr<Identity> AskIdentity(const Surroundings& surroundings, const Settings& settings) {
  LoopExecutor loop(surroundings.parts.clock);
  const std::unique_ptr<engine::Transport> transport = surroundings.make_transport(loop, settings);
  v1::HelloRequest request;
  request.set_protocol(engine::kProtocolVersion);
  request.set_client(std::string(kClient));
  *request.mutable_device_time() = google::protobuf::util::TimeUtil::MillisecondsToTimestamp(
      absl::ToUnixMillis(surroundings.parts.clock.Now()));
  std::optional<absl::StatusOr<v1::HelloResponse>> answer;
  transport->Hello(
      request, [&](absl::StatusOr<v1::HelloResponse> response) { answer = std::move(response); });
  loop.RunUntil([&] { return answer.has_value(); });
  VIGIL_RETURN_IF_ERROR(*answer);
  return Identity{.device = (**answer).device(), .person = (**answer).person()};
}

}  // namespace

absl::Status RunInit(const Surroundings& surroundings, const Arguments& arguments) {
  FileSystem& files = surroundings.parts.files;
  if (surroundings.directory.empty()) {
    return rules::Refuse(v1::REASON_NOT_INITIALISED,
                         "which phone? Give --phone or VIGIL_PHONE_DIR in the environment");
  }
  Settings settings;
  settings.server = arguments.Value("--server");
  VIGIL_ASSIGN_OR_RETURN(settings.token, TakeToken(files, arguments));
  VIGIL_ASSIGN_OR_RETURN(const Identity identity, AskIdentity(surroundings, settings));
  VIGIL_RETURN_IF_ERROR(files.MakeDirectories(surroundings.directory, kPhoneMode));
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<Replica> replica,
                         Replica::Open(ReplicaPath(surroundings.directory), {},
                                       surroundings.parts.clock, surroundings.parts.random));
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Identity> present, replica->GetIdentity());
  if (present && !(*present == identity) && arguments.Has("--hand-over")) {
    VIGIL_RETURN_IF_ERROR(replica->HandOver(identity));
  } else {
    VIGIL_RETURN_IF_ERROR(replica->Initialise(identity));
  }
  VIGIL_RETURN_IF_ERROR(SaveSettings(files, surroundings.directory, settings));
  console::JsonObject object;
  object.Set("device", identity.device).Set("person", identity.person);
  surroundings.parts.console.Json(object.ToString());
  surroundings.parts.console.Say(
      {"this directory is a phone now; get the register's records with `sync`",
       "手机已初始化；请运行 sync 获取记录"});
  return absl::OkStatus();
}

namespace {

// Everything that the register has refused and its author has not dealt with.
absl::Status NoteRefused(Phone& phone) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<replica::AttentionItem> items,
                         phone.replica().Attention());
  console::Console& console = phone.console();
  for (const replica::AttentionItem& item : items) {
    if (item.settled) continue;
    console.Say({"refused: $0: $1 (see `attention`)", "被拒绝：$0：$1（请看 attention）"},
                {console::CommandLabel(
                     rules::Schema::Get().FindCommand(item.operation.command_case())->name,
                     console.language()),
                 console::ReasonText(item.outcome.error().reason(), console.language())});
  }
  return absl::OkStatus();
}

std::string ReportJson(const engine::SessionReport& report) {
  console::JsonObject object;
  object.Set("applied", report.outcomes.applied)
      .Set("merged", report.outcomes.merged)
      .Set("refused", report.outcomes.refused)
      .Set("deferred", report.outcomes.deferred)
      .Set("pages", report.pages)
      .Set("records", report.records)
      .Set("departures", report.departures)
      .Set("repaired", report.repaired)
      .Set("digest_equal", report.digest_equal)
      .Set("complete", report.complete);
  return object.ToString();
}

void SayReport(console::Console& console, const engine::SessionReport& report) {
  const replica::OutcomeCounts& outcomes = report.outcomes;
  console.Say({"sent: $0 applied, $1 merged, $2 refused, $3 put off",
               "已发送：生效 $0，合并 $1，拒绝 $2，暂缓 $3"},
              {std::to_string(outcomes.applied), std::to_string(outcomes.merged),
               std::to_string(outcomes.refused), std::to_string(outcomes.deferred)});
  console.Say(
      {"received: $0 records, $1 left this phone's scope", "已接收：$0 条记录，$1 条移出本机范围"},
      {std::to_string(report.records), std::to_string(report.departures)});
  if (report.repaired > 0) {
    console.Say({"repaired: $0 parts differed from the register", "已修复：$0 处与登记库不一致"},
                {std::to_string(report.repaired)});
  }
  if (report.digest_equal) {
    console.Say({"this phone equals the register", "本机与登记库一致"});
  } else if (!report.complete) {
    console.Say({"not complete yet: synchronise again", "尚未完整：请再次同步"});
  }
}

}  // namespace

absl::Status RunSync(const Surroundings& surroundings, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::unique_ptr<Phone> phone,
                         Phone::Open(surroundings.parts, surroundings.directory));
  console::Console& console = phone->console();
  LoopExecutor loop(surroundings.parts.clock);
  Settings settings = phone->settings();
  if (const auto server = arguments.Find("--server")) settings.server = *server;
  const std::unique_ptr<engine::Transport> transport = surroundings.make_transport(loop, settings);
  std::optional<engine::SessionReport> report;
  engine::Session::Options options;
  options.client = std::string(kClient);
  options.on_progress = [&](const engine::SessionReport& so_far, std::uint64_t remaining) {
    if (remaining > 0) {
      console.Note({"$0 records, $1 to come", "已收 $0 条，尚余 $1 条"},
                   {std::to_string(so_far.records), std::to_string(remaining)});
    }
  };
  const auto session =
      engine::Session::Start({phone->replica(), *transport, loop}, options,
                             [&](const engine::SessionReport& done) { report = done; });
  loop.RunUntil([&] { return report.has_value(); });
  console.Json(ReportJson(*report));
  const bool said_something = report->outcomes.applied + report->outcomes.merged +
                                  report->outcomes.refused + report->outcomes.deferred +
                                  report->pages >
                              0;
  if (report->status.ok() || said_something) SayReport(console, *report);
  VIGIL_RETURN_IF_ERROR(NoteRefused(*phone));
  VIGIL_RETURN_IF_ERROR(report->status);
  return report->push_status;
}

}  // namespace vigil::field
