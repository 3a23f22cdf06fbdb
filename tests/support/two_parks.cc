#include "tests/support/two_parks.h"

#include "absl/strings/str_cat.h"
#include "sync/base/check.h"
#include "sync/base/p256.h"
#include "sync/base/status.h"

namespace vigil::testing {

TwoParks::TwoParks(TestRegister& reg)
    : reg_(reg),
      office_(reg.Clerk(v1::ROLE_SAFETY_OFFICE, reg.bureau)),
      here_(Make(reg.unit, reg.risk_source)),
      there_(Make(reg.other_unit, reg.other_risk_source)),
      device_(reg.NewId()) {
  Actor administrator = reg.Clerk(v1::ROLE_ADMINISTRATOR, reg.bureau);
  v1::Operation create = reg.Begin(administrator);
  create.mutable_create_record()->set_record(device_);
  v1::Device& device = *create.mutable_create_record()->mutable_entity()->mutable_device();
  device.set_person(administrator.author.person);
  device.set_kind(v1::DEVICE_KIND_PHONE);
  device.set_public_key(P256PrivateKey::Generate().public_key().der());
  Apply(administrator, create);
}

void TwoParks::Apply(const Actor& actor, const v1::Operation& operation) {
  const v1::Outcome outcome = reg_.Submit(actor, operation);
  VIGIL_CHECK(outcome.verdict() == v1::VERDICT_APPLIED || outcome.verdict() == v1::VERDICT_MERGED)
      << outcome.ShortDebugString();
}

TwoParks::Park TwoParks::AddHazard(const std::string& unit, const std::string& risk_source) {
  Park park;
  park.unit = unit;
  park.risk_source = risk_source;
  park.hazard = reg_.NewId();
  Actor finder = reg_.Phone(v1::ROLE_INSPECTOR, unit);
  v1::Operation report = reg_.Begin(finder);
  report.mutable_report_hazard()->set_hazard_id(park.hazard);
  v1::Hazard& hazard = *report.mutable_report_hazard()->mutable_hazard();
  hazard.set_risk_source(risk_source);
  hazard.set_description("crack above the path");
  *hazard.mutable_found_at() = report.made_at();
  Apply(finder, report);

  v1::Operation confirm = reg_.Begin(office_);
  reg_.See(confirm, {park.hazard});
  confirm.mutable_confirm_hazard()->set_hazard(park.hazard);
  confirm.mutable_confirm_hazard()->set_grade(v1::HAZARD_GRADE_GENERAL);
  confirm.mutable_confirm_hazard()->set_responsible_unit(unit);
  v1::Date& due = *confirm.mutable_confirm_hazard()->mutable_due_date();
  due.set_year(2017);
  due.set_month(9);
  due.set_day(30);
  Apply(office_, confirm);

  park.order = reg_.NewId();
  v1::Operation propose = reg_.Begin(office_);
  reg_.See(propose, {park.hazard});
  propose.mutable_propose_supervision()->set_order_id(park.order);
  propose.mutable_propose_supervision()->set_hazard(park.hazard);
  propose.mutable_propose_supervision()->set_level(v1::SUPERVISION_LEVEL_CITY);
  propose.mutable_propose_supervision()->set_reason("grave");
  propose.mutable_propose_supervision()->set_ledger("hazards");
  Apply(office_, propose);
  park.number = reg_.Find(park.hazard).entity().hazard().number();
  return park;
}

TwoParks::Park TwoParks::Make(const std::string& unit, const std::string& risk_source) {
  Park park = AddHazard(unit, risk_source);
  FireEscalation(park);
  Describe(park);
  return park;
}

void TwoParks::FireEscalation(Park& park) {
  park.escalation = reg_.NewId();
  v1::Operation fire = reg_.Begin(reg_.clock);
  fire.mutable_fire_escalation()->set_escalation_id(park.escalation);
  v1::Escalation& escalation = *fire.mutable_fire_escalation()->mutable_escalation();
  escalation.set_item(park.hazard);
  escalation.set_step(v1::ESCALATION_STEP_E4_OVERDUE);
  escalation.set_due_version(absl::StrCat("2017-09-30@", park.hazard));
  Apply(reg_.clock, fire);
}

// By two who did not know of each other.
void TwoParks::Describe(Park& park) {
  park.before_conflict = reg_.Find(park.hazard).version();
  for (const char* width : {"2 cm", "5 cm"}) {
    Actor clerk = reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau);
    v1::Operation edit = reg_.Begin(clerk);
    v1::Seen& seen = *edit.add_seen();
    seen.set_record(park.hazard);
    seen.set_version(park.before_conflict);
    edit.mutable_edit_record()->set_record(park.hazard);
    park.descriptions.push_back(absl::StrCat(width, " wide at ", park.unit));
    edit.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_description(
        park.descriptions.back());
    edit.mutable_edit_record()->mutable_update_mask()->add_paths("description");
    Apply(clerk, edit);
  }
}

std::string TwoParks::Offer(const Park& park) {
  const std::string transfer = reg_.NewId();
  v1::Operation propose = reg_.Begin(office_);
  reg_.See(propose, {park.hazard});
  propose.mutable_propose_transfer()->set_hazard(park.hazard);
  propose.mutable_propose_transfer()->set_transfer_id(transfer);
  propose.mutable_propose_transfer()->set_to_unit(reg_.district);
  propose.mutable_propose_transfer()->set_basis("the slope is the district's");
  Apply(office_, propose);
  return transfer;
}

rules::Author TwoParks::Nobody() {
  return {
      .device = reg_.NewId(), .person = reg_.NewId(), .channel = v1::CHANNEL_OFFICE, .roles = {}};
}

rules::Author TwoParks::Caller(v1::Role role, std::string_view unit) {
  rules::Author caller = Nobody();
  v1::RoleGrant& grant = caller.roles.emplace_back();
  grant.set_role(role);
  grant.set_unit(std::string(unit));
  return caller;
}

v1::Operation TwoParks::Begin(const rules::Author& caller, const std::vector<std::string>& seen) {
  Actor actor{.author = caller};
  v1::Operation operation = reg_.Begin(actor);
  operation.set_device_seq(0);
  reg_.See(operation, seen);
  return operation;
}

}  // namespace vigil::testing
