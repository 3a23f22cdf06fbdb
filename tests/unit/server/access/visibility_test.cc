#include "server/access/visibility.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"
#include "tests/support/two_parks.h"

namespace vigil::testing {
namespace {

using access::Visibility;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class VisibilityTest : public ::testing::Test {
 protected:
  VisibilityTest() : parks_(reg_) {}

  // Which of these the author sees, in words.
  std::string Sees(const rules::Author& author) {
    auto snapshot = reg_.store().Read();
    EXPECT_THAT(snapshot, IsOk());
    auto visibility = Visibility::Of(author, **snapshot);
    EXPECT_THAT(visibility, IsOk());
    const std::vector<std::pair<std::string, std::string>> records = {
        {"here", parks_.here().hazard},
        {"its order", parks_.here().order},
        {"its source", parks_.here().risk_source},
        {"there", parks_.there().hazard},
        {"units", reg_.bureau},
        {"devices", parks_.device()},
        {"nothing", reg_.NewId()}};
    std::vector<std::string> seen;
    std::set<Uuid> hazards;
    for (const auto& [name, id] : records) {
      const auto sees = visibility->Sees(*Uuid::Parse(id));
      EXPECT_THAT(sees, IsOk());
      if (!*sees) continue;
      seen.push_back(name);
      if (name == "here" || name == "there") hazards.insert(*Uuid::Parse(id));
    }
    // The other way of looking, over all hazards, says the same.
    const auto scope = visibility->Scope();
    EXPECT_THAT(scope, IsOk());
    const auto listed = (*snapshot)->Records(v1::Entity::kHazard, Uuid(), 1000, "", *scope);
    EXPECT_THAT(listed, IsOk());
    std::set<Uuid> found;
    for (const store::StoredRecord& hazard : listed->records) found.insert(hazard.id);
    EXPECT_EQ(found, hazards);
    return absl::StrJoin(seen, ", ");
  }

  TestRegister reg_;
  TwoParks parks_;
};

TEST_F(VisibilityTest, APersonSeesHisUnitsAndWhatIsBelowThem) {
  EXPECT_EQ(Sees(parks_.Caller(v1::ROLE_INSPECTOR, reg_.unit)),
            "here, its order, its source, units");
  EXPECT_EQ(Sees(parks_.Caller(v1::ROLE_INSPECTOR, reg_.other_unit)), "there, units");
  EXPECT_EQ(Sees(parks_.Caller(v1::ROLE_VERIFIER, reg_.department)),
            "here, its order, its source, there, units");
  EXPECT_EQ(Sees(parks_.Caller(v1::ROLE_RESPONSIBLE_UNIT, "")),
            "here, its order, its source, there, units");
  EXPECT_EQ(Sees(parks_.Caller(v1::ROLE_RECEIVER, reg_.district)), "units");
  EXPECT_EQ(Sees(parks_.Nobody()), "units");
}

TEST_F(VisibilityTest, SeveralRolesAddUp) {
  rules::Author author = parks_.Caller(v1::ROLE_INSPECTOR, reg_.district);
  v1::RoleGrant& more = author.roles.emplace_back();
  more.set_role(v1::ROLE_VERIFIER);
  more.set_unit(reg_.other_unit);
  EXPECT_EQ(Sees(author), "there, units");
}

TEST_F(VisibilityTest, AUnitThatCannotBeReadOrIsNotThereGivesNothing) {
  EXPECT_EQ(Sees(parks_.Caller(v1::ROLE_ADMINISTRATOR, "PARK-01")), "units, devices");
  EXPECT_EQ(Sees(parks_.Caller(v1::ROLE_INSPECTOR, reg_.NewId())), "units");
  EXPECT_EQ(Sees(parks_.Caller(v1::ROLE_INSPECTOR, Uuid().ToString())), "units");
}

TEST_F(VisibilityTest, DevicesAreForTheOfficeAloneAndAGrantWithAUnitEndsThere) {
  for (const v1::Role role : {v1::ROLE_ADMINISTRATOR, v1::ROLE_SAFETY_OFFICE, v1::ROLE_AUDITOR}) {
    EXPECT_EQ(Sees(parks_.Caller(role, "")), "here, its order, its source, there, units, devices");
    EXPECT_EQ(Sees(parks_.Caller(role, reg_.other_unit)), "there, units, devices");
  }
}

TEST_F(VisibilityTest, WhatIsOfferedIsSeenUntilItIsDecided) {
  const rules::Author receiver = parks_.Caller(v1::ROLE_RECEIVER, reg_.district);
  const std::string transfer = parks_.Offer(parks_.here());
  EXPECT_EQ(Sees(receiver), "here, its order, units");
  EXPECT_EQ(Sees(parks_.Caller(v1::ROLE_RECEIVER, reg_.other_unit)), "there, units");
  Actor district{.author = receiver};
  v1::Operation refuse = reg_.Begin(district);
  reg_.See(refuse, {parks_.here().hazard, transfer});
  refuse.mutable_refuse_transfer()->set_hazard(parks_.here().hazard);
  refuse.mutable_refuse_transfer()->set_transfer(transfer);
  refuse.mutable_refuse_transfer()->set_reason("not ours");
  parks_.Apply(district, refuse);
  EXPECT_EQ(Sees(receiver), "units");
}

TEST_F(VisibilityTest, AScopeNamesTheUnitsOfTheGrants) {
  auto snapshot = reg_.store().Read();
  VIGIL_ASSERT_OK_AND_ASSIGN(
      Visibility visibility,
      Visibility::Of(parks_.Caller(v1::ROLE_AUDITOR, reg_.department), **snapshot));
  VIGIL_ASSERT_OK_AND_ASSIGN(const store::RecordScope scope, visibility.Scope());
  EXPECT_FALSE(scope.everywhere);
  EXPECT_TRUE(scope.office);
  EXPECT_THAT(scope.units, ElementsAre(*Uuid::Parse(reg_.department)));
  EXPECT_THAT(scope.roots, IsEmpty());
  EXPECT_TRUE(visibility.SeesUnit(*Uuid::Parse(reg_.unit)));
  EXPECT_TRUE(visibility.SeesUnit(Uuid()));
  EXPECT_FALSE(visibility.SeesUnit(*Uuid::Parse(reg_.district)));
  VIGIL_ASSERT_OK_AND_ASSIGN(Visibility all,
                             Visibility::Of(parks_.Caller(v1::ROLE_AUDITOR, ""), **snapshot));
  EXPECT_TRUE(all.SeesAll());
}

}  // namespace
}  // namespace vigil::testing
