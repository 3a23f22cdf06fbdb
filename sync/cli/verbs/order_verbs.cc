#include <string>
#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/cli/verbs/take.h"
#include "sync/cli/verbs/verbs.h"
#include "sync/rules/reason.h"

// What happens under a supervision order until its tag is lifted: plan, extensions, acceptance,
// escalations.

namespace vigil::verbs {

using console::Arguments;
using console::Count;
using console::OptionSpec;
using Op = v1::Operation;

namespace {

absl::Status FilePlan(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindOrder(desk, arguments.Value("ORDER")));
  v1::Operation operation;
  v1::FilePlan& command = *operation.mutable_file_plan();
  NameOrder(order, command);
  if (const auto plan = arguments.Find("--existing-plan")) {
    VIGIL_ASSIGN_OR_RETURN(*command.mutable_existing_plan(),
                           FindId(desk, "rectification_plan", *plan));
  } else if (!HasPlan(arguments)) {
    VIGIL_ASSIGN_OR_RETURN(*command.mutable_existing_plan(),
                           NewestPlan(desk, order.entity().supervision_order().hazard()));
  } else {
    command.set_plan_id(desk.NewId());
    VIGIL_ASSIGN_OR_RETURN(*command.mutable_plan(), TakePlan(arguments));
    command.mutable_plan()->set_hazard(order.entity().supervision_order().hazard());
  }
  return desk.Submit(std::move(operation));
}

absl::Status ApplyExtension(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindOrder(desk, arguments.Value("ORDER")));
  v1::Operation operation;
  v1::ApplyExtension& command = *operation.mutable_apply_extension();
  NameOrder(order, command);
  command.set_extension_id(desk.NewId());
  command.set_reason(arguments.Value("--reason"));
  command.set_interim_controls(arguments.Value("--interim"));
  VIGIL_RETURN_IF_ERROR(TakeDate(arguments, "--until", command.mutable_requested_until()));
  return desk.Submit(std::move(operation));
}

// The newest extension that nobody has decided, else the newest of all.
absl::StatusOr<std::string> FindExtension(Desk& desk, const v1::Record& order) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Record> extensions,
                         desk.Children(order, "extension"));
  for (auto record = extensions.rbegin(); record != extensions.rend(); ++record) {
    if (record->entity().extension().status() == v1::EXTENSION_STATUS_APPLIED) return record->id();
  }
  if (!extensions.empty()) return extensions.back().id();
  return rules::Refuse(v1::REASON_NOT_FOUND, "no extension of this order was applied for");
}

template <typename Command>
absl::Status FillExtension(Desk& desk, const Arguments& arguments, const v1::Record& order,
                           Command& command) {
  NameOrder(order, command);
  VIGIL_ASSIGN_OR_RETURN(*command.mutable_extension(), FindExtension(desk, order));
  command.set_opinion(arguments.Value("--opinion"));
  // Read, so that the operation can say that it was seen.
  return desk.Find("extension", command.extension()).status();
}

absl::Status ApproveExtension(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindOrder(desk, arguments.Value("ORDER")));
  v1::Operation operation;
  v1::ApproveExtension& command = *operation.mutable_approve_extension();
  VIGIL_RETURN_IF_ERROR(FillExtension(desk, arguments, order, command));
  if (arguments.Has("--until")) {
    VIGIL_RETURN_IF_ERROR(TakeDate(arguments, "--until", command.mutable_approved_until()));
  }
  return desk.Submit(std::move(operation));
}

absl::Status RefuseExtension(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindOrder(desk, arguments.Value("ORDER")));
  v1::Operation operation;
  VIGIL_RETURN_IF_ERROR(
      FillExtension(desk, arguments, order, *operation.mutable_refuse_extension()));
  return desk.Submit(std::move(operation));
}

absl::Status ApplyAcceptance(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindOrder(desk, arguments.Value("ORDER")));
  v1::Operation operation;
  NameOrder(order, *operation.mutable_apply_acceptance());
  return desk.Submit(std::move(operation));
}

absl::Status PassAcceptance(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindOrder(desk, arguments.Value("ORDER")));
  v1::Operation operation;
  NameOrder(order, *operation.mutable_pass_acceptance());
  operation.mutable_pass_acceptance()->set_opinion(arguments.Value("--opinion"));
  return desk.Submit(std::move(operation));
}

