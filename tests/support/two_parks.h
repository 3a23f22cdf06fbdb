#ifndef VIGIL_TESTS_SUPPORT_TWO_PARKS_H_
#define VIGIL_TESTS_SUPPORT_TWO_PARKS_H_

#include <string>
#include <string_view>
#include <vector>

#include "sync/rules/judge.h"
#include "tests/support/test_register.h"

namespace vigil::testing {

// The same kinds of records in two units that have nothing to do with each other, for tests of who
// sees what: `here` lives in TestRegister::unit, `there` in other_unit; the office has a device.
class TwoParks {
 public:
  struct Park {
    std::string unit;
    std::string risk_source;
    std::string hazard;
    std::string number;
    // Of the hazard, proposed.
    std::string order;
    std::string escalation;
    // The version of the hazard before its description was in conflict.
    std::uint64_t before_conflict = 0;
    // What the two clerks wrote.
    std::vector<std::string> descriptions;
  };

  explicit TwoParks(TestRegister& reg);

  const Park& here() const { return here_; }
  const Park& there() const { return there_; }
  const std::string& device() const { return device_; }

  // One more hazard with a proposed order; neither escalated nor in conflict.
  Park AddHazard(const std::string& unit, const std::string& risk_source);
  // Proposes to hand the park's hazard over to TestRegister::district; the transfer's id.
  std::string Offer(const Park& park);
  // Somebody of the office who has this role; an empty unit: everywhere.
  rules::Author Caller(v1::Role role, std::string_view unit);
  rules::Author Nobody();
  // An operation of the caller's that has seen these records as they are.
  v1::Operation Begin(const rules::Author& caller, const std::vector<std::string>& seen);
  void Apply(const Actor& actor, const v1::Operation& operation);

 private:
  Park Make(const std::string& unit, const std::string& risk_source);
  void Describe(Park& park);
  void FireEscalation(Park& park);

  TestRegister& reg_;
  Actor office_;
  Park here_;
  Park there_;
  std::string device_;
};

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_SUPPORT_TWO_PARKS_H_
