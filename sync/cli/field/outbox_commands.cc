#include <string>
#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/cli/console/error_text.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/field/photos.h"
#include "sync/cli/field/program.h"
#include "sync/rules/schema.h"

// What has not been judged yet: the outbox, its way by file, and commands as JSON.

namespace vigil::field {

using console::Arguments;
using console::Count;
using console::Table;

namespace {

constexpr std::size_t kFileBytesMax = std::size_t{256} << 20;
constexpr std::size_t kCommandBytesMax = std::size_t{1} << 20;
constexpr unsigned kSecretMode = 0600;

std::string StateName(replica::OutboxState state, console::Console& console) {
  switch (state) {
    case replica::OutboxState::kPending:
      return std::string(console.In({"waiting", "待发送"}));
    case replica::OutboxState::kSent:
      return std::string(console.In({"sent, answer unknown", "已发送，结果未知"}));
    case replica::OutboxState::kDeferred:
      return std::string(console.In({"put off", "暂缓"}));
    case replica::OutboxState::kQuarantined:
      return std::string(console.In({"not sent: see attention", "未发送：见 attention"}));
    case replica::OutboxState::kReleased:
      return std::string(console.In({"released, waiting", "已放行，待发送"}));
    case replica::OutboxState::kDiscarded:
      return std::string(console.In({"given up", "已放弃"}));
  }
  return "";
}

absl::Status List(Phone& phone, const Arguments&) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<replica::OutboxItem> items, phone.replica().Outbox());
  console::Console& console = phone.console();
  Table table({{"", Table::Align::kRight},
               {std::string(console.In({"command", "操作"}))},
               {std::string(console.In({"state", "状态"}))},
               {std::string(console.In({"made", "时间"}))},
               {std::string(console.In({"why", "原因"}))}});
  console::JsonArray array;
  for (const replica::OutboxItem& item : items) {
    const rules::CommandInfo* info =
        rules::Schema::Get().FindCommand(item.operation.command_case());
    console::JsonObject object;
    object.SetRaw("operation", console::ProtoJson(item.operation))
        .Set("sent", item.state == replica::OutboxState::kSent ||
                         item.state == replica::OutboxState::kDeferred)
        .Set("deferred", item.state == replica::OutboxState::kDeferred)
        .SetRaw("error", console::ProtoJson(item.error));
    array.AddRaw(object.ToString());
    table.AddRow({std::to_string(item.operation.device_seq()),
                  info == nullptr ? "" : console::CommandLabel(info->name, console.language()),
                  StateName(item.state, console),
                  console::TimeText(item.operation.made_at(), phone.zone()),
                  console::ReasonText(item.error.reason(), console.language())});
  }
  console.Json(array.ToString());
  console.Show(table, {"nothing waits", "没有待发送的操作"});
  return SayPhotos(phone);
}

absl::Status Export(Phone& phone, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<replica::OutboxItem> items, phone.replica().Outbox());
  VIGIL_ASSIGN_OR_RETURN(const std::string bytes, phone.replica().ExportOutbox());
  const std::string path = arguments.Value("FILE");
  VIGIL_RETURN_IF_ERROR(phone.files().WriteAtomic(path, bytes, {.mode = kSecretMode}));
  console::JsonObject object;
  object.Set("operations", static_cast<std::int64_t>(items.size())).Set("file", path);
  phone.console().Json(object.ToString());
  phone.console().Say({"$0 operations are in $1; they stay here, too, until the register has them",
                       "$0 个操作已写入 $1；在登记库收到之前本机仍保留"},
                      {std::to_string(items.size()), path});
  return absl::OkStatus();
}

absl::Status Import(Phone& phone, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::string bytes,
                         phone.files().Read(arguments.Value("FILE"), kFileBytesMax));
  VIGIL_ASSIGN_OR_RETURN(const auto imported, phone.replica().ImportOutbox(bytes));
  console::JsonObject object;
  object.Set("added", imported.added).Set("known", imported.known);
  phone.console().Json(object.ToString());
  phone.console().Say(
      {"$0 operations taken back, $1 were here already", "取回 $0 个操作，$1 个已在本机"},
      {std::to_string(imported.added), std::to_string(imported.known)});
  return absl::OkStatus();
}

absl::Status QueueJson(Phone& phone, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::string json,
                         phone.files().Read(arguments.Value("FILE"), kCommandBytesMax));
  v1::Operation operation;
  VIGIL_RETURN_IF_ERROR(console::ParseJson(json, operation));
  if (operation.command_case() == v1::Operation::COMMAND_NOT_SET) {
    return console::UsageError("the file names no command, such as {\"lift_tag\": {…}}");
  }
  replica::Replica::MakeOptions options;
  options.unchecked = arguments.Has("--unchecked");
  if (options.unchecked) {
    phone.console().Note({"queued without the phone's own check: the register judges it",
                          "未经本机校验即入队：由登记库判定"});
  }
  return phone.Queue(std::move(operation), options);
}

}  // namespace

std::vector<Command> OutboxCommands() {
  return {
      {{"outbox", {"what waits to be sent", "待发送的操作"}, {}, {"", "--json"}}, List},
      {{"outbox export",
        {"write unsent work to a file, to bring it by other ways", "将未发送的工作导出到文件"},
        {{"FILE", "", {"the file", "文件"}, Count::kRequired}},
        {"unsent.vigil"}},
       Export},
      {{"outbox import",
        {"take unsent work back from a file of this device", "从文件取回本设备未发送的工作"},
        {{"FILE", "", {"the file", "文件"}, Count::kRequired}},
        {"unsent.vigil"}},
       Import},
      {{"queue",
        {"queue a command given as JSON: {\"COMMAND\": {…}}, as in operation.proto",
         "以 JSON 给出命令并入队（字段见 operation.proto）"},
        {{"FILE", "", {"the JSON", "JSON 文件"}, Count::kRequired},
         {"--unchecked",
          "",
          {"even if the phone's own rules refuse it, as a hostile client would: for testing that "
           "the register does not rely on phones",
           "即使本机规则拒绝也入队（模拟恶意客户端，用于验证登记库不依赖手机校验）"}}},
        {"lift.json --unchecked"}},
       QueueJson},
  };
}

}  // namespace vigil::field
