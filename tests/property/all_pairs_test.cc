#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "sync/rules/derive.h"
#include "sync/rules/record.h"
#include "sync/rules/schema.h"
#include "tests/support/rules_scene.h"
#include "tests/support/rules_world.h"

// Every pair of commands in every status, given concurrently by two who saw the same: the same
// register in both orders, and never one that is less vigilant.

namespace vigil::testing {
namespace {

bool IsTaken(const v1::Outcome& outcome) {
  return outcome.verdict() == v1::VERDICT_APPLIED || outcome.verdict() == v1::VERDICT_MERGED;
}

// Applied or merged is the same to its author's decision; the reason of a refusal is not.
std::string VerdictOf(const v1::Outcome& outcome) {
  return IsTaken(outcome) ? "taken" : v1::Reason_Name(outcome.error().reason());
}

// A command given alone on the scene.
struct Given {
  const Act* act = nullptr;
  RulesActor actor;
  v1::Operation operation;
  v1::Outcome outcome;
  // Fields that it writes, of records that were there: (record, field number).
  std::set<std::pair<std::string, int>> writes;
  std::vector<std::string> changed;
  std::optional<RulesWorld> after;
  v1::HazardState state;
};

// How vigilant a value of a field is; unset is the least.
long Vigilance(const v1::Record& record, const rules::FieldInfo& field) {
  const auto& body = rules::BodyOf(record.entity());
  const auto& reflection = *body.GetReflection();
  if (!reflection.HasField(body, field.descriptor)) return -1'000'000;
  if (field.policy == v1::MERGE_POLICY_EARLIEST) {
    const auto& date = static_cast<const v1::Date&>(reflection.GetMessage(body, field.descriptor));
    return -((date.year() * 12L + date.month()) * 31 + date.day());
  }
  if (field.descriptor->enum_type() == nullptr) return reflection.GetBool(body, field.descriptor);
  return rules::Schema::RankOf(*field.descriptor->enum_type(),
                               reflection.GetEnumValue(body, field.descriptor));
}

bool IsRanked(const rules::FieldInfo& field) {
  return field.policy == v1::MERGE_POLICY_GRAVEST || field.policy == v1::MERGE_POLICY_MOST_OPEN ||
         field.policy == v1::MERGE_POLICY_EARLIEST;
}

struct Component {
  std::string_view name;
  long value;
};

// What of a hazard's state is more or less vigilant, more being safer.
std::vector<Component> Components(const v1::HazardState& state) {
  const v1::Date& due = state.due_date();
  return {
      {"openness", rules::RankOf(state.status())},
      {"grade", rules::RankOf(state.grade())},
      {"tagged", state.tagged() ? 1 : 0},
      {"unfinished", state.finished() ? 0 : 1},
      {"unclosed", state.closed() ? 0 : 1},
      {"due", due.year() == 0 ? -1'000'000 : -((due.year() * 12L + due.month()) * 31 + due.day())}};
}

class AllPairs {
 public:
  explicit AllPairs(const SceneKey& key) : key_(key), scene_(MakeScene(key)) {
    RulesWorld& world = scene_.world;
    for (const char* name : {"first", "second"}) {
      phones_.push_back(world.Phone(std::string("phone ") + name, ActingRoles(), world.bureau));
      clerks_.push_back(world.Clerk(std::string("clerk ") + name, ActingRoles(), world.bureau));
    }
    clock_ = world.Clock();
    before_ = world.StateOf(scene_.hazard);
  }

  // Pairs of which the first is by a phone or by the office, and the second likewise, as far as
  // the commands allow it.
  void Run(bool first_by_phone, bool second_by_phone) {
    std::vector<Given> firsts = GiveAll(0, first_by_phone);
    std::vector<Given> seconds = GiveAll(1, second_by_phone);
    for (const Given& first : firsts) {
      for (const Given& second : seconds) {
        // With equal sides every pair would come twice.
        if (first_by_phone == second_by_phone && second.act < first.act) continue;
        if (!first.after.has_value() && !second.after.has_value()) continue;
        Check(first, second);
      }
    }
  }
  int pairs() const { return pairs_; }
  int concurrent() const { return concurrent_; }

