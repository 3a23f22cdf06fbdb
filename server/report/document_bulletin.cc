#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/report/headings.h"
#include "server/report/letter.h"
#include "sync/base/status.h"

// 通报.

namespace vigil::report {
namespace {

constexpr Text kTitle{"Bulletin", "通报"};
constexpr Text kHazards{"Hazards that are circulated ($0):", "通报的隐患（$0项）："};
constexpr Text kHidden{"$0 of them lie outside the reader's units and are not listed here.",
                       "其中$0项不在查阅人所属单位范围内，此处未列出。"};
constexpr Text kCopies{"To: $0", "发送：$0"};

}  // namespace

absl::StatusOr<std::string> BulletinNotice(const Draft& draft) {
  const v1::Bulletin& bulletin = draft.record->entity().bulletin();
  const Language language = draft.language;
  std::vector<std::vector<std::string>> rows;
  std::string bureau;
  for (const std::string& hazard : bulletin.hazards()) {
    const std::optional<Uuid> id = Uuid::Parse(hazard);
    if (!id) continue;
    VIGIL_ASSIGN_OR_RETURN(const bool sees, draft.context.sees(*id));
    if (!sees) continue;
    VIGIL_ASSIGN_OR_RETURN(const Subject subject, SubjectOf(draft, hazard));
    VIGIL_ASSIGN_OR_RETURN(std::string unit, draft.NameOf(subject.unit));
    rows.push_back({subject.hazard().number(), subject.risk_source().name(),
                    subject.hazard().description(), std::move(unit),
                    console::DateText(subject.state.due_date()),
                    console::StateText(subject.state, language)});
    if (bureau.empty()) {
      VIGIL_ASSIGN_OR_RETURN(bureau, draft.BureauOver(subject.unit));
    }
  }
  std::vector<std::string> recipients;
  for (const std::string& recipient : bulletin.recipients()) {
    VIGIL_ASSIGN_OR_RETURN(std::string name, draft.NameOf(recipient));
    recipients.push_back(std::move(name));
    if (bureau.empty()) {
      VIGIL_ASSIGN_OR_RETURN(bureau, draft.BureauOver(recipient));
    }
  }
  const std::string all =
      OrBlank(absl::StrJoin(recipients, language == Language::kChinese ? "、" : ", "));
  const std::string title = bulletin.title().empty() ? draft.Said(kTitle) : bulletin.title();
  Letter letter({.issuer = OrBlank(bureau), .title = title, .number = bulletin.number()}, language);
  letter.To(all);
  letter.Paragraph(bulletin.text());
  const int hidden = bulletin.hazards_size() - static_cast<int>(rows.size());
  letter.Paragraph(kHazards, {std::to_string(bulletin.hazards_size())});
  if (hidden > 0) letter.Paragraph(kHidden, {std::to_string(hidden)});
  const auto label = [&](std::string_view name) { return HeadingOf(name, language); };
  letter.Table({label("number"), label("risk_source_name"), label("description"),
                label("responsible_unit"), label("due_date"), label("state")},
               rows);
  letter.Sign(
      {.signatory = "", .unit = OrBlank(bureau), .date = LongDate(bulletin.issued_on(), language)});
  letter.Copies(console::Fill(kCopies.In(language), {all}));
  return std::move(letter).Finish();
}

}  // namespace vigil::report
