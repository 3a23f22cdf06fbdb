#include <string>
#include <vector>

#include "server/cli/people.h"
#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/verbs/take.h"

// Phones and programs of the office.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Table;
using Op = v1::Operation;

namespace {

absl::Status ListDevices(Clerk& clerk, const Arguments& arguments) {
  std::string person;
  if (const auto name = arguments.Find("--person")) {
    VIGIL_ASSIGN_OR_RETURN(person, verbs::FindId(clerk, "person", *name));
  }
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Record> devices, DevicesOf(clerk, person));
  console::Console& console = clerk.console();
  if (console.json()) {
    console::JsonArray array;
    for (const v1::Record& device : devices) array.AddRaw(console::ProtoJson(device));
    console.Json(array.ToString());
    return absl::OkStatus();
  }
  Table table({{"id"},
               {std::string(console.In({"kind", "种类"}))},
               {std::string(console.In({"person", "人员"})), Table::Align::kLeft, 30},
               {std::string(console.In({"label", "标签"})), Table::Align::kLeft, 40},
               {std::string(console.In({"revoked", "已吊销"}))}});
  for (const v1::Record& record : devices) {
    const v1::Device& device = record.entity().device();
    table.AddRow({record.id(), console::NameOf(device.kind(), console.language()),
                  clerk.NameOf(device.person()), device.label(),
                  device.revoked() ? std::string(console.In({"yes", "是"})) : ""});
  }
  console.Show(table, {"there is no device", "没有设备"});
  console.Say({"$0 in all", "共 $0 台"}, {std::to_string(devices.size())});
  return absl::OkStatus();
}

absl::Status RevokeDevice(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record device, clerk.Find("device", arguments.Value("DEVICE")));
  if (device.entity().device().revoked()) {
    clerk.console().Say({"it was revoked already", "此前已吊销"});
    clerk.console().Json(device);
    return absl::OkStatus();
  }
  v1::Operation operation = EditOf(device, "revoked");
  operation.mutable_edit_record()->mutable_entity()->mutable_device()->set_revoked(true);
  VIGIL_RETURN_IF_ERROR(clerk.Submit(std::move(operation)));
  clerk.console().Say({"revoked: $0 of $1", "已吊销：$1 的 $0"},
                      {device.id(), clerk.NameOf(device.entity().device().person())});
  clerk.Finish();
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> DeviceCommands() {
  return {
      {{"device list",
        {"phones and programs of the office", "手机与办公室程序"},
        {{"--person", "PERSON", {"only those of this person", "仅该人员的"}}},
        {"", "--person inspector-07 --json"}},
       ListDevices},
      {{"device revoke",
        {"a lost phone: it is refused from now on; what it has not sent stays on it",
         "手机丢失：立即停用；其未发送的内容保留在手机上"},
        {{"DEVICE", "", {"id, or its beginning", "id 或其开头"}, Count::kRequired}},
        {"018f3b1c-0000-7000-8000-000000000003"},
        {Op::kEditRecord}},
       RevokeDevice},
  };
}

}  // namespace vigil::office
