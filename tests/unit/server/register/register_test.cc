#include "server/register/register.h"

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "server/register/audit.h"
#include "server/register/escalation_id.h"
#include "sync/rules/work_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

namespace vigil::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

v1::Date Day(int year, int month, int day) {
  return rules::ToDate(absl::CivilDay(year, month, day));
}

registry::Incoming AsPushed(const v1::Operation& operation) {
  registry::Incoming incoming;
  incoming.bytes = operation.SerializeAsString();
  incoming.operation_id = operation.id();
  incoming.device_seq = operation.device_seq();
  return incoming;
}

v1::Operation Report(TestRegister& reg, Actor& actor, const std::string& hazard) {
  v1::Operation operation = reg.Begin(actor);
  operation.mutable_report_hazard()->set_hazard_id(hazard);
  v1::Hazard& body = *operation.mutable_report_hazard()->mutable_hazard();
  body.set_risk_source(reg.risk_source);
  body.set_description("loose rock");
  *body.mutable_found_at() = operation.made_at();
  return operation;
}

TEST(RegisterTest, Promise1OneWritePathGivesEveryOperationItsLeafAndOutcome) {
  TestRegister reg;
  Actor inspector = reg.Phone(v1::ROLE_INSPECTOR, reg.department);
  const std::string hazard = reg.NewId();
  const v1::Operation report = Report(reg, inspector, hazard);
  const Seq before = reg.Head().seq;
  const v1::Outcome outcome = reg.Submit(inspector, report);
  EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(outcome.seq(), before.value() + 1);
  EXPECT_EQ(outcome.number(), "2017-0001");
  EXPECT_THAT(outcome.changed(), ElementsAre(hazard));
  EXPECT_EQ(reg.Find(hazard).version(), outcome.seq());
  VIGIL_ASSERT_OK_AND_ASSIGN(auto snapshot, reg.store().Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto log, snapshot->Log(before, 10));
  ASSERT_EQ(log.size(), 1U);
  EXPECT_EQ(log[0].operation_bytes, report.SerializeAsString());
  EXPECT_EQ(log[0].leaf, registry::AuditLeaf(log[0].operation_bytes, log[0].outcome_bytes));
}

TEST(RegisterTest, AuditRootIsTheMerkleRootOfAllLeaves) {
  TestRegister reg;
  reg.ConfirmedHazard(Day(2017, 6, 30));
  VIGIL_ASSERT_OK_AND_ASSIGN(auto snapshot, reg.store().Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto log, snapshot->Log(Seq(0), 1000));
  // The definition of RFC 6962, recursive and slow.
  const std::function<Sha256(std::size_t, std::size_t)> root = [&](std::size_t from,
                                                                   std::size_t to) -> Sha256 {
    if (to - from == 1) return log[from].leaf;
    std::size_t split = 1;
    while (split * 2 < to - from) split *= 2;
    return NodeHash({.left = root(from, from + split), .right = root(from + split, to)});
  };
  ASSERT_GT(log.size(), 5U);
  EXPECT_EQ(reg.Head().audit_root, root(0, log.size()));
  EXPECT_EQ(reg.Head().seq.value(), log.size());
}

TEST(RegisterTest, Promise2AcknowledgedIsDurable) {
  const TempDir directory;
  const std::string file = directory.File("register.db");
  std::string hazard;
  v1::Outcome outcome;
  {
    TestRegister reg({.seed = 1, .file = file});
    Actor inspector = reg.Phone(v1::ROLE_INSPECTOR, reg.department);
    hazard = reg.NewId();
    outcome = reg.Submit(inspector, Report(reg, inspector, hazard));
  }
  store::SqliteStoreOptions options;
  options.first_epoch = DerivedUuid({.name_space = "test", .name = "other"});
  VIGIL_ASSERT_OK_AND_ASSIGN(auto store, store::SqliteRegisterStore::Open(file, options));
  VIGIL_ASSERT_OK_AND_ASSIGN(auto snapshot, store->Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto stored, snapshot->FindRecord(*Uuid::Parse(hazard)));
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->version.value(), outcome.seq());
}

