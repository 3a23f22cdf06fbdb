#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/field/program.h"
#include "sync/cli/verbs/take.h"
#include "sync/rules/derive.h"
#include "sync/rules/ladder.h"
#include "sync/rules/work_calendar.h"

// Today's work, and the lists it comes from.

namespace vigil::field {

using console::Arguments;
using console::Count;
using console::OptionSpec;
using console::Table;
using replica::RecordView;

namespace {

// Something to do, with the day by which.
struct Task {
  // "inspect", "rectify", "verify", "accept", "confirm"
  std::string what;
  std::string number;
  std::string text;
  v1::Date due;
  bool overdue = false;
  std::string state;
  std::string record;
};

std::string WhatText(const std::string& what, console::Language language) {
  if (language == console::Language::kEnglish) return what;
  if (what == "inspect") return "检查";
  if (what == "rectify") return "整改";
  if (what == "verify") return "复查";
  if (what == "accept") return "受理";
  return "确认";
}

absl::StatusOr<std::vector<RecordView>> ListKind(Phone& phone, const char* kind) {
  return phone.replica().List({.kind = kind, .parent = "", .after = ""});
}

// The day of each risk source's last inspection.
absl::StatusOr<std::map<std::string, absl::CivilDay>> LastInspections(Phone& phone) {
  std::map<std::string, absl::CivilDay> last;
  VIGIL_ASSIGN_OR_RETURN(const std::vector<RecordView> inspections, ListKind(phone, "inspection"));
  for (const RecordView& view : inspections) {
    if (!view.record.withdrawn_by().empty()) continue;
    const v1::Inspection& inspection = view.record.entity().inspection();
    const absl::CivilDay day = rules::InspectedOn(view.record, phone.zone());
    const auto [entry, is_new] = last.emplace(inspection.risk_source(), day);
    if (!is_new) entry->second = std::max(entry->second, day);
  }
  return last;
}

absl::Status AddInspections(Phone& phone, const v1::Date& until, std::vector<Task>& tasks) {
  VIGIL_ASSIGN_OR_RETURN(const auto last, LastInspections(phone));
  VIGIL_ASSIGN_OR_RETURN(const std::vector<RecordView> sources, ListKind(phone, "risk_source"));
  VIGIL_ASSIGN_OR_RETURN(const v1::Date today, phone.replica().Today());
  for (const RecordView& view : sources) {
    const v1::RiskSource& source = view.record.entity().risk_source();
    const auto found = last.find(view.record.id());
    const std::optional<absl::CivilDay> day = rules::InspectionDueOn(
        view.record, found == last.end() ? std::nullopt : std::optional(found->second),
        phone.zone());
    if (!day) continue;
    const v1::Date due = rules::ToDate(*day);
    if (rules::CompareDates(due, until) > 0) continue;
    tasks.push_back({.what = "inspect",
                     .number = source.code(),
                     .text = source.name(),
                     .due = due,
                     .overdue = rules::CompareDates(due, today) < 0,
                     .state = "",
                     .record = view.record.id()});
  }
  return absl::OkStatus();
}

// What is to be done next about a hazard; empty for nothing.
std::string NextStep(const v1::HazardState& state) {
  switch (state.status()) {
    case v1::HAZARD_STATUS_REPORTED:
      return "confirm";
    case v1::HAZARD_STATUS_CONFIRMED:
      return "accept";
    case v1::HAZARD_STATUS_RECTIFYING:
      return "rectify";
    case v1::HAZARD_STATUS_SUBMITTED:
      return "verify";
    default:
      return "";
  }
}

absl::Status AddHazards(Phone& phone, std::vector<Task>& tasks) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<RecordView> hazards, ListKind(phone, "hazard"));
  VIGIL_ASSIGN_OR_RETURN(const v1::Date today, phone.replica().Today());
  for (const RecordView& view : hazards) {
    VIGIL_ASSIGN_OR_RETURN(const v1::HazardState state,
                           phone.replica().HazardState(view.record.id()));
    const std::string next = NextStep(state);
    if (next.empty() || state.finished()) continue;
    tasks.push_back({.what = next,
                     .number = phone.NumberOf(view.record),
                     .text = view.record.entity().hazard().description(),
                     .due = state.due_date(),
                     .overdue = rules::IsOverdue(state, today),
                     .state = console::StateText(state, phone.console().language()),
                     .record = view.record.id()});
  }
  return absl::OkStatus();
}

void ShowTasks(Phone& phone, const std::vector<Task>& tasks) {
  console::Console& console = phone.console();
  const console::Language language = console.language();
  Table table({{std::string(console.In({"due", "期限"}))},
               {std::string(console.In({"overdue", "超期"}))},
               {std::string(console.In({"to do", "待办"}))},
               {std::string(console.In({"number", "编号"}))},
               {std::string(console.In({"state", "状态"}))},
               {std::string(console.In({"what", "内容"})), Table::Align::kLeft, 50}});
  console::JsonArray array;
  for (const Task& task : tasks) {
    table.AddRow({console::DateText(task.due), task.overdue ? "!" : "",
                  WhatText(task.what, language), task.number, task.state, task.text});
    console::JsonObject object;
    object.Set("what", task.what)
        .Set("number", task.number)
        .Set("due", console::DateText(task.due))
        .Set("overdue", task.overdue)
        .Set("text", task.text)
        .Set("record", task.record);
    array.AddRaw(object.ToString());
  }
  console.Json(array.ToString());
  console.Show(table, {"nothing is due", "没有到期事项"});
}

