#include "server/access/access_desk.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/access_fixture.h"

namespace vigil::testing {
namespace {

using ::testing::MatchesRegex;
using ::testing::SizeIs;

using AccessDeskTest = AccessFixture;

TEST_F(AccessDeskTest, AnEnrolledPhoneIsItsPersonsAndItsKeyStandsInTheRegister) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  const std::string code = reg_.Find(inspector.author.person).entity().person().code();
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::InviteResponse invited, Invite(code));
  EXPECT_THAT(invited.code(), MatchesRegex("([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}"));
  EXPECT_EQ(invited.person(), inspector.author.person);
  Program phone;
  VIGIL_ASSERT_OK(Enrol(phone, invited.code()));
  EXPECT_EQ(phone.access.person(), inspector.author.person);
  EXPECT_EQ(phone.access.register_key(), "the register's key");
  const v1::Device device = reg_.Find(phone.access.device()).entity().device();
  EXPECT_EQ(device.person(), inspector.author.person);
  EXPECT_EQ(device.kind(), v1::DEVICE_KIND_PHONE);
  EXPECT_EQ(device.public_key(), phone.key.public_key().der());
  EXPECT_EQ(device.label(), "a phone");
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto principal, Whose(phone));
  EXPECT_EQ(principal->author.device, phone.access.device());
  EXPECT_EQ(principal->author.channel, v1::CHANNEL_PHONE);
  ASSERT_THAT(principal->author.roles, SizeIs(1));
  EXPECT_EQ(principal->author.roles[0].role(), v1::ROLE_INSPECTOR);
}

TEST_F(AccessDeskTest, ACodeIsExchangedOnce) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::InviteResponse invited, Invite(inspector.author.person));
  Program first;
  Program second;
  const v1::EnrolRequest one = first.Enrol(invited.code());
  const v1::EnrolRequest other = second.Enrol(invited.code());
  // Both are on their way before either is answered.
  absl::Status one_status;
  absl::Status other_status;
  desk_.Enrol(one, [&](const auto& answer) { one_status = answer.status(); });
  desk_.Enrol(other, [&](const auto& answer) { other_status = answer.status(); });
  reg_.executor().RunUntilIdle();
  VIGIL_EXPECT_OK(one_status);
  EXPECT_THAT(other_status, ReasonIs("REASON_CODE_INVALID"));
}

TEST_F(AccessDeskTest, APhoneThatMissedTheAnswerAsksAgainAndIsTheSamePhone) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::InviteResponse invited, Invite(inspector.author.person));
  Program phone;
  VIGIL_ASSERT_OK(Enrol(phone, invited.code()));
  const v1::Access first = phone.access;
  const Seq before = reg_.Head().seq;
  VIGIL_ASSERT_OK(Enrol(phone, invited.code()));
  EXPECT_EQ(phone.access.device(), first.device());
  EXPECT_NE(phone.access.token().token(), first.token().token());
  EXPECT_EQ(reg_.Head().seq, before);
  VIGIL_EXPECT_OK(Whose(phone));
}

TEST_F(AccessDeskTest, CodesEnd) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::InviteResponse invited, Invite(inspector.author.person));
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::InviteResponse other,
                             Invite(inspector.author.person, v1::DEVICE_KIND_OFFICE));
  Program phone;
  EXPECT_THAT(Enrol(phone, other.code()), ReasonIs("REASON_CODE_INVALID")) << "an office's code";
  EXPECT_THAT(Enrol(phone, "0000-0000-0000-0000"), ReasonIs("REASON_CODE_INVALID"));
  EXPECT_THAT(Enrol(phone, "no code"), ReasonIs("REASON_CODE_INVALID"));
  reg_.executor().RunFor(absl::Hours(24));
  EXPECT_THAT(Enrol(phone, invited.code()), ReasonIs("REASON_CODE_INVALID"));
}

TEST_F(AccessDeskTest, ACodeIsWorthNoMoreThanWhoMadeIt) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::InviteResponse invited, Invite(inspector.author.person));
  v1::Entity departed;
  departed.mutable_person()->set_departed(true);
  Edit(administrator_.access.person(), departed, "departed");
  Program phone;
  EXPECT_THAT(Enrol(phone, invited.code()), ReasonIs("REASON_CODE_INVALID"));
}

