#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "server/cli/filter.h"
#include "server/cli/program.h"
#include "sync/base/status.h"
#include "sync/cli/console/exit_code.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/names.h"
#include "sync/cli/console/value_parse.h"
#include "sync/cli/console/value_text.h"
#include "sync/cli/verbs/take.h"

// Reports as files: the register makes them, this program keeps them.

namespace vigil::office {

using console::Arguments;
using console::Count;
using console::OptionSpec;

namespace {

constexpr std::string_view kStandardOutput = "-";
constexpr int kMonthsOfQuarter = 3;

v1::Date ToDate(absl::CivilDay day) {
  v1::Date date;
  date.set_year(static_cast<std::int32_t>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

// Takes what the register sends to where it goes: beside its final name until it is whole.
class Saving {
 public:
  Saving(Clerk& clerk, std::string path)
      : clerk_(clerk), path_(std::move(path)), part_(path_ + ".part"), said_at_(clerk.Now()) {}

  absl::Status Run(const v1::ExportReportRequest& request) {
    const absl::Status saved = Save(request);
    if (!saved.ok() && !to_output()) clerk_.files().Remove(part_).IgnoreError();
    return saved;
  }

  const v1::ReportFile& file() const { return file_; }
  bool to_output() const { return path_ == kStandardOutput; }

 private:
  absl::Status Save(const v1::ExportReportRequest& request) {
    if (!to_output()) VIGIL_RETURN_IF_ERROR(clerk_.files().Remove(part_));
    absl::Status kept;
    VIGIL_RETURN_IF_ERROR(
        clerk_.office().ExportReport(request, [&](const v1::ExportReportResponse& message) {
          if (kept.ok()) kept = Take(message);
          return kept.ok();
        }));
    VIGIL_RETURN_IF_ERROR(kept);
    if (size_ != file_.size_bytes()) {
      return absl::UnavailableError("the report did not arrive whole: ask for it once more");
    }
    if (to_output()) return absl::OkStatus();
    VIGIL_RETURN_IF_ERROR(clerk_.files().Sync(part_));
    return clerk_.files().Rename(part_, path_);
  }

  absl::Status Take(const v1::ExportReportResponse& message) {
    if (message.has_file()) file_ = message.file();
    if (!message.has_chunk()) return absl::OkStatus();
    size_ += static_cast<std::int64_t>(message.chunk().size());
    const absl::Time now = clerk_.Now();
    if (now - said_at_ >= absl::Seconds(1)) {
      said_at_ = now;
      clerk_.console().Note({"$0 of $1 bytes", "$0 / $1 字节"},
                            {std::to_string(size_), std::to_string(file_.size_bytes())});
    }
    if (!to_output()) return clerk_.files().Append(part_, message.chunk());
    clerk_.console().Write(message.chunk());
    return absl::OkStatus();
  }

  Clerk& clerk_;
  const std::string path_;
  const std::string part_;
  absl::Time said_at_;
  v1::ReportFile file_;
  std::int64_t size_ = 0;
};

absl::Status Export(Clerk& clerk, const Arguments& arguments, v1::ExportReportRequest& request) {
  console::Console& console = clerk.console();
  request.set_language(console.language() == console::Language::kChinese
                           ? v1::REPORT_LANGUAGE_CHINESE
                           : v1::REPORT_LANGUAGE_ENGLISH);
  const std::string path = arguments.Value("--out");
  if (path == kStandardOutput && request.format() == v1::REPORT_FORMAT_XLSX &&
      console.on_terminal()) {
    return console::UsageError("a workbook is not for a terminal: give --out FILE");
  }
  if (path == kStandardOutput && console.json()) {
    return console::UsageError("--json says what was kept in a file: give --out FILE");
  }
  Saving saving(clerk, path);
  VIGIL_RETURN_IF_ERROR(saving.Run(request));
  const std::string rows = std::to_string(saving.file().rows());
  const std::string bytes = std::to_string(saving.file().size_bytes());
  if (saving.to_output()) {
    console.Note({"$0 rows, $1 bytes", "$0 行，$1 字节"}, {rows, bytes});
    return absl::OkStatus();
  }
  console::JsonObject object;
  object.Set("file", path).SetRaw("report", console::ProtoJson(saving.file()));
  console.Json(object.ToString());
  console.Say({"$0: $1 rows, $2 bytes", "$0：$1 行，$2 字节"}, {path, rows, bytes});
  return absl::OkStatus();
}

// The format that was asked for, or that the name of the file says.
absl::StatusOr<v1::ReportFormat> TakeFormat(const Arguments& arguments) {
  if (arguments.Has("--format")) {
    return verbs::TakeEnum<v1::ReportFormat>(arguments, "--format");
  }
  const std::string path = arguments.Value("--out");
  const std::size_t dot = path.rfind('.');
  if (dot != std::string::npos) {
    const auto format = console::ParseEnum<v1::ReportFormat>(path.substr(dot + 1));
    if (format) return *format;
  }
  return console::UsageError("--format: xlsx, csv, geojson, html or json");
}

absl::StatusOr<v1::ExportReportRequest> Begin(v1::ReportKind kind, const Arguments& arguments) {
  v1::ExportReportRequest request;
  request.set_kind(kind);
  VIGIL_ASSIGN_OR_RETURN(const v1::ReportFormat format, TakeFormat(arguments));
  request.set_format(format);
  request.set_byte_order_mark(arguments.Has("--bom"));
  if (arguments.Has("--bom") && format != v1::REPORT_FORMAT_CSV) {
    return console::UsageError("--bom is for CSV");
  }
  return request;
}

absl::Status Hazards(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(v1::ExportReportRequest request,
                         Begin(v1::REPORT_KIND_HAZARDS, arguments));
  VIGIL_ASSIGN_OR_RETURN(*request.mutable_filter(), TakeFilter(clerk, arguments));
  request.set_order_by(arguments.Value("--sort"));
  return Export(clerk, arguments, request);
}

absl::Status Supervision(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(v1::ExportReportRequest request,
                         Begin(v1::REPORT_KIND_SUPERVISION, arguments));
  VIGIL_ASSIGN_OR_RETURN(*request.mutable_filter(), TakeFilter(clerk, arguments));
  request.set_ledger(arguments.Value("--ledger"));
  for (const std::string& text : arguments.All("--order-status")) {
    const auto status = console::ParseEnum<v1::OrderStatus>(text);
    if (!status) {
      return console::UsageError(
          "--order-status: '" + text + "' is none of " +
          console::EnumChoices(*google::protobuf::GetEnumDescriptor<v1::OrderStatus>()));
    }
    request.add_statuses(*status);
  }
  return Export(clerk, arguments, request);
}

absl::Status Stats(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(v1::ExportReportRequest request, Begin(v1::REPORT_KIND_STATS, arguments));
  VIGIL_ASSIGN_OR_RETURN(*request.mutable_filter(), TakeFilter(clerk, arguments));
  VIGIL_ASSIGN_OR_RETURN(const auto period, verbs::TakeEnum<v1::ReportPeriod>(arguments, "--by"));
  request.set_period(period);
  return Export(clerk, arguments, request);
}

// "2017", "2017-Q1" or "2017-03": from its first day to the day before the next one.
absl::Status TakePeriod(const std::string& text, v1::ExportReportRequest& request) {
  constexpr std::size_t kYearDigits = 4;
  int year = 0;
  int part = 0;
  int months = 12;
  bool good = absl::SimpleAtoi(text.substr(0, kYearDigits), &year) && year >= 1900;
  const std::string rest = text.size() > kYearDigits ? text.substr(kYearDigits) : "";
  if (absl::StartsWith(rest, "-Q") || absl::StartsWith(rest, "-q")) {
    months = kMonthsOfQuarter;
    good = good && absl::SimpleAtoi(rest.substr(2), &part) && part >= 1 && part <= 4;
  } else if (!rest.empty()) {
    months = 1;
    good = good && rest.front() == '-' && absl::SimpleAtoi(rest.substr(1), &part) && part >= 1 &&
           part <= 12;
  }
  if (!good) return console::UsageError("--period takes 2017, 2017-Q1 or 2017-03");
  const absl::CivilMonth first = absl::CivilMonth(year, 1) + (part > 0 ? part - 1 : 0) * months;
  *request.mutable_from() = ToDate(absl::CivilDay(first));
  *request.mutable_to() = ToDate(absl::CivilDay(first + months) - 1);
  return absl::OkStatus();
}

absl::Status Bulletin(Clerk& clerk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(v1::ExportReportRequest request,
                         Begin(v1::REPORT_KIND_BULLETIN, arguments));
  VIGIL_ASSIGN_OR_RETURN(*request.mutable_filter(), TakeFilter(clerk, arguments));
  if (arguments.Has("--period")) {
    VIGIL_RETURN_IF_ERROR(TakePeriod(arguments.Value("--period"), request));
  } else {
    const absl::CivilMonth now(absl::ToCivilDay(clerk.Now(), clerk.zone()));
    const absl::CivilMonth quarter = now - (now.month() - 1) % kMonthsOfQuarter;
    *request.mutable_from() = ToDate(absl::CivilDay(quarter - kMonthsOfQuarter));
    *request.mutable_to() = ToDate(absl::CivilDay(quarter) - 1);
  }
  return Export(clerk, arguments, request);
}

template <v1::ReportKind kKind>
absl::Status Document(Clerk& clerk, const Arguments& arguments, const char* record_kind) {
  v1::ExportReportRequest request;
  request.set_kind(kKind);
  request.set_format(v1::REPORT_FORMAT_HTML);
  VIGIL_ASSIGN_OR_RETURN(*request.mutable_record(),
                         verbs::FindId(clerk, record_kind, arguments.Value("RECORD")));
  return Export(clerk, arguments, request);
}

OptionSpec Out() {
  return {"--out",
          "FILE",
          {"where to, replacing what is there; - for the output. Until it is whole it is FILE.part",
           "输出文件，已有的将被替换；- 为标准输出。完成前为 FILE.part"},
          Count::kRequired};
}

std::vector<OptionSpec> FormatOptions() {
  return {
      {"--format",
       "FORMAT",
       {"xlsx, csv, geojson (WGS-84; ledgers), html or json; default: as FILE's name ends. CSV: "
        "text "
        "that a spreadsheet would take for a formula (= + - @) begins with an apostrophe",
        "xlsx、csv、geojson（WGS-84，限台账）、html 或 json；默认按文件扩展名。CSV 中形似公式的文本"
        "（= + - @ 开头）前加撇号"}},
      Out(),
      {"--bom",
       "",
       {"CSV begins with a byte order mark, for spreadsheets that need one",
        "CSV 以字节顺序标记开头，供需要的表格软件"}}};
}

console::CommandSpec ReportSpec(std::string path, const console::Text& help,
                                std::vector<OptionSpec> options,
                                std::vector<std::string_view> examples) {
  return {std::move(path), help,
          verbs::Join({FormatOptions(), std::move(options), FilterOptions()}), std::move(examples)};
}

console::CommandSpec DocumentSpec(std::string path, const console::Text& help,
                                  const console::Text& record,
                                  std::vector<std::string_view> examples) {
  return {std::move(path),
          help,
          {{"RECORD", "", record, Count::kRequired}, Out()},
          std::move(examples)};
}

template <v1::ReportKind kKind, const char* kRecordKind>
absl::Status RunDocument(Clerk& clerk, const Arguments& arguments) {
  return Document<kKind>(clerk, arguments, kRecordKind);
}

constexpr char kOrder[] = "supervision_order";
constexpr char kHazard[] = "hazard";
constexpr char kLetter[] = "supervision_letter";
constexpr char kInspection[] = "inspection";
constexpr char kBulletin[] = "bulletin";

std::vector<Command> DocumentCommands() {
  return {
      {DocumentSpec("document supervision-notice",
                    {"the notice of tagged supervision, to print and sign (HTML, A4)",
                     "挂牌督办通知书（HTML，A4 打印）"},
                    {"the order: its number or id", "督办通知书文号或记录号"},
                    {"督字〔2017〕1号 --out notice.html"}),
       RunDocument<v1::REPORT_KIND_SUPERVISION_NOTICE, kOrder>},
      {DocumentSpec("document rectification-notice",
                    {"the notice to rectify a hazard, to print and sign", "整改通知书"},
                    {"the hazard: its number or id", "隐患编号或记录号"},
                    {"YH-2017-0242 --out notice.html"}),
       RunDocument<v1::REPORT_KIND_RECTIFICATION_NOTICE, kHazard>},
      {DocumentSpec("document supervision-letter",
                    {"a supervision letter, to print and sign", "督办函"},
                    {"the letter: its number or id", "督办函文号或记录号"},
                    {"督函〔2017〕3号 --out letter.html"}),
       RunDocument<v1::REPORT_KIND_SUPERVISION_LETTER, kLetter>},
      {DocumentSpec("document inspection-record",
                    {"the record of an inspection, to print and sign", "检查记录"},
                    {"the inspection: its id", "检查记录号"},
                    {"018f3b1c-9d2e-7c31-8f3a-2b6d5e4f7a90 --out inspection.html"}),
       RunDocument<v1::REPORT_KIND_INSPECTION_RECORD, kInspection>},
      {DocumentSpec("document bulletin",
                    {"a bulletin that was issued, with its hazards, to print and sign",
                     "已印发的通报及所列隐患"},
                    {"the bulletin: its number or id", "通报文号或记录号"},
                    {"通报〔2017〕1号 --out bulletin.html"}),
       RunDocument<v1::REPORT_KIND_BULLETIN_NOTICE, kBulletin>},
  };
}

}  // namespace

std::vector<Command> ReportCommands() {
  std::vector<Command> commands = {
      {ReportSpec("report hazards",
                  {"the hazard ledger as a file. CSV has the columns of hazards.csv, as an import "
                   "takes them",
                   "导出隐患台账；CSV 与导入文件 hazards.csv 的列相同"},
                  {{"--sort",
                    "FIELD",
                    {"number, due_date, found_at, grade or status; 'due_date desc' turns it",
                     "排序：number、due_date、found_at、grade、status；加 desc 为倒序"}}},
                  {"--format csv --bom --out ledger.csv", "--out hazards.xlsx --lang zh",
                   "--overdue yes --out overdue.geojson"}),
       Hazards},
      {ReportSpec(
           "report supervision",
           {"the ledger of tagged supervision as a file: what was issued, lifted or "
            "transferred",
            "导出挂牌督办台账"},
           {{"--order-status",
             "STATUS",
             {"of the order: issued, in_progress, lifted …; default: all but proposed",
              "督办状态，可多次给出；默认不含已提请"},
             Count::kRepeated},
            {"--ledger", "NAME", {"hazards, park-slopes …", "台账名"}}},
           {"--out supervision.xlsx", "--ledger park-slopes --format html --out slopes.html"}),
       Supervision},
      {ReportSpec("report stats",
                  {"statistics by department, district, site type, grade and time",
                   "按部门、区、场所类型、等级和时间统计"},
                  {{"--by", "month|quarter|year", {"how time is divided", "时间划分"}}},
                  {"--by quarter --found-from 2017-01-01 --out stats.html", "--format json --out -",
                   "--out stats.xlsx --lang zh"}),
       Stats},
      {ReportSpec("report bulletin",
                  {"the bulletin of a quarter: what was found, rectified, circulated, is overdue. "
                   "CSV has its counts without its lists",
                   "季度通报；CSV 只含统计数，不含清单"},
                  {{"--period",
                    "PERIOD",
                    {"2017-Q1, 2017-03 or 2017; default: the last whole quarter",
                     "2017-Q1、2017-03 或 2017；默认上一季度"}}},
                  {"--period 2017-Q1 --out bulletin.html"}),
       Bulletin},
  };
  for (Command& command : DocumentCommands()) commands.push_back(std::move(command));
  return commands;
}

}  // namespace vigil::office
