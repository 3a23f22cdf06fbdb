#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/cli/as_of.h"
#include "server/cli/change_text.h"
#include "server/cli/program.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/cli/console/error_text.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_text.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"

// One record: how it stands, how it came so, and what is in conflict.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Table;

namespace {

constexpr int kPageSize = 1000;

std::vector<console::OptionSpec> RecordOptions() {
  return {{"RECORD", "", {"number, code or id", "编号、编码或 id"}, Count::kRequired},
          {"--kind", "KIND", {"its kind, where a code is not enough", "记录种类"}}};
}

void ShowState(Clerk& clerk, const v1::HazardState& state) {
  console::Console& console = clerk.console();
  const console::Language language = console.language();
  console.Say({"state: $0", "现状：$0"}, {console::StateText(state, language)});
  if (state.has_due_date()) {
    console.Say({"due: $0", "期限：$0"}, {console::DateText(state.due_date())});
  }
  if (state.escalation_paused()) {
    console.Say({"escalation waits for the decision on an extension", "升级暂停：延期待批"});
  }
  if (!state.merged_into().empty()) {
    console.Say({"merged into: $0", "合并至：$0"}, {clerk.NameOf(state.merged_into())});
  }
}

void ShowChildren(Clerk& clerk, const v1::GetRecordResponse& found) {
  if (found.children().empty()) return;
  console::Console& console = clerk.console();
  const console::Display display = clerk.display();
  Table table({{std::string(console.In({"what lives under it", "下属记录"}))},
               {std::string(console.In({"number or id", "编号或 id"}))},
               {std::string(console.In({"version", "版本"})), Table::Align::kRight},
               {std::string(console.In({"in short", "摘要"})), Table::Align::kLeft, 72}});
  for (const v1::Record& child : found.children()) {
    const rules::EntityInfo* info = rules::InfoOf(child);
    const std::string kind =
        info == nullptr ? "" : console::KindLabel(info->kind, console.language());
    const std::string key = rules::KeyOf(child);
    table.AddRow({kind, key.empty() ? child.id() : key, std::to_string(child.version()),
                  console::RecordGist(child, display)});
  }
  console.Write("\n" + table.ToString());
}

absl::Status Show(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(v1::GetRecordResponse found,
                         clerk.FindAll(arguments.Value("--kind"), arguments.Value("RECORD")));
  if (arguments.Has("--as-of")) {
    v1::GetRecordRequest request;
    request.set_record(found.record().id());
    VIGIL_RETURN_IF_ERROR(TakeAsOf(arguments, request));
    VIGIL_ASSIGN_OR_RETURN(found, clerk.office().GetRecord(request));
  }
  if (const auto text = arguments.Find("--version")) {
    std::uint64_t version = 0;
    if (!absl::SimpleAtoi(*text, &version)) return console::UsageError("--version takes a number");
    v1::GetRecordRequest request;
    request.set_record(found.record().id());
    request.set_version(version);
    VIGIL_ASSIGN_OR_RETURN(found, clerk.office().GetRecord(request));
  }
  clerk.console().Json(found);
  clerk.console().Write(console::RecordText(found.record(), clerk.display()));
  if (found.has_state()) ShowState(clerk, found.state());
  ShowChildren(clerk, found);
  for (const std::string& sha256 : found.missing_evidence()) {
    clerk.console().Say({"photo $0 has not arrived yet", "照片 $0 尚未到达"}, {sha256});
  }
  return absl::OkStatus();
}

std::string Named(const std::string& name, const std::string& id) {
  return name.empty() ? id : name;
}

// One value of a conflict, in a line of its own.
void ShowValue(Clerk& clerk, const rules::EntityInfo* info, const std::string& field,
               const console::Text& what, const v1::HistoryValue& value) {
  clerk.console().Say(
      {"        $0 $1 ($2, $3, version $4)", "        $0 $1（$2，$3，版本 $4）"},
      {clerk.console().In(what), ChangeText(clerk, info, field, value.text()),
       Named(value.person_name(), value.person()),
       console::TimeText(value.observed_at(), clerk.zone()), std::to_string(value.seq())});
}

void ShowChange(Clerk& clerk, const rules::EntityInfo* info, const v1::FieldChange& change) {
  console::Console& console = clerk.console();
  const std::string before = change.before().empty()
                                 ? ""
                                 : ChangeText(clerk, info, change.field(), change.before()) + " → ";
  console.Say({"      $0: $1$2$3", "      $0：$1$2$3"},
              {console::FieldLabel(change.field(), console.language()), before,
               ChangeText(clerk, info, change.field(), change.after()),
               change.in_conflict() ? console.In({"  (in conflict)", "（有冲突）"}) : ""});
  if (change.has_written()) {
    ShowValue(clerk, info, change.field(), {"wrote", "填写"}, change.written());
  }
  for (const v1::HistoryValue& value : change.beside()) {
    ShowValue(clerk, info, change.field(), {"beside", "并存"}, value);
  }
  if (change.has_settled_by()) {
    ShowValue(clerk, info, change.field(), {"settled later:", "后经裁定："}, change.settled_by());
  }
  for (const v1::HistoryValue& value : change.put_aside()) {
    ShowValue(clerk, info, change.field(), {"put aside", "舍弃"}, value);
  }
}

// Versions of the same record that were there, and that the author had not been shown; his own
// device's work he knew.
std::string Unseen(const v1::HistoryEntry& entry, const v1::ListHistoryResponse& all) {
  std::string unseen;
  for (const v1::HistoryEntry& other : all.entries()) {
    const bool there = other.record() == entry.record() && other.seq() < entry.seq() &&
                       other.seq() > entry.seen() && other.verdict() != v1::VERDICT_REFUSED;
    if (!there || other.device() == entry.device()) continue;
    absl::StrAppend(&unseen, unseen.empty() ? "" : ", ", other.seq());
  }
  return unseen;
}

void ShowKnowledge(Clerk& clerk, const v1::HistoryEntry& entry,
                   const v1::ListHistoryResponse& all) {
  console::Console& console = clerk.console();
  console.Say(
      {"      made $0 on $1; had seen version $2", "      操作时间 $0，设备 $1；依据版本 $2"},
      {entry.has_made_at() ? console::TimeText(entry.made_at(), clerk.zone()) : "-",
       Named(entry.device_name(), entry.device().empty() ? "-" : entry.device()),
       std::to_string(entry.seen())});
  if (const std::string unseen = Unseen(entry, all); !unseen.empty()) {
    console.Say({"      had not seen: $0", "      尚不知晓：$0"}, {unseen});
  }
}

void ShowEntry(Clerk& clerk, const v1::HistoryEntry& entry, const std::string& record,
               const v1::ListHistoryResponse& all) {
  console::Console& console = clerk.console();
  const console::Language language = console.language();
  const std::string about =
      entry.record() == record
          ? ""
          : absl::StrCat(console::KindLabel(entry.kind(), language), " ",
                         entry.key().empty() ? console::ShortId(entry.record()) : entry.key(),
                         ": ");
  console.Say(
      {"$0  $1  $2$3: $4 ($5)", "$0  $1  $2$3：$4（$5）"},
      {std::to_string(entry.seq()), console::TimeText(entry.received_at(), clerk.zone()), about,
       Named(entry.person_name(), entry.person()), console::CommandLabel(entry.command(), language),
       console::NameOf(entry.verdict(), language)});
  if (entry.has_imported_from()) {
    console.Say({"      from $0 line $1", "      来自 $0 第 $1 行"},
                {entry.imported_from().file(), std::to_string(entry.imported_from().line())});
  } else if (entry.command() != "fire_escalation") {
    ShowKnowledge(clerk, entry, all);
  }
  if (!entry.reason().empty()) {
    console.Say({"      reason: $0", "      理由：$0"}, {entry.reason()});
  }
  if (entry.has_error()) {
    console.Say({"      refused: $0", "      被拒绝：$0"},
                {console::ReasonText(entry.error().reason(), language)});
  }
  const rules::EntityInfo* info = rules::Schema::Get().FindEntity(entry.kind());
  for (const v1::FieldChange& change : entry.changes()) ShowChange(clerk, info, change);
}

absl::Status History(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record record,
                         clerk.Find(arguments.Value("--kind"), arguments.Value("RECORD")));
  v1::ListHistoryRequest request;
  request.set_record(record.id());
  request.set_page_size(kPageSize);
  request.set_with_children(arguments.Has("--with-children"));
  request.set_with_refused(true);
  v1::ListHistoryResponse all;
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListHistoryResponse page, clerk.office().ListHistory(request));
    all.mutable_entries()->MergeFrom(page.entries());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  clerk.console().Json(all);
  for (const v1::HistoryEntry& entry : all.entries()) {
    ShowEntry(clerk, entry, record.id(), all);
  }
  return absl::OkStatus();
}

