#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/ids.h"
#include "sync/base/p256.h"
#include "sync/rules/judge.h"
#include "sync/rules/record.h"
#include "tests/unit/sync/rules/judge_fixture.h"

// Commands on any kind of record.

namespace vigil::rules {
namespace {

using ::testing::ElementsAre;
using ::vigil::testing::IdOf;
using Op = v1::Operation;

class RecordTest : public JudgeTest {
 protected:
  Op Edit(RulesActor& actor, std::string_view field, const std::function<void(v1::Hazard&)>& set) {
    Op op = Blank(actor);
    op.mutable_edit_record()->set_record(hazard());
    op.mutable_edit_record()->mutable_update_mask()->add_paths(std::string(field));
    set(*op.mutable_edit_record()->mutable_entity()->mutable_hazard());
    return op;
  }
  v1::Reason ReasonOfEdit(RulesActor actor, std::string_view field,
                          const std::function<void(v1::Hazard&)>& set) {
    const Op op = Edit(actor, field, set);
    return ReasonOf(op, actor);
  }
};

void Nothing(v1::Hazard& /*hazard*/) {}
void Major(v1::Hazard& hazard) { hazard.set_grade(v1::HAZARD_GRADE_MAJOR); }
void General(v1::Hazard& hazard) { hazard.set_grade(v1::HAZARD_GRADE_GENERAL); }
std::function<void(v1::Hazard&)> Due(int month) {
  return [month](v1::Hazard& hazard) {
    hazard.mutable_due_date()->set_year(2017);
    hazard.mutable_due_date()->set_month(month);
    hazard.mutable_due_date()->set_day(1);
  };
}

TEST_F(RecordTest, Promise7AuthorityIsInTheSchemaAnybodyInScopeRaisesOnlyTheOfficeLowers) {
  for (const v1::Role role :
       {v1::ROLE_INSPECTOR, v1::ROLE_RESPONSIBLE_UNIT, v1::ROLE_VERIFIER,
        v1::ROLE_INDUSTRY_DEPARTMENT, v1::ROLE_RECEIVER, v1::ROLE_SAFETY_OFFICE}) {
    Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
    const std::string name = v1::Role_Name(role);
    EXPECT_EQ(ReasonOfEdit(Phone({role}), "grade", Major), v1::REASON_UNSPECIFIED) << name;
    const v1::Reason lowered = ReasonOfEdit(Phone({role}), "grade", General);
    const v1::Reason cleared = ReasonOfEdit(Phone({role}), "grade", Nothing);
    if (role == v1::ROLE_SAFETY_OFFICE) {
      EXPECT_EQ(lowered, v1::REASON_UNSPECIFIED);
    } else {
      EXPECT_EQ(lowered, v1::REASON_NOT_PERMITTED) << name;
      EXPECT_EQ(cleared, v1::REASON_NOT_PERMITTED) << name;
    }
  }
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  RulesActor outside = world().Phone("outside", {v1::ROLE_INSPECTOR}, world().other_department);
  EXPECT_EQ(ReasonOfEdit(outside, "grade", Major), v1::REASON_NOT_PERMITTED);
  EXPECT_EQ(ReasonOfEdit(Phone({v1::ROLE_AUDITOR}), "grade", Major), v1::REASON_NOT_PERMITTED);
}

TEST_F(RecordTest, WhatDidNotFitBeforeDoesNotKeepTheRestFromBeingEdited) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  const std::string id = IdOf("statement");
  v1::Entity entity;
  v1::ResponsibilityStatement& body = *entity.mutable_responsibility_statement();
  body.set_code("RESP-1");
  body.set_signature(v1::SIGNATURE_STATUS_SIGNED);
  const auto edit = [&](const std::string& path) {
    RulesActor office = Clerk();
    Op op = Blank(office);
    op.mutable_edit_record()->set_record(id);
    world().See(op, id);
    op.mutable_edit_record()->mutable_update_mask()->add_paths(path);
    v1::ResponsibilityStatement& change =
        *op.mutable_edit_record()->mutable_entity()->mutable_responsibility_statement();
    if (path == "signed_by") change.set_signed_by("head");
    return ReasonOf(op, office);
  };
  world().Put(id, entity);
  EXPECT_EQ(edit("signed_by"), v1::REASON_UNSPECIFIED) << "imported without a date";
  body.mutable_signed_on()->set_year(2017);
  body.mutable_signed_on()->set_month(7);
  body.mutable_signed_on()->set_day(1);
  world().Set(id, entity);
  EXPECT_EQ(edit("signed_on"), v1::REASON_REQUIRED_FIELD_MISSING) << "cleared";
}

TEST_F(RecordTest, APointOfAnAssessmentNamesAHazardThatIsThere) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  for (const std::string& named : {hazard(), IdOf("no hazard"), world().landfill}) {
    RulesActor office = Clerk();
    Op op = Blank(office);
    op.mutable_create_record()->set_record(IdOf("assessment " + named));
    v1::Assessment& body = *op.mutable_create_record()->mutable_entity()->mutable_assessment();
    body.set_code("PG-1");
    body.set_risk_source(world().source);
    body.set_agency("agency");
    body.add_points()->set_hazard(named);
    EXPECT_EQ(ReasonOf(op, office) == v1::REASON_UNSPECIFIED, named == hazard()) << named;
  }
}

