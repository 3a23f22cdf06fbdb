#include "absl/strings/str_cat.h"
#include "google/protobuf/util/time_util.h"
#include "sync/base/status.h"
#include "sync/base/time.h"
#include "sync/rules/derive.h"
#include "sync/rules/judge_internal.h"
#include "sync/rules/reason.h"
#include "sync/rules/record.h"
#include "sync/rules/validate.h"
#include "sync/rules/work_calendar.h"

// The events of tagged supervision and of the escalation clock, with their guards.

namespace vigil::rules::internal {
namespace {

using O = v1::SupervisionOrder;

// An extension is applied for at least this many working days before the due date.
constexpr int kExtensionWorkingDays = 15;

const v1::SupervisionOrder& Body(const v1::Record* order) {
  return order->entity().supervision_order();
}

// Most commands begin so: the order as seen, authority over it, its event.
template <typename Command>
absl::StatusOr<const v1::Record*> TakeOrder(Case& judged, const Command& command, Event event) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* order,
                         judged.Seen(command.order(), "supervision_order"));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*order));
  VIGIL_RETURN_IF_ERROR(judged.OrderEvent(*order, command.from_status(), event));
  return order;
}

absl::Status RequireDate(bool present, std::string_view field) {
  if (present) return absl::OkStatus();
  return Refuse(v1::REASON_REQUIRED_FIELD_MISSING, absl::StrCat(ToAbsl(field), " is missing"))
      .With("field", field);
}

// Nothing is said where there is no first date.
absl::Status RequireOrder(const v1::Date& first, const v1::Date& then, std::string_view field,
                          std::string_view message) {
  if (first.year() == 0 || CompareDates(first, then) <= 0) return absl::OkStatus();
  return Refuse(v1::REASON_INVALID_DATE, message).With("field", field);
}

absl::Status ProposeSupervision(Case& judged) {
  const v1::ProposeSupervision& command = judged.operation().propose_supervision();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, judged.Seen(command.hazard(), "hazard"));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*hazard));
  switch (hazard->entity().hazard().status()) {
    case v1::HAZARD_STATUS_CONFIRMED:
    case v1::HAZARD_STATUS_RECTIFYING:
    case v1::HAZARD_STATUS_TRANSFER_PENDING:
    case v1::HAZARD_STATUS_SUBMITTED:
      break;
    case v1::HAZARD_STATUS_REPORTED:
      return Refuse(v1::REASON_EVENT_NOT_ALLOWED, "a hazard is confirmed before it is tagged")
          .With("record", hazard->id());
    default:
      return Refuse(v1::REASON_HAZARD_FINISHED, "this hazard is finished; nothing to supervise")
          .With("record", hazard->id());
  }
  VIGIL_RETURN_IF_ERROR(judged.CheckNew(command.order_id()));
  v1::SupervisionOrder order;
  order.set_hazard(hazard->id());
  order.set_status(v1::ORDER_STATUS_PROPOSED);
  order.set_level(command.level());
  order.set_propose_reason(command.reason());
  order.set_ledger(command.ledger().empty() ? "hazards" : command.ledger());
  judged.Create(command.order_id(), "supervision_order", hazard->id(), order);
  return absl::OkStatus();
}

