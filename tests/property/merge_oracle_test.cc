#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "tests/property/merge_model.h"

// Random lives of a few devices around one register, against the oracle.

namespace vigil::testing {
namespace {

using Script = std::vector<std::uint32_t>;

// Every number is one step; any list of numbers is a script, so that a failing one shrinks.
void Play(const Script& script, MergeModel& model, int ops_max) {
  int made = 0;
  for (const std::uint32_t step : script) {
    const int device = static_cast<int>(step % static_cast<std::uint32_t>(model.devices()));
    const std::uint32_t rest = step / 4;
    switch (rest % 5) {
      case 0:
        model.PullPage(device);
        break;
      case 1:
        model.PullAll(device);
        break;
      case 2:
        if (model.HasUnsent(device)) model.Push(device);
        break;
      default: {
        if (made++ >= ops_max) break;
        std::array<std::vector<Change>, kRecords> changes;
        const std::uint32_t value = rest / 5;
        const auto field = kAllFields[value % kAllFields.size()];
        const auto other = kAllFields[(value / 5) % kAllFields.size()];
        const int number = static_cast<int>((value / 25) % 64);
        if (value / 1600 % 3 != 1) changes[0].push_back({.field = field, .value = number});
        if (value / 1600 % 3 != 0) changes[1].push_back({.field = other, .value = number});
        // Clocks disagree with the order of everything.
        model.Make(device, changes, static_cast<int>((value / 4800) % 4));
        break;
      }
    }
  }
}

void PushAll(MergeModel& model) {
  for (int device = 0; device < model.devices(); ++device) {
    while (model.HasUnsent(device)) model.Push(device);
  }
}

Script AnyScript() {
  return *rc::gen::container<Script>(rc::gen::inRange<std::uint32_t>(0, 1U << 30)).as("steps");
}

RC_GTEST_PROP(Promise4NothingIsLost, SiblingsAreTheWritesThatNoLaterWriteCovered, ()) {
  MergeModel model({true, true, true, false});
  Play(AnyScript(), model, 40);
  PushAll(model);
  const std::string faults = model.merged().Differences(model.oracle());
  if (!faults.empty()) RC_FAIL(faults);
}

RC_GTEST_PROP(Promise5AMergeNeverLowersVigilance, TheSiblingInForceIsTheSafest, ()) {
  // The oracle ranks by itself; two offices, so that nothing covers by ownership.
  MergeModel model({false, true, false});
  Play(AnyScript(), model, 12);
  PushAll(model);
  const std::string faults = model.merged().Differences(model.oracle());
  if (!faults.empty()) RC_FAIL(faults);
}

RC_GTEST_PROP(Promise6ArrivalOrderDoesNotMatter, TheSameKnowledgeGivesTheSameRegister, ()) {
  MergeModel model({true, true, false});
  Play(AnyScript(), model, 5);
  PushAll(model);
  std::vector<ModelOp> ops = model.arrived();
  std::sort(ops.begin(), ops.end(), [](const ModelOp& a, const ModelOp& b) { return a.id < b.id; });
  int orders = 0;
  do {
    std::vector<ModelOp> order = ops;
    if (!Rearrange(order)) continue;
    ++orders;
    MergedRegister merged;
    for (const ModelOp& op : order) merged.Take(op);
    if (merged.Canonical() != model.merged().Canonical()) {
      std::string arrival;
      for (const ModelOp& op : order) {
        arrival += " " + std::to_string(op.id.device) + ":" + std::to_string(op.id.number);
      }
      RC_FAIL("in the order" + arrival + ":\n" + merged.Canonical() + "instead of\n" +
              model.merged().Canonical());
    }
  } while (std::next_permutation(ops.begin(), ops.end(),
                                 [](const ModelOp& a, const ModelOp& b) { return a.id < b.id; }));
  RC_CLASSIFY(orders > 1, "more than one order");
  RC_ASSERT(orders > 0);
}

// The model can tell: two devices that saw nothing of each other's, in both orders.
TEST(MergeModelTest, ConcurrentWritesHaveBothOrders) {
  MergeModel model({true, true});
  const std::array<std::vector<Change>, kRecords> text = {
      std::vector<Change>{{.field = Which::kText, .value = 1}}, std::vector<Change>{}};
  model.Make(0, text, 0);
  model.Make(1, text, 1);
  PushAll(model);
  EXPECT_EQ(model.oracle().Siblings(0, Which::kText).size(), 2U);
  EXPECT_EQ(model.merged().Differences(model.oracle()), "");
  std::vector<ModelOp> reversed(model.arrived().rbegin(), model.arrived().rend());
  EXPECT_TRUE(Rearrange(reversed));
}

TEST(MergeModelTest, WhatWasSeenCannotArriveLater) {
  MergeModel model({true, true});
  const std::array<std::vector<Change>, kRecords> text = {
      std::vector<Change>{{.field = Which::kText, .value = 1}}, std::vector<Change>{}};
  model.Make(0, text, 0);
  model.Push(0);
  model.PullAll(1);
  model.Make(1, text, 1);
  model.Push(1);
  EXPECT_EQ(model.oracle().Siblings(0, Which::kText).size(), 1U);
  EXPECT_EQ(model.merged().Differences(model.oracle()), "");
  std::vector<ModelOp> reversed(model.arrived().rbegin(), model.arrived().rend());
  EXPECT_FALSE(Rearrange(reversed));
}

// An interrupted pull: a page brought one record and not the other. Knowledge is per record.
TEST(MergeModelTest, AnInterruptedPullKnowsOnlyTheRecordThatCame) {
  MergeModel model({true, true});
  const Change change = {.field = Which::kText, .value = 1};
  model.Make(0, {std::vector<Change>{change}, std::vector<Change>{}}, 0);
  model.Make(0, {std::vector<Change>{}, std::vector<Change>{change}}, 0);
  PushAll(model);
  ASSERT_TRUE(model.PullPage(1));
  model.Make(1, {std::vector<Change>{change}, std::vector<Change>{change}}, 1);
  PushAll(model);
  EXPECT_EQ(model.oracle().Siblings(0, Which::kText).size(), 1U);
  EXPECT_EQ(model.oracle().Siblings(1, Which::kText).size(), 2U);
  EXPECT_EQ(model.merged().Differences(model.oracle()), "");
}

}  // namespace
}  // namespace vigil::testing
