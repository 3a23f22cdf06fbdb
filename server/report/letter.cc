#include "server/report/letter.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/report/headings.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/base/utf8.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"

namespace vigil::report {
namespace {

constexpr std::string_view kBlank = "＿＿＿＿＿＿";
// What has room beside its name, in columns of text.
constexpr std::size_t kHalfLineColumns = 26;
constexpr int kUnitsAboveMax = 64;

constexpr Text kSeal{"(seal)", "（盖章）"};
constexpr Text kSignatory{"Signed by: $0", "签发人：$0"};

}  // namespace

std::string OrBlank(std::string_view text) { return std::string(text.empty() ? kBlank : text); }

std::string LongDate(absl::CivilDay day, Language language) {
  if (language == Language::kEnglish) return FormatDay(day);
  return absl::StrCat(day.year(), "年", day.month(), "月", day.day(), "日");
}

std::string LongDate(const v1::Date& date, Language language) {
  if (date.year() != 0) {
    return LongDate(absl::CivilDay(date.year(), date.month(), date.day()), language);
  }
  return language == Language::kChinese ? "　　年　　月　　日" : std::string(kBlank);
}

std::string LongTime(bool is_set, const google::protobuf::Timestamp& time, const Context& context,
                     Language language) {
  if (!is_set) return std::string(kBlank);
  const absl::Time instant = TimeOf(time);
  return absl::StrCat(LongDate(DayAt(instant, context.zone), language),
                      absl::FormatTime(" %H:%M", instant, context.zone));
}

Letter::Letter(const Top& top, Language language)
    : language_(language), html_(HtmlHead(top.title, language, Paper::kPortrait)) {
  absl::StrAppend(&html_, "<main class=\"letter\">\n<p class=\"issuer\">", Escaped(top.issuer),
                  "</p>\n<hr class=\"rule\">\n<h1>", Escaped(top.title),
                  "</h1>\n<p class=\"number\">", Escaped(OrBlank(top.number)), "</p>\n");
}

void Letter::To(std::string_view addressee) {
  absl::StrAppend(&html_, "<p class=\"to\">", Escaped(addressee),
                  language_ == Language::kChinese ? "：" : ":", "</p>\n");
}

void Letter::Paragraph(std::string_view text) {
  absl::StrAppend(&html_, "<p>", EscapedLines(text), "</p>\n");
}

void Letter::Paragraph(const Text& text, std::initializer_list<std::string_view> values) {
  Paragraph(console::Fill(text.In(language_), values));
}

void Letter::Facts(const std::vector<std::pair<std::string, std::string>>& facts) {
  absl::StrAppend(&html_, "<table>\n");
  const auto is_long = [&](std::size_t i) {
    return DisplayWidth(facts[i].second) > kHalfLineColumns;
  };
  bool is_open = false;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    // A short one with nothing to stand beside it takes the line, too.
    const bool is_wide = !is_open && (is_long(i) || i + 1 == facts.size() || is_long(i + 1));
    absl::StrAppend(&html_, is_open ? "" : "<tr>", "<td class=\"k\">", Escaped(facts[i].first),
                    "</td><td", is_wide ? " colspan=\"3\">" : ">", EscapedLines(facts[i].second),
                    "</td>");
    is_open = !is_open && !is_wide;
    if (!is_open) absl::StrAppend(&html_, "</tr>\n");
  }
  absl::StrAppend(&html_, "</table>\n");
}

void Letter::Table(const std::vector<std::string>& headings,
                   const std::vector<std::vector<std::string>>& rows) {
  absl::StrAppend(&html_, "<table class=\"wide\">\n<thead><tr>");
  for (const std::string& heading : headings) {
    absl::StrAppend(&html_, "<th>", Escaped(heading), "</th>");
  }
  absl::StrAppend(&html_, "</tr></thead>\n<tbody>\n");
  for (const std::vector<std::string>& row : rows) {
    absl::StrAppend(&html_, "<tr>");
    for (const std::string& cell : row) {
      absl::StrAppend(&html_, "<td>", EscapedLines(cell), "</td>");
    }
    absl::StrAppend(&html_, "</tr>\n");
  }
  absl::StrAppend(&html_, "</tbody>\n</table>\n");
}

