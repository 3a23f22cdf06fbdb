#include "server/import/dates.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "sync/base/status.h"
#include "sync/base/time.h"

namespace vigil::importer {
namespace {

absl::Status NoSuchDay() { return absl::InvalidArgumentError("not a day"); }

// A whole number of at most `digits` digits, and nothing else.
std::optional<int> Digits(std::string_view text, std::size_t digits) {
  int value = 0;
  const bool plain = !text.empty() && text.size() <= digits &&
                     text.find_first_not_of("0123456789") == std::string_view::npos;
  if (!plain || !absl::SimpleAtoi(ToAbsl(text), &value)) return std::nullopt;
  return value;
}

// "2017/7/31" as the one form that ParseDay takes.
absl::StatusOr<absl::CivilDay> ParseDayPart(std::string_view text) {
  std::string plain = absl::StrReplaceAll(
      ToAbsl(text), {{"年", "-"}, {"月", "-"}, {"日", ""}, {"/", "-"}, {".", "-"}});
  const std::vector<std::string> parts = absl::StrSplit(plain, '-');
  if (parts.size() != 3 || parts[0].size() != 4) return NoSuchDay();
  const std::optional<int> year = Digits(parts[0], 4);
  const std::optional<int> month = Digits(parts[1], 2);
  const std::optional<int> day = Digits(parts[2], 2);
  if (!year || !month || !day) return NoSuchDay();
  return ParseDay(absl::StrFormat("%04d-%02d-%02d", *year, *month, *day));
}

// "8:00", "08:00:15", "08:00:15.5": since midnight.
std::optional<absl::Duration> ParseClock(std::string_view text) {
  const std::size_t point = text.find('.');
  absl::Duration fraction = absl::ZeroDuration();
  if (point != std::string_view::npos) {
    std::string digits(text.substr(point + 1));
    const std::optional<int> value = Digits(digits, 6);
    if (!value) return std::nullopt;
    int micros = *value;
    for (std::size_t i = digits.size(); i < 6; ++i) micros *= 10;
    fraction = absl::Microseconds(micros);
    text = text.substr(0, point);
  }
  const std::vector<std::string> parts = absl::StrSplit(ToAbsl(text), ':');
  if (parts.size() < 2 || parts.size() > 3) return std::nullopt;
  if (point != std::string_view::npos && parts.size() != 3) return std::nullopt;
  constexpr std::array kLimits = {24, 60, 60};
  std::array<int, 3> values = {};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::optional<int> value = Digits(parts[i], 2);
    if (!value || *value >= kLimits[i]) return std::nullopt;
    values[i] = *value;
  }
  return absl::Hours(values[0]) + absl::Minutes(values[1]) + absl::Seconds(values[2]) + fraction;
}

struct Halves {
  std::string_view day;
  std::string_view clock;
};

Halves Split(std::string_view text) {
  const std::size_t gap = text.find_first_of(" T");
  if (gap == std::string_view::npos) return {text, {}};
  return {text.substr(0, gap),
          ToStd(absl::StripLeadingAsciiWhitespace(ToAbsl(text.substr(gap + 1))))};
}

}  // namespace

absl::StatusOr<absl::CivilDay> ParseCellDay(std::string_view text) {
  const Halves halves = Split(text);
  if (!halves.clock.empty() && ParseClock(halves.clock) != absl::ZeroDuration()) return NoSuchDay();
  return ParseDayPart(halves.day);
}

absl::StatusOr<absl::Time> ParseCellTime(std::string_view text, const absl::TimeZone& zone) {
  if (absl::StatusOr<absl::Time> instant = ParseInstant(text); instant.ok()) return instant;
  const Halves halves = Split(text);
  VIGIL_ASSIGN_OR_RETURN(const absl::CivilDay day, ParseDayPart(halves.day));
  if (halves.clock.empty()) return StartOfDay(day, zone);
  const std::optional<absl::Duration> clock = ParseClock(halves.clock);
  if (!clock) return absl::InvalidArgumentError("not a time of day");
  // By the clock on the wall, also on a day on which it was put forward.
  const absl::CivilSecond second = absl::CivilSecond(day) + absl::ToInt64Seconds(*clock);
  const absl::Duration fraction = *clock - absl::Seconds(absl::ToInt64Seconds(*clock));
  return absl::FromCivil(second, zone) + fraction;
}

bool SaysTheSame(absl::Time written, absl::Time exact, const absl::TimeZone& zone) {
  if (written == exact) return true;
  const absl::TimeZone::CivilInfo info = zone.At(written);
  if (info.subsecond != absl::ZeroDuration() || info.cs.second() != 0) return false;
  if (absl::CivilMinute(info.cs) == absl::CivilMinute(zone.At(exact).cs)) return true;
  const bool midnight = info.cs.hour() == 0 && info.cs.minute() == 0;
  return midnight && DayAt(written, zone) == DayAt(exact, zone);
}

}  // namespace vigil::importer
