#ifndef VIGIL_TESTS_UNIT_SERVER_ESCALATION_ESCALATION_FIXTURE_H_
#define VIGIL_TESTS_UNIT_SERVER_ESCALATION_ESCALATION_FIXTURE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/escalation/escalation_clock.h"
#include "sync/rules/work_calendar.h"
#include "tests/support/status_matchers.h"
#include "tests/support/test_register.h"

namespace vigil::testing {

inline v1::Date Day(int year, int month, int day) {
  return rules::ToDate(absl::CivilDay(year, month, day));
}

// A ladder of one rung that tells the department.
inline v1::Ladder LadderOf(v1::EscalationStep step, int days) {
  v1::Ladder ladder;
  ladder.set_edition("test");
  v1::Rung& rung = *ladder.add_rung();
  rung.set_step(step);
  rung.set_days(days);
  rung.add_tell(v1::ADDRESSEE_DEPARTMENT);
  return ladder;
}

// The number of steps that a tick fired; -1 with a failure of the test.
inline std::int64_t Tick(TestRegister& reg, escalation::EscalationClock& clock) {
  absl::StatusOr<std::int64_t> answer = absl::UnknownError("not answered");
  clock.Tick([&](absl::StatusOr<std::int64_t> fired) { answer = fired; });
  reg.executor().RunUntilIdle();
  EXPECT_THAT(answer, IsOk());
  return answer.value_or(-1);
}

inline std::vector<v1::Escalation> EscalationsOf(TestRegister& reg) {
  std::vector<v1::Escalation> found;
  auto snapshot = reg.store().Read();
  auto page = (*snapshot)->Records(v1::Entity::kEscalation, Uuid(), 1000, "",
                                   store::RecordScope::Everything());
  EXPECT_THAT(page, IsOk());
  for (const store::StoredRecord& stored : page->records) {
    v1::Record record;
    EXPECT_TRUE(record.ParseFromString(stored.bytes));
    found.push_back(record.entity().escalation());
  }
  return found;
}

}  // namespace vigil::testing

#endif  // VIGIL_TESTS_UNIT_SERVER_ESCALATION_ESCALATION_FIXTURE_H_