// Two orders to suspend that nobody had seen together end in one of them, or in a stricter one.
TEST_F(RecordTest, Promise5AConflictOfSuspensionsIsNoWayToResumeWork) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  // One whose work goes on.
  const std::string record = IdOf("third hazard");
  v1::Entity third = world().Find(scene().other_hazard)->entity();
  third.mutable_hazard()->clear_suspension();
  world().Put(record, third);
  const auto suspend = [&](RulesActor& actor, v1::Suspension level) {
    Op op = Edit(actor, "suspension", [&](v1::Hazard& body) { body.set_suspension(level); });
    op.mutable_edit_record()->set_record(record);
    world().See(op, record);
    return op;
  };
  const auto settle = [&](v1::Suspension level) {
    RulesActor office = Clerk();
    Op op = Blank(office);
    op.mutable_settle_conflict()->set_record(record);
    world().See(op, record);
    op.mutable_settle_conflict()->set_field("suspension");
    op.mutable_settle_conflict()->mutable_value()->mutable_hazard()->set_suspension(level);
    return ReasonOf(op, office);
  };
  RulesActor one = Clerk();
  RulesActor two = Clerk();
  EXPECT_EQ(ReasonOf(suspend(one, v1::SUSPENSION_NONE), one), v1::REASON_FIELD_NOT_EDITABLE);
  const Op partly = suspend(one, v1::SUSPENSION_PARTIAL);
  const Op fully = suspend(two, v1::SUSPENSION_FULL);
  ASSERT_TRUE(Taken(world().Apply(partly, one)));
  ASSERT_TRUE(Taken(world().Apply(fully, two)));
  EXPECT_EQ(settle(v1::SUSPENSION_NONE), v1::REASON_INVALID_VALUE);
  EXPECT_EQ(settle(v1::SUSPENSION_UNSPECIFIED), v1::REASON_INVALID_VALUE);
  EXPECT_EQ(world().Hazard(record).suspension(), v1::SUSPENSION_FULL);
  EXPECT_EQ(settle(v1::SUSPENSION_PARTIAL), v1::REASON_UNSPECIFIED);
}

TEST_F(RecordTest, Promise7AuthorityIsInTheSchemaAnybodyInScopeBringsADateForwardOnly) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  EXPECT_EQ(ReasonOfEdit(Phone({v1::ROLE_INSPECTOR}), "due_date", Due(7)), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOfEdit(Phone({v1::ROLE_INSPECTOR}), "due_date", Due(9)),
            v1::REASON_NOT_PERMITTED);
  EXPECT_EQ(ReasonOfEdit(Phone({v1::ROLE_INSPECTOR}), "due_date", Nothing),
            v1::REASON_NOT_PERMITTED);
  EXPECT_EQ(ReasonOfEdit(Clerk({v1::ROLE_INDUSTRY_DEPARTMENT}), "due_date", Due(9)),
            v1::REASON_NOT_PERMITTED);
  EXPECT_EQ(ReasonOfEdit(Clerk({v1::ROLE_SAFETY_OFFICE}), "due_date", Due(9)),
            v1::REASON_UNSPECIFIED);
}

