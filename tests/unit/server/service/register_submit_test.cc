// What somebody decides and reports about records that he does not see, and what he is told of it.

#include <array>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/server/service/sight_fixture.h"

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

using RegisterSubmitTest = SightFixture;

TEST_F(RegisterSubmitTest, AReceiverSeesWhatWaitsForHimAndNothingElse) {
  EXPECT_THAT(Get(receiver_, here().hazard), ReasonIs("REASON_NOT_FOUND"));
  const std::string transfer = parks_.Offer(here());
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetRecordResponse offered, Get(receiver_, here().hazard));
  EXPECT_THAT(offered.children(), SizeIs(3)) << "order, escalation, transfer";
  EXPECT_THAT(Get(receiver_, there().hazard), ReasonIs("REASON_NOT_FOUND"));
  EXPECT_THAT(Get(receiver_, here().risk_source), ReasonIs("REASON_NOT_FOUND"));
  EXPECT_EQ(Figures(receiver_).at("hazards"), "1");

  v1::Operation refuse = parks_.Begin(receiver_, {here().hazard, transfer});
  refuse.mutable_refuse_transfer()->set_hazard(here().hazard);
  refuse.mutable_refuse_transfer()->set_transfer(transfer);
  refuse.mutable_refuse_transfer()->set_reason("not ours");
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::SubmitResponse refused, Submit(receiver_, refuse));
  EXPECT_EQ(refused.outcome().verdict(), v1::VERDICT_APPLIED) << refused.ShortDebugString();
  EXPECT_THAT(refused.outcome().changed(), UnorderedElementsAre(here().hazard, transfer));
  EXPECT_THAT(Get(receiver_, here().hazard), ReasonIs("REASON_NOT_FOUND"));
  EXPECT_EQ(Figures(receiver_).at("hazards"), "0");

  // It is out of his sight by his own decision; whoever asks again is told what became of it.
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::SubmitResponse again, Submit(receiver_, refuse));
  EXPECT_TRUE(again.outcome().repeat());
  EXPECT_EQ(again.outcome().seq(), refused.outcome().seq());
  const rules::Author stranger = parks_.Caller(v1::ROLE_RECEIVER, reg_.district);
  EXPECT_THAT(Submit(stranger, refuse), ReasonIs("REASON_NOT_FOUND"));
}

TEST_F(RegisterSubmitTest, WhatWasTakenOverIsTheReceivers) {
  const std::string transfer = parks_.Offer(here());
  v1::Operation accept = parks_.Begin(receiver_, {here().hazard, transfer});
  accept.mutable_accept_transfer()->set_hazard(here().hazard);
  accept.mutable_accept_transfer()->set_transfer(transfer);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::SubmitResponse accepted, Submit(receiver_, accept));
  ASSERT_EQ(accepted.outcome().verdict(), v1::VERDICT_APPLIED) << accepted.ShortDebugString();
  VIGIL_EXPECT_OK(Get(receiver_, here().hazard));
  EXPECT_THAT(Get(own_, here().hazard), ReasonIs("REASON_NOT_FOUND"));
}

TEST_F(RegisterSubmitTest, ADecisionAboutWhatIsNotSeenIsNotJudged) {
  const Seq head = reg_.Head().seq;
  const rules::Author clerk = parks_.Caller(v1::ROLE_SAFETY_OFFICE, reg_.unit);
  const v1::Operation edit = Edit(clerk, there().hazard, "mine now");
  const absl::Status hidden = Submit(clerk, edit).status();
  EXPECT_EQ(hidden, service::NoSuchRecord(there().hazard));
  // The same operation where there is no such record.
  EXPECT_EQ(hidden, Submit(empty_, empty_core_, clerk, edit).status());

  v1::Operation merge = parks_.Begin(clerk, {here().hazard, there().hazard});
  merge.mutable_merge_hazard()->set_hazard(here().hazard);
  merge.mutable_merge_hazard()->set_into(there().hazard);
  EXPECT_EQ(Submit(clerk, merge).status(), service::NoSuchRecord(there().hazard));

  // A new record may not have the id of one that is there.
  v1::Operation create = parks_.Begin(clerk, {});
  create.mutable_create_record()->set_record(there().hazard);
  v1::RiskSource& source = *create.mutable_create_record()->mutable_entity()->mutable_risk_source();
  source.set_code("RS-9");
  source.set_name("RS-9");
  source.set_site_type(v1::SITE_TYPE_PARK_SLOPE);
  source.set_responsible_unit(reg_.unit);
  EXPECT_EQ(Submit(clerk, create).status(), service::NoSuchRecord(there().hazard));

  // A precondition tells versions.
  v1::Operation current = Edit(clerk, here().hazard, "still mine");
  current.set_must_be_current(true);
  v1::Seen& seen = *current.add_seen();
  seen.set_record(there().hazard);
  seen.set_version(1);
  EXPECT_EQ(Submit(clerk, current).status(), service::NoSuchRecord(there().hazard));

  EXPECT_EQ(reg_.Head().seq, head);
  create.mutable_create_record()->set_record(reg_.NewId());
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::SubmitResponse made, Submit(clerk, create));
  EXPECT_EQ(made.outcome().verdict(), v1::VERDICT_APPLIED) << made.ShortDebugString();
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::SubmitResponse own,
                             Submit(clerk, Edit(clerk, here().hazard, "mine")));
  EXPECT_EQ(own.outcome().verdict(), v1::VERDICT_APPLIED) << own.ShortDebugString();
}