absl::Status IssueOrder(Case& judged) {
  const v1::IssueOrder& command = judged.operation().issue_order();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* order, TakeOrder(judged, command, Event::kIssue));
  constexpr auto kMissing = v1::REASON_REQUIRED_FIELD_MISSING;
  VIGIL_RETURN_IF_ERROR(RequireText(command.number(), kMissing, "number"));
  VIGIL_RETURN_IF_ERROR(RequireText(command.signatory(), kMissing, "signatory"));
  VIGIL_RETURN_IF_ERROR(RequireText(command.content(), kMissing, "content"));
  VIGIL_RETURN_IF_ERROR(RequireDate(command.has_plan_due(), "plan_due"));
  VIGIL_RETURN_IF_ERROR(RequireDate(command.has_due_date(), "due_date"));
  VIGIL_RETURN_IF_ERROR(RequireOrder(command.plan_due(), command.due_date(), "plan_due",
                                     "the plan is due after all is to be rectified"));
  v1::SupervisionOrder changes;
  changes.set_number(command.number());
  VIGIL_RETURN_IF_ERROR(judged.CheckKeyIsFree(*InfoOf(*order), changes, order->id()));
  changes.set_signatory(command.signatory());
  changes.set_content(command.content());
  *changes.mutable_plan_due() = command.plan_due();
  *changes.mutable_due_date() = command.due_date();
  *changes.mutable_issued_on() =
      command.has_issued_on() ? command.issued_on() : judged.world().Today();
  judged.Write(*order, changes,
               {O::kNumberFieldNumber, O::kSignatoryFieldNumber, O::kContentFieldNumber,
                O::kPlanDueFieldNumber, O::kDueDateFieldNumber, O::kIssuedOnFieldNumber});
  if (command.level() != v1::SUPERVISION_LEVEL_UNSPECIFIED) {
    changes.set_level(command.level());
    judged.Write(*order, changes, {O::kLevelFieldNumber});
  } else if (Body(order).level() == v1::SUPERVISION_LEVEL_UNSPECIFIED) {
    return Refuse(kMissing, "neither the notice nor its proposal says of which level it is")
        .With("field", "level");
  }
  if (!command.ordered_by().empty()) {
    VIGIL_RETURN_IF_ERROR(judged.CheckReference(command.ordered_by(), "org_unit"));
    changes.set_ordered_by(command.ordered_by());
    judged.Write(*order, changes, {O::kOrderedByFieldNumber});
  }
  return absl::OkStatus();
}

absl::Status SignReceipt(Case& judged) {
  const v1::SignReceipt& command = judged.operation().sign_receipt();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* order, TakeOrder(judged, command, Event::kServe));
  VIGIL_RETURN_IF_ERROR(
      RequireText(command.received_by(), v1::REASON_REQUIRED_FIELD_MISSING, "received_by"));
  VIGIL_RETURN_IF_ERROR(RequireDate(command.has_received_on(), "received_on"));
  VIGIL_RETURN_IF_ERROR(RequireOrder(Body(order).issued_on(), command.received_on(), "received_on",
                                     "it was received before it was issued"));
  v1::SupervisionOrder changes;
  changes.set_served_by(command.served_by());
  changes.set_received_by(command.received_by());
  *changes.mutable_received_on() = command.received_on();
  judged.Write(*order, changes,
               {O::kServedByFieldNumber, O::kReceivedByFieldNumber, O::kReceivedOnFieldNumber});
  return absl::OkStatus();
}

absl::Status FilePlan(Case& judged) {
  const v1::FilePlan& command = judged.operation().file_plan();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* order, TakeOrder(judged, command, Event::kFilePlan));
  VIGIL_ASSIGN_OR_RETURN(const std::string plan,
                         judged.TakePlan({.plan_id = command.plan_id(),
                                          .plan = command.has_plan() ? &command.plan() : nullptr,
                                          .existing = command.existing_plan(),
                                          .hazard = Body(order).hazard(),
                                          .must_be_complete = true}));
  v1::SupervisionOrder changes;
  changes.set_plan(plan);
  *changes.mutable_filed_on() = judged.world().ReceivedOn();
  judged.Write(*order, changes, {O::kPlanFieldNumber, O::kFiledOnFieldNumber});
  return absl::OkStatus();
}

absl::Status ApplyExtension(Case& judged) {
  const v1::ApplyExtension& command = judged.operation().apply_extension();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* order,
                         TakeOrder(judged, command, Event::kApplyExtension));
  VIGIL_RETURN_IF_ERROR(RequireText(command.reason(), v1::REASON_REASON_REQUIRED, "reason"));
  VIGIL_RETURN_IF_ERROR(RequireText(command.interim_controls(), v1::REASON_REQUIRED_FIELD_MISSING,
                                    "interim_controls"));
  VIGIL_RETURN_IF_ERROR(RequireDate(command.has_requested_until(), "requested_until"));
  VIGIL_ASSIGN_OR_RETURN(
      const v1::Date last_day,
      judged.world().AddWorkingDays(Body(order).due_date(), -kExtensionWorkingDays));
  if (CompareDates(judged.world().Today(), last_day) > 0) {
    return Refuse(v1::REASON_EXTENSION_TOO_LATE,
                  absl::StrCat("an extension is applied for at least ", kExtensionWorkingDays,
                               " working days before the due date; the last day was ",
                               FormatDay(ToDay(last_day))))
        .With("record", order->id())
        .With("last_day", FormatDay(ToDay(last_day)));
  }
  if (CompareDates(command.requested_until(), Body(order).due_date()) <= 0) {
    return Refuse(v1::REASON_INVALID_DATE, "the new date must lie after the due date")
        .With("field", "requested_until");
  }
  VIGIL_RETURN_IF_ERROR(judged.CheckNew(command.extension_id()));
  v1::Extension extension;
  extension.set_order(order->id());
  extension.set_reason(command.reason());
  extension.set_interim_controls(command.interim_controls());
  *extension.mutable_requested_until() = command.requested_until();
  extension.set_in_time(CompareDates(judged.world().ReceivedOn(), last_day) <= 0);
  extension.set_status(v1::EXTENSION_STATUS_APPLIED);
  judged.Create(command.extension_id(), "extension", order->id(), extension);
  return absl::OkStatus();
}

