// Persons, devices and roles, judged by a real register.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/random.h"
#include "sync/base/status.h"
#include "tests/support/manual_clock.h"
#include "tests/support/test_register.h"
#include "tests/unit/server/cli/register_office.h"

namespace vigil::office {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class PeopleTest : public ::testing::Test {
 protected:
  PeopleTest()
      : admin_(reg_.Clerk(v1::ROLE_ADMINISTRATOR, reg_.bureau)),
        leaver_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.unit)),
        other_(reg_.Phone(v1::ROLE_INSPECTOR, reg_.other_unit)),
        office_(reg_, admin_) {
    Grant(admin_.author, v1::ROLE_SAFETY_OFFICE);
    office_.SignIn(admin_);
  }

  static void Grant(rules::Author& author, v1::Role role) {
    v1::RoleGrant& grant = author.roles.emplace_back();
    grant.set_role(role);
    grant.set_unit(author.roles.front().unit());
  }

  // The administrator alone, who is not of the safety office.
  void SignInAsAdministratorAlone() {
    testing::Actor alone = admin_;
    alone.author.roles.resize(1);
    office_.SignIn(alone);
  }

  int Ctl(const std::vector<std::string>& words, bool on_terminal = false) {
    ran_ = RunCtl(office_, files_, clock_, random_, words, on_terminal);
    return ran_.exit_code;
  }

  // A phone's record.
  void Enrol(const testing::Actor& phone) {
    v1::Operation operation = reg_.Begin(admin_);
    operation.set_device_seq(0);
    v1::CreateRecord& made = *operation.mutable_create_record();
    made.set_record(phone.author.device);
    made.mutable_entity()->mutable_device()->set_person(phone.author.person);
    made.mutable_entity()->mutable_device()->set_kind(v1::DEVICE_KIND_PHONE);
    made.mutable_entity()->mutable_device()->set_public_key(phone.key->public_key().der());
    ASSERT_EQ(reg_.Submit(admin_, operation).verdict(), v1::VERDICT_APPLIED);
  }
  void Write(const std::string& record, const std::string& field, v1::Entity entity) {
    v1::Operation operation = reg_.Begin(admin_);
    operation.set_device_seq(0);
    reg_.See(operation, {record});
    operation.mutable_edit_record()->set_record(record);
    operation.mutable_edit_record()->mutable_update_mask()->add_paths(field);
    *operation.mutable_edit_record()->mutable_entity() = std::move(entity);
    ASSERT_EQ(reg_.Submit(admin_, operation).verdict(), v1::VERDICT_APPLIED);
  }
  void SetResponsible(const std::string& source, const std::string& person) {
    v1::Entity entity;
    entity.mutable_risk_source()->set_responsible_person(person);
    Write(source, "responsible_person", entity);
  }
  void SetHead(const std::string& unit, const std::string& person) {
    v1::Entity entity;
    entity.mutable_org_unit()->set_head(person);
    Write(unit, "head", entity);
  }
  std::string AddPlan(const std::string& hazard, const std::string& responsible) {
    v1::Operation operation = reg_.Begin(admin_);
    operation.set_device_seq(0);
    const std::string id = reg_.NewId();
    v1::CreateRecord& made = *operation.mutable_create_record();
    made.set_record(id);
    made.mutable_entity()->mutable_rectification_plan()->set_hazard(hazard);
    made.mutable_entity()->mutable_rectification_plan()->set_responsible_person(responsible);
    EXPECT_EQ(reg_.Submit(admin_, operation).verdict(), v1::VERDICT_APPLIED);
    return id;
  }

  v1::Person PersonOf(const testing::Actor& actor) {
    return reg_.Find(actor.author.person).entity().person();
  }
  std::string CodeOf(const testing::Actor& actor) { return PersonOf(actor).code(); }
  std::string ResponsibleFor(const std::string& source) {
    return reg_.Find(source).entity().risk_source().responsible_person();
  }
  bool IsRevoked(const testing::Actor& phone) {
    return reg_.Find(phone.author.device).entity().device().revoked();
  }
  // "INSPECTOR@PARK-01 2017-08-31 P-2", sorted.
  std::vector<std::string> RolesOf(const testing::Actor& actor) {
    std::vector<std::string> roles;
    const v1::Person person = PersonOf(actor);
    for (const v1::RoleGrant& grant : person.roles()) {
      std::string text = v1::Role_Name(grant.role()).substr(5);
      if (!grant.unit().empty()) text += "@" + reg_.Find(grant.unit()).entity().org_unit().code();
      if (grant.has_until()) {
        text +=
            " " + std::to_string(grant.until().month()) + "-" + std::to_string(grant.until().day());
      }
      if (!grant.delegated_by().empty()) {
        text += " for " + reg_.Find(grant.delegated_by()).entity().person().code();
      }
      roles.push_back(std::move(text));
    }
    std::sort(roles.begin(), roles.end());
    return roles;
  }

  testing::TestRegister reg_;
  testing::Actor admin_;
  testing::Actor leaver_;
  testing::Actor other_;
  RegisterOffice office_;
  FakeFiles files_;
  testing::ManualClock clock_;
  SeededRandom random_{5};
  Ran ran_;
};