absl::Status Due(Phone& phone, const Arguments& arguments) {
  int days = 0;
  if (const auto text = arguments.Find("--days")) {
    if (!absl::SimpleAtoi(*text, &days) || days < 0 || days > 3660) {
      return console::UsageError("--days takes a number of days");
    }
  }
  VIGIL_ASSIGN_OR_RETURN(const v1::Date today, phone.replica().Today());
  std::vector<Task> tasks;
  if (!arguments.Has("--hazards")) {
    VIGIL_RETURN_IF_ERROR(AddInspections(phone, rules::ToDate(rules::ToDay(today) + days), tasks));
  }
  if (!arguments.Has("--inspections")) VIGIL_RETURN_IF_ERROR(AddHazards(phone, tasks));
  std::stable_sort(tasks.begin(), tasks.end(), [](const Task& a, const Task& b) {
    return rules::CompareDates(a.due, b.due) < 0;
  });
  ShowTasks(phone, tasks);
  VIGIL_ASSIGN_OR_RETURN(const replica::SyncState state, phone.replica().GetSyncState());
  if (!state.complete) {
    phone.console().Note(
        {"this phone does not have everything yet: synchronise", "本机记录尚不完整，请同步"});
  }
  return absl::OkStatus();
}

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

absl::Status Sources(Phone& phone, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const auto level, verbs::TakeEnum<v1::RiskLevel>(arguments, "--level"));
  const std::string text = arguments.Value("--text");
  VIGIL_ASSIGN_OR_RETURN(const std::vector<RecordView> sources, ListKind(phone, "risk_source"));
  console::Console& console = phone.console();
  const console::Language language = console.language();
  Table table({{console::FieldLabel("code", language)},
               {console::FieldLabel("name", language), Table::Align::kLeft, 40},
               {console::FieldLabel("site_type", language)},
               {console::FieldLabel("level", language)},
               {console::FieldLabel("responsible_unit", language), Table::Align::kLeft, 30}});
  console::JsonArray array;
  for (const RecordView& view : sources) {
    const v1::RiskSource& source = view.record.entity().risk_source();
    if (level != v1::RISK_LEVEL_UNSPECIFIED && source.level() != level) continue;
    if (!text.empty() && !Contains(source.name(), text) && !Contains(source.code(), text)) continue;
    array.AddRaw(console::ProtoJson(view.record));
    table.AddRow({source.code(), source.name(), console::NameOf(source.site_type(), language),
                  console::NameOf(source.level(), language),
                  phone.NameOf(source.responsible_unit())});
  }
  console.Json(array.ToString());
  console.Show(table, {"there is none on this phone", "本机没有风险源"});
  return absl::OkStatus();
}

std::string Marks(console::Console& console, const RecordView& view) {
  std::string marks;
  if (view.pending) marks += console.In({"not sent", "未发送"});
  if (!view.conflicts.empty()) {
    absl::StrAppend(&marks, marks.empty() ? "" : ", ",
                    ToAbsl(console.In({"in conflict", "有冲突"})));
  }
  return marks;
}

absl::Status Hazards(Phone& phone, const Arguments& arguments) {
  const std::string text = arguments.Value("--text");
  VIGIL_ASSIGN_OR_RETURN(const std::vector<RecordView> hazards, ListKind(phone, "hazard"));
  console::Console& console = phone.console();
  const console::Language language = console.language();
  Table table({{console::FieldLabel("number", language)},
               {console::FieldLabel("status", language)},
               {console::FieldLabel("grade", language)},
               {console::FieldLabel("due_date", language)},
               {console::FieldLabel("description", language), Table::Align::kLeft, 50},
               {""}});
  console::JsonArray array;
  for (const RecordView& view : hazards) {
    VIGIL_ASSIGN_OR_RETURN(const v1::HazardState state,
                           phone.replica().HazardState(view.record.id()));
    if (state.finished() && !arguments.Has("--all")) continue;
    const std::string number = phone.NumberOf(view.record);
    const std::string& description = view.record.entity().hazard().description();
    if (!text.empty() && !Contains(number, text) && !Contains(description, text)) continue;
    console::JsonObject object;
    object.Set("number", number)
        .Set("pending", view.pending)
        .SetRaw("state", console::ProtoJson(state))
        .SetRaw("record", console::ProtoJson(view.record));
    array.AddRaw(object.ToString());
    table.AddRow({number, console::StateText(state, language),
                  console::NameOf(state.grade(), language), console::DateText(state.due_date()),
                  description, Marks(console, view)});
  }
  console.Json(array.ToString());
  console.Show(table, {"no hazard is open here", "没有未结隐患"});
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> WorkCommands() {
  return {
      {{"due",
        {"today's work: what to inspect, accept, rectify and verify",
         "今日待办：检查、受理、整改、复查"},
        {{"--days", "N", {"also what is to be inspected within N days", "含 N 天内应检查的"}},
         {"--inspections", "", {"inspections alone", "仅检查"}},
         {"--hazards", "", {"hazards alone", "仅隐患"}}},
        {"", "--days 7 --lang zh"}},
       Due},
      {{"sources",
        {"risk sources on this phone", "本机的风险源"},
        {{"--level", "LEVEL", {"red, orange, yellow or blue", "红、橙、黄或蓝"}},
         {"--text", "TEXT", {"part of code or name", "编码或名称的一部分"}}},
        {"--level red"}},
       Sources},
      {{"hazards",
        {"hazards on this phone that are not finished", "本机的未结隐患"},
        {{"--all", "", {"the finished ones, too", "含已办结"}},
         {"--text", "TEXT", {"part of number or description", "编号或描述的一部分"}}},
        {"", "--all --text 渗水"}},
       Hazards},
  };
}

}  // namespace vigil::field