// The register judges in the order in which operations come, and looks at sight before that.
TEST_F(RegisterSubmitTest, WhatLeavesOnesSightBeforeTheJudgementTellsNothing) {
  const rules::Author clerk = parks_.Caller(v1::ROLE_SAFETY_OFFICE, reg_.unit);
  const auto ask = [this](const rules::Author& caller, const v1::Operation& operation,
                          absl::StatusOr<v1::SubmitResponse>& answer) {
    v1::SubmitRequest request;
    request.set_operation(operation.SerializeAsString());
    core_.Submit(caller, request, [&answer](absl::StatusOr<v1::SubmitResponse> response) {
      answer = std::move(response);
    });
  };
  const TwoParks::Park stays = parks_.AddHazard(reg_.unit, here().risk_source);
  v1::Operation current = Edit(clerk, here().hazard, "if nothing has changed");
  current.set_must_be_current(true);
  const v1::Operation beside = Edit(clerk, here().hazard, "the clerk's words");
  const v1::Operation here_too = Edit(clerk, stays.hazard, "the clerk's words");
  v1::Operation moves = Edit(office_, here().hazard, "the office's words");
  moves.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_responsible_unit(
      reg_.other_unit);
  moves.mutable_edit_record()->mutable_update_mask()->add_paths("responsible_unit");
  const v1::Operation office_here = Edit(office_, stays.hazard, "the office's words");

  std::array<absl::StatusOr<v1::SubmitResponse>, 5> answers;
  ask(office_, moves, answers[0]);
  ask(office_, office_here, answers[1]);
  ask(clerk, current, answers[2]);
  ask(clerk, beside, answers[3]);
  ask(clerk, here_too, answers[4]);
  reg_.executor().RunUntilIdle();

  ASSERT_THAT(answers[0], IsOk());
  ASSERT_EQ(answers[0]->outcome().verdict(), v1::VERDICT_APPLIED) << answers[0]->DebugString();
  EXPECT_EQ(answers[2].status(), service::NoSuchRecord(here().hazard));
  ASSERT_THAT(answers[3], IsOk());
  EXPECT_THAT(answers[3]->outcome().conflicts(), IsEmpty()) << answers[3]->DebugString();
  EXPECT_EQ(answers[3]->outcome().verdict(), v1::VERDICT_APPLIED) << answers[3]->DebugString();
  // Where nothing has left his sight he is told of what stands beside it.
  ASSERT_THAT(answers[4], IsOk());
  EXPECT_THAT(answers[4]->outcome().conflicts(), SizeIs(1)) << answers[4]->DebugString();
  EXPECT_EQ(answers[4]->outcome().verdict(), v1::VERDICT_MERGED);
  // Nor is it told when he asks again.
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::SubmitResponse again, Submit(clerk, beside));
  EXPECT_TRUE(again.outcome().repeat());
  EXPECT_THAT(again.outcome().conflicts(), IsEmpty());
}

TEST_F(RegisterSubmitTest, ADeviceIsNotNamedByWhoMayNotSeeDevices) {
  v1::Operation edit = parks_.Begin(everywhere_, {parks_.device()});
  edit.mutable_edit_record()->set_record(parks_.device());
  edit.mutable_edit_record()->mutable_entity()->mutable_device()->set_label("mine");
  edit.mutable_edit_record()->mutable_update_mask()->add_paths("label");
  EXPECT_EQ(Submit(everywhere_, edit).status(), service::NoSuchRecord(parks_.device()));
}