TEST_F(AccessDeskTest, AKeyMustBeProvedAndAP256One) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::InviteResponse invited, Invite(inspector.author.person));
  Program phone;
  Program thief;
  v1::EnrolRequest stolen = phone.Enrol(invited.code());
  stolen.mutable_key()->set_public_key(thief.key.public_key().der());
  const auto enrol = [&](const v1::EnrolRequest& request) {
    return Ask<v1::EnrolResponse>([&](auto done) { desk_.Enrol(request, std::move(done)); });
  };
  EXPECT_THAT(enrol(stolen), ReasonIs("REASON_SIGNATURE_INVALID"));
  v1::EnrolRequest other_hash = phone.Enrol(invited.code());
  other_hash.mutable_key()->set_refresh_hash(std::string(Sha256Of("another").bytes()));
  EXPECT_THAT(enrol(other_hash), ReasonIs("REASON_SIGNATURE_INVALID"));
  v1::EnrolRequest no_key = phone.Enrol(invited.code());
  no_key.mutable_key()->set_public_key("RSA");
  EXPECT_THAT(enrol(no_key), ReasonIs("REASON_INVALID_VALUE"));
  v1::EnrolRequest no_hash = phone.Enrol(invited.code());
  no_hash.mutable_key()->clear_refresh_hash();
  EXPECT_THAT(enrol(no_hash), ReasonIs("REASON_INVALID_VALUE"));
  VIGIL_EXPECT_OK(enrol(phone.Enrol(invited.code()))) << "nothing of that used the code up";
}

TEST_F(AccessDeskTest, InvitationsAreForPersonsWhoAreThere) {
  EXPECT_THAT(Invite("nobody"), ReasonIs("REASON_NOT_FOUND"));
  EXPECT_THAT(Invite(reg_.bureau), ReasonIs("REASON_NOT_FOUND")) << "a unit is no person";
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  EXPECT_THAT(Invite(inspector.author.person, v1::DEVICE_KIND_UNSPECIFIED),
              ReasonIs("REASON_INVALID_VALUE"));
  v1::Entity departed;
  departed.mutable_person()->set_departed(true);
  Edit(inspector.author.person, departed, "departed");
  EXPECT_THAT(Invite(inspector.author.person), ReasonIs("REASON_NOT_FOUND"));
}

TEST_F(AccessDeskTest, AStandInHasARoleAsLongAsItsGiver) {
  const Actor giver = reg_.Phone(v1::ROLE_VERIFIER, reg_.unit);
  const Actor stand_in = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  v1::Entity delegated;
  v1::RoleGrant& grant = *delegated.mutable_person()->add_roles();
  grant.set_role(v1::ROLE_VERIFIER);
  grant.set_unit(reg_.unit);
  grant.set_delegated_by(giver.author.person);
  Edit(stand_in.author.person, delegated, "roles");
  const Program phone = NewPhone(stand_in.author.person);
  VIGIL_ASSERT_OK_AND_ASSIGN(auto principal, Whose(phone));
  EXPECT_THAT(principal->author.roles, SizeIs(2));
  v1::Entity none;
  none.mutable_person();
  v1::Entity taken;
  *taken.mutable_person()->mutable_roles() =
      reg_.Find(giver.author.person).entity().person().roles();
  Edit(giver.author.person, none, "roles", taken);
  VIGIL_ASSERT_OK_AND_ASSIGN(principal, Whose(phone));
  ASSERT_THAT(principal->author.roles, SizeIs(1));
  EXPECT_EQ(principal->author.roles[0].role(), v1::ROLE_INSPECTOR);
}

TEST_F(AccessDeskTest, ARefreshTokenIsExchangedForTheNext) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  Program phone = NewPhone(inspector.author.person);
  const std::string first = phone.access.token().token();
  const std::string next(32, 'b');
  VIGIL_ASSERT_OK(Refresh(phone, phone.Refresh(next)));
  EXPECT_NE(phone.access.token().token(), first);
  VIGIL_EXPECT_OK(Whose(phone));
  phone.refresh_token = next;
  VIGIL_EXPECT_OK(Refresh(phone, phone.Refresh(std::string(32, 'c'))));
}

TEST_F(AccessDeskTest, ARefreshWhoseAnswerWasLostIsAskedForAgain) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  Program phone = NewPhone(inspector.author.person);
  const std::string next(32, 'b');
  const v1::RefreshTokenRequest request = phone.Refresh(next);
  VIGIL_ASSERT_OK(Refresh(phone, request));
  VIGIL_ASSERT_OK(Refresh(phone, request));
  VIGIL_EXPECT_OK(Whose(phone));
  phone.refresh_token = next;
  VIGIL_EXPECT_OK(Refresh(phone, phone.Refresh(std::string(32, 'c'))));
}

