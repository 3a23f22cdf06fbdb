#ifndef VIGIL_SYNC_RULES_LIFECYCLE_H_
#define VIGIL_SYNC_RULES_LIFECYCLE_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "vigil/v1/hazard.pb.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/supervision.pb.h"

// The lifecycles of domain section "hazard lifecycle" and "tagged supervision", as data. Who may
// act stands in the contract beside each command; guards stand in the judgement.

namespace vigil::rules {

// An event of a lifecycle: the command that brings it and, where one command brings two, which.
enum class Event : std::uint8_t {
  kReport,
  kConfirm,
  kReject,
  kMerge,
  kAccept,
  kFixOnSpot,
  kSubmit,
  kVerifyPassed,
  kVerifyFailed,
  kWithdrawVerification,
  kTagLifted,
  kProposeTransfer,
  kAcceptTransfer,
  kRefuseTransfer,
  kRecur,
  kPropose,
  kIssue,
  kServe,
  kFilePlan,
  kApplyExtension,
  kApproveExtension,
  kRefuseExtension,
  kApplyAcceptance,
  kPassAcceptance,
  kFailAcceptance,
  kLift,
  kReinstate,
  kTransferOrder,
};

std::string_view EventName(Event event);

struct HazardTransition {
  v1::HazardStatus from;
  Event event;
  // UNSPECIFIED: the status before (a refused transfer).
  v1::HazardStatus to;
};

struct OrderTransition {
  v1::OrderStatus from;
  Event event;
  v1::OrderStatus to;
};

// All of them; a status and an event without a row: the event is not allowed there.
std::span<const HazardTransition> HazardTransitions();
std::span<const OrderTransition> OrderTransitions();

// Null where the event is not allowed.
const HazardTransition* Find(v1::HazardStatus from, Event event);
const OrderTransition* Find(v1::OrderStatus from, Event event);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_LIFECYCLE_H_
