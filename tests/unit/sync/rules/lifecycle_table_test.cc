#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "sync/rules/lifecycle.h"
#include "sync/rules/schema.h"
#include "tests/support/rules_scene.h"
#include "tests/support/rules_world.h"

// Every status x event x role, really judged, against the checked-in table beside this file. After
// a wanted change: run with VIGIL_WRITE_LIFECYCLE_TABLE=1, and read the difference.

namespace vigil::rules {
namespace {

using ::vigil::testing::Act;
using ::vigil::testing::ActingRoles;
using ::vigil::testing::ActNamed;
using ::vigil::testing::BeginAct;
using ::vigil::testing::IdOf;
using ::vigil::testing::MakeScene;
using ::vigil::testing::RulesActor;
using ::vigil::testing::RulesWorld;
using ::vigil::testing::Scene;
using ::vigil::testing::ShortName;

constexpr std::string_view kTable = "tests/unit/sync/rules/lifecycle_table.txt";

constexpr std::string_view kHeading =
    R"(# What comes of every event in every status, by the role of who brings it: by judging real
# operations. A role holds for the bureau and all below it. The office's channel is used where the
# command is taken from there.
#
#   STATUS       taken: the status afterwards
#   kept         taken: recorded, and moves no status
#   no role      refused: no role of his may do this
#   no channel   refused: not from there
#   no event     refused: the status does not take the event
#   other words  refused: the reason
)";

struct Column {
  std::string_view name;
  v1::Role role;
};

constexpr Column kColumns[] = {
    {"inspector", v1::ROLE_INSPECTOR},   {"unit", v1::ROLE_RESPONSIBLE_UNIT},
    {"verifier", v1::ROLE_VERIFIER},     {"department", v1::ROLE_INDUSTRY_DEPARTMENT},
    {"office", v1::ROLE_SAFETY_OFFICE},  {"receiver", v1::ROLE_RECEIVER},
    {"auditor", v1::ROLE_AUDITOR},       {"administrator", v1::ROLE_ADMINISTRATOR},
    {"clock", v1::ROLE_ESCALATION_CLOCK}};

constexpr std::string_view kHazardActs[] = {
    "report_hazard",   "confirm_general", "reject",
    "merge",           "accept",          "fix_on_spot",
    "submit",          "verify_passed",   "verify_failed",
    "verify_self",     "recur",           "propose_transfer",
    "accept_transfer", "refuse_transfer", "propose_supervision"};

constexpr std::string_view kOrderActs[] = {
    "issue_order",       "sign_receipt",     "file_plan",        "apply_extension",
    "approve_extension", "refuse_extension", "apply_acceptance", "pass_acceptance",
    "fail_acceptance",   "lift_tag",         "reinstate_tag",    "transfer_order",
    "record_publication"};

std::string Pad(std::string_view text, std::size_t width) {
  std::string padded(text);
  padded.resize(std::max(width, padded.size()), ' ');
  return padded;
}

std::string Trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string Word(v1::Reason reason) {
  switch (reason) {
    case v1::REASON_NOT_PERMITTED:
      return "no role";
    case v1::REASON_WRONG_CHANNEL:
      return "no channel";
    case v1::REASON_EVENT_NOT_ALLOWED:
      return "no event";
    default:
      return absl::StrReplaceAll(absl::AsciiStrToLower(v1::Reason_Name(reason)),
                                 {{"reason_", ""}, {"_", " "}});
  }
}

// Somebody with this role alone, at the channel by which the command is taken.
RulesActor ActorFor(Scene& scene, const Column& column, const Act& act) {
  if (column.role == v1::ROLE_ESCALATION_CLOCK) return scene.world.Clock();
  RulesActor probe = scene.world.Clerk("probe", ActingRoles(), "");
  Scene copy = scene;
  const v1::Operation operation = BeginAct(copy, act, probe);
  const CommandInfo& command = *Schema::Get().FindCommand(operation.command_case());
  return command.Allows(v1::CHANNEL_OFFICE)
             ? scene.world.Clerk(column.name, {column.role}, scene.world.bureau)
             : scene.world.Phone(column.name, {column.role}, scene.world.bureau);
}

// A proposed transfer and an open extension for the events that decide them.
void AddProps(Scene& scene) {
  if (scene.transfer.empty()) {
    v1::Entity entity;
    v1::Transfer& transfer = *entity.mutable_transfer();
    transfer.set_hazard(scene.hazard);
    transfer.set_to_unit(scene.world.district);
    transfer.set_status(v1::TRANSFER_STATUS_PROPOSED);
    transfer.set_status_before(v1::HAZARD_STATUS_CONFIRMED);
    scene.transfer = IdOf("prop transfer");
    scene.world.Put(scene.transfer, entity, scene.hazard);
  } else {
    v1::Entity undecided;
    undecided.mutable_transfer()->set_status(v1::TRANSFER_STATUS_PROPOSED);
    scene.world.Set(scene.transfer, undecided);
  }
  if (scene.extension.empty() && !scene.order.empty()) {
    v1::Entity entity;
    entity.mutable_extension()->set_order(scene.order);
    entity.mutable_extension()->set_status(v1::EXTENSION_STATUS_APPLIED);
    *entity.mutable_extension()->mutable_requested_until() =
        scene.world.Order(scene.order).due_date();
    scene.extension = IdOf("prop extension");
    scene.world.Put(scene.extension, entity, scene.order);
  }
}

struct Row {
  std::string act;
  std::vector<std::string> cells;
};

// The act by each role on the scene; `status` reads what it is about.
template <typename Status>
Row RowOf(const Scene& scene, std::string_view name, const Status& status) {
  Row row{.act = std::string(name), .cells = {}};
  const Act& act = ActNamed(name);
  for (const Column& column : kColumns) {
    Scene copy = scene;
    RulesActor actor = ActorFor(copy, column, act);
    const std::string before = status(copy);
    const v1::Outcome outcome = copy.world.Apply(BeginAct(copy, act, actor), actor);
    const bool taken = outcome.error().reason() == v1::REASON_UNSPECIFIED;
    const std::string after = status(copy);
    const bool writes_status = after != before || name == "lift_tag";
    row.cells.push_back(taken ? (writes_status ? after : "kept") : Word(outcome.error().reason()));
  }
  return row;
}

std::string Format(std::string_view title, const std::vector<Row>& rows) {
  constexpr std::size_t kActWidth = 21;
  std::vector<std::size_t> widths;
  for (const Column& column : kColumns) widths.push_back(column.name.size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      widths[i] = std::max(widths[i], row.cells[i].size());
    }
  }
  std::string line = Pad(title, kActWidth + 2);
  for (std::size_t i = 0; i < widths.size(); ++i) line += Pad(kColumns[i].name, widths[i] + 2);
  std::string text = "\n" + Trimmed(line);
  for (const Row& row : rows) {
    line = "  " + Pad(row.act, kActWidth);
    for (std::size_t i = 0; i < widths.size(); ++i) line += Pad(row.cells[i], widths[i] + 2);
    text += Trimmed(line);
  }
  return text;
}

