#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "google/protobuf/util/time_util.h"
#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_parse.h"
#include "sync/cli/console/value_text.h"

// The escalation clock: what it has fired, and what it will.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Table;
using Op = v1::Operation;

namespace {

constexpr int kPageSize = 1000;

absl::Status ListEscalations(Clerk& clerk, const Arguments& arguments) {
  v1::ListEscalationsRequest request;
  request.set_page_size(kPageSize);
  v1::ListEscalationsResponse all;
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListEscalationsResponse page,
                           clerk.office().ListEscalations(request));
    for (const v1::EscalationRow& row : page.escalations()) {
      if (row.past() && !arguments.Has("--past")) continue;
      if (row.acknowledged() && arguments.Has("--open")) continue;
      *all.add_escalations() = row;
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  console::Console& console = clerk.console();
  console.Json(all);
  Table table({{"id"},
               {std::string(console.In({"step", "步骤"}))},
               {std::string(console.In({"about", "对象"}))},
               {"", Table::Align::kLeft, 40},
               {std::string(console.In({"fell due", "到期"}))},
               {std::string(console.In({"fired", "触发"}))},
               {std::string(console.In({"acknowledged", "已确认"}))}});
  for (const v1::EscalationRow& row : all.escalations()) {
    table.AddRow({row.record(), console::NameOf(row.step(), console.language()),
                  row.item_number().empty() ? console::ShortId(row.item()) : row.item_number(),
                  row.item_text(), console::TimeText(row.fell_due_at(), clerk.zone()),
                  console::TimeText(row.fired_at(), clerk.zone()),
                  row.acknowledged() ? std::string(console.In({"yes", "是"})) : ""});
  }
  console.Show(table, {"no escalation", "没有升级"});
  return absl::OkStatus();
}

std::int64_t MicrosOf(const google::protobuf::Timestamp& time) {
  return google::protobuf::util::TimeUtil::TimestampToMicroseconds(time);
}

// Every step up to a day, or of each hazard the next one; the earliest first.
absl::Status ShowSteps(Clerk& clerk, v1::ListEscalationStepsRequest request,
                       const console::Text& if_empty) {
  request.set_page_size(kPageSize);
  v1::ListEscalationStepsResponse all;
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListEscalationStepsResponse page,
                           clerk.office().ListEscalationSteps(request));
    all.mutable_steps()->MergeFrom(page.steps());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  std::stable_sort(all.mutable_steps()->begin(), all.mutable_steps()->end(),
                   [](const v1::EscalationStepRow& a, const v1::EscalationStepRow& b) {
                     return std::make_tuple(MicrosOf(a.falls_due_at()), a.step()) <
                            std::make_tuple(MicrosOf(b.falls_due_at()), b.step());
                   });
  console::Console& console = clerk.console();
  console.Json(all);
  Table table({{std::string(console.In({"falls due", "到期"}))},
               {std::string(console.In({"step", "步骤"}))},
               {std::string(console.In({"about", "对象"}))},
               {"", Table::Align::kLeft, 40},
               {std::string(console.In({"waits for", "依据期限"}))},
               {""}});
  for (const v1::EscalationStepRow& row : all.steps()) {
    const std::string& version = row.due_version();
    table.AddRow({console::TimeText(row.falls_due_at(), clerk.zone()),
                  console::NameOf(row.step(), console.language()),
                  row.item_number().empty() ? console::ShortId(row.item()) : row.item_number(),
                  row.item_text(), version.substr(0, version.find('@')),
                  row.past() ? std::string(console.In({"before its import", "导入前"})) : ""});
  }
  console.Show(table, if_empty);
  return absl::OkStatus();
}

absl::Status NextSteps(Clerk& clerk, const Arguments&) {
  return ShowSteps(clerk, {}, {"nothing waits", "没有待触发的步骤"});
}

absl::Status Simulate(Clerk& clerk, const Arguments& arguments) {
  v1::ListEscalationStepsRequest request;
  VIGIL_ASSIGN_OR_RETURN(*request.mutable_until(), console::ParseDate(arguments.Value("--until")));
  return ShowSteps(clerk, std::move(request),
                   {"nothing falls due until then", "到该日为止没有到期的步骤"});
}

absl::Status Tick(Clerk& clerk, const Arguments&) {
  VIGIL_ASSIGN_OR_RETURN(const v1::TickEscalationResponse response,
                         clerk.office().TickEscalation(v1::TickEscalationRequest()));
  clerk.console().Json(response);
  clerk.console().Say({"$0 steps fired", "触发 $0 个升级步骤"}, {std::to_string(response.fired())});
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> EscalationCommands() {
  return {
      {{"escalation list",
        {"what has become overdue and was escalated", "升级记录"},
        {{"--open", "", {"only those that nobody has acknowledged", "仅未确认的"}},
         {"--past", "", {"also what fell due before an import", "含导入前已到期的"}}},
        {"", "--open --json"}},
       ListEscalations},
      {{"escalation next",
        {"what comes next of everything that waits", "每个隐患下一个将触发的升级步骤"},
        {},
        {"", "--json"}},
       NextSteps},
      {{"escalation simulate",
        {"what will fire until a day if nothing else happens; nothing is changed",
         "模拟到某日为止将触发的步骤，不作任何更改"},
        {{"--until", "DATE", {"that day included", "含该日"}, Count::kRequired}},
        {"--until 2026-12-31"}},
       Simulate},
      {{"escalation tick",
        {"run the escalation clock now", "立即运行升级时钟"},
        {},
        {""},
        {Op::kFireEscalation}},
       Tick},
  };
}

}  // namespace vigil::office