 private:
  std::vector<Given> GiveAll(std::size_t side, bool by_phone) {
    std::vector<Given> all;
    const absl::Duration later = absl::Minutes(static_cast<int>(side));
    for (const Act& act : Acts()) {
      if (!act.IsPossibleIn(scene_)) continue;
      Scene scene = scene_;
      scene.world.Advance(later);
      Given given;
      given.act = &act;
      given.actor = by_phone ? phones_[side] : clerks_[side];
      if (act.name == "fire_escalation") {
        // There is one clock.
        if (side != 0) continue;
        given.actor = clock_;
      }
      given.operation = BeginAct(scene, act, given.actor);
      const auto* command = rules::Schema::Get().FindCommand(given.operation.command_case());
      if (!command->Allows(given.actor.author.channel)) continue;
      Try(scene.world, given);
      all.push_back(std::move(given));
    }
    return all;
  }

  void Try(const RulesWorld& world, Given& given) const {
    const absl::StatusOr<rules::Decision> decision = world.Judge(given.operation, given.actor);
    if (decision.ok()) {
      for (const v1::RecordWrite& write : decision->writes) {
        given.changed.push_back(write.record());
        if (write.creates()) continue;
        for (const v1::FieldWrite& field : write.fields()) {
          given.writes.emplace(write.record(), static_cast<int>(field.field()));
        }
      }
    }
    RulesWorld after = world;
    // Long after both were made, so that receipt does not cut off anybody's time.
    after.Advance(absl::Hours(1));
    given.outcome = after.Apply(given.operation, given.actor);
    if (!IsTaken(given.outcome)) return;
    given.state = after.StateOf(scene_.hazard);
    given.after.emplace(std::move(after));
  }

  RulesWorld After(const Given& given) const {
    if (given.after.has_value()) return *given.after;
    RulesWorld world = scene_.world;
    world.Advance(absl::Hours(1));
    world.Apply(given.operation, given.actor);
    return world;
  }

  std::string Register(const RulesWorld& world, const Given& a, const Given& b) const {
    std::set<std::string> records(a.changed.begin(), a.changed.end());
    records.insert(b.changed.begin(), b.changed.end());
    std::string text;
    for (const std::string& id : records) {
      const v1::Record* record = world.Find(id);
      text += record == nullptr ? id + " is not there\n" : Canonical(*record);
    }
    for (const std::string& id : {scene_.hazard, scene_.other_hazard}) {
      text += world.StateOf(id).ShortDebugString() + "\n";
    }
    return text;
  }

  void Check(const Given& a, const Given& b) {
    ++pairs_;
    const std::string what = NameOf(key_) + ": " + a.act->name + " by " +
                             v1::Channel_Name(a.actor.author.channel) + ", " + b.act->name +
                             " by " + v1::Channel_Name(b.actor.author.channel);
    // A second that is refused alone is refused after the first as well, and nothing is changed.
    RulesWorld ab = After(a);
    const v1::Outcome b_second = ab.Apply(b.operation, b.actor);
    RulesWorld ba = After(b);
    const v1::Outcome a_second = ba.Apply(a.operation, a.actor);
    EXPECT_EQ(VerdictOf(a_second), VerdictOf(a.outcome)) << what;
    EXPECT_EQ(VerdictOf(b_second), VerdictOf(b.outcome)) << what;
    EXPECT_EQ(Register(ab, a, b), Register(ba, a, b)) << what;
    if (!a.after.has_value() || !b.after.has_value()) return;
    ++concurrent_;
    CheckFields(a, b, ab, what);
    CheckState(a, b, ab.StateOf(scene_.hazard), what);
  }

  // Of values that both wrote, the safer one is in force; what one wrote stands as he wrote it.
  void CheckFields(const Given& a, const Given& b, const RulesWorld& both,
                   const std::string& what) const {
    std::set<std::pair<std::string, int>> written = a.writes;
    written.insert(b.writes.begin(), b.writes.end());
    for (const auto& [id, number] : written) {
      const rules::FieldInfo& field = *rules::InfoOf(*both.Find(id))->Find(number);
      if (!IsRanked(field)) continue;
      const long in_a = Vigilance(*a.after->Find(id), field);
      const long in_b = Vigilance(*b.after->Find(id), field);
      const bool by_a = a.writes.contains({id, number});
      const bool by_b = b.writes.contains({id, number});
      const long safest = by_a && by_b ? std::max(in_a, in_b) : (by_a ? in_a : in_b);
      EXPECT_EQ(Vigilance(*both.Find(id), field), safest) << what << ": " << field.name();
    }
  }

