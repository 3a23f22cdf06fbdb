#include "server/store/ledger_query.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"
#include "server/store/rows.h"
#include "sync/base/hash.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/base/utf8.h"
#include "vigil/v1/error.pb.h"

namespace vigil::store {
namespace {

// SQLite bounds a pattern at 1,000 bytes; each byte may need an escape.
constexpr std::size_t kTextBytesMax = 400;
constexpr int kStatusesMax = 32;

absl::Status BadFilter(std::string_view field, std::string_view message) {
  return StoreError(absl::StatusCode::kInvalidArgument, v1::REASON_INVALID_FILTER,
                    std::string("filter ") + std::string(field) + ": " + std::string(message))
      .With("field", field);
}

// Collects conditions; the first fault stands.
class Conditions {
 public:
  void Add(std::string condition) { conditions_.push_back(std::move(condition)); }

  void AddFlag(v1::TriState wanted, std::string_view field, std::string_view condition) {
    if (wanted == v1::TRI_STATE_UNSPECIFIED) return;
    if (!v1::TriState_IsValid(wanted)) return Fail(field, "neither yes nor no");
    const std::string_view negation = wanted == v1::TRI_STATE_NO ? "NOT " : "";
    Add(std::string(negation) + "(" + std::string(condition) + ")");
  }

  template <typename Enum>
  void AddEnum(Enum value, std::string_view field, std::string_view column) {
    if (value == 0) return;
    const google::protobuf::EnumValueDescriptor* const known =
        google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(static_cast<int>(value));
    if (known == nullptr) return Fail(field, "a value that this program does not know");
    Add(absl::StrCat(ToAbsl(column), " = ", static_cast<int>(value), " /* ", known->name(), " */"));
  }

  // The column names this unit or one below it.
  void AddUnit(std::string_view unit, std::string_view field, std::string_view column) {
    const std::optional<Uuid> id = ParseId(unit, field);
    if (!id) return;
    Add(std::string(column) + " IN (WITH RECURSIVE below(id) AS (VALUES (" + IdLiteral(*id) +
        ") UNION SELECT unit.id FROM unit JOIN below ON unit.parent = below.id)"
        " SELECT id FROM below)");
  }

  void AddId(std::string_view text, std::string_view field, std::string_view column) {
    const std::optional<Uuid> id = ParseId(text, field);
    if (id) Add(std::string(column) + " = " + IdLiteral(*id));
  }

  // nullopt: it is unset, or no date (a fault).
  std::optional<absl::CivilDay> Day(const v1::Date& date, bool is_set, std::string_view field) {
    if (!is_set) return std::nullopt;
    const absl::CivilDay day(date.year(), date.month(), date.day());
    // An impossible date is another one after normalisation.
    if (day.year() != date.year() || day.month() != date.month() || day.day() != date.day() ||
        !IsPlausible(day)) {
      Fail(field, "not a date");
      return std::nullopt;
    }
    return day;
  }

  void Fail(std::string_view field, std::string_view message) {
    status_.Update(BadFilter(field, message));
  }

  absl::StatusOr<std::string> Joined() const {
    VIGIL_RETURN_IF_ERROR(status_);
    if (conditions_.empty()) return std::string("1");
    return absl::StrJoin(conditions_, "\n  AND ");
  }

 private:
  std::optional<Uuid> ParseId(std::string_view text, std::string_view field) {
    if (text.empty()) return std::nullopt;
    const std::optional<Uuid> id = Uuid::Parse(text);
    if (!id) Fail(field, "not an id");
    return id;
  }