TEST_F(PeopleTest, AnInvitationShowsTheCodeAndWhatToDoWithIt) {
  EXPECT_EQ(Ctl({"person", "invite", "P-2", "--hours", "4", "--lang", "en"}), 0) << ran_.err;
  EXPECT_EQ(office_.last_invite.kind(), v1::DEVICE_KIND_PHONE);
  EXPECT_EQ(office_.last_invite.valid_hours(), 4);
  EXPECT_THAT(ran_.out, HasSubstr(std::string("code: ") + FakeOffice::kCode));
  EXPECT_THAT(ran_.out, HasSubstr("good until: 2017-07-04 10:00"));
  EXPECT_THAT(ran_.out, HasSubstr("init --phone DIR --server register.example:7443 --code "));
  EXPECT_THAT(ran_.out, Not(HasSubstr("█")));
  EXPECT_EQ(Ctl({"person", "invite", "P-2", "--office", "--lang", "zh"}, true), 0) << ran_.err;
  EXPECT_EQ(office_.last_invite.kind(), v1::DEVICE_KIND_OFFICE);
  EXPECT_THAT(ran_.out, HasSubstr("vigilctl set-password --person P-2"));
  EXPECT_THAT(ran_.out, Not(HasSubstr("█")));
}

TEST_F(PeopleTest, ATerminalGetsAQrCodeAndOthersOnDemand) {
  EXPECT_EQ(Ctl({"person", "invite", "P-2"}, true), 0);
  const std::string on_terminal = ran_.out;
  EXPECT_THAT(on_terminal, HasSubstr("█"));
  EXPECT_EQ(Ctl({"person", "invite", "P-2", "--qr"}), 0);
  EXPECT_EQ(ran_.out, on_terminal);
  EXPECT_EQ(Ctl({"person", "invite", "P-2", "--json"}, true), 0);
  EXPECT_THAT(ran_.out, Not(HasSubstr("█")));
  EXPECT_THAT(ran_.out, HasSubstr(FakeOffice::kCode));
  EXPECT_EQ(Ctl({"person", "invite", "P-2", "--qr", "--office"}), 2);
  EXPECT_EQ(Ctl({"person", "invite", "P-2", "--hours", "169"}), 2);
  EXPECT_EQ(Ctl({"person", "invite", "P-2", "--hours", "0"}), 2);
}

TEST_F(PeopleTest, ACodeThatIsWrittenIsNotPrinted) {
  for (const char* style : {"--lang=en", "--json"}) {
    EXPECT_EQ(Ctl({"person", "invite", "P-2", "--out", "p2.code", style}, true), 0) << ran_.err;
    EXPECT_EQ(files_.files["p2.code"], std::string(FakeOffice::kCode) + "\n");
    EXPECT_EQ(files_.modes["p2.code"], 0400U);
    EXPECT_THAT(ran_.out, Not(HasSubstr(FakeOffice::kCode)));
    EXPECT_THAT(ran_.out, Not(HasSubstr("█")));
  }
}

