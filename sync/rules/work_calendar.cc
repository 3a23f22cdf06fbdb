#include "sync/rules/work_calendar.h"

#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/protobuf/repeated_field.h"
#include "sync/base/status.h"
#include "sync/base/time.h"

namespace vigil::rules {
namespace {

constexpr int kRowDaysMax = 31;
// The earliest day that a list has named of the December before its year is the 29th; New Year's
// Day and the weekends around it cannot reach further than this.
constexpr int kNextYearsFrom = 25;

struct Row {
  absl::CivilDay first;
  absl::CivilDay last;
};

// The row of days that `text` names, or what is wrong with it.
std::optional<Row> ReadRow(std::string_view text, std::string& reason) {
  constexpr std::string_view kTo = "..";
  const std::size_t to = text.find(kTo);
  const std::string_view first = text.substr(0, to);
  const std::string_view last = to == std::string_view::npos ? first : text.substr(to + kTo.size());
  for (const std::string_view day : {first, last}) {
    if (ParseDay(day).ok()) continue;
    reason = absl::StrCat("'", ToAbsl(day), "' is no date");
    return std::nullopt;
  }
  const Row row{*ParseDay(first), *ParseDay(last)};
  if (row.last < row.first) {
    reason = absl::StrCat("'", ToAbsl(text), "' ends before it begins");
  } else if (row.last - row.first >= kRowDaysMax) {
    reason = absl::StrCat("'", ToAbsl(text), "' has more than ", kRowDaysMax, " days");
  } else {
    return row;
  }
  return std::nullopt;
}

bool IsOfList(absl::CivilDay day, int year) {
  return day.year() == year || (day.year() == year - 1 && day.month() == 12);
}

class ListReader {
 public:
  explicit ListReader(const v1::WorkingDayList& list) : list_(list) {}

  // False at the first fault, which `fault` then tells.
  bool Read(WorkingDayFault& fault) {
    if (list_.year() < kYearMin || list_.year() > kYearMax) {
      fault.field = "year";
      fault.reason = absl::StrCat("a list of the year ", list_.year());
      return false;
    }
    return ReadDays(list_.off(), false, "off", fault) &&
           ReadDays(list_.work(), true, "work", fault);
  }

  const std::map<absl::CivilDay, bool>& days() const { return days_; }

 private:
  bool ReadDays(const google::protobuf::RepeatedPtrField<std::string>& rows, bool worked,
                const char* field, WorkingDayFault& fault) {
    fault.field = field;
    for (int i = 0; i < rows.size(); ++i) {
      fault.index = i;
      const std::optional<Row> row = ReadRow(rows[i], fault.reason);
      if (!row) return false;
      for (absl::CivilDay day = row->first; day <= row->last; ++day) {
        if (!IsOfList(day, list_.year())) {
          fault.reason =
              absl::StrCat(FormatDay(day), " does not belong to a list of ", list_.year());
          return false;
        }
        if (!days_.emplace(day, worked).second) {
          fault.reason = absl::StrCat(FormatDay(day), " is named twice");
          return false;
        }
      }
    }
    return true;
  }

  const v1::WorkingDayList& list_;
  std::map<absl::CivilDay, bool> days_;
};

}  // namespace

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

std::optional<WorkingDayFault> FindFault(const v1::WorkingDayLists& lists) {
  std::set<int> years;
  for (int i = 0; i < lists.list_size(); ++i) {
    WorkingDayFault fault;
    fault.list = i;
    if (!years.insert(lists.list(i).year()).second) {
      fault.field = "year";
      fault.reason = absl::StrCat("there are two lists of ", lists.list(i).year());
      return fault;
    }
    if (!ListReader(lists.list(i)).Read(fault)) return fault;
  }
  return std::nullopt;
}

WorkCalendar::WorkCalendar(v1::WorkingDayLists lists) : lists_(std::move(lists)) {
  // In the order of their years, so that what a later one says of a day replaces an earlier one's.
  std::map<int, const v1::WorkingDayList*> by_year;
  for (const v1::WorkingDayList& list : lists_.list()) by_year.emplace(list.year(), &list);
  for (const auto& [year, list] : by_year) {
    ListReader reader(*list);
    WorkingDayFault fault;
    if (!reader.Read(fault)) continue;
    years_.insert(year);
    for (const auto& [day, worked] : reader.days()) worked_.insert_or_assign(day, worked);
  }
}

bool WorkCalendar::IsWorkingDay(absl::CivilDay day) const {
  if (const auto named = worked_.find(day); named != worked_.end()) return named->second;
  const absl::Weekday weekday = absl::GetWeekday(day);
  return weekday != absl::Weekday::saturday && weekday != absl::Weekday::sunday;
}

WorkCalendar::Result WorkCalendar::Add(const v1::Date& date, int days) const {
  std::set<int> missing;
  const auto need = [&](absl::CivilYear year) {
    const int number = static_cast<int>(year.year());
    if (years_.count(number) == 0) missing.insert(number);
  };
  absl::CivilDay day = ToDay(date);
  const int step = days < 0 ? -1 : 1;
  for (int left = days; left != 0;) {
    day += step;
    need(absl::CivilYear(day));
    if (day.month() == 12 && day.day() >= kNextYearsFrom) need(absl::CivilYear(day) + 1);
    if (IsWorkingDay(day)) left -= step;
  }
  return {ToDate(day), {missing.begin(), missing.end()}};
}

}  // namespace vigil::rules
