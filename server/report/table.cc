#include "server/report/table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sync/base/check.h"
#include "sync/base/time.h"

namespace vigil::report {
namespace {

constexpr Text kYes{"yes", "是"};
constexpr Text kNo{"no", "否"};

}  // namespace

Chosen::Chosen(const Section& section, const std::vector<std::string_view>& names)
    : section_(section) {
  section_.columns.clear();
  for (std::size_t i = 0; i < section.columns.size(); ++i) {
    if (std::find(names.begin(), names.end(), section.columns[i].name) == names.end()) continue;
    section_.columns.push_back(section.columns[i]);
    places_.push_back(i);
  }
  VIGIL_CHECK(places_.size() == names.size()) << section.name;
}

Row Chosen::Of(Row row) const {
  std::vector<Value> values;
  for (const std::size_t place : places_) values.push_back(std::move(row.values[place]));
  row.values = std::move(values);
  return row;
}

std::string NumberText(double value) { return absl::StrCat(value); }

std::string TextOf(const Value& value, Language language, const absl::TimeZone& zone) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* number = std::get_if<std::int64_t>(&value)) return absl::StrCat(*number);
  if (const auto* real = std::get_if<double>(&value)) return NumberText(*real);
  if (const auto* flag = std::get_if<bool>(&value)) return In(*flag ? kYes : kNo, language);
  if (const auto* day = std::get_if<absl::CivilDay>(&value)) return FormatDay(*day);
  if (const auto* instant = std::get_if<absl::Time>(&value)) {
    return absl::FormatTime("%Y-%m-%d %H:%M", *instant, zone);
  }
  return "";
}

}  // namespace vigil::report