TEST_F(PeopleTest, PersonsAreListedWithRolesAndDevices) {
  Enrol(leaver_);
  EXPECT_EQ(Ctl({"person", "list", "--lang", "en"}), 0) << ran_.err;
  EXPECT_THAT(ran_.out, HasSubstr("3 in all"));
  EXPECT_THAT(ran_.out, HasSubstr("inspector @ PARK-01"));
  EXPECT_THAT(ran_.out, HasSubstr("1 phone"));
  EXPECT_EQ(Ctl({"device", "revoke", leaver_.author.device}), 0) << ran_.err;
  EXPECT_EQ(Ctl({"person", "list", "--lang", "en"}), 0);
  EXPECT_THAT(ran_.out, Not(HasSubstr("1 phone")));
  EXPECT_EQ(Ctl({"person", "leave", CodeOf(leaver_), "--to", CodeOf(other_)}), 0) << ran_.err;
  EXPECT_EQ(Ctl({"person", "list", "--here", "--lang", "en"}), 0);
  EXPECT_THAT(ran_.out, HasSubstr("2 in all"));
  EXPECT_EQ(Ctl({"person", "list", "--json"}), 0);
  EXPECT_THAT(ran_.out, HasSubstr(R"("departed":true)"));
}

TEST_F(PeopleTest, ARevokedDeviceIsRevokedOnce) {
  Enrol(leaver_);
  Enrol(other_);
  EXPECT_EQ(Ctl({"device", "list", "--person", CodeOf(leaver_), "--lang", "en"}), 0) << ran_.err;
  EXPECT_THAT(ran_.out, HasSubstr(leaver_.author.device));
  EXPECT_THAT(ran_.out, Not(HasSubstr(other_.author.device)));
  EXPECT_EQ(Ctl({"device", "revoke", leaver_.author.device}), 0) << ran_.err;
  EXPECT_TRUE(IsRevoked(leaver_));
  EXPECT_FALSE(IsRevoked(other_));
  const Seq before = reg_.Head().seq;
  EXPECT_EQ(Ctl({"device", "revoke", leaver_.author.device, "--json"}), 0) << ran_.err;
  EXPECT_EQ(reg_.Head().seq, before);
  EXPECT_EQ(Ctl({"device", "revoke", reg_.NewId()}), 5);
  EXPECT_EQ(Ctl({"device", "list", "--json"}), 0);
  EXPECT_THAT(ran_.out, HasSubstr(R"("revoked":true)"));
}

TEST_F(PeopleTest, RolesAreGrantedAndTakenBack) {
  const std::string code = CodeOf(other_);
  EXPECT_EQ(Ctl({"role", "grant", code, "verifier", "--unit", "PARK-01"}), 0) << ran_.err;
  EXPECT_EQ(RolesOf(other_), (std::vector<std::string>{"INSPECTOR@PARK-02", "VERIFIER@PARK-01"}));
  const Seq before = reg_.Head().seq;
  EXPECT_EQ(Ctl({"role", "grant", code, "verifier", "--unit", "PARK-01", "--lang", "en"}), 0);
  EXPECT_THAT(ran_.out, HasSubstr("nothing to change"));
  EXPECT_EQ(reg_.Head().seq, before);
  // Its last day is said anew.
  EXPECT_EQ(Ctl({"role", "grant", code, "复查员", "--unit", "PARK-01", "--until", "2017-08-31"}), 0)
      << ran_.err;
  EXPECT_EQ(RolesOf(other_),
            (std::vector<std::string>{"INSPECTOR@PARK-02", "VERIFIER@PARK-01 8-31"}));
  EXPECT_EQ(Ctl({"role", "grant", code, "verifier", "--unit", "PARK-02"}), 0) << ran_.err;
  EXPECT_EQ(Ctl({"role", "revoke", code, "verifier", "--unit", "PARK-02"}), 0) << ran_.err;
  EXPECT_EQ(RolesOf(other_),
            (std::vector<std::string>{"INSPECTOR@PARK-02", "VERIFIER@PARK-01 8-31"}));
  EXPECT_EQ(Ctl({"role", "revoke", code, "inspector"}), 0) << ran_.err;
  EXPECT_EQ(RolesOf(other_), (std::vector<std::string>{"VERIFIER@PARK-01 8-31"}));
  EXPECT_EQ(Ctl({"role", "revoke", code, "inspector"}), 5);
  EXPECT_EQ(Ctl({"role", "grant", code, "escalation_clock"}), 2);
  EXPECT_EQ(Ctl({"role", "grant", code, "king"}), 2);
  EXPECT_EQ(Ctl({"role", "grant", code, "auditor", "--until", "2017-07-30"}), 1);
}