std::string HazardTable() {
  std::string text = "\n## Events of a hazard, by its status\n";
  const auto status = [](const Scene& scene) {
    return ShortName(scene.world.Hazard(scene.hazard).status());
  };
  for (int number = v1::HAZARD_STATUS_REPORTED; number <= v1::HAZARD_STATUS_REJECTED; ++number) {
    const auto from = static_cast<v1::HazardStatus>(number);
    Scene scene = MakeScene({.hazard = from});
    AddProps(scene);
    std::vector<Row> rows;
    for (const std::string_view act : kHazardActs) rows.push_back(RowOf(scene, act, status));
    text += Format(ShortName(from), rows);
  }
  return text;
}

// The hazard under an order in this status, as the event needs it.
v1::HazardStatus HazardFor(v1::OrderStatus order, std::string_view act) {
  if (order == v1::ORDER_STATUS_TRANSFERRED) return v1::HAZARD_STATUS_TRANSFERRED;
  if (act == "lift_tag") return v1::HAZARD_STATUS_VERIFIED;
  if (act == "transfer_order" && order != v1::ORDER_STATUS_LIFTED) {
    return v1::HAZARD_STATUS_TRANSFERRED;
  }
  return v1::HAZARD_STATUS_RECTIFYING;
}

// Lifted while somebody who had not seen it reopened the hazard, and verified again since.
Scene LiftedInDoubt() {
  Scene scene = MakeScene({.hazard = v1::HAZARD_STATUS_VERIFIED, .order = v1::ORDER_STATUS_PASSED});
  RulesWorld& world = scene.world;
  RulesActor lifter = world.Clerk("lifter", ActingRoles(), world.bureau);
  RulesActor finder = world.Phone("finder", ActingRoles(), world.bureau);
  RulesActor fixer = world.Phone("fixer", ActingRoles(), world.bureau);
  RulesActor checker = world.Phone("checker", ActingRoles(), world.bureau);
  const v1::Operation lift = BeginAct(scene, ActNamed("lift_tag"), lifter);
  const v1::Operation recur = BeginAct(scene, ActNamed("recur"), finder);
  world.Apply(lift, lifter);
  world.Apply(recur, finder);
  world.Apply(BeginAct(scene, ActNamed("submit"), fixer), fixer);
  world.Apply(BeginAct(scene, ActNamed("verify_passed"), checker), checker);
  EXPECT_TRUE(world.StateOf(scene.hazard).tag_in_doubt());
  return scene;
}

