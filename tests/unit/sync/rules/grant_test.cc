#include "sync/rules/grant.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/rules/workdays.h"

namespace vigil::rules {
namespace {

using ::testing::SizeIs;

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

TEST(GrantTest, APersonKeepsTheOthers) {
  v1::Person person;
  *person.add_roles() = Until(absl::CivilDay(2017, 9, 30));
  *person.add_roles() = Until(absl::CivilDay(2017, 10, 31));
  EXPECT_THAT(RolesOn(person, ToDate(absl::CivilDay(2017, 9, 1))), SizeIs(2));
  EXPECT_THAT(RolesOn(person, ToDate(absl::CivilDay(2017, 10, 1))), SizeIs(1));
  EXPECT_THAT(RolesOn(person, ToDate(absl::CivilDay(2017, 11, 1))), SizeIs(0));
}

}  // namespace
}  // namespace vigil::rules
