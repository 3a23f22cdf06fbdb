#include <string>
#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/cli/verbs/take.h"
#include "sync/cli/verbs/verbs.h"

// Tagging: propose, issue, serve; and the end of it: lift, reinstate, publish.

namespace vigil::verbs {

using console::Arguments;
using console::Count;
using console::OptionSpec;
using Op = v1::Operation;

namespace {

absl::StatusOr<std::string> ProposeFor(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, desk.Find("hazard", arguments.Value("HAZARD")));
  v1::Operation operation;
  v1::ProposeSupervision& command = *operation.mutable_propose_supervision();
  const std::string order = desk.NewId();
  command.set_order_id(order);
  command.set_hazard(hazard.id());
  VIGIL_ASSIGN_OR_RETURN(const auto level, TakeEnum<v1::SupervisionLevel>(arguments, "--level"));
  command.set_level(level);
  command.set_reason(arguments.Value("--reason"));
  command.set_ledger(arguments.Value("--ledger"));
  VIGIL_RETURN_IF_ERROR(desk.Submit(std::move(operation)));
  return order;
}

absl::Status Propose(Desk& desk, const Arguments& arguments) {
  return ProposeFor(desk, arguments).status();
}

absl::Status IssueOrder(Desk& desk, const Arguments& arguments, const v1::Record& order) {
  v1::Operation operation;
  v1::IssueOrder& command = *operation.mutable_issue_order();
  NameOrder(order, command);
  command.set_number(arguments.Value("--number"));
  command.set_signatory(arguments.Value("--signatory"));
  command.set_content(arguments.Value("--content"));
  VIGIL_ASSIGN_OR_RETURN(const auto level, TakeEnum<v1::SupervisionLevel>(arguments, "--level"));
  command.set_level(level);
  if (const auto unit = arguments.Find("--by")) {
    VIGIL_ASSIGN_OR_RETURN(*command.mutable_ordered_by(), FindId(desk, "org_unit", *unit));
  }
  VIGIL_RETURN_IF_ERROR(TakeDate(arguments, "--plan-due", command.mutable_plan_due()));
  VIGIL_RETURN_IF_ERROR(TakeDate(arguments, "--due", command.mutable_due_date()));
  VIGIL_ASSIGN_OR_RETURN(*command.mutable_issued_on(), DateOrToday(desk, arguments, "--issued-on"));
  return desk.Submit(std::move(operation));
}

absl::Status Issue(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindOrder(desk, arguments.Value("ORDER")));
  return IssueOrder(desk, arguments, order);
}

absl::Status ServeOrder(Desk& desk, const Arguments& arguments, const v1::Record& order) {
  v1::Operation operation;
  v1::SignReceipt& command = *operation.mutable_sign_receipt();
  NameOrder(order, command);
  command.set_served_by(arguments.Value("--served-by"));
  command.set_received_by(arguments.Value("--received-by"));
  VIGIL_ASSIGN_OR_RETURN(*command.mutable_received_on(),
                         DateOrToday(desk, arguments, "--received-on"));
  return desk.Submit(std::move(operation));
}

absl::Status Serve(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindOrder(desk, arguments.Value("ORDER")));
  return ServeOrder(desk, arguments, order);
}

absl::Status Tag(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const std::string id, ProposeFor(desk, arguments));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record proposed, desk.Find("supervision_order", id));
  VIGIL_RETURN_IF_ERROR(IssueOrder(desk, arguments, proposed));
  if (!arguments.Has("--received-by")) return absl::OkStatus();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record issued, desk.Find("supervision_order", id));
  return ServeOrder(desk, arguments, issued);
}

absl::Status Lift(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindOrder(desk, arguments.Value("ORDER")));
  v1::Operation operation;
  v1::LiftTag& command = *operation.mutable_lift_tag();
  NameOrder(order, command);
  VIGIL_ASSIGN_OR_RETURN(*command.mutable_lifted_on(), DateOrToday(desk, arguments, "--on"));
  return desk.Submit(std::move(operation));
}

absl::Status Reinstate(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindLiftedOrder(desk, arguments.Value("ORDER")));
  v1::Operation operation;
  v1::ReinstateTag& command = *operation.mutable_reinstate_tag();
  NameOrder(order, command);
  command.set_reason(arguments.Value("--reason"));
  return desk.Submit(std::move(operation));
}

absl::Status Publish(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindLiftedOrder(desk, arguments.Value("ORDER")));
  v1::Operation operation;
  v1::RecordPublication& command = *operation.mutable_record_publication();
  command.set_order(order.id());
  VIGIL_ASSIGN_OR_RETURN(*command.mutable_published_on(), DateOrToday(desk, arguments, "--on"));
  return desk.Submit(std::move(operation));
}

