#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/report/csv_writer.h"
#include "server/report/html.h"
#include "server/report/html_writer.h"
#include "server/report/json_writer.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/server/report/report_maker.h"

namespace vigil::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Heading MakeHeading(Language language) {
  Heading heading;
  heading.name = "hazards";
  heading.title = "Ledger";
  heading.language = language;
  heading.zone = absl::FixedTimeZone(8 * 60 * 60);
  heading.made_at = absl::FromUnixSeconds(1501459200);  // 2017-07-31T08:00:00+08:00
  heading.seq = 7;
  return heading;
}

Section MakeSection() {
  Section section;
  section.name = "hazards";
  section.title = "台账";
  section.columns = {{.name = "description", .heading = "隐患描述"},
                     {.name = "found_at", .heading = "发现时间", .type = ColumnType::kInstant},
                     {.name = "due_date", .heading = "期限", .type = ColumnType::kDate},
                     {.name = "count", .heading = "数量", .type = ColumnType::kInteger},
                     {.name = "rate", .heading = "比率", .type = ColumnType::kReal},
                     {.name = "tagged", .heading = "挂牌", .type = ColumnType::kFlag}};
  return section;
}

Row MakeRow(std::string text) {
  Row row;
  row.key = "id-1";
  row.values = {std::move(text),
                absl::FromUnixSeconds(1501459200),
                absl::CivilDay(2017, 8, 1),
                std::int64_t{-3},
                -86.49,
                true};
  return row;
}

template <typename Writer, typename... More>
std::string Written(const Heading& heading, const std::vector<Row>& rows, More... more) {
  StringSink sink;
  Writer writer(sink, more...);
  VIGIL_EXPECT_OK(writer.Begin(heading));
  VIGIL_EXPECT_OK(writer.BeginSection(MakeSection()));
  for (const Row& row : rows) VIGIL_EXPECT_OK(writer.Add(row));
  VIGIL_EXPECT_OK(writer.End());
  return sink.text;
}

TEST(CsvWriterTest, LinesAreAsTheStandardHasThem) {
  EXPECT_EQ(Written<CsvWriter>(MakeHeading(Language::kEnglish), {MakeRow("a, \"b\"\nc")}, false),
            "description,found_at,due_date,count,rate,tagged\r\n"
            "\"a, \"\"b\"\"\nc\",2017-07-31T08:00:00+08:00,2017-08-01,-3,-86.49,true\r\n");
}

TEST(CsvWriterTest, ChineseHeadingsAndAByteOrderMarkOnRequest) {
  const std::string text = Written<CsvWriter>(MakeHeading(Language::kChinese), {}, true);
  EXPECT_EQ(text, "\xEF\xBB\xBF隐患描述,发现时间,期限,数量,比率,挂牌\r\n");
  EXPECT_THAT(Written<CsvWriter>(MakeHeading(Language::kChinese), {}, false),
              StartsWith("隐患描述"));
}

TEST(CsvWriterTest, TextIsNeverAFormulaAndANumberStaysOne) {
  for (const std::string begin : {"=", "+", "-", "@", "\t", "\r"}) {
    EXPECT_EQ(InertText(begin + "1+1"), "'" + begin + "1+1");
  }
  EXPECT_EQ(InertText("1=1"), "1=1");
  EXPECT_EQ(InertText(""), "");
  EXPECT_EQ(CsvCell(InertText("=HYPERLINK(\"x\")")), "\"'=HYPERLINK(\"\"x\"\")\"");
  EXPECT_THAT(Written<CsvWriter>(MakeHeading(Language::kEnglish), {MakeRow("=1+1")}, false),
              HasSubstr("\r\n'=1+1,2017-07-31T08:00:00+08:00,2017-08-01,-3,-86.49,true\r\n"));
}

TEST(JsonWriterTest, RowsAreObjectsOfTypedValues) {
  const std::string text =
      Written<JsonWriter>(MakeHeading(Language::kEnglish), {MakeRow("=\"\n\x01"), MakeRow("")});
  EXPECT_THAT(text,
              StartsWith("{\"report\":\"hazards\",\"title\":\"Ledger\","
                         "\"as_of\":\"2017-07-31T08:00:00+08:00\",\"seq\":7,\n\"hazards\":["));
  EXPECT_THAT(text, HasSubstr("{\"description\":\"=\\\"\\u000a\\u0001\","
                              "\"found_at\":\"2017-07-31T08:00:00+08:00\","
                              "\"due_date\":\"2017-08-01\",\"count\":-3,\"rate\":-86.49,"
                              "\"tagged\":true},\n"));
}

TEST(GeoJsonWriterTest, LongitudeComesFirstAndNoPositionIsNoGuess) {
  Row somewhere = MakeRow("a");
  somewhere.point = GeoPoint{.longitude = 114.139237, .latitude = 22.566324};
  const std::string text =
      Written<GeoJsonWriter>(MakeHeading(Language::kEnglish), {somewhere, MakeRow("b")});
  EXPECT_THAT(text, StartsWith("{\"type\":\"FeatureCollection\","));
  EXPECT_THAT(text, HasSubstr("{\"type\":\"Feature\",\"id\":\"id-1\",\"geometry\":"
                              "{\"type\":\"Point\",\"coordinates\":[114.139237,22.566324]},"
                              "\"properties\":{\"description\":\"a\","));
  EXPECT_THAT(text, HasSubstr("\"geometry\":null,\"properties\":{\"description\":\"b\","));
}

TEST(HtmlWriterTest, NothingThatWasWrittenIsMarkup) {
  Heading heading = MakeHeading(Language::kEnglish);
  heading.title = "<script>alert(1)</script>";
  heading.paragraphs = {"\"><img src=x onerror=y>"};
  heading.notes = {"<b>'note'</b>"};
  const std::string text = Written<HtmlWriter>(heading, {MakeRow("<i>&\x02\n</td>")});
  EXPECT_THAT(text, HasSubstr("&lt;i&gt;&amp;\xEF\xBF\xBD<br>\n&lt;/td&gt;"));
  EXPECT_THAT(text, HasSubstr("&quot;&gt;&lt;img"));
  EXPECT_THAT(text, HasSubstr("&lt;b&gt;&#39;note&#39;"));
  for (const char* markup : {"<script", "<img", "<i>", "<b>"}) {
    EXPECT_THAT(text, Not(HasSubstr(markup)));
  }
}

// A page fetches nothing from anywhere.
TEST(HtmlWriterTest, APageNeedsNothingFromElsewhere) {
  const std::string text = Written<HtmlWriter>(MakeHeading(Language::kChinese), {MakeRow("a")});
  for (const char* reference : {"http:", "https:", "src=", "href=", "url(", "@import"}) {
    EXPECT_THAT(text, Not(HasSubstr(reference)));
  }
}

}  // namespace
}  // namespace vigil::report