// What is raised is raised above what its author saw in force, not above what came meanwhile.
TEST_F(RecordTest, ARaiseIsJudgedOnWhatWasSeen) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  RulesActor inspector = Phone({v1::ROLE_INSPECTOR});
  const Op raise = Edit(inspector, "grade", Major);
  ASSERT_EQ(ReasonOfEdit(Phone({v1::ROLE_INSPECTOR}), "grade", Major), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(raise, inspector), v1::REASON_UNSPECIFIED);
}

TEST_F(RecordTest, TheFinderEditsUntilConfirmed) {
  Open({.hazard = v1::HAZARD_STATUS_REPORTED});
  RulesActor finder = Phone({v1::ROLE_INSPECTOR});
  const Op report = Begin("report_hazard", finder);
  ASSERT_TRUE(Taken(world().Apply(report, finder)));
  scene().hazard = report.report_hazard().hazard_id();
  const auto unit = [this](v1::Hazard& body) { body.set_responsible_unit(world().landfill); };
  EXPECT_EQ(ReasonOfEdit(finder, "responsible_unit", unit), v1::REASON_UNSPECIFIED);
  ++finder.device_seq;
  EXPECT_EQ(ReasonOfEdit(finder, "grade", Major), v1::REASON_UNSPECIFIED);
  ++finder.device_seq;
  EXPECT_EQ(ReasonOfEdit(finder, "grade", General), v1::REASON_UNSPECIFIED);
  ++finder.device_seq;
  ASSERT_TRUE(Taken(Do("confirm_major", Clerk())));
  EXPECT_EQ(ReasonOfEdit(finder, "responsible_unit", unit), v1::REASON_NOT_PERMITTED);
  ++finder.device_seq;
  EXPECT_EQ(ReasonOfEdit(finder, "grade", General), v1::REASON_NOT_PERMITTED);
  EXPECT_EQ(ReasonOfEdit(Phone({v1::ROLE_INSPECTOR}), "responsible_unit", unit),
            v1::REASON_NOT_PERMITTED);
}

// Whether the finder still may is evaluated on what he saw; his late edit stands beside the
// confirmation and the safer values are in force.
TEST_F(RecordTest, Promise6ArrivalOrderDoesNotMatterForTheFindersLateEdit) {
  std::vector<std::string> ends;
  for (const bool edit_first : {true, false}) {
    Open({.hazard = v1::HAZARD_STATUS_REPORTED});
    RulesActor finder = Phone({v1::ROLE_INSPECTOR});
    const Op report = Begin("report_hazard", finder);
    ASSERT_TRUE(Taken(world().Apply(report, finder)));
    scene().hazard = report.report_hazard().hazard_id();
    RulesActor office = Clerk();
    const Op confirm = Begin("confirm_major", office);
    const Op edit = Edit(finder, "grade", General);
    if (edit_first) {
      ASSERT_TRUE(Taken(world().Apply(edit, finder)));
    }
    ASSERT_TRUE(Taken(world().Apply(confirm, office)));
    if (!edit_first) {
      ASSERT_TRUE(Taken(world().Apply(edit, finder)));
    }
    EXPECT_EQ(world().Hazard(hazard()).grade(), v1::HAZARD_GRADE_MAJOR);
    ends.push_back(world().Canonical());
  }
  EXPECT_EQ(ends[0], ends[1]);
}

