#include "server/report/supervision_report.h"

#include <utility>

#include "server/report/datum.h"
#include "server/report/headings.h"
#include "sync/base/status.h"
#include "sync/rules/record.h"

namespace vigil::report {
namespace {

constexpr Text kTitle{"Ledger of tagged supervision", "挂牌督办台账"};
constexpr double kFenPerYuan = 100;

constexpr ColumnSpec kColumns[] = {
    {"number", ColumnType::kText, 16},
    {"ledger", ColumnType::kText, 11},
    {"level", ColumnType::kText, 8},
    {"status", ColumnType::kText, 11},
    {"hazard_number", ColumnType::kText, 15},
    {"hazard_description", ColumnType::kText, 36},
    {"hazard_status", ColumnType::kText, 11},
    {"responsible_unit", ColumnType::kText, 20},
    {"ordered_by", ColumnType::kText, 14},
    {"signatory", ColumnType::kText, 16},
    {"content", ColumnType::kText, 30},
    {"issued_on", ColumnType::kDate, 11},
    {"served_by", ColumnType::kText, 14},
    {"received_by", ColumnType::kText, 14},
    {"received_on", ColumnType::kDate, 11},
    {"plan_due", ColumnType::kDate, 11},
    {"filed_on", ColumnType::kDate, 11},
    {"due_date", ColumnType::kDate, 11},
    {"goal", ColumnType::kText, 26},
    {"measures", ColumnType::kText, 32},
    {"responsible_person", ColumnType::kText, 16},
    {"funds", ColumnType::kReal, 12},
    {"percent", ColumnType::kInteger, 8},
    {"acceptance_opinion", ColumnType::kText, 20},
    {"lifted_on", ColumnType::kDate, 11},
    {"published_on", ColumnType::kDate, 11},
    {"tag_in_doubt", ColumnType::kFlag, 8},
};

// A sheet of paper has room for fewer.
std::vector<std::string_view> ColumnsFor(v1::ReportFormat format) {
  if (format == v1::REPORT_FORMAT_HTML) {
    return {"number",           "ledger",        "level",
            "status",           "hazard_number", "hazard_description",
            "responsible_unit", "issued_on",     "plan_due",
            "due_date",         "measures",      "responsible_person",
            "percent",          "lifted_on"};
  }
  std::vector<std::string_view> all;
  for (const ColumnSpec& spec : kColumns) all.push_back(spec.name);
  return all;
}

// How far the work is, as the unit said last; nothing where it has not.
absl::StatusOr<Value> PercentOf(const OrderLine& line, Records& records) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<RecordPtr> reports,
                         records.Children(line.row.hazard(), v1::Entity::kProgressReport));
  Value percent;
  // The newest stands last: ids begin with the time.
  for (const RecordPtr& report : reports) {
    const v1::ProgressReport& body = report->entity().progress_report();
    if (body.has_percent()) percent = std::int64_t{body.percent()};
  }
  return percent;
}

absl::StatusOr<std::optional<GeoPoint>> PointOf(const OrderLine& line, Records& records) {
  if (line.hazard().has_position()) return ForMap(line.hazard().position());
  VIGIL_ASSIGN_OR_RETURN(const RecordPtr source, records.Find(line.hazard().risk_source()));
  if (source == nullptr || !source->entity().risk_source().has_position()) {
    return std::optional<GeoPoint>();
  }
  return ForMap(source->entity().risk_source().position());
}

}  // namespace

Section SupervisionSection(std::string_view name, std::string title, Language language) {
  Section section;
  section.name = name;
  section.title = std::move(title);
  for (const ColumnSpec& spec : kColumns) section.columns.push_back(ColumnOf(spec, language));
  return section;
}

absl::StatusOr<Row> SupervisionRowOf(const OrderLine& line, Records& records, Language language) {
  const v1::SupervisionOrder& order = line.order();
  v1::RectificationPlan plan;
  if (!order.plan().empty()) {
    VIGIL_ASSIGN_OR_RETURN(const RecordPtr found, records.Read(order.plan()));
    if (found != nullptr) plan = found->entity().rectification_plan();
  }
  Value funds;
  if (plan.has_funds()) funds = static_cast<double>(plan.funds().fen()) / kFenPerYuan;
  VIGIL_ASSIGN_OR_RETURN(std::string ordered_by, records.NameOf(order.ordered_by()));
  VIGIL_ASSIGN_OR_RETURN(Value percent, PercentOf(line, records));
  Row row;
  row.key = line.row.record();
  VIGIL_ASSIGN_OR_RETURN(row.point, PointOf(line, records));
  row.values = {line.row.number(),
                line.row.ledger(),
                console::NameOf(line.row.level(), language),
                console::NameOf(line.row.status(), language),
                line.row.hazard_number(),
                line.row.hazard_description(),
                console::NameOf(line.row.hazard_status(), language),
                line.row.responsible_unit_name(),
                std::move(ordered_by),
                order.signatory(),
                order.content(),
                DateValue(order.issued_on()),
                order.served_by(),
                order.received_by(),
                DateValue(order.received_on()),
                DateValue(order.plan_due()),
                DateValue(order.filed_on()),
                DateValue(line.row.due_date()),
                plan.goal(),
                plan.measures(),
                plan.responsible_person(),
                std::move(funds),
                std::move(percent),
                order.acceptance_opinion(),
                DateValue(order.lifted_on()),
                DateValue(order.published_on()),
                line.row.tag_in_doubt()};
  return row;
}

absl::Status WriteSupervision(Task task) {
  task.heading.name = "supervision";
  task.heading.title = In(kTitle, task.language());
  VIGIL_RETURN_IF_ERROR(task.writer.Begin(task.heading));
  const Section full = SupervisionSection("supervision", task.heading.title, task.language());
  const Chosen chosen(full, ColumnsFor(task.request.format()));
  VIGIL_RETURN_IF_ERROR(task.writer.BeginSection(chosen.section()));
  OrderChoice choice;
  for (const int status : task.request.statuses()) {
    choice.statuses.push_back(static_cast<v1::OrderStatus>(status));
  }
  choice.ledger = task.request.ledger();
  choice.hazards = task.request.filter();
  VIGIL_RETURN_IF_ERROR(
      ForEachOrder(task.context, task.records, choice, [&](const OrderLine& line) -> absl::Status {
        VIGIL_ASSIGN_OR_RETURN(Row row, SupervisionRowOf(line, task.records, task.language()));
        return task.writer.Add(chosen.Of(std::move(row)));
      }));
  return task.writer.End();
}

}  // namespace vigil::report
