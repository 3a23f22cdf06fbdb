#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/report/reports.h"
#include "server/report/supervision_report.h"
#include "server/report/tally.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/reason.h"

namespace vigil::report {
namespace {

using rules::Refuse;

constexpr Text kTitle{"Bulletin on the treatment of hazards, $0", "$0安全隐患排查治理情况通报"};
constexpr Text kFound{
    "Of the hazards found from $0 to $1: found $2, of them major $3; rectified $4; open $5, of "
    "them "
    "transferred $6; rectification rate $7; on average $8 days to rectify; overdue today $9.",
    "$0至$1，共排查发现隐患$2项，其中重大隐患$3项；已整改$4项，未整改$5项（其中已移交$"
    "6项），整改率$7，"
    "平均整改$8天；目前超期$9项。"};
constexpr Text kOrders{
    "Tagged supervision: notices issued in this time $0, tags lifted $1. Bulletins issued $2, "
    "circulating $3 hazards, of which $4 are rectified.",
    "挂牌督办：本期下达督办通知书$0份，摘牌销号$1项。本期印发通报$2份，通报隐患$3项，其中已整改$"
    "4项。"};

absl::StatusOr<absl::CivilDay> DayOf(const v1::Date& date, std::string_view field) {
  const absl::CivilDay day(date.year(), date.month(), date.day());
  const bool is_same =
      day.year() == date.year() && day.month() == date.month() && day.day() == date.day();
  if (!is_same || !IsPlausible(day)) {
    return Refuse(v1::REASON_INVALID_DATE,
                  "a bulletin needs the first and the last day of a period")
        .With("field", field);
  }
  return day;
}

// Whole months, quarters and years have names.
std::string NameOfDays(absl::CivilDay from, absl::CivilDay to, Language language) {
  const absl::CivilMonth month(from);
  const absl::CivilMonth after(to + 1);
  if (from == absl::CivilDay(month) && to + 1 == absl::CivilDay(after)) {
    const auto months = after - month;
    if (months == 1) return NameOfPeriod(from, v1::REPORT_PERIOD_MONTH, language).name;
    if (months == 3 && from.month() % 3 == 1) {
      return NameOfPeriod(from, v1::REPORT_PERIOD_QUARTER, language).name;
    }
    if (months == 12 && from.month() == 1) {
      return NameOfPeriod(from, v1::REPORT_PERIOD_YEAR, language).name;
    }
  }
  return absl::StrCat(FormatDay(from), language == Language::kChinese ? "至" : " to ",
                      FormatDay(to));
}

class BulletinReport {
 public:
  BulletinReport(Task& task, const Days& days)
      : task_(task),
        days_(days),
        hazards_(task.records, task.language(), task.heading.zone, v1::REPORT_PERIOD_MONTH) {
    filter_ = task.request.filter();
    *filter_.mutable_found_from() = ToDate(*days.from);
    *filter_.mutable_found_to() = ToDate(*days.to);
    // Orders of whatever hazards: it is their own days that count.
    choice_.hazards = task.request.filter();
    choice_.hazards.clear_found_from();
    choice_.hazards.clear_found_to();
  }

  absl::Status Count() {
    VIGIL_RETURN_IF_ERROR(
        ForEachHazard(task_.context, task_.records, filter_, "",
                      [&](const HazardLine& line) { return hazards_.Add(line); }));
    VIGIL_RETURN_IF_ERROR(ForEachOrder(task_.context, task_.records, choice_,
                                       [&](const OrderLine& line) -> absl::Status {
                                         issued_ += days_.Has(line.order().issued_on()) ? 1 : 0;
                                         lifted_ += days_.Has(line.order().lifted_on()) ? 1 : 0;
                                         return absl::OkStatus();
                                       }));
    VIGIL_ASSIGN_OR_RETURN(bulletins_, CountBulletins(task_.context, task_.records, days_));
    return absl::OkStatus();
  }

  std::vector<std::string> Paragraphs() const {
    const Tally& total = hazards_.total();
    Tally circulated;
    for (const auto& [number, group] : bulletins_) {
      circulated.found += group.tally.found;
      circulated.rectified += group.tally.rectified;
    }
    const std::string rate =
        total.rate() ? absl::StrFormat("%.2f%%", *total.rate()) : std::string("—");
    const std::string days = total.average_days() ? NumberText(*total.average_days()) : "—";
    const auto text = [](std::int64_t number) { return std::to_string(number); };
    return {console::Fill(kFound.In(task_.language()),
                          {FormatDay(*days_.from), FormatDay(*days_.to), text(total.found),
                           text(hazards_.major()), text(total.rectified), text(total.open()),
                           text(total.transferred), rate, days, text(total.overdue)}),
            console::Fill(kOrders.In(task_.language()),
                          {text(issued_), text(lifted_), std::to_string(bulletins_.size()),
                           text(circulated.found), text(circulated.rectified)})};
  }

