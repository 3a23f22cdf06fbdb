// Chinese words of enum values, kinds of records and commands. The terms are the glossary's.

#include <algorithm>
#include <array>
#include <string_view>

#include "sync/cli/console/names.h"

namespace vigil::console::internal {
namespace {

struct Word {
  std::string_view name;
  std::string_view chinese;
};

constexpr Word kValues[] = {
    {"HAZARD_GRADE_GENERAL", "一般"},
    {"HAZARD_GRADE_MAJOR", "重大"},

    {"HAZARD_ORIGIN_SELF_CHECK", "自查"},
    {"HAZARD_ORIGIN_INSPECTION", "检查"},
    {"HAZARD_ORIGIN_UNANNOUNCED_VISIT", "暗访（四不两直）"},
    {"HAZARD_ORIGIN_CAMPAIGN", "专项整治行动"},
    {"HAZARD_ORIGIN_ASSESSMENT", "专业评估"},
    {"HAZARD_ORIGIN_BULLETIN", "通报"},
    {"HAZARD_ORIGIN_PUBLIC_REPORT", "群众举报"},

    {"SUSPENSION_NONE", "不停产"},
    {"SUSPENSION_PARTIAL", "局部停产停业"},
    {"SUSPENSION_FULL", "全部停产停业"},

    {"HAZARD_STATUS_REPORTED", "已上报"},
    {"HAZARD_STATUS_CONFIRMED", "已确认"},
    {"HAZARD_STATUS_RECTIFYING", "整改中"},
    {"HAZARD_STATUS_TRANSFER_PENDING", "移交中"},
    {"HAZARD_STATUS_SUBMITTED", "待复查"},
    {"HAZARD_STATUS_VERIFIED", "复查通过"},
    {"HAZARD_STATUS_TRANSFERRED", "已移交"},
    {"HAZARD_STATUS_MERGED", "已合并"},
    {"HAZARD_STATUS_REJECTED", "不予认定"},

    {"VERIFICATION_KIND_SELF", "自行验收"},
    {"VERIFICATION_KIND_EXPERT", "专家验收"},
    {"VERIFICATION_KIND_GOVERNMENT", "政府验收"},
    {"VERIFICATION_RESULT_PASSED", "通过"},
    {"VERIFICATION_RESULT_FAILED", "不通过"},

    {"TRANSFER_STATUS_PROPOSED", "已提出"},
    {"TRANSFER_STATUS_REFUSED", "已拒收"},
    {"TRANSFER_STATUS_ACCEPTED", "已接收"},

    {"SUPERVISION_LEVEL_UNIT", "单位级"},
    {"SUPERVISION_LEVEL_DISTRICT", "区级"},
    {"SUPERVISION_LEVEL_CITY", "市级"},
    {"SUPERVISION_LEVEL_PROVINCE", "省级"},

    {"ORDER_STATUS_PROPOSED", "已提请"},
    {"ORDER_STATUS_ISSUED", "已下达"},
    {"ORDER_STATUS_SERVED", "已送达"},
    {"ORDER_STATUS_IN_PROGRESS", "治理中"},
    {"ORDER_STATUS_EXTENSION_PENDING", "延期审批中"},
    {"ORDER_STATUS_ACCEPTANCE", "验收中"},
    {"ORDER_STATUS_PASSED", "验收通过"},
    {"ORDER_STATUS_TRANSFERRED", "已移交"},
    {"ORDER_STATUS_LIFTED", "已摘牌销号"},

    {"EXTENSION_STATUS_APPLIED", "已申请"},
    {"EXTENSION_STATUS_REFUSED", "未批准"},
    {"EXTENSION_STATUS_APPROVED", "已批准"},

    {"ADDRESSEE_RESPONSIBLE_UNIT", "责任单位"},
    {"ADDRESSEE_DEPARTMENT", "行业主管部门"},
    {"ADDRESSEE_SAFETY_OFFICE", "安全管理部门"},
    {"ADDRESSEE_ORDERING_AUTHORITY", "督办单位"},
    {"ADDRESSEE_RECEIVER", "接收单位"},
    {"ESCALATION_STEP_E0_PLAN_DUE_MISSED", "E0 方案逾期"},
    {"ESCALATION_STEP_E1_EXTENSION_WINDOW_CLOSING", "E1 延期申请即将截止"},
    {"ESCALATION_STEP_E2_EXTENSION_WINDOW_CLOSED", "E2 延期申请已截止"},
    {"ESCALATION_STEP_E3_PROGRESS_MISSING", "E3 缺季度进展"},
    {"ESCALATION_STEP_E4_OVERDUE", "E4 超期"},
    {"ESCALATION_STEP_E5_PROPOSE_LETTER", "E5 拟发督办函"},
    {"ESCALATION_STEP_E6_PROPOSE_CRITICISM", "E6 拟通报批评"},
    {"ESCALATION_STEP_E7_PROPOSE_TALK", "E7 拟约谈"},
    {"ESCALATION_STEP_E8_PROPOSE_REPORT_UPWARD", "E8 拟通报上级"},
    {"ESCALATION_STEP_ACCEPTANCE_UNDECIDED", "验收未决"},
    {"ESCALATION_STEP_TRANSFER_UNDECIDED", "移交未决"},
    {"ESCALATION_STEP_LIFTING_UNPUBLISHED", "摘牌未公告"},
    {"ESCALATION_STEP_INSPECTION_OVERDUE", "检查超期"},
    {"ESCALATION_STEP_ORDER_NOT_SERVED", "督办通知书未送达"},
    {"ESCALATION_STEP_EXTENSION_UNDECIDED", "延期未决"},
    {"ESCALATION_STEP_REPORT_UNCONFIRMED", "上报未确认"},

    {"SITE_TYPE_LANDFILL", "填埋场"},
    {"SITE_TYPE_CONSTRUCTION_WASTE_SITE", "余泥渣土受纳场"},
    {"SITE_TYPE_PARK_SLOPE", "公园边坡"},
    {"SITE_TYPE_PARK", "公园"},
    {"SITE_TYPE_TRANSFER_STATION", "垃圾转运站"},
    {"SITE_TYPE_INCINERATOR", "垃圾焚烧厂"},
    {"SITE_TYPE_LIGHTING", "照明设施"},
    {"SITE_TYPE_GREENERY", "绿化"},
    {"SITE_TYPE_PUBLIC_TOILET", "公厕"},
    {"SITE_TYPE_OTHER", "其他"},

    {"RISK_LEVEL_RED", "红"},
    {"RISK_LEVEL_ORANGE", "橙"},
    {"RISK_LEVEL_YELLOW", "黄"},
    {"RISK_LEVEL_BLUE", "蓝"},
    {"RATING_METHOD_LEC", "LEC法"},
    {"RATING_METHOD_RISK_MATRIX", "风险矩阵"},
    {"RATING_METHOD_DIRECT", "直接判定"},

    {"ANSWER_TYPE_YES_NO", "是否"},
    {"ANSWER_TYPE_CHOICE", "选择"},
    {"ANSWER_TYPE_NUMBER", "数值"},
    {"ANSWER_TYPE_TEXT", "文字"},
    {"ANSWER_VALUE_YES", "是"},
    {"ANSWER_VALUE_NO", "否"},
    {"ANSWER_VALUE_NOT_APPLICABLE", "不适用"},

    {"CAMPAIGN_KIND_SPECIAL_CAMPAIGN", "专项整治行动"},
    {"CAMPAIGN_KIND_SPECIAL_PROTECTION_PERIOD", "特别防护期"},
    {"CAMPAIGN_KIND_ROUTINE", "日常"},

    {"ORG_UNIT_KIND_BUREAU", "局"},
    {"ORG_UNIT_KIND_INDUSTRY_DEPARTMENT", "行业监管部门"},
    {"ORG_UNIT_KIND_RESPONSIBLE_UNIT", "责任单位"},
    {"ORG_UNIT_KIND_DISTRICT", "区"},
    {"ORG_UNIT_KIND_SUBDISTRICT", "街道"},
    {"ORG_UNIT_KIND_PARK", "公园"},
    {"ORG_UNIT_KIND_SITE", "场所"},
    {"DEVICE_KIND_PHONE", "手机"},
    {"DEVICE_KIND_OFFICE", "办公室"},
    {"SIGNATURE_STATUS_UNSIGNED", "未签"},
    {"SIGNATURE_STATUS_SIGNED", "已签"},
    {"SIGNATURE_STATUS_REFUSED", "拒签"},
    {"DATUM_WGS84", "WGS-84"},
    {"DATUM_GCJ02", "GCJ-02"},

    {"ROLE_INSPECTOR", "检查员"},
    {"ROLE_RESPONSIBLE_UNIT", "责任单位"},
    {"ROLE_VERIFIER", "复查员"},
    {"ROLE_INDUSTRY_DEPARTMENT", "行业监管部门"},
    {"ROLE_SAFETY_OFFICE", "安全办"},
    {"ROLE_RECEIVER", "接收方"},
    {"ROLE_AUDITOR", "审计"},
    {"ROLE_ADMINISTRATOR", "管理员"},
    {"ROLE_ESCALATION_CLOCK", "升级时钟"},

    {"VERDICT_APPLIED", "已生效"},
    {"VERDICT_MERGED", "已合并（有冲突）"},
    {"VERDICT_REFUSED", "被拒绝"},
    {"VERDICT_DEFERRED", "暂缓"},
    {"NOTIFICATION_STATE_PENDING", "待发"},
    {"NOTIFICATION_STATE_SENT", "已发"},
    {"NOTIFICATION_STATE_DEAD", "无法送达"},
    {"MERGE_POLICY_GRAVEST", "从重"},
    {"MERGE_POLICY_EARLIEST", "从早"},
    {"MERGE_POLICY_MOST_OPEN", "从未结"},
    {"MERGE_POLICY_LATEST", "从新"},
    {"MERGE_POLICY_UNION", "合集"},
    {"MERGE_POLICY_IMMUTABLE", "不可改"},
    {"MERGE_POLICY_SERVER", "登记库所定"},
};

constexpr Word kKinds[] = {
    {"org_unit", "组织单位"},
    {"person", "人员"},
    {"device", "设备"},
    {"risk_source", "风险源"},
    {"checklist", "检查表"},
    {"campaign", "专项行动"},
    {"inspection", "检查"},
    {"reading", "监测读数"},
    {"measure_check", "管控措施检查"},
    {"hazard", "隐患"},
    {"rectification_plan", "治理方案"},
    {"verification", "复查"},
    {"recurrence", "复发报告"},
    {"progress_report", "进展报告"},
    {"transfer", "移交"},
    {"supervision_order", "督办通知书"},
    {"extension", "延期"},
    {"bulletin", "通报"},
    {"explanation", "情况说明"},
    {"supervision_letter", "督办函"},
    {"criticism", "通报批评"},
    {"talk", "约谈"},
    {"escalation", "升级"},
    {"assessment", "专业评估"},
    {"responsibility_statement", "责任书"},
    {"duty_list", "权责清单"},
};

constexpr Word kCommands[] = {
    {"create_record", "新建"},
    {"edit_record", "修改"},
    {"withdraw_record", "撤回"},
    {"settle_conflict", "裁定冲突"},
    {"import_record", "导入"},
    {"witness_record", "手机交回副本"},
    {"report_hazard", "上报隐患"},
    {"confirm_hazard", "确认隐患"},
    {"reject_hazard", "不予认定"},
    {"merge_hazard", "合并重复"},
    {"accept_hazard", "受理整改"},
    {"fix_on_spot", "当场整改"},
    {"submit_rectification", "提交整改"},
    {"verify_hazard", "复查"},
    {"report_recurrence", "报告复发"},
    {"propose_transfer", "提出移交"},
    {"accept_transfer", "接收移交"},
    {"refuse_transfer", "拒收移交"},
    {"resume_work", "恢复生产"},
    {"report_progress", "报告进展"},
    {"propose_supervision", "提请挂牌督办"},
    {"issue_order", "下达督办通知书"},
    {"sign_receipt", "签收"},
    {"file_plan", "报备方案"},
    {"apply_extension", "申请延期"},
    {"approve_extension", "批准延期"},
    {"refuse_extension", "不批准延期"},
    {"apply_acceptance", "申请验收"},
    {"pass_acceptance", "验收通过"},
    {"fail_acceptance", "验收不通过"},
    {"lift_tag", "摘牌"},
    {"reinstate_tag", "恢复挂牌"},
    {"transfer_order", "督办随隐患移交"},
    {"record_publication", "登记公告"},
    {"fire_escalation", "升级"},
    {"acknowledge_escalation", "确认升级"},
};

template <std::size_t kSize>
std::string_view Find(const Word (&words)[kSize], std::string_view name) {
  const Word* found = std::find_if(std::begin(words), std::end(words),
                                   [&](const Word& w) { return w.name == name; });
  return found == std::end(words) ? std::string_view() : found->chinese;
}

}  // namespace

std::string_view ChineseValue(std::string_view name) { return Find(kValues, name); }
std::string_view ChineseKind(std::string_view name) { return Find(kKinds, name); }
std::string_view ChineseCommand(std::string_view name) { return Find(kCommands, name); }

}  // namespace vigil::console::internal
