// Whatever bytes arrive as an operation are judged and, if they are applied, merged: over a hazard
// in some state of its life (first byte), by somebody of some kind (second byte). No phone takes a
// tag away or closes what is tagged, and each answer can be given.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "sync/base/check.h"
#include "sync/rules/validate.h"
#include "tests/support/rules_scene.h"

namespace vigil::testing {
namespace {

const std::vector<Scene>& Scenes() {
  static const auto* const scenes = [] {
    auto* made = new std::vector<Scene>();
    for (const SceneKey& key : AllScenes()) made->push_back(MakeScene(key));
    return made;
  }();
  return *scenes;
}

RulesActor ActorOf(RulesWorld& world, std::uint8_t kind) {
  switch (kind % 5) {
    case 0:
      return world.Phone("everything", ActingRoles(), "");
    case 1:
      return world.Phone("inspector", {v1::ROLE_INSPECTOR}, world.department);
    case 2:
      return world.Clerk("safety office", {v1::ROLE_SAFETY_OFFICE, v1::ROLE_ADMINISTRATOR}, "");
    case 3:
      return world.Clock();
    default:
      return world.Importer();
  }
}

void Judge(std::string_view bytes, std::uint8_t scene_index, std::uint8_t kind) {
  auto operation = rules::ParseOperation(bytes);
  if (!operation.ok()) return;
  Scene scene = Scenes()[scene_index % Scenes().size()];
  RulesActor actor = ActorOf(scene.world, kind);
  // Who sends it is known from his token.
  operation->set_device(actor.author.device);
  operation->set_person(actor.author.person);
  const v1::HazardState before = scene.world.StateOf(scene.hazard);
  const v1::Outcome outcome = scene.world.Apply(*operation, actor);
  VIGIL_CHECK(outcome.verdict() != v1::VERDICT_UNSPECIFIED);
  const bool applied =
      outcome.verdict() == v1::VERDICT_APPLIED || outcome.verdict() == v1::VERDICT_MERGED;
  VIGIL_CHECK(applied == (outcome.error().reason() == v1::REASON_UNSPECIFIED));
  const v1::HazardState after = scene.world.StateOf(scene.hazard);
  if (actor.author.channel == v1::CHANNEL_PHONE && before.tagged()) {
    VIGIL_CHECK(after.tagged()) << operation->ShortDebugString();
    VIGIL_CHECK(!after.closed()) << operation->ShortDebugString();
  }
}

}  // namespace
}  // namespace vigil::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  vigil::testing::Judge({reinterpret_cast<const char*>(data + 2), size - 2}, data[0], data[1]);
  return 0;
}
