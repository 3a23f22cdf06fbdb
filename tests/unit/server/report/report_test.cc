#include "server/report/report.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/import/csv.h"
#include "server/import/layout.h"
#include "tests/unit/server/report/report_maker.h"

namespace vigil::report {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using vigil::testing::ReasonIs;

using Reports = ReportTest;

TEST_F(Reports, TheColumnsOfTheLedgerAreThoseOfAnImport) {
  v1::Hazard hazard = HazardOf("H-1", reg_.risk_source);
  hazard.mutable_position()->set_latitude(22.5);
  hazard.mutable_position()->set_longitude(114.25);
  hazard.mutable_position()->set_datum(v1::DATUM_WGS84);
  hazard.set_description("=1+1, \"wide\"");
  ImportHazard(hazard);
  const importer::CsvTable table =
      importer::ParseCsv(Text(Request(v1::REPORT_KIND_HAZARDS, v1::REPORT_FORMAT_CSV)));
  EXPECT_THAT(table.faults, IsEmpty());
  ASSERT_THAT(table.rows, SizeIs(2));
  const importer::FileLayout& layout = *importer::FindLayout("hazards.csv");
  std::map<std::string, std::string> row;
  for (std::size_t i = 0; i < table.rows[0].cells.size(); ++i) {
    EXPECT_NE(layout.Find(table.rows[0].cells[i]), nullptr) << table.rows[0].cells[i];
    row[table.rows[0].cells[i]] = table.rows[1].cells[i];
  }
  for (const importer::Column& column : layout.columns) {
    EXPECT_TRUE(!column.required || row.count(column.name) == 1) << column.name;
  }
  EXPECT_EQ(row["number"], "H-1");
  EXPECT_EQ(row["risk_source"], "RS-0001");
  EXPECT_EQ(row["responsible_unit"], "PARK-01");
  EXPECT_EQ(row["description"], "'=1+1, \"wide\"");
  EXPECT_EQ(row["status"], "rectifying");
  EXPECT_EQ(row["grade"], "general");
  EXPECT_EQ(row["found_at"], "2017-03-01T00:00:00+08:00");
  EXPECT_EQ(row["due_date"], "2017-04-01");
  EXPECT_EQ(row["position_longitude"], "114.25");
  EXPECT_EQ(row["position_datum"], "wgs84");
  EXPECT_EQ(row["verified_at"], "");
}

TEST_F(Reports, EveryColumnHasAChineseHeading) {
  ImportHazard(HazardOf("H-1", reg_.risk_source));
  for (const v1::ReportKind kind :
       {v1::REPORT_KIND_HAZARDS, v1::REPORT_KIND_SUPERVISION, v1::REPORT_KIND_STATS}) {
    const std::string text =
        Text(Request(kind, v1::REPORT_FORMAT_CSV, v1::REPORT_LANGUAGE_CHINESE));
    const std::string heading = text.substr(0, text.find('\r'));
    for (const auto cell : absl::StrSplit(heading, ',')) {
      const bool is_chinese =
          std::any_of(cell.begin(), cell.end(), [](char c) { return (c & '\x80') != 0; });
      EXPECT_TRUE(is_chinese) << cell;
    }
  }
}

TEST_F(Reports, FiltersAndOrderAreTheLedgers) {
  ImportHazard(HazardOf("H-1", reg_.risk_source));
  ImportHazard(HazardOf("H-2", reg_.other_risk_source));
  v1::ExportReportRequest request = Request(v1::REPORT_KIND_HAZARDS, v1::REPORT_FORMAT_JSON);
  request.mutable_filter()->set_risk_source(reg_.other_risk_source);
  EXPECT_THAT(Text(request), AllOf(HasSubstr("H-2"), Not(HasSubstr("H-1"))));
  request.clear_filter();
  request.set_order_by("number desc");
  const std::string text = Text(request);
  EXPECT_LT(text.find("H-2"), text.find("H-1"));
  StringSink sink;
  request.set_order_by("colour");
  EXPECT_THAT(Make(request, sink), ReasonIs("REASON_INVALID_FILTER"));
}

// What the reader may not see is not in it, and is not counted.
TEST_F(Reports, NobodyIsShownMoreThanHisPart) {
  ImportHazard(HazardOf("H-1", reg_.risk_source));
  v1::Hazard elsewhere = HazardOf("H-2", reg_.other_risk_source);
  elsewhere.set_responsible_unit(reg_.other_unit);
  const std::string hidden = ImportHazard(elsewhere);
  scope_ = {.everywhere = false, .office = false, .units = {*Uuid::Parse(reg_.unit)}, .roots = {}};
  sees_ = [&](const Uuid& id) { return id.ToString() != hidden; };
  for (const v1::ReportFormat format : {v1::REPORT_FORMAT_CSV, v1::REPORT_FORMAT_JSON,
                                        v1::REPORT_FORMAT_HTML, v1::REPORT_FORMAT_GEOJSON}) {
    EXPECT_THAT(Text(Request(v1::REPORT_KIND_HAZARDS, format)),
                AllOf(HasSubstr("H-1"), Not(HasSubstr("H-2"))));
  }
  EXPECT_THAT(
      Text(Request(v1::REPORT_KIND_STATS, v1::REPORT_FORMAT_JSON)),
      AllOf(HasSubstr("\"hazards\":1"), HasSubstr("\"found\":1"), Not(HasSubstr("\"found\":2"))));
  StringSink sink;
  v1::ExportReportRequest notice =
      Request(v1::REPORT_KIND_RECTIFICATION_NOTICE, v1::REPORT_FORMAT_HTML);
  for (const std::string& named : {hidden, std::string("H-2"), reg_.NewId(), reg_.risk_source}) {
    notice.set_record(named);
    EXPECT_THAT(Make(notice, sink), ReasonIs("REASON_NOT_FOUND")) << named;
  }
  EXPECT_THAT(sink.text, IsEmpty());
}

TEST_F(Reports, APlaceIsTheHazardsOwnOrElseItsSources) {
  v1::Hazard hazard = HazardOf("H-1", reg_.risk_source);
  hazard.mutable_position()->set_latitude(22.5);
  hazard.mutable_position()->set_longitude(114.25);
  ImportHazard(hazard);
  v1::Entity entity;
  v1::RiskSource& source = *entity.mutable_risk_source();
  source.set_code("RS-9");
  source.set_name("slope");
  source.set_site_type(v1::SITE_TYPE_PARK_SLOPE);
  source.set_responsible_unit(reg_.unit);
  source.mutable_position()->set_latitude(23);
  source.mutable_position()->set_longitude(115);
  const std::string placed = Import(entity);
  ImportHazard(HazardOf("H-2", placed));
  ImportHazard(HazardOf("H-3", reg_.risk_source));
  const std::string text = Text(Request(v1::REPORT_KIND_HAZARDS, v1::REPORT_FORMAT_GEOJSON));
  const auto geometry_before = [&](const std::string& number) {
    const std::size_t at = text.find("\"number\":\"" + number);
    const std::size_t begin = text.rfind("\"geometry\":", at);
    return text.substr(begin, text.find(",\"properties\"", begin) - begin);
  };
  EXPECT_THAT(geometry_before("H-1"), HasSubstr("[114.250000,22.500000]"));
  EXPECT_THAT(geometry_before("H-2"), HasSubstr("[115.000000,23.000000]"));
  EXPECT_EQ(geometry_before("H-3"), "\"geometry\":null");
}

TEST_F(Reports, AWorkbookIsAnArchiveAndLeavesNothingBehind) {
  ImportHazard(HazardOf("H-1", reg_.risk_source));
  const v1::ExportReportRequest request = Request(v1::REPORT_KIND_HAZARDS, v1::REPORT_FORMAT_XLSX);
  EXPECT_THAT(Text(request), StartsWith("PK\x03\x04"));
  EXPECT_THAT(*files_.List(directory_.path()), IsEmpty());
  // Also where nobody takes it.
  StringSink sink;
  sink.bytes_max = 10;
  EXPECT_EQ(Make(request, sink).status().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(*files_.List(directory_.path()), IsEmpty());
}

TEST_F(Reports, WhatTheSinkRefusesEndsTheReport) {
  for (int i = 0; i < 20; ++i) ImportHazard(HazardOf(absl::StrCat("H-", i), reg_.risk_source));
  StringSink sink;
  sink.bytes_max = 1000;
  EXPECT_EQ(Make(Request(v1::REPORT_KIND_HAZARDS, v1::REPORT_FORMAT_JSON), sink).status().code(),
            absl::StatusCode::kCancelled);
  EXPECT_THAT(sink.text, Not(HasSubstr("H-19")));
}

TEST_F(Reports, WhatAReportCannotBeIsRefused) {
  StringSink sink;
  const auto refused = [&](v1::ReportKind kind, v1::ReportFormat format) {
    return Make(Request(kind, format), sink);
  };
  EXPECT_THAT(refused(v1::REPORT_KIND_UNSPECIFIED, v1::REPORT_FORMAT_CSV),
              ReasonIs("REASON_INVALID_VALUE"));
  EXPECT_THAT(refused(v1::REPORT_KIND_HAZARDS, v1::REPORT_FORMAT_UNSPECIFIED),
              ReasonIs("REASON_INVALID_VALUE"));
  EXPECT_THAT(refused(v1::REPORT_KIND_STATS, v1::REPORT_FORMAT_GEOJSON),
              ReasonIs("REASON_INVALID_VALUE"));
  EXPECT_THAT(refused(v1::REPORT_KIND_SUPERVISION_NOTICE, v1::REPORT_FORMAT_HTML),
              ReasonIs("REASON_REQUIRED_FIELD_MISSING"));
}

TEST_F(Reports, ADocumentSaysWhatTheRecordSaysAndNoMarkup) {
  v1::Hazard hazard = HazardOf("YH-2017-0001", reg_.risk_source);
  hazard.set_description("<script>alert('x')</script> & \"wide\"");
  hazard.set_grade(v1::HAZARD_GRADE_MAJOR);
  const std::string id = ImportHazard(hazard);
  v1::Entity entity;
  v1::SupervisionOrder& order = *entity.mutable_supervision_order();
  order.set_hazard(id);
  order.set_number("督字〔2017〕1号");
  order.set_level(v1::SUPERVISION_LEVEL_CITY);
  order.set_ordered_by(reg_.bureau);
  order.set_signatory("<b>head</b>");
  order.set_content("rectify");
  order.set_status(v1::ORDER_STATUS_ISSUED);
  *order.mutable_issued_on() = DateOf(absl::CivilDay(2017, 3, 2));
  *order.mutable_plan_due() = DateOf(absl::CivilDay(2017, 3, 20));
  *order.mutable_due_date() = DateOf(absl::CivilDay(2017, 6, 1));
  Import(entity);
  v1::ExportReportRequest request = Request(v1::REPORT_KIND_SUPERVISION_NOTICE,
                                            v1::REPORT_FORMAT_HTML, v1::REPORT_LANGUAGE_CHINESE);
  request.set_record("督字〔2017〕1号");
  const std::string text = Text(request);
  for (const char* said :
       {"安全隐患挂牌督办通知书", "督字〔2017〕1号", "PARK-01：", "市级挂牌督办", "2017年3月20日",
        "2017年6月1日", "2017年3月2日", "签发人：&lt;b&gt;head", "（盖章）", "五落实",
        "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;wide&quot;"}) {
    EXPECT_THAT(text, HasSubstr(said));
  }
  EXPECT_THAT(text, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("<b>"))));
  // What was ordered stays ordered, whatever is in force by now.
  vigil::testing::Actor office = reg_.Clerk(v1::ROLE_SAFETY_OFFICE, reg_.bureau);
  v1::Operation sooner = reg_.Begin(office);
  const std::string record = reg_.store()
                                 .Read()
                                 .value()
                                 ->FindByKey(v1::Entity::kSupervisionOrder, "督字〔2017〕1号")
                                 ->value()
                                 .ToString();
  reg_.See(sooner, {record, id});
  sooner.mutable_edit_record()->set_record(record);
  *sooner.mutable_edit_record()->mutable_entity()->mutable_supervision_order()->mutable_due_date() =
      DateOf(absl::CivilDay(2017, 5, 9));
  sooner.mutable_edit_record()->mutable_update_mask()->add_paths("due_date");
  ASSERT_EQ(reg_.Submit(office, sooner).verdict(), v1::VERDICT_APPLIED);
  EXPECT_THAT(Text(request), AllOf(HasSubstr("2017年6月1日"), Not(HasSubstr("2017年5月9日"))));
  request.set_language(v1::REPORT_LANGUAGE_ENGLISH);
  EXPECT_THAT(Text(request), HasSubstr("Notice of tagged supervision"));
  request.set_kind(v1::REPORT_KIND_RECTIFICATION_NOTICE);
  request.set_record(id);
  EXPECT_THAT(Text(request),
              AllOf(HasSubstr("Rectification notice"), HasSubstr("five settlements")));
}

}  // namespace
}  // namespace vigil::report
