#include "sync/rules/workdays.h"

#include "sync/base/time.h"

namespace vigil::rules {

v1::Date ToDate(absl::CivilDay day) {
  v1::Date date;
  date.set_year(static_cast<int>(day.year()));
  date.set_month(day.month());
  date.set_day(day.day());
  return date;
}

absl::CivilDay ToDay(const v1::Date& date) {
  return absl::CivilDay(date.year(), date.month(), date.day());
}

v1::Date DateAt(absl::Time instant, const absl::TimeZone& zone) {
  return ToDate(DayAt(instant, zone));
}

v1::Date AddWorkingDays(const v1::Date& date, int days) {
  absl::CivilDay day = ToDay(date);
  const int step = days < 0 ? -1 : 1;
  for (int left = days; left != 0;) {
    day += step;
    const absl::Weekday weekday = absl::GetWeekday(day);
    if (weekday != absl::Weekday::saturday && weekday != absl::Weekday::sunday) left -= step;
  }
  return ToDate(day);
}

}  // namespace vigil::rules