// The extension as seen, undecided and of this order.
absl::StatusOr<const v1::Record*> TakeExtension(Case& judged, const std::string& id,
                                                const v1::Record& order) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* extension, judged.Seen(id, "extension"));
  if (extension->entity().extension().order() != order.id()) {
    return Refuse(v1::REASON_WRONG_ENTITY, "this extension is another order's").With("record", id);
  }
  if (extension->entity().extension().status() != v1::EXTENSION_STATUS_APPLIED) {
    return Refuse(v1::REASON_EVENT_NOT_ALLOWED, "this extension is decided already")
        .With("record", id);
  }
  return extension;
}

absl::Status ApproveExtension(Case& judged) {
  using X = v1::Extension;
  const v1::ApproveExtension& command = judged.operation().approve_extension();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* order,
                         TakeOrder(judged, command, Event::kApproveExtension));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* extension,
                         TakeExtension(judged, command.extension(), *order));
  v1::Extension changes;
  changes.set_status(v1::EXTENSION_STATUS_APPROVED);
  changes.set_decision_opinion(command.opinion());
  *changes.mutable_approved_until() = command.has_approved_until()
                                          ? command.approved_until()
                                          : extension->entity().extension().requested_until();
  const bool is_later = CompareDates(changes.approved_until(), Body(order).due_date()) > 0;
  if (Body(order).has_due_date() && !is_later) {
    return Refuse(v1::REASON_INVALID_DATE, "an extension ends after the due date that it moves")
        .With("field", "approved_until");
  }
  judged.Write(
      *extension, changes,
      {X::kStatusFieldNumber, X::kDecisionOpinionFieldNumber, X::kApprovedUntilFieldNumber});
  v1::SupervisionOrder moved;
  *moved.mutable_due_date() = changes.approved_until();
  judged.Write(*order, moved, {O::kDueDateFieldNumber});
  return absl::OkStatus();
}

absl::Status RefuseExtension(Case& judged) {
  const v1::RefuseExtension& command = judged.operation().refuse_extension();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* order,
                         TakeOrder(judged, command, Event::kRefuseExtension));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* extension,
                         TakeExtension(judged, command.extension(), *order));
  VIGIL_RETURN_IF_ERROR(RequireText(command.opinion(), v1::REASON_REASON_REQUIRED, "opinion"));
  v1::Extension changes;
  changes.set_status(v1::EXTENSION_STATUS_REFUSED);
  changes.set_decision_opinion(command.opinion());
  judged.Write(*extension, changes,
               {v1::Extension::kStatusFieldNumber, v1::Extension::kDecisionOpinionFieldNumber});
  // The old date is part of the decision: beside a concurrent approval it stays in force.
  v1::SupervisionOrder kept;
  if (!Body(order).has_due_date()) return absl::OkStatus();
  *kept.mutable_due_date() = Body(order).due_date();
  judged.Write(*order, kept, {O::kDueDateFieldNumber});
  return absl::OkStatus();
}

template <typename Command>
absl::Status DecideAcceptance(Case& judged, const Command& command, Event event) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* order, TakeOrder(judged, command, event));
  VIGIL_RETURN_IF_ERROR(RequireText(command.opinion(), v1::REASON_REASON_REQUIRED, "opinion"));
  v1::SupervisionOrder changes;
  changes.set_acceptance_opinion(command.opinion());
  judged.Write(*order, changes, {O::kAcceptanceOpinionFieldNumber});
  return absl::OkStatus();
}

