#include "server/register/notify.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/base/utf8.h"
#include "sync/rules/record.h"
#include "vigil/v1/hazard.pb.h"
#include "vigil/v1/supervision.pb.h"

namespace vigil::registry {

namespace {

constexpr std::size_t kItemsNamedMax = 20;
// Columns of a terminal that an item's description may take in a message.
constexpr std::size_t kDescriptionColumnsMax = 60;

struct StepText {
  v1::EscalationStep step;
  std::string_view zh;
  std::string_view en;
};
constexpr std::array<StepText, 16> kSteps = {{
    {v1::ESCALATION_STEP_E0_PLAN_DUE_MISSED, "治理方案逾期未报", "the plan is missing"},
    {v1::ESCALATION_STEP_E1_EXTENSION_WINDOW_CLOSING, "延期申请即将截止",
     "the time to apply for an extension is ending"},
    {v1::ESCALATION_STEP_E2_EXTENSION_WINDOW_CLOSED, "延期申请已截止",
     "the time to apply for an extension is over"},
    {v1::ESCALATION_STEP_E3_PROGRESS_MISSING, "本季度缺少进展报告",
     "the quarter's report of progress is missing"},
    {v1::ESCALATION_STEP_E4_OVERDUE, "隐患整改超期", "overdue"},
    {v1::ESCALATION_STEP_E5_PROPOSE_LETTER, "超期未说明，建议发督办函",
     "overdue and not explained: a supervision letter is proposed"},
    {v1::ESCALATION_STEP_E6_PROPOSE_CRITICISM, "督办函逾期未落实，建议通报批评",
     "the supervision letter's limit is over: circulated criticism is proposed"},
    {v1::ESCALATION_STEP_E7_PROPOSE_TALK, "重大隐患仍未验收，建议约谈主要负责人",
     "a major hazard is still not verified: an admonitory talk is proposed"},
    {v1::ESCALATION_STEP_E8_PROPOSE_REPORT_UPWARD, "约谈措施未落实，建议报上级通报",
     "what the talk agreed on is not done: a report to the higher authority is proposed"},
    {v1::ESCALATION_STEP_ACCEPTANCE_UNDECIDED, "验收申请逾期未决定",
     "an acceptance waits for its decision"},
    {v1::ESCALATION_STEP_TRANSFER_UNDECIDED, "移交逾期未决定", "a transfer waits for its decision"},
    {v1::ESCALATION_STEP_LIFTING_UNPUBLISHED, "摘牌逾期未公布", "a lifting is not published"},
    {v1::ESCALATION_STEP_INSPECTION_OVERDUE, "风险源超期未检查",
     "the risk source is overdue for inspection"},
    {v1::ESCALATION_STEP_ORDER_NOT_SERVED, "督办通知书逾期未送达", "the order is not served"},
    {v1::ESCALATION_STEP_EXTENSION_UNDECIDED, "延期申请逾期未决定",
     "an extension waits for its decision"},
    {v1::ESCALATION_STEP_REPORT_UNCONFIRMED, "上报隐患逾期未确认", "a report is not confirmed"},
}};

StepText TextOf(v1::EscalationStep step) {
  for (const StepText& text : kSteps) {
    if (text.step == step) return text;
  }
  return {step, "隐患治理需要关注", "attention is needed"};
}

// What a step is about, and what hangs together with it.
struct Item {
  const v1::Record* record = nullptr;
  // Null for none.
  const v1::Record* hazard = nullptr;
  const v1::Record* risk_source = nullptr;
  // The order that it is, or under which its hazard is.
  const v1::Record* order = nullptr;
};

absl::StatusOr<Item> ItemOf(const v1::Record& record, rules::RecordSource& records) {
  Item item;
  item.record = &record;
  const v1::Entity& entity = record.entity();
  if (entity.has_risk_source()) {
    item.risk_source = &record;
    return item;
  }
  if (entity.has_supervision_order()) item.order = &record;
  item.hazard = &record;
  while (item.hazard != nullptr && !item.hazard->entity().has_hazard()) {
    VIGIL_ASSIGN_OR_RETURN(item.hazard, records.Find(item.hazard->parent()));
  }
  if (item.hazard == nullptr) return item;
  VIGIL_ASSIGN_OR_RETURN(item.risk_source,
                         records.Find(item.hazard->entity().hazard().risk_source()));
  if (item.order == nullptr) {
    VIGIL_ASSIGN_OR_RETURN(const v1::HazardState state, rules::DeriveHazard(*item.hazard, records));
    VIGIL_ASSIGN_OR_RETURN(item.order, records.Find(state.order()));
  }
  return item;
}

std::string ResponsibleUnitOf(const Item& item) {
  if (item.hazard != nullptr && !item.hazard->entity().hazard().responsible_unit().empty()) {
    return item.hazard->entity().hazard().responsible_unit();
  }
  return item.risk_source == nullptr ? ""
                                     : item.risk_source->entity().risk_source().responsible_unit();
}

std::string DepartmentOf(const Item& item) {
  if (item.risk_source != nullptr) {
    const v1::RiskSource& source = item.risk_source->entity().risk_source();
    if (!source.industry_department().empty()) return source.industry_department();
  }
  if (item.hazard != nullptr && !item.hazard->entity().hazard().supervising_unit().empty()) {
    return item.hazard->entity().hazard().supervising_unit();
  }
  return ResponsibleUnitOf(item);
}

// The id of an org unit; empty where there is none.
std::string UnitOf(v1::Addressee addressee, const Item& item, const Uuid& safety_office) {
  const std::string office = safety_office.is_nil() ? "" : safety_office.ToString();
  switch (addressee) {
    case v1::ADDRESSEE_RESPONSIBLE_UNIT:
      return ResponsibleUnitOf(item);
    case v1::ADDRESSEE_DEPARTMENT:
      return DepartmentOf(item);
    case v1::ADDRESSEE_ORDERING_AUTHORITY:
      if (item.order == nullptr) return office;
      return item.order->entity().supervision_order().ordered_by().empty()
                 ? office
                 : item.order->entity().supervision_order().ordered_by();
    case v1::ADDRESSEE_RECEIVER:
      return item.record->entity().transfer().to_unit();
    default:
      return office;
  }
}

absl::StatusOr<std::optional<Uuid>> RecipientOf(const std::string& unit,
                                                rules::RecordSource& records) {
  if (unit.empty()) return std::optional<Uuid>();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, records.Find(unit));
  if (record != nullptr && !record->entity().org_unit().head().empty()) {
    return Uuid::Parse(record->entity().org_unit().head());
  }
  return Uuid::Parse(unit);
}

std::string Describe(const Item& item) {
  if (item.hazard == nullptr) {
    const std::string code = rules::KeyOf(*item.record);
    const std::string& name = item.record->entity().risk_source().name();
    return name.empty() ? code : absl::StrCat(code, " ", name);
  }
  const std::string number = rules::KeyOf(*item.hazard);
  const std::string_view text =
      TruncateToWidth(item.hazard->entity().hazard().description(), kDescriptionColumnsMax);
  return number.empty() ? std::string(text) : absl::StrCat(number, " ", ToAbsl(text));
}

}  // namespace

