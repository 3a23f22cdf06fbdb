#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/server/report/report_maker.h"

namespace vigil::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class StatsTest : public ReportTest {
 protected:
  using Cells = std::vector<std::string>;

  // Section and code, and what stands behind the name.
  std::map<std::string, Cells> Counted(v1::ExportReportRequest request) {
    std::map<std::string, Cells> rows;
    const std::string text = Text(request);
    for (const auto line : absl::StrSplit(text, "\r\n", absl::SkipEmpty())) {
      const Cells cells = absl::StrSplit(line, ',');
      EXPECT_EQ(cells.size(), 11U) << line;
      rows[cells[0] + "/" + cells[1]] = Cells(cells.begin() + 3, cells.end());
    }
    return rows;
  }
  static v1::ExportReportRequest Csv() {
    return Request(v1::REPORT_KIND_STATS, v1::REPORT_FORMAT_CSV);
  }

  // Verified so many days after it was found.
  v1::Hazard Rectified(std::string_view number, const std::string& source, int days) {
    v1::Hazard hazard = HazardOf(number, source);
    hazard.set_status(v1::HAZARD_STATUS_VERIFIED);
    *hazard.mutable_verified_at() = At(absl::CivilDay(2017, 3, 1) + days);
    return hazard;
  }
};

// Counted by hand: five hazards and a report that was rejected.
TEST_F(StatsTest, ASmallRegisterIsCountedAsPeopleWould) {
  ImportHazard(Rectified("H-1", reg_.risk_source, 10));
  ImportHazard(Rectified("H-2", reg_.other_risk_source, 15));
  v1::Hazard late = HazardOf("H-3", reg_.risk_source);
  late.set_grade(v1::HAZARD_GRADE_MAJOR);
  ImportHazard(late);
  v1::Hazard later = HazardOf("H-4", reg_.risk_source);
  *later.mutable_found_at() = At(absl::CivilDay(2017, 4, 30));
  *later.mutable_due_date() = DateOf(absl::CivilDay(2200, 1, 1));
  ImportHazard(later);
  v1::Hazard gone = HazardOf("H-5", reg_.risk_source);
  gone.set_status(v1::HAZARD_STATUS_TRANSFERRED);
  ImportHazard(gone);
  v1::Hazard rejected = HazardOf("H-6", reg_.risk_source);
  rejected.set_status(v1::HAZARD_STATUS_REJECTED);
  ImportHazard(rejected);

  const auto rows = Counted(Csv());
  // found, rectified, open, rate, overdue, average days, transferred, in hand
  EXPECT_EQ(rows.at("total/total"), (Cells{"5", "2", "3", "40", "1", "12.5", "1", "2"}));
  EXPECT_EQ(rows.at("department/PARKS"), rows.at("total/total"));
  EXPECT_EQ(rows.at("site_type/park_slope"), rows.at("total/total"));
  EXPECT_EQ(rows.at("district/"), rows.at("total/total"));
  EXPECT_EQ(rows.at("grade/general"), (Cells{"4", "2", "2", "50", "0", "12.5", "1", "1"}));
  EXPECT_EQ(rows.at("grade/major"), (Cells{"1", "0", "1", "0", "1", "", "0", "1"}));
  EXPECT_EQ(rows.at("period/2017-03"), (Cells{"4", "2", "2", "50", "1", "12.5", "1", "1"}));
  EXPECT_EQ(rows.at("period/2017-04"), (Cells{"1", "0", "1", "0", "0", "", "0", "1"}));

  v1::ExportReportRequest quarters = Csv();
  quarters.set_period(v1::REPORT_PERIOD_QUARTER);
  EXPECT_EQ(Counted(quarters).at("period/2017-Q1")[0], "4");
  v1::ExportReportRequest one_source = Csv();
  one_source.mutable_filter()->set_risk_source(reg_.other_risk_source);
  EXPECT_EQ(Counted(one_source).at("total/total"),
            (Cells{"1", "1", "0", "100", "0", "15", "0", "0"}));
}

