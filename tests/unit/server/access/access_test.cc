#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/access/access_control.h"
#include "server/access/enrolment.h"
#include "sync/base/random.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/register_service.pb.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

const google::protobuf::MethodDescriptor& Method(const std::string& service,
                                                 const std::string& method) {
  const auto* found = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
      "vigil.v1." + service + "." + method);
  VIGIL_CHECK(found != nullptr) << method;
  return *found;
}

class AccessTest : public ::testing::Test {
 protected:
  AccessTest() : admin_(reg_.Clerk(v1::ROLE_ADMINISTRATOR, reg_.bureau)) {
    // The services' files are linked in only if something of them is used.
    (void)v1::AddDeviceRequest::descriptor();
    (void)v1::HelloRequest::descriptor();
    (void)v1::SubmitRequest::descriptor();
  }

  absl::StatusOr<v1::AddDeviceResponse> AddDevice(const std::string& person,
                                                  v1::DeviceKind kind = v1::DEVICE_KIND_PHONE) {
    v1::AddDeviceRequest request;
    request.set_person(person);
    request.set_kind(kind);
    request.set_label("a phone");
    absl::StatusOr<v1::AddDeviceResponse> answer = absl::UnknownError("not answered");
    access::AddDevice(
        reg_.target(), random_, admin_.author, request,
        [&](absl::StatusOr<v1::AddDeviceResponse> response) { answer = std::move(response); });
    reg_.executor().RunUntilIdle();
    return answer;
  }

  absl::Status EnsureAdministrator(const std::string& token) {
    absl::Status answer = absl::UnknownError("not answered");
    access::EnsureFirstAdministrator(reg_.target(), random_, token,
                                     [&](const absl::Status& status) { answer = status; });
    reg_.executor().RunUntilIdle();
    return answer;
  }

  absl::StatusOr<rules::Author> Authenticate(const std::string& token) {
    auto snapshot = reg_.store().Read();
    if (!snapshot.ok()) return snapshot.status();
    return access::Authenticate(**snapshot, token);
  }

  void Edit(const std::string& record, const v1::Entity& entity, const std::string& field) {
    v1::Operation operation = reg_.Begin(admin_);
    // The register has numbered operations of this device by itself.
    operation.set_device_seq(0);
    reg_.See(operation, {record});
    operation.mutable_edit_record()->set_record(record);
    *operation.mutable_edit_record()->mutable_entity() = entity;
    operation.mutable_edit_record()->mutable_update_mask()->add_paths(field);
    const v1::Outcome outcome = reg_.Submit(admin_, operation);
    ASSERT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  }

  TestRegister reg_;
  SeededRandom random_{11};
  Actor admin_;
};

TEST_F(AccessTest, ATokenStandsForItsDeviceAndPersonWithTheRolesOfTheMoment) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::AddDeviceResponse added, AddDevice(inspector.author.person));
  EXPECT_THAT(added.token(), MatchesRegex("[A-Za-z0-9_-]{43}"));
  VIGIL_ASSERT_OK_AND_ASSIGN(const rules::Author author, Authenticate(added.token()));
  EXPECT_EQ(author.device, added.device());
  EXPECT_EQ(author.person, inspector.author.person);
  EXPECT_EQ(author.channel, v1::CHANNEL_PHONE);
  ASSERT_THAT(author.roles, SizeIs(1));
  EXPECT_EQ(author.roles[0].role(), v1::ROLE_INSPECTOR);

  v1::Entity more;
  v1::RoleGrant& grant = *more.mutable_person()->add_roles();
  grant.set_role(v1::ROLE_VERIFIER);
  grant.set_unit(reg_.other_unit);
  Edit(inspector.author.person, more, "roles");
  VIGIL_ASSERT_OK_AND_ASSIGN(const rules::Author later, Authenticate(added.token()));
  EXPECT_THAT(later.roles, SizeIs(2));
}

TEST_F(AccessTest, APersonIsFoundByHisCodeToo) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  const std::string code = reg_.Find(inspector.author.person).entity().person().code();
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::AddDeviceResponse added,
                             AddDevice(code, v1::DEVICE_KIND_OFFICE));
  EXPECT_EQ(added.person(), inspector.author.person);
  VIGIL_ASSERT_OK_AND_ASSIGN(const rules::Author author, Authenticate(added.token()));
  EXPECT_EQ(author.channel, v1::CHANNEL_OFFICE);
  EXPECT_THAT(AddDevice("nobody"), ReasonIs("REASON_NOT_FOUND"));
  EXPECT_THAT(AddDevice(reg_.bureau), ReasonIs("REASON_NOT_FOUND")) << "a unit is no person";
  EXPECT_THAT(AddDevice(code, v1::DEVICE_KIND_UNSPECIFIED), ReasonIs("REASON_INVALID_VALUE"));
}

TEST_F(AccessTest, OnlyAnAdministratorAddsDevices) {
  admin_ = reg_.Clerk(v1::ROLE_AUDITOR, reg_.bureau);
  EXPECT_THAT(AddDevice(admin_.author.person), ReasonIs("REASON_NOT_PERMITTED"));
}