OptionSpec LevelOption() {
  return {
      "--level", "LEVEL", {"unit, district, city or province", "unit、district、city 或 province"}};
}

std::vector<OptionSpec> ProposeOptions() {
  return {{"--reason", "TEXT", {"why it should be tagged", "提请理由"}},
          {"--ledger", "NAME", {"ledger in which it is kept", "所入台账"}}};
}

std::vector<OptionSpec> IssueOptions() {
  return {{"--number", "NUMBER", {"number of the notice, 字〔year〕no.", "文号"}, Count::kRequired},
          {"--signatory", "TEXT", {"who signs it", "签发人"}, Count::kRequired},
          {"--content", "TEXT", {"what is ordered", "督办内容"}, Count::kRequired},
          {"--plan-due", "DATE", {"the plan is due", "方案期限"}, Count::kRequired},
          {"--due", "DATE", {"the rectification is due", "整改期限"}, Count::kRequired},
          {"--by", "CODE", {"ordering authority", "督办单位编码"}},
          {"--issued-on", "DATE", {"default: today", "下达日期；默认今天"}}};
}

std::vector<OptionSpec> ServeOptions(Count received) {
  return {{"--received-by", "TEXT", {"who signed the receipt", "签收人"}, received},
          {"--received-on", "DATE", {"when; default: today", "签收日期；默认今天"}},
          {"--served-by", "TEXT", {"who served it", "送达人"}}};
}

std::vector<Verb> LiftVerbs() {
  return {
      {{"lift",
        {"lift a tag and cancel the number, once the hazard is verified", "摘牌销号（须复查通过）"},
        {OrderArgument(), {"--on", "DATE", {"default: today", "日期；默认今天"}}},
        {"YH-2017-0371", "'督字〔2017〕34号' --on 2017-12-01"},
        {Op::kLiftTag}},
       Lift},
      {{"reinstate",
        {"keep a hazard tagged whose lifting is in doubt", "摘牌存疑时恢复挂牌"},
        {OrderArgument(), {"--reason", "TEXT", {"why", "理由"}, Count::kRequired}},
        {"YH-2017-0371 --reason 'it seeps again'"},
        {Op::kReinstateTag}},
       Reinstate},
      {{"publish",
        {"record that a lifting was published", "登记摘牌公告"},
        {OrderArgument(), {"--on", "DATE", {"default: today", "日期；默认今天"}}},
        {"YH-2017-0371 --on 2017-12-05"},
        {Op::kRecordPublication}},
       Publish},
  };
}

}  // namespace

std::vector<Verb> TagVerbs() {
  std::vector<Verb> verbs = {
      {{"tag",
        {"put a hazard under tagged supervision: propose, issue and, with --received-by, serve",
         "挂牌督办：提请、下达，并（给出 --received-by 时）送达"},
        Join({{HazardArgument(), LevelOption()},
              ProposeOptions(),
              IssueOptions(),
              ServeOptions(Count::kOptional)}),
        {"YH-2017-0371 --level city --number '督字〔2017〕34号' --signatory '局分管负责人' "
         "--content '限期治理' --plan-due 2017-08-20 --due 2017-12-31 --received-by '场长'"},
        {Op::kProposeSupervision, Op::kIssueOrder, Op::kSignReceipt}},
       Tag},
      {{"tag propose",
        {"propose to tag a hazard", "提请挂牌督办"},
        Join({{HazardArgument(), LevelOption()}, ProposeOptions()}),
        {"YH-2017-0371 --level district --reason '重大隐患，治理期长'"},
        {Op::kProposeSupervision}},
       Propose},
      {{"tag issue",
        {"issue the supervision notice: from here on the hazard is tagged",
         "下达督办通知书，隐患即挂牌"},
        Join({{OrderArgument(), LevelOption()}, IssueOptions()}),
        {"YH-2017-0371 --number '督字〔2017〕34号' --signatory '局分管负责人' --content '限期治理' "
         "--plan-due 2017-08-20 --due 2017-12-31"},
        {Op::kIssueOrder}},
       Issue},
      {{"tag serve",
        {"record the signed receipt of a notice", "登记督办通知书签收"},
        Join({{OrderArgument()}, ServeOptions(Count::kRequired)}),
        {"YH-2017-0371 --received-by '场长'"},
        {Op::kSignReceipt}},
       Serve},
  };
  for (Verb& verb : LiftVerbs()) verbs.push_back(std::move(verb));
  return verbs;
}

}  // namespace vigil::verbs
