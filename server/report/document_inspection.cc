#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/report/hazard_lines.h"
#include "server/report/headings.h"
#include "server/report/letter.h"
#include "sync/base/status.h"

// 检查记录.

namespace vigil::report {
namespace {

constexpr Text kTitle{"Inspection record", "安全检查记录"};
constexpr Text kAnnounced{"announced", "事先通知"};
constexpr Text kUnannounced{"unannounced", "四不两直（暗访）"};
constexpr Text kResults{"What was checked:", "检查情况："};
constexpr Text kHazards{"Hazards found:", "发现的隐患："};
constexpr Text kNoHazards{"No hazards were recorded in this inspection.", "本次检查未记录隐患。"};
constexpr Text kRemark{"Remarks: $0", "备注：$0"};
constexpr Text kPhotos{"Photos: $0.", "现场照片：$0张。"};
constexpr Text kSigned{"The inspected unit signed on the spot (signature kept as evidence $0).",
                       "被检查单位已当场签字（签名存证 $0）。"};
constexpr Text kRefused{"The inspected unit refused to sign: $0", "被检查单位拒绝签字，理由：$0"};
constexpr Text kInspectorsSign{"Inspectors (signatures): $0", "检查人员（签字）：$0"};
constexpr Text kUnitSigns{"For the inspected unit (signature): $0    Date: $1",
                          "被检查单位负责人（签字）：$0　　日期：$1"};

std::string AnswerText(const v1::Answer& answer, Language language) {
  std::vector<std::string> parts;
  if (answer.yes_no() != 0) parts.push_back(console::NameOf(answer.yes_no(), language));
  if (answer.has_number()) parts.push_back(NumberText(answer.number()));
  if (!answer.choice().empty()) parts.push_back(answer.choice());
  if (!answer.text().empty()) parts.push_back(answer.text());
  return absl::StrJoin(parts, " ");
}

absl::StatusOr<std::vector<std::vector<std::string>>> AnswerRows(const Draft& draft,
                                                                 const v1::Inspection& inspection) {
  VIGIL_ASSIGN_OR_RETURN(const RecordPtr checklist, draft.records.Find(inspection.checklist()));
  std::vector<std::vector<std::string>> rows;
  for (const v1::Answer& answer : inspection.answers()) {
    std::string text;
    std::string unit;
    if (checklist != nullptr) {
      for (const v1::ChecklistItem& item : checklist->entity().checklist().items()) {
        if (item.code() != answer.item()) continue;
        const bool english = draft.language == Language::kEnglish && !item.text_en().empty();
        text = english ? item.text_en() : item.text();
        unit = item.unit();
      }
    }
    std::string said = AnswerText(answer, draft.language);
    if (answer.has_number() && !unit.empty()) absl::StrAppend(&said, " ", unit);
    rows.push_back({answer.item(), text, std::move(said)});
  }
  return rows;
}

absl::StatusOr<std::vector<std::vector<std::string>>> HazardRows(const Draft& draft,
                                                                 const std::string& source) {
  std::vector<std::vector<std::string>> rows;
  v1::HazardFilter filter;
  filter.set_risk_source(source);
  VIGIL_RETURN_IF_ERROR(ForEachHazard(
      draft.context, draft.records, filter, "", [&](const HazardLine& line) -> absl::Status {
        if (line.hazard().inspection() != draft.record->id()) return absl::OkStatus();
        const v1::HazardState& state = line.row.state();
        rows.push_back({line.row.number(), line.row.description(),
                        console::NameOf(state.grade(), draft.language),
                        console::DateText(state.due_date())});
        return absl::OkStatus();
      }));
  return rows;
}

absl::StatusOr<std::string> InspectorNames(const Draft& draft, const v1::Inspection& inspection) {
  std::vector<std::string> names;
  // Where nobody is named, it was who made the record.
  if (inspection.inspectors().empty()) {
    VIGIL_ASSIGN_OR_RETURN(std::string name, draft.NameOf(draft.record->made_by().person()));
    names.push_back(std::move(name));
  }
  for (const std::string& inspector : inspection.inspectors()) {
    VIGIL_ASSIGN_OR_RETURN(std::string name, draft.NameOf(inspector));
    names.push_back(std::move(name));
  }
  return OrBlank(absl::StrJoin(names, draft.language == Language::kChinese ? "、" : ", "));
}

std::string PositionText(const v1::Inspection& inspection, Language language) {
  if (!inspection.has_position()) return OrBlank("");
  const v1::Position& position = inspection.position();
  std::string text = absl::StrFormat("%.6f, %.6f", position.latitude(), position.longitude());
  const std::string datum = console::NameOf(position.datum(), language);
  if (!datum.empty()) absl::StrAppend(&text, " (", datum, ")");
  return text;
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> Facts(
    const Draft& draft, const v1::Inspection& inspection, const v1::RiskSource& source) {
  const Language language = draft.language;
  VIGIL_ASSIGN_OR_RETURN(const std::string unit, draft.NameOf(source.responsible_unit()));
  VIGIL_ASSIGN_OR_RETURN(const std::string campaign, draft.records.NameOf(inspection.campaign()));
  VIGIL_ASSIGN_OR_RETURN(const std::string list, draft.records.NameOf(inspection.checklist()));
  VIGIL_ASSIGN_OR_RETURN(const std::string inspectors, InspectorNames(draft, inspection));
  const auto label = [&](std::string_view name) { return HeadingOf(name, language); };
  std::vector<std::pair<std::string, std::string>> facts = {
      {label("risk_source"), absl::StrCat(source.code(), " ", source.name())},
      {draft.Said({"inspected unit", "被检查单位"}), unit},
      {label("started_at"),
       LongTime(inspection.has_started_at(), inspection.started_at(), draft.context, language)},
      {label("ended_at"),
       LongTime(inspection.has_ended_at(), inspection.ended_at(), draft.context, language)},
      {draft.Said({"way", "检查方式"}),
       draft.Said(inspection.unannounced() ? kUnannounced : kAnnounced)},
      {label("checklist"), OrBlank(list)},
      {label("inspectors"), inspectors},
      {label("position"), PositionText(inspection, language)},
  };
  if (!campaign.empty()) facts.emplace_back(label("campaign"), campaign);
  return facts;
}

}  // namespace

absl::StatusOr<std::string> InspectionRecord(const Draft& draft) {
  const v1::Inspection& inspection = draft.record->entity().inspection();
  const Language language = draft.language;
  VIGIL_ASSIGN_OR_RETURN(const RecordPtr found, draft.records.Find(inspection.risk_source()));
  const v1::RiskSource& source =
      found == nullptr ? v1::RiskSource::default_instance() : found->entity().risk_source();
  VIGIL_ASSIGN_OR_RETURN(const std::string bureau, draft.BureauOver(source.responsible_unit()));
  VIGIL_ASSIGN_OR_RETURN(const auto facts, Facts(draft, inspection, source));
  VIGIL_ASSIGN_OR_RETURN(const auto answers, AnswerRows(draft, inspection));
  VIGIL_ASSIGN_OR_RETURN(const auto hazards, HazardRows(draft, inspection.risk_source()));
  VIGIL_ASSIGN_OR_RETURN(const std::string inspectors, InspectorNames(draft, inspection));
  const auto label = [&](std::string_view name) { return HeadingOf(name, language); };

  Letter letter({.issuer = bureau, .title = draft.Said(kTitle), .number = draft.record->id()},
                language);
  letter.Facts(facts);
  if (!answers.empty()) {
    letter.Paragraph(kResults, {});
    letter.Table({label("code"), draft.Said({"what was checked", "检查内容"}),
                  draft.Said({"found", "检查结果"})},
                 answers);
  }
  letter.Paragraph(hazards.empty() ? kNoHazards : kHazards, {});
  if (!hazards.empty()) {
    letter.Table({label("number"), label("description"), label("grade"), label("due_date")},
                 hazards);
  }
  if (!inspection.remark().empty()) letter.Paragraph(kRemark, {inspection.remark()});
  if (inspection.photos_size() > 0) {
    letter.Paragraph(kPhotos, {std::to_string(inspection.photos_size())});
  }
  if (inspection.has_signature()) {
    letter.Paragraph(kSigned, {inspection.signature().sha256().substr(0, 12)});
  } else if (!inspection.signature_refused_because().empty()) {
    letter.Paragraph(kRefused, {inspection.signature_refused_because()});
  }
  letter.Receipt(
      {console::Fill(kInspectorsSign.In(language), {inspectors}),
       console::Fill(kUnitSigns.In(language), {OrBlank(""), LongDate(v1::Date(), language)})});
  return std::move(letter).Finish();
}

}  // namespace vigil::report