absl::Status LiftTag(Case& judged) {
  const v1::LiftTag& command = judged.operation().lift_tag();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* order, TakeOrder(judged, command, Event::kLift));
  if (Body(order).status() == v1::ORDER_STATUS_LIFTED) {
    VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, judged.Seen(Body(order).hazard(), "hazard"));
    if (!LiftInDoubt(*order, *hazard)) {
      return Refuse(v1::REASON_EVENT_NOT_ALLOWED, "this tag is lifted already")
          .With("record", order->id());
    }
  }
  VIGIL_RETURN_IF_ERROR(LeaveMarkOfLift(judged, Body(order).hazard()));
  v1::SupervisionOrder changes;
  *changes.mutable_lifted_on() =
      command.has_lifted_on() ? command.lifted_on() : judged.world().Today();
  VIGIL_RETURN_IF_ERROR(RequireOrder(Body(order).issued_on(), changes.lifted_on(), "lifted_on",
                                     "the tag was lifted before its notice was issued"));
  judged.Write(*order, changes, {O::kLiftedOnFieldNumber});
  return absl::OkStatus();
}

absl::Status ReinstateTag(Case& judged) {
  const v1::ReinstateTag& command = judged.operation().reinstate_tag();
  VIGIL_RETURN_IF_ERROR(RequireText(command.reason(), v1::REASON_REASON_REQUIRED, "reason"));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* order, TakeOrder(judged, command, Event::kReinstate));
  // The next lifting has days of its own.
  judged.Write(*order, v1::SupervisionOrder(),
               {O::kLiftedOnFieldNumber, O::kPublishedOnFieldNumber});
  return absl::OkStatus();
}

absl::Status TransferOrder(Case& judged) {
  const v1::TransferOrder& command = judged.operation().transfer_order();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* order,
                         TakeOrder(judged, command, Event::kTransferOrder));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, judged.Seen(Body(order).hazard(), "hazard"));
  if (hazard->entity().hazard().status() == v1::HAZARD_STATUS_TRANSFERRED) return absl::OkStatus();
  return Refuse(v1::REASON_EVENT_NOT_ALLOWED,
                "an order goes with its hazard, once the receiver has accepted it")
      .With("record", hazard->id());
}

absl::Status RecordPublication(Case& judged) {
  const v1::RecordPublication& command = judged.operation().record_publication();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* order,
                         judged.Seen(command.order(), "supervision_order"));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*order));
  VIGIL_RETURN_IF_ERROR(RequireDate(command.has_published_on(), "published_on"));
  if (Body(order).status() != v1::ORDER_STATUS_LIFTED) {
    return Refuse(v1::REASON_EVENT_NOT_ALLOWED,
                  "it is the lifting of a tag that is published, and this one is not lifted")
        .With("record", order->id())
        .With("status", v1::OrderStatus_Name(Body(order).status()));
  }
  VIGIL_RETURN_IF_ERROR(RequireOrder(Body(order).lifted_on(), command.published_on(),
                                     "published_on", "it was published before it was lifted"));
  v1::SupervisionOrder changes;
  *changes.mutable_published_on() = command.published_on();
  judged.Write(*order, changes, {O::kPublishedOnFieldNumber});
  return absl::OkStatus();
}

absl::Status FireEscalation(Case& judged) {
  const v1::FireEscalation& command = judged.operation().fire_escalation();
  const v1::Escalation& escalation = command.escalation();
  VIGIL_RETURN_IF_ERROR(ValidateNewBody(*Schema::Get().FindEntity("escalation"), escalation));
  VIGIL_RETURN_IF_ERROR(ValidateId(escalation.item(), "item"));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* item, judged.world().Current(escalation.item()));
  if (item == nullptr) {
    return Refuse(v1::REASON_DEPENDENCY_MISSING, "the item is not known").With("field", "item");
  }
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*item));
  // The same item, due version and step have the same id: it never fires twice. One that is known
  // from a copy has fired before the register was restored.
  VIGIL_RETURN_IF_ERROR(judged.CheckNew(command.escalation_id()));
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* known, judged.world().Current(command.escalation_id()));
  if (known != nullptr) {
    return Refuse(v1::REASON_ALREADY_EXISTS, "this has fired").With("record", known->id());
  }
  judged.Create(command.escalation_id(), "escalation", escalation.item(), escalation);
  return absl::OkStatus();
}

