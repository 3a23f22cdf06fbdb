#include "server/access/authenticator.h"

#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "server/access/access_control.h"
#include "sync/base/time.h"
#include "tests/support/access_fixture.h"

namespace vigil::testing {
namespace {

using ::testing::SizeIs;

constexpr char kMethod[] = "vigil.v1.SyncService/Pull";

class AuthenticatorTest : public AccessFixture {
 protected:
  AuthenticatorTest()
      : inspector_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit)),
        phone_(NewPhone(inspector_.author.person)) {}

  CallToSign Call(const Program& program) {
    return {.register_id = *Uuid::Parse(program.access.register_()),
            .token_hash = access::TokenHash(program.access.token().token()),
            .method = kMethod,
            .issued_at = reg_.executor().Now(),
            .nonce = "0123456789abcdef"};
  }
  std::string Prove(Program& program, const CallToSign& call) {
    v1::CallProof proof;
    *proof.mutable_issued_at() =
        google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(ToMicros(call.issued_at));
    proof.set_nonce(std::string(call.nonce));
    proof.set_signature(*program.key.Sign(BytesToSign(call)));
    return proof.SerializeAsString();
  }
  absl::Status Check(const Program& program, const std::string& proof,
                     std::string_view method = kMethod) {
    const auto principal = Whose(program);
    if (!principal.ok()) return principal.status();
    return authenticator_.CheckProof(
        **principal, {.token = program.access.token().token(), .method = method, .proof = proof},
        reg_.executor().Now());
  }

  const Actor inspector_;
  Program phone_;
};

TEST_F(AuthenticatorTest, NobodyElseIsAnybody) {
  const absl::Time now = reg_.executor().Now();
  for (const std::string& token :
       {std::string(), std::string("guess"), std::string(100'000, 'x'),
        // What a token of another kind would look like: algorithm "none".
        std::string("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.")}) {
    EXPECT_THAT(authenticator_.Authenticate(token, now), ReasonIs("REASON_UNAUTHENTICATED"));
  }
  EXPECT_EQ(access::BearerToken("Bearer abc"), "abc");
  EXPECT_EQ(access::BearerToken("bearer abc"), "");
  EXPECT_EQ(access::BearerToken("Basic abc"), "");
  EXPECT_EQ(access::BearerToken(""), "");
}

TEST_F(AuthenticatorTest, AnAccessTokenExpires) {
  VIGIL_EXPECT_OK(Whose(phone_));
  reg_.executor().RunFor(absl::Minutes(15));
  EXPECT_THAT(Whose(phone_), ReasonIs("REASON_TOKEN_EXPIRED"));
}

TEST_F(AuthenticatorTest, RolesAreThoseOfTheMoment) {
  v1::Entity more;
  v1::RoleGrant& grant = *more.mutable_person()->add_roles();
  grant.set_role(v1::ROLE_VERIFIER);
  grant.set_unit(reg_.other_unit);
  Edit(inspector_.author.person, more, "roles");
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto principal, Whose(phone_));
  EXPECT_THAT(principal->author.roles, SizeIs(2));
}

TEST_F(AuthenticatorTest, ADelegatedRoleEndsWithItsDay) {
  const absl::TimeZone zone = absl::FixedTimeZone(8 * 60 * 60);
  v1::Entity more;
  v1::RoleGrant& grant = *more.mutable_person()->add_roles();
  grant.set_role(v1::ROLE_SAFETY_OFFICE);
  grant.set_unit(reg_.other_unit);
  *grant.mutable_until() = reg_.target().Today();
  grant.set_delegated_by(administrator_.access.person());
  Edit(inspector_.author.person, more, "roles");
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto today, Whose(phone_));
  EXPECT_THAT(today->author.roles, SizeIs(2));
  const absl::Time midnight = StartOfDay(DayAt(reg_.executor().Now(), zone) + 1, zone);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto last_moment,
                             authenticator_.LookAgain(*today, midnight - absl::Microseconds(1)));
  EXPECT_THAT(last_moment->author.roles, SizeIs(2));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto tomorrow, authenticator_.LookAgain(*today, midnight));
  EXPECT_THAT(tomorrow->author.roles, SizeIs(1));
}