  absl::Status Write() {
    VIGIL_RETURN_IF_ERROR(WriteOf("department", {"By industry department", "按行业监管部门"},
                                  hazards_.departments()));
    VIGIL_RETURN_IF_ERROR(WriteOf("district", {"By district", "按所在区"}, hazards_.districts()));
    VIGIL_RETURN_IF_ERROR(
        WriteOf("site_type", {"By site type", "按场所类型"}, hazards_.site_types()));
    VIGIL_RETURN_IF_ERROR(WriteOf("grade", {"By grade", "按隐患等级"}, hazards_.grades()));
    VIGIL_RETURN_IF_ERROR(WriteOf("period", {"By month", "按月份"}, hazards_.periods()));
    VIGIL_RETURN_IF_ERROR(WriteOf("bulletin", {"Bulletins", "本期印发的通报"}, bulletins_));
    // One table has one set of columns; the lists are the ledgers' own files.
    if (task_.request.format() == v1::REPORT_FORMAT_CSV) return absl::OkStatus();
    v1::HazardFilter major = filter_;
    major.set_grade(v1::HAZARD_GRADE_MAJOR);
    major.set_finished(v1::TRI_STATE_NO);
    VIGIL_RETURN_IF_ERROR(
        WriteHazardsOf("major", {"Major hazards not finished", "未办结的重大隐患"}, major));
    v1::HazardFilter overdue = filter_;
    overdue.set_overdue(v1::TRI_STATE_YES);
    VIGIL_RETURN_IF_ERROR(
        WriteHazardsOf("overdue", {"Overdue hazards", "超期未整改的隐患"}, overdue));
    return WriteOrders();
  }

 private:
  std::string Said(const Text& text) const { return In(text, task_.language()); }

  absl::Status WriteOf(std::string_view name, const Text& title, const Groups& groups) {
    return WriteGroups(task_.writer, TallySection(name, Said(title), task_.language()), groups);
  }

  absl::Status WriteHazardsOf(std::string_view name, const Text& title,
                              const v1::HazardFilter& filter) {
    const std::vector<HazardColumn> columns =
        HazardColumns({"number", "risk_source_name", "description", "grade", "state", "found_at",
                       "due_date", "responsible_unit"});
    VIGIL_RETURN_IF_ERROR(
        task_.writer.BeginSection(HazardSection(name, Said(title), columns, task_.language())));
    return ForEachHazard(task_.context, task_.records, filter, "due_date",
                         [&](const HazardLine& line) -> absl::Status {
                           if (!line.Counts()) return absl::OkStatus();
                           VIGIL_ASSIGN_OR_RETURN(
                               const Row row,
                               HazardRowOf(line, columns, task_.records, task_.language()));
                           return task_.writer.Add(row);
                         });
  }

  absl::Status WriteOrders() {
    const Section full = SupervisionSection(
        "supervision", Said({"Tagged supervision in this time", "本期挂牌督办"}), task_.language());
    const Chosen chosen(full, {"number", "status", "hazard_number", "hazard_description",
                               "responsible_unit", "issued_on", "due_date", "lifted_on"});
    VIGIL_RETURN_IF_ERROR(task_.writer.BeginSection(chosen.section()));
    return ForEachOrder(
        task_.context, task_.records, choice_, [&](const OrderLine& line) -> absl::Status {
          const v1::SupervisionOrder& order = line.order();
          if (!days_.Has(order.issued_on()) && !days_.Has(order.lifted_on())) {
            return absl::OkStatus();
          }
          VIGIL_ASSIGN_OR_RETURN(Row row, SupervisionRowOf(line, task_.records, task_.language()));
          return task_.writer.Add(chosen.Of(std::move(row)));
        });
  }

  Task& task_;
  const Days days_;
  HazardTally hazards_;
  v1::HazardFilter filter_;
  OrderChoice choice_;
  std::int64_t issued_ = 0;
  std::int64_t lifted_ = 0;
  Groups bulletins_;
};

}  // namespace

absl::Status WriteBulletin(Task task) {
  VIGIL_ASSIGN_OR_RETURN(const absl::CivilDay from, DayOf(task.request.from(), "from"));
  VIGIL_ASSIGN_OR_RETURN(const absl::CivilDay to, DayOf(task.request.to(), "to"));
  if (to < from) {
    return Refuse(v1::REASON_INVALID_DATE, "the period ends before it begins").With("field", "to");
  }
  task.heading.name = "bulletin";
  task.heading.has_sections = true;
  task.heading.title =
      console::Fill(kTitle.In(task.language()), {NameOfDays(from, to, task.language())});
  BulletinReport report(task, {.from = from, .to = to});
  VIGIL_RETURN_IF_ERROR(report.Count());
  task.heading.paragraphs = report.Paragraphs();
  VIGIL_RETURN_IF_ERROR(task.writer.Begin(task.heading));
  VIGIL_RETURN_IF_ERROR(report.Write());
  return task.writer.End();
}

}  // namespace vigil::report
