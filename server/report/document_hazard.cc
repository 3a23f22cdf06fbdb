#include <string>
#include <utility>
#include <vector>

#include "server/report/letter.h"
#include "sync/base/status.h"
#include "sync/base/time.h"

// 整改通知书.

namespace vigil::report {
namespace {

constexpr Text kTitle{"Rectification notice", "安全隐患整改通知书"};
constexpr Text kOpening{
    "An inspection found the following hazard at a site for which your unit is responsible:",
    "经检查，你单位负责的场所存在下列安全隐患："};
constexpr Text kDue{
    "1. Rectify it by $0 and submit the result, with photos from before and after, for "
    "verification.",
    "一、请于$0前完成整改，并提交整改情况及整改前后照片，申请复查。"};
constexpr Text kControls{
    "2. Until then keep interim controls in place; where safety cannot be ensured, withdraw people "
    "and suspend work.",
    "二、整改期间落实临时管控措施；不能保证安全的，应当撤离人员、停止作业。"};
constexpr Text kMajor{
    "3. This is a major hazard: file a rectification plan with its five settlements "
    "(responsibility, "
    "measures, funds, time limit, contingency plan) before you begin.",
    "三、该隐患为重大隐患，应先制定并报送治理方案，做到责任、措施、资金、时限、预案“五落实”。"};
constexpr Text kSuspension{"Suspension ordered: $0. Work resumes only after a verification.",
                           "停产停业要求：$0；经复查合格后方可恢复。"};
constexpr Text kReceiptTitle{"Receipt", "送达回证"};
constexpr Text kReceiptLine{"Served by: $0    Received by: $0    Date: $1",
                            "送达人：$0　　签收人：$0　　签收日期：$1"};

}  // namespace

absl::StatusOr<std::string> RectificationNotice(const Draft& draft) {
  const Language language = draft.language;
  VIGIL_ASSIGN_OR_RETURN(const Subject subject, SubjectOf(draft, draft.record->id()));
  const v1::Hazard& hazard = subject.hazard();
  VIGIL_ASSIGN_OR_RETURN(const std::string unit, draft.NameOf(subject.unit));
  VIGIL_ASSIGN_OR_RETURN(const std::string bureau, draft.BureauOver(subject.unit));
  std::string issuer = bureau;
  if (!hazard.supervising_unit().empty()) {
    VIGIL_ASSIGN_OR_RETURN(issuer, draft.NameOf(hazard.supervising_unit()));
  }
  VIGIL_ASSIGN_OR_RETURN(const auto facts, FactsOf(draft, subject));
  Letter letter({.issuer = bureau, .title = draft.Said(kTitle), .number = hazard.number()},
                language);
  letter.To(unit);
  letter.Paragraph(kOpening, {});
  letter.Facts(facts);
  letter.Paragraph(kDue, {LongDate(subject.state.due_date(), language)});
  letter.Paragraph(kControls, {});
  if (subject.state.grade() == v1::HAZARD_GRADE_MAJOR) letter.Paragraph(kMajor, {});
  if (hazard.suspension() == v1::SUSPENSION_PARTIAL || hazard.suspension() == v1::SUSPENSION_FULL) {
    letter.Paragraph(kSuspension, {console::NameOf(hazard.suspension(), language)});
  }
  const std::string date =
      hazard.has_confirmed_at()
          ? LongDate(DayAt(TimeOf(hazard.confirmed_at()), draft.context.zone), language)
          : LongDate(v1::Date(), language);
  letter.Sign({.signatory = "", .unit = issuer, .date = date});
  letter.Receipt(
      {draft.Said(kReceiptTitle),
       console::Fill(kReceiptLine.In(language), {OrBlank(""), LongDate(v1::Date(), language)})});
  return std::move(letter).Finish();
}

}  // namespace vigil::report
