#include "sync/base/time.h"

#include "absl/strings/str_format.h"
#include "sync/base/status.h"

namespace vigil {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Whether `text` has the shape of `pattern`, where 0 stands for any digit.
bool HasShape(std::string_view text, std::string_view pattern) {
  if (text.size() != pattern.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (pattern[i] == '0' ? !IsDigit(text[i]) : text[i] != pattern[i]) return false;
  }
  return true;
}

int NumberAt(std::string_view text, std::size_t begin, std::size_t digits) {
  int number = 0;
  for (const char c : text.substr(begin, digits)) number = number * 10 + (c - '0');
  return number;
}

absl::Status Refuse(std::string_view what, std::string_view text) {
  return Error(absl::StatusCode::kInvalidArgument,
               absl::StrFormat("%s: \"%s\"", ToAbsl(what), ToAbsl(text.substr(0, 64))));
}

}  // namespace

bool IsPlausible(absl::Time instant) {
  static const absl::Time begin =
      absl::FromCivil(absl::CivilSecond(kYearMin, 1, 1), absl::UTCTimeZone());
  static const absl::Time end =
      absl::FromCivil(absl::CivilSecond(kYearMax + 1, 1, 1), absl::UTCTimeZone());
  return begin <= instant && instant < end;
}

bool IsPlausible(absl::CivilDay day) { return kYearMin <= day.year() && day.year() <= kYearMax; }

absl::CivilDay DayAt(absl::Time instant, const absl::TimeZone& zone) {
  return absl::ToCivilDay(instant, zone);
}

absl::Time StartOfDay(absl::CivilDay day, const absl::TimeZone& zone) {
  const absl::TimeZone::TimeInfo midnight = zone.At(absl::CivilSecond(day));
  // A midnight that the clocks skip: the day begins where they land. One that comes twice: the
  // first.
  return midnight.kind == absl::TimeZone::TimeInfo::SKIPPED ? midnight.trans : midnight.pre;
}

std::string FormatDay(absl::CivilDay day) {
  return absl::StrFormat("%04d-%02d-%02d", day.year(), day.month(), day.day());
}

absl::StatusOr<absl::CivilDay> ParseDay(std::string_view text) {
  if (!HasShape(text, "0000-00-00")) return Refuse("a day is written YYYY-MM-DD", text);
  const int year = NumberAt(text, 0, 4);
  const int month = NumberAt(text, 5, 2);
  const int day_of_month = NumberAt(text, 8, 2);
  const absl::CivilDay day(year, month, day_of_month);
  // CivilDay carries 31 April over to 1 May.
  if (day.month() != month || day.day() != day_of_month) return Refuse("no such day", text);
  if (!IsPlausible(day)) return Refuse("the year is outside 1900-2200", text);
  return day;
}

std::string FormatInstant(absl::Time instant) {
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E3SZ", instant, absl::UTCTimeZone());
}

absl::StatusOr<absl::Time> ParseInstant(std::string_view text) {
  absl::Time instant;
  std::string why;
  // absl::ParseTime accepts surrounding blanks and "infinite-future"; the register does not.
  const bool begins_right =
      text.size() >= 20 && HasShape(text.substr(0, 19), "0000-00-00T00:00:00");
  if (!begins_right || text.back() == ' ' ||
      !absl::ParseTime(absl::RFC3339_full, ToAbsl(text), &instant, &why)) {
    return Refuse("an instant is written as in RFC 3339", text);
  }
  if (!IsPlausible(instant)) return Refuse("the year is outside 1900-2200", text);
  return instant;
}

absl::StatusOr<absl::TimeZone> LoadZone(std::string_view name) {
  absl::TimeZone zone;
  // An empty name and "localtime" would mean the machine's own zone.
  if (!name.empty() && name != "localtime" && absl::LoadTimeZone(ToAbsl(name), &zone)) return zone;
  if (name == "UTC") return absl::UTCTimeZone();
  if (name == "Asia/Shanghai") return absl::FixedTimeZone(8 * 60 * 60);
  return Refuse("no such time zone", name);
}

std::int64_t ToMicros(absl::Time instant) { return absl::ToUnixMicros(instant); }

absl::Time FromMicros(std::int64_t micros) { return absl::FromUnixMicros(micros); }

std::int64_t ToDayNumber(absl::CivilDay day) { return day - absl::CivilDay(1970, 1, 1); }

absl::CivilDay FromDayNumber(std::int64_t number) { return absl::CivilDay(1970, 1, 1) + number; }

}  // namespace vigil
