#include "sync/base/merkle.h"

#include <string>

#include "gtest/gtest.h"
#include "sync/base/ids.h"
#include "sync/base/signing.h"

namespace vigil::testing {
namespace {

Sha256 Leaf(int number) { return LeafHash(std::to_string(number)); }

// By the definition, for comparison.
Sha256 RootOf(int first, int count) {
  if (count == 0) return Sha256Of("");
  if (count == 1) return Leaf(first);
  int left = 1;
  while (left * 2 < count) left *= 2;
  return NodeHash({.left = RootOf(first, left), .right = RootOf(first + left, count - left)});
}

// SUBPROOF of RFC 6962, 2.1.2.
std::vector<Sha256> Prove(int older, int first, int count, bool is_older_root) {
  if (older == count) {
    return is_older_root ? std::vector<Sha256>() : std::vector<Sha256>{RootOf(first, count)};
  }
  int left = 1;
  while (left * 2 < count) left *= 2;
  std::vector<Sha256> proof;
  if (older <= left) {
    proof = Prove(older, first, left, is_older_root);
    proof.push_back(RootOf(first + left, count - left));
  } else {
    proof = Prove(older - left, first + left, count - left, false);
    proof.push_back(RootOf(first, left));
  }
  return proof;
}

MerkleHead HeadOf(int size) {
  return {.size = static_cast<std::uint64_t>(size), .root = RootOf(0, size)};
}

constexpr int kSizes = 72;

TEST(MerkleTest, EveryBeginningIsProvedAndNothingElse) {
  for (int newer = 1; newer <= kSizes; ++newer) {
    for (int older = 1; older <= newer; ++older) {
      const std::vector<Sha256> proof = Prove(older, 0, newer, true);
      const MerklePast trees{HeadOf(older), HeadOf(newer)};
      ASSERT_TRUE(VerifyConsistency(trees, proof)) << older << " of " << newer;
      for (std::size_t i = 0; i < proof.size(); ++i) {
        std::vector<Sha256> tampered = proof;
        tampered[i] = Leaf(1000);
        ASSERT_FALSE(VerifyConsistency(trees, tampered)) << older << " of " << newer;
        tampered = proof;
        tampered.erase(tampered.begin() + static_cast<std::ptrdiff_t>(i));
        ASSERT_FALSE(VerifyConsistency(trees, tampered)) << older << " of " << newer;
      }
      std::vector<Sha256> longer = proof;
      longer.push_back(Leaf(0));
      ASSERT_FALSE(VerifyConsistency(trees, longer)) << older << " of " << newer;
      MerklePast other = trees;
      other.older.root = Leaf(1000);
      ASSERT_FALSE(VerifyConsistency(other, proof)) << older << " of " << newer;
      other = trees;
      other.newer.root = Leaf(1000);
      ASSERT_FALSE(VerifyConsistency(other, proof)) << older << " of " << newer;
    }
  }
}

TEST(MerkleTest, ATreeIsNoBeginningOfAnotherSizes) {
  for (int newer = 2; newer <= 20; ++newer) {
    for (int older = 1; older < newer; ++older) {
      const std::vector<Sha256> proof = Prove(older, 0, newer, true);
      for (int claimed = 1; claimed <= 20; ++claimed) {
        if (claimed == older) continue;
        MerkleHead head = HeadOf(older);
        head.size = static_cast<std::uint64_t>(claimed);
        ASSERT_FALSE(VerifyConsistency({head, HeadOf(newer)}, proof))
            << claimed << " for " << older << " of " << newer;
      }
    }
  }
}

TEST(MerkleTest, NothingIsTheBeginningOfEverything) {
  EXPECT_TRUE(VerifyConsistency({HeadOf(0), HeadOf(5)}, {}));
  EXPECT_TRUE(VerifyConsistency({HeadOf(0), HeadOf(0)}, {}));
  EXPECT_FALSE(VerifyConsistency({HeadOf(0), HeadOf(5)}, {Leaf(0)}));
  EXPECT_FALSE(VerifyConsistency({{.size = 0, .root = Leaf(0)}, HeadOf(5)}, {}));
  EXPECT_FALSE(VerifyConsistency({HeadOf(5), HeadOf(4)}, {}));
  // Whatever a caller claims as a size.
  EXPECT_FALSE(VerifyConsistency({HeadOf(1), {.size = ~std::uint64_t{0}, .root = Leaf(0)}}, {}));
  EXPECT_FALSE(VerifyConsistency({{.size = ~std::uint64_t{0} - 1, .root = Leaf(0)},
                                  {.size = ~std::uint64_t{0}, .root = Leaf(1)}},
                                 std::vector<Sha256>(100)));
}

TEST(MerkleTest, WhatIsSignedOfAnEpochNeverChanges) {
  const EpochToSign epoch{
      .id = *Uuid::Parse("00000000-0000-7000-8000-000000000001"),
      .parent = *Uuid::Parse("00000000-0000-7000-8000-000000000002"),
      .back_to_seq = Seq(258),
      .why = "disk",
      .person = *Uuid::Parse("00000000-0000-7000-8000-000000000003"),
      .began_at = absl::FromUnixMicros(1),
  };
  EXPECT_EQ(HexEncode(BytesToSign(epoch)),
            HexEncode("vigil/epoch/1") + "00" +  //
                "00000000000070008000000000000001" + "00000000000070008000000000000002" +
                "0000000000000102" + "00000004" + HexEncode("disk") +
                "00000000000070008000000000000003" + "0000000000000001");
}

}  // namespace
}  // namespace vigil::testing
