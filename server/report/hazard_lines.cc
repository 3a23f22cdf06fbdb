#include "server/report/hazard_lines.h"

#include <cmath>
#include <utility>

#include "server/report/datum.h"
#include "server/report/headings.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vigil::report {
namespace {

constexpr int kPageRows = 500;
constexpr double kHoursPerDay = 24;

using Line = const HazardLine&;

template <typename Enum>
Value Named(Enum value, Language language) {
  return console::NameOf(value, language);
}

std::vector<HazardColumn> MakeColumns() {
  using T = ColumnType;
  using V = absl::StatusOr<Value>;
  return {
      {"number", T::kText, 15, [](Line l, Records&, Language) -> V { return l.row.number(); }},
      {"risk_source", T::kText, 12,
       [](Line l, Records&, Language) -> V { return l.row.risk_source_code(); }},
      {"risk_source_name", T::kText, 24,
       [](Line l, Records&, Language) -> V { return l.row.risk_source_name(); }},
      {"site_type", T::kText, 11,
       [](Line l, Records&, Language in) -> V { return Named(l.row.site_type(), in); }},
      {"industry_department", T::kText, 16,
       [](Line l, Records& r, Language) -> V {
         return r.NameOf(l.risk_source().industry_department());
       }},
      {"district", T::kText, 10,
       [](Line l, Records& r, Language) -> V { return r.NameOf(l.risk_source().district()); }},
      {"description", T::kText, 40,
       [](Line l, Records&, Language) -> V { return l.row.description(); }},
      {"category", T::kText, 11,
       [](Line l, Records&, Language) -> V { return l.hazard().category(); }},
      {"origin", T::kText, 12,
       [](Line l, Records&, Language in) -> V { return Named(l.row.origin(), in); }},
      {"grade", T::kText, 7,
       [](Line l, Records&, Language in) -> V { return Named(l.row.state().grade(), in); }},
      {"state", T::kText, 14,
       [](Line l, Records&, Language in) -> V { return console::StateText(l.row.state(), in); }},
      {"tagged", T::kFlag, 7,
       [](Line l, Records&, Language) -> V { return l.row.state().tagged(); }},
      {"found_at", T::kInstant, 16,
       [](Line l, Records&, Language) -> V {
         return InstantValue(l.row.has_found_at(), l.row.found_at());
       }},
      {"due_date", T::kDate, 11,
       [](Line l, Records&, Language) -> V { return DateValue(l.row.state().due_date()); }},
      {"overdue", T::kFlag, 7, [](Line l, Records&, Language) -> V { return l.row.overdue(); }},
      {"responsible_unit", T::kText, 22,
       [](Line l, Records&, Language) -> V { return l.row.responsible_unit_name(); }},
      {"supervising_unit", T::kText, 16,
       [](Line l, Records& r, Language) -> V { return r.NameOf(l.hazard().supervising_unit()); }},
      {"suspension", T::kText, 12,
       [](Line l, Records&, Language in) -> V { return Named(l.hazard().suspension(), in); }},
      {"interim_controls", T::kText, 26,
       [](Line l, Records&, Language) -> V { return l.hazard().interim_controls(); }},
      {"rectification", T::kText, 26,
       [](Line l, Records&, Language) -> V { return l.hazard().rectification(); }},
      {"rectified_at", T::kInstant, 16,
       [](Line l, Records&, Language) -> V {
         return InstantValue(l.hazard().has_rectified_at(), l.hazard().rectified_at());
       }},
      {"verified_at", T::kInstant, 16,
       [](Line l, Records&, Language) -> V {
         return InstantValue(l.hazard().has_verified_at(), l.hazard().verified_at());
       }},
      {"days_to_rectify", T::kReal, 9,
       [](Line l, Records&, Language) -> V {
         const std::optional<double> days = l.DaysToRectify();
         if (!days) return std::monostate();
         return std::round(*days * 10) / 10;
       }},
  };
}

}  // namespace

const v1::RiskSource& HazardLine::risk_source() const {
  return source == nullptr ? v1::RiskSource::default_instance() : source->entity().risk_source();
}

bool HazardLine::Counts() const {
  const v1::HazardStatus status = row.state().status();
  return !row.state().finished() ||
         (status != v1::HAZARD_STATUS_MERGED && status != v1::HAZARD_STATUS_REJECTED);
}

std::optional<double> HazardLine::DaysToRectify() const {
  if (!IsRectified() || !hazard().has_verified_at() || !hazard().has_found_at()) {
    return std::nullopt;
  }
  const absl::Duration taken = TimeOf(hazard().verified_at()) - TimeOf(hazard().found_at());
  return absl::ToDoubleHours(taken) / kHoursPerDay;
}

std::optional<GeoPoint> HazardLine::Point() const {
  if (hazard().has_position()) return ForMap(hazard().position());
  if (risk_source().has_position()) return ForMap(risk_source().position());
  return std::nullopt;
}

absl::Status ForEachHazard(Context& context, Records& records, const v1::HazardFilter& filter,
                           std::string_view order_by,
                           const std::function<absl::Status(const HazardLine&)>& take) {
  v1::ListHazardsRequest request;
  *request.mutable_filter() = filter;
  request.set_order_by(std::string(order_by));
  request.set_page_size(kPageRows);
  do {
    VIGIL_ASSIGN_OR_RETURN(store::LedgerPage page,
                           context.snapshot.Hazards(request, Today(context), context.scope));
    for (v1::HazardRow& row : page.rows) {
      HazardLine line;
      line.row = std::move(row);
      VIGIL_ASSIGN_OR_RETURN(line.record, records.Read(line.row.record()));
      VIGIL_CHECK(line.record != nullptr) << line.row.record();
      VIGIL_ASSIGN_OR_RETURN(line.source, records.Find(line.row.risk_source()));
      VIGIL_RETURN_IF_ERROR(take(line));
    }
    request.set_page_token(page.next_page_token);
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

const std::vector<HazardColumn>& HazardColumns() {
  static const auto& columns = *new std::vector<HazardColumn>(MakeColumns());
  return columns;
}

std::vector<HazardColumn> HazardColumns(const std::vector<std::string_view>& names) {
  std::vector<HazardColumn> chosen;
  for (const std::string_view name : names) {
    for (const HazardColumn& column : HazardColumns()) {
      if (column.name == name) chosen.push_back(column);
    }
  }
  VIGIL_CHECK(chosen.size() == names.size());
  return chosen;
}

Section HazardSection(std::string_view name, std::string title,
                      const std::vector<HazardColumn>& columns, Language language) {
  Section section;
  section.name = name;
  section.title = std::move(title);
  for (const HazardColumn& column : columns) {
    section.columns.push_back(ColumnOf({column.name, column.type, column.width}, language));
  }
  return section;
}

absl::StatusOr<Row> HazardRowOf(const HazardLine& line, const std::vector<HazardColumn>& columns,
                                Records& records, Language language) {
  Row row;
  row.key = line.row.record();
  row.point = line.Point();
  for (const HazardColumn& column : columns) {
    VIGIL_ASSIGN_OR_RETURN(Value value, column.value(line, records, language));
    row.values.push_back(std::move(value));
  }
  return row;
}

}  // namespace vigil::report
