#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/error_text.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_text.h"
#include "sync/rules/reason.h"

// Administration: imports, notifications.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Table;
using Op = v1::Operation;

namespace {

constexpr std::size_t kCsvBytesMax = std::size_t{64} << 20;
constexpr int kPageSize = 1000;

absl::StatusOr<std::vector<v1::ImportFile>> ReadFiles(FileSystem& files,
                                                      const std::string& directory) {
  constexpr std::string_view kEnding = ".csv";
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  std::vector<v1::ImportFile> read;
  for (const std::string& name : names) {
    if (name.size() <= kEnding.size() ||
        std::string_view(name).substr(name.size() - 4) != kEnding) {
      continue;
    }
    v1::ImportFile& file = read.emplace_back();
    file.set_name(name);
    VIGIL_ASSIGN_OR_RETURN(*file.mutable_content(),
                           files.Read(JoinPath(directory, name), kCsvBytesMax));
  }
  if (read.empty()) {
    return rules::Refuse(v1::REASON_NOT_FOUND, "there are no .csv files in this directory")
        .With("directory", directory);
  }
  return read;
}

struct ImportResult {
  std::vector<v1::ImportProblem> problems;
  v1::ImportSummary summary;
};

std::string StageName(const std::string& stage, console::Console& console) {
  if (stage == "reading") return std::string(console.In({"reading", "读取"}));
  if (stage == "checking") return std::string(console.In({"checking", "检查"}));
  if (stage == "applying") return std::string(console.In({"applying", "写入"}));
  return stage;
}

// At the end of each stage and, in a long one, once in a second.
class Progress {
 public:
  explicit Progress(Clerk& clerk) : clerk_(clerk), said_at_(clerk.Now()) {}

  void Note(const v1::ImportProgress& progress) {
    const absl::Time now = clerk_.Now();
    if (progress.done() < progress.total() && now - said_at_ < absl::Seconds(1)) return;
    said_at_ = now;
    console::Console& console = clerk_.console();
    console.Note({"$0: $1 of $2", "$0：$1 / $2"},
                 {StageName(progress.stage(), console), std::to_string(progress.done()),
                  std::to_string(progress.total())});
  }

 private:
  Clerk& clerk_;
  absl::Time said_at_;
};

void ShowImport(console::Console& console, const ImportResult& result) {
  if (!result.problems.empty()) {
    Table problems({{std::string(console.In({"file", "文件"}))},
                    {std::string(console.In({"line", "行"})), Table::Align::kRight},
                    {std::string(console.In({"column", "列"}))},
                    {std::string(console.In({"reason", "原因"}))},
                    {std::string(console.In({"message", "说明"}))}});
    for (const v1::ImportProblem& problem : result.problems) {
      problems.AddRow({problem.file(), std::to_string(problem.line()), problem.column(),
                       console::ReasonText(problem.reason(), console.language()),
                       problem.message()});
    }
    console.Write(problems.ToString() + "\n");
  }
  Table counts({{std::string(console.In({"file", "文件"}))},
                {std::string(console.In({"rows", "行数"})), Table::Align::kRight},
                {std::string(console.In({"new", "新增"})), Table::Align::kRight},
                {std::string(console.In({"changed", "修改"})), Table::Align::kRight},
                {std::string(console.In({"unchanged", "未变"})), Table::Align::kRight},
                {std::string(console.In({"bad", "有误"})), Table::Align::kRight}});
  for (const v1::ImportFileCount& file : result.summary.files()) {
    counts.AddRow({file.file(), std::to_string(file.rows()), std::to_string(file.created()),
                   std::to_string(file.changed()), std::to_string(file.unchanged()),
                   std::to_string(file.bad())});
  }
  console.Show(counts, {"no file was taken", "没有可导入的文件"});
}

absl::Status Import(Clerk& clerk, const Arguments& arguments) {
  console::Console& console = clerk.console();
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::ImportFile> files,
                         ReadFiles(clerk.files(), arguments.Value("DIR")));
  v1::ImportOptions options;
  options.set_dry_run(arguments.Has("--dry-run"));
  options.set_keep_good_rows(arguments.Has("--keep-good-rows"));
  ImportResult result;
  Progress progress(clerk);
  const absl::Status status =
      clerk.office().Import(options, files, [&](const v1::ImportResponse& response) {
        if (response.has_progress()) progress.Note(response.progress());
        if (response.has_problem()) result.problems.push_back(response.problem());
        if (response.has_summary()) result.summary = response.summary();
      });
  VIGIL_RETURN_IF_ERROR(status);
  console::JsonArray problems;
  for (const v1::ImportProblem& problem : result.problems) {
    problems.AddRaw(console::ProtoJson(problem));
  }
  console::JsonObject object;
  object.SetRaw("summary", console::ProtoJson(result.summary));
  object.SetRaw("problems", problems.ToString());
  console.Json(object.ToString());
  ShowImport(console, result);
  if (options.dry_run()) {
    console.Say({"a dry run: nothing was changed", "试运行：未作任何更改"});
  } else if (result.summary.applied()) {
    console.Say({"applied: $0 operations", "已导入：$0 个操作"},
                {std::to_string(result.summary.operations())});
  }
  const bool rejected = !result.problems.empty() && !options.keep_good_rows();
  if (!rejected && (options.dry_run() || result.summary.applied())) return absl::OkStatus();
  return rules::Refuse(v1::REASON_IMPORT_REJECTED,
                       absl::StrCat(result.problems.size(), " rows are bad; nothing was changed"));
}

