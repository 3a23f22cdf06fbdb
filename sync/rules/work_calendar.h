#ifndef VIGIL_SYNC_RULES_WORK_CALENDAR_H_
#define VIGIL_SYNC_RULES_WORK_CALENDAR_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "vigil/v1/common.pb.h"
#include "vigil/v1/working_days.pb.h"

// Dates of the register's zone, and working days.

namespace vigil::rules {

v1::Date ToDate(absl::CivilDay day);
absl::CivilDay ToDay(const v1::Date& date);
v1::Date DateAt(absl::Time instant, const absl::TimeZone& zone);

// What is wrong with lists that somebody wrote: the first fault, and where it is.
struct WorkingDayFault {
  int list = 0;
  // Name of the list's field, and which of its values.
  std::string field;
  int index = 0;
  // "2017-02-30 is no date".
  std::string reason;
};
// Nullopt: none. A list's days must be dates of its year or of the December before it, each named
// once; a year has one list; a row of days has 31 at most.
std::optional<WorkingDayFault> FindFault(const v1::WorkingDayLists& lists);

class WorkCalendar {
 public:
  struct Result {
    v1::Date date;
    // Whose lists were missing on the way, in order: there Monday to Friday counted as worked. The
    // last week of a year needs the next year's list too.
    std::vector<int> years_without_list;
  };

  // Without any list.
  WorkCalendar() = default;
  // What has a fault counts for nothing.
  explicit WorkCalendar(v1::WorkingDayLists lists);

  const v1::WorkingDayLists& lists() const { return lists_; }

  bool IsWorkingDay(absl::CivilDay day) const;
  // The date `days` working days after `date` (before it, where negative). The start is not
  // counted, the result is.
  Result Add(const v1::Date& date, int days) const;

 private:
  v1::WorkingDayLists lists_;
  std::set<int> years_;
  // Days that differ from the week's rule, or may.
  std::map<absl::CivilDay, bool> worked_;
};

}  // namespace vigil::rules

#endif  // VIGIL_SYNC_RULES_WORK_CALENDAR_H_
