#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/reason.h"
#include "tests/support/access_fixture.h"

// Passwords at the office.

namespace vigil::testing {
namespace {

using ::testing::SizeIs;

class SignInTest : public AccessFixture {
 protected:
  SignInTest() : clerk_(reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau)) {
    code_ = reg_.Find(clerk_.author.person).entity().person().code();
  }

  std::string OfficeCode() {
    const auto invited = Invite(code_, v1::DEVICE_KIND_OFFICE);
    EXPECT_THAT(invited, IsOk());
    return invited.ok() ? invited->code() : std::string();
  }
  absl::Status Choose(const std::string& one_time_code, const std::string& password) {
    v1::SetPasswordRequest request;
    request.set_person_code(code_);
    request.set_code(one_time_code);
    request.set_new_password(password);
    return SetPassword(request);
  }
  absl::Status Change(const std::string& old_password, const std::string& password) {
    v1::SetPasswordRequest request;
    request.set_person_code(code_);
    request.set_old_password(old_password);
    request.set_new_password(password);
    return SetPassword(request);
  }

  const Actor clerk_;
  std::string code_;
};

constexpr char kFirst[] = "crack along the crest";
constexpr char kSecond[] = "weep holes are clear";

TEST_F(SignInTest, WhoWasInvitedChoosesAPasswordAndSignsIn) {
  VIGIL_ASSERT_OK(Choose(OfficeCode(), kFirst));
  Program program;
  VIGIL_ASSERT_OK(SignIn(program, code_, kFirst));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto principal, Whose(program));
  EXPECT_EQ(principal->author.person, clerk_.author.person);
  EXPECT_EQ(principal->author.channel, v1::CHANNEL_OFFICE);
  const v1::Device device = reg_.Find(program.access.device()).entity().device();
  EXPECT_EQ(device.kind(), v1::DEVICE_KIND_OFFICE);
  EXPECT_EQ(device.person(), clerk_.author.person);
  // Another program of the same person is the same device, with a key of its own.
  Program other;
  VIGIL_ASSERT_OK(SignIn(other, code_, kFirst));
  EXPECT_EQ(other.access.device(), program.access.device());
  VIGIL_EXPECT_OK(Whose(program));
}

