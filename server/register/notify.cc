#include "server/register/notify.h"

#include <array>
#include <optional>
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
constexpr std::array<StepText, 3> kSteps = {{
    {v1::ESCALATION_STEP_E0_PLAN_DUE_MISSED, "治理方案逾期未报", "the plan is missing"},
    {v1::ESCALATION_STEP_E3_PROGRESS_MISSING, "缺少进展报告", "a progress report is missing"},
    {v1::ESCALATION_STEP_E4_OVERDUE, "隐患整改超期", "overdue"},
}};

StepText TextOf(v1::EscalationStep step) {
  for (const StepText& text : kSteps) {
    if (text.step == step) return text;
  }
  return {step, "隐患治理需要关注", "attention is needed"};
}

// The hazard that an item is or belongs to; null for none.
absl::StatusOr<const v1::Record*> HazardOf(const v1::Record& item, const rules::FindRecord& find) {
  if (item.entity().has_hazard()) return &item;
  if (item.parent().empty()) return nullptr;
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* parent, find(item.parent()));
  return parent != nullptr && parent->entity().has_hazard() ? parent : nullptr;
}

absl::StatusOr<std::string> DepartmentOf(const v1::Record& item, const rules::FindRecord& find) {
  const v1::Record* source = item.entity().has_risk_source() ? &item : nullptr;
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, HazardOf(item, find));
  if (hazard != nullptr) {
    VIGIL_ASSIGN_OR_RETURN(source, find(hazard->entity().hazard().risk_source()));
  }
  if (source != nullptr && !source->entity().risk_source().industry_department().empty()) {
    return source->entity().risk_source().industry_department();
  }
  if (hazard == nullptr) return std::string();
  const v1::Hazard& body = hazard->entity().hazard();
  return body.supervising_unit().empty() ? body.responsible_unit() : body.supervising_unit();
}

absl::StatusOr<std::optional<Uuid>> RecipientOf(const v1::Record& item,
                                                const rules::FindRecord& find) {
  VIGIL_ASSIGN_OR_RETURN(const std::string unit, DepartmentOf(item, find));
  if (unit.empty()) return std::optional<Uuid>();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* record, find(unit));
  if (record != nullptr && !record->entity().org_unit().head().empty()) {
    return Uuid::Parse(record->entity().org_unit().head());
  }
  return Uuid::Parse(unit);
}

absl::StatusOr<std::string> Describe(const v1::Record& item, const rules::FindRecord& find) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, HazardOf(item, find));
  const std::string number = rules::KeyOf(item);
  if (hazard == nullptr) return number;
  const std::string_view text =
      TruncateToWidth(hazard->entity().hazard().description(), kDescriptionColumnsMax);
  return number.empty() ? std::string(text) : absl::StrCat(number, " ", ToAbsl(text));
}

}  // namespace

absl::Status NoticeBook::Add(const v1::FireEscalation& fired, const rules::FindRecord& find) {
  const v1::Escalation& escalation = fired.escalation();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* item, find(escalation.item()));
  if (item == nullptr) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const std::optional<Uuid> recipient, RecipientOf(*item, find));
  if (!recipient) return absl::OkStatus();
  Notice notice;
  notice.step = escalation.step();
  notice.record = Uuid::Parse(item->id()).value_or(Uuid());
  VIGIL_ASSIGN_OR_RETURN(notice.item, Describe(*item, find));
  const std::string& version = escalation.due_version();
  notice.due_date = version.substr(0, version.find('@'));
  notices_[{*recipient, escalation.past()}].push_back(std::move(notice));
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

void NoticeBook::Write(const std::vector<Notice>& notices, bool past, store::NewNotification& out) {
  const StepText step = TextOf(notices.front().step);
  const absl::string_view past_zh = past ? "(导入前已超期)" : "";
  if (notices.size() == 1) {
    const Notice& notice = notices.front();
    out.text_zh =
        absl::StrCat(ToAbsl(step.zh), past_zh, ":", notice.item, ",期限 ", notice.due_date);
    out.text_en = absl::StrCat(notice.item, ": ", ToAbsl(step.en),
                               past ? " before it was imported" : "", ", due ", notice.due_date);
    return;
  }
  std::string items;
  for (std::size_t i = 0; i < notices.size() && i < kItemsNamedMax; ++i) {
    absl::StrAppend(&items, items.empty() ? "" : "; ", notices[i].item);
  }
  if (notices.size() > kItemsNamedMax) absl::StrAppend(&items, "; …");
  out.text_zh = absl::StrCat(notices.size(), " 项", ToAbsl(step.zh), past_zh, ":", items);
  out.text_en = absl::StrCat(notices.size(), " items: ", ToAbsl(step.en),
                             past ? " before they were imported" : "", ": ", items);
}

}  // namespace vigil::registry
