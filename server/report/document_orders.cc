#include <string>
#include <utility>
#include <vector>

#include "server/report/letter.h"
#include "server/store/register_store.h"
#include "sync/base/status.h"
#include "sync/rules/record.h"
#include "vigil/v1/operation.pb.h"

// 挂牌督办通知书 and 督办函.

namespace vigil::report {
namespace {

constexpr Text kNoticeTitle{"Notice of tagged supervision", "安全隐患挂牌督办通知书"};
constexpr Text kNoticeOpening{
    "The following hazard was found at a site for which your unit is responsible. By its grade and "
    "class it is put under tagged supervision at the level: $0. You are required to act as "
    "follows.",
    "经查，你单位负责的场所存在下列安全隐患。按照分级分类督办的要求，决定对该隐患实行$0挂牌督办，"
    "现将有关要求通知如下："};
constexpr Text kNoticeContent{"1. What is supervised: $0", "一、督办内容：$0"};
constexpr Text kNoticePlan{
    "2. File a rectification plan by $0, with its five settlements: responsibility, measures, "
    "funds, "
    "time limit and contingency plan.",
    "二、于$0前报送治理方案，做到责任、措施、资金、时限、预案“五落实”。"};
constexpr Text kNoticeDue{
    "3. Complete the rectification by $0 and apply for acceptance. Report progress at least once "
    "in "
    "every quarter.",
    "三、于$0前完成整改并申请验收；整改期间至少每季度报告一次进展。"};
constexpr Text kNoticeControls{
    "4. Until then keep interim controls in place. Whatever cannot be made safe at once: withdraw "
    "people and suspend work.",
    "四、整改期间落实临时管控措施；不能保证安全的，应当撤离人员、停止作业。"};
constexpr Text kNoticeExtension{
    "5. An extension is applied for at least 15 working days before that date, with its reason and "
    "interim controls.",
    "五、确需延期的，应在期限届满15个工作日前提出申请，说明理由和临时管控措施。"};
constexpr Text kNoticeLift{
    "The tag is lifted and the number cancelled once the acceptance has passed.",
    "经验收合格的，予以摘牌销号。"};
constexpr Text kReceiptTitle{"Receipt", "送达回证"};
constexpr Text kReceiptLine{"Served by: $0    Received by: $1    Date: $2",
                            "送达人：$0　　签收人：$1　　签收日期：$2"};

constexpr Text kLetterTitle{"Supervision letter", "督办函"};
constexpr Text kLetterOpening{
    "The hazard below was to be rectified by $0. This has not been done, and no sufficient "
    "explanation was received.",
    "下列安全隐患的整改期限为$0，至今未完成整改，也未作出充分说明。现予督办："};
constexpr Text kLetterLimit{"Complete the rectification by $0, and answer this letter in writing.",
                            "请于$0前完成整改，并书面函复办理情况。"};
constexpr Text kLetterWarning{
    "Where this limit is missed, too, circulated criticism and an entry in the performance record "
    "will be proposed.",
    "逾期仍未完成的，将提请通报批评，并纳入绩效考核。"};
constexpr Text kAnswered{"Answered on $0: $1", "$0函复：$1"};

// The date that the notice set, whatever extensions made of it since: what its first write said.
absl::StatusOr<v1::Date> OrderedDueDate(const Draft& draft) {
  constexpr int kVersionsPerRead = 20;
  const rules::FieldInfo& field =
      *rules::InfoOf(*draft.record)->Find(v1::SupervisionOrder::kDueDateFieldNumber);
  const Uuid id = Uuid::ParseOrNil(draft.record->id());
  Seq after;
  while (true) {
    VIGIL_ASSIGN_OR_RETURN(const std::vector<store::VersionRow> versions,
                           draft.context.snapshot.History(id, after, kVersionsPerRead));
    for (const store::VersionRow& version : versions) {
      after = version.version;
      v1::RecordWrite write;
      if (!write.ParseFromString(version.write_bytes)) continue;
      for (const v1::FieldWrite& change : write.fields()) {
        v1::SupervisionOrder said;
        const bool is_date = static_cast<int>(change.field()) == field.number();
        if (is_date && rules::SetFieldBytes(field, change.value(), said) && said.has_due_date()) {
          return said.due_date();
        }
      }
    }
    if (versions.size() < kVersionsPerRead) {
      return draft.record->entity().supervision_order().due_date();
    }
  }
}

}  // namespace

absl::StatusOr<std::string> SupervisionNotice(const Draft& draft) {
  const v1::SupervisionOrder& order = draft.record->entity().supervision_order();
  const Language language = draft.language;
  VIGIL_ASSIGN_OR_RETURN(const Subject subject, SubjectOf(draft, order.hazard()));
  VIGIL_ASSIGN_OR_RETURN(const std::string issuer, draft.NameOf(order.ordered_by()));
  VIGIL_ASSIGN_OR_RETURN(const std::string unit, draft.NameOf(subject.unit));
  VIGIL_ASSIGN_OR_RETURN(const auto facts, FactsOf(draft, subject));
  Letter letter({.issuer = issuer, .title = draft.Said(kNoticeTitle), .number = order.number()},
                language);
  letter.To(unit);
  letter.Paragraph(kNoticeOpening, {OrBlank(console::NameOf(order.level(), language))});
  letter.Facts(facts);
  letter.Paragraph(kNoticeContent, {OrBlank(order.content())});
  letter.Paragraph(kNoticePlan, {LongDate(order.plan_due(), language)});
  VIGIL_ASSIGN_OR_RETURN(const v1::Date due, OrderedDueDate(draft));
  letter.Paragraph(kNoticeDue, {LongDate(due, language)});
  letter.Paragraph(kNoticeControls, {});
  letter.Paragraph(kNoticeExtension, {});
  letter.Paragraph(kNoticeLift, {});
  letter.Sign({.signatory = order.signatory(),
               .unit = issuer,
               .date = LongDate(order.issued_on(), language)});
  letter.Receipt({draft.Said(kReceiptTitle),
                  console::Fill(kReceiptLine.In(language),
                                {OrBlank(order.served_by()), OrBlank(order.received_by()),
                                 LongDate(order.received_on(), language)})});
  return std::move(letter).Finish();
}

absl::StatusOr<std::string> SupervisionLetter(const Draft& draft) {
  const v1::SupervisionLetter& body = draft.record->entity().supervision_letter();
  const Language language = draft.language;
  VIGIL_ASSIGN_OR_RETURN(const Subject subject, SubjectOf(draft, body.hazard()));
  VIGIL_ASSIGN_OR_RETURN(const std::string issuer, draft.BureauOver(subject.unit));
  VIGIL_ASSIGN_OR_RETURN(const std::string unit, draft.NameOf(subject.unit));
  VIGIL_ASSIGN_OR_RETURN(const auto facts, FactsOf(draft, subject));
  Letter letter({.issuer = issuer, .title = draft.Said(kLetterTitle), .number = body.number()},
                language);
  letter.To(unit);
  letter.Paragraph(kLetterOpening, {LongDate(subject.state.due_date(), language)});
  letter.Facts(facts);
  letter.Paragraph(body.text());
  letter.Paragraph(kLetterLimit, {LongDate(body.limit(), language)});
  letter.Paragraph(kLetterWarning, {});
  letter.Sign({.signatory = "", .unit = issuer, .date = LongDate(body.sent_on(), language)});
  if (body.has_answered_on()) {
    letter.Receipt({console::Fill(kAnswered.In(language),
                                  {LongDate(body.answered_on(), language), body.answer()})});
  }
  return std::move(letter).Finish();
}

}  // namespace vigil::report