void ShowConflict(Clerk& clerk, const v1::ConflictRow& row) {
  console::Console& console = clerk.console();
  const console::Language language = console.language();
  console.Say(
      {"$0 $1, $2 (policy: $3)", "$0 $1，$2（规则：$3）"},
      {console::KindLabel(row.kind(), language), row.key().empty() ? row.record() : row.key(),
       console::FieldLabel(row.field(), language), console::NameOf(row.policy(), language)});
  Table table({{""},
               {"", Table::Align::kRight},
               {std::string(console.In({"value", "值"})), Table::Align::kLeft, 60},
               {std::string(console.In({"by", "作者"}))},
               {std::string(console.In({"observed", "时间"}))},
               {std::string(console.In({"seq", "序号"})), Table::Align::kRight},
               {std::string(console.In({"had seen", "依据版本"})), Table::Align::kRight}});
  int number = 0;
  const rules::EntityInfo* info = rules::Schema::Get().FindEntity(row.kind());
  for (const v1::ConflictingValue& value : row.values()) {
    table.AddRow({value.in_force() ? "*" : "", std::to_string(++number),
                  ChangeText(clerk, info, row.field(), value.text()),
                  value.person_name().empty() ? value.stamp().person() : value.person_name(),
                  console::TimeText(value.stamp().observed_at(), clerk.zone()),
                  std::to_string(value.stamp().seq()), std::to_string(value.stamp().seen())});
  }
  console.Write(table.ToString() + "\n");
}