TEST_F(AccessDeskTest, ACopyOfAProgramEndsTheSignInOfBoth) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  Program phone = NewPhone(inspector.author.person);
  Program copy{.key = *P256PrivateKey::FromPem(phone.key.ToPem()),
               .refresh_token = phone.refresh_token,
               .access = phone.access};
  VIGIL_ASSERT_OK(Refresh(phone, phone.Refresh(std::string(32, 'b'))));
  phone.refresh_token = std::string(32, 'b');
  EXPECT_THAT(Refresh(copy, copy.Refresh(std::string(32, 'x'))),
              ReasonIs("REASON_UNAUTHENTICATED"));
  authenticator_.Forget();
  EXPECT_THAT(Whose(phone), ReasonIs("REASON_UNAUTHENTICATED"));
  EXPECT_THAT(Refresh(phone, phone.Refresh(std::string(32, 'c'))),
              ReasonIs("REASON_UNAUTHENTICATED"));
}

TEST_F(AccessDeskTest, AStolenRefreshTokenWithoutItsKeyDoesNoHarm) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  Program phone = NewPhone(inspector.author.person);
  Program thief{.refresh_token = phone.refresh_token, .access = phone.access};
  EXPECT_THAT(Refresh(thief, thief.Refresh(std::string(32, 'x'))),
              ReasonIs("REASON_UNAUTHENTICATED"));
  // A request that was overheard, for another successor.
  v1::RefreshTokenRequest overheard = phone.Refresh(std::string(32, 'b'));
  overheard.set_next_hash(std::string(Sha256Of(std::string(32, 'x')).bytes()));
  EXPECT_THAT(Refresh(thief, overheard), ReasonIs("REASON_UNAUTHENTICATED"));
  VIGIL_EXPECT_OK(Refresh(phone, phone.Refresh(std::string(32, 'b'))));
}

TEST_F(AccessDeskTest, MalformedRefreshesAreNobodys) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  Program phone = NewPhone(inspector.author.person);
  v1::RefreshTokenRequest bad = phone.Refresh(std::string(32, 'b'));
  bad.set_device("no id");
  EXPECT_THAT(Refresh(phone, bad), ReasonIs("REASON_UNAUTHENTICATED"));
  bad = phone.Refresh(std::string(32, 'b'));
  bad.set_next_hash("short");
  EXPECT_THAT(Refresh(phone, bad), ReasonIs("REASON_UNAUTHENTICATED"));
  bad = phone.Refresh(std::string(32, 'b'));
  bad.set_refresh_token(std::string(1 << 20, 'a'));
  EXPECT_THAT(Refresh(phone, bad), ReasonIs("REASON_UNAUTHENTICATED"));
}

TEST_F(AccessDeskTest, AProgramThatIsSilentForTooLongSignsInAnew) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  Program phone = NewPhone(inspector.author.person);
  reg_.executor().RunFor(absl::Hours(179 * 24));
  VIGIL_ASSERT_OK(Refresh(phone, phone.Refresh(std::string(32, 'b'))));
  phone.refresh_token = std::string(32, 'b');
  reg_.executor().RunFor(absl::Hours(181 * 24));
  EXPECT_THAT(Refresh(phone, phone.Refresh(std::string(32, 'c'))),
              ReasonIs("REASON_UNAUTHENTICATED"));
}

TEST_F(AccessDeskTest, ARevokedDeviceGetsNoNewToken) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  Program phone = NewPhone(inspector.author.person);
  v1::Entity revoked;
  revoked.mutable_device()->set_revoked(true);
  Edit(phone.access.device(), revoked, "revoked");
  EXPECT_THAT(Whose(phone), ReasonIs("REASON_DEVICE_REVOKED"));
  EXPECT_THAT(Refresh(phone, phone.Refresh(std::string(32, 'b'))),
              ReasonIs("REASON_DEVICE_REVOKED"));
}

TEST_F(AccessDeskTest, SigningOutEndsOneProgramAlone) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  Program first = NewPhone(inspector.author.person);
  Program second = NewPhone(inspector.author.person);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto principal, Whose(first));
  VIGIL_ASSERT_OK(
      Ask<v1::SignOutResponse>([&](auto done) { desk_.SignOut(*principal, std::move(done)); }));
  authenticator_.Forget();
  EXPECT_THAT(Whose(first), ReasonIs("REASON_UNAUTHENTICATED"));
  VIGIL_EXPECT_OK(Whose(second));
}

}  // namespace
}  // namespace vigil::testing
