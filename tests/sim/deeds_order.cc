#include "tests/sim/deeds_internal.h"

// Tagged supervision and transfers.

namespace vigil::sim::internal {

Made ProposeTransfer(DeedContext& c) {
  const auto hazard = HazardIn(c, {v1::HAZARD_STATUS_CONFIRMED, v1::HAZARD_STATUS_RECTIFYING});
  const auto unit = AnyOf(c, "org_unit");
  if (!hazard || !unit) return std::nullopt;
  v1::Operation operation;
  v1::ProposeTransfer& propose = *operation.mutable_propose_transfer();
  propose.set_hazard(hazard->id());
  propose.set_from_status(hazard->entity().hazard().status());
  propose.set_transfer_id(c.new_id());
  propose.set_to_unit(unit->id());
  propose.set_basis("theirs");
  return operation;
}

Made DecideTransfer(DeedContext& c) {
  const auto transfer = PickWhere(c, "transfer", [](const v1::Record& record) {
    return record.entity().transfer().status() == v1::TRANSFER_STATUS_PROPOSED;
  });
  if (!transfer) return std::nullopt;
  v1::Operation operation;
  const std::string& hazard = transfer->entity().transfer().hazard();
  if (c.random.Chance(0.7)) {
    v1::AcceptTransfer& accept = *operation.mutable_accept_transfer();
    accept.set_hazard(hazard);
    accept.set_from_status(v1::HAZARD_STATUS_TRANSFER_PENDING);
    accept.set_transfer(transfer->id());
  } else {
    v1::RefuseTransfer& refuse = *operation.mutable_refuse_transfer();
    refuse.set_hazard(hazard);
    refuse.set_from_status(v1::HAZARD_STATUS_TRANSFER_PENDING);
    refuse.set_transfer(transfer->id());
    refuse.set_reason("not ours");
  }
  return operation;
}

Made ProposeOrder(DeedContext& c) {
  const auto hazard = HazardIn(
      c, {v1::HAZARD_STATUS_CONFIRMED, v1::HAZARD_STATUS_RECTIFYING, v1::HAZARD_STATUS_SUBMITTED});
  if (!hazard) return std::nullopt;
  v1::Operation operation;
  v1::ProposeSupervision& propose = *operation.mutable_propose_supervision();
  propose.set_order_id(c.new_id());
  propose.set_hazard(hazard->id());
  propose.set_level(v1::SUPERVISION_LEVEL_CITY);
  propose.set_reason("grave");
  propose.set_ledger("hazards");
  return operation;
}

Made IssueOrder(DeedContext& c) {
  const auto order = OrderIn(c, {v1::ORDER_STATUS_PROPOSED});
  const auto unit = AnyOf(c, "org_unit");
  if (!order || !unit) return std::nullopt;
  v1::Operation operation;
  v1::IssueOrder& issue = *operation.mutable_issue_order();
  issue.set_order(order->id());
  issue.set_from_status(order->entity().supervision_order().status());
  issue.set_number(absl::StrCat("GP-", c.random.Below(1000)));
  issue.set_level(v1::SUPERVISION_LEVEL_CITY);
  issue.set_ordered_by(unit->id());
  issue.set_signatory("Director 01");
  issue.set_content("secure the slope");
  *issue.mutable_plan_due() = DayFrom(c.now, 5);
  *issue.mutable_due_date() = DayFrom(c.now, static_cast<std::int64_t>(c.random.Below(40)));
  *issue.mutable_issued_on() = DayFrom(c.now, 0);
  return operation;
}

Made ReceiveOrder(DeedContext& c) {
  const auto order = OrderIn(c, {v1::ORDER_STATUS_ISSUED});
  if (!order) return std::nullopt;
  v1::Operation operation;
  v1::SignReceipt& sign = *operation.mutable_sign_receipt();
  sign.set_order(order->id());
  sign.set_from_status(order->entity().supervision_order().status());
  sign.set_served_by("Clerk 01");
  sign.set_received_by("Manager 01");
  *sign.mutable_received_on() = DayFrom(c.now, 0);
  return operation;
}

Made FilePlan(DeedContext& c) {
  const auto order = OrderIn(c, {v1::ORDER_STATUS_SERVED});
  if (!order) return std::nullopt;
  v1::Operation operation;
  v1::FilePlan& file = *operation.mutable_file_plan();
  file.set_order(order->id());
  file.set_from_status(order->entity().supervision_order().status());
  file.set_plan_id(c.new_id());
  file.mutable_plan()->set_hazard(order->parent());
  FillPlan(c, *file.mutable_plan());
  return operation;
}

Made ApplyAcceptance(DeedContext& c) {
  const auto order = OrderIn(c, {v1::ORDER_STATUS_IN_PROGRESS});
  if (!order) return std::nullopt;
  v1::Operation operation;
  operation.mutable_apply_acceptance()->set_order(order->id());
  operation.mutable_apply_acceptance()->set_from_status(
      order->entity().supervision_order().status());
  return operation;
}

Made DecideAcceptance(DeedContext& c) {
  const auto order = OrderIn(c, {v1::ORDER_STATUS_ACCEPTANCE});
  if (!order) return std::nullopt;
  v1::Operation operation;
  if (c.random.Chance(0.75)) {
    v1::PassAcceptance& pass = *operation.mutable_pass_acceptance();
    pass.set_order(order->id());
    pass.set_from_status(order->entity().supervision_order().status());
    pass.set_opinion("sound");
  } else {
    v1::FailAcceptance& fail = *operation.mutable_fail_acceptance();
    fail.set_order(order->id());
    fail.set_from_status(order->entity().supervision_order().status());
    fail.set_opinion("not sound");
  }
  return operation;
}

Made LiftTag(DeedContext& c) {
  const auto order = OrderIn(c, {v1::ORDER_STATUS_PASSED});
  if (!order) return std::nullopt;
  v1::Operation operation;
  operation.mutable_lift_tag()->set_order(order->id());
  operation.mutable_lift_tag()->set_from_status(order->entity().supervision_order().status());
  *operation.mutable_lift_tag()->mutable_lifted_on() = DayFrom(c.now, 0);
  return operation;
}

Made ReinstateTag(DeedContext& c) {
  const auto order = OrderIn(c, {v1::ORDER_STATUS_LIFTED});
  if (!order) return std::nullopt;
  v1::Operation operation;
  operation.mutable_reinstate_tag()->set_order(order->id());
  operation.mutable_reinstate_tag()->set_from_status(order->entity().supervision_order().status());
  operation.mutable_reinstate_tag()->set_reason("dangerous again");
  return operation;
}

}  // namespace vigil::sim::internal