TEST_F(AuthenticatorTest, WhatIsKnownIsForgottenWithTheDay) {
  // A token that is good beyond midnight.
  const absl::TimeZone zone = absl::FixedTimeZone(8 * 60 * 60);
  const absl::Time midnight = StartOfDay(DayAt(reg_.executor().Now(), zone) + 1, zone);
  reg_.executor().RunUntil(midnight - absl::Minutes(5));
  VIGIL_ASSERT_OK(Refresh(phone_, phone_.Refresh(std::string(32, 'b'))));
  v1::Entity more;
  v1::RoleGrant& grant = *more.mutable_person()->add_roles();
  grant.set_role(v1::ROLE_VERIFIER);
  *grant.mutable_until() = reg_.target().Today();
  VIGIL_ASSERT_OK(Refresh(administrator_, administrator_.Refresh(std::string(32, 'b'))));
  Edit(inspector_.author.person, more, "roles");
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto today, Whose(phone_));
  EXPECT_THAT(today->author.roles, SizeIs(2));
  reg_.executor().RunFor(absl::Minutes(6));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto tomorrow, Whose(phone_));
  EXPECT_THAT(tomorrow->author.roles, SizeIs(1));
}

TEST_F(AuthenticatorTest, AProofHoldsForOneCallOnce) {
  const std::string proof = Prove(phone_, Call(phone_));
  EXPECT_THAT(Check(phone_, proof, "vigil.v1.SyncService/Hello"), ReasonIs("REASON_PROOF_INVALID"))
      << "another method";
  VIGIL_EXPECT_OK(Check(phone_, proof));
  EXPECT_THAT(Check(phone_, proof), ReasonIs("REASON_PROOF_INVALID")) << "again";
  CallToSign another = Call(phone_);
  another.nonce = "another nonce ..";
  VIGIL_EXPECT_OK(Check(phone_, Prove(phone_, another)));
}

TEST_F(AuthenticatorTest, AStolenTokenIsWorthNothingWithoutItsKey) {
  Program thief{.access = phone_.access};
  EXPECT_THAT(Check(thief, ""), ReasonIs("REASON_PROOF_INVALID"));
  EXPECT_THAT(Check(thief, "garbage"), ReasonIs("REASON_PROOF_INVALID"));
  EXPECT_THAT(Check(thief, std::string(10'000, 'x')), ReasonIs("REASON_PROOF_INVALID"));
  EXPECT_THAT(Check(thief, Prove(thief, Call(thief))), ReasonIs("REASON_PROOF_INVALID"));
  // Nor is a proof that was made for another token of the same program.
  const std::string former = Prove(phone_, Call(phone_));
  VIGIL_ASSERT_OK(Refresh(phone_, phone_.Refresh(std::string(32, 'b'))));
  EXPECT_THAT(Check(phone_, former), ReasonIs("REASON_PROOF_INVALID"));
}

TEST_F(AuthenticatorTest, AProofForAnotherRegisterIsNone) {
  CallToSign elsewhere = Call(phone_);
  elsewhere.register_id = *Uuid::Parse(reg_.bureau);
  EXPECT_THAT(Check(phone_, Prove(phone_, elsewhere)), ReasonIs("REASON_PROOF_INVALID"));
}

TEST_F(AuthenticatorTest, AProofsTimeIsNearTheRegistersWhichIsSaid) {
  for (const absl::Duration off : {absl::Seconds(61), -absl::Seconds(61), absl::Hours(87600)}) {
    CallToSign call = Call(phone_);
    call.issued_at += off;
    const absl::Status status = Check(phone_, Prove(phone_, call));
    EXPECT_THAT(status, ReasonIs("REASON_PROOF_INVALID"));
    EXPECT_EQ(MetadataValueOf(status, "server_time_us"),
              std::to_string(ToMicros(reg_.executor().Now())));
  }
  CallToSign call = Call(phone_);
  call.issued_at += absl::Seconds(59);
  VIGIL_EXPECT_OK(Check(phone_, Prove(phone_, call)));
  // It may have been used in a former life of the process.
  const access::Authenticator::Options restarted = {.zone = absl::UTCTimeZone(),
                                                    .started_at = reg_.executor().Now()};
  access::Authenticator again(reg_.store(), restarted);
  CallToSign before = Call(phone_);
  before.issued_at -= absl::Microseconds(1);
  const std::string proof = Prove(phone_, before);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto principal, Whose(phone_));
  EXPECT_THAT(
      again.CheckProof(*principal,
                       {.token = phone_.access.token().token(), .method = kMethod, .proof = proof},
                       reg_.executor().Now()),
      ReasonIs("REASON_PROOF_INVALID"));
}

TEST_F(AuthenticatorTest, AStreamIsLookedAtAgain) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto principal, Whose(phone_));
  // Its access token may end, and the stream goes on.
  reg_.executor().RunFor(absl::Hours(1));
  VIGIL_EXPECT_OK(authenticator_.LookAgain(*principal, reg_.executor().Now()));
  VIGIL_ASSERT_OK(
      Ask<v1::SignOutResponse>([&](auto done) { desk_.SignOut(*principal, std::move(done)); }));
  EXPECT_THAT(authenticator_.LookAgain(*principal, reg_.executor().Now()),
              ReasonIs("REASON_UNAUTHENTICATED"));
}

}  // namespace
}  // namespace vigil::testing
