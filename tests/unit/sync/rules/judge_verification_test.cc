#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "sync/rules/judge.h"
#include "tests/unit/sync/rules/judge_fixture.h"

// What rests on a verification: that work resumes, and that a hazard is closed.

namespace vigil::rules {
namespace {

using ::vigil::testing::IdOf;
using Op = v1::Operation;

class VerificationTest : public JudgeTest {};

TEST_F(VerificationTest, WorkResumesOnlyAfterAVerificationThatPassed) {
  const std::vector<void (*)(v1::Verification&)> faults = {
      [](v1::Verification& v) { v.set_result(v1::VERIFICATION_RESULT_FAILED); },
      [](v1::Verification& v) { v.set_kind(v1::VERIFICATION_KIND_SELF); },
      [](v1::Verification& v) { v.set_hazard(IdOf("other hazard")); }};
  for (const auto& fault : faults) {
    Open({.hazard = v1::HAZARD_STATUS_VERIFIED});
    v1::Entity bad = world().Find(scene().verification)->entity();
    fault(*bad.mutable_verification());
    world().Put(IdOf("bad"), bad, hazard());
    EXPECT_EQ(ReasonOfDoing("resume_work", Clerk(),
                            [this](Op& op) {
                              op.mutable_resume_work()->set_verification(IdOf("bad"));
                              world().See(op, IdOf("bad"));
                            }),
              v1::REASON_SUSPENSION_NEEDS_VERIFICATION);
  }
  ASSERT_TRUE(Taken(Do("withdraw_verification", Clerk())));
  EXPECT_EQ(ReasonOfDoing("resume_work", Clerk()), v1::REASON_SUSPENSION_NEEDS_VERIFICATION);
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  EXPECT_EQ(ReasonOfDoing("resume_work", Clerk()), v1::REASON_SUSPENSION_NEEDS_VERIFICATION)
      << "what was verified once came back";
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED});
  ASSERT_TRUE(Taken(Do("resume_work", Clerk())));
  EXPECT_EQ(world().Hazard(hazard()).suspension(), v1::SUSPENSION_NONE);
}

TEST_F(VerificationTest, Promise5WorkThatTheVerifierDidNotKnowToBeSuspendedStaysSo) {
  for (const bool knew : {false, true}) {
    Open({.hazard = v1::HAZARD_STATUS_SUBMITTED});
    RulesActor verifier = Clerk();
    RulesActor office = Clerk();
    Op verify = Begin("verify_passed", verifier);
    Op suspend = Blank(office);
    suspend.mutable_edit_record()->set_record(hazard());
    suspend.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_suspension(
        v1::SUSPENSION_FULL);
    suspend.mutable_edit_record()->mutable_update_mask()->add_paths("suspension");
    ASSERT_TRUE(Taken(world().Apply(suspend, office)));
    if (knew) verify = Begin("verify_passed", verifier);
    ASSERT_TRUE(Taken(world().Apply(verify, verifier)));
    const std::string& verification = verify.verify_hazard().verification_id();
    const auto by_it = [&](Op& op) {
      op.mutable_resume_work()->set_verification(verification);
      world().See(op, verification);
    };
    EXPECT_EQ(ReasonOfDoing("resume_work", Clerk(), by_it),
              knew ? v1::REASON_UNSPECIFIED : v1::REASON_SUSPENSION_NEEDS_VERIFICATION);
    EXPECT_EQ(world().Hazard(hazard()).suspension(),
              knew ? v1::SUSPENSION_NONE : v1::SUSPENSION_FULL);
    suspend = Blank(office);
    suspend.mutable_edit_record()->set_record(hazard());
    suspend.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_suspension(
        v1::SUSPENSION_NONE);
    suspend.mutable_edit_record()->mutable_update_mask()->add_paths("suspension");
    if (!knew) {
      EXPECT_EQ(ReasonOf(suspend, office), v1::REASON_FIELD_NOT_EDITABLE);
    }
  }
}

// He knew of one order to suspend, and not of the other that stands beside it.
TEST_F(VerificationTest, Promise5WorkResumesOnlyWhereEverySuspensionWasKnown) {
  Open({.hazard = v1::HAZARD_STATUS_SUBMITTED});
  const auto suspend = [&](RulesActor& office) {
    Op op = Blank(office);
    op.mutable_edit_record()->set_record(hazard());
    op.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_suspension(
        v1::SUSPENSION_FULL);
    op.mutable_edit_record()->mutable_update_mask()->add_paths("suspension");
    return op;
  };
  RulesActor one = Clerk();
  RulesActor two = Clerk();
  RulesActor verifier = Clerk();
  const Op first = suspend(one);
  const Op second = suspend(two);
  // Observed later, and so in force: what the verifier is shown.
  ASSERT_TRUE(Taken(world().Apply(second, two)));
  const Op verify = Begin("verify_passed", verifier);
  ASSERT_TRUE(Taken(world().Apply(first, one)));
  ASSERT_TRUE(Taken(world().Apply(verify, verifier)));
  const std::string& verification = verify.verify_hazard().verification_id();
  EXPECT_EQ(ReasonOfDoing("resume_work", Clerk(),
                          [&](Op& op) {
                            op.mutable_resume_work()->set_verification(verification);
                            world().See(op, verification);
                          }),
            v1::REASON_SUSPENSION_NEEDS_VERIFICATION);
}

// What it closed is to be verified anew; what was verified again since is not touched.
TEST_F(VerificationTest, Promise5AVerificationThatIsWithdrawnClosesNothing) {
  for (const bool again : {false, true}) {
    Open({.hazard = v1::HAZARD_STATUS_SUBMITTED});
    RulesActor verifier = Clerk();
    const Op verify = Begin("verify_passed", verifier);
    ASSERT_TRUE(Taken(world().Apply(verify, verifier)));
    scene().verification = verify.verify_hazard().verification_id();
    ASSERT_TRUE(world().StateOf(hazard()).closed());
    if (again) {
      for (const char* act : {"recur", "submit", "verify_passed"}) {
        ASSERT_TRUE(Taken(Do(act, Clerk()))) << act;
      }
    }
    ASSERT_TRUE(Taken(Do("withdraw_verification", Clerk())));
    EXPECT_EQ(world().Hazard(hazard()).status(),
              again ? v1::HAZARD_STATUS_VERIFIED : v1::HAZARD_STATUS_SUBMITTED);
    if (!again) {
      EXPECT_TRUE(Taken(Do("verify_passed", Clerk())));
    }
  }
}

TEST_F(VerificationTest, Promise5AVerificationThatIsWithdrawnAfterTheLiftClosesNothing) {
  Open({.hazard = v1::HAZARD_STATUS_SUBMITTED, .order = v1::ORDER_STATUS_PASSED});
  RulesActor verifier = Clerk();
  const Op verify = Begin("verify_passed", verifier);
  ASSERT_TRUE(Taken(world().Apply(verify, verifier)));
  scene().verification = verify.verify_hazard().verification_id();
  ASSERT_TRUE(Taken(Do("lift_tag", Clerk())));
  ASSERT_TRUE(world().StateOf(hazard()).closed());
  ASSERT_TRUE(Taken(Do("withdraw_verification", Clerk())));
  EXPECT_FALSE(world().StateOf(hazard()).closed());
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_SUBMITTED);
}

}  // namespace
}  // namespace vigil::rules