std::string OrderTable() {
  std::string text =
      "\n## Events of a supervision order, by its status\n"
      "# The hazard is RECTIFYING; for lift_tag VERIFIED, for transfer_order TRANSFERRED.\n";
  const auto status = [](const Scene& scene) {
    return ShortName(scene.world.Order(scene.order).status());
  };
  for (int number = v1::ORDER_STATUS_PROPOSED; number <= v1::ORDER_STATUS_LIFTED; ++number) {
    const auto from = static_cast<v1::OrderStatus>(number);
    std::vector<Row> rows;
    for (const std::string_view act : kOrderActs) {
      Scene scene = MakeScene({.hazard = HazardFor(from, act), .order = from});
      AddProps(scene);
      rows.push_back(RowOf(scene, act, status));
    }
    text += Format(ShortName(from), rows);
  }
  Scene doubtful = LiftedInDoubt();
  AddProps(doubtful);
  std::vector<Row> rows;
  for (const std::string_view act : kOrderActs) rows.push_back(RowOf(doubtful, act, status));
  return text + Format("LIFTED, in doubt", rows);
}

// By somebody with every role, through each channel.
std::string ChannelTable() {
  constexpr v1::Channel kChannels[] = {v1::CHANNEL_PHONE, v1::CHANNEL_OFFICE, v1::CHANNEL_CLOCK,
                                       v1::CHANNEL_IMPORT, v1::CHANNEL_WITNESS};
  std::string text = "\n## Commands, by the channel through which they come\n\n";
  text += Trimmed(Pad("", 23) + Pad("phone", 8) + Pad("office", 8) + Pad("clock", 8) +
                  Pad("import", 8) + "witness");
  for (const CommandInfo& command : Schema::Get().commands()) {
    std::string line = Pad(command.name, 23);
    for (const v1::Channel channel : kChannels) {
      line += Pad(command.Allows(channel) ? "yes" : "-", 8);
    }
    text += Trimmed(line);
  }
  return text;
}

std::string Difference(const std::string& expected, const std::string& actual) {
  const std::vector<std::string> before = absl::StrSplit(expected, '\n');
  const std::vector<std::string> after = absl::StrSplit(actual, '\n');
  std::string text;
  for (std::size_t i = 0; i < std::max(before.size(), after.size()); ++i) {
    const std::string old_line = i < before.size() ? before[i] : "";
    const std::string new_line = i < after.size() ? after[i] : "";
    if (old_line == new_line) continue;
    absl::StrAppend(&text, "line ", i + 1, "\n- ", old_line, "\n+ ", new_line, "\n");
  }
  return text;
}

TEST(Promise7AuthorityIsInTheSchema, EveryStatusEventAndRoleIsAsTheTableSays) {
  const std::string actual =
      absl::StrCat(std::string(kHeading), HazardTable(), OrderTable(), ChannelTable());
  if (std::getenv("VIGIL_WRITE_LIFECYCLE_TABLE") != nullptr) {
    std::ofstream(std::string(kTable)) << actual;
  }
  std::ifstream file{std::string(kTable)};
  ASSERT_TRUE(file) << "run this from the root of the source";
  std::stringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(Difference(expected.str(), actual), "");
}

// The tables in the code hold what the roles that may act get out of it, and nothing else.
TEST(LifecycleTest, EveryTransitionIsReachedAndNoOther) {
  for (const HazardTransition& row : HazardTransitions()) {
    EXPECT_EQ(Find(row.from, row.event), &row);
    EXPECT_FALSE(EventName(row.event).empty());
  }
  for (const OrderTransition& row : OrderTransitions()) EXPECT_EQ(Find(row.from, row.event), &row);
  EXPECT_EQ(Find(v1::HAZARD_STATUS_VERIFIED, Event::kAccept), nullptr);
  EXPECT_EQ(Find(v1::ORDER_STATUS_PROPOSED, Event::kLift), nullptr);
}

}  // namespace
}  // namespace vigil::rules