TEST(RegisterTest, Promise3ExactlyOnce) {
  TestRegister reg;
  Actor inspector = reg.Phone(v1::ROLE_INSPECTOR, reg.department);
  const std::string hazard = reg.NewId();
  const v1::Operation report = Report(reg, inspector, hazard);
  const v1::Outcome first = reg.Submit(inspector, report);
  v1::Outcome again = reg.Submit(inspector, report);
  EXPECT_TRUE(again.repeat());
  again.clear_repeat();
  EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString());
  EXPECT_EQ(reg.Head().seq.value(), first.seq());

  v1::Operation other = report;
  other.mutable_report_hazard()->mutable_hazard()->set_description("something else");
  const v1::Outcome reused = reg.Submit(inspector, other);
  EXPECT_EQ(reused.verdict(), v1::VERDICT_REFUSED);
  EXPECT_EQ(reused.error().reason(), v1::REASON_ID_REUSED);
  EXPECT_EQ(reg.Head().seq.value(), first.seq() + 1) << "the reuse is recorded";
  EXPECT_EQ(reg.Find(hazard).entity().hazard().description(), "loose rock");
  EXPECT_TRUE(reg.Submit(inspector, other).repeat()) << "and recorded once";
}

TEST(RegisterTest, Promise3ARepeatInTheSameBatchIsARepeat) {
  TestRegister reg;
  Actor inspector = reg.Phone(v1::ROLE_INSPECTOR, reg.department);
  const registry::Incoming incoming = AsPushed(Report(reg, inspector, reg.NewId()));
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto outcomes, reg.SubmitBytes(inspector, {incoming, incoming}));
  EXPECT_FALSE(outcomes[0].repeat());
  EXPECT_TRUE(outcomes[1].repeat());
  EXPECT_EQ(outcomes[0].seq(), outcomes[1].seq());
}

