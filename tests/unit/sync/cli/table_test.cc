#include "sync/cli/console/table.h"

#include <string>

#include "gtest/gtest.h"
#include "sync/base/utf8.h"

namespace vigil::console {
namespace {

TEST(TableTest, AlignsByColumnsOfTheTerminal) {
  Table table({{"number"}, {"描述"}, {"days", Table::Align::kRight}});
  table.AddRow({"YH-1", "坝体渗水", "3"});
  table.AddRow({"P-7K2M", "crack", "120"});
  EXPECT_EQ(table.ToString(),
            "number  描述      days\n"
            "YH-1    坝体渗水     3\n"
            "P-7K2M  crack      120\n");
}

TEST(TableTest, LeavesOutColumnsWithoutContent) {
  Table table({{"a"}, {"b"}, {"c"}});
  table.AddRow({"1", "", "3"});
  EXPECT_EQ(table.ToString(), "a  c\n1  3\n");
}

TEST(TableTest, CutsCellsThatAreTooWide) {
  Table table({{"text", Table::Align::kLeft, 8}});
  table.AddRow({"填埋场一号坝"});
  table.AddRow({"exactly8"});
  EXPECT_EQ(table.ToString(), "text\n填埋场…\nexactly8\n");
}

TEST(TableTest, TextCannotSteerTheTerminal) {
  EXPECT_EQ(OneLine("a\x1b[31mb\r\n\tc\x7f"), "a [31mb c");
}

TEST(TableTest, PadsByColumns) {
  EXPECT_EQ(Pad("隐患", 6), "隐患  ");
  EXPECT_EQ(Pad("隐患", 3), "隐患");
}

}  // namespace
}  // namespace vigil::console