TEST_F(PeopleTest, ALastDayIsStillGood) {
  EXPECT_EQ(Ctl({"role", "grant", CodeOf(other_), "auditor", "--until", "2017-07-31"}), 0)
      << ran_.err;
  EXPECT_EQ(Ctl({"role", "list", CodeOf(other_), "--lang", "en"}), 0) << ran_.err;
  EXPECT_THAT(ran_.out, HasSubstr("2017-07-31"));
  EXPECT_THAT(ran_.out, Not(HasSubstr("no\n")));
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(Ctl({"role", "list", CodeOf(other_), "--lang", "en"}), 0) << ran_.err;
  EXPECT_THAT(ran_.out, HasSubstr("no\n"));
  EXPECT_EQ(Ctl({"role", "list", "--json"}), 0) << ran_.err;
  EXPECT_THAT(ran_.out, HasSubstr(R"("holds":false)"));
}

TEST_F(PeopleTest, OnesOwnRolesAreDelegatedUntilADay) {
  ASSERT_EQ(Ctl({"role", "grant", CodeOf(leaver_), "verifier", "--unit", "PARK-02", "--until",
                 "2017-08-05"}),
            0);
  EXPECT_EQ(
      Ctl({"person", "delegate", CodeOf(leaver_), "--to", CodeOf(other_), "--until", "2017-08-31"}),
      0)
      << ran_.err;
  const std::vector<std::string> both = {"INSPECTOR@PARK-01 8-31 for P-2", "INSPECTOR@PARK-02",
                                         "VERIFIER@PARK-02 8-5 for P-2"};
  EXPECT_EQ(RolesOf(other_), both) << "a delegated role ends no later than the role itself";
  // Run again, it has nothing to do.
  const Seq before = reg_.Head().seq;
  EXPECT_EQ(
      Ctl({"person", "delegate", CodeOf(leaver_), "--to", CodeOf(other_), "--until", "2017-08-31"}),
      0);
  EXPECT_EQ(reg_.Head().seq, before);
  // What was delegated is not handed on.
  EXPECT_EQ(
      Ctl({"person", "delegate", CodeOf(other_), "--to", CodeOf(admin_), "--until", "2017-08-31"}),
      0);
  EXPECT_EQ(RolesOf(admin_),
            (std::vector<std::string>{"ADMINISTRATOR@BUREAU", "INSPECTOR@PARK-02 8-31 for P-3"}));
  // One's own role and a delegated one are two.
  EXPECT_EQ(Ctl({"role", "grant", CodeOf(other_), "inspector", "--unit", "PARK-01"}), 0);
  EXPECT_EQ(RolesOf(other_),
            (std::vector<std::string>{"INSPECTOR@PARK-01", "INSPECTOR@PARK-01 8-31 for P-2",
                                      "INSPECTOR@PARK-02", "VERIFIER@PARK-02 8-5 for P-2"}));
  EXPECT_EQ(Ctl({"role", "revoke", CodeOf(other_), "inspector", "--unit", "PARK-01"}), 0);
  EXPECT_EQ(RolesOf(other_),
            (std::vector<std::string>{"INSPECTOR@PARK-02", "VERIFIER@PARK-02 8-5 for P-2"}));
}

TEST_F(PeopleTest, SomeRolesAreDelegatedAlone) {
  ASSERT_EQ(Ctl({"role", "grant", CodeOf(leaver_), "verifier", "--unit", "PARK-02"}), 0);
  EXPECT_EQ(Ctl({"person", "delegate", CodeOf(leaver_), "--to", CodeOf(other_), "--until",
                 "2017-08-31", "--role", "verifier"}),
            0);
  EXPECT_EQ(RolesOf(other_),
            (std::vector<std::string>{"INSPECTOR@PARK-02", "VERIFIER@PARK-02 8-31 for P-2"}));
  EXPECT_EQ(Ctl({"person", "delegate", CodeOf(leaver_), "--to", CodeOf(other_), "--until",
                 "2017-08-31", "--unit", "PARK-02", "--role", "inspector"}),
            5);
}

TEST_F(PeopleTest, ADelegationThatMakesNoSenseIsRefused) {
  const Seq before = reg_.Head().seq;
  const auto delegate = [&](const testing::Actor& to, const std::string& until) {
    return Ctl({"person", "delegate", CodeOf(leaver_), "--to", CodeOf(to), "--until", until});
  };
  EXPECT_EQ(delegate(other_, "2017-07-30"), 1);
  EXPECT_THAT(ran_.err, HasSubstr("INVALID_DATE"));
  EXPECT_EQ(delegate(other_, "soon"), 2);
  EXPECT_EQ(delegate(leaver_, "2017-08-31"), 2);
  EXPECT_EQ(Ctl({"person", "delegate", CodeOf(leaver_), "--to", "P-99", "--until", "2017-08-31"}),
            5);
  EXPECT_EQ(reg_.Head().seq, before);
  ASSERT_EQ(Ctl({"person", "leave", CodeOf(other_), "--to", CodeOf(admin_)}), 0) << ran_.err;
  EXPECT_EQ(delegate(other_, "2017-08-31"), 1);
  EXPECT_THAT(ran_.err, HasSubstr("INVALID_VALUE"));
  EXPECT_EQ(Ctl({"role", "grant", CodeOf(other_), "auditor"}), 1);
}

