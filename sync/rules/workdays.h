#ifndef VIGIL_SYNC_RULES_WORKDAYS_H_
#define VIGIL_SYNC_RULES_WORKDAYS_H_

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "vigil/v1/common.pb.h"

// Dates of the register's zone, and working days.

namespace vigil::rules {

v1::Date ToDate(absl::CivilDay day);
absl::CivilDay ToDay(const v1::Date& date);
v1::Date DateAt(absl::Time instant, const absl::TimeZone& zone);

// The date `days` working days after `date` (before it, where negative). The start is not counted,
// the result is. Working days are Monday to Friday: no year's list of days off is known yet.
v1::Date AddWorkingDays(const v1::Date& date, int days);

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_WORKDAYS_H_
