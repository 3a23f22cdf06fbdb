#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/merge.h"
#include "sync/rules/record.h"
#include "tests/support/returned_copies.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

namespace vigil::testing {
namespace {

using ::testing::AnyOf;
using ::testing::Eq;
using ::testing::IsEmpty;
using ::testing::SizeIs;

v1::Date MakeDate(int month, int day) {
  v1::Date date;
  date.set_year(2027);
  date.set_month(month);
  date.set_day(day);
  return date;
}

// A register that is restored, and what phones bring back.
class Promise10Witnesses : public ::testing::Test {
 protected:
  Promise10Witnesses()
      : office_(reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau)),
        one_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit)),
        other_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit)) {}

  // Another phone's and the office's numbers go on where they were, whatever the register forgot.
  v1::Operation Report(Actor& phone, const std::string& hazard) {
    v1::Operation operation = Begin(phone);
    v1::ReportHazard& command = *operation.mutable_report_hazard();
    command.set_hazard_id(hazard);
    command.mutable_hazard()->set_risk_source(reg_.risk_source);
    command.mutable_hazard()->set_description("crack");
    command.mutable_hazard()->set_responsible_unit(reg_.unit);
    command.mutable_hazard()->set_grade(v1::HAZARD_GRADE_GENERAL);
    command.mutable_hazard()->mutable_found_at()->set_seconds(1'790'000'000);
    return operation;
  }

  v1::Operation ReportUngraded(Actor& phone, const std::string& hazard) {
    v1::Operation operation = Report(phone, hazard);
    operation.mutable_report_hazard()->mutable_hazard()->clear_grade();
    return operation;
  }

  v1::Operation Confirm(const std::string& hazard, const v1::Date& due) {
    v1::Operation operation = Begin(office_);
    v1::ConfirmHazard& command = *operation.mutable_confirm_hazard();
    command.set_hazard(hazard);
    command.set_grade(v1::HAZARD_GRADE_GENERAL);
    command.set_responsible_unit(reg_.unit);
    *command.mutable_due_date() = due;
    reg_.See(operation, {hazard});
    return operation;
  }

  v1::Operation Edit(Actor& actor, const std::string& hazard, const std::string& path,
                     const std::function<void(v1::Hazard&)>& change) {
    v1::Operation operation = Begin(actor);
    v1::EditRecord& command = *operation.mutable_edit_record();
    command.set_record(hazard);
    change(*command.mutable_entity()->mutable_hazard());
    command.mutable_update_mask()->add_paths(path);
    reg_.See(operation, {hazard});
    return operation;
  }
  v1::Operation Describe(Actor& actor, const std::string& hazard, const std::string& text) {
    return Edit(actor, hazard, "description",
                [&](v1::Hazard& body) { body.set_description(text); });
  }
  v1::Operation Grade(Actor& actor, const std::string& hazard, v1::HazardGrade grade) {
    return Edit(actor, hazard, "grade", [&](v1::Hazard& body) { body.set_grade(grade); });
  }

  v1::Operation Begin(Actor& actor) {
    v1::Operation operation = reg_.Begin(actor);
    if (actor.author.channel == v1::CHANNEL_OFFICE) operation.set_device_seq(0);
    operation.set_epoch(reg_.Head().epoch.id());
    return operation;
  }

  v1::Verdict Submit(const Actor& actor, const v1::Operation& operation) {
    last_ = reg_.Submit(actor, operation);
    return last_.verdict();
  }
  void Must(const Actor& actor, const v1::Operation& operation) {
    ASSERT_THAT(Submit(actor, operation), AnyOf(v1::VERDICT_APPLIED, v1::VERDICT_MERGED))
        << last_.ShortDebugString();
  }

  registry::ReturnedCopy CopyOf(const std::string& record) { return testing::CopyOf(reg_, record); }
  void Return(const Actor& phone, std::vector<registry::ReturnedCopy> copies) {
    VIGIL_EXPECT_OK(ReturnCopies(reg_, phone, std::move(copies)));
  }
  std::vector<store::WitnessCopy> Kept() {
    const auto snapshot = reg_.store().Read();
    return *(*snapshot)->WitnessCopies(0, true, 1000);
  }

  const v1::Hazard& Hazard(const std::string& id) {
    found_ = reg_.Find(id);
    return found_.entity().hazard();
  }

  // What a record says, apart from numbers and from when it came: in force and beside it.
  static std::string Content(const v1::Record& record) {
    std::string text;
    const rules::EntityInfo& info = *rules::InfoOf(record);
    for (const rules::FieldInfo& field : info.fields) {
      if (field.policy == v1::MERGE_POLICY_SERVER) continue;
      std::vector<std::string> writes;
      for (const v1::Write& write : rules::LiveWrites(record, field)) {
        writes.push_back(absl::StrCat(HexEncode(write.value()), " by ", write.stamp().device(),
                                      write.stamp().witnessed() ? " (copy)" : ""));
      }
      std::sort(writes.begin(), writes.end());
      absl::StrAppend(&text, field.name(), " = ",
                      field.policy == v1::MERGE_POLICY_LATEST
                          ? ""
                          : rules::ValueText(rules::BodyOf(record.entity()), field),
                      "\n");
      for (const std::string& write : writes) absl::StrAppend(&text, "  ", write, "\n");
    }
    return text;
  }

  TestRegister reg_;
  Actor office_;
  Actor one_;
  Actor other_;
  v1::Outcome last_;
  v1::Record found_;
};