  // What one of them raised stays raised, whatever the other did without having seen it; and two
  // who lower nothing lower nothing together.
  void CheckState(const Given& a, const Given& b, const v1::HazardState& both,
                  const std::string& what) const {
    const std::vector<Component> old = Components(before_);
    const std::vector<Component> by_a = Components(a.state);
    const std::vector<Component> by_b = Components(b.state);
    const std::vector<Component> end = Components(both);
    for (std::size_t i = 0; i < old.size(); ++i) {
      // A tagged hazard's due date is its order's, which may be later.
      const bool same_tag = a.state.tagged() == both.tagged() &&
                            b.state.tagged() == both.tagged() && before_.tagged() == both.tagged();
      if (old[i].name == "due" && !same_tag) continue;
      if (by_a[i].value > old[i].value) {
        EXPECT_GE(end[i].value, by_a[i].value) << what << ": " << old[i].name << " raised by a";
      }
      if (by_b[i].value > old[i].value) {
        EXPECT_GE(end[i].value, by_b[i].value) << what << ": " << old[i].name << " raised by b";
      }
      if (std::min(by_a[i].value, by_b[i].value) >= old[i].value) {
        EXPECT_GE(end[i].value, old[i].value) << what << ": " << old[i].name << " lowered by none";
      }
    }
    // Untagged together only if each one that touches what a tag hangs on leaves it untagged.
    if (both.tagged()) return;
    for (const Given* one : {&a, &b}) {
      const bool touches =
          one->writes.contains({scene_.hazard, v1::Hazard::kStatusFieldNumber}) ||
          one->writes.contains({scene_.order, v1::SupervisionOrder::kStatusFieldNumber});
      EXPECT_FALSE(touches && one->state.tagged())
          << what << ": untagged against " << one->act->name;
    }
  }

  const SceneKey key_;
  Scene scene_;
  std::vector<RulesActor> phones_;
  std::vector<RulesActor> clerks_;
  RulesActor clock_;
  v1::HazardState before_;
  int pairs_ = 0;
  int concurrent_ = 0;
};

class EveryPairInEveryStatus : public ::testing::TestWithParam<SceneKey> {};

TEST_P(EveryPairInEveryStatus,
       Promise6ArrivalOrderDoesNotMatterAndPromise5AMergeNeverLowersVigilance) {
  AllPairs pairs(GetParam());
#ifdef VIGIL_TEST_FULL
  pairs.Run(true, true);
  pairs.Run(true, false);
#endif
  pairs.Run(false, false);
  EXPECT_GT(pairs.pairs(), 100);
  EXPECT_GT(pairs.concurrent(), 100);
}

std::string TestName(const ::testing::TestParamInfo<SceneKey>& info) {
  std::string name = ShortName(info.param.hazard);
  if (info.param.order != v1::ORDER_STATUS_UNSPECIFIED) {
    name += "_order_" + ShortName(info.param.order);
  }
  return name;
}

#ifdef VIGIL_TEST_FULL
INSTANTIATE_TEST_SUITE_P(Full, EveryPairInEveryStatus, ::testing::ValuesIn(AllScenes()), TestName);
#else
// Where decisions meet; all others are in the full run.
INSTANTIATE_TEST_SUITE_P(
    Fast, EveryPairInEveryStatus,
    ::testing::Values(
        SceneKey{.hazard = v1::HAZARD_STATUS_REPORTED},
        SceneKey{.hazard = v1::HAZARD_STATUS_CONFIRMED},
        SceneKey{.hazard = v1::HAZARD_STATUS_TRANSFER_PENDING, .order = v1::ORDER_STATUS_ISSUED},
        SceneKey{.hazard = v1::HAZARD_STATUS_SUBMITTED, .order = v1::ORDER_STATUS_ACCEPTANCE},
        SceneKey{.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_PASSED},
        SceneKey{.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_LIFTED},
        SceneKey{.hazard = v1::HAZARD_STATUS_RECTIFYING,
                 .order = v1::ORDER_STATUS_EXTENSION_PENDING}),
    TestName);
#endif

}  // namespace
}  // namespace vigil::testing