TEST_F(RecordTest, AnEditWritesOnlyWhatItsMaskNames) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  const auto both = [](v1::Hazard& body) {
    body.set_grade(v1::HAZARD_GRADE_MAJOR);
    body.set_category("slope");
  };
  ASSERT_EQ(ReasonOfEdit(Clerk(), "category", both), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(world().Hazard(hazard()).category(), "slope");
  EXPECT_EQ(world().Hazard(hazard()).grade(), v1::HAZARD_GRADE_GENERAL);
  ASSERT_EQ(ReasonOfEdit(Clerk(), "category", Nothing), v1::REASON_UNSPECIFIED);
  EXPECT_FALSE(world().Hazard(hazard()).has_category()) << "cleared is not unchanged";
}

TEST_F(RecordTest, AnEditNamesFieldsThatAnEditWrites) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  for (const char* field : {"status", "number", "risk_source", "found_at", "merged_into",
                            "rectified_by", "verified_at", "imported_from", "origin"}) {
    EXPECT_EQ(ReasonOfEdit(Clerk(), field, Nothing), v1::REASON_FIELD_NOT_EDITABLE) << field;
  }
  EXPECT_EQ(ReasonOfEdit(Clerk(), "colour", Nothing), v1::REASON_FIELD_UNKNOWN);
  RulesActor clerk = Clerk();
  Op none = Edit(clerk, "grade", Major);
  none.mutable_edit_record()->clear_update_mask();
  EXPECT_EQ(ReasonOf(none, clerk), v1::REASON_REQUIRED_FIELD_MISSING);
  RulesActor other = Clerk();
  Op empty = Edit(other, "grade", Major);
  empty.mutable_edit_record()->clear_entity();
  EXPECT_EQ(ReasonOf(empty, other), v1::REASON_REQUIRED_FIELD_MISSING);
}

TEST_F(RecordTest, ARequiredTextIsNeitherClearedNorEmptied) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  EXPECT_EQ(ReasonOfEdit(Clerk(), "description", Nothing), v1::REASON_REQUIRED_FIELD_MISSING);
  EXPECT_EQ(ReasonOfEdit(Clerk(), "description", [](auto& body) { body.set_description(""); }),
            v1::REASON_REQUIRED_FIELD_MISSING);
}

TEST_F(RecordTest, ASetIsEditedByElements) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  ASSERT_TRUE(Taken(Do("add_photo", Phone())));
  ASSERT_TRUE(Taken(Do("add_photo", Phone())));
  EXPECT_EQ(world().Hazard(hazard()).photos_size(), 2);
  RulesActor remover = Phone();
  Op remove = Begin("remove_photos", remover);
  remove.mutable_edit_record()->mutable_removed()->mutable_hazard()->mutable_photos()->RemoveLast();
  ASSERT_TRUE(Taken(world().Apply(remove, remover)));
  EXPECT_EQ(world().Hazard(hazard()).photos_size(), 1);
}

TEST_F(RecordTest, ARecordIsMadeByItsCreators) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  EXPECT_EQ(ReasonOfDoing("create_plan", Phone({v1::ROLE_INSPECTOR})), v1::REASON_NOT_PERMITTED);
  RulesActor elsewhere =
      world().Phone("elsewhere", {v1::ROLE_RESPONSIBLE_UNIT}, world().other_unit);
  EXPECT_EQ(ReasonOfDoing("create_plan", elsewhere), v1::REASON_OUT_OF_SCOPE);
  RulesActor unit = Phone({v1::ROLE_RESPONSIBLE_UNIT});
  const Op create = Begin("create_plan", unit);
  ASSERT_TRUE(Taken(world().Apply(create, unit)));
  EXPECT_EQ(world().Find(create.create_record().record())->parent(), hazard());
}

