#include <string>
#include <utility>
#include <vector>

#include "sync/base/status.h"
#include "sync/cli/verbs/take.h"
#include "sync/cli/verbs/verbs.h"
#include "sync/rules/reason.h"

// A hazard moves to the district where it lies.

namespace vigil::verbs {

using console::Arguments;
using console::Count;
using console::OptionSpec;
using Op = v1::Operation;

namespace {

absl::Status Propose(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, desk.Find("hazard", arguments.Value("HAZARD")));
  v1::Operation operation;
  v1::ProposeTransfer& command = *operation.mutable_propose_transfer();
  Name(hazard, command);
  command.set_transfer_id(desk.NewId());
  VIGIL_ASSIGN_OR_RETURN(*command.mutable_to_unit(),
                         FindId(desk, "org_unit", arguments.Value("--to")));
  command.set_basis(arguments.Value("--basis"));
  return desk.Submit(std::move(operation));
}

// The newest transfer that nobody has decided, else the newest of all.
absl::StatusOr<std::string> FindTransfer(Desk& desk, const v1::Record& hazard) {
  VIGIL_ASSIGN_OR_RETURN(const std::vector<v1::Record> transfers,
                         desk.Children(hazard, "transfer"));
  for (auto record = transfers.rbegin(); record != transfers.rend(); ++record) {
    if (record->entity().transfer().status() == v1::TRANSFER_STATUS_PROPOSED) return record->id();
  }
  if (!transfers.empty()) return transfers.back().id();
  return rules::Refuse(v1::REASON_NOT_FOUND, "no transfer of this hazard was proposed");
}

template <typename Command>
absl::Status FillDecision(Desk& desk, const v1::Record& hazard, Command& command) {
  Name(hazard, command);
  VIGIL_ASSIGN_OR_RETURN(*command.mutable_transfer(), FindTransfer(desk, hazard));
  // Read, so that the operation can say that it was seen.
  return desk.Find("transfer", command.transfer()).status();
}

absl::Status Accept(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, desk.Find("hazard", arguments.Value("HAZARD")));
  v1::Operation operation;
  VIGIL_RETURN_IF_ERROR(FillDecision(desk, hazard, *operation.mutable_accept_transfer()));
  return desk.Submit(std::move(operation));
}

absl::Status Refuse(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record hazard, desk.Find("hazard", arguments.Value("HAZARD")));
  v1::Operation operation;
  VIGIL_RETURN_IF_ERROR(FillDecision(desk, hazard, *operation.mutable_refuse_transfer()));
  operation.mutable_refuse_transfer()->set_reason(arguments.Value("--reason"));
  return desk.Submit(std::move(operation));
}

absl::Status TransferOrder(Desk& desk, const Arguments& arguments) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record order, FindOrder(desk, arguments.Value("ORDER")));
  v1::Operation operation;
  v1::TransferOrder& command = *operation.mutable_transfer_order();
  command.set_order(order.id());
  command.set_from_status(order.entity().supervision_order().status());
  return desk.Submit(std::move(operation));
}

}  // namespace

std::vector<Verb> TransferVerbs() {
  return {
      {{"transfer propose",
        {"propose that a district takes a hazard over", "提出移交属地"},
        {HazardArgument(),
         {"--to", "CODE", {"the receiving unit", "接收单位编码"}, Count::kRequired},
         {"--basis", "TEXT", {"on what basis", "依据"}, Count::kRequired}},
        {"YH-2017-0371 --to DST-LG --basis '属地管理'"},
        {Op::kProposeTransfer}},
       Propose},
      {{"transfer accept",
        {"take a hazard over", "接收移交"},
        {HazardArgument()},
        {"YH-2017-0371"},
        {Op::kAcceptTransfer}},
       Accept},
      {{"transfer refuse",
        {"refuse to take a hazard over; the safety office takes its proposal back",
         "拒收移交；安全办可撤回提议"},
        {HazardArgument(), {"--reason", "TEXT", {"why", "理由"}, Count::kRequired}},
        {"YH-2017-0371 --reason 'it lies in another district'"},
        {Op::kRefuseTransfer}},
       Refuse},
      {{"transfer order",
        {"end an order whose hazard was taken over", "督办随隐患移交"},
        {{"ORDER", "", {"its number or id, or its hazard", "文号、id 或其隐患"}, Count::kRequired}},
        {"YH-2017-0371"},
        {Op::kTransferOrder}},
       TransferOrder},
  };
}

}  // namespace vigil::verbs
