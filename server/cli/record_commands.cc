#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/cli/program.h"
#include "sync/base/ids.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
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

// The register sends values as plain words; references, names of values and times are shown as
// everywhere else.
std::string ChangeText(Clerk& clerk, const rules::EntityInfo* info, const std::string& field_name,
                       const std::string& text) {
  const rules::FieldInfo* field =
      info == nullptr ? nullptr : info->Find(std::string_view(field_name));
  if (field == nullptr || field->descriptor->is_repeated()) return console::OneLine(text);
  if (Uuid::Parse(text)) return clerk.NameOf(text);
  if (field->descriptor->enum_type() != nullptr) {
    const auto value = console::ParseEnum(*field->descriptor->enum_type(), text);
    if (value) {
      return console::EnumName(*field->descriptor->enum_type(), *value, clerk.console().language());
    }
  }
  const bool is_time = field->descriptor->message_type() != nullptr &&
                       field->descriptor->message_type()->name() == "Timestamp";
  if (is_time) {
    const absl::StatusOr<absl::Time> time = ParseInstant(text);
    if (time.ok()) return absl::FormatTime("%Y-%m-%d %H:%M", *time, clerk.zone());
  }
  return console::OneLine(text);
}

void ShowEntry(Clerk& clerk, const rules::EntityInfo* info, const v1::HistoryEntry& entry) {
  console::Console& console = clerk.console();
  const console::Language language = console.language();
  const std::string person = entry.person_name().empty() ? entry.person() : entry.person_name();
  console.Say(
      {"$0  $1  $2, knowing $3: $4", "$0  $1  $2（依据版本 $3）：$4"},
      {std::to_string(entry.seq()), console::TimeText(entry.received_at(), clerk.zone()), person,
       std::to_string(entry.seen()), console::CommandLabel(entry.command(), language)});
  if (entry.has_imported_from()) {
    console.Say({"      from $0 line $1", "      来自 $0 第 $1 行"},
                {entry.imported_from().file(), std::to_string(entry.imported_from().line())});
  }
  for (const v1::FieldChange& change : entry.changes()) {
    const std::string before =
        change.before().empty() ? ""
                                : ChangeText(clerk, info, change.field(), change.before()) + " → ";
    console.Say({"      $0: $1$2$3", "      $0：$1$2$3"},
                {console::FieldLabel(change.field(), language), before,
                 ChangeText(clerk, info, change.field(), change.after()),
                 change.in_conflict() ? console.In({"  (in conflict)", "（有冲突）"}) : ""});
  }
}

absl::Status History(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record record,
                         clerk.Find(arguments.Value("--kind"), arguments.Value("RECORD")));
  v1::ListHistoryRequest request;
  request.set_record(record.id());
  request.set_page_size(kPageSize);
  v1::ListHistoryResponse all;
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListHistoryResponse page, clerk.office().ListHistory(request));
    all.mutable_entries()->MergeFrom(page.entries());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  clerk.console().Json(all);
  for (const v1::HistoryEntry& entry : all.entries()) {
    ShowEntry(clerk, rules::InfoOf(record), entry);
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
  return {
      {{"show",
        {"a record with its state, conflicts and all that lives under it",
         "查看记录：现状、冲突及下属记录"},
        std::move(show),
        {"YH-2017-0001", "RS-LF-001 --lang zh", "YH-2017-0001 --version 1200 --json"}},
       Show},
      {{"history",
        {"every version of a record: who, when, what, knowing what", "记录的全部历史版本"},
        RecordOptions(),
        {"YH-2017-0001"}},
       History},
      {{"conflicts",
        {"what is in conflict, with every value", "全部冲突及各方的值"},
        {},
        {"", "--json"}},
       Conflicts},
  };
}

}  // namespace vigil::office
