#include "tests/bench/report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "sync/base/check.h"
#include "sync/cli/console/json.h"
#include "sync/cli/console/table.h"

namespace vigil::bench {
namespace {

// Three digits that count.
std::string Number(double value) {
  const double size = std::abs(value);
  if (size >= 100) return absl::StrFormat("%.0f", value);
  if (size >= 10) return absl::StrFormat("%.1f", value);
  if (size >= 1) return absl::StrFormat("%.2f", value);
  return absl::StrFormat("%.3f", value);
}

std::string Spread(const Figures& figures) {
  return absl::StrCat(Number(figures.Min()), "–", Number(figures.Max()));
}

std::string Limit(Bound bound, double limit) {
  if (limit == 0) return "";
  return absl::StrCat(bound == Bound::kAtLeast ? "≥ " : "≤ ", absl::StrFormat("%.2f", limit));
}

Row EmptyRow(const std::string& name, const std::string& unit, Bound bound, const Limits& limits) {
  Row row;
  row.name = name;
  row.unit = unit;
  row.bound = bound;
  row.target = limits.target;
  row.aim = limits.aim;
  return row;
}

}  // namespace

double Figures::Median() const {
  VIGIL_CHECK(!values_.empty());
  std::vector<double> sorted = values_;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t middle = sorted.size() / 2;
  if (sorted.size() % 2 == 1) return sorted[middle];
  return (sorted[middle - 1] + sorted[middle]) / 2;
}

double Figures::Min() const { return *std::min_element(values_.begin(), values_.end()); }

double Figures::Max() const { return *std::max_element(values_.begin(), values_.end()); }

Row AtLeast(const std::string& name, const std::string& unit, const Limits& limits) {
  return EmptyRow(name, unit, Bound::kAtLeast, limits);
}

Row AtMost(const std::string& name, const std::string& unit, const Limits& limits) {
  return EmptyRow(name, unit, Bound::kAtMost, limits);
}

std::string FormatTable(const std::vector<Row>& rows) {
  using Align = console::Table::Align;
  console::Table table({{.heading = "workload"},
                        {.heading = "unit"},
                        {.heading = "ours", .align = Align::kRight},
                        {.heading = "min–max", .align = Align::kRight},
                        {.heading = "floor", .align = Align::kRight},
                        {.heading = "min–max", .align = Align::kRight},
                        {.heading = "ratio", .align = Align::kRight},
                        {.heading = "must be", .align = Align::kRight},
                        {.heading = "aim", .align = Align::kRight},
                        {.heading = ""}});
  for (const Row& row : rows) {
    table.AddRow({row.name, row.unit, Number(row.ours.Median()), Spread(row.ours),
                  Number(row.floor.Median()), Spread(row.floor),
                  absl::StrFormat("%.2f", row.ratio()), Limit(row.bound, row.target),
                  Limit(row.bound, row.aim), row.ok() ? "met" : "MISSED"});
  }
  return table.ToString();
}

std::string FormatJson(const Row& row) {
  const auto number = [](double value) { return absl::StrFormat("%.6g", value); };
  return console::JsonObject()
      .Set("name", row.name)
      .SetRaw("value", number(row.ours.Median()))
      .SetRaw("min", number(row.ours.Min()))
      .SetRaw("max", number(row.ours.Max()))
      .Set("unit", row.unit)
      .SetRaw("floor", number(row.floor.Median()))
      .SetRaw("ratio", number(row.ratio()))
      .SetRaw("target", number(row.target))
      .Set("ok", row.ok())
      .ToString();
}

std::string Summary(const std::vector<Row>& rows) {
  const auto met = std::count_if(rows.begin(), rows.end(), [](const Row& row) { return row.ok(); });
  const auto all = static_cast<std::ptrdiff_t>(rows.size());
  return absl::StrCat("bench: workloads=", all, " met=", met, " missed=", all - met);
}

}  // namespace vigil::bench