absl::Status ListOutbox(Clerk& clerk, const Arguments&) {
  v1::ListNotificationsRequest request;
  request.set_page_size(kPageSize);
  v1::ListNotificationsResponse all;
  do {
    VIGIL_ASSIGN_OR_RETURN(const v1::ListNotificationsResponse page,
                           clerk.office().ListNotifications(request));
    all.mutable_notifications()->MergeFrom(page.notifications());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  console::Console& console = clerk.console();
  console.Json(all);
  Table table({{"", Table::Align::kRight},
               {std::string(console.In({"state", "状态"}))},
               {std::string(console.In({"to", "收件"}))},
               {std::string(console.In({"message", "内容"})), Table::Align::kLeft, 72},
               {std::string(console.In({"made", "生成时间"}))},
               {std::string(console.In({"tries", "次数"})), Table::Align::kRight}});
  const bool english = console.language() == console::Language::kEnglish;
  for (const v1::Notification& message : all.notifications()) {
    table.AddRow({std::to_string(message.id()),
                  console::NameOf(message.state(), console.language()),
                  clerk.NameOf(message.recipient()),
                  english && !message.text_en().empty() ? message.text_en() : message.text(),
                  console::TimeText(message.created_at(), clerk.zone()),
                  std::to_string(message.attempts())});
  }
  console.Show(table, {"the outbox is empty", "没有待发通知"});
  return absl::OkStatus();
}

}  // namespace

std::vector<Command> AdminCommands() {
  return {
      {{"import",
        {"take in a directory of CSV files: all or nothing, unless told otherwise",
         "导入目录中的 CSV 文件：默认全部成功才生效"},
        {{"DIR", "", {"the directory", "目录"}, Count::kRequired},
         {"--dry-run", "", {"say what would change, and change nothing", "试运行，不作更改"}},
         {"--keep-good-rows", "", {"take the good rows where others are bad", "只导入正确的行"}}},
        {"deploy/data/shenzhen-2017 --dry-run", "deploy/data/shenzhen-2017"},
        {Op::kImportRecord}},
       Import},
      {{"outbox list", {"notifications and what became of them", "通知及其发送情况"}, {}, {""}},
       ListOutbox},
  };
}

}  // namespace vigil::office