absl::Status FailAcceptance(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindOrder(desk, arguments.Value("ORDER")));
  v1::Operation operation;
  NameOrder(order, *operation.mutable_fail_acceptance());
  operation.mutable_fail_acceptance()->set_opinion(arguments.Value("--opinion"));
  return desk.Submit(std::move(operation));
}

absl::Status Acknowledge(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record escalation,
                         desk.Find("escalation", arguments.Value("ESCALATION")));
  v1::Operation operation;
  v1::AcknowledgeEscalation& command = *operation.mutable_acknowledge_escalation();
  command.set_escalation(escalation.id());
  command.set_text(arguments.Value("--text"));
  return desk.Submit(std::move(operation));
}

std::vector<Verb> ExtensionVerbs() {
  const OptionSpec opinion = {"--opinion", "TEXT", {"written opinion", "审批意见"}};
  return {
      {{"extension apply",
        {"apply for an extension, at least 15 working days before the due date",
         "申请延期（至少提前15个工作日）"},
        {OrderArgument(),
         {"--reason", "TEXT", {"why", "理由"}, Count::kRequired},
         {"--interim", "TEXT", {"interim controls", "临时管控措施"}, Count::kRequired},
         {"--until", "DATE", {"the new date", "延至日期"}, Count::kRequired}},
        {"YH-2017-0371 --reason '汛期停工' --interim '每日巡查' --until 2018-03-31"},
        {Op::kApplyExtension}},
       ApplyExtension},
      {{"extension approve",
        {"approve an extension", "批准延期"},
        {OrderArgument(),
         {"--until", "DATE", {"default: as requested", "批准至；默认同申请"}},
         opinion},
        {"YH-2017-0371 --opinion '同意'"},
        {Op::kApproveExtension}},
       ApproveExtension},
      {{"extension refuse",
        {"refuse an extension; the old due date stays", "不批准延期，原期限不变"},
        {OrderArgument(), opinion},
        {"YH-2017-0371 --opinion '理由不足'"},
        {Op::kRefuseExtension}},
       RefuseExtension},
  };
}

std::vector<Verb> AcceptanceVerbs() {
  const OptionSpec opinion = {
      "--opinion", "TEXT", {"written opinion", "验收意见"}, Count::kRequired};
  return {
      {{"acceptance apply",
        {"apply for acceptance of a tagged hazard's rectification", "申请验收"},
        {OrderArgument()},
        {"YH-2017-0371"},
        {Op::kApplyAcceptance}},
       ApplyAcceptance},
      {{"acceptance pass",
        {"accept the rectification", "验收通过"},
        {OrderArgument(), opinion},
        {"YH-2017-0371 --opinion '现场核查合格'"},
        {Op::kPassAcceptance}},
       PassAcceptance},
      {{"acceptance fail",
        {"do not accept it; the hazard stays tagged", "验收不通过，继续挂牌"},
        {OrderArgument(), opinion},
        {"YH-2017-0371 --opinion '排水未完成'"},
        {Op::kFailAcceptance}},
       FailAcceptance},
  };
}

}  // namespace

std::vector<Verb> OrderVerbs() {
  std::vector<Verb> verbs = {
      {{"plan file",
        {"file the complete rectification plan under an order", "报备治理方案（五落实齐全）"},
        Join({{OrderArgument(), ExistingPlanOption()}, PlanOptions()}),
        {"YH-2017-0371 --goal '消除渗漏' --measures '灌浆' --person '安全主管' --funds 120000 "
         "--starts 2017-08-10 --plan-end 2017-12-20 --contingency '撤离'"},
        {Op::kFilePlan}},
       FilePlan},
      {{"escalation ack",
        {"acknowledge an escalation and say what is done about it", "确认升级并说明处理"},
        {{"ESCALATION", "", {"its id", "升级 id"}, Count::kRequired},
         {"--text", "TEXT", {"what is done", "处理意见"}, Count::kRequired}},
        {"018f3b1c --text '已约责任单位'"},
        {Op::kAcknowledgeEscalation}},
       Acknowledge},
  };
  for (Verb& verb : ExtensionVerbs()) verbs.push_back(std::move(verb));
  for (Verb& verb : AcceptanceVerbs()) verbs.push_back(std::move(verb));
  return verbs;
}

}  // namespace vigil::verbs
