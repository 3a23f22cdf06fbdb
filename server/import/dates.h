#ifndef VIGIL_SERVER_IMPORT_DATES_H_
#define VIGIL_SERVER_IMPORT_DATES_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

// Dates and times as people and Excel write them in China.

namespace vigil::importer {

// 2017-07-31, 2017/7/31, 2017.7.31 or 2017年7月31日; a time of midnight may follow, which Excel
// adds. A day of the years 1900 to 2200, or INVALID_ARGUMENT.
absl::StatusOr<absl::CivilDay> ParseCellDay(std::string_view text);

// RFC 3339 with its offset, 2017-07-31T08:00:00+08:00; or such a day with a time of `zone`,
// 2017/7/31 8:00, or without one (it began then). INVALID_ARGUMENT as above.
absl::StatusOr<absl::Time> ParseCellTime(std::string_view text, const absl::TimeZone& zone);

// A spreadsheet drops the seconds of a time, and people the hours. Whether `written`, which may
// come from there, says nothing else than `exact`: the same instant; the same minute of `zone`
// where it has no seconds; the same day where it is midnight.
bool SaysTheSame(absl::Time written, absl::Time exact, const absl::TimeZone& zone);

}  // namespace vigil::importer

#endif  // VIGIL_SERVER_IMPORT_DATES_H_
