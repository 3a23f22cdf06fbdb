#include "sync/rules/grant.h"

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "gtest/gtest.h"
#include "sync/rules/work_calendar.h"
#include "vigil/v1/record.pb.h"

namespace vigil::rules {
namespace {

v1::RoleGrant Until(absl::CivilDay day) {
  v1::RoleGrant grant;
  grant.set_role(v1::ROLE_VERIFIER);
  *grant.mutable_until() = ToDate(day);
  return grant;
}

TEST(GrantTest, HoldsThroughItsLastDay) {
  const absl::CivilDay last(2017, 9, 30);
  EXPECT_TRUE(Holds(Until(last), ToDate(last - 1)));
  EXPECT_TRUE(Holds(Until(last), ToDate(last)));
  EXPECT_FALSE(Holds(Until(last), ToDate(last + 1)));
  v1::RoleGrant for_good = Until(last);
  for_good.clear_until();
  EXPECT_TRUE(Holds(for_good, ToDate(last + 10000)));
}

TEST(GrantTest, NobodyIsTheClock) {
  v1::RoleGrant clock;
  clock.set_role(v1::ROLE_ESCALATION_CLOCK);
  EXPECT_FALSE(Holds(clock, ToDate(absl::CivilDay(2017, 9, 30))));
}

// Persons and units by their names.
class DelegationTest : public ::testing::Test {
 protected:
  DelegationTest() {
    records_["park"].mutable_entity()->mutable_org_unit()->set_parent_unit("parks");
    records_["parks"].mutable_entity()->mutable_org_unit();
    records_["landfill"].mutable_entity()->mutable_org_unit();
  }

  // How many of the person's roles hold.
  std::size_t Count(const v1::Person& person, absl::CivilDay today = absl::CivilDay(2017, 9, 1)) {
    const auto roles = RolesOn(person, ToDate(today), [this](std::string_view id) {
      const auto found = records_.find(id);
      return absl::StatusOr<const v1::Record*>(found == records_.end() ? nullptr : &found->second);
    });
    EXPECT_TRUE(roles.ok());
    return roles.ok() ? roles->size() : 0;
  }
  v1::Person& Giver() { return *records_["giver"].mutable_entity()->mutable_person(); }
  static v1::RoleGrant In(const std::string& unit, const std::string& for_whom = "") {
    v1::RoleGrant grant;
    grant.set_role(v1::ROLE_VERIFIER);
    if (!unit.empty()) grant.set_unit(unit);
    if (!for_whom.empty()) grant.set_delegated_by(for_whom);
    return grant;
  }

  std::map<std::string, v1::Record, std::less<>> records_;
};

TEST_F(DelegationTest, APersonKeepsTheOthers) {
  v1::Person person;
  *person.add_roles() = Until(absl::CivilDay(2017, 9, 30));
  *person.add_roles() = Until(absl::CivilDay(2017, 10, 31));
  EXPECT_EQ(Count(person), 2U);
  EXPECT_EQ(Count(person, absl::CivilDay(2017, 10, 1)), 1U);
  EXPECT_EQ(Count(person, absl::CivilDay(2017, 11, 1)), 0U);
}

TEST_F(DelegationTest, WhatIsTakenFromTheGiverIsTakenFromHisStandIn) {
  v1::Person stand_in;
  *stand_in.add_roles() = In("park", "giver");
  EXPECT_EQ(Count(stand_in), 0U) << "nobody gave it";
  v1::Person& giver = Giver();
  *giver.add_roles() = In("park");
  EXPECT_EQ(Count(stand_in), 1U);
  giver.set_departed(true);
  EXPECT_EQ(Count(stand_in), 0U);
  giver.set_departed(false);
  *giver.mutable_roles(0) = In("");
  EXPECT_EQ(Count(stand_in), 1U) << "everywhere is there, too";
  *giver.mutable_roles(0) = In("parks");
  EXPECT_EQ(Count(stand_in), 1U) << "he has it above, and so there";
  *giver.mutable_roles(0) = In("landfill");
  EXPECT_EQ(Count(stand_in), 0U);
  *giver.mutable_roles(0) = In("park", "another");
  EXPECT_EQ(Count(stand_in), 0U) << "it was not his to hand on";
  *giver.mutable_roles(0) = In("park");
  giver.mutable_roles(0)->set_role(v1::ROLE_INSPECTOR);
  EXPECT_EQ(Count(stand_in), 0U);
  *giver.mutable_roles(0) = In("park");
  *giver.mutable_roles(0)->mutable_until() = ToDate(absl::CivilDay(2017, 8, 31));
  EXPECT_EQ(Count(stand_in), 0U) << "his own is over";
}

TEST_F(DelegationTest, NoGrantOfEverywhereComesFromARoleInOneUnit) {
  *Giver().add_roles() = In("park");
  v1::Person stand_in;
  *stand_in.add_roles() = In("", "giver");
  EXPECT_EQ(Count(stand_in), 0U);
  *stand_in.mutable_roles(0) = In("parks", "giver");
  EXPECT_EQ(Count(stand_in), 0U);
}

}  // namespace
}  // namespace vigil::rules