class LeavingTest : public PeopleTest {
 protected:
  LeavingTest() {
    Enrol(leaver_);
    SetResponsible(reg_.risk_source, leaver_.author.person);
    SetResponsible(reg_.other_risk_source, other_.author.person);
    SetHead(reg_.unit, leaver_.author.person);
    v1::Date due;
    due.set_year(2017);
    due.set_month(9);
    due.set_day(30);
    hazard_ = reg_.ConfirmedHazard(due);
    plan_ = AddPlan(hazard_, PersonOf(leaver_).name());
    other_plan_ = AddPlan(hazard_, PersonOf(other_).name());
  }

  // Two of the leaver's roles to the other one, and one the other way round.
  void DelegateBothWays() {
    ASSERT_EQ(Ctl({"role", "grant", CodeOf(leaver_), "verifier", "--unit", "PARK-02"}), 0);
    for (const auto& [from, to] : {std::pair(leaver_, other_), std::pair(other_, leaver_)}) {
      ASSERT_EQ(
          Ctl({"person", "delegate", CodeOf(from), "--to", CodeOf(to), "--until", "2017-08-31"}), 0)
          << ran_.err;
    }
  }

  int Leave() {
    return Ctl({"person", "leave", CodeOf(leaver_), "--to", CodeOf(other_), "--lang", "en"});
  }
  void ExpectEverythingHandedOver() {
    EXPECT_TRUE(PersonOf(leaver_).departed());
    EXPECT_TRUE(IsRevoked(leaver_));
    EXPECT_EQ(ResponsibleFor(reg_.risk_source), other_.author.person);
    EXPECT_EQ(ResponsibleFor(reg_.other_risk_source), other_.author.person);
    EXPECT_EQ(reg_.Find(reg_.unit).entity().org_unit().head(), other_.author.person);
    EXPECT_EQ(PlanFor(plan_), PersonOf(other_).name());
    EXPECT_EQ(PlanFor(other_plan_), PersonOf(other_).name());
  }
  std::string PlanFor(const std::string& plan) {
    return reg_.Find(plan).entity().rectification_plan().responsible_person();
  }

  std::string hazard_;
  std::string plan_;
  std::string other_plan_;
};

TEST_F(LeavingTest, ALeaversAccessEndsAndHisWorkIsAnothers) {
  EXPECT_EQ(Leave(), 0) << ran_.err;
  ExpectEverythingHandedOver();
  EXPECT_THAT(ran_.out, HasSubstr("devices revoked: 1"));
  EXPECT_THAT(ran_.out, HasSubstr("RS-0001"));
  EXPECT_THAT(ran_.out, Not(HasSubstr("RS-0002")));
  EXPECT_THAT(ran_.out, HasSubstr("role of who left: inspector @ PARK-01"));
  const Seq before = reg_.Head().seq;
  EXPECT_EQ(Leave(), 0) << ran_.err;
  EXPECT_EQ(reg_.Head().seq, before) << "run again, it has nothing to do";
}

TEST_F(LeavingTest, WhatOthersDoInHisNameEndsAndWhatHeDidInTheirs) {
  DelegateBothWays();
  ASSERT_EQ(
      Ctl({"person", "delegate", CodeOf(other_), "--to", CodeOf(admin_), "--until", "2017-08-31"}),
      0);
  EXPECT_EQ(Leave(), 0) << ran_.err;
  EXPECT_EQ(RolesOf(other_), std::vector<std::string>{"INSPECTOR@PARK-02"});
  EXPECT_EQ(RolesOf(leaver_), (std::vector<std::string>{"INSPECTOR@PARK-01", "VERIFIER@PARK-02"}));
  EXPECT_THAT(RolesOf(admin_), ::testing::Contains("INSPECTOR@PARK-02 8-31 for P-3"))
      << "between those who stay";
  EXPECT_THAT(ran_.out,
              HasSubstr(" no longer has: verifier @ PARK-02 PARK-02 until 2017-08-31 for "));
  const Seq before = reg_.Head().seq;
  EXPECT_EQ(Ctl({"person", "leave", CodeOf(leaver_), "--to", CodeOf(other_), "--json"}), 0);
  EXPECT_EQ(reg_.Head().seq, before);
  EXPECT_THAT(ran_.out, HasSubstr(R"("ended_delegations":[])"));
}

