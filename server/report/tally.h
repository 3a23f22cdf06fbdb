#ifndef VIGIL_SERVER_REPORT_TALLY_H_
#define VIGIL_SERVER_REPORT_TALLY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/report/hazard_lines.h"
#include "server/report/order_lines.h"
#include "server/report/reports.h"

// Counting. Rejected reports and duplicates are no hazards, as in the register's figures; one that
// was transferred is found and not rectified, and is counted apart, too.

namespace vigil::report {

struct Tally {
  std::int64_t found = 0;
  std::int64_t rectified = 0;
  std::int64_t overdue = 0;
  // Of those that are not rectified.
  std::int64_t transferred = 0;
  std::int64_t dated = 0;
  double days = 0;

  std::int64_t open() const { return found - rectified; }
  std::int64_t in_hand() const { return open() - transferred; }
  // In percent, of two decimals; nothing where nothing was found.
  std::optional<double> rate() const;
  // Of those that were rectified and dated, of one decimal.
  std::optional<double> average_days() const;

  void Add(const HazardLine& line);
};

struct Group {
  // By which people and programs know it.
  std::string code;
  std::string name;
  Tally tally;
};

// In the order in which they are shown: their keys.
using Groups = std::map<std::string, Group>;

// Hazards by everything that they are counted by.
class HazardTally {
 public:
  HazardTally(Records& records, Language language, absl::TimeZone zone, v1::ReportPeriod period)
      : records_(records), language_(language), zone_(zone), period_(period) {}

  absl::Status Add(const HazardLine& line);

  const Tally& total() const { return total_; }
  std::int64_t major() const { return major_; }
  const Groups& departments() const { return departments_; }
  const Groups& districts() const { return districts_; }
  const Groups& site_types() const { return site_types_; }
  const Groups& grades() const { return grades_; }
  // When they were found.
  const Groups& periods() const { return periods_; }

 private:
  absl::Status AddTo(Groups& groups, const std::string& unit, const HazardLine& line);

  Records& records_;
  const Language language_;
  const absl::TimeZone zone_;
  const v1::ReportPeriod period_;
  Tally total_;
  std::int64_t major_ = 0;
  Groups departments_;
  Groups districts_;
  Groups site_types_;
  Groups grades_;
  Groups periods_;
};

// Entries of the ledgers of tagged supervision: those lifted are done, those transferred counted
// apart.
absl::StatusOr<Groups> CountOrders(Context& context, Records& records, const OrderChoice& choice,
                                   Language language);

struct Days {
  std::optional<absl::CivilDay> from;
  std::optional<absl::CivilDay> to;

  bool Has(const v1::Date& date) const;
};
// Bulletins that were issued on these days, and what became of the hazards that they circulated.
// Hazards that the reader may not see are not counted.
absl::StatusOr<Groups> CountBulletins(Context& context, Records& records, const Days& days);

// The columns that all of them share, after code and name.
Section TallySection(std::string_view name, std::string title, Language language);
Row TallyRow(const Group& group);
absl::Status WriteGroups(TableWriter& writer, const Section& section, const Groups& groups);

// "2017-Q1" and "2017年第一季度".
struct PeriodName {
  std::string code;
  std::string name;
};
PeriodName NameOfPeriod(absl::CivilDay day, v1::ReportPeriod period, Language language);

}  // namespace vigil::report

#endif  // VIGIL_SERVER_REPORT_TALLY_H_