TEST_F(RecordTest, WhatHasItsOwnCommandIsNotCreated) {
  Open({.hazard = v1::HAZARD_STATUS_SUBMITTED});
  std::vector<v1::Entity> entities(6);
  entities[0].mutable_hazard();
  entities[1].mutable_verification();
  entities[2].mutable_supervision_order();
  entities[3].mutable_transfer();
  entities[4].mutable_extension();
  entities[5].mutable_escalation();
  for (const v1::Entity& entity : entities) {
    RulesActor clerk = Clerk();
    Op create = Blank(clerk);
    create.mutable_create_record()->set_record(IdOf("new"));
    *create.mutable_create_record()->mutable_entity() = entity;
    EXPECT_EQ(ReasonOf(create, clerk), v1::REASON_NOT_PERMITTED) << entity.ShortDebugString();
  }
}

TEST_F(RecordTest, NobodyMakesAnEscalationClockOfAPerson) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  for (const v1::Role role : {v1::ROLE_ESCALATION_CLOCK, v1::ROLE_UNSPECIFIED}) {
    RulesActor admin = Clerk({v1::ROLE_ADMINISTRATOR});
    Op create = Blank(admin);
    create.mutable_create_record()->set_record(IdOf("clockwork"));
    v1::Person& person = *create.mutable_create_record()->mutable_entity()->mutable_person();
    person.set_code("C1");
    person.set_name("clockwork");
    person.set_unit(world().bureau);
    person.add_roles()->set_role(role);
    EXPECT_EQ(ReasonOf(create, admin), v1::REASON_INVALID_VALUE);
    RulesActor editor = Clerk({v1::ROLE_ADMINISTRATOR});
    Op edit = world().Begin(editor, {admin.author.person});
    edit.mutable_edit_record()->set_record(admin.author.person);
    edit.mutable_edit_record()->mutable_entity()->mutable_person()->add_roles()->set_role(role);
    edit.mutable_edit_record()->mutable_update_mask()->add_paths("roles");
    EXPECT_EQ(ReasonOf(edit, editor), v1::REASON_INVALID_VALUE);
  }
}

TEST_F(RecordTest, NobodyTakesAnIdThatFollowsFromAName) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  const std::string id =
      DerivedUuid({.name_space = "vigil/import/risk_source", .name = "S1"}).ToString();
  for (RulesActor actor : {Phone(), Clerk()}) {
    const Op inspect = Begin("report_hazard", actor, [&](Op& operation) {
      operation.mutable_report_hazard()->set_hazard_id(id);
    });
    EXPECT_EQ(ReasonOf(inspect, actor), v1::REASON_INVALID_VALUE);
  }
  RulesActor importer = world().Importer();
  Op import = world().Begin(importer, {});
  import.mutable_import_record()->set_record(id);
  import.mutable_import_record()->mutable_entity()->mutable_campaign()->set_code("C1");
  EXPECT_EQ(ReasonOf(import, importer), v1::REASON_UNSPECIFIED);
}

