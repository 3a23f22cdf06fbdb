#include "sync/transport/new_access.h"

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/base/signing.h"
#include "sync/rules/reason.h"
#include "tests/support/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/sync/transport/fake_calls.h"

namespace vigil::transport {
namespace {

using testing::ReasonIs;
using ::testing::SizeIs;
using testing::StatusIs;

constexpr char kCode[] = "7K2M-0000-1111-2222";

class NewAccessTest : public ::testing::Test {
 protected:
  NewAccessTest() : parts_{files_, clock_, random_}, place_(directory_.File("access")) {}

  absl::StatusOr<AccessState> Enrol(std::string_view code) {
    return EnrolPhone(parts_, place_, {.code = code, .label = "Phone 07"}, calls_);
  }
  absl::StatusOr<AccessState> SignIn() {
    return SignInAtOffice(parts_, place_, {.person_code = "safety-01", .password = "secret"},
                          calls_);
  }
  unsigned ModeOf(const std::string& name) {
    const auto status = std::filesystem::status(JoinPath(place_, name));
    return static_cast<unsigned>(status.permissions()) & 0777U;
  }
  static bool IsSigned(const v1::ProgramKey& key, const std::string& bytes) {
    const absl::StatusOr<P256PublicKey> public_key = P256PublicKey::FromDer(key.public_key());
    return public_key.ok() &&
           public_key->Verifies({.message = bytes, .signature = key.signature()});
  }

  testing::TempDir directory_;
  PosixFileSystem files_;
  testing::ManualClock clock_;
  SeededRandom random_{1};
  FakeCalls calls_;
  const AccessParts parts_;
  const std::string place_;
};

TEST_F(NewAccessTest, APhoneProvesItsKeyAndKeepsWhatItIsGiven) {
  const absl::Time register_now = clock_.Now() + absl::Minutes(7);
  calls_.answer = MakeAccess(register_now, "token");
  VIGIL_ASSERT_OK_AND_ASSIGN(const AccessState state, Enrol("7k2m 0000 llll 2222"));
  ASSERT_THAT(calls_.enrolments, SizeIs(1));
  const v1::EnrolRequest& request = calls_.enrolments.front();
  EXPECT_EQ(request.code(), kCode) << "as it was made, not as it was typed";
  EXPECT_EQ(request.label(), "Phone 07");
  EXPECT_EQ(request.key().refresh_hash(), Sha256Of(state.refresh_token).bytes());
  EXPECT_TRUE(IsSigned(
      request.key(),
      BytesToSign(EnrolToSign{.code = kCode, .refresh_hash = Sha256Of(state.refresh_token)})));

  EXPECT_EQ(ModeOf("key.pem"), 0400U);
  EXPECT_EQ(ModeOf("state"), 0600U);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto stored, LoadAccessState(files_, place_));
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->device, kDevice);
  EXPECT_EQ(stored->person, kPerson);
  EXPECT_EQ(stored->register_id.ToString(), kRegister);
  EXPECT_EQ(stored->register_key, "the register's key");
  EXPECT_EQ(stored->refresh_token, state.refresh_token);
  EXPECT_EQ(stored->next_refresh_token, "");
  EXPECT_EQ(stored->token, "token");
  EXPECT_EQ(stored->expires_at, register_now + absl::Minutes(15));
  EXPECT_EQ(stored->clock_offset, absl::Minutes(7));
}

TEST_F(NewAccessTest, ALostAnswerIsAskedForWithTheSameKeyAndToken) {
  EXPECT_THAT(Enrol(kCode), StatusIs(absl::StatusCode::kUnavailable));
  calls_.answer = MakeAccess(clock_.Now(), "token");
  VIGIL_ASSERT_OK(Enrol(kCode));
  ASSERT_THAT(calls_.enrolments, SizeIs(2));
  EXPECT_EQ(calls_.enrolments[0].key().public_key(), calls_.enrolments[1].key().public_key());
  EXPECT_EQ(calls_.enrolments[0].key().refresh_hash(), calls_.enrolments[1].key().refresh_hash());

  VIGIL_ASSERT_OK_AND_ASSIGN(const AccessState again, Enrol(kCode));
  EXPECT_EQ(again.device, kDevice);
  EXPECT_THAT(calls_.enrolments, SizeIs(2)) << "what is known needs no call";
}

