#include "tests/support/rules_scene.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sync/base/check.h"
#include "sync/base/status.h"

namespace vigil::testing {
namespace {

using H = v1::HazardStatus;
using O = v1::OrderStatus;

// What brings an order from nothing to the status, in turn.
std::vector<std::string_view> OrderPath(O status) {
  std::vector<std::string_view> path = {"propose_supervision", "issue_order",
                                        "sign_receipt",        "file_plan",
                                        "apply_acceptance",    "pass_acceptance"};
  switch (status) {
    case v1::ORDER_STATUS_UNSPECIFIED:
      return {};
    case v1::ORDER_STATUS_PROPOSED:
      path.resize(1);
      return path;
    case v1::ORDER_STATUS_ISSUED:
      path.resize(2);
      return path;
    case v1::ORDER_STATUS_SERVED:
      path.resize(3);
      return path;
    case v1::ORDER_STATUS_EXTENSION_PENDING:
      path.resize(4);
      path.push_back("apply_extension");
      return path;
    case v1::ORDER_STATUS_IN_PROGRESS:
    case v1::ORDER_STATUS_TRANSFERRED:
      path.resize(4);
      return path;
    case v1::ORDER_STATUS_ACCEPTANCE:
      path.resize(5);
      return path;
    default:
      return path;
  }
}

// What brings a confirmed hazard to the status.
std::vector<std::string_view> HazardPath(H status) {
  switch (status) {
    case v1::HAZARD_STATUS_RECTIFYING:
      return {"accept"};
    case v1::HAZARD_STATUS_SUBMITTED:
      return {"accept", "submit"};
    case v1::HAZARD_STATUS_VERIFIED:
      return {"accept", "submit", "verify_passed"};
    case v1::HAZARD_STATUS_TRANSFER_PENDING:
      return {"accept", "propose_transfer"};
    case v1::HAZARD_STATUS_TRANSFERRED:
      return {"accept", "propose_transfer", "accept_transfer"};
    default:
      return {};
  }
}

std::vector<std::string_view> PathTo(const SceneKey& key) {
  if (key.hazard == v1::HAZARD_STATUS_REPORTED) return {};
  if (key.hazard == v1::HAZARD_STATUS_MERGED) return {"merge"};
  if (key.hazard == v1::HAZARD_STATUS_REJECTED) return {"reject"};
  std::vector<std::string_view> path = {"confirm_general"};
  const auto add = [&](const std::vector<std::string_view>& more) {
    path.insert(path.end(), more.begin(), more.end());
  };
  add(OrderPath(key.order));
  if (key.order == v1::ORDER_STATUS_LIFTED) {
    add(HazardPath(v1::HAZARD_STATUS_VERIFIED));
    add({"lift_tag"});
    if (key.hazard != v1::HAZARD_STATUS_VERIFIED) add({"recur"});
    if (key.hazard == v1::HAZARD_STATUS_SUBMITTED) add({"submit"});
    return path;
  }
  add(HazardPath(key.hazard));
  if (key.order == v1::ORDER_STATUS_TRANSFERRED) add({"transfer_order"});
  return path;
}

void Keep(const v1::Operation& operation, Scene& scene) {
  if (operation.has_propose_supervision()) {
    scene.order = operation.propose_supervision().order_id();
  } else if (operation.has_file_plan()) {
    scene.plan = operation.file_plan().plan_id();
  } else if (operation.has_apply_extension()) {
    scene.extension = operation.apply_extension().extension_id();
  } else if (operation.has_propose_transfer()) {
    scene.transfer = operation.propose_transfer().transfer_id();
  }
}

v1::Entity HazardEntity(const RulesWorld& world, std::string_view description) {
  v1::Entity entity;
  v1::Hazard& hazard = *entity.mutable_hazard();
  hazard.set_risk_source(world.source);
  hazard.set_description(std::string(description));
  hazard.set_responsible_unit(world.landfill);
  hazard.set_grade(v1::HAZARD_GRADE_GENERAL);
  hazard.mutable_due_date()->set_year(2017);
  hazard.mutable_due_date()->set_month(9);
  hazard.mutable_due_date()->set_day(1);
  hazard.mutable_found_at()->set_seconds(1498874400);
  hazard.set_suspension(v1::SUSPENSION_PARTIAL);
  hazard.set_status(v1::HAZARD_STATUS_REPORTED);
  return entity;
}

void AddProps(Scene& scene) {
  v1::Entity verified;
  verified.mutable_verification()->set_hazard(scene.hazard);
  verified.mutable_verification()->set_kind(v1::VERIFICATION_KIND_EXPERT);
  verified.mutable_verification()->set_result(v1::VERIFICATION_RESULT_PASSED);
  scene.world.Put(scene.verification, verified, scene.hazard);
  v1::Entity fired;
  fired.mutable_escalation()->set_item(scene.hazard);
  fired.mutable_escalation()->set_step(v1::ESCALATION_STEP_E4_OVERDUE);
  fired.mutable_escalation()->set_due_version("2017-06-01@device:1");
  scene.world.Put(scene.escalation, fired, scene.hazard);
  const v1::Entity other = HazardEntity(scene.world, "the other one");
  scene.world.Put(scene.other_hazard, other);
}

// Two descriptions, written by two who did not see each other's.
void Disagree(Scene& scene) {
  RulesActor actors[] = {scene.world.Phone("props 1", ActingRoles(), scene.world.bureau),
                         scene.world.Phone("props 2", ActingRoles(), scene.world.bureau)};
  std::vector<v1::Operation> operations;
  for (RulesActor& actor : actors) {
    v1::Operation& operation = operations.emplace_back(scene.world.Begin(actor, {scene.hazard}));
    v1::EditRecord& edit = *operation.mutable_edit_record();
    edit.set_record(scene.hazard);
    edit.mutable_entity()->mutable_hazard()->set_description(
        absl::StrCat("as ", actor.author.person, " saw it"));
    edit.mutable_update_mask()->add_paths("description");
  }
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const v1::Outcome outcome = scene.world.Apply(operations[i], actors[i]);
    VIGIL_CHECK(outcome.verdict() != v1::VERDICT_REFUSED) << outcome.ShortDebugString();
  }
}

}  // namespace