TEST_F(RecordTest, APhoneHasAKeyAndNoOtherDeviceHasOne) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  const std::string key = P256PrivateKey::Generate().public_key().der();
  const auto reason_of = [&](v1::DeviceKind kind, const std::string& public_key) {
    RulesActor admin = Clerk({v1::ROLE_ADMINISTRATOR});
    Op create = Blank(admin);
    create.mutable_create_record()->set_record(IdOf(admin.author.device + "'s"));
    v1::Device& device = *create.mutable_create_record()->mutable_entity()->mutable_device();
    device.set_person(admin.author.person);
    device.set_kind(kind);
    if (!public_key.empty()) device.set_public_key(public_key);
    return ReasonOf(create, admin);
  };
  EXPECT_EQ(reason_of(v1::DEVICE_KIND_PHONE, key), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(reason_of(v1::DEVICE_KIND_PHONE, ""), v1::REASON_INVALID_VALUE);
  EXPECT_EQ(reason_of(v1::DEVICE_KIND_PHONE, key + "x"), v1::REASON_INVALID_VALUE);
  EXPECT_EQ(reason_of(v1::DEVICE_KIND_OFFICE, ""), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(reason_of(v1::DEVICE_KIND_OFFICE, key), v1::REASON_INVALID_VALUE);
}

TEST_F(RecordTest, AnAppendOnlyRecordIsWithdrawnByItsAuthorOrTheOffice) {
  Open({.hazard = v1::HAZARD_STATUS_VERIFIED});
  RulesActor inspector = Phone({v1::ROLE_INSPECTOR});
  const Op recur = Begin("recur", inspector);
  ASSERT_TRUE(Taken(world().Apply(recur, inspector)));
  const std::string id = recur.report_recurrence().recurrence_id();
  const auto withdraw = [&](Op& op) {
    op.mutable_withdraw_record()->set_record(id);
    world().See(op, id);
  };
  const auto silent = [&](Op& op) {
    withdraw(op);
    op.mutable_withdraw_record()->clear_reason();
  };
  EXPECT_EQ(ReasonOfDoing("withdraw_verification", Phone({v1::ROLE_INSPECTOR}), withdraw),
            v1::REASON_NOT_PERMITTED);
  EXPECT_EQ(ReasonOfDoing("withdraw_verification", Clerk(), silent), v1::REASON_REASON_REQUIRED);
  ASSERT_EQ(ReasonOfDoing("withdraw_verification", inspector, withdraw), v1::REASON_UNSPECIFIED);
  EXPECT_FALSE(world().Find(id)->withdrawn_by().empty());
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_RECTIFYING)
      << "a withdrawn recurrence does not close the hazard again";
  EXPECT_EQ(ReasonOfDoing("withdraw_verification", Clerk(), withdraw), v1::REASON_RECORD_WITHDRAWN);
  const auto hazard_itself = [this](Op& op) { op.mutable_withdraw_record()->set_record(hazard()); };
  EXPECT_EQ(ReasonOfDoing("withdraw_verification", Clerk(), hazard_itself),
            v1::REASON_WRONG_ENTITY);
}

TEST_F(RecordTest, AReplacementIsOfTheSameKindAboutTheSameRecordAndNoWayAroundACommand) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  RulesActor unit = Phone({v1::ROLE_RESPONSIBLE_UNIT});
  const Op report = Begin("report_progress", unit);
  ASSERT_TRUE(Taken(world().Apply(report, unit)));
  const std::string id = report.report_progress().progress_report_id();
  const auto replace = [&](const std::function<void(v1::Entity&)>& change) {
    return [&, change](Op& op) {
      op.mutable_withdraw_record()->set_record(id);
      world().See(op, id);
      op.mutable_withdraw_record()->set_replacement_id(IdOf("replacement"));
      v1::Entity& entity = *op.mutable_withdraw_record()->mutable_replacement();
      entity = world().Find(id)->entity();
      change(entity);
    };
  };
  const auto elsewhere = replace(
      [this](v1::Entity& e) { e.mutable_progress_report()->set_hazard(scene().other_hazard); });
  EXPECT_EQ(ReasonOfDoing("withdraw_verification", unit, elsewhere), v1::REASON_INVALID_VALUE);
  ++unit.device_seq;
  const auto other_kind = replace([](v1::Entity& e) { e.mutable_recurrence(); });
  EXPECT_EQ(ReasonOfDoing("withdraw_verification", unit, other_kind), v1::REASON_WRONG_ENTITY);
  ++unit.device_seq;
  const auto better =
      replace([](v1::Entity& e) { e.mutable_progress_report()->set_text("a third done"); });
  ASSERT_EQ(ReasonOfDoing("withdraw_verification", unit, better), v1::REASON_UNSPECIFIED);
  EXPECT_EQ(world().Find(id)->withdrawn_by(), IdOf("replacement"));
  EXPECT_EQ(world().Find(IdOf("replacement"))->parent(), hazard());
  const auto forged = [this](Op& op) {
    op.mutable_withdraw_record()->set_replacement_id(IdOf("forged"));
    *op.mutable_withdraw_record()->mutable_replacement() =
        world().Find(scene().verification)->entity();
  };
  EXPECT_EQ(ReasonOfDoing("withdraw_verification", Clerk(), forged), v1::REASON_NOT_PERMITTED);
}