// The groups of a section are the whole, however many pages it takes; and as often as somebody
// counts who reads the list.
TEST_F(StatsTest, ManyHazardsAreCountedAsANaiveCountDoes) {
  constexpr int kHazards = 1100;  // Three pages.
  SeededRandom random(17);
  std::map<std::string, std::int64_t> found;
  std::map<std::string, std::int64_t> rectified;
  std::int64_t overdue = 0;
  for (int i = 0; i < kHazards; ++i) {
    v1::Hazard hazard = HazardOf(absl::StrCat("H-", i), reg_.risk_source);
    if (random.Next() % 3 == 0) hazard.set_grade(v1::HAZARD_GRADE_MAJOR);
    const absl::CivilDay day = absl::CivilDay(2016, 1, 1) + static_cast<int>(random.Next() % 700);
    *hazard.mutable_found_at() = At(day);
    const bool is_rectified = random.Next() % 2 == 0;
    if (is_rectified) hazard.set_status(v1::HAZARD_STATUS_VERIFIED);
    const bool is_late = random.Next() % 2 == 0;
    *hazard.mutable_due_date() = DateOf(absl::CivilDay(is_late ? 2016 : 2200, 1, 1));
    ImportHazard(hazard);
    for (const std::string& key :
         {std::string("total/total"),
          std::string(hazard.grade() == v1::HAZARD_GRADE_MAJOR ? "grade/major" : "grade/general"),
          absl::StrCat("period/", day.year())}) {
      ++found[key];
      rectified[key] += is_rectified ? 1 : 0;
    }
    overdue += is_late && !is_rectified ? 1 : 0;
  }
  v1::ExportReportRequest request = Csv();
  request.set_period(v1::REPORT_PERIOD_YEAR);
  const auto rows = Counted(request);
  for (const auto& [key, count] : found) {
    EXPECT_EQ(rows.at(key)[0], absl::StrCat(count)) << key;
    EXPECT_EQ(rows.at(key)[1], absl::StrCat(rectified[key])) << key;
  }
  EXPECT_EQ(rows.at("total/total")[4], absl::StrCat(overdue));
}

// A bulletin's hazards that the reader may not see are not counted.
TEST_F(StatsTest, BulletinsCountWhatTheyCirculate) {
  const std::string done = ImportHazard(Rectified("H-1", reg_.risk_source, 10));
  const std::string open = ImportHazard(HazardOf("H-2", reg_.risk_source));
  v1::Entity entity;
  v1::Bulletin& bulletin = *entity.mutable_bulletin();
  bulletin.set_number("B-1");
  bulletin.add_hazards(done);
  bulletin.add_hazards(open);
  *bulletin.mutable_issued_on() = DateOf(absl::CivilDay(2017, 3, 31));
  Import(entity);
  EXPECT_EQ(Counted(Csv()).at("bulletin/B-1"), (Cells{"2", "1", "1", "50", "0", "10", "0", "1"}));
  EXPECT_THAT(Text(Request(v1::REPORT_KIND_STATS, v1::REPORT_FORMAT_JSON)),
              HasSubstr("\"circulated\":2"));

  sees_ = [&](const Uuid& id) { return id.ToString() == open; };
  EXPECT_EQ(Counted(Csv()).at("bulletin/B-1")[0], "1");

  v1::ExportReportRequest later = Csv();
  *later.mutable_filter()->mutable_found_from() = DateOf(absl::CivilDay(2017, 4, 1));
  EXPECT_EQ(Counted(later).count("bulletin/B-1"), 0U);
}

TEST_F(StatsTest, TheBulletinOfAQuarterSaysWhatWasFoundInIt) {
  ImportHazard(Rectified("H-1", reg_.risk_source, 10));
  ImportHazard(HazardOf("H-2", reg_.risk_source));
  v1::Hazard later = HazardOf("H-3", reg_.risk_source);
  *later.mutable_found_at() = At(absl::CivilDay(2017, 4, 1));
  ImportHazard(later);
  v1::ExportReportRequest request =
      Request(v1::REPORT_KIND_BULLETIN, v1::REPORT_FORMAT_HTML, v1::REPORT_LANGUAGE_CHINESE);
  *request.mutable_from() = DateOf(absl::CivilDay(2017, 1, 1));
  *request.mutable_to() = DateOf(absl::CivilDay(2017, 3, 31));
  const std::string text = Text(request);
  EXPECT_THAT(text, HasSubstr("2017年第一季度安全隐患排查治理情况通报"));
  EXPECT_THAT(text, HasSubstr("共排查发现隐患2项，其中重大隐患0项；已整改1项，未整改1项"));
  EXPECT_THAT(text, HasSubstr("整改率50.00%，平均整改10天；目前超期1项"));
  EXPECT_THAT(text, HasSubstr("H-2"));
  EXPECT_THAT(text, Not(HasSubstr("H-3")));

  StringSink sink;
  *request.mutable_to() = DateOf(absl::CivilDay(2016, 12, 31));
  EXPECT_THAT(Make(request, sink), vigil::testing::ReasonIs("REASON_INVALID_DATE"));
  request.clear_from();
  EXPECT_THAT(Make(request, sink), vigil::testing::ReasonIs("REASON_INVALID_DATE"));
  request.set_format(v1::REPORT_FORMAT_GEOJSON);
  EXPECT_THAT(Make(request, sink), vigil::testing::ReasonIs("REASON_INVALID_VALUE"));
}

}  // namespace
}  // namespace vigil::report
