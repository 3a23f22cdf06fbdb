#ifndef VIGIL_TESTS_SUPPORT_RULES_SCENE_H_
#define VIGIL_TESTS_SUPPORT_RULES_SCENE_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/rules_world.h"
#include "vigil/v1/hazard.pb.h"
#include "vigil/v1/operation.pb.h"
#include "vigil/v1/supervision.pb.h"

// A hazard in any status of its life, with or without a supervision order in any status, brought
// there by operations; and every command that somebody could give on it.

namespace vigil::testing {

// Roles of those who act on hazards; whoever has all of them may give any command.
const std::vector<v1::Role>& ActingRoles();

struct SceneKey {
  v1::HazardStatus hazard = v1::HAZARD_STATUS_REPORTED;
  // UNSPECIFIED: no order.
  v1::OrderStatus order = v1::ORDER_STATUS_UNSPECIFIED;
};

// "RECTIFYING, order ISSUED".
std::string NameOf(const SceneKey& key);
std::string ShortName(v1::HazardStatus status);
std::string ShortName(v1::OrderStatus status);

// Every status of a hazard with no order and with one in every status that can be there.
std::vector<SceneKey> AllScenes();

struct Scene {
  RulesWorld world;
  // What stands in every scene: the hazard (general, due, partly suspended, its description in
  // conflict), a verification of it that passed, an escalation, and another hazard, reported.
  std::string hazard;
  std::string other_hazard;
  std::string verification;
  std::string escalation;
  // Empty where there is none.
  std::string order;
  std::string plan;
  std::string extension;
  std::string transfer;

  // All of the above that are there: what somebody who acts has looked at.
  std::vector<std::string> Records() const;
};

Scene MakeScene(const SceneKey& key);

// What an act needs in its scene.
enum class Needs { kNothing, kOrder, kExtension, kTransfer };

struct Act {
  std::string name;
  Needs needs;
  // Sets the command. Ids of records that it makes follow from the operation's own.
  std::function<void(const Scene& scene, v1::Operation& operation)> fill;

  bool IsPossibleIn(const Scene& scene) const;
};

// All commands that act on a hazard, its orders or what hangs on them, some in several forms.
const std::vector<Act>& Acts();
// The act must exist.
const Act& ActNamed(std::string_view name);

// An operation of the actor's, who has looked at the whole scene.
v1::Operation BeginAct(Scene& scene, const Act& act, RulesActor& actor);

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_RULES_SCENE_H_
