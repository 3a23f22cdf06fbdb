#include "server/import/csv.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vigil::importer {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

MATCHER_P2(RowIs, line, cells, "") {
  return ::testing::ExplainMatchResult(line, arg.line, result_listener) &&
         ::testing::ExplainMatchResult(cells, arg.cells, result_listener);
}

TEST(CsvTest, SplitsCellsAndLines) {
  const CsvTable table = ParseCsv("a,b\n1,2\n,\n3,\n");
  EXPECT_THAT(table.rows,
              ElementsAre(RowIs(1, ElementsAre("a", "b")), RowIs(2, ElementsAre("1", "2")),
                          RowIs(4, ElementsAre("3", ""))));
  EXPECT_THAT(table.faults, IsEmpty());
}

TEST(CsvTest, TakesTheLastLineWithoutABreak) {
  EXPECT_THAT(ParseCsv("a\nb").rows,
              ElementsAre(RowIs(1, ElementsAre("a")), RowIs(2, ElementsAre("b"))));
}

TEST(CsvTest, QuotesHoldCommasQuotesAndLineBreaks) {
  const CsvTable table = ParseCsv("\"a,b\",\"say \"\"x\"\"\",\"1\r\n2\n3\"\r\nnext,,\r\n");
  EXPECT_THAT(table.rows, ElementsAre(RowIs(1, ElementsAre("a,b", "say \"x\"", "1\n2\n3")),
                                      RowIs(4, ElementsAre("next", "", ""))));
}

TEST(CsvTest, SkipsAByteOrderMarkAndBlankLines) {
  EXPECT_THAT(ParseCsv("\xEF\xBB\xBF"
                       "a,b\r\n\r\n,\r\n\r1,2\r")
                  .rows,
              ElementsAre(RowIs(1, ElementsAre("a", "b")), RowIs(5, ElementsAre("1", "2"))));
}

TEST(CsvTest, NothingIsNoRow) {
  EXPECT_THAT(ParseCsv("").rows, IsEmpty());
  EXPECT_THAT(ParseCsv("\n\n").rows, IsEmpty());
}

TEST(CsvTest, AFaultCostsItsRowOnly) {
  const CsvTable table = ParseCsv("a,b\n1\",2\n\"3\"x,4\n5,6\n");
  EXPECT_THAT(table.rows,
              ElementsAre(RowIs(1, ElementsAre("a", "b")), RowIs(4, ElementsAre("5", "6"))));
  EXPECT_THAT(
      table.faults,
      ElementsAre(
          AllOf(Field(&CsvFault::line, 2), Field(&CsvFault::message, HasSubstr("does not begin"))),
          AllOf(Field(&CsvFault::line, 3), Field(&CsvFault::message, HasSubstr("closing quote")))));
}

TEST(CsvTest, AnOpenQuoteIsReportedWhereItsRowBegins) {
  const CsvTable table = ParseCsv("a\nb\n\"c\nd\n");
  EXPECT_THAT(table.rows, ElementsAre(RowIs(1, ElementsAre("a")), RowIs(2, ElementsAre("b"))));
  EXPECT_THAT(table.faults, ElementsAre(AllOf(Field(&CsvFault::line, 3),
                                              Field(&CsvFault::message, HasSubstr("closed")))));
}

TEST(CsvTest, WhatIsWrittenIsReadAgain) {
  const std::vector<std::string> cells = {"plain", "", "a,b", "say \"no\"", "two\nlines", " 边坡 "};
  const CsvTable table = ParseCsv(CsvLine(cells) + CsvLine({"next"}));
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.rows[0].cells, cells);
  EXPECT_EQ(table.rows[1].cells, std::vector<std::string>({"next"}));
  EXPECT_TRUE(table.faults.empty());
}

}  // namespace
}  // namespace vigil::importer
