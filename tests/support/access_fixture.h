#ifndef VIGIL_TESTS_SUPPORT_ACCESS_FIXTURE_H_
#define VIGIL_TESTS_SUPPORT_ACCESS_FIXTURE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "server/access/access_desk.h"
#include "server/access/authenticator.h"
#include "sync/base/hash.h"
#include "sync/base/p256.h"
#include "sync/base/random.h"
#include "sync/base/signing.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

namespace vigil::testing {

// A program that makes itself known: its key, and the refresh tokens that it chooses.
struct Program {
  P256PrivateKey key = P256PrivateKey::Generate();
  std::string refresh_token = std::string(32, 'a');
  v1::Access access = {};

  v1::ProgramKey KeyFor(const std::function<std::string(const Sha256&)>& to_sign) {
    v1::ProgramKey made;
    made.set_public_key(key.public_key().der());
    made.set_refresh_hash(std::string(Sha256Of(refresh_token).bytes()));
    made.set_signature(*key.Sign(to_sign(Sha256Of(refresh_token))));
    return made;
  }
  v1::EnrolRequest Enrol(const std::string& code) {
    v1::EnrolRequest request;
    request.set_code(code);
    request.set_label("a phone");
    *request.mutable_key() = KeyFor([&](const Sha256& hash) {
      return BytesToSign(EnrolToSign{.code = code, .refresh_hash = hash});
    });
    return request;
  }
  v1::SignInRequest SignIn(const std::string& person_code, const std::string& password) {
    v1::SignInRequest request;
    request.set_person_code(person_code);
    request.set_password(password);
    *request.mutable_key() = KeyFor([&](const Sha256& hash) {
      return BytesToSign(SignInToSign{.person_code = person_code, .refresh_hash = hash});
    });
    return request;
  }
  v1::RefreshTokenRequest Refresh(const std::string& next) {
    v1::RefreshTokenRequest request;
    request.set_device(access.device());
    request.set_refresh_token(refresh_token);
    request.set_next_hash(std::string(Sha256Of(next).bytes()));
    request.set_signature(*key.Sign(BytesToSign(
        RefreshToSign{.refresh_hash = Sha256Of(refresh_token), .next_hash = Sha256Of(next)})));
    return request;
  }
};

// A register whose first administrator has signed in.
class AccessFixture : public ::testing::Test {
 protected:
  static constexpr char kPassword[] = "drain the northern slope";

  AccessFixture()
      : desk_({reg_.target(), random_, reg_.executor()}, Options()),
        authenticator_(reg_.store(), {.zone = absl::FixedTimeZone(8 * 60 * 60),
                                      .started_at = reg_.executor().Now() - absl::Hours(1)}) {
    const absl::Status chosen = ChooseAdministratorsPassword(kPassword);
    VIGIL_CHECK(chosen.ok()) << chosen;
    VIGIL_CHECK(SignIn(administrator_, access::kFirstAdministratorCode, kPassword).ok());
  }

  static access::AccessDesk::Options Options() {
    access::AccessDesk::Options options;
    options.password_cost = {.memory_kib = 8, .passes = 1};
    options.register_key = "the register's key";
    return options;
  }

  // Runs `call` with a place for its answer, until the answer is there.
  template <typename Response, typename Call>
  absl::StatusOr<Response> Ask(const Call& call) {
    absl::StatusOr<Response> answer = absl::UnknownError("not answered");
    call([&](absl::StatusOr<Response> response) { answer = std::move(response); });
    reg_.executor().RunUntilIdle();
    return answer;
  }

  absl::Status SetPassword(const v1::SetPasswordRequest& request) {
    return Ask<v1::SetPasswordResponse>(
               [&](auto done) { desk_.SetPassword(request, "address", std::move(done)); })
        .status();
  }
  absl::StatusOr<std::optional<std::string>> InviteAdministrator(bool reinstate) {
    return Ask<std::optional<std::string>>(
        [&](auto done) { desk_.InviteFirstAdministrator(reinstate, std::move(done)); });
  }
  // As whoever has the server's machine does.
  absl::Status ChooseAdministratorsPassword(const std::string& password) {
    const auto code = InviteAdministrator(true);
    if (!code.ok()) return code.status();
    if (!code->has_value()) return absl::NotFoundError("no code");
    v1::SetPasswordRequest request;
    request.set_person_code(access::kFirstAdministratorCode);
    request.set_code(**code);
    request.set_new_password(password);
    return SetPassword(request);
  }
  absl::Status SignIn(Program& program, const std::string& person, const std::string& password) {
    const v1::SignInRequest request = program.SignIn(person, password);
    auto answer = Ask<v1::SignInResponse>(
        [&](auto done) { desk_.SignIn(request, "address", std::move(done)); });
    if (answer.ok()) program.access = answer->access();
    return answer.status();
  }
  absl::Status Enrol(Program& program, const std::string& code) {
    const v1::EnrolRequest request = program.Enrol(code);
    auto answer = Ask<v1::EnrolResponse>([&](auto done) { desk_.Enrol(request, std::move(done)); });
    if (answer.ok()) program.access = answer->access();
    return answer.status();
  }
  absl::Status Refresh(Program& program, const v1::RefreshTokenRequest& request) {
    auto answer =
        Ask<v1::RefreshTokenResponse>([&](auto done) { desk_.Refresh(request, std::move(done)); });
    if (answer.ok()) *program.access.mutable_token() = answer->token();
    return answer.status();
  }
  absl::StatusOr<v1::InviteResponse> Invite(const std::string& person,
                                            v1::DeviceKind kind = v1::DEVICE_KIND_PHONE) {
    v1::InviteRequest request;
    request.set_person(person);
    request.set_kind(kind);
    const auto principal = Whose(administrator_);
    if (!principal.ok()) return principal.status();
    return Ask<v1::InviteResponse>(
        [&](auto done) { desk_.Invite(**principal, request, std::move(done)); });
  }
  // The person's phone, enrolled.
  Program NewPhone(const std::string& person) {
    Program program;
    const auto invited = Invite(person);
    EXPECT_THAT(invited, IsOk());
    if (invited.ok()) {
      EXPECT_THAT(Enrol(program, invited->code()), IsOk());
    }
    return program;
  }
  absl::StatusOr<std::shared_ptr<const access::Principal>> Whose(const Program& program) {
    return authenticator_.Authenticate(program.access.token().token(), reg_.executor().Now());
  }

  // By the administrator.
  void Edit(const std::string& record, const v1::Entity& entity, const std::string& field,
            const v1::Entity& removed = {}) {
    const auto principal = Whose(administrator_);
    ASSERT_THAT(principal, IsOk());
    Actor actor{.author = (*principal)->author};
    v1::Operation operation = reg_.Begin(actor);
    // The register numbers what the office does.
    operation.set_device_seq(0);
    reg_.See(operation, {record});
    operation.mutable_edit_record()->set_record(record);
    *operation.mutable_edit_record()->mutable_entity() = entity;
    operation.mutable_edit_record()->mutable_update_mask()->add_paths(field);
    if (removed.ByteSizeLong() > 0) {
      *operation.mutable_edit_record()->mutable_removed() = removed;
    }
    const v1::Outcome outcome = reg_.Submit(actor, operation);
    ASSERT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
    authenticator_.Forget();
  }

  TestRegister reg_;
  SystemRandom random_;
  access::AccessDesk desk_;
  access::Authenticator authenticator_;
  Program administrator_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_ACCESS_FIXTURE_H_
