#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/replica/replica.h"
#include "sync/rules/record.h"
#include "tests/support/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_phone.h"

namespace vigil::testing {
namespace {

using replica::OutboxState;
using replica::RecordView;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class MakeTest : public ::testing::Test {
 protected:
  MakeTest()
      : hazard_(base().ConfirmedHazard(SomeDay())),
        phone_(server_, base().Phone(v1::ROLE_INSPECTOR, base().department)) {
    phone_.MustSync();
    phone_.faults().reachable = false;
  }

  TestRegister& base() { return server_.base(); }
  replica::Replica& replica() { return phone_.replica(); }

  v1::Operation Edit(std::string_view hazard, std::string_view description) {
    v1::Operation operation;
    operation.mutable_edit_record()->set_record(std::string(hazard));
    operation.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_description(
        std::string(description));
    operation.mutable_edit_record()->mutable_update_mask()->add_paths("description");
    return operation;
  }
  v1::Operation Recur(std::string_view hazard, std::string_view description) {
    v1::Operation operation;
    operation.mutable_report_recurrence()->set_hazard(std::string(hazard));
    operation.mutable_report_recurrence()->set_recurrence_id(phone_.NewId());
    operation.mutable_report_recurrence()->set_description(std::string(description));
    return operation;
  }
  v1::Operation ReportOn(std::string_view source, const std::string& id) {
    v1::Operation operation;
    operation.mutable_report_hazard()->set_hazard_id(id);
    v1::Hazard& hazard = *operation.mutable_report_hazard()->mutable_hazard();
    hazard.set_risk_source(std::string(source));
    hazard.set_description("crack");
    *hazard.mutable_found_at() =
        google::protobuf::util::TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(phone_.now()));
    return operation;
  }

  SimServer server_;
  std::string hazard_;
  TestPhone phone_;
};

TEST_F(MakeTest, FillsInWhoWhenAndWhatWasSeen) {
  const v1::Operation operation = phone_.Describe(hazard_, "crack of 2 m");
  const Actor& actor = phone_.actor();
  EXPECT_EQ(operation.device(), actor.author.device);
  EXPECT_EQ(operation.person(), actor.author.person);
  EXPECT_EQ(operation.device_seq(), 1U);
  EXPECT_EQ(Uuid::Parse(operation.id())->version(), 7);
  EXPECT_EQ(google::protobuf::util::TimeUtil::TimestampToMilliseconds(operation.made_at()),
            absl::ToUnixMillis(phone_.now()));
  EXPECT_EQ(operation.epoch(), base().Head().epoch.id());
  ASSERT_THAT(operation.seen(), SizeIs(1));
  EXPECT_EQ(operation.seen(0).record(), hazard_);
  EXPECT_EQ(operation.seen(0).version(), base().Find(hazard_).version());
  EXPECT_EQ(phone_.Describe(hazard_, "crack of 3 m").device_seq(), 2U);
}

// What making the last one has read may hold no longer.
TEST_F(MakeTest, ANewerVersionThatCameInBetweenIsWhatIsSeen) {
  phone_.Report(base().risk_source, "crack");
  v1::Record newer = base().Find(base().risk_source);
  newer.set_version(newer.version() + 100);
  v1::PullResponse page;
  page.mutable_head()->set_epoch(base().Head().epoch.id());
  page.add_records(newer.SerializeAsString());
  VIGIL_ASSERT_OK(replica().ApplyPage(page));
  phone_.Report(base().risk_source, "seepage");
  const v1::Operation last = (*replica().Outbox()).back().operation;
  ASSERT_THAT(last.seen(), SizeIs(1));
  EXPECT_EQ(last.seen(0).version(), newer.version());
}

TEST_F(MakeTest, ARoleThatWasTakenAwayInBetweenIsGone) {
  phone_.Describe(hazard_, "crack of 2 m");
  base().ChangeRole(phone_.actor(), v1::ROLE_VERIFIER);
  phone_.faults().reachable = true;
  phone_.MustSync();
  EXPECT_THAT(replica().Make(Edit(hazard_, "crack of 3 m")), ReasonIs("REASON_NOT_PERMITTED"));
}

TEST_F(MakeTest, WhatAnotherProgramMadeOnTheSameFileComesBefore) {
  phone_.Describe(hazard_, "crack of 2 m");
  ManualClock clock(phone_.now());
  SeededRandom random(2);
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto other,
                             replica::Replica::Open(phone_.path(), {}, clock, random));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto made, other->Make(Edit(hazard_, "seepage")));
  EXPECT_EQ(made.operation.device_seq(), 2U);
  EXPECT_EQ(phone_.RaiseGrade(hazard_, v1::HAZARD_GRADE_MAJOR).device_seq(), 3U);
  EXPECT_EQ(phone_.View(hazard_).record.entity().hazard().description(), "seepage");
  EXPECT_EQ(other->Make(Edit(hazard_, "loose rock"))->operation.device_seq(), 4U);
}

