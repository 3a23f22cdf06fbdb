#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "server/report/headings.h"
#include "server/report/reports.h"
#include "server/report/tally.h"
#include "sync/base/status.h"

namespace vigil::report {
namespace {

constexpr Text kTitle{"Statistics of hazards", "隐患排查治理统计表"};
constexpr Text kRule{
    "Rejected reports and duplicates are not counted. A transferred hazard is open until the "
    "receiver has it rectified, and is counted apart: in hand = open - transferred. Days run from "
    "when a hazard was found to when it was verified. In a ledger of tagged supervision "
    "\"rectified\" "
    "means that the tag was lifted.",
    "统计口径：不予认定和已合并的不计入；已移交的在接收方整改前计入未整改，并单列，在办 = 未整改 − "
    "已移交；整改天数自发现起至复查通过止；挂牌督办台账中“已整改”指已摘牌销号。"};

struct FigureName {
  std::string_view name;
  Text text;
};
constexpr FigureName kFigures[] = {
    {"risk_sources", {"risk sources", "风险源"}},
    {"hazards", {"hazards found", "排查隐患"}},
    {"rectified", {"rectified", "已整改"}},
    {"open", {"open", "未整改"}},
    {"rate", {"rectification rate", "整改率"}},
    {"tagged", {"under tagged supervision (ledger)", "挂牌督办台账"}},
    {"slopes", {"dangerous park slopes (ledger)", "公园危险边坡台账"}},
    {"transferred", {"of them transferred", "其中移交属地"}},
    {"kept", {"of them kept", "其中自行治理"}},
    {"done", {"kept and done", "自行治理已完成"}},
    {"underway", {"kept and under way", "自行治理在办"}},
    {"overdue", {"overdue", "超期"}},
    {"conflicts", {"records in conflict", "存在冲突的记录"}},
    {"operations", {"operations", "登记库操作"}},
    {"escalations", {"escalations", "升级"}},
    {"circulated", {"circulated in bulletins", "通报隐患"}},
};

std::string NameOfFigure(const std::string& name, Language language) {
  for (const FigureName& figure : kFigures) {
    if (figure.name == name) return In(figure.text, language);
  }
  return name;
}

Row FigureRow(const std::string& name, const std::string& value, Language language) {
  Row row;
  row.key = name;
  std::int64_t number = 0;
  if (absl::SimpleAtoi(value, &number)) {
    row.values = {NameOfFigure(name, language), number};
  } else {
    row.values = {NameOfFigure(name, language), value};
  }
  return row;
}

// Days of a filter, for what has no hazard's date.
Days FoundDays(const v1::HazardFilter& filter) {
  Days days;
  const auto day = [](const v1::Date& date) {
    return absl::CivilDay(date.year(), date.month(), date.day());
  };
  if (filter.has_found_from()) days.from = day(filter.found_from());
  if (filter.has_found_to()) days.to = day(filter.found_to());
  return days;
}

// Nothing in it says of which hazards a bulletin may speak.
bool IsOfDaysAlone(v1::HazardFilter filter) {
  filter.clear_found_from();
  filter.clear_found_to();
  return filter.ByteSizeLong() == 0;
}

class StatsReport {
 public:
  explicit StatsReport(Task& task)
      : task_(task),
        hazards_(task.records, task.language(), task.heading.zone,
                 task.request.period() == v1::REPORT_PERIOD_UNSPECIFIED ? v1::REPORT_PERIOD_MONTH
                                                                        : task.request.period()) {}

  absl::Status Count() {
    const v1::HazardFilter& filter = task_.request.filter();
    VIGIL_ASSIGN_OR_RETURN(
        figures_, task_.context.snapshot.Stats(filter, Today(task_.context), task_.context.scope));
    VIGIL_RETURN_IF_ERROR(
        ForEachHazard(task_.context, task_.records, filter, "",
                      [&](const HazardLine& line) { return hazards_.Add(line); }));
    OrderChoice choice;
    choice.hazards = filter;
    VIGIL_ASSIGN_OR_RETURN(orders_,
                           CountOrders(task_.context, task_.records, choice, task_.language()));
    has_bulletins_ = IsOfDaysAlone(filter);
    if (has_bulletins_) {
      VIGIL_ASSIGN_OR_RETURN(bulletins_,
                             CountBulletins(task_.context, task_.records, FoundDays(filter)));
    }
    return absl::OkStatus();
  }

  absl::Status Write() {
    VIGIL_RETURN_IF_ERROR(WriteFigures());
    Groups total;
    total["total"] = {.code = "total", .name = Said({"all", "合计"}), .tally = hazards_.total()};
    VIGIL_RETURN_IF_ERROR(WriteOf("total", {"All", "总计"}, total));
    VIGIL_RETURN_IF_ERROR(WriteOf("department", {"By industry department", "按行业监管部门"},
                                  hazards_.departments()));
    VIGIL_RETURN_IF_ERROR(WriteOf("district", {"By district", "按所在区"}, hazards_.districts()));
    VIGIL_RETURN_IF_ERROR(
        WriteOf("site_type", {"By site type", "按场所类型"}, hazards_.site_types()));
    VIGIL_RETURN_IF_ERROR(WriteOf("grade", {"By grade", "按隐患等级"}, hazards_.grades()));
    VIGIL_RETURN_IF_ERROR(
        WriteOf("period", {"By when it was found", "按发现时间"}, hazards_.periods()));
    VIGIL_RETURN_IF_ERROR(WriteOf("supervision", {"Tagged supervision", "挂牌督办台账"}, orders_));
    if (!has_bulletins_) return absl::OkStatus();
    return WriteOf("bulletin", {"Bulletins", "通报"}, bulletins_);
  }

 private:
  std::string Said(const Text& text) const { return In(text, task_.language()); }

  absl::Status WriteOf(std::string_view name, const Text& title, const Groups& groups) {
    return WriteGroups(task_.writer, TallySection(name, Said(title), task_.language()), groups);
  }

  absl::Status WriteFigures() {
    Section section;
    section.name = "figures";
    section.title = Said({"Figures", "主要指标"});
    section.is_figures = true;
    section.columns = {
        {.name = "figure", .heading = HeadingOf("figure", task_.language()), .width = 34},
        {.name = "value",
         .heading = HeadingOf("value", task_.language()),
         .type = ColumnType::kInteger,
         .width = 14}};
    VIGIL_RETURN_IF_ERROR(task_.writer.BeginSection(section));
    for (const v1::Figure& figure : figures_) {
      VIGIL_RETURN_IF_ERROR(
          task_.writer.Add(FigureRow(figure.name(), figure.value(), task_.language())));
    }
    if (!has_bulletins_) return absl::OkStatus();
    std::int64_t circulated = 0;
    for (const auto& [number, group] : bulletins_) circulated += group.tally.found;
    return task_.writer.Add(FigureRow("circulated", std::to_string(circulated), task_.language()));
  }

  Task& task_;
  HazardTally hazards_;
  std::vector<v1::Figure> figures_;
  Groups orders_;
  Groups bulletins_;
  bool has_bulletins_ = false;
};

}  // namespace

absl::Status WriteStats(Task task) {
  task.heading.name = "stats";
  task.heading.title = In(kTitle, task.language());
  task.heading.has_sections = true;
  task.heading.notes.push_back(In(kRule, task.language()));
  StatsReport report(task);
  VIGIL_RETURN_IF_ERROR(report.Count());
  VIGIL_RETURN_IF_ERROR(task.writer.Begin(task.heading));
  VIGIL_RETURN_IF_ERROR(report.Write());
  return task.writer.End();
}

}  // namespace vigil::report
