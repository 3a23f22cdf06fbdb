#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/util/time_util.h"
#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_text.h"

// The escalation ladder: the one in force, and what another one would change.

namespace vigil::office {

using console::Arguments;
using console::Console;
using console::Count;
using console::Table;

namespace {

constexpr std::size_t kLadderBytesMax = 1024 * 1024;
constexpr int kPageSize = 500;

std::int64_t MicrosOf(const google::protobuf::Timestamp& time) {
  return google::protobuf::util::TimeUtil::TimestampToMicroseconds(time);
}

std::string Addressees(const v1::Rung& rung, console::Language language) {
  std::vector<std::string> names;
  for (const int addressee : rung.tell()) {
    names.push_back(console::NameOf(static_cast<v1::Addressee>(addressee), language));
  }
  return absl::StrJoin(names, language == console::Language::kChinese ? "、" : ", ");
}

absl::Status ShowLadder(Clerk& clerk, const Arguments&) {
  VIGIL_ASSIGN_OR_RETURN(const v1::CheckLadderResponse response,
                         clerk.office().CheckLadder(v1::CheckLadderRequest()));
  const v1::Ladder& ladder = response.in_force();
  Console& console = clerk.console();
  console.Json(ladder);
  Table table({{std::string(console.In({"step", "步骤"}))},
               {std::string(console.In({"working days", "工作日"})), Table::Align::kRight},
               {std::string(console.In({"then days", "再加天数"})), Table::Align::kRight},
               {std::string(console.In({"from grade", "起始等级"}))},
               {std::string(console.In({"told", "通知对象"}))},
               {std::string(console.In({"source", "依据"}))},
               {std::string(console.In({"verified", "已核实"}))}});
  for (const v1::Rung& rung : ladder.rung()) {
    table.AddRow(
        {console::NameOf(rung.step(), console.language()), std::to_string(rung.working_days()),
         std::to_string(rung.days()), console::NameOf(rung.grade_min(), console.language()),
         Addressees(rung, console.language()), rung.source(),
         std::string(rung.verified() ? console.In({"yes", "是"}) : console.In({"no", "否"}))});
  }
  console.Say({"edition $0", "版本 $0"}, {ladder.edition()});
  console.Show(table, {"the ladder has no step", "阶梯没有步骤"});
  return absl::OkStatus();
}

// Of one step of the ladder: how many of what is open.
struct Tally {
  int earlier = 0;
  int later = 0;
  int added = 0;
  int gone = 0;
  // Of those that come earlier or are new: due already, so that they fire at the next tick.
  int at_once = 0;
};

std::map<v1::EscalationStep, Tally> TallyOf(const v1::CheckLadderResponse& all) {
  const std::int64_t now = MicrosOf(all.server_time());
  std::map<v1::EscalationStep, Tally> tallies;
  for (const v1::LadderChange& change : all.changes()) {
    Tally& tally = tallies[change.step()];
    if (!change.has_then_due_at()) {
      ++tally.gone;
      continue;
    }
    const std::int64_t then_due = MicrosOf(change.then_due_at());
    if (!change.has_now_due_at()) {
      ++tally.added;
    } else {
      ++(then_due < MicrosOf(change.now_due_at()) ? tally.earlier : tally.later);
    }
    const bool is_due = change.has_now_due_at() && MicrosOf(change.now_due_at()) <= now;
    if (!is_due && then_due <= now) ++tally.at_once;
  }
  return tallies;
}

void ShowTally(Console& console, const v1::CheckLadderResponse& all) {
  Table table({{std::string(console.In({"step", "步骤"}))},
               {std::string(console.In({"earlier", "提前"})), Table::Align::kRight},
               {std::string(console.In({"later", "推迟"})), Table::Align::kRight},
               {std::string(console.In({"new", "新增"})), Table::Align::kRight},
               {std::string(console.In({"gone", "取消"})), Table::Align::kRight},
               {std::string(console.In({"fire at once", "立即触发"})), Table::Align::kRight}});
  for (const auto& [step, tally] : TallyOf(all)) {
    table.AddRow({console::NameOf(step, console.language()), std::to_string(tally.earlier),
                  std::to_string(tally.later), std::to_string(tally.added),
                  std::to_string(tally.gone), std::to_string(tally.at_once)});
  }
  console.Show(table, {"nothing that is open would change", "未结事项均无变化"});
}

void ShowChanges(Clerk& clerk, const v1::CheckLadderResponse& all) {
  Console& console = clerk.console();
  const auto time = [&](bool has, const google::protobuf::Timestamp& due) {
    return has ? console::TimeText(due, clerk.zone()) : std::string(console.In({"never", "无"}));
  };
  Table table({{std::string(console.In({"step", "步骤"}))},
               {std::string(console.In({"about", "对象"}))},
               {"", Table::Align::kLeft, 40},
               {std::string(console.In({"falls due now", "现到期"}))},
               {std::string(console.In({"then", "改后到期"}))}});
  for (const v1::LadderChange& change : all.changes()) {
    table.AddRow(
        {console::NameOf(change.step(), console.language()),
         change.item_number().empty() ? console::ShortId(change.item()) : change.item_number(),
         change.item_text(), time(change.has_now_due_at(), change.now_due_at()),
         time(change.has_then_due_at(), change.then_due_at())});
  }
  console.Show(table, {"nothing that is open would change", "未结事项均无变化"});
}

void Warn(Console& console, const v1::CheckLadderResponse& all) {
  const v1::Ladder& now = all.in_force();
  const v1::Ladder& then = all.proposed();
  if (now.edition() == then.edition() && now.SerializeAsString() != then.SerializeAsString()) {
    console.Note({"it differs from the ladder in force and has the same edition $0: give it one of "
                  "its own",
                  "与现行阶梯不同，但版本号同为 $0：请另定版本号"},
                 {then.edition()});
  }
  for (const v1::Rung& rung : now.rung()) {
    bool stays = false;
    for (const v1::Rung& other : then.rung()) stays = stays || other.step() == rung.step();
    if (stays) continue;
    console.Note({"$0 has no rung any more: it would never fire", "$0 已无对应步骤：将不再触发"},
                 {console::NameOf(rung.step(), console.language())});
  }
}

absl::Status CheckLadder(Clerk& clerk, const Arguments& arguments) {
  v1::CheckLadderRequest request;
  request.set_name(arguments.Value("FILE"));
  VIGIL_ASSIGN_OR_RETURN(*request.mutable_text(),
                         clerk.files().Read(request.name(), kLadderBytesMax));
  if (request.text().empty()) return console::UsageError("FILE: this file is empty");
  request.set_page_size(kPageSize);
  v1::CheckLadderResponse all;
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::CheckLadderResponse page, clerk.office().CheckLadder(request));
    const std::int64_t unchanged = all.unchanged() + page.unchanged();
    all.MergeFrom(page);
    all.set_unchanged(unchanged);
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  all.clear_next_page_token();
  Console& console = clerk.console();
  console.Json(all);
  Warn(console, all);
  if (arguments.Has("--all")) {
    ShowChanges(clerk, all);
  } else {
    ShowTally(console, all);
  }
  console.Say({"edition $0 in place of $1: $2 open steps would change, $3 stay",
               "以版本 $0 取代 $1：$2 个未结步骤将变化，$3 个不变"},
              {all.proposed().edition(), all.in_force().edition(),
               std::to_string(all.changes_size()), std::to_string(all.unchanged())});
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> LadderCommands() {
  return {
      {{"ladder show", {"the escalation ladder in force", "现行升级阶梯"}, {}, {"", "--json"}},
       ShowLadder},
      {{"ladder check",
        {"whether a file is a ladder, and what it would change in what is open; nothing is changed",
         "检查阶梯文件及其对未结事项的影响，不作任何更改"},
        {{"FILE", "", {"text format of Ladder", "阶梯文件"}, Count::kRequired},
         {"--all", "", {"each step that would change", "逐项列出变化"}}},
        {"ladder.textproto", "ladder.textproto --all"}},
       CheckLadder},
  };
}

}  // namespace vigil::office