TEST_F(MakeTest, ItIsShownAtOnceAndSurvivesARestart) {
  const std::uint64_t version = phone_.View(hazard_).version;
  phone_.Describe(hazard_, "crack of 2 m");
  phone_.RaiseGrade(hazard_, v1::HAZARD_GRADE_MAJOR);
  const std::string reported = phone_.Report(base().risk_source, "loose rock");
  phone_.Restart();
  const RecordView view = phone_.View(hazard_);
  EXPECT_TRUE(view.pending);
  EXPECT_EQ(view.version, version) << "own work is no knowledge of the register's";
  EXPECT_EQ(view.own_device_seq, 2U);
  EXPECT_EQ(view.record.entity().hazard().description(), "crack of 2 m");
  EXPECT_EQ(view.record.entity().hazard().grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_THAT(view.conflicts, IsEmpty());
  const RecordView mine = phone_.View(reported);
  EXPECT_EQ(mine.version, 0U);
  EXPECT_EQ(mine.record.entity().hazard().status(), v1::HAZARD_STATUS_REPORTED);
  EXPECT_EQ(replica().Counts()->pending, 3);
}

TEST_F(MakeTest, ARefusalIsToldAtOnceAndNothingIsQueued) {
  v1::Operation confirm;
  confirm.mutable_confirm_hazard()->set_hazard(hazard_);
  confirm.mutable_confirm_hazard()->set_grade(v1::HAZARD_GRADE_MAJOR);
  EXPECT_THAT(replica().Make(confirm), ReasonIs("REASON_NOT_PERMITTED"));
  EXPECT_EQ(replica().Counts()->pending, 0);
  EXPECT_EQ(phone_.Describe(hazard_, "crack of 2 m").device_seq(), 1U)
      << "the refused operation took a number";
}

TEST_F(MakeTest, ARoleEndsWithItsLastDay) {
  const Actor deputy = base().Phone(v1::ROLE_INSPECTOR, base().department);
  TestPhone phone(server_, deputy, {.seed = 3});
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::Date today, replica().Today());
  v1::RoleGrant grant = deputy.author.roles.front();
  *grant.mutable_until() = today;
  base().ChangeRole(deputy, grant);
  phone.MustSync();
  phone.faults().reachable = false;
  EXPECT_THAT(*phone.replica().Roles(), SizeIs(1));
  VIGIL_EXPECT_OK(phone.replica().Make(Edit(hazard_, "crack of 2 m")));
  server_.executor().RunFor(absl::Hours(24));
  EXPECT_THAT(*phone.replica().Roles(), IsEmpty());
  EXPECT_THAT(phone.replica().Make(Edit(hazard_, "crack of 3 m")),
              ReasonIs("REASON_NOT_PERMITTED"));
}

TEST_F(MakeTest, AStandInHasARoleAsLongAsItsGiver) {
  const Actor giver = base().Phone(v1::ROLE_INSPECTOR, base().department);
  const Actor stand_in = base().Phone(v1::ROLE_INSPECTOR, base().department);
  TestPhone phone(server_, stand_in, {.seed = 3});
  v1::RoleGrant grant = stand_in.author.roles.front();
  grant.set_delegated_by(giver.author.person);
  base().ChangeRole(stand_in, grant);
  phone.MustSync();
  EXPECT_THAT(*phone.replica().Roles(), SizeIs(1));
  v1::RoleGrant other = giver.author.roles.front();
  other.set_role(v1::ROLE_VERIFIER);
  base().ChangeRole(giver, other);
  phone.MustSync();
  EXPECT_THAT(*phone.replica().Roles(), IsEmpty());
}

