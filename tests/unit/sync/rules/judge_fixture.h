#ifndef VIGIL_TESTS_UNIT_SYNC_RULES_JUDGE_FIXTURE_H_
#define VIGIL_TESTS_UNIT_SYNC_RULES_JUDGE_FIXTURE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/rules_scene.h"
#include "tests/support/rules_world.h"

// A scene, people in it, and the commands that they give.

namespace vigil::rules {

using Tweak = std::function<void(v1::Operation&)>;

class JudgeTest : public ::testing::Test {
 protected:
  using RulesActor = testing::RulesActor;

  void Open(const testing::SceneKey& key) {
    scene_ = std::make_unique<testing::Scene>(testing::MakeScene(key));
    actors_ = 0;
  }
  testing::Scene& scene() { return *scene_; }
  testing::RulesWorld& world() { return scene_->world; }
  const std::string& hazard() { return scene_->hazard; }
  const std::string& order() { return scene_->order; }

  // Somebody new with the roles over the bureau; with none given, with all.
  RulesActor Phone(std::vector<v1::Role> roles = testing::ActingRoles()) {
    return world().Phone("phone " + std::to_string(++actors_), roles, world().bureau);
  }
  RulesActor Clerk(std::vector<v1::Role> roles = testing::ActingRoles()) {
    return world().Clerk("clerk " + std::to_string(++actors_), roles, world().bureau);
  }

  v1::Operation Begin(std::string_view act, RulesActor& actor, const Tweak& tweak = nullptr) {
    v1::Operation operation = testing::BeginAct(scene(), testing::ActNamed(act), actor);
    if (tweak) tweak(operation);
    return operation;
  }
  v1::Outcome Do(std::string_view act, RulesActor actor, const Tweak& tweak = nullptr) {
    const v1::Operation operation = Begin(act, actor, tweak);
    return world().Apply(operation, actor);
  }
  // The reason for which the command is refused or deferred; UNSPECIFIED where it is taken.
  v1::Reason ReasonOfDoing(std::string_view act, RulesActor actor, const Tweak& tweak = nullptr) {
    return Do(act, std::move(actor), tweak).error().reason();
  }
  // An operation without a command, by one who has looked at the whole scene.
  v1::Operation Blank(RulesActor& actor) { return world().Begin(actor, scene().Records()); }
  v1::Reason ReasonOf(const v1::Operation& operation, const RulesActor& actor) {
    return world().Apply(operation, actor).error().reason();
  }

 private:
  std::unique_ptr<testing::Scene> scene_;
  int actors_ = 0;
};

inline bool Taken(const v1::Outcome& outcome) {
  return outcome.verdict() == v1::VERDICT_APPLIED || outcome.verdict() == v1::VERDICT_MERGED;
}

}  // namespace vigil::rules

#endif  // VIGIL_TESTS_UNIT_SYNC_RULES_JUDGE_FIXTURE_H_
