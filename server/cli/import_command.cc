#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/cli/change_text.h"
#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/error_text.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/table.h"
#include "sync/cli/console/value_text.h"
#include "sync/rules/reason.h"
#include "sync/rules/schema.h"

// Files in, and what they would change.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::Table;
using Op = v1::Operation;

namespace {

constexpr std::size_t kCsvBytesMax = std::size_t{64} << 20;
constexpr std::string_view kEnding = ".csv";
constexpr std::size_t kValueWidth = 40;

bool IsCsv(std::string_view name) {
  return name.size() > kEnding.size() && name.substr(name.size() - kEnding.size()) == kEnding;
}

absl::StatusOr<std::vector<v1::ImportFile>> ReadDirectory(FileSystem& files,
                                                          const std::string& directory) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  std::vector<v1::ImportFile> read;
  for (const std::string& name : names) {
    if (!IsCsv(name)) continue;
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

// One file, of whatever name where `table` says what it holds.
absl::StatusOr<std::vector<v1::ImportFile>> ReadFile(FileSystem& files, const std::string& path,
                                                     const std::string& table) {
  std::vector<v1::ImportFile> read(1);
  std::string name = table.empty() ? path.substr(path.rfind('/') + 1) : table;
  if (!IsCsv(name)) name += kEnding;
  read[0].set_name(name);
  VIGIL_ASSIGN_OR_RETURN(*read[0].mutable_content(), files.Read(path, kCsvBytesMax));
  return read;
}

struct ImportResult {
  std::vector<v1::ImportProblem> problems;
  std::vector<v1::ImportProblem> warnings;
  std::vector<v1::ImportChange> changes;
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

// A column is a field, or a part of one.
std::string ColumnLabel(const std::string& column, console::Language language) {
  return language == console::Language::kEnglish ? column : console::FieldLabel(column, language);
}

void ShowProblems(console::Console& console, const std::vector<v1::ImportProblem>& problems) {
  if (problems.empty()) return;
  Table table({{std::string(console.In({"file", "文件"}))},
               {std::string(console.In({"line", "行"})), Table::Align::kRight},
               {std::string(console.In({"column", "列"}))},
               {std::string(console.In({"reason", "原因"}))},
               {std::string(console.In({"message", "说明"}))}});
  for (const v1::ImportProblem& problem : problems) {
    table.AddRow({problem.file(), std::to_string(problem.line()),
                  ColumnLabel(problem.column(), console.language()),
                  console::ReasonText(problem.reason(), console.language()), problem.message()});
  }
  console.Write(table.ToString() + "\n");
}

// A file is called after the kind of its records.
const rules::EntityInfo* KindOf(std::string_view file) {
  const std::size_t plural = kEnding.size() + 1;
  if (file.size() <= plural) return nullptr;
  return rules::Schema::Get().FindEntity(file.substr(0, file.size() - plural));
}

void ShowChanges(Clerk& clerk, const std::vector<v1::ImportChange>& changes) {
  if (changes.empty()) return;
  console::Console& console = clerk.console();
  Table table({{std::string(console.In({"file", "文件"}))},
               {std::string(console.In({"line", "行"})), Table::Align::kRight},
               {std::string(console.In({"record", "记录"}))},
               {std::string(console.In({"field", "字段"}))},
               {std::string(console.In({"before", "原值"})), Table::Align::kLeft, kValueWidth},
               {""},
               {std::string(console.In({"after", "新值"})), Table::Align::kLeft, kValueWidth}});
  for (const v1::ImportChange& change : changes) {
    const rules::EntityInfo* info = KindOf(change.file());
    for (const v1::ImportFieldChange& field : change.fields()) {
      table.AddRow({change.file(), std::to_string(change.line()), change.key(),
                    console::FieldLabel(field.field(), console.language()),
                    ChangeText(clerk, info, field.field(), field.before()), "→",
                    ChangeText(clerk, info, field.field(), field.after())});
    }
  }
  console.Write(table.ToString() + "\n");
}

void ShowCounts(console::Console& console, const v1::ImportSummary& summary) {
  Table counts({{std::string(console.In({"file", "文件"}))},
                {std::string(console.In({"encoding", "编码"}))},
                {std::string(console.In({"rows", "行数"})), Table::Align::kRight},
                {std::string(console.In({"new", "新增"})), Table::Align::kRight},
                {std::string(console.In({"changed", "修改"})), Table::Align::kRight},
                {std::string(console.In({"unchanged", "未变"})), Table::Align::kRight},
                {std::string(console.In({"bad", "有误"})), Table::Align::kRight}});
  for (const v1::ImportFileCount& file : summary.files()) {
    counts.AddRow({file.file(), file.encoding(), std::to_string(file.rows()),
                   std::to_string(file.created()), std::to_string(file.changed()),
                   std::to_string(file.unchanged()), std::to_string(file.bad())});
  }
  console.Show(counts, {"no file was taken", "没有可导入的文件"});
}

template <typename Message>
std::string JsonOf(const std::vector<Message>& messages) {
  console::JsonArray array;
  for (const Message& message : messages) array.AddRaw(console::ProtoJson(message));
  return array.ToString();
}

void ShowImport(Clerk& clerk, const ImportResult& result) {
  console::Console& console = clerk.console();
  console::JsonObject object;
  object.SetRaw("summary", console::ProtoJson(result.summary));
  object.SetRaw("problems", JsonOf(result.problems));
  object.SetRaw("warnings", JsonOf(result.warnings));
  object.SetRaw("changes", JsonOf(result.changes));
  console.Json(object.ToString());
  if (!result.warnings.empty()) {
    console.Say({"to be looked at; it stops nothing:", "提示（不影响导入）："});
    ShowProblems(console, result.warnings);
  }
  ShowProblems(console, result.problems);
  ShowChanges(clerk, result.changes);
  ShowCounts(console, result.summary);
}

absl::StatusOr<std::vector<v1::ImportFile>> TakeFiles(Clerk& clerk, const Arguments& arguments) {
  const std::string path = arguments.Value("PATH");
  const std::string table = arguments.Value("--as");
  if (table.empty() && !IsCsv(path)) return ReadDirectory(clerk.files(), path);
  return ReadFile(clerk.files(), path, table);
}

absl::Status Import(Clerk& clerk, const Arguments& arguments) {
  console::Console& console = clerk.console();
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::ImportFile> files, TakeFiles(clerk, arguments));
  v1::ImportOptions options;
  options.set_dry_run(arguments.Has("--dry-run"));
  options.set_keep_good_rows(arguments.Has("--keep-good-rows"));
  options.set_strict(arguments.Has("--strict"));
  options.set_encoding(arguments.Value("--encoding"));
  ImportResult result;
  Progress progress(clerk);
  const absl::Status status =
      clerk.office().Import(options, files, [&](const v1::ImportResponse& response) {
        if (response.has_progress()) progress.Note(response.progress());
        if (response.has_change()) result.changes.push_back(response.change());
        if (response.has_summary()) result.summary = response.summary();
        if (!response.has_problem()) return;
        (response.problem().warning() ? result.warnings : result.problems)
            .push_back(response.problem());
      });
  VIGIL_RETURN_IF_ERROR(status);
  ShowImport(clerk, result);
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

}  // namespace

std::vector<Command> ImportCommands() {
  return {
      {{"import",
        {"take in CSV files: a directory, or one file; all or nothing, unless told otherwise. "
         "Columns are found by their headings, English or Chinese, in any order; records by their "
         "number or code, a hazard without a number by risk source, time found and description",
         "导入 CSV "
         "文件：目录或单个文件，默认全部成功才生效。按表头（中文或英文）识别各列，顺序不限；"
         "按编号或编码对应已有记录，无编号的隐患按风险源、发现时间和描述对应"},
        {{"PATH",
          "",
          {"a directory with hazards.csv, risk_sources.csv …, or one .csv file",
           "含 hazards.csv、risk_sources.csv 等的目录，或单个 .csv 文件"},
          Count::kRequired},
         {"--as",
          "TABLE",
          {"what the one file holds, whatever its name: hazards, risk_sources …",
           "单个文件的内容，不论其文件名：hazards、risk_sources 等"}},
         {"--encoding",
          "NAME",
          {"utf-8 or gb18030, where it is not to be found out",
           "编码：utf-8 或 gb18030，默认自动识别"}},
         {"--strict", "", {"a column that is not known stops the import", "有未知列则不导入"}},
         {"--dry-run", "", {"say what would change, and change nothing", "试运行，不作更改"}},
         {"--keep-good-rows", "", {"take the good rows where others are bad", "只导入正确的行"}}},
        {"deploy/data/shenzhen-2017 --dry-run", "deploy/data/shenzhen-2017",
         "隐患台账.csv --as hazards --dry-run", "hazards.csv --encoding gb18030 --json"},
        {Op::kImportRecord}},
       Import},
  };
}

}  // namespace vigil::office