TEST(RegisterTest, Promise4NothingIsLostNothingBlocks) {
  TestRegister reg;
  Actor inspector = reg.Phone(v1::ROLE_INSPECTOR, reg.department);
  const std::string hazard = reg.NewId();
  const std::string unknown = reg.NewId();
  const v1::Operation report = Report(reg, inspector, hazard);
  v1::Operation lift = reg.Begin(inspector);
  lift.mutable_lift_tag()->set_order(reg.NewId());
  v1::Operation waits = reg.Begin(inspector);
  waits.mutable_report_recurrence()->set_hazard(unknown);
  waits.mutable_report_recurrence()->set_recurrence_id(reg.NewId());
  waits.mutable_report_recurrence()->set_description("moving again");
  v1::Operation waits_too = reg.Begin(inspector);
  waits_too.mutable_edit_record()->set_record(unknown);
  waits_too.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_category("slope");
  waits_too.mutable_edit_record()->mutable_update_mask()->add_paths("category");
  const v1::Operation goes_on = Report(reg, inspector, reg.NewId());
  registry::Incoming garbage;
  garbage.bytes = "\xff\xff\xff";
  garbage.operation_id = reg.NewId();
  garbage.device_seq = ++inspector.device_seq;
  VIGIL_ASSERT_OK_AND_ASSIGN(
      const auto outcomes,
      reg.SubmitBytes(inspector, {AsPushed(report), AsPushed(lift), AsPushed(waits),
                                  AsPushed(waits_too), AsPushed(goes_on), garbage}));
  ASSERT_EQ(outcomes.size(), 6U);
  EXPECT_EQ(outcomes[0].verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(outcomes[1].verdict(), v1::VERDICT_REFUSED);
  EXPECT_EQ(outcomes[1].error().reason(), v1::REASON_WRONG_CHANNEL);
  EXPECT_EQ(outcomes[2].verdict(), v1::VERDICT_DEFERRED);
  EXPECT_EQ(outcomes[2].error().reason(), v1::REASON_DEPENDENCY_MISSING);
  EXPECT_EQ(outcomes[3].verdict(), v1::VERDICT_DEFERRED);
  EXPECT_EQ(outcomes[3].error().reason(), v1::REASON_BLOCKED_BY_DEFERRED);
  EXPECT_EQ(outcomes[4].verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(outcomes[5].verdict(), v1::VERDICT_REFUSED);
  EXPECT_EQ(outcomes[5].error().reason(), v1::REASON_MALFORMED);
}

TEST(RegisterTest, Promise5ConcurrentGradesAreBothKeptAndTheGraverIsInForce) {
  TestRegister reg;
  const std::string hazard = reg.NewId();
  Actor inspector = reg.Phone(v1::ROLE_INSPECTOR, reg.department);
  Actor office = reg.Clerk(v1::ROLE_SAFETY_OFFICE, reg.bureau);
  reg.Submit(inspector, Report(reg, inspector, hazard));
  v1::Operation raise = reg.Begin(inspector);
  reg.See(raise, {hazard});
  raise.mutable_edit_record()->set_record(hazard);
  raise.mutable_edit_record()->mutable_entity()->mutable_hazard()->set_grade(
      v1::HAZARD_GRADE_MAJOR);
  raise.mutable_edit_record()->mutable_update_mask()->add_paths("grade");
  v1::Operation confirm = reg.Begin(office);
  reg.See(confirm, {hazard});
  confirm.mutable_confirm_hazard()->set_hazard(hazard);
  confirm.mutable_confirm_hazard()->set_from_status(v1::HAZARD_STATUS_REPORTED);
  confirm.mutable_confirm_hazard()->set_grade(v1::HAZARD_GRADE_GENERAL);
  confirm.mutable_confirm_hazard()->set_responsible_unit(reg.unit);
  *confirm.mutable_confirm_hazard()->mutable_due_date() = Day(2017, 6, 30);
  EXPECT_EQ(reg.Submit(office, confirm).verdict(), v1::VERDICT_APPLIED);
  const v1::Outcome merged = reg.Submit(inspector, raise);
  EXPECT_EQ(merged.verdict(), v1::VERDICT_MERGED) << merged.ShortDebugString();
  ASSERT_EQ(merged.conflicts_size(), 1);
  EXPECT_EQ(merged.conflicts(0).field(), "grade");
  EXPECT_EQ(reg.StateOf(hazard).grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(reg.StateOf(hazard).status(), v1::HAZARD_STATUS_CONFIRMED);
  EXPECT_THAT(reg.StateOf(hazard).conflicts(), ElementsAre("grade"));

  v1::Operation settle = reg.Begin(office);
  reg.See(settle, {hazard});
  settle.mutable_settle_conflict()->set_record(hazard);
  settle.mutable_settle_conflict()->set_field("grade");
  settle.mutable_settle_conflict()->mutable_value()->mutable_hazard()->set_grade(
      v1::HAZARD_GRADE_GENERAL);
  EXPECT_EQ(reg.Submit(office, settle).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(reg.StateOf(hazard).grade(), v1::HAZARD_GRADE_GENERAL);
  EXPECT_THAT(reg.StateOf(hazard).conflicts(), IsEmpty());
}

TEST(RegisterTest, APhoneKnowsItsOwnEarlierOperationsAndTheOfficeOnlyWhatItSaw) {
  TestRegister reg;
  const std::string hazard = reg.ConfirmedHazard(Day(2017, 6, 30));
  Actor phone = reg.Phone(v1::ROLE_INSPECTOR, reg.department);
  Actor office = reg.Clerk(v1::ROLE_SAFETY_OFFICE, reg.bureau);
  const v1::Operation first = EditDescription(reg, phone, hazard, "first");
  const v1::Operation second = EditDescription(reg, phone, hazard, "second");
  const v1::Operation clerk_first = EditDescription(reg, office, hazard, "clerk first");
  const v1::Operation clerk_second = EditDescription(reg, office, hazard, "clerk second");
  EXPECT_EQ(reg.Submit(phone, first).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(reg.Submit(phone, second).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(reg.Submit(office, clerk_first).verdict(), v1::VERDICT_MERGED);
  EXPECT_EQ(reg.Submit(office, clerk_second).verdict(), v1::VERDICT_MERGED);
  const v1::Record record = reg.Find(hazard);
  const v1::FieldState* description = nullptr;
  for (const v1::FieldState& state : record.states()) {
    if (state.field() == v1::Hazard::kDescriptionFieldNumber) description = &state;
  }
  ASSERT_NE(description, nullptr);
  EXPECT_EQ(description->writes_size(), 3) << "second, clerk first, clerk second";
}

// The finder has a say in these until the hazard is confirmed.
v1::Operation EditUnit(TestRegister& reg, Actor& actor, const std::string& hazard) {
  v1::Operation operation = reg.Begin(actor);
  reg.See(operation, {hazard});
  v1::EditRecord& edit = *operation.mutable_edit_record();
  edit.set_record(hazard);
  edit.mutable_entity()->mutable_hazard()->set_responsible_unit(reg.unit);
  edit.mutable_update_mask()->add_paths("responsible_unit");
  return operation;
}

v1::Operation Confirm(TestRegister& reg, Actor& actor, const std::string& hazard) {
  v1::Operation operation = reg.Begin(actor);
  reg.See(operation, {hazard});
  v1::ConfirmHazard& confirm = *operation.mutable_confirm_hazard();
  confirm.set_hazard(hazard);
  confirm.set_grade(v1::HAZARD_GRADE_GENERAL);
  confirm.set_responsible_unit(reg.unit);
  *confirm.mutable_due_date() = Day(2017, 9, 30);
  return operation;
}

TEST(RegisterTest, Promise6ACommandIsJudgedOnWhatItsAuthorSawInGroupsOfAnySize) {
  for (const bool one_group : {false, true}) {
    SCOPED_TRACE(one_group);
    TestRegister reg;
    Actor finder = reg.Phone(v1::ROLE_INSPECTOR, reg.department);
    Actor office = reg.Clerk(v1::ROLE_SAFETY_OFFICE, reg.bureau);
    const std::string hazard = reg.NewId();
    ASSERT_EQ(reg.Submit(finder, Report(reg, finder, hazard)).verdict(), v1::VERDICT_APPLIED);
    const v1::Operation while_reported = EditUnit(reg, finder, hazard);
    const v1::Operation confirm = Confirm(reg, office, hazard);

    std::vector<v1::Outcome> outcomes;
    const auto submit = [&](const Actor& actor, const v1::Operation& operation) {
      reg.target().Submit(actor.author, {AsPushed(operation)},
                          [&](absl::StatusOr<registry::Register::Outcomes> answer) {
                            VIGIL_ASSERT_OK(answer);
                            outcomes.push_back(answer->front());
                          });
      if (!one_group) reg.executor().RunUntilIdle();
    };
    submit(office, confirm);
    submit(finder, while_reported);
    reg.executor().RunUntilIdle();
    ASSERT_EQ(outcomes.size(), 2U);
    EXPECT_EQ(outcomes[0].verdict(), v1::VERDICT_APPLIED);
    EXPECT_NE(outcomes[1].verdict(), v1::VERDICT_REFUSED) << outcomes[1].ShortDebugString();
    const v1::Outcome too_late = reg.Submit(finder, EditUnit(reg, finder, hazard));
    EXPECT_EQ(too_late.error().reason(), v1::REASON_NOT_PERMITTED);
  }
}

TEST(RegisterTest, AStatusThatItsAuthorDidNotSeeIsRefusedThoughItIsTrueByNow) {
  TestRegister reg;
  Actor finder = reg.Phone(v1::ROLE_INSPECTOR, reg.department);
  Actor office = reg.Clerk(v1::ROLE_SAFETY_OFFICE, reg.bureau);
  Actor unit = reg.Phone(v1::ROLE_RESPONSIBLE_UNIT, reg.unit);
  const std::string hazard = reg.NewId();
  ASSERT_EQ(reg.Submit(finder, Report(reg, finder, hazard)).verdict(), v1::VERDICT_APPLIED);
  v1::Operation accept = reg.Begin(unit);
  reg.See(accept, {hazard});
  accept.mutable_accept_hazard()->set_hazard(hazard);
  accept.mutable_accept_hazard()->set_from_status(v1::HAZARD_STATUS_CONFIRMED);
  ASSERT_EQ(reg.Submit(office, Confirm(reg, office, hazard)).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(reg.Submit(unit, accept).error().reason(), v1::REASON_STATUS_NOT_SEEN);
}

TEST(RegisterTest, Promise7NoPhoneTagsLiftsOrClosesATaggedHazard) {
  TestRegister reg;
  const std::string hazard = reg.ConfirmedHazard(Day(2017, 6, 30));
  Actor boss_phone = reg.Phone(v1::ROLE_SAFETY_OFFICE, reg.bureau);
  v1::Operation propose = reg.Begin(boss_phone);
  reg.See(propose, {hazard});
  const std::string order = reg.NewId();
  propose.mutable_propose_supervision()->set_order_id(order);
  propose.mutable_propose_supervision()->set_hazard(hazard);
  EXPECT_EQ(reg.Submit(boss_phone, propose).verdict(), v1::VERDICT_APPLIED);
  EXPECT_FALSE(reg.StateOf(hazard).tagged());
  v1::Operation issue = reg.Begin(boss_phone);
  reg.See(issue, {order});
  issue.mutable_issue_order()->set_order(order);
  EXPECT_EQ(reg.Submit(boss_phone, issue).error().reason(), v1::REASON_WRONG_CHANNEL);
  EXPECT_FALSE(reg.StateOf(hazard).tagged());
}

// By a key people mean one record, whether the other came before or with it.
TEST(RegisterTest, TwoRecordsDoNotShareAKey) {
  TestRegister reg;
  Actor office = reg.Clerk(v1::ROLE_SAFETY_OFFICE, reg.bureau);
  const auto bulletin = [&](std::string_view number) {
    v1::Operation operation = reg.Begin(office);
    operation.mutable_create_record()->set_record(reg.NewId());
    operation.mutable_create_record()->mutable_entity()->mutable_bulletin()->set_number(
        std::string(number));
    return operation;
  };
  EXPECT_EQ(reg.Submit(office, bulletin("1")).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(reg.Submit(office, bulletin("1")).error().reason(), v1::REASON_ALREADY_EXISTS);
  std::vector<registry::Incoming> together(2);
  for (registry::Incoming& incoming : together) {
    incoming.bytes = bulletin("2").SerializeAsString();
  }
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto outcomes, reg.SubmitBytes(office, std::move(together)));
  EXPECT_EQ(outcomes[0].verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(outcomes[1].error().reason(), v1::REASON_ALREADY_EXISTS);
}

TEST(RegisterTest, FactsAreTakenInFromOutsideTheScopeAndMarked) {
  TestRegister reg;
  Actor stranger = reg.Phone(v1::ROLE_INSPECTOR, reg.other_unit);
  const std::string hazard = reg.NewId();
  const v1::Outcome outcome = reg.Submit(stranger, Report(reg, stranger, hazard));
  EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED);
  EXPECT_TRUE(outcome.outside_scope());
  EXPECT_TRUE(reg.Find(hazard).outside_scope());
}

TEST(RegisterTest, Promise8PhoneClocksAreEvidenceNeverOrder) {
  TestRegister reg;
  const std::string hazard = reg.ConfirmedHazard(Day(2017, 6, 30));
  Actor phone = reg.Phone(v1::ROLE_INSPECTOR, reg.department);
  v1::Operation early = EditDescription(reg, phone, hazard, "from the future");
  early.mutable_made_at()->set_seconds(early.made_at().seconds() + 10L * 365 * 24 * 3600);
  const v1::Outcome outcome = reg.Submit(phone, early);
  EXPECT_EQ(outcome.verdict(), v1::VERDICT_APPLIED);
  const v1::Operation later = EditDescription(reg, phone, hazard, "from today");
  EXPECT_EQ(reg.Submit(phone, later).seq(), outcome.seq() + 1);
  EXPECT_EQ(reg.Find(hazard).entity().hazard().description(), "from today");
}

TEST(RegisterTest, EscalationOfOneDueVersionFiresOnce) {
  TestRegister reg;
  const std::string hazard = reg.ConfirmedHazard(Day(2017, 3, 10));
  const std::string due_version = reg.StateOf(hazard).due_version();
  const auto fire = [&] {
    v1::Operation operation = reg.Begin(reg.clock);
    v1::FireEscalation& command = *operation.mutable_fire_escalation();
    command.set_escalation_id(
        registry::EscalationId(
            {.item = hazard, .due_version = due_version, .step = v1::ESCALATION_STEP_E4_OVERDUE})
            .ToString());
    command.mutable_escalation()->set_item(hazard);
    command.mutable_escalation()->set_step(v1::ESCALATION_STEP_E4_OVERDUE);
    command.mutable_escalation()->set_due_version(due_version);
    return reg.Submit(reg.clock, operation);
  };
  VIGIL_ASSERT_OK_AND_ASSIGN(auto before, reg.store().Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto waiting,
                             before->DueForEscalation(absl::FromUnixSeconds(4102444800), 10));
  EXPECT_EQ(waiting.size(), 1U);
  EXPECT_EQ(fire().verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(fire().error().reason(), v1::REASON_ALREADY_EXISTS);
  VIGIL_ASSERT_OK_AND_ASSIGN(auto after, reg.store().Read());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto none,
                             after->DueForEscalation(absl::FromUnixSeconds(4102444800), 10));
  EXPECT_THAT(none, IsEmpty());
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto notifications, after->Notifications(0, 10));
  EXPECT_GE(notifications.size(), 1U);
}

TEST(RegisterTest, AnImportIsAllOrNothing) {
  TestRegister reg;
  const Seq before = reg.Head().seq;
  std::vector<registry::Incoming> rows;
  for (int i = 0; i < 3; ++i) {
    v1::Operation operation = reg.Begin(reg.importer);
    v1::ImportRecord& command = *operation.mutable_import_record();
    command.set_record(reg.NewId());
    if (i < 2) {
      v1::Hazard& hazard = *command.mutable_entity()->mutable_hazard();
      hazard.set_number(absl::StrCat("OLD-", i));
      hazard.set_risk_source(reg.risk_source);
      hazard.set_status(v1::HAZARD_STATUS_VERIFIED);
    } else {
      command.mutable_entity()->mutable_transfer()->set_hazard(reg.NewId());
    }
    registry::Incoming incoming;
    incoming.bytes = operation.SerializeAsString();
    rows.push_back(incoming);
  }
  std::vector<v1::Outcome> outcomes;
  reg.target().SubmitAll(reg.importer.author, rows,
                         [&](absl::StatusOr<registry::Register::Outcomes> answer) {
                           VIGIL_ASSERT_OK(answer);
                           outcomes = *answer;
                         });
  reg.executor().RunUntilIdle();
  ASSERT_EQ(outcomes.size(), 3U);
  EXPECT_EQ(outcomes[2].error().reason(), v1::REASON_DEPENDENCY_MISSING);
  EXPECT_EQ(reg.Head().seq, before);
  rows.pop_back();
  reg.target().SubmitAll(
      reg.importer.author, rows,
      [&](absl::StatusOr<registry::Register::Outcomes> answer) { VIGIL_ASSERT_OK(answer); });
  reg.executor().RunUntilIdle();
  EXPECT_EQ(reg.Head().seq.value(), before.value() + 2);
}

TEST(RegisterTest, AcceptedTransferMovesTheHazardAndItsChildrenToTheReceiver) {
  TestRegister reg;
  const std::string hazard = reg.ConfirmedHazard(Day(2017, 6, 30));
  Actor office = reg.Clerk(v1::ROLE_SAFETY_OFFICE, reg.bureau);
  Actor receiver = reg.Clerk(v1::ROLE_RECEIVER, reg.district);
  const std::string transfer = reg.NewId();
  v1::Operation propose = reg.Begin(office);
  reg.See(propose, {hazard});
  propose.mutable_propose_transfer()->set_hazard(hazard);
  propose.mutable_propose_transfer()->set_transfer_id(transfer);
  propose.mutable_propose_transfer()->set_to_unit(reg.district);
  propose.mutable_propose_transfer()->set_basis("territorial");
  ASSERT_EQ(reg.Submit(office, propose).verdict(), v1::VERDICT_APPLIED);
  v1::Operation accept = reg.Begin(receiver);
  reg.See(accept, {hazard, transfer});
  accept.mutable_accept_transfer()->set_hazard(hazard);
  accept.mutable_accept_transfer()->set_transfer(transfer);
  const v1::Outcome outcome = reg.Submit(receiver, accept);
  ASSERT_EQ(outcome.verdict(), v1::VERDICT_APPLIED) << outcome.ShortDebugString();
  EXPECT_EQ(reg.Find(hazard).unit(), reg.district);
  EXPECT_EQ(reg.Find(transfer).unit(), reg.district);
  VIGIL_ASSERT_OK_AND_ASSIGN(auto snapshot, reg.store().Read());
  store::FeedReading reading({*Uuid::Parse(reg.unit)}, {Seq(outcome.seq() - 1), 0});
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto gone, snapshot->ReadFeed(reading, {.bytes = 4096}));
  std::vector<std::string> departed;
  for (const v1::Departure& departure : gone.departures) departed.push_back(departure.record());
  EXPECT_THAT(departed, UnorderedElementsAre(hazard, transfer));
  EXPECT_TRUE(reg.StateOf(hazard).finished());
}

}  // namespace
}  // namespace vigil::testing
