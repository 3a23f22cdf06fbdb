#include <array>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/cli/as_of.h"
#include "server/cli/filter.h"
#include "server/cli/program.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_parse.h"
#include "sync/cli/console/value_text.h"
#include "sync/cli/verbs/take.h"

// The register's figures and digest.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Table;

namespace {

// In the order of the summary line.
constexpr std::array<const char*, 11> kSummary = {
    "risk_sources", "hazards",     "rectified", "open", "rate",    "tagged",
    "slopes",       "transferred", "kept",      "done", "underway"};

std::string SummaryLine(const v1::GetStatsResponse& response) {
  std::map<std::string, std::string> values;
  for (const v1::Figure& figure : response.figures()) values[figure.name()] = figure.value();
  std::string line = "summary:";
  for (const char* name : kSummary) absl::StrAppend(&line, " ", name, "=", values[name]);
  return line + "\n";
}

absl::Status Stats(Clerk& clerk, const Arguments& arguments) {
  v1::GetStatsRequest request;
  VIGIL_ASSIGN_OR_RETURN(*request.mutable_filter(), TakeFilter(clerk, arguments));
  VIGIL_RETURN_IF_ERROR(TakeAsOf(arguments, request));
  VIGIL_ASSIGN_OR_RETURN(const v1::GetStatsResponse response, clerk.office().GetStats(request));
  console::Console& console = clerk.console();
  console.Json(response);
  if (arguments.Has("--summary")) {
    console.Write(SummaryLine(response));
    return absl::OkStatus();
  }
  if (arguments.Has("--explain")) {
    for (const v1::Figure& figure : response.figures()) {
      console.Write(absl::StrCat(figure.name(), " = ", figure.value(), "\n    ",
                                 console::OneLine(figure.query()), "\n"));
    }
    return absl::OkStatus();
  }
  Table table({{std::string(console.In({"figure", "指标"}))},
               {std::string(console.In({"value", "数值"})), Table::Align::kRight}});
  for (const v1::Figure& figure : response.figures()) {
    table.AddRow({figure.name(), figure.value()});
  }
  console.Show(table, {"no figures", "没有数据"});
  return absl::OkStatus();
}

absl::Status Digest(Clerk& clerk, const Arguments& arguments) {
  v1::GetDigestRequest request;
  for (const std::string& unit : arguments.All("--unit")) {
    VIGIL_ASSIGN_OR_RETURN(*request.add_units(), verbs::FindId(clerk, "org_unit", unit));
  }
  VIGIL_ASSIGN_OR_RETURN(const v1::GetDigestResponse response, clerk.office().GetDigest(request));
  const std::string digest =
      console::DigestText({response.digest().begin(), response.digest().end()});
  console::JsonObject object;
  object.Set("digest", digest)
      .Set("records", static_cast<std::int64_t>(response.records()))
      .Set("seq", static_cast<std::int64_t>(response.head().seq()))
      .Set("epoch", response.head().epoch())
      .Set("root", HexEncode(response.head().root()));
  clerk.console().Json(object.ToString());
  clerk.console().Say(
      {"digest: $0\nrecords: $1\nseq: $2", "摘要：$0\n记录数：$1\n序号：$2"},
      {digest, std::to_string(response.records()), std::to_string(response.head().seq())});
  return absl::OkStatus();
}

absl::Status Workdays(Clerk& clerk, const Arguments& arguments) {
  v1::AddWorkingDaysRequest request;
  VIGIL_ASSIGN_OR_RETURN(*request.mutable_date(), console::ParseDate(arguments.Value("DATE")));
  int days = 0;
  if (!absl::SimpleAtoi(arguments.Value("DAYS"), &days)) {
    return console::UsageError(
        absl::StrCat("DAYS is '", arguments.Value("DAYS"), "', no whole number"));
  }
  request.set_days(days);
  VIGIL_ASSIGN_OR_RETURN(const v1::AddWorkingDaysResponse response,
                         clerk.office().AddWorkingDays(request));
  console::Console& console = clerk.console();
  console.Json(response);
  console.Write(console::DateText(response.date()) + "\n");
  for (const int year : response.years_without_list()) {
    console.Note({"the register has no list of working days for $0: there Monday to Friday counted "
                  "as worked (working_days_file in the server's configuration)",
                  "登记库没有$0年的工作日安排：该年按周一至周五计算（服务器配置中的 "
                  "working_days_file）"},
                 {std::to_string(year)});
  }
  return absl::OkStatus();
}

absl::Status WhoAmI(Clerk& clerk, const Arguments&) {
  const v1::GetSessionResponse& session = clerk.session();
  console::Console& console = clerk.console();
  console.Json(session);
  console.Say({"person: $0 ($1)\ndevice: $2", "人员：$0（$1）\n设备：$2"},
              {session.person_name(), session.person(), session.device()});
  for (const v1::RoleGrant& grant : session.roles()) {
    console.Say({"role: $0 @ $1", "角色：$0 @ $1"},
                {console::NameOf(grant.role(), console.language()),
                 grant.unit().empty() ? std::string(console.In({"everywhere", "全部"}))
                                      : clerk.NameOf(grant.unit())});
  }
  console.Say({"time zone: $0\nregister's time: $1", "时区：$0\n登记库时间：$1"},
              {session.time_zone(), console::TimeText(session.server_time(), clerk.zone())});
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> FigureCommands() {
  return {
      {{"stats",
        {"the register's figures", "统计数字"},
        verbs::Join({{{"--explain", "", {"with the query of each figure", "附各指标的查询语句"}},
                      {"--summary", "", {"one line, for scripts", "单行汇总，供脚本使用"}},
                      AsOfOption()},
                     FilterOptions()}),
        {"", "--summary", "--explain", "--district DST-LG --json", "--as-of 2017-06-30"}},
       Stats},
      {{"digest",
        {"digest of everything, or of what a phone of some units holds",
         "登记库摘要，或某些单位范围的摘要"},
        {{"--unit", "CODE", {"a unit and what is below it", "单位及其下属"}, Count::kRepeated}},
        {"", "--unit DEP-LF --json"}},
       Digest},
      {{"workdays",
        {"the date so many working days after a date, or before it",
         "某日之后（负数为之前）第若干个工作日的日期"},
        {{"DATE",
          "",
          {"not counted: 2017-06-16", "起始日期，不计入：2017-06-16"},
          Count::kRequired},
         {"DAYS", "", {"how many; negative: before", "工作日数，负数为之前"}, Count::kRequired}},
        {"2017-06-16 -15", "2017-09-29 5 --json"}},
       Workdays},
      {{"whoami", {"who is signed in here", "当前登录的身份"}, {}, {""}}, WhoAmI},
  };
}

}  // namespace vigil::office
