#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/cli/people.h"
#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/qr.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_text.h"

// Who there is, and codes by which people become known.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Table;

namespace {

constexpr unsigned kSecretMode = 0400;
constexpr int kHoursMax = 168;

bool IsUnreserved(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string PercentEncoded(const std::string& text) {
  std::string encoded;
  for (const char c : text) {
    if (IsUnreserved(c)) {
      encoded += c;
    } else {
      absl::StrAppendFormat(&encoded, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

// What a phone's camera reads: where to enrol, and with which code.
std::string EnrolLink(const std::string& server, const std::string& code) {
  return "vigil:enrol?server=" + PercentEncoded(server) + "&code=" + PercentEncoded(code);
}

absl::StatusOr<v1::InviteRequest> TakeInvitation(const Arguments& arguments) {
  v1::InviteRequest request;
  request.set_person(arguments.Value("PERSON"));
  request.set_kind(arguments.Has("--office") ? v1::DEVICE_KIND_OFFICE : v1::DEVICE_KIND_PHONE);
  if (const auto text = arguments.Find("--hours")) {
    int hours = 0;
    if (!absl::SimpleAtoi(*text, &hours) || hours < 1 || hours > kHoursMax) {
      return console::UsageError("--hours takes 1 to " + std::to_string(kHoursMax));
    }
    request.set_valid_hours(hours);
  }
  if (arguments.Has("--qr") && (arguments.Has("--office") || arguments.Has("--out"))) {
    return console::UsageError(
        "--qr shows the code for a phone's camera: not with --office, --out");
  }
  return request;
}

// The code itself, and how it is used.
absl::Status ShowCode(Clerk& clerk, const v1::InviteRequest& request, const std::string& code,
                      bool with_qr) {
  console::Console& console = clerk.console();
  const std::string server = clerk.office().Known().address;
  console.Say({"code: $0\nit is shown this once; the register keeps only its hash",
               "注册码：$0\n仅显示这一次；登记库只保存其散列值"},
              {code});
  if (request.kind() == v1::DEVICE_KIND_OFFICE) {
    console.Say({"next: vigilctl set-password --person $0 --code $1",
                 "下一步：vigilctl set-password --person $0 --code $1"},
                {request.person(), code});
    return absl::OkStatus();
  }
  console.Say({"next: vigil-field init --phone DIR --server $0 --code $1",
               "下一步：vigil-field init --phone DIR --server $0 --code $1"},
              {server, code});
  if (!with_qr) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const console::QrCode qr,
                         console::QrCode::Encode(EnrolLink(server, code)));
  console.Write(console::QrText(qr));
  return absl::OkStatus();
}

absl::Status Invite(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::InviteRequest request, TakeInvitation(arguments));
  VIGIL_ASSIGN_OR_RETURN(v1::InviteResponse response, clerk.office().Invite(request));
  const std::string code = std::exchange(*response.mutable_code(), std::string());
  console::Console& console = clerk.console();
  const auto path = arguments.Find("--out");
  if (path) {
    VIGIL_RETURN_IF_ERROR(clerk.files().WriteAtomic(*path, code + "\n", {.mode = kSecretMode}));
  } else {
    response.set_code(code);
  }
  console.Json(response);
  console.Say(
      {"person: $0\ngood until: $1", "人员：$0\n有效期至：$1"},
      {clerk.NameOf(response.person()), console::TimeText(response.expires_at(), clerk.zone())});
  if (path) {
    console.Say({"the code is in $0", "注册码已写入 $0"}, {*path});
    return absl::OkStatus();
  }
  return ShowCode(clerk, request, code, arguments.Has("--qr") || console.on_terminal());
}

// "2 phone, 1 office"; the revoked ones do not count.
std::string DevicesText(const std::vector<v1::Record>& devices, console::Console& console) {
  int phones = 0;
  int offices = 0;
  for (const v1::Record& device : devices) {
    if (device.entity().device().revoked()) continue;
    ++(device.entity().device().kind() == v1::DEVICE_KIND_PHONE ? phones : offices);
  }
  std::vector<std::string> parts;
  if (phones > 0) {
    parts.push_back(console.Filled({"$0 phone", "手机 $0"}, {std::to_string(phones)}));
  }
  if (offices > 0) {
    parts.push_back(console.Filled({"$0 office", "办公室 $0"}, {std::to_string(offices)}));
  }
  return absl::StrJoin(parts, ", ");
}

std::string RolesText(Clerk& clerk, const v1::Person& person) {
  std::vector<std::string> roles;
  const v1::Date today = Today(clerk);
  for (const v1::RoleGrant& grant : person.roles()) {
    if (!IsOver(grant, today)) roles.push_back(console::GrantText(grant, clerk.display()));
  }
  return absl::StrJoin(roles, "; ");
}

absl::Status ListPersons(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(std::vector<v1::Record> persons, clerk.All("person"));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Record> devices, DevicesOf(clerk, ""));
  if (arguments.Has("--here")) {
    std::erase_if(persons, [](const v1::Record& person) { return !MustBeHere(person).ok(); });
  }
  std::map<std::string, std::vector<v1::Record>> devices_of;
  for (const v1::Record& device : devices) {
    devices_of[device.entity().device().person()].push_back(device);
  }
  console::Console& console = clerk.console();
  if (console.json()) {
    console::JsonArray array;
    for (const v1::Record& person : persons) {
      console::JsonArray own;
      for (const v1::Record& device : devices_of[person.id()]) {
        own.AddRaw(console::ProtoJson(device));
      }
      array.AddRaw(console::JsonObject()
                       .SetRaw("person", console::ProtoJson(person))
                       .SetRaw("devices", own.ToString())
                       .ToString());
    }
    console.Json(array.ToString());
    return absl::OkStatus();
  }
  Table table({{std::string(console.In({"code", "编码"}))},
               {std::string(console.In({"name", "姓名"})), Table::Align::kLeft, 24},
               {std::string(console.In({"unit", "单位"})), Table::Align::kLeft, 30},
               {std::string(console.In({"roles", "角色"})), Table::Align::kLeft, 60},
               {std::string(console.In({"devices", "设备"}))},
               {std::string(console.In({"left", "已离岗"}))}});
  for (const v1::Record& record : persons) {
    const v1::Person& person = record.entity().person();
    table.AddRow({person.code(), person.name(),
                  person.unit().empty() ? "" : clerk.NameOf(person.unit()),
                  RolesText(clerk, person), DevicesText(devices_of[record.id()], console),
                  person.departed() ? std::string(console.In({"yes", "是"})) : ""});
  }
  console.Show(table, {"there is nobody", "没有人员"});
  console.Say({"$0 in all", "共 $0 人"}, {std::to_string(persons.size())});
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> PersonCommands() {
  return {
      {{"person invite",
        {"make a one-time code: for a person's new phone, or for a password in the office",
         "生成一次性注册码：用于新手机，或用于设置办公室密码"},
        {{"PERSON", "", {"code or id", "编码或 id"}, Count::kRequired},
         {"--office", "", {"for a password instead of a phone", "用于设置密码而非手机"}},
         {"--hours",
          "N",
          {"how long it is good: 1 to 168; default 24", "有效小时数：1 至 168；默认 24"}},
         {"--out",
          "FILE",
          {"write the code there, readable by you alone, instead of printing it",
           "将注册码写入仅本人可读的文件，不显示"}},
         {"--qr",
          "",
          {"draw the QR code even where nobody is at a terminal", "非终端时也绘制二维码"}}},
        {"inspector-07", "safety-01 --office --hours 4", "inspector-07 --out inspector-07.code"}},
       Invite},
      {{"person list",
        {"persons with their units, roles and devices", "人员及其单位、角色和设备"},
        {{"--here", "", {"only those who have not left", "仅在岗人员"}}},
        {"", "--here --json"}},
       ListPersons},
  };
}

}  // namespace vigil::office