TEST_F(MakeTest, Promise7NoPhoneLiftsATag) {
  v1::Operation lift;
  lift.mutable_lift_tag()->set_order(phone_.NewId());
  EXPECT_THAT(replica().Make(lift), ReasonIs("REASON_WRONG_CHANNEL"));
}

TEST_F(MakeTest, FactsAlwaysGo) {
  // Of a hazard that this phone has never seen.
  const std::string unknown = phone_.NewId();
  VIGIL_EXPECT_OK(replica().Make(Recur(unknown, "still dangerous")));
  const std::string reported = phone_.NewId();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto made, replica().Make(ReportOn(phone_.NewId(), reported)));
  EXPECT_THAT(made.provisional_number, MatchesRegex("P-[0-9A-Z]{4}"));
  EXPECT_THAT(made.changed, IsEmpty());
  EXPECT_EQ(replica().Counts()->pending, 2);
}

TEST_F(MakeTest, AMalformedFactIsTheUsersToMend) {
  v1::Operation report = ReportOn(base().risk_source, phone_.NewId());
  report.mutable_report_hazard()->mutable_hazard()->clear_description();
  EXPECT_THAT(replica().Make(report), ReasonIs("REASON_REQUIRED_FIELD_MISSING"));
  EXPECT_THAT(replica().Make(Recur("no id", "x")), ReasonIs("REASON_INVALID_ID"));
  EXPECT_THAT(replica().Make(ReportOn(base().risk_source, hazard_)),
              ReasonIs("REASON_ALREADY_EXISTS"));
  EXPECT_EQ(replica().Counts()->pending, 0);
}

TEST_F(MakeTest, OutsideTheOwnScopeAFactIsTakenIn) {
  TestPhone stranger(server_, base().Phone(v1::ROLE_INSPECTOR, base().other_unit), {.seed = 3});
  stranger.MustSync();
  stranger.faults().reachable = false;
  VIGIL_EXPECT_OK(stranger.replica().Make(Recur(hazard_, "seen from the path")));
}

TEST_F(MakeTest, APhoneHasNoPreconditions) {
  v1::Operation edit = Edit(hazard_, "crack of 2 m");
  edit.set_must_be_current(true);
  EXPECT_THAT(replica().Make(edit), ReasonIs("REASON_INVALID_VALUE"));
}

TEST_F(MakeTest, EachOperationNamesTheHashOfTheOneBefore) {
  const std::string first = phone_.Describe(hazard_, "a").id();
  phone_.Describe(hazard_, "b");
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto batch,
                             replica().NextPush({.operations_max = 10, .bytes_max = 1 << 20}));
  ASSERT_THAT(batch.request.entries(), SizeIs(2));
  EXPECT_EQ(batch.request.entries(0).operation_id(), first);
  EXPECT_EQ(batch.request.entries(0).previous_hash(), "");
  EXPECT_EQ(batch.request.entries(1).previous_hash(),
            Sha256Of(batch.request.entries(0).operation()).bytes());
}

TEST_F(MakeTest, AFormClaimsWhatItsAuthorWasShownWhenHeOpenedIt) {
  const RecordView opened = phone_.View(hazard_);
  phone_.faults().reachable = true;
  TestPhone other(server_, base().Phone(v1::ROLE_INSPECTOR, base().department), {.seed = 2});
  other.MustSync();
  other.Describe(hazard_, "crack of 3 m");
  other.MustSync();
  phone_.MustSync();
  ASSERT_GT(phone_.View(hazard_).version, opened.version);

  VIGIL_ASSERT_OK_AND_ASSIGN(const auto made, replica().Make(Edit(hazard_, "crack of 2 m"),
                                                             {.shown = {opened}, .draft = ""}));
  EXPECT_EQ(made.operation.seen(0).version(), opened.version);
  // He has not seen the other one's words, so they stay beside his.
  EXPECT_THAT(phone_.View(hazard_).conflicts, ElementsAre("description"));
  phone_.MustSync();
  EXPECT_THAT(phone_.View(hazard_).conflicts, ElementsAre("description"));
}

TEST_F(MakeTest, AFormKnowsWhatTheSamePhoneDidSince) {
  const RecordView opened = phone_.View(hazard_);
  phone_.Describe(hazard_, "crack of 2 m");
  VIGIL_ASSERT_OK(replica().Make(Edit(hazard_, "crack of 3 m"), {.shown = {opened}, .draft = ""}));
  const RecordView view = phone_.View(hazard_);
  EXPECT_THAT(view.conflicts, IsEmpty());
  EXPECT_EQ(view.record.entity().hazard().description(), "crack of 3 m");
}