TEST_F(Promise10Witnesses, OperationsOfferedAgainAreNeitherMissingNorDoubled) {
  const std::string backup = reg_.Backup();
  const std::string hazard = reg_.NewId();
  const v1::Operation report = Report(one_, hazard);
  Must(one_, report);
  const v1::Operation describe = Describe(one_, hazard, "a wide crack");
  Must(one_, describe);
  reg_.Restore(backup, office_);
  EXPECT_FALSE(reg_.Exists(hazard));
  Must(one_, report);
  Must(one_, describe);
  EXPECT_FALSE(last_.repeat());
  EXPECT_EQ(Hazard(hazard).description(), "a wide crack");
  const store::Head head = reg_.Head();
  EXPECT_EQ(Submit(one_, describe), v1::VERDICT_APPLIED);
  EXPECT_TRUE(last_.repeat());
  EXPECT_EQ(reg_.Head().seq, head.seq);
}

TEST_F(Promise10Witnesses, ALostHazardIsMadeAgainAtOnceAndKeepsItsNumber) {
  const std::string backup = reg_.Backup();
  Must(one_, Report(one_, reg_.NewId()));
  const std::string hazard = reg_.NewId();
  const v1::Operation report = Report(one_, hazard);
  Must(one_, report);
  const std::string number = Hazard(hazard).number();
  Must(office_, Grade(office_, hazard, v1::HAZARD_GRADE_MAJOR));
  const registry::ReturnedCopy copy = CopyOf(hazard);
  reg_.Restore(backup, office_);
  Return(other_, {copy});
  ASSERT_TRUE(reg_.Exists(hazard));
  EXPECT_EQ(Hazard(hazard).number(), number);
  EXPECT_EQ(Hazard(hazard).grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(reg_.Find(hazard).made_by().person(), one_.author.person);
  EXPECT_TRUE(reg_.Find(hazard).made_by().witnessed());
  // Nobody gets its number, nor one before it, which another lost hazard may have; and its finder's
  // own operation is taken in beside it.
  const std::string later = reg_.NewId();
  Must(other_, Report(other_, later));
  EXPECT_GT(Hazard(later).number(), number);
  Must(one_, report);
  EXPECT_EQ(last_.number(), number);
  EXPECT_EQ(Hazard(hazard).grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_FALSE(reg_.Find(hazard).made_by().witnessed());
}

TEST_F(Promise10Witnesses, VigilanceIsRaisedFromCopies) {
  const std::string hazard = reg_.ConfirmedHazard(MakeDate(6, 30));
  Actor lead = reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau);
  const std::string backup = reg_.Backup();
  Must(office_, Grade(office_, hazard, v1::HAZARD_GRADE_MAJOR));
  Must(office_, Edit(office_, hazard, "due_date",
                     [](v1::Hazard& body) { *body.mutable_due_date() = MakeDate(3, 1); }));
  const std::string order = reg_.NewId();
  v1::Operation propose = Begin(lead);
  propose.mutable_propose_supervision()->set_order_id(order);
  propose.mutable_propose_supervision()->set_hazard(hazard);
  propose.mutable_propose_supervision()->set_reason("grave");
  propose.mutable_propose_supervision()->set_level(v1::SUPERVISION_LEVEL_DISTRICT);
  reg_.See(propose, {hazard});
  Must(lead, propose);
  v1::Operation issue = Begin(lead);
  v1::IssueOrder& command = *issue.mutable_issue_order();
  command.set_order(order);
  command.set_number("字〔2027〕1号");
  command.set_level(v1::SUPERVISION_LEVEL_DISTRICT);
  command.set_ordered_by(reg_.bureau);
  command.set_signatory("Director");
  command.set_content("close the path");
  *command.mutable_plan_due() = MakeDate(2, 1);
  *command.mutable_due_date() = MakeDate(2, 20);
  reg_.See(issue, {order, hazard});
  Must(lead, issue);
  ASSERT_TRUE(reg_.StateOf(hazard).tagged());
  const v1::HazardState before = reg_.StateOf(hazard);
  // The order before its hazard: the phone need not know what rests on what.
  const std::vector<registry::ReturnedCopy> copies = {CopyOf(order), CopyOf(hazard)};
  reg_.Restore(backup, office_);
  ASSERT_FALSE(reg_.StateOf(hazard).tagged());
  Return(one_, copies);
  const v1::HazardState after = reg_.StateOf(hazard);
  EXPECT_TRUE(after.tagged());
  EXPECT_EQ(after.grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(after.due_date().ShortDebugString(), before.due_date().ShortDebugString());
  // What had fired for this date does not fire again: its version is the same.
  EXPECT_EQ(after.due_version(), before.due_version());
  EXPECT_EQ(after.order_status(), before.order_status());
}

TEST_F(Promise10Witnesses, ACopyLowersNothing) {
  const std::string hazard = reg_.ConfirmedHazard(MakeDate(6, 30));
  Must(office_, Grade(office_, hazard, v1::HAZARD_GRADE_MAJOR));
  const std::string backup = reg_.Backup();
  Must(office_, Grade(office_, hazard, v1::HAZARD_GRADE_GENERAL));
  v1::Operation reject = Begin(office_);
  reject.mutable_reject_hazard()->set_hazard(hazard);
  registry::ReturnedCopy copy = CopyOf(hazard);
  reg_.Restore(backup, office_);
  const store::Head head = reg_.Head();
  // Whatever stamps a manipulated phone claims.
  v1::Record forged;
  ASSERT_TRUE(forged.ParseFromString(copy.bytes));
  for (v1::FieldState& state : *forged.mutable_states()) {
    for (v1::Write& write : *state.mutable_writes()) {
      write.mutable_stamp()->set_seen(1'000'000);
      write.mutable_stamp()->set_covers_own(true);
      write.mutable_stamp()->set_device_seq(1'000'000);
    }
  }
  Return(one_, {copy, {.epoch = copy.epoch, .bytes = forged.SerializeAsString()}});
  EXPECT_EQ(Hazard(hazard).grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(Hazard(hazard).status(), v1::HAZARD_STATUS_CONFIRMED);
  EXPECT_EQ(reg_.Head().seq, head.seq) << "nothing to write, nothing to judge";
  EXPECT_THAT(Kept(), SizeIs(2));
}

// Its finder left grade and due date open, and that is no value.
TEST_F(Promise10Witnesses, WhatWasConfirmedAfterTheBackupIsInNoConflict) {
  const std::string hazard = reg_.NewId();
  Must(one_, ReportUngraded(one_, hazard));
  const std::string backup = reg_.Backup();
  Must(office_, Confirm(hazard, MakeDate(6, 30)));
  const registry::ReturnedCopy copy = CopyOf(hazard);
  reg_.Restore(backup, office_);
  Return(one_, {copy});
  EXPECT_EQ(Hazard(hazard).grade(), v1::HAZARD_GRADE_GENERAL);
  EXPECT_EQ(Hazard(hazard).due_date().month(), 6);
  EXPECT_THAT(reg_.StateOf(hazard).conflicts(), IsEmpty());
  // What the office decides in its place covers it as ever.
  Must(office_, Confirm(hazard, MakeDate(7, 31)));
  EXPECT_EQ(Hazard(hazard).due_date().month(), 7);
  EXPECT_THAT(reg_.StateOf(hazard).conflicts(), IsEmpty());
}

// A hazard that is made again from a copy of before the grade, from one of after it, and by the
// operations themselves, in each order.
TEST_F(Promise10Witnesses, OfALostHazardTooNobodyIsInConflictWithWhatWasLeftOpen) {
  const std::string backup = reg_.Backup();
  const std::string lost = reg_.NewId();
  const v1::Operation report = ReportUngraded(one_, lost);
  Must(one_, report);
  const registry::ReturnedCopy early = CopyOf(lost);
  const v1::Operation raise = Grade(other_, lost, v1::HAZARD_GRADE_MAJOR);
  Must(other_, raise);
  const registry::ReturnedCopy late = CopyOf(lost);
  const std::vector<std::function<void()>> steps = {
      [&] { Return(one_, {early}); }, [&] { Return(other_, {late}); }, [&] { Must(one_, report); },
      [&] { Must(other_, raise); }};
  std::vector<std::size_t> order = {0, 1, 2, 3};
  std::string first;
  int orders = 0;
  do {
    // A phone returns its copies before it offers what it has done.
    const auto at = [&](std::size_t step) {
      return std::find(order.begin(), order.end(), step) - order.begin();
    };
    if (at(3) < at(0) && at(3) < at(1)) continue;
    reg_.Restore(backup, office_);
    for (const std::size_t step : order) steps[step]();
    const std::string content = Content(reg_.Find(lost));
    if (first.empty()) first = content;
    EXPECT_EQ(content, first) << ::testing::PrintToString(order);
    EXPECT_EQ(Hazard(lost).grade(), v1::HAZARD_GRADE_MAJOR);
    EXPECT_THAT(reg_.StateOf(lost).conflicts(), IsEmpty()) << ::testing::PrintToString(order);
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(orders, 16);
}

// What was decided since the restore is no less safe: a copy stands beside it, whatever it claims.
TEST_F(Promise10Witnesses, AForgedCopyLowersNothingThatWasDecidedSince) {
  const std::string hazard = reg_.NewId();
  Must(one_, ReportUngraded(one_, hazard));
  const std::string cleared = reg_.ConfirmedHazard(MakeDate(6, 30));
  Must(office_, Edit(office_, cleared, "grade", [](v1::Hazard& body) { body.clear_grade(); }));
  const std::string backup = reg_.Backup();
  Must(office_, Confirm(hazard, MakeDate(9, 30)));
  Must(office_, Grade(office_, cleared, v1::HAZARD_GRADE_GENERAL));
  const auto forge = [&](const std::string& record) {
    registry::ReturnedCopy copy = CopyOf(record);
    v1::Record forged;
    EXPECT_TRUE(forged.ParseFromString(copy.bytes));
    for (v1::FieldState& state : *forged.mutable_states()) {
      for (v1::Write& write : *state.mutable_writes()) {
        write.mutable_stamp()->set_seen(1'000'000);
        write.mutable_stamp()->set_covers_own(true);
        write.mutable_stamp()->set_device(office_.author.device);
        write.mutable_stamp()->set_device_seq(1'000'000);
      }
    }
    copy.bytes = forged.SerializeAsString();
    return copy;
  };
  const std::vector<registry::ReturnedCopy> forged = {forge(hazard), forge(cleared)};
  reg_.Restore(backup, office_);
  v1::Operation confirm = Confirm(hazard, MakeDate(3, 1));
  confirm.mutable_confirm_hazard()->set_grade(v1::HAZARD_GRADE_MAJOR);
  Must(office_, confirm);
  Return(one_, forged);
  EXPECT_EQ(Hazard(hazard).grade(), v1::HAZARD_GRADE_MAJOR);
  EXPECT_EQ(Hazard(hazard).due_date().month(), 3);
  EXPECT_THAT(reg_.StateOf(hazard).conflicts(),
              ::testing::UnorderedElementsAre("grade", "due_date"))
      << "the copy's values stand beside the office's";
  EXPECT_THAT(reg_.StateOf(cleared).conflicts(), ::testing::ElementsAre("grade"))
      << "somebody cleared it: that is a decision";
}

TEST_F(Promise10Witnesses, ACopyIsKeptOnceAndNothingStopsThePhone) {
  const std::string hazard = reg_.ConfirmedHazard(MakeDate(6, 30));
  const std::string backup = reg_.Backup();
  const registry::ReturnedCopy shared = CopyOf(hazard);
  Must(office_, Grade(office_, hazard, v1::HAZARD_GRADE_MAJOR));
  const registry::ReturnedCopy copy = CopyOf(hazard);
  reg_.Restore(backup, office_);
  const registry::ReturnedCopy unreadable = {.epoch = copy.epoch, .bytes = "\xff no record"};
  const registry::ReturnedCopy of_nobody = {.epoch = reg_.NewId(), .bytes = copy.bytes};
  const registry::ReturnedCopy current = CopyOf(hazard);
  Return(one_, {copy, unreadable, of_nobody, current, shared, copy});
  const Seq after = reg_.Head().seq;
  Return(other_, {copy, unreadable});
  EXPECT_EQ(reg_.Head().seq, after);
  const std::vector<store::WitnessCopy> kept = Kept();
  ASSERT_THAT(kept, SizeIs(2));
  EXPECT_EQ(kept[0].bytes, copy.bytes);
  EXPECT_EQ(kept[0].device.ToString(), one_.author.device);
  EXPECT_EQ(kept[1].bytes, unreadable.bytes);
  EXPECT_TRUE(kept[1].record.is_nil());
}

// Another phone's operation on a hazard that the register has lost is taken in, whether its finder
// is back or not.
TEST_F(Promise10Witnesses, WorkOnALostHazardIsTakenInFromACopy) {
  const std::string backup = reg_.Backup();
  const std::string hazard = reg_.NewId();
  const v1::Operation report = Report(one_, hazard);
  Must(one_, report);
  const v1::Operation describe = Describe(other_, hazard, "water comes out");
  Must(other_, describe);
  const registry::ReturnedCopy copy = CopyOf(hazard);
  reg_.Restore(backup, office_);
  EXPECT_EQ(Submit(other_, describe), v1::VERDICT_DEFERRED);
  Return(other_, {copy});
  Must(other_, describe);
  EXPECT_EQ(Hazard(hazard).description(), "water comes out");
  Must(one_, report);
  EXPECT_FALSE(reg_.Find(hazard).made_by().witnessed());
}

// Two phones and the register's office; whoever comes back first, the register is the same.
TEST_F(Promise10Witnesses, TheOrderInWhichPhonesComeBackDoesNotMatter) {
  const std::string shared = reg_.ConfirmedHazard(MakeDate(6, 30));
  const std::string backup = reg_.Backup();
  const std::string lost = reg_.NewId();
  const v1::Operation report = Report(one_, lost);
  Must(one_, report);
  const registry::ReturnedCopy early = CopyOf(lost);
  const v1::Operation raise = Grade(other_, lost, v1::HAZARD_GRADE_MAJOR);
  Must(other_, raise);
  const v1::Operation describe = Describe(one_, shared, "seen by one");
  Must(one_, describe);
  const v1::Operation grade = Grade(other_, shared, v1::HAZARD_GRADE_MAJOR);
  Must(other_, grade);
  const registry::ReturnedCopy late = CopyOf(lost);
  const registry::ReturnedCopy of_shared = CopyOf(shared);

  const std::vector<std::function<void()>> steps = {
      [&] { Return(one_, {early}); },
      [&] {
        Must(one_, report);
        Must(one_, describe);
      },
      [&] {
        Return(other_, {late, of_shared});
      },
      [&] {
        Must(other_, raise);
        Must(other_, grade);
      },
  };
  std::vector<std::size_t> order = {0, 1, 2, 3};
  std::string first;
  do {
    // A phone offers its operations after its copies.
    const auto at = [&](std::size_t step) {
      return std::find(order.begin(), order.end(), step) - order.begin();
    };
    if (at(0) > at(1) || at(2) > at(3)) continue;
    reg_.Restore(backup, office_);
    for (const std::size_t step : order) steps[step]();
    const std::string content = Content(reg_.Find(lost)) + Content(reg_.Find(shared));
    if (first.empty()) first = content;
    EXPECT_EQ(content, first) << ::testing::PrintToString(order);
    EXPECT_EQ(Hazard(lost).grade(), v1::HAZARD_GRADE_MAJOR);
    EXPECT_EQ(Hazard(shared).grade(), v1::HAZARD_GRADE_MAJOR);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(Promise10Witnesses, SeveralRestoresAndAnOlderBackupThanTheLast) {
  const std::string oldest = reg_.Backup();
  const std::string hazard = reg_.NewId();
  const v1::Operation report = Report(one_, hazard);
  Must(one_, report);
  const std::string newer = reg_.Backup();
  Must(office_, Grade(office_, hazard, v1::HAZARD_GRADE_MAJOR));
  const registry::ReturnedCopy first_copy = CopyOf(hazard);
  const v1::Epoch branch = reg_.Restore(newer, office_);
  Return(other_, {first_copy});
  EXPECT_EQ(Hazard(hazard).grade(), v1::HAZARD_GRADE_MAJOR);
  const registry::ReturnedCopy second_copy = CopyOf(hazard);
  // The oldest backup has heard neither of the hazard nor of the restore.
  const v1::Epoch last = reg_.Restore(oldest, office_);
  EXPECT_EQ(last.parent(), branch.parent());
  EXPECT_FALSE(reg_.Exists(hazard));
  // Nobody has told the register of that epoch yet.
  Return(other_, {second_copy});
  EXPECT_FALSE(reg_.Exists(hazard));
  reg_.target().ChangeAccess(
      [&](store::Snapshot&, absl::Time) {
        registry::Register::AccessChange change;
        change.restore.foreign_epochs.push_back(branch);
        return change;
      },
      [](const absl::Status& status) { VIGIL_EXPECT_OK(status); });
  Return(other_, {second_copy});
  ASSERT_TRUE(reg_.Exists(hazard));
  EXPECT_EQ(Hazard(hazard).grade(), v1::HAZARD_GRADE_MAJOR);
  const std::string content = Content(reg_.Find(hazard));
  // The same writes, as an earlier epoch had them.
  Return(one_, {first_copy});
  EXPECT_EQ(Content(reg_.Find(hazard)), content);
  Must(one_, report);
  EXPECT_EQ(Hazard(hazard).grade(), v1::HAZARD_GRADE_MAJOR);
}

}  // namespace
}  // namespace vigil::testing