TEST_F(LeavingTest, RunAgainItDoesWhatIsLeft) {
  DelegateBothWays();
  // Departed, one device, two persons' delegations, head, risk source, plan; each may be the one
  // that fails.
  for (std::size_t step = 1; step <= 7; ++step) {
    office_.submissions = 0;
    office_.fails_from = step > 1 ? 2 : 1;
    EXPECT_EQ(Leave(), 3) << step;
    EXPECT_EQ(PersonOf(leaver_).departed(), step > 1);
  }
  office_.fails_from = 0;
  EXPECT_EQ(Leave(), 0) << ran_.err;
  ExpectEverythingHandedOver();
  EXPECT_EQ(RolesOf(other_), std::vector<std::string>{"INSPECTOR@PARK-02"});
}

TEST_F(LeavingTest, AnAdministratorWhoIsNothingElseCanDoAllOfIt) {
  DelegateBothWays();
  SignInAsAdministratorAlone();
  EXPECT_EQ(Leave(), 0) << ran_.err;
  ExpectEverythingHandedOver();
  EXPECT_EQ(RolesOf(other_), std::vector<std::string>{"INSPECTOR@PARK-02"});
}

TEST_F(LeavingTest, FinishedWorkStaysTheLeavers) {
  v1::Operation report = reg_.Begin(other_);
  const std::string finished = reg_.NewId();
  report.mutable_report_hazard()->set_hazard_id(finished);
  v1::Hazard& body = *report.mutable_report_hazard()->mutable_hazard();
  body.set_risk_source(reg_.other_risk_source);
  body.set_description("loose rock");
  *body.mutable_found_at() = report.made_at();
  ASSERT_EQ(reg_.Submit(other_, report).verdict(), v1::VERDICT_APPLIED);
  const std::string plan = AddPlan(finished, PersonOf(leaver_).name());
  v1::Operation reject = reg_.Begin(admin_);
  reject.set_device_seq(0);
  reg_.See(reject, {finished});
  reject.mutable_reject_hazard()->set_hazard(finished);
  reject.mutable_reject_hazard()->set_reason("no hazard");
  ASSERT_EQ(reg_.Submit(admin_, reject).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(Leave(), 0) << ran_.err;
  EXPECT_EQ(PlanFor(plan), PersonOf(leaver_).name());
  ExpectEverythingHandedOver();
}

TEST_F(LeavingTest, ANameThatTwoPeopleHaveDoesNotSayWhoIsMeant) {
  v1::Entity entity;
  entity.mutable_person()->set_name(PersonOf(leaver_).name());
  Write(admin_.author.person, "name", entity);
  const std::string by_code = AddPlan(hazard_, CodeOf(leaver_));
  EXPECT_EQ(Leave(), 0) << ran_.err;
  EXPECT_EQ(PlanFor(plan_), PersonOf(leaver_).name());
  EXPECT_EQ(PlanFor(by_code), PersonOf(other_).name());
}

TEST_F(LeavingTest, TheSuccessorIsSomebodyElseWhoIsHere) {
  const Seq before = reg_.Head().seq;
  EXPECT_EQ(Ctl({"person", "leave", CodeOf(leaver_), "--to", CodeOf(leaver_)}), 2);
  EXPECT_EQ(Ctl({"person", "leave", CodeOf(leaver_), "--to", "P-99"}), 5);
  EXPECT_EQ(Ctl({"person", "leave", "P-99", "--to", CodeOf(leaver_)}), 5);
  EXPECT_EQ(reg_.Head().seq, before);
  ASSERT_EQ(Ctl({"person", "leave", CodeOf(other_), "--to", CodeOf(admin_)}), 0) << ran_.err;
  EXPECT_EQ(Leave(), 1);
  EXPECT_FALSE(PersonOf(leaver_).departed());
}

}  // namespace
}  // namespace vigil::office