absl::Status NoticeBook::Add(const v1::FireEscalation& fired, const Sources& sources) {
  const v1::Escalation& escalation = fired.escalation();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, sources.records.Find(escalation.item()));
  const v1::Rung* rung = rules::FindRung(sources.ladder, escalation.step());
  if (record == nullptr || rung == nullptr) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const Item item, ItemOf(*record, sources.records));
  Notice notice;
  notice.step = escalation.step();
  notice.record = Uuid::ParseOrNil(record->id());
  notice.item = Describe(item);
  const std::string& version = escalation.due_version();
  notice.due_date = version.substr(0, version.find('@'));
  std::set<Uuid> told;
  for (const int addressee : rung->tell()) {
    const std::string unit =
        UnitOf(static_cast<v1::Addressee>(addressee), item, sources.safety_office);
    VIGIL_ASSIGN_OR_RETURN(const std::optional<Uuid> recipient, RecipientOf(unit, sources.records));
    if (!recipient || !told.insert(*recipient).second) continue;
    notices_[{*recipient, escalation.past()}].push_back(notice);
  }
  return absl::OkStatus();
}

std::vector<store::NewNotification> NoticeBook::Finish(absl::Time now) {
  std::vector<store::NewNotification> notifications;
  for (const auto& [key, notices] : notices_) {
    store::NewNotification& out = notifications.emplace_back();
    out.recipient = key.first;
    out.topic = "escalation";
    if (notices.size() == 1) out.record = notices.front().record;
    out.created_at = now;
    Write(notices, key.second, out);
  }
  notices_.clear();
  return notifications;
}

// One line for each step, the first rung's first.
void NoticeBook::Write(const std::vector<Notice>& notices, bool past, store::NewNotification& out) {
  std::map<v1::EscalationStep, std::vector<const Notice*>> by_step;
  for (const Notice& notice : notices) by_step[notice.step].push_back(&notice);
  for (const auto& [step, of_step] : by_step) WriteStep(of_step, past, out);
}

void NoticeBook::WriteStep(const std::vector<const Notice*>& notices, bool past,
                           store::NewNotification& out) {
  const StepText step = TextOf(notices.front()->step);
  const absl::string_view past_zh = past ? "（导入前已到期）" : "";
  const absl::string_view line = out.text_en.empty() ? "" : "\n";
  if (notices.size() == 1) {
    const Notice& notice = *notices.front();
    absl::StrAppend(&out.text_zh, line, ToAbsl(step.zh), past_zh, "：", notice.item, "，期限 ",
                    notice.due_date);
    absl::StrAppend(&out.text_en, line, notice.item, ": ", ToAbsl(step.en),
                    past ? " before it was imported" : "", ", due ", notice.due_date);
    return;
  }
  std::string items;
  for (std::size_t i = 0; i < notices.size() && i < kItemsNamedMax; ++i) {
    absl::StrAppend(&items, items.empty() ? "" : "; ", notices[i]->item);
  }
  if (notices.size() > kItemsNamedMax) absl::StrAppend(&items, "; …");
  absl::StrAppend(&out.text_zh, line, notices.size(), " 项", ToAbsl(step.zh), past_zh, "：", items);
  absl::StrAppend(&out.text_en, line, notices.size(), " items: ", ToAbsl(step.en),
                  past ? " before they were imported" : "", ": ", items);
}

}  // namespace vigil::registry
