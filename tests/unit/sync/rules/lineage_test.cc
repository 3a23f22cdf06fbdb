#include "sync/rules/lineage.h"

#include <map>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"

namespace vigil::testing {
namespace {

using rules::kAllShared;
using rules::Lineage;
using rules::SharedSeq;

constexpr char kFirst[] = "00000000-0000-7000-8000-000000000001";
constexpr char kNewer[] = "00000000-0000-7000-8000-000000000002";
constexpr char kOlder[] = "00000000-0000-7000-8000-000000000003";
constexpr char kAfterNewer[] = "00000000-0000-7000-8000-000000000004";

v1::Epoch Epoch(const std::string& id, const std::string& parent, std::uint64_t back_to) {
  v1::Epoch epoch;
  epoch.set_id(id);
  epoch.set_parent(parent);
  epoch.set_back_to_seq(back_to);
  return epoch;
}

// A restore to 200, work, one of that epoch to 260; and one from an older backup, to 100, that
// never heard of them.
class LineageTest : public ::testing::Test {
 protected:
  const v1::Epoch first_ = Epoch(kFirst, "", 0);
  const v1::Epoch newer_ = Epoch(kNewer, kFirst, 200);
  const v1::Epoch after_newer_ = Epoch(kAfterNewer, kNewer, 260);
  const v1::Epoch older_ = Epoch(kOlder, kFirst, 100);
};

TEST_F(LineageTest, AnEpochSharesAllWithItself) {
  EXPECT_EQ(SharedSeq({first_}, {first_}), kAllShared);
  EXPECT_EQ(SharedSeq({newer_, first_}, {newer_, first_}), kAllShared);
}

TEST_F(LineageTest, AnAncestorSharesWhatEveryRestoreOnTheWayKept) {
  EXPECT_EQ(SharedSeq({newer_, first_}, {first_}), 200U);
  EXPECT_EQ(SharedSeq({first_}, {newer_, first_}), 200U);
  EXPECT_EQ(SharedSeq({after_newer_, newer_, first_}, {newer_, first_}), 260U);
  EXPECT_EQ(SharedSeq({after_newer_, newer_, first_}, {first_}), 200U);
  // One that names as its parent an epoch that began only after what it went back to.
  const v1::Epoch deeper = Epoch(kAfterNewer, kNewer, 150);
  EXPECT_EQ(SharedSeq({deeper, newer_, first_}, {first_}), 150U);
  EXPECT_EQ(SharedSeq({first_}, {deeper, newer_, first_}), 150U);
}

TEST_F(LineageTest, BranchesShareTheLeastOfBothWays) {
  EXPECT_EQ(SharedSeq({older_, first_}, {newer_, first_}), 100U);
  EXPECT_EQ(SharedSeq({older_, first_}, {after_newer_, newer_, first_}), 100U);
  EXPECT_EQ(SharedSeq({after_newer_, newer_, first_}, {older_, first_}), 100U);
}

TEST_F(LineageTest, WhatDoesNotFollowIsNotLookedAt) {
  EXPECT_EQ(SharedSeq({}, {first_}), 0U);
  EXPECT_EQ(SharedSeq({first_}, {}), 0U);
  EXPECT_EQ(SharedSeq({after_newer_, first_}, {first_}), 0U);
  EXPECT_EQ(SharedSeq({Epoch(kOlder, "", 0)}, {first_}), 0U);
}

TEST_F(LineageTest, ALineageIsWholeOrNone) {
  std::map<std::string, v1::Epoch> known = {{kFirst, first_}, {kAfterNewer, after_newer_}};
  const rules::FindEpoch find = [&](const std::string& id) -> absl::StatusOr<v1::Epoch> {
    return known[id];
  };
  absl::StatusOr<Lineage> lineage = rules::LineageOf(kAfterNewer, find);
  VIGIL_ASSERT_OK(lineage);
  EXPECT_TRUE(lineage->empty());
  known[kNewer] = newer_;
  lineage = rules::LineageOf(kAfterNewer, find);
  VIGIL_ASSERT_OK(lineage);
  ASSERT_EQ(lineage->size(), 3U);
  EXPECT_EQ((*lineage)[1].id(), kNewer);
  // Somebody's invention goes round.
  known[kNewer].set_parent(kAfterNewer);
  lineage = rules::LineageOf(kAfterNewer, find);
  VIGIL_ASSERT_OK(lineage);
  EXPECT_TRUE(lineage->empty());
}

TEST_F(LineageTest, ASignatureSpeaksForAllOfIt) {
  P256PrivateKey key = P256PrivateKey::Generate();
  v1::Epoch epoch = newer_;
  epoch.set_why("the disk failed");
  epoch.set_person(kOlder);
  epoch.mutable_began_at()->set_seconds(1'500'000'000);
  const absl::StatusOr<std::string> signature = key.Sign(rules::BytesToSign(epoch));
  VIGIL_ASSERT_OK(signature);
  epoch.set_signature(*signature);
  EXPECT_TRUE(rules::IsSignedBy(epoch, key.public_key()));
  EXPECT_FALSE(rules::IsSignedBy(epoch, P256PrivateKey::Generate().public_key()));
  const auto is_signed_when = [&](const auto& change) {
    v1::Epoch other = epoch;
    change(other);
    return rules::IsSignedBy(other, key.public_key());
  };
  EXPECT_FALSE(is_signed_when([](v1::Epoch& e) { e.set_id(kAfterNewer); }));
  EXPECT_FALSE(is_signed_when([](v1::Epoch& e) { e.set_parent(kAfterNewer); }));
  EXPECT_FALSE(is_signed_when([](v1::Epoch& e) { e.set_back_to_seq(201); }));
  EXPECT_FALSE(is_signed_when([](v1::Epoch& e) { e.set_why("no reason"); }));
  EXPECT_FALSE(is_signed_when([](v1::Epoch& e) { e.set_person(kFirst); }));
  EXPECT_FALSE(is_signed_when([](v1::Epoch& e) { e.mutable_began_at()->set_nanos(1000); }));
  EXPECT_FALSE(is_signed_when([](v1::Epoch& e) { e.clear_signature(); }));
}

}  // namespace
}  // namespace vigil::testing