TEST_F(RecordTest, AConflictIsSettledByTheOfficeThatHasSeenIt) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  RulesActor early = Clerk();
  const Op again = Begin("settle_description", early);
  EXPECT_EQ(ReasonOfDoing("settle_description", Clerk({v1::ROLE_INSPECTOR})),
            v1::REASON_NOT_PERMITTED);
  ASSERT_TRUE(Taken(Do("settle_description", Clerk())));
  EXPECT_EQ(world().StateOf(hazard()).conflicts_size(), 0);
  EXPECT_EQ(ReasonOfDoing("settle_description", Clerk()), v1::REASON_NOTHING_TO_SETTLE);
  // Another who had not seen it settled stands beside it.
  EXPECT_TRUE(Taken(world().Apply(again, early)));
}

TEST_F(RecordTest, AStatusIsSettledForOneOfItsValuesOnly) {
  Open({.hazard = v1::HAZARD_STATUS_REPORTED});
  RulesActor one = Clerk();
  const Op reject = Begin("reject", one);
  ASSERT_TRUE(Taken(Do("confirm_general", Clerk())));
  ASSERT_TRUE(Taken(world().Apply(reject, one)));
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_CONFIRMED);
  EXPECT_THAT(world().StateOf(hazard()).conflicts(), ElementsAre("description", "status"));
  const auto settle = [this](v1::HazardStatus status) {
    return [this, status](Op& op) {
      op.mutable_settle_conflict()->set_field("status");
      op.mutable_settle_conflict()->mutable_value()->mutable_hazard()->clear_description();
      op.mutable_settle_conflict()->mutable_value()->mutable_hazard()->set_status(status);
    };
  };
  EXPECT_EQ(ReasonOfDoing("settle_description", Clerk(), settle(v1::HAZARD_STATUS_VERIFIED)),
            v1::REASON_INVALID_VALUE);
  EXPECT_EQ(ReasonOfDoing("settle_description", Clerk(), settle(v1::HAZARD_STATUS_REJECTED)),
            v1::REASON_UNSPECIFIED);
  EXPECT_EQ(world().Hazard(hazard()).status(), v1::HAZARD_STATUS_REJECTED);
  const auto no_field = [](Op& op) { op.mutable_settle_conflict()->set_field("colour"); };
  EXPECT_EQ(ReasonOfDoing("settle_description", Clerk(), no_field), v1::REASON_FIELD_UNKNOWN);
}

TEST_F(RecordTest, AnImportSetsAnInitialStateMarkedWithItsFileAndLine) {
  Open({.hazard = v1::HAZARD_STATUS_RECTIFYING});
  RulesActor importer = world().Importer();
  Op import = Blank(importer);
  v1::ImportRecord& command = *import.mutable_import_record();
  command.set_record(IdOf("imported"));
  command.mutable_entity()->mutable_hazard()->set_number("2016-0042");
  command.mutable_entity()->mutable_hazard()->set_risk_source(world().source);
  command.mutable_entity()->mutable_hazard()->set_status(v1::HAZARD_STATUS_VERIFIED);
  command.mutable_source()->set_file("hazards.csv");
  command.mutable_source()->set_line(43);
  ASSERT_TRUE(Taken(world().Apply(import, importer)));
  EXPECT_EQ(world().Hazard(IdOf("imported")).status(), v1::HAZARD_STATUS_VERIFIED);
  EXPECT_EQ(world().Hazard(IdOf("imported")).imported_from().line(), 43);
  Op again = Blank(importer);
  *again.mutable_import_record() = command;
  EXPECT_EQ(ReasonOf(again, importer), v1::REASON_ALREADY_EXISTS);
  Op device = Blank(importer);
  device.mutable_import_record()->set_record(IdOf("imported device"));
  device.mutable_import_record()->mutable_entity()->mutable_device();
  EXPECT_EQ(ReasonOf(device, importer), v1::REASON_WRONG_ENTITY);
}

}  // namespace
}  // namespace vigil::rules