void Letter::Sign(const Signature& signature) {
  absl::StrAppend(&html_, "<div class=\"sign\">\n<p>",
                  Escaped(console::Fill(kSignatory.In(language_), {OrBlank(signature.signatory)})),
                  "</p>\n<p>", Escaped(signature.unit), " <span class=\"seal\">",
                  Escaped(kSeal.In(language_)), "</span></p>\n<p>", Escaped(signature.date),
                  "</p>\n</div>\n");
}

void Letter::Receipt(const std::vector<std::string>& lines) {
  absl::StrAppend(&html_, "<div class=\"receipt\">\n");
  for (const std::string& line : lines) {
    absl::StrAppend(&html_, "<p>", EscapedLines(line), "</p>\n");
  }
  absl::StrAppend(&html_, "</div>\n");
}

void Letter::Copies(std::string_view text) {
  absl::StrAppend(&html_, "<div class=\"copies\"><p>", EscapedLines(text), "</p></div>\n");
}

std::string Letter::Finish() && { return std::move(html_) + "</main>\n" + HtmlFoot(); }

absl::StatusOr<std::string> Draft::NameOf(std::string_view id) const {
  VIGIL_ASSIGN_OR_RETURN(const std::string name, records.NameOf(id));
  return OrBlank(name);
}

absl::StatusOr<std::string> Draft::BureauOver(std::string_view unit) const {
  std::string name;
  std::string above(unit);
  for (int i = 0; i < kUnitsAboveMax && !above.empty(); ++i) {
    VIGIL_ASSIGN_OR_RETURN(const RecordPtr found, records.Find(above));
    if (found == nullptr) break;
    name = found->entity().org_unit().name();
    above = found->entity().org_unit().parent_unit();
  }
  return OrBlank(name);
}

const v1::RiskSource& Subject::risk_source() const {
  return source == nullptr ? v1::RiskSource::default_instance() : source->entity().risk_source();
}

absl::StatusOr<Subject> SubjectOf(const Draft& draft, std::string_view hazard) {
  Subject subject;
  VIGIL_ASSIGN_OR_RETURN(subject.hazard_record, draft.records.Find(hazard));
  if (subject.hazard_record == nullptr || !subject.hazard_record->entity().has_hazard()) {
    return rules::Refuse(v1::REASON_NOT_FOUND, "the hazard is not there");
  }
  const std::optional<Uuid> id = Uuid::Parse(hazard);
  VIGIL_ASSIGN_OR_RETURN(const std::optional<store::HazardProjection> projection,
                         draft.context.snapshot.FindHazardProjection(*id));
  if (projection) subject.state = projection->state;
  VIGIL_ASSIGN_OR_RETURN(subject.source, draft.records.Find(subject.hazard().risk_source()));
  subject.unit = subject.hazard().responsible_unit();
  if (subject.unit.empty()) subject.unit = subject.risk_source().responsible_unit();
  return subject;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> FactsOf(const Draft& draft,
                                                                         const Subject& subject) {
  const v1::Hazard& hazard = subject.hazard();
  const Language language = draft.language;
  VIGIL_ASSIGN_OR_RETURN(const std::string unit, draft.NameOf(subject.unit));
  VIGIL_ASSIGN_OR_RETURN(const std::string district,
                         draft.NameOf(subject.risk_source().district()));
  const auto label = [&](std::string_view name) { return HeadingOf(name, language); };
  std::vector<std::pair<std::string, std::string>> facts = {
      {label("hazard_number"), OrBlank(hazard.number())},
      {label("grade"), OrBlank(console::NameOf(subject.state.grade(), language))},
      {label("risk_source"),
       absl::StrCat(subject.risk_source().code(), " ", subject.risk_source().name())},
      {label("site_type"), console::NameOf(subject.risk_source().site_type(), language)},
      {label("district"), district},
      {label("responsible_unit"), unit},
      {label("found_at"),
       LongTime(hazard.has_found_at(), hazard.found_at(), draft.context, language)},
      {label("origin"), OrBlank(console::NameOf(hazard.origin(), language))},
      {label("description"), hazard.description()},
  };
  if (!hazard.interim_controls().empty()) {
    facts.emplace_back(label("interim_controls"), hazard.interim_controls());
  }
  return facts;
}

}  // namespace vigil::report