// What the clock proposes to the office is not for the unit to answer.
bool IsProposal(v1::EscalationStep step) {
  switch (step) {
    case v1::ESCALATION_STEP_E5_PROPOSE_LETTER:
    case v1::ESCALATION_STEP_E6_PROPOSE_CRITICISM:
    case v1::ESCALATION_STEP_E7_PROPOSE_TALK:
    case v1::ESCALATION_STEP_E8_PROPOSE_REPORT_UPWARD:
      return true;
    default:
      return false;
  }
}

absl::Status AcknowledgeEscalation(Case& judged) {
  using E = v1::Escalation;
  const v1::AcknowledgeEscalation& command = judged.operation().acknowledge_escalation();
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* escalation,
                         judged.Seen(command.escalation(), "escalation"));
  VIGIL_RETURN_IF_ERROR(judged.RequireAuthority(*escalation));
  if (IsProposal(escalation->entity().escalation().step())) {
    google::protobuf::RepeatedField<int> office;
    office.Add(v1::ROLE_INDUSTRY_DEPARTMENT);
    office.Add(v1::ROLE_SAFETY_OFFICE);
    VIGIL_ASSIGN_OR_RETURN(const std::string unit, judged.ScopeOf(*escalation));
    VIGIL_RETURN_IF_ERROR(judged.RequireAuthorityOver(unit, office));
  }
  VIGIL_RETURN_IF_ERROR(RequireText(command.text(), v1::REASON_REQUIRED_FIELD_MISSING, "text"));
  v1::Escalation changes;
  changes.set_acknowledged_by(judged.author().person);
  *changes.mutable_acknowledged_at() = google::protobuf::util::TimeUtil::MillisecondsToTimestamp(
      absl::ToUnixMillis(judged.world().ObservedAt()));
  changes.set_acknowledgement(command.text());
  judged.Write(*escalation, changes,
               {E::kAcknowledgedByFieldNumber, E::kAcknowledgedAtFieldNumber,
                E::kAcknowledgementFieldNumber});
  return absl::OkStatus();
}

}  // namespace

absl::Status LeaveMarkOfLift(Case& judged, const std::string& hazard_id) {
  VIGIL_ASSIGN_OR_RETURN(const v1::Record* hazard, judged.Seen(hazard_id, "hazard"));
  if (hazard->entity().hazard().status() != v1::HAZARD_STATUS_VERIFIED) {
    return Refuse(v1::REASON_HAZARD_NOT_VERIFIED,
                  "a tag is lifted only from a hazard that is verified")
        .With("record", hazard->id())
        .With("status", v1::HazardStatus_Name(hazard->entity().hazard().status()));
  }
  return judged.HazardEvent(*hazard, v1::HAZARD_STATUS_UNSPECIFIED, Event::kTagLifted);
}

absl::Status JudgeSupervisionCommand(Case& judged) {
  const v1::Operation& operation = judged.operation();
  switch (operation.command_case()) {
    case v1::Operation::kProposeSupervision:
      return ProposeSupervision(judged);
    case v1::Operation::kIssueOrder:
      return IssueOrder(judged);
    case v1::Operation::kSignReceipt:
      return SignReceipt(judged);
    case v1::Operation::kFilePlan:
      return FilePlan(judged);
    case v1::Operation::kApplyExtension:
      return ApplyExtension(judged);
    case v1::Operation::kApproveExtension:
      return ApproveExtension(judged);
    case v1::Operation::kRefuseExtension:
      return RefuseExtension(judged);
    case v1::Operation::kApplyAcceptance:
      return TakeOrder(judged, operation.apply_acceptance(), Event::kApplyAcceptance).status();
    case v1::Operation::kPassAcceptance:
      return DecideAcceptance(judged, operation.pass_acceptance(), Event::kPassAcceptance);
    case v1::Operation::kFailAcceptance:
      return DecideAcceptance(judged, operation.fail_acceptance(), Event::kFailAcceptance);
    case v1::Operation::kLiftTag:
      return LiftTag(judged);
    case v1::Operation::kReinstateTag:
      return ReinstateTag(judged);
    case v1::Operation::kTransferOrder:
      return TransferOrder(judged);
    case v1::Operation::kRecordPublication:
      return RecordPublication(judged);
    case v1::Operation::kFireEscalation:
      return FireEscalation(judged);
    case v1::Operation::kAcknowledgeEscalation:
      return AcknowledgeEscalation(judged);
    default:
      return Refuse(v1::REASON_COMMAND_UNKNOWN, "no rule for this command");
  }
}

}  // namespace vigil::rules::internal