TEST_F(AccessTest, NobodyElseIsAnybody) {
  EXPECT_THAT(Authenticate(""), ReasonIs("REASON_UNAUTHENTICATED"));
  EXPECT_THAT(Authenticate("guess"), ReasonIs("REASON_UNAUTHENTICATED"));
  EXPECT_THAT(Authenticate(std::string(100000, 'x')), ReasonIs("REASON_UNAUTHENTICATED"));
  EXPECT_EQ(access::BearerToken("Bearer abc"), "abc");
  EXPECT_EQ(access::BearerToken("bearer abc"), "");
  EXPECT_EQ(access::BearerToken("Basic abc"), "");
  EXPECT_EQ(access::BearerToken(""), "");
}

TEST_F(AccessTest, ARevokedDeviceAndAPersonWhoLeftAreRefused) {
  const Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::AddDeviceResponse first, AddDevice(inspector.author.person));
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::AddDeviceResponse second,
                             AddDevice(inspector.author.person));
  v1::Entity revoked;
  revoked.mutable_device()->set_revoked(true);
  Edit(first.device(), revoked, "revoked");
  EXPECT_THAT(Authenticate(first.token()), ReasonIs("REASON_DEVICE_REVOKED"));
  VIGIL_EXPECT_OK(Authenticate(second.token()));
  v1::Entity departed;
  departed.mutable_person()->set_departed(true);
  Edit(inspector.author.person, departed, "departed");
  EXPECT_THAT(Authenticate(second.token()), ReasonIs("REASON_UNAUTHENTICATED"));
}

TEST_F(AccessTest, TheContractSaysWhoMayCallWhat) {
  const Actor phone = reg_.Phone(v1::ROLE_ADMINISTRATOR, reg_.bureau);
  const Actor auditor = reg_.Clerk(v1::ROLE_AUDITOR, reg_.bureau);
  VIGIL_EXPECT_OK(access::CheckRpc(Method("SyncService", "Push"), phone.author));
  EXPECT_THAT(access::CheckRpc(Method("SyncService", "Push"), auditor.author),
              ReasonIs("REASON_WRONG_CHANNEL"));
  EXPECT_THAT(access::CheckRpc(Method("AdminService", "AddDevice"), phone.author),
              ReasonIs("REASON_WRONG_CHANNEL"));
  EXPECT_THAT(access::CheckRpc(Method("AdminService", "AddDevice"), auditor.author),
              ReasonIs("REASON_NOT_PERMITTED"));
  VIGIL_EXPECT_OK(access::CheckRpc(Method("AdminService", "AddDevice"), admin_.author));
  VIGIL_EXPECT_OK(access::CheckRpc(Method("RegisterService", "ListHazards"), auditor.author));
  // A method without a rule is nobody's.
  const auto* unruled = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
      "grpc.health.v1.Health.Check");
  EXPECT_EQ(unruled, nullptr);
}

TEST_F(AccessTest, AScopeIsWhereThePersonHasRoles) {
  VIGIL_ASSERT_OK_AND_ASSIGN(auto snapshot, reg_.store().Read());
  Actor inspector = reg_.Phone(v1::ROLE_INSPECTOR, reg_.department);
  VIGIL_ASSERT_OK_AND_ASSIGN(const access::Scope scope,
                             access::ScopeOf(inspector.author, *snapshot));
  EXPECT_THAT(scope.units, ElementsAre(*Uuid::Parse(reg_.department)));
  EXPECT_THAT(scope.expanded, SizeIs(3));
  inspector.author.roles[0].clear_unit();
  VIGIL_ASSERT_OK_AND_ASSIGN(const access::Scope everywhere,
                             access::ScopeOf(inspector.author, *snapshot));
  EXPECT_THAT(everywhere.units, ElementsAre(*Uuid::Parse(reg_.bureau)));
  EXPECT_THAT(everywhere.expanded, SizeIs(5));
  inspector.author.roles.clear();
  VIGIL_ASSERT_OK_AND_ASSIGN(const access::Scope nowhere,
                             access::ScopeOf(inspector.author, *snapshot));
  EXPECT_THAT(nowhere.expanded, IsEmpty());
}

TEST_F(AccessTest, TheFirstAdministratorIsMadeOnce) {
  const std::string token = access::MakeToken(random_);
  VIGIL_ASSERT_OK(EnsureAdministrator(token));
  VIGIL_ASSERT_OK_AND_ASSIGN(const rules::Author author, Authenticate(token));
  EXPECT_EQ(author.channel, v1::CHANNEL_OFFICE);
  VIGIL_EXPECT_OK(access::CheckRpc(Method("AdminService", "AddDevice"), author));
  const Seq before = reg_.Head().seq;
  VIGIL_ASSERT_OK(EnsureAdministrator(token));
  EXPECT_EQ(reg_.Head().seq, before);
  // His token was lost before the register knew it: another one for the same person.
  const std::string other = access::MakeToken(random_);
  EXPECT_NE(other, token);
  VIGIL_ASSERT_OK(EnsureAdministrator(other));
  VIGIL_ASSERT_OK_AND_ASSIGN(const rules::Author again, Authenticate(other));
  EXPECT_EQ(again.person, author.person);
  EXPECT_NE(again.device, author.device);
}

}  // namespace
}  // namespace vigil::testing
