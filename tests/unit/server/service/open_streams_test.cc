#include "server/service/open_streams.h"

#include <memory>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/access_fixture.h"
#include "tests/support/status_matchers.h"

namespace vigil::testing {
namespace {

using service::OpenStreams;

class OpenStreamsTest : public AccessFixture {
 protected:
  OpenStreams::Caller Caller(const Program& program) {
    const auto caller =
        authenticator_.Authenticate(program.access.token().token(), reg_.executor().Now());
    VIGIL_CHECK(caller.ok()) << caller.status();
    return *caller;
  }
  // Opens one whose end is kept.
  OpenStreams::Ticket Open(const Program& program, absl::Status& end) {
    absl::StatusOr<OpenStreams::Ticket> ticket = streams_.Open(
        Caller(program), [&end](const absl::Status& status) { end = status; },
        reg_.executor().Now());
    EXPECT_TRUE(ticket.ok()) << ticket.status();
    return ticket.ok() ? *std::move(ticket) : nullptr;
  }

  OpenStreams streams_{authenticator_, {.per_device_max = 2, .per_person_max = 3}};
};

TEST_F(OpenStreamsTest, ADeviceHasSoManyPlacesAndGetsThemBack) {
  absl::Status end;
  OpenStreams::Ticket first = Open(administrator_, end);
  OpenStreams::Ticket second = Open(administrator_, end);
  EXPECT_THAT(streams_.Open(
                  Caller(administrator_), [](const absl::Status&) {}, reg_.executor().Now()),
              ReasonIs("REASON_RATE_LIMITED"));
  first.reset();
  EXPECT_NE(Open(administrator_, end), nullptr);
  VIGIL_EXPECT_OK(end);
}

TEST_F(OpenStreamsTest, APersonHasSoManyPlacesWhateverHisDevices) {
  const Program phone = NewPhone(administrator_.access.person());
  const auto refused = [&](const Program& program) {
    return streams_
        .Open(
            Caller(program), [](const absl::Status&) {}, reg_.executor().Now())
        .status();
  };
  absl::Status end;
  const OpenStreams::Ticket first = Open(administrator_, end);
  const OpenStreams::Ticket second = Open(administrator_, end);
  OpenStreams::Ticket third = Open(phone, end);
  EXPECT_THAT(refused(phone), ReasonIs("REASON_RATE_LIMITED"));
  third.reset();
  const OpenStreams::Ticket again = Open(phone, end);
  EXPECT_NE(again, nullptr);
  const Program other = NewPhone(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit).author.person);
  EXPECT_NE(Open(other, end), nullptr);
}

TEST_F(OpenStreamsTest, EndsWhatNobodyWouldBeLetIntoAnyMore) {
  absl::Status mine;
  absl::Status others;
  const OpenStreams::Ticket stays = Open(administrator_, mine);
  Program second;
  VIGIL_ASSERT_OK(SignIn(second, access::kFirstAdministratorCode, kPassword));
  const OpenStreams::Ticket goes = Open(second, others);
  streams_.LookAgain(reg_.executor().Now());
  VIGIL_EXPECT_OK(others);

  VIGIL_ASSERT_OK(Ask<v1::SignOutResponse>(
      [&](auto done) { desk_.SignOut(*Caller(second), std::move(done)); }));
  streams_.LookAgain(reg_.executor().Now());
  EXPECT_THAT(others, ReasonIs("REASON_UNAUTHENTICATED"));
  VIGIL_EXPECT_OK(mine);
}

TEST_F(OpenStreamsTest, EndsWhatWasOpenedWithOtherRoles) {
  const Actor actor = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::InviteResponse invited, Invite(actor.author.person));
  Program phone;
  VIGIL_ASSERT_OK(Enrol(phone, invited.code()));
  absl::Status end;
  const OpenStreams::Ticket ticket = Open(phone, end);
  streams_.LookAgain(reg_.executor().Now());
  VIGIL_EXPECT_OK(end);
  reg_.ChangeRole(actor, v1::ROLE_INSPECTOR, reg_.other_unit);
  streams_.LookAgain(reg_.executor().Now());
  EXPECT_THAT(end, ReasonIs("REASON_OUT_OF_SCOPE"));
}

TEST_F(OpenStreamsTest, WhatIsRevokedBetweenAdmissionAndOpeningDoesNotOpen) {
  Program second;
  VIGIL_ASSERT_OK(SignIn(second, access::kFirstAdministratorCode, kPassword));
  const OpenStreams::Caller admitted = Caller(second);
  VIGIL_ASSERT_OK(
      Ask<v1::SignOutResponse>([&](auto done) { desk_.SignOut(*admitted, std::move(done)); }));
  // The revocation looks at what is open, and this is not yet.
  streams_.LookAgain(reg_.executor().Now());
  EXPECT_THAT(streams_.Open(
                  admitted, [](const absl::Status&) {}, reg_.executor().Now()),
              ReasonIs("REASON_UNAUTHENTICATED"));
  // It holds no place.
  absl::Status end;
  const OpenStreams::Ticket first = Open(administrator_, end);
  const OpenStreams::Ticket other = Open(administrator_, end);
  EXPECT_NE(other, nullptr);
}

TEST_F(OpenStreamsTest, ClosedItEndsAllAndTakesNoMore) {
  absl::Status end;
  const OpenStreams::Ticket ticket = Open(administrator_, end);
  streams_.Close();
  EXPECT_THAT(end, ReasonIs("REASON_SHUTTING_DOWN"));
  EXPECT_THAT(streams_.Open(
                  Caller(administrator_), [](const absl::Status&) {}, reg_.executor().Now()),
              ReasonIs("REASON_SHUTTING_DOWN"));
}

}  // namespace
}  // namespace vigil::testing
