#include "server/import/encoding.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/server/import/gb18030.h"

namespace vigil::importer {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kText[] = "编号,描述\nH1,〔边坡〕渗水，约9米𠮷\n";

TEST(EncodingTest, Utf8WithAndWithoutItsMark) {
  for (const std::string mark : {"", "\xEF\xBB\xBF"}) {
    const DecodedFile file = Decode(mark + kText, std::nullopt);
    EXPECT_THAT(file.fault, IsEmpty());
    EXPECT_EQ(file.encoding, Encoding::kUtf8);
    EXPECT_EQ(file.text, mark + kText);
  }
}

TEST(EncodingTest, Gb18030IsWhatIsNotUtf8) {
  const std::string bytes = ToGb18030(kText);
  ASSERT_NE(bytes, kText);
  const DecodedFile file = Decode(bytes, std::nullopt);
  EXPECT_THAT(file.fault, IsEmpty());
  EXPECT_EQ(file.encoding, Encoding::kGb18030);
  EXPECT_EQ(file.text, kText);
}

TEST(EncodingTest, AFileLongerThanTheConvertersBuffer) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "隐患" + std::to_string(i) + "\n";
  const DecodedFile file = Decode(ToGb18030(text), std::nullopt);
  EXPECT_THAT(file.fault, IsEmpty());
  EXPECT_EQ(file.text, text);
}

TEST(EncodingTest, WhatIsBothIsTakenAsAsked) {
  // 隆 in UTF-8 alone would be no GB18030; these bytes are text in either.
  const std::string both = "\xC4\xA3\xCA\xBD";
  EXPECT_EQ(Decode(both, std::nullopt).encoding, Encoding::kUtf8);
  const DecodedFile forced = Decode(both, Encoding::kGb18030);
  EXPECT_EQ(forced.encoding, Encoding::kGb18030);
  EXPECT_EQ(forced.text, "模式");
  EXPECT_THAT(Decode(ToGb18030(kText), Encoding::kUtf8).fault, HasSubstr("not UTF-8"));
}

TEST(EncodingTest, WhatIsNeitherIsRefusedWithLineAndByte) {
  const DecodedFile file = Decode("a,b\r\n1,2\r\n3\xFF,4\r\n", std::nullopt);
  EXPECT_EQ(file.line, 3);
  EXPECT_THAT(file.fault, HasSubstr("neither UTF-8 (line 3, byte 2) nor GB18030"));
  EXPECT_THAT(file.text, IsEmpty());
  // Cut off within a character.
  const std::string bytes = ToGb18030("a\n边");
  EXPECT_EQ(Decode(bytes.substr(0, bytes.size() - 1), std::nullopt).line, 2);
  // UTF-8 but for one byte far behind: that is the place to look at.
  const DecodedFile broken = Decode(std::string(kText) + "\xFF\n", std::nullopt);
  EXPECT_EQ(broken.line, 3);
  EXPECT_THAT(broken.fault, HasSubstr("line 3, byte 1"));
  EXPECT_EQ(Decode("\xEF\xBB\xBF" + ToGb18030(kText), std::nullopt).line, 1);
}

TEST(EncodingTest, WhatIsNoCsvSaysHowToSaveIt) {
  for (const std::string head : {"\xFF\xFE", "\xFE\xFF", "PK\x03\x04", "\xD0\xCF\x11\xE0"}) {
    EXPECT_THAT(Decode(head + "x", std::nullopt).fault, HasSubstr("CSV UTF-8")) << head;
  }
}

TEST(EncodingTest, Names) {
  EXPECT_EQ(ParseEncoding("UTF-8"), Encoding::kUtf8);
  EXPECT_EQ(ParseEncoding("GBK"), Encoding::kGb18030);
  EXPECT_EQ(ParseEncoding("latin-1"), std::nullopt);
  EXPECT_EQ(ParseEncoding(EncodingName(Encoding::kGb18030)), Encoding::kGb18030);
}

}  // namespace
}  // namespace vigil::importer
