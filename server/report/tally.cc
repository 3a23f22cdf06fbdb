#include "server/report/tally.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/report/headings.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/record.h"

namespace vigil::report {
namespace {

constexpr int kPageRecords = 200;
constexpr Text kNone{"(none)", "（未指定）"};

// Sorts behind every code.
constexpr char kLast[] = "\x7f";

template <typename Enum>
void AddTo(Groups& groups, Enum value, Language language, const HazardLine& line) {
  Group& group = groups[absl::StrFormat("%03d", static_cast<int>(value))];
  group.code = console::NameOf(value, Language::kEnglish);
  std::replace(group.code.begin(), group.code.end(), ' ', '_');
  group.name = value == 0 ? In(kNone, language) : console::NameOf(value, language);
  group.tally.Add(line);
}

std::string NameOfLedger(const std::string& ledger, Language language) {
  if (ledger == "hazards") return In({"tagged hazards", "隐患挂牌督办台账"}, language);
  if (ledger == "park-slopes") return In({"park slopes", "公园边坡挂牌督办台账"}, language);
  return ledger;
}

void AddOrder(const OrderLine& line, const v1::Date& today, Tally& tally) {
  ++tally.found;
  const bool lifted = line.row.status() == v1::ORDER_STATUS_LIFTED;
  const bool transferred = line.row.status() == v1::ORDER_STATUS_TRANSFERRED;
  if (lifted) ++tally.rectified;
  if (transferred) ++tally.transferred;
  const v1::Date& due = line.row.due_date();
  const bool is_past =
      line.row.has_due_date() && absl::CivilDay(due.year(), due.month(), due.day()) <
                                     absl::CivilDay(today.year(), today.month(), today.day());
  const bool is_rectified = line.row.hazard_status() == v1::HAZARD_STATUS_VERIFIED;
  if (is_past && !lifted && !transferred && !is_rectified) ++tally.overdue;
}

absl::StatusOr<Tally> CountCirculated(Context& context, Records& records,
                                      const v1::Bulletin& bulletin) {
  Tally tally;
  for (const std::string& hazard : bulletin.hazards()) {
    const std::optional<Uuid> id = Uuid::Parse(hazard);
    if (!id) continue;
    VIGIL_ASSIGN_OR_RETURN(const bool sees, context.sees(*id));
    if (!sees) continue;
    VIGIL_ASSIGN_OR_RETURN(const std::optional<store::HazardProjection> found,
                           context.snapshot.FindHazardProjection(*id));
    if (!found) continue;
    HazardLine line;
    *line.row.mutable_state() = found->state;
    VIGIL_ASSIGN_OR_RETURN(line.record, records.Read(hazard));
    if (line.record != nullptr) tally.Add(line);
  }
  return tally;
}

Value Optional(const std::optional<double>& value) {
  if (!value) return std::monostate();
  return *value;
}

}  // namespace

std::optional<double> Tally::rate() const {
  if (found == 0) return std::nullopt;
  return std::round(10000.0 * static_cast<double>(rectified) / static_cast<double>(found)) / 100;
}

std::optional<double> Tally::average_days() const {
  if (dated == 0) return std::nullopt;
  return std::round(10 * days / static_cast<double>(dated)) / 10;
}

void Tally::Add(const HazardLine& line) {
  if (!line.Counts()) return;
  ++found;
  if (line.IsRectified()) ++rectified;
  if (line.row.overdue()) ++overdue;
  if (line.row.state().status() == v1::HAZARD_STATUS_TRANSFERRED) ++transferred;
  if (const std::optional<double> taken = line.DaysToRectify()) {
    ++dated;
    days += *taken;
  }
}

absl::Status HazardTally::AddTo(Groups& groups, const std::string& unit, const HazardLine& line) {
  VIGIL_ASSIGN_OR_RETURN(std::string code, records_.KeyOf(unit));
  Group& group = groups[code.empty() ? kLast : code];
  if (group.tally.found == 0) {
    VIGIL_ASSIGN_OR_RETURN(group.name, records_.NameOf(unit));
    if (code.empty()) group.name = In(kNone, language_);
    group.code = std::move(code);
  }
  group.tally.Add(line);
  return absl::OkStatus();
}

absl::Status HazardTally::Add(const HazardLine& line) {
  if (!line.Counts()) return absl::OkStatus();
  total_.Add(line);
  if (line.row.state().grade() == v1::HAZARD_GRADE_MAJOR) ++major_;
  VIGIL_RETURN_IF_ERROR(AddTo(departments_, line.risk_source().industry_department(), line));
  VIGIL_RETURN_IF_ERROR(AddTo(districts_, line.risk_source().district(), line));
  report::AddTo(site_types_, line.row.site_type(), language_, line);
  report::AddTo(grades_, line.row.state().grade(), language_, line);
  const absl::CivilDay found = DayAt(TimeOf(line.row.found_at()), zone_);
  PeriodName period = NameOfPeriod(found, period_, language_);
  Group& group = periods_[period.code];
  group.code = std::move(period.code);
  group.name = std::move(period.name);
  group.tally.Add(line);
  return absl::OkStatus();
}

absl::StatusOr<Groups> CountOrders(Context& context, Records& records, const OrderChoice& choice,
                                   Language language) {
  Groups groups;
  const v1::Date today = Today(context);
  VIGIL_RETURN_IF_ERROR(
      ForEachOrder(context, records, choice, [&](const OrderLine& line) -> absl::Status {
        Group& group = groups[line.row.ledger()];
        group.code = line.row.ledger();
        group.name = NameOfLedger(line.row.ledger(), language);
        AddOrder(line, today, group.tally);
        return absl::OkStatus();
      }));
  return groups;
}

bool Days::Has(const v1::Date& date) const {
  if (!from && !to) return true;
  if (date.year() == 0) return false;
  const absl::CivilDay day(date.year(), date.month(), date.day());
  return (!from || day >= *from) && (!to || day <= *to);
}

absl::StatusOr<Groups> CountBulletins(Context& context, Records& records, const Days& days) {
  Groups groups;
  std::string token;
  do {
    VIGIL_ASSIGN_OR_RETURN(store::RecordPage page,
                           context.snapshot.Records(v1::Entity::kBulletin, Uuid(), kPageRecords,
                                                    token, context.scope));
    for (const store::StoredRecord& stored : page.records) {
      VIGIL_ASSIGN_OR_RETURN(const RecordPtr record, records.Read(stored.id.ToString()));
      const v1::Bulletin& bulletin = record->entity().bulletin();
      if (!days.Has(bulletin.issued_on())) continue;
      Group& group = groups[bulletin.number()];
      group.code = bulletin.number();
      group.name = bulletin.title();
      VIGIL_ASSIGN_OR_RETURN(group.tally, CountCirculated(context, records, bulletin));
    }
    token = page.next_page_token;
  } while (!token.empty());
  return groups;
}

Section TallySection(std::string_view name, std::string title, Language language) {
  static constexpr ColumnSpec kColumns[] = {
      {"code", ColumnType::kText, 18},           {"name", ColumnType::kText, 34},
      {"found", ColumnType::kInteger, 10},       {"rectified", ColumnType::kInteger, 10},
      {"open", ColumnType::kInteger, 10},        {"rate", ColumnType::kReal, 12},
      {"overdue", ColumnType::kInteger, 10},     {"average_days", ColumnType::kReal, 14},
      {"transferred", ColumnType::kInteger, 12}, {"in_hand", ColumnType::kInteger, 10},
  };
  Section section;
  section.name = name;
  section.title = std::move(title);
  for (const ColumnSpec& spec : kColumns) section.columns.push_back(ColumnOf(spec, language));
  return section;
}

Row TallyRow(const Group& group) {
  const Tally& tally = group.tally;
  Row row;
  row.key = group.code;
  row.values = {group.code,        group.name,
                tally.found,       tally.rectified,
                tally.open(),      Optional(tally.rate()),
                tally.overdue,     Optional(tally.average_days()),
                tally.transferred, tally.in_hand()};
  return row;
}

absl::Status WriteGroups(TableWriter& writer, const Section& section, const Groups& groups) {
  VIGIL_RETURN_IF_ERROR(writer.BeginSection(section));
  for (const auto& [key, group] : groups) VIGIL_RETURN_IF_ERROR(writer.Add(TallyRow(group)));
  return absl::OkStatus();
}

PeriodName NameOfPeriod(absl::CivilDay day, v1::ReportPeriod period, Language language) {
  const std::string year = absl::StrFormat("%04d", day.year());
  const bool chinese = language == Language::kChinese;
  if (period == v1::REPORT_PERIOD_YEAR) return {year, chinese ? year + "年" : year};
  if (period == v1::REPORT_PERIOD_QUARTER) {
    static constexpr std::string_view kNumerals[] = {"一", "二", "三", "四"};
    const int quarter = (day.month() - 1) / 3;
    const std::string code = absl::StrCat(year, "-Q", quarter + 1);
    return {code, chinese ? absl::StrCat(year, "年第", ToAbsl(kNumerals[quarter]), "季度") : code};
  }
  const std::string code = absl::StrFormat("%s-%02d", year, day.month());
  return {code, chinese ? absl::StrCat(year, "年", day.month(), "月") : code};
}

}  // namespace vigil::report
