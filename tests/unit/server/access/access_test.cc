#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/access/access_control.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "vigil/v1/admin_service.pb.h"
#include "vigil/v1/register_service.pb.h"
#include "vigil/v1/sync_service.pb.h"

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
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
    (void)v1::InviteRequest::descriptor();
    (void)v1::HelloRequest::descriptor();
    (void)v1::SubmitRequest::descriptor();
  }

  TestRegister reg_;
  const Actor admin_;
};

TEST_F(AccessTest, TheContractSaysWhoMayCallWhat) {
  const Actor phone = reg_.Phone(v1::ROLE_ADMINISTRATOR, reg_.bureau);
  const Actor auditor = reg_.Clerk(v1::ROLE_AUDITOR, reg_.bureau);
  VIGIL_EXPECT_OK(access::CheckRpc(Method("SyncService", "Push"), phone.author));
  EXPECT_THAT(access::CheckRpc(Method("SyncService", "Push"), auditor.author),
              ReasonIs("REASON_WRONG_CHANNEL"));
  EXPECT_THAT(access::CheckRpc(Method("AdminService", "Invite"), phone.author),
              ReasonIs("REASON_WRONG_CHANNEL"));
  EXPECT_THAT(access::CheckRpc(Method("AdminService", "Invite"), auditor.author),
              ReasonIs("REASON_NOT_PERMITTED"));
  VIGIL_EXPECT_OK(access::CheckRpc(Method("AdminService", "Invite"), admin_.author));
  // What has no unit is not for somebody whose role reaches one alone.
  const auto snapshot = *reg_.store().Read();
  VIGIL_EXPECT_OK(access::CheckReach(Method("AdminService", "Invite"), admin_.author, *snapshot));
  const Actor local = reg_.Clerk(v1::ROLE_ADMINISTRATOR, reg_.unit);
  EXPECT_THAT(access::CheckReach(Method("AdminService", "Invite"), local.author, *snapshot),
              ReasonIs("REASON_NOT_PERMITTED"));
  VIGIL_EXPECT_OK(access::CheckRpc(Method("RegisterService", "ListHazards"), auditor.author));
  // A method without a rule is nobody's.
  const auto* unruled = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
      "grpc.health.v1.Health.Check");
  EXPECT_EQ(unruled, nullptr);
}

TEST_F(AccessTest, AnAdministratorOfOneUnitMakesNobodyOneOfAll) {
  Actor local = reg_.Clerk(v1::ROLE_ADMINISTRATOR, reg_.unit);
  v1::Operation operation = reg_.Begin(local);
  reg_.See(operation, {local.author.person});
  operation.mutable_edit_record()->set_record(local.author.person);
  operation.mutable_edit_record()->mutable_update_mask()->add_paths("roles");
  operation.mutable_edit_record()->mutable_entity()->mutable_person()->add_roles()->set_role(
      v1::ROLE_ADMINISTRATOR);
  const v1::Outcome outcome = reg_.Submit(local, operation);
  EXPECT_EQ(outcome.verdict(), v1::VERDICT_REFUSED);
  EXPECT_EQ(outcome.error().reason(), v1::REASON_OUT_OF_SCOPE);
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

}  // namespace
}  // namespace vigil::testing