TEST_F(MakeTest, AFormKnowsWhatTheSamePhoneDidSinceAlsoOnceItIsConfirmed) {
  TestPhone unit(server_, base().Phone(v1::ROLE_RESPONSIBLE_UNIT, base().unit), {.seed = 2});
  unit.MustSync();
  v1::Operation accept;
  accept.mutable_accept_hazard()->set_hazard(hazard_);
  accept.mutable_accept_hazard()->set_from_status(v1::HAZARD_STATUS_CONFIRMED);
  const RecordView opened = unit.View(hazard_);
  unit.MustMake(accept);
  unit.MustSync();
  ASSERT_FALSE(unit.View(hazard_).pending);
  EXPECT_THAT(unit.replica().Make(accept, {.shown = {opened}, .draft = ""}),
              ReasonIs("REASON_STATUS_NOT_SEEN"));
  EXPECT_EQ(unit.View(hazard_).record.entity().hazard().status(), v1::HAZARD_STATUS_RECTIFYING);
}

TEST_F(MakeTest, TheDraftIsDoneWithInTheSameTransaction) {
  VIGIL_ASSERT_OK(replica().PutDraft("report/1", "half"));
  // A refusal keeps it.
  v1::Operation report = ReportOn(base().risk_source, hazard_);
  EXPECT_FALSE(replica().Make(report, {.shown = {}, .draft = "report/1"}).ok());
  EXPECT_TRUE(replica().FindDraft("report/1")->has_value());
  report.mutable_report_hazard()->set_hazard_id(phone_.NewId());
  VIGIL_EXPECT_OK(replica().Make(report, {.shown = {}, .draft = "report/1"}));
  EXPECT_FALSE(replica().FindDraft("report/1")->has_value());
}

TEST_F(MakeTest, AProvisionalNumberNamesOneHazardUntilTheRegisterNumbersIt) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto made,
                             replica().Make(ReportOn(base().risk_source, phone_.NewId())));
  const std::string hazard = made.operation.report_hazard().hazard_id();
  EXPECT_EQ(*replica().DisplayNumber(phone_.View(hazard).record), made.provisional_number);
  std::string lower = made.provisional_number;
  for (char& letter : lower) letter = static_cast<char>(std::tolower(letter));
  EXPECT_EQ((*replica().FindHazard(lower))->record.id(), hazard);
  EXPECT_FALSE(replica().FindHazard("P-OOOO")->has_value());

  phone_.faults().reachable = true;
  phone_.MustSync();
  const std::string number = *replica().DisplayNumber(phone_.View(hazard).record);
  EXPECT_EQ(number, base().Find(hazard).entity().hazard().number());
  EXPECT_EQ((*replica().FindHazard(number))->record.id(), hazard);
  // Somebody may have written the short one down.
  EXPECT_EQ((*replica().FindHazard(made.provisional_number))->record.id(), hazard);
}

TEST_F(MakeTest, ProvisionalNumbersThatWouldCollideGrow) {
  // Two ids whose short numbers begin alike, found by the formula in the header of the code.
  std::map<std::string, std::string> seen;
  std::string first;
  std::string second;
  while (second.empty()) {
    const std::string id = phone_.NewId();
    const Sha256 hash = Sha256Of(Uuid::Parse(id)->bytes());
    std::string code;
    for (int i = 0; i < 4; ++i) code.push_back(static_cast<char>(hash.bytes()[i] & 31));
    const auto [place, is_new] = seen.emplace(code, id);
    if (!is_new) {
      first = place->second;
      second = id;
    }
  }
  const std::string a = replica().Make(ReportOn(base().risk_source, first))->provisional_number;
  const std::string b = replica().Make(ReportOn(base().risk_source, second))->provisional_number;
  EXPECT_THAT(a, SizeIs(6));
  EXPECT_THAT(b, SizeIs(7));
  EXPECT_EQ(b.substr(0, 6), a);
  EXPECT_EQ((*replica().FindHazard(a))->record.id(), first);
  EXPECT_EQ((*replica().FindHazard(b))->record.id(), second);
}

}  // namespace
}  // namespace vigil::testing