TEST_F(RegisterSubmitTest, AFactIsTakenInFromEverybodyAndTellsNothing) {
  const std::string hazard = there().hazard;
  const rules::Author unit = reg_.Clerk(v1::ROLE_RESPONSIBLE_UNIT, reg_.other_unit).author;
  v1::Operation accept = parks_.Begin(unit, {hazard});
  accept.mutable_accept_hazard()->set_hazard(hazard);
  Apply(unit, accept);
  v1::Operation submit = parks_.Begin(unit, {hazard});
  submit.mutable_submit_rectification()->set_hazard(hazard);
  submit.mutable_submit_rectification()->set_rectification("filled");
  v1::Evidence& photo = *submit.mutable_submit_rectification()->add_photos();
  photo.set_sha256(std::string(64, 'a'));
  photo.set_media_type("image/jpeg");
  photo.set_size_bytes(1);
  Apply(unit, submit);
  const rules::Author inspector = parks_.Caller(v1::ROLE_INSPECTOR, reg_.other_unit);
  const auto recurs = [&](const rules::Author& caller) {
    v1::Operation operation = parks_.Begin(caller, {hazard});
    operation.mutable_report_recurrence()->set_hazard(hazard);
    operation.mutable_report_recurrence()->set_recurrence_id(reg_.NewId());
    operation.mutable_report_recurrence()->set_description("it is there again");
    return operation;
  };
  const v1::Operation outside = recurs(own_);
  const v1::Operation inside = recurs(inspector);
  const rules::Author verifier = reg_.Clerk(v1::ROLE_VERIFIER, reg_.other_unit).author;
  v1::Operation verify = parks_.Begin(verifier, {hazard});
  verify.mutable_verify_hazard()->set_hazard(hazard);
  verify.mutable_verify_hazard()->set_verification_id(reg_.NewId());
  verify.mutable_verify_hazard()->set_kind(v1::VERIFICATION_KIND_GOVERNMENT);
  verify.mutable_verify_hazard()->set_result(v1::VERIFICATION_RESULT_PASSED);
  Apply(verifier, verify);

  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::SubmitResponse seen, Submit(inspector, inside));
  EXPECT_EQ(seen.outcome().verdict(), v1::VERDICT_MERGED) << seen.ShortDebugString();
  EXPECT_THAT(seen.outcome().changed(), SizeIs(2));
  EXPECT_THAT(seen.outcome().conflicts(), Not(IsEmpty()));
  // Whether it moved the hazard, and what stands beside it there, would say how the hazard stood.
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::SubmitResponse told, Submit(own_, outside));
  EXPECT_EQ(told.outcome().verdict(), v1::VERDICT_APPLIED) << told.ShortDebugString();
  EXPECT_TRUE(told.outcome().outside_scope());
  EXPECT_THAT(told.outcome().changed(), ElementsAre(outside.report_recurrence().recurrence_id()));
  EXPECT_THAT(told.outcome().conflicts(), IsEmpty());
  // A repeat tells no more.
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::SubmitResponse again, Submit(own_, outside));
  EXPECT_TRUE(again.outcome().repeat());
  EXPECT_EQ(again.outcome().verdict(), v1::VERDICT_APPLIED);
  EXPECT_THAT(again.outcome().changed(), SizeIs(1));
}

TEST_F(RegisterSubmitTest, AReportFromOutsideIsTakenInUnlessItsPreconditionAsks) {
  v1::Operation report = parks_.Begin(own_, {});
  report.mutable_report_hazard()->set_hazard_id(reg_.NewId());
  v1::Hazard& hazard = *report.mutable_report_hazard()->mutable_hazard();
  hazard.set_risk_source(there().risk_source);
  hazard.set_description("seen over the fence");
  *hazard.mutable_found_at() = report.made_at();
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::SubmitResponse taken, Submit(own_, report));
  EXPECT_EQ(taken.outcome().verdict(), v1::VERDICT_APPLIED) << taken.ShortDebugString();
  EXPECT_TRUE(taken.outcome().outside_scope());
  EXPECT_THAT(Get(own_, report.report_hazard().hazard_id()), ReasonIs("REASON_NOT_FOUND"));

  // A precondition is no part of the fact.
  report.set_id(reg_.NewId());
  report.mutable_report_hazard()->set_hazard_id(reg_.NewId());
  report.set_must_be_current(true);
  v1::Seen& seen = *report.add_seen();
  seen.set_record(there().risk_source);
  seen.set_version(1);
  EXPECT_EQ(Submit(own_, report).status(), service::NoSuchRecord(there().risk_source));
}

}  // namespace
}  // namespace vigil::testing