  std::vector<std::string> conditions_;
  absl::Status status_;
};

std::string FormatLiteral(absl::CivilDay day) { return "'" + FormatDay(day) + "'"; }

void AddStatuses(const v1::HazardFilter& filter, Conditions& conditions) {
  if (filter.statuses_size() == 0) return;
  if (filter.statuses_size() > kStatusesMax) return conditions.Fail("statuses", "too many");
  std::vector<int> numbers;
  std::vector<std::string> names;
  for (const int status : filter.statuses()) {
    if (status == v1::HAZARD_STATUS_UNSPECIFIED || !v1::HazardStatus_IsValid(status)) {
      return conditions.Fail("statuses", "a value that this program does not know");
    }
    numbers.push_back(status);
    names.push_back(v1::HazardStatus_Name(status));
  }
  conditions.Add(absl::StrCat("hazard.status IN (", absl::StrJoin(numbers, ", "), ") /* ",
                              absl::StrJoin(names, ", "), " */"));
}

void AddText(const v1::HazardFilter& filter, Conditions& conditions) {
  if (filter.text().empty()) return;
  if (!IsValidText(filter.text())) return conditions.Fail("text", "not well-formed");
  if (filter.text().size() > kTextBytesMax) return conditions.Fail("text", "too long");
  std::string pattern = "%";
  for (const char c : filter.text()) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  pattern += "%";
  const std::string like = " LIKE " + TextLiteral(pattern) + " ESCAPE '\\'";
  conditions.Add("(hazard.number" + like + " OR hazard.description" + like +
                 " OR coalesce(risk_source.name, '')" + like + ")");
}

void AddDates(const v1::HazardFilter& filter, const absl::TimeZone& zone, Conditions& conditions) {
  if (const auto day = conditions.Day(filter.found_from(), filter.has_found_from(), "found_from")) {
    conditions.Add(absl::StrCat("hazard.found_at >= ", ToMicros(StartOfDay(*day, zone)), " /* ",
                                FormatDay(*day), " */"));
  }
  if (const auto day = conditions.Day(filter.found_to(), filter.has_found_to(), "found_to")) {
    conditions.Add(absl::StrCat("hazard.found_at < ", ToMicros(StartOfDay(*day + 1, zone)),
                                " /* the end of ", FormatDay(*day), " */"));
  }
  if (const auto day = conditions.Day(filter.due_from(), filter.has_due_from(), "due_from")) {
    conditions.Add("hazard.due_date >= " + FormatLiteral(*day));
  }
  if (const auto day = conditions.Day(filter.due_to(), filter.has_due_to(), "due_to")) {
    conditions.Add("hazard.due_date <= " + FormatLiteral(*day));
  }
}

}  // namespace

std::string TextLiteral(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\'') literal += '\'';
    literal += c;
  }
  return literal + "'";
}

std::string IdLiteral(const Uuid& id) { return "x'" + HexEncode(id.bytes()) + "'"; }

std::string OverdueCondition(const v1::Date& today) {
  // As rules::IsOverdue: what is verified and only waits for its tag to be lifted is not late.
  return "hazard.finished = 0 AND hazard.rectified = 0"
         " AND coalesce(hazard.due_date, '9999-12-31') < '" +
         DateText(today) + "'";
}

absl::StatusOr<std::string> HazardConditions(const v1::HazardFilter& filter,
                                             const FilterContext& context) {
  Conditions conditions;
  AddStatuses(filter, conditions);
  conditions.AddEnum(filter.grade(), "grade", "hazard.grade");
  conditions.AddFlag(filter.tagged(), "tagged", "hazard.tagged = 1");
  conditions.AddFlag(filter.overdue(), "overdue", OverdueCondition(context.today));
  conditions.AddFlag(filter.finished(), "finished", "hazard.finished = 1");
  conditions.AddFlag(filter.in_conflict(), "in_conflict", "hazard.in_conflict = 1");
  conditions.AddEnum(filter.site_type(), "site_type", "risk_source.site_type");
  conditions.AddUnit(filter.unit(), "unit", "hazard.responsible_unit");
  conditions.AddUnit(filter.district(), "district", "risk_source.district");
  conditions.AddUnit(filter.industry_department(), "industry_department",
                     "risk_source.industry_department");
  conditions.AddEnum(filter.origin(), "origin", "hazard.origin");
  AddText(filter, conditions);
  AddDates(filter, context.zone, conditions);
  conditions.AddId(filter.risk_source(), "risk_source", "hazard.risk_source");
  return conditions.Joined();
}

absl::StatusOr<std::string> RiskSourceConditions(const v1::HazardFilter& filter) {
  Conditions conditions;
  conditions.AddEnum(filter.site_type(), "site_type", "risk_source.site_type");
  conditions.AddUnit(filter.unit(), "unit", "risk_source.responsible_unit");
  conditions.AddUnit(filter.district(), "district", "risk_source.district");
  conditions.AddUnit(filter.industry_department(), "industry_department",
                     "risk_source.industry_department");
  conditions.AddId(filter.risk_source(), "risk_source", "risk_source.id");
  return conditions.Joined();
}

absl::StatusOr<LedgerOrder> ParseOrder(std::string_view order_by) {
  struct Choice {
    std::string_view name;
    std::string_view expression;
    bool is_text;
  };
  // A hazard without a due date comes after all others.
  static constexpr Choice kChoices[] = {
      {"number", "hazard.number", true},
      {"due_date", "coalesce(hazard.due_date, '9999-12-31')", true},
      {"found_at", "hazard.found_at", false},
      {"grade", "hazard.grade_rank", false},
      {"status", "hazard.status_rank", false},
  };
  constexpr std::string_view kDescending = " desc";
  std::string_view name = order_by.empty() ? "number" : order_by;
  const bool descending = name.size() > kDescending.size() && name.ends_with(kDescending);
  if (descending) name.remove_suffix(kDescending.size());
  for (const Choice& choice : kChoices) {
    if (choice.name == name) return LedgerOrder{choice.expression, choice.is_text, descending};
  }
  return BadFilter("order_by",
                   "one of number, due_date, found_at, grade, status; ' desc' may follow");
}

}  // namespace vigil::store
