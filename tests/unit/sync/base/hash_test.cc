#include "sync/base/hash.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace vigil {
namespace {

TEST(Sha256Test, MatchesThePublishedVectors) {
  EXPECT_EQ(Sha256Of("").ToHex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Of("abc").ToHex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256Test, PiecesHashAsTheWhole) {
  EXPECT_EQ(Sha256Of({"a", "", "bc"}), Sha256Of("abc"));
  Sha256Hasher hasher;
  hasher.Update("ab");
  hasher.Update("c");
  EXPECT_EQ(hasher.Finish(), Sha256Of("abc"));
  // Finish begins anew.
  EXPECT_EQ(hasher.Finish(), Sha256Of(""));
  // One that is under way is not disturbed by others, nor by being moved.
  hasher.Update("ab");
  Sha256Of("something else");
  Sha256Hasher moved = std::move(hasher);
  moved.Update("c");
  EXPECT_EQ(moved.Finish(), Sha256Of("abc"));
}

TEST(Sha256Test, BytesAndHexRoundTrip) {
  const Sha256 hash = Sha256Of("abc");
  EXPECT_EQ(Sha256::FromBytes(hash.bytes()), hash);
  EXPECT_EQ(Sha256::FromHex(hash.ToHex()), hash);
  EXPECT_FALSE(Sha256::FromBytes(std::string(31, 'a')));
  EXPECT_FALSE(Sha256::FromHex(hash.ToHex().substr(2)));
  EXPECT_TRUE(Sha256().is_zero());
  EXPECT_FALSE(hash.is_zero());
}

TEST(MerkleTest, MatchesTheVectorsOfCertificateTransparency) {
  // RFC 6962 reference implementation: the leaf of no bytes and the leaf 00, and their parent.
  const Sha256 empty = LeafHash("");
  const Sha256 zero = LeafHash(std::string_view("\0", 1));
  EXPECT_EQ(empty.ToHex(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  EXPECT_EQ(zero.ToHex(), "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7");
  EXPECT_EQ(NodeHash({empty, zero}).ToHex(),
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
}

TEST(MerkleTest, LeafInPiecesAndOrderOfChildren) {
  EXPECT_EQ(LeafHash({"opera", "tion"}), LeafHash("operation"));
  const Sha256 a = LeafHash("a");
  const Sha256 b = LeafHash("b");
  EXPECT_NE(NodeHash({a, b}), NodeHash({b, a}));
  // A leaf that spells a node is not that node.
  std::string spelled = std::string(a.bytes()) + std::string(b.bytes());
  EXPECT_NE(LeafHash(spelled), NodeHash({a, b}));
}

TEST(HexTest, IsStrict) {
  EXPECT_EQ(HexEncode(std::string_view("\x00\x9f\xff", 3)), "009fff");
  EXPECT_EQ(HexDecode("009fff"), std::string("\x00\x9f\xff", 3));
  EXPECT_EQ(HexDecode(""), "");
  for (const char* const bad : {"0", "0g", "0G", "FF", " 0", "0x"}) {
    EXPECT_FALSE(HexDecode(bad)) << bad;
  }
}

TEST(ConstantTimeTest, ComparesWholeSecrets) {
  EXPECT_TRUE(ConstantTimeEqual("token", "token"));
  EXPECT_TRUE(ConstantTimeEqual("", ""));
  EXPECT_FALSE(ConstantTimeEqual("token", "tokem"));
  EXPECT_FALSE(ConstantTimeEqual("token", "toke"));
  EXPECT_FALSE(ConstantTimeEqual("token", "boken"));
}

}  // namespace
}  // namespace vigil