TEST_F(SignInTest, NobodyLearnsWhoIsThere) {
  VIGIL_ASSERT_OK(Choose(OfficeCode(), kFirst));
  Program program;
  const absl::Status wrong = SignIn(program, code_, kSecond);
  const absl::Status nobody = SignIn(program, "nobody", kSecond);
  EXPECT_THAT(wrong, ReasonIs("REASON_WRONG_PASSWORD"));
  EXPECT_EQ(wrong, nobody);
  EXPECT_EQ(SignIn(program, "", kSecond), nobody);
  EXPECT_EQ(SignIn(program, code_, std::string(100'000, 'x')), nobody);
}

TEST_F(SignInTest, ANewPasswordSignsOutWhatTheOldOneSignedIn) {
  VIGIL_ASSERT_OK(Choose(OfficeCode(), kFirst));
  Program program;
  VIGIL_ASSERT_OK(SignIn(program, code_, kFirst));
  const Program phone = NewPhone(clerk_.author.person);
  EXPECT_THAT(Change(kSecond, kSecond), ReasonIs("REASON_WRONG_PASSWORD"));
  VIGIL_ASSERT_OK(Change(kFirst, kSecond));
  authenticator_.Forget();
  EXPECT_THAT(Whose(program), ReasonIs("REASON_UNAUTHENTICATED"));
  VIGIL_EXPECT_OK(Whose(phone)) << "a phone has no password";
  EXPECT_THAT(SignIn(program, code_, kFirst), ReasonIs("REASON_WRONG_PASSWORD"));
  VIGIL_EXPECT_OK(SignIn(program, code_, kSecond));
}

TEST_F(SignInTest, ACodeChoosesOnePasswordForItsOwnPerson) {
  const std::string one_time_code = OfficeCode();
  v1::SetPasswordRequest other;
  other.set_person_code(access::kFirstAdministratorCode);
  other.set_code(one_time_code);
  other.set_new_password(kFirst);
  EXPECT_THAT(SetPassword(other), ReasonIs("REASON_CODE_INVALID"));
  VIGIL_ASSERT_OK(Choose(one_time_code, kFirst));
  EXPECT_THAT(Choose(one_time_code, kSecond), ReasonIs("REASON_CODE_INVALID"));
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::InviteResponse phone, Invite(code_));
  EXPECT_THAT(Choose(phone.code(), kSecond), ReasonIs("REASON_CODE_INVALID"));
  // Forgotten: another code.
  VIGIL_EXPECT_OK(Choose(OfficeCode(), kSecond));
}

TEST_F(SignInTest, WeakPasswordsAreRefusedAndTheCodeStays) {
  const std::string one_time_code = OfficeCode();
  EXPECT_THAT(Choose(one_time_code, "short"), ReasonIs("REASON_PASSWORD_TOO_WEAK"));
  EXPECT_THAT(Choose(one_time_code, "with " + code_ + " inside it"),
              ReasonIs("REASON_PASSWORD_TOO_WEAK"));
  VIGIL_EXPECT_OK(Choose(one_time_code, kFirst));
}

TEST_F(SignInTest, GuessingIsSlow) {
  VIGIL_ASSERT_OK(Choose(OfficeCode(), kFirst));
  Program program;
  absl::Status status;
  for (int i = 0; i < 20 && rules::ReasonOf(status) != v1::REASON_RATE_LIMITED; ++i) {
    status = SignIn(program, code_, kSecond);
  }
  EXPECT_THAT(status, ReasonIs("REASON_RATE_LIMITED"));
  EXPECT_THAT(SignIn(program, code_, kFirst), ReasonIs("REASON_RATE_LIMITED"));
  // From elsewhere the person himself gets in.
  auto elsewhere = Ask<v1::SignInResponse>([&](auto done) {
    desk_.SignIn(program.SignIn(code_, kFirst), "elsewhere", std::move(done));
  });
  VIGIL_EXPECT_OK(elsewhere);
  reg_.executor().RunFor(absl::Minutes(1));
  VIGIL_EXPECT_OK(SignIn(program, code_, kFirst));
}

TEST_F(SignInTest, WhoHasLeftSignsInNoMore) {
  VIGIL_ASSERT_OK(Choose(OfficeCode(), kFirst));
  const std::string one_time_code = OfficeCode();
  Program program;
  VIGIL_ASSERT_OK(SignIn(program, code_, kFirst));
  v1::Entity departed;
  departed.mutable_person()->set_departed(true);
  Edit(clerk_.author.person, departed, "departed");
  EXPECT_THAT(Whose(program), ReasonIs("REASON_UNAUTHENTICATED"));
  EXPECT_THAT(SignIn(program, code_, kFirst), ReasonIs("REASON_UNAUTHENTICATED"));
  EXPECT_THAT(Choose(one_time_code, kSecond), ReasonIs("REASON_CODE_INVALID"));
}

TEST_F(SignInTest, TheFirstAdministratorIsOnePersonWhateverHisCodes) {
  const std::string person = administrator_.access.person();
  const Seq before = reg_.Head().seq;
  VIGIL_ASSERT_OK(ChooseAdministratorsPassword(kSecond));
  Program program;
  VIGIL_ASSERT_OK(SignIn(program, access::kFirstAdministratorCode, kSecond));
  EXPECT_EQ(program.access.person(), person);
  EXPECT_EQ(program.access.device(), administrator_.access.device());
  EXPECT_EQ(reg_.Head().seq, before) << "he was all that he should be";
}

TEST_F(SignInTest, WhoeverHasTheMachineIsAdministratorAgain) {
  const std::string person = administrator_.access.person();
  v1::Entity none;
  none.mutable_person();
  v1::Entity gone;
  *gone.mutable_person()->mutable_roles() = reg_.Find(person).entity().person().roles();
  Edit(person, none, "roles", gone);
  VIGIL_ASSERT_OK_AND_ASSIGN(auto principal, Whose(administrator_));
  ASSERT_THAT(principal->author.roles, SizeIs(0));
  VIGIL_ASSERT_OK(ChooseAdministratorsPassword(kSecond));
  Program program;
  VIGIL_ASSERT_OK(SignIn(program, access::kFirstAdministratorCode, kSecond));
  EXPECT_EQ(program.access.person(), person);
  VIGIL_ASSERT_OK_AND_ASSIGN(principal, Whose(program));
  EXPECT_THAT(principal->author.roles, SizeIs(2));
}

TEST_F(SignInTest, AnAdministratorWhoLeftComesBack) {
  v1::Entity departed;
  departed.mutable_person()->set_departed(true);
  Edit(administrator_.access.person(), departed, "departed");
  const Seq before = reg_.Head().seq;
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto nothing, InviteAdministrator(false));
  EXPECT_FALSE(nothing.has_value()) << "nobody has asked for it";
  EXPECT_EQ(reg_.Head().seq, before);
  VIGIL_ASSERT_OK(ChooseAdministratorsPassword(kSecond));
  Program program;
  VIGIL_EXPECT_OK(SignIn(program, access::kFirstAdministratorCode, kSecond));
}

TEST_F(SignInTest, WhoseOfficeDeviceWasRevokedGetsANewOne) {
  VIGIL_ASSERT_OK(Choose(OfficeCode(), kFirst));
  Program before;
  VIGIL_ASSERT_OK(SignIn(before, code_, kFirst));
  v1::Entity revoked;
  revoked.mutable_device()->set_revoked(true);
  Edit(before.access.device(), revoked, "revoked");
  EXPECT_THAT(Whose(before), ReasonIs("REASON_DEVICE_REVOKED"));
  EXPECT_THAT(SignIn(before, code_, kFirst), ReasonIs("REASON_DEVICE_REVOKED"));
  VIGIL_ASSERT_OK(Choose(OfficeCode(), kSecond));
  Program after;
  VIGIL_ASSERT_OK(SignIn(after, code_, kSecond));
  EXPECT_NE(after.access.device(), before.access.device());
  VIGIL_EXPECT_OK(Whose(after));
}

TEST_F(SignInTest, ThePersonsDeviceStaysWithANewPassword) {
  VIGIL_ASSERT_OK(Choose(OfficeCode(), kFirst));
  Program before;
  VIGIL_ASSERT_OK(SignIn(before, code_, kFirst));
  VIGIL_ASSERT_OK(Choose(OfficeCode(), kSecond));
  Program after;
  VIGIL_ASSERT_OK(SignIn(after, code_, kSecond));
  EXPECT_EQ(after.access.device(), before.access.device());
}

TEST_F(SignInTest, TheProgramThatWasUsedLeastLatelyMakesPlace) {
  VIGIL_ASSERT_OK(Choose(OfficeCode(), kFirst));
  const Program phone = NewPhone(clerk_.author.person);
  std::vector<Program> programs(20);
  for (Program& program : programs) {
    VIGIL_ASSERT_OK(SignIn(program, code_, kFirst));
    reg_.executor().RunFor(absl::Minutes(1));
  }
  VIGIL_ASSERT_OK(Refresh(programs[0], programs[0].Refresh(std::string(32, 'b'))));
  Program one_more;
  VIGIL_ASSERT_OK(SignIn(one_more, code_, kFirst));
  authenticator_.Forget();
  EXPECT_THAT(Refresh(programs[1], programs[1].Refresh(std::string(32, 'b'))),
              ReasonIs("REASON_UNAUTHENTICATED"));
  VIGIL_EXPECT_OK(Refresh(programs[2], programs[2].Refresh(std::string(32, 'b'))));
  VIGIL_EXPECT_OK(Whose(programs[0]));
  VIGIL_EXPECT_OK(Whose(one_more));
  Program of_phone = phone;
  VIGIL_EXPECT_OK(Refresh(of_phone, of_phone.Refresh(std::string(32, 'b')))) << "no office program";
}

}  // namespace
}  // namespace vigil::testing