absl::Status Conflicts(Clerk& clerk, const Arguments&) {
  v1::ListConflictsRequest request;
  request.set_page_size(kPageSize);
  v1::ListConflictsResponse all;
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListConflictsResponse page,
                           clerk.office().ListConflicts(request));
    all.mutable_conflicts()->MergeFrom(page.conflicts());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  clerk.console().Json(all);
  if (all.conflicts().empty()) {
    clerk.console().Say({"nothing is in conflict", "没有冲突"});
    return absl::OkStatus();
  }
  for (const v1::ConflictRow& row : all.conflicts()) ShowConflict(clerk, row);
  clerk.console().Say(
      {"* is in force until somebody settles it: vigilctl resolve RECORD FIELD "
       "--choose N",
       "* 为当前生效值；裁定：vigilctl resolve 记录 字段 --choose N"});
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> RecordCommands() {
  std::vector<console::OptionSpec> show = RecordOptions();
  show.push_back({"--version", "N", {"as it was then", "当时的版本"}});
  show.push_back(AsOfOption());
  std::vector<console::OptionSpec> history = RecordOptions();
  history.push_back(
      {"--with-children",
       "",
       {"and of all that lives under it: orders, verifications …", "含下属记录：督办、复查等"}});
  return {
      {{"show",
        {"a record with its state, conflicts and all that lives under it",
         "查看记录：现状、冲突及下属记录"},
        std::move(show),
        {"YH-2017-0001", "RS-LF-001 --lang zh", "YH-2017-0001 --version 1200 --json",
         "YH-2017-0001 --as-of 2017-06-30"}},
       Show},
      {{"history",
        {"every version of a record: who, on which device, when by its clock and by the server's, "
         "what he had seen, each value before and after, and the conflicts: what stood beside, who "
         "settled them, what was put aside; and what was refused",
         "记录的全部历史：何人、何设备、何时（设备时间与服务器时间）、依据何版本、每项改动前后的值"
         "，"
         "冲突中并存的值、由谁裁定、舍弃了什么，以及被拒绝的操作"},
        std::move(history),
        {"YH-2017-0001", "YH-2017-0001 --with-children --lang zh", "RS-LF-001 --json"}},
       History},
      {{"conflicts",
        {"what is in conflict, with every value", "全部冲突及各方的值"},
        {},
        {"", "--json"}},
       Conflicts},
  };
}

}  // namespace vigil::office
