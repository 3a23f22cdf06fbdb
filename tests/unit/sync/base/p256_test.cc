#include "sync/base/p256.h"

#include <string>

#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "tests/support/status_matchers.h"

namespace vigil {
namespace {

using testing::IsOk;
using testing::StatusIs;

// RFC 6979, A.2.5: the key, and its signature over "sample" with SHA-256, in DER.
constexpr char kPublishedKey[] =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
    "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";
constexpr char kPublishedSignature[] =
    "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
    "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8";

std::string Decode(std::string_view hex) { return *HexDecode(hex); }

TEST(P256Test, VerifiesAPublishedSignature) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const P256PublicKey key,
                             P256PublicKey::FromDer(Decode(kPublishedKey)));
  const std::string signature = Decode(kPublishedSignature);
  EXPECT_TRUE(key.Verifies({.message = "sample", .signature = signature}));
  EXPECT_FALSE(key.Verifies({.message = "Sample", .signature = signature}));
}

TEST(P256Test, WhatOneKeySignedNoOtherVerifies) {
  P256PrivateKey key = P256PrivateKey::Generate();
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string signature, key.Sign("words"));
  EXPECT_TRUE(key.public_key().Verifies({.message = "words", .signature = signature}));
  EXPECT_FALSE(key.public_key().Verifies({.message = "word", .signature = signature}));
  EXPECT_FALSE(key.public_key().Verifies({.message = "words", .signature = ""}));
  EXPECT_FALSE(key.public_key().Verifies({.message = "words", .signature = signature + '\0'}));
  EXPECT_FALSE(P256PrivateKey::Generate().public_key().Verifies(
      {.message = "words", .signature = signature}));
}

TEST(P256Test, KeysSurviveTheirFiles) {
  P256PrivateKey key = P256PrivateKey::Generate();
  VIGIL_ASSERT_OK_AND_ASSIGN(P256PrivateKey read, P256PrivateKey::FromPem(key.ToPem()));
  EXPECT_EQ(read.public_key().der(), key.public_key().der());
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string signature, read.Sign("words"));
  VIGIL_ASSERT_OK_AND_ASSIGN(const P256PublicKey sent,
                             P256PublicKey::FromDer(key.public_key().der()));
  EXPECT_TRUE(sent.Verifies({.message = "words", .signature = signature}));
}

TEST(P256Test, TakesNoOtherKeys) {
  const std::string good = Decode(kPublishedKey);
  std::string off_curve = good;
  off_curve.back() ^= 1;
  // The same point, compressed: the last byte of y is odd.
  const std::string compressed =
      Decode("3039301306072a8648ce3d020106082a8648ce3d03010703220003") + good.substr(27, 32);
  // secp256k1, its generator.
  const std::string other_curve = Decode(
      "3056301006072a8648ce3d020106052b8104000a03420004"
      "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
      "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8");
  for (const std::string& bad : {std::string(), std::string("key"), good + '\0', good.substr(0, 90),
                                 off_curve, compressed, other_curve, std::string(1000, '0')}) {
    EXPECT_THAT(P256PublicKey::FromDer(bad), StatusIs(absl::StatusCode::kInvalidArgument))
        << HexEncode(bad);
  }
  EXPECT_THAT(P256PublicKey::FromDer(good), IsOk());
}

TEST(P256Test, TakesNoOtherKeyFiles) {
  const std::string good = P256PrivateKey::Generate().ToPem();
  for (const std::string& bad :
       {std::string(), std::string("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"),
        good.substr(0, good.size() / 2), std::string(100'000, 'x')}) {
    EXPECT_THAT(P256PrivateKey::FromPem(bad), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace vigil
