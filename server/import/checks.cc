#include "server/import/checks.h"

#include <cmath>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/status.h"
#include "sync/rules/derive.h"

namespace vigil::importer {
namespace {

class Faults {
 public:
  void Require(bool holds, std::string_view column, v1::Reason reason, std::string_view message) {
    if (!holds) faults_.push_back({std::string(column), reason, std::string(message)});
  }
  // A value without which the status cannot be.
  void Needs(bool holds, std::string_view column, std::string_view status,
             v1::Reason reason = v1::REASON_REQUIRED_FIELD_MISSING) {
    Require(holds, column, reason,
            absl::StrCat(ToAbsl(column), " is needed for the status ", ToAbsl(status)));
  }
  std::vector<Fault> Take() { return std::move(faults_); }

 private:
  std::vector<Fault> faults_;
};

void CheckPosition(const v1::Position& position, Faults& faults) {
  faults.Require(std::abs(position.latitude()) <= 90, "position_latitude",
                 v1::REASON_INVALID_POSITION, "a latitude lies between -90 and 90");
  faults.Require(std::abs(position.longitude()) <= 180, "position_longitude",
                 v1::REASON_INVALID_POSITION, "a longitude lies between -180 and 180");
  faults.Require(position.accuracy_m() >= 0, "position_accuracy_m", v1::REASON_INVALID_POSITION,
                 "an accuracy is 0 or more metres");
  // Nobody looks after a point on the equator off Africa; it is what a missing half leaves.
  faults.Require(position.latitude() != 0 && position.longitude() != 0, "position_latitude",
                 v1::REASON_INVALID_POSITION, "a position needs both latitude and longitude");
}

void CheckRating(const v1::Rating& rating, Faults& faults) {
  faults.Require(rating.method() != v1::RATING_METHOD_UNSPECIFIED, "rating_method",
                 v1::REASON_REQUIRED_FIELD_MISSING, "a rating needs its method");
  if (rating.method() != v1::RATING_METHOD_LEC) return;
  const bool complete = rating.l() > 0 && rating.e() > 0 && rating.c() > 0;
  faults.Require(complete, "rating_method", v1::REASON_INVALID_VALUE,
                 "a rating by LEC needs L, E and C, each above 0");
}

void Check(const v1::RiskSource& source, Faults& faults) {
  if (source.has_position()) CheckPosition(source.position(), faults);
  if (source.has_rating()) CheckRating(source.rating(), faults);
}

void Check(const v1::Hazard& hazard, Faults& faults) {
  if (hazard.has_position()) CheckPosition(hazard.position(), faults);
  faults.Require(hazard.has_status(), "status", v1::REASON_REQUIRED_FIELD_MISSING,
                 "an imported hazard needs its status");
  switch (hazard.status()) {
    case v1::HAZARD_STATUS_UNSPECIFIED:
    case v1::HAZARD_STATUS_REPORTED:
      return;
    case v1::HAZARD_STATUS_REJECTED:
      faults.Needs(!hazard.rejection_reason().empty(), "rejection_reason", "rejected",
                   v1::REASON_REASON_REQUIRED);
      return;
    case v1::HAZARD_STATUS_MERGED:
      faults.Needs(!hazard.merged_into().empty(), "merged_into", "merged");
      return;
    default:
      break;
  }
  // Whatever else it is, it has been confirmed.
  faults.Require(hazard.has_grade(), "grade", v1::REASON_REQUIRED_FIELD_MISSING,
                 "a confirmed hazard needs its grade");
  faults.Require(!hazard.responsible_unit().empty(), "responsible_unit", v1::REASON_UNIT_REQUIRED,
                 "a confirmed hazard needs the unit that answers for it");
  faults.Require(hazard.has_due_date(), "due_date", v1::REASON_DUE_DATE_REQUIRED,
                 "a confirmed hazard needs the date by which it must be rectified");
}

void Check(const v1::SupervisionOrder& order, Faults& faults) {
  faults.Require(order.has_status(), "status", v1::REASON_REQUIRED_FIELD_MISSING,
                 "an imported order needs its status");
  if (order.status() <= v1::ORDER_STATUS_PROPOSED) return;
  faults.Require(!order.content().empty(), "content", v1::REASON_REQUIRED_FIELD_MISSING,
                 "an issued order needs its content");
  faults.Require(!order.signatory().empty(), "signatory", v1::REASON_REQUIRED_FIELD_MISSING,
                 "an issued order needs its signatory");
  faults.Require(order.has_plan_due(), "plan_due", v1::REASON_DUE_DATE_REQUIRED,
                 "an issued order needs the date by which the plan is due");
  faults.Require(order.has_due_date(), "due_date", v1::REASON_DUE_DATE_REQUIRED,
                 "an issued order needs its due date");
  if (order.status() == v1::ORDER_STATUS_LIFTED) {
    faults.Needs(order.has_lifted_on(), "lifted_on", "lifted");
  }
}

void Check(const v1::Transfer& transfer, Faults& faults) {
  faults.Require(transfer.has_status(), "status", v1::REASON_REQUIRED_FIELD_MISSING,
                 "an imported transfer needs its status");
  if (transfer.status() == v1::TRANSFER_STATUS_REFUSED) {
    faults.Needs(!transfer.refusal_reason().empty(), "refusal_reason", "refused",
                 v1::REASON_REASON_REQUIRED);
  }
}

void Check(const v1::Campaign& campaign, Faults& faults) {
  if (!campaign.has_starts_on() || !campaign.has_ends_on()) return;
  faults.Require(rules::CompareDates(campaign.starts_on(), campaign.ends_on()) <= 0, "ends_on",
                 v1::REASON_INVALID_DATE, "it ends before it starts");
}

}  // namespace

std::vector<Fault> CheckInitialState(const v1::Entity& entity) {
  Faults faults;
  switch (entity.entity_case()) {
    case v1::Entity::kRiskSource:
      Check(entity.risk_source(), faults);
      break;
    case v1::Entity::kHazard:
      Check(entity.hazard(), faults);
      break;
    case v1::Entity::kSupervisionOrder:
      Check(entity.supervision_order(), faults);
      break;
    case v1::Entity::kTransfer:
      Check(entity.transfer(), faults);
      break;
    case v1::Entity::kCampaign:
      Check(entity.campaign(), faults);
      break;
    default:
      break;
  }
  return faults.Take();
}

}  // namespace vigil::importer