const std::vector<v1::Role>& ActingRoles() {
  static const std::vector<v1::Role> roles = {v1::ROLE_INSPECTOR,     v1::ROLE_RESPONSIBLE_UNIT,
                                              v1::ROLE_VERIFIER,      v1::ROLE_INDUSTRY_DEPARTMENT,
                                              v1::ROLE_SAFETY_OFFICE, v1::ROLE_RECEIVER};
  return roles;
}

std::string ShortName(H status) {
  return v1::HazardStatus_Name(status).substr(std::string_view("HAZARD_STATUS_").size());
}

std::string ShortName(O status) {
  return v1::OrderStatus_Name(status).substr(std::string_view("ORDER_STATUS_").size());
}

std::string NameOf(const SceneKey& key) {
  return key.order == v1::ORDER_STATUS_UNSPECIFIED
             ? ShortName(key.hazard)
             : absl::StrCat(ShortName(key.hazard), ", order ", ShortName(key.order));
}

std::vector<SceneKey> AllScenes() {
  std::vector<SceneKey> keys;
  for (int number = v1::HAZARD_STATUS_REPORTED; number <= v1::HAZARD_STATUS_REJECTED; ++number) {
    const H status = static_cast<H>(number);
    keys.push_back({.hazard = status});
    const bool confirmed = status != v1::HAZARD_STATUS_REPORTED &&
                           status != v1::HAZARD_STATUS_MERGED &&
                           status != v1::HAZARD_STATUS_REJECTED;
    if (!confirmed) continue;
    for (int order = v1::ORDER_STATUS_PROPOSED; order <= v1::ORDER_STATUS_PASSED; ++order) {
      keys.push_back({.hazard = status, .order = static_cast<O>(order)});
    }
  }
  for (const H status :
       {v1::HAZARD_STATUS_VERIFIED, v1::HAZARD_STATUS_RECTIFYING, v1::HAZARD_STATUS_SUBMITTED}) {
    keys.push_back({.hazard = status, .order = v1::ORDER_STATUS_LIFTED});
  }
  keys.push_back({.hazard = v1::HAZARD_STATUS_TRANSFERRED, .order = v1::ORDER_STATUS_TRANSFERRED});
  return keys;
}

std::vector<std::string> Scene::Records() const {
  std::vector<std::string> records = {hazard, other_hazard, verification, escalation};
  for (const std::string& id : {order, plan, extension, transfer}) {
    if (!id.empty()) records.push_back(id);
  }
  return records;
}

Scene MakeScene(const SceneKey& key) {
  Scene scene;
  scene.hazard = IdOf("hazard");
  scene.other_hazard = IdOf("other hazard");
  scene.verification = IdOf("verification");
  scene.escalation = IdOf("escalation");
  scene.world.Put(scene.hazard, HazardEntity(scene.world, "a crack above the path"));
  AddProps(scene);
  Disagree(scene);
  RulesActor crew = scene.world.Clerk("crew", ActingRoles(), scene.world.bureau);
  RulesActor rectifier = scene.world.Clerk("rectifier", ActingRoles(), scene.world.bureau);
  for (const std::string_view step : PathTo(key)) {
    RulesActor& actor = step == "submit" ? rectifier : crew;
    const v1::Operation operation = BeginAct(scene, ActNamed(step), actor);
    const v1::Outcome outcome = scene.world.Apply(operation, actor);
    VIGIL_CHECK(outcome.verdict() == v1::VERDICT_APPLIED || outcome.verdict() == v1::VERDICT_MERGED)
        << NameOf(key) << " at " << step << ": " << outcome.ShortDebugString();
    Keep(operation, scene);
  }
  VIGIL_CHECK(scene.world.Hazard(scene.hazard).status() == key.hazard) << NameOf(key);
  VIGIL_CHECK(scene.order.empty() || scene.world.Order(scene.order).status() == key.order)
      << NameOf(key);
  return scene;
}

bool Act::IsPossibleIn(const Scene& scene) const {
  switch (needs) {
    case Needs::kNothing:
      return true;
    case Needs::kOrder:
      return !scene.order.empty();
    case Needs::kExtension:
      return !scene.extension.empty();
    case Needs::kTransfer:
      return !scene.transfer.empty();
  }
  return false;
}

const Act& ActNamed(std::string_view name) {
  const auto found =
      std::find_if(Acts().begin(), Acts().end(), [&](const Act& act) { return act.name == name; });
  VIGIL_CHECK(found != Acts().end()) << name;
  return *found;
}

v1::Operation BeginAct(Scene& scene, const Act& act, RulesActor& actor) {
  v1::Operation operation = scene.world.Begin(actor, scene.Records());
  act.fill(scene, operation);
  return operation;
}

}  // namespace vigil::testing
