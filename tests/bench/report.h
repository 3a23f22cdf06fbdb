#ifndef VIGIL_TESTS_BENCH_REPORT_H_
#define VIGIL_TESTS_BENCH_REPORT_H_

#include <string>
#include <vector>

namespace vigil::bench {

// What the repetitions gave, in the unit of their row.
class Figures {
 public:
  void Add(double value) { values_.push_back(value); }
  bool empty() const { return values_.empty(); }
  double Median() const;
  double Min() const;
  double Max() const;

 private:
  std::vector<double> values_;
};

enum class Bound {
  kAtLeast,
  kAtMost,
};

// One line: ours beside what it is measured against, and what their ratio must be.
struct Row {
  std::string name;
  // Of both figures: "operations/s", "ms", "KiB".
  std::string unit;
  Figures ours;
  Figures floor;
  Bound bound = Bound::kAtLeast;
  double target = 0;
  // What would be better still; 0: nothing is said.
  double aim = 0;

  // Of the medians.
  double ratio() const { return ours.Median() / floor.Median(); }
  bool ok() const { return bound == Bound::kAtLeast ? ratio() >= target : ratio() <= target; }
};

// Rows without figures yet. aim 0: nothing is said.
struct Limits {
  double target = 0;
  double aim = 0;
};
Row AtLeast(const std::string& name, const std::string& unit, const Limits& limits);
Row AtMost(const std::string& name, const std::string& unit, const Limits& limits);

// A table for people.
std::string FormatTable(const std::vector<Row>& rows);
// {"name":…,"value":…,"min":…,"max":…,"unit":…,"floor":…,"ratio":…,"target":…,"ok":…}
std::string FormatJson(const Row& row);
// "bench: workloads=3 met=2 missed=1"
std::string Summary(const std::vector<Row>& rows);

}  // namespace vigil::bench

#endif  // VIGIL_TESTS_BENCH_REPORT_H_