TEST_F(NewAccessTest, AnotherCodeGetsAnotherKey) {
  EXPECT_THAT(Enrol(kCode), StatusIs(absl::StatusCode::kUnavailable));
  calls_.answer = MakeAccess(clock_.Now(), "token");
  VIGIL_ASSERT_OK(Enrol("3333-3333-3333-3333"));
  EXPECT_NE(calls_.enrolments[0].key().public_key(), calls_.enrolments[1].key().public_key());
  EXPECT_NE(calls_.enrolments[0].key().refresh_hash(), calls_.enrolments[1].key().refresh_hash());
  EXPECT_THAT(Enrol(kCode), ReasonIs("REASON_ALREADY_INITIALISED"));
  EXPECT_THAT(calls_.enrolments, SizeIs(2)) << "the code was not used up";
}

TEST_F(NewAccessTest, WhatCannotBeACodeIsNotSent) {
  for (const char* code : {"", "7K2M", "7K2M-0000-1111-222U", "7K2M-0000-1111-22222"}) {
    EXPECT_THAT(Enrol(code), ReasonIs("REASON_CODE_INVALID")) << code;
  }
  EXPECT_THAT(calls_.enrolments, SizeIs(0));
}

TEST_F(NewAccessTest, EachSignInHasAKeyOfItsOwn) {
  calls_.answer = MakeAccess(clock_.Now(), "first");
  VIGIL_ASSERT_OK(SignIn());
  calls_.answer = MakeAccess(clock_.Now(), "second");
  VIGIL_ASSERT_OK_AND_ASSIGN(const AccessState state, SignIn());
  ASSERT_THAT(calls_.sign_ins, SizeIs(2));
  const v1::SignInRequest& request = calls_.sign_ins[1];
  EXPECT_NE(calls_.sign_ins[0].key().public_key(), request.key().public_key());
  EXPECT_TRUE(IsSigned(request.key(),
                       BytesToSign(SignInToSign{.person_code = "safety-01",
                                                .refresh_hash = Sha256Of(state.refresh_token)})));
  VIGIL_ASSERT_OK_AND_ASSIGN(const P256PrivateKey key, LoadProgramKey(files_, place_));
  EXPECT_EQ(key.public_key().der(), request.key().public_key());
  EXPECT_EQ(ModeOf("key.pem"), 0400U);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto stored, LoadAccessState(files_, place_));
  EXPECT_EQ(stored->token, "second");
}

TEST_F(NewAccessTest, ASignInThatFailsLeavesTheFormerOne) {
  calls_.answer = MakeAccess(clock_.Now(), "first");
  VIGIL_ASSERT_OK(SignIn());
  calls_.answer = rules::Refuse(v1::REASON_WRONG_PASSWORD, "no");
  EXPECT_THAT(SignIn(), ReasonIs("REASON_WRONG_PASSWORD"));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto access, ProgramAccess::Open(parts_, place_));
  EXPECT_EQ(access->signer().public_key().der(), calls_.sign_ins[0].key().public_key());
}

TEST_F(NewAccessTest, AnAnswerThatNamesNoDeviceIsNotKept) {
  v1::Access access = MakeAccess(clock_.Now(), "token");
  access.clear_device();
  calls_.answer = access;
  EXPECT_THAT(Enrol(kCode), StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(ProgramAccess::Open(parts_, place_), ReasonIs("REASON_NOT_INITIALISED"));
}

}  // namespace
}  // namespace vigil::transport
