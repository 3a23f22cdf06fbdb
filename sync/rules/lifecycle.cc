#include "sync/rules/lifecycle.h"

#include <array>

namespace vigil::rules {
namespace {

using enum Event;

constexpr HazardTransition kHazard[] = {
    {v1::HAZARD_STATUS_UNSPECIFIED, kReport, v1::HAZARD_STATUS_REPORTED},
    {v1::HAZARD_STATUS_REPORTED, kConfirm, v1::HAZARD_STATUS_CONFIRMED},
    {v1::HAZARD_STATUS_REPORTED, kReject, v1::HAZARD_STATUS_REJECTED},
    {v1::HAZARD_STATUS_REPORTED, kMerge, v1::HAZARD_STATUS_MERGED},
    {v1::HAZARD_STATUS_CONFIRMED, kAccept, v1::HAZARD_STATUS_RECTIFYING},
    {v1::HAZARD_STATUS_CONFIRMED, kFixOnSpot, v1::HAZARD_STATUS_SUBMITTED},
    {v1::HAZARD_STATUS_CONFIRMED, kProposeTransfer, v1::HAZARD_STATUS_TRANSFER_PENDING},
    {v1::HAZARD_STATUS_RECTIFYING, kSubmit, v1::HAZARD_STATUS_SUBMITTED},
    {v1::HAZARD_STATUS_RECTIFYING, kProposeTransfer, v1::HAZARD_STATUS_TRANSFER_PENDING},
    {v1::HAZARD_STATUS_TRANSFER_PENDING, kAcceptTransfer, v1::HAZARD_STATUS_TRANSFERRED},
    {v1::HAZARD_STATUS_TRANSFER_PENDING, kRefuseTransfer, v1::HAZARD_STATUS_UNSPECIFIED},
    {v1::HAZARD_STATUS_SUBMITTED, kVerifyPassed, v1::HAZARD_STATUS_VERIFIED},
    {v1::HAZARD_STATUS_SUBMITTED, kVerifyFailed, v1::HAZARD_STATUS_RECTIFYING},
    {v1::HAZARD_STATUS_SUBMITTED, kRecur, v1::HAZARD_STATUS_RECTIFYING},
    {v1::HAZARD_STATUS_VERIFIED, kRecur, v1::HAZARD_STATUS_RECTIFYING},
    {v1::HAZARD_STATUS_VERIFIED, kWithdrawVerification, v1::HAZARD_STATUS_SUBMITTED},
    {v1::HAZARD_STATUS_VERIFIED, kTagLifted, v1::HAZARD_STATUS_VERIFIED},
};

constexpr OrderTransition kOrder[] = {
    {v1::ORDER_STATUS_UNSPECIFIED, kPropose, v1::ORDER_STATUS_PROPOSED},
    {v1::ORDER_STATUS_PROPOSED, kIssue, v1::ORDER_STATUS_ISSUED},
    {v1::ORDER_STATUS_ISSUED, kServe, v1::ORDER_STATUS_SERVED},
    {v1::ORDER_STATUS_SERVED, kFilePlan, v1::ORDER_STATUS_IN_PROGRESS},
    {v1::ORDER_STATUS_IN_PROGRESS, kApplyExtension, v1::ORDER_STATUS_EXTENSION_PENDING},
    {v1::ORDER_STATUS_EXTENSION_PENDING, kApproveExtension, v1::ORDER_STATUS_IN_PROGRESS},
    {v1::ORDER_STATUS_EXTENSION_PENDING, kRefuseExtension, v1::ORDER_STATUS_IN_PROGRESS},
    {v1::ORDER_STATUS_IN_PROGRESS, kApplyAcceptance, v1::ORDER_STATUS_ACCEPTANCE},
    {v1::ORDER_STATUS_ACCEPTANCE, kPassAcceptance, v1::ORDER_STATUS_PASSED},
    {v1::ORDER_STATUS_ACCEPTANCE, kFailAcceptance, v1::ORDER_STATUS_IN_PROGRESS},
    {v1::ORDER_STATUS_PASSED, kLift, v1::ORDER_STATUS_LIFTED},
    // A lift in doubt is lifted again by somebody who has seen why; any lift may be taken back.
    {v1::ORDER_STATUS_LIFTED, kLift, v1::ORDER_STATUS_LIFTED},
    {v1::ORDER_STATUS_LIFTED, kReinstate, v1::ORDER_STATUS_IN_PROGRESS},
    {v1::ORDER_STATUS_ISSUED, kTransferOrder, v1::ORDER_STATUS_TRANSFERRED},
    {v1::ORDER_STATUS_SERVED, kTransferOrder, v1::ORDER_STATUS_TRANSFERRED},
    {v1::ORDER_STATUS_IN_PROGRESS, kTransferOrder, v1::ORDER_STATUS_TRANSFERRED},
    {v1::ORDER_STATUS_EXTENSION_PENDING, kTransferOrder, v1::ORDER_STATUS_TRANSFERRED},
    {v1::ORDER_STATUS_ACCEPTANCE, kTransferOrder, v1::ORDER_STATUS_TRANSFERRED},
    {v1::ORDER_STATUS_PASSED, kTransferOrder, v1::ORDER_STATUS_TRANSFERRED},
};

constexpr std::array<std::string_view, 28> kNames = {
    "report",
    "confirm",
    "reject",
    "merge",
    "accept",
    "fix_on_spot",
    "submit",
    "verify_passed",
    "verify_failed",
    "withdraw_verification",
    "tag_lifted",
    "propose_transfer",
    "accept_transfer",
    "refuse_transfer",
    "recur",
    "propose",
    "issue",
    "serve",
    "file_plan",
    "apply_extension",
    "approve_extension",
    "refuse_extension",
    "apply_acceptance",
    "pass_acceptance",
    "fail_acceptance",
    "lift",
    "reinstate",
    "transfer_order",
};
static_assert(kNames.size() == static_cast<std::size_t>(kTransferOrder) + 1);

template <typename Row, typename Status>
const Row* FindIn(std::span<const Row> rows, Status from, Event event) {
  for (const Row& row : rows) {
    if (row.from == from && row.event == event) return &row;
  }
  return nullptr;
}

}  // namespace

std::string_view EventName(Event event) { return kNames[static_cast<std::size_t>(event)]; }

std::span<const HazardTransition> HazardTransitions() { return kHazard; }
std::span<const OrderTransition> OrderTransitions() { return kOrder; }

const HazardTransition* Find(v1::HazardStatus from, Event event) {
  return FindIn(HazardTransitions(), from, event);
}

const OrderTransition* Find(v1::OrderStatus from, Event event) {
  return FindIn(OrderTransitions(), from, event);
}

}  // namespace vigil::rules
