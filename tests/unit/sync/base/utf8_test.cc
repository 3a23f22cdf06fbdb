#include "sync/base/utf8.h"

#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace vigil {
namespace {

TEST(Utf8Test, AcceptsTheEndsOfEachLength) {
  for (const std::string_view good :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "挂牌督办"}) {
    EXPECT_TRUE(IsValidUtf8(good)) << good;
    EXPECT_TRUE(IsValidText(good)) << good;
  }
}

TEST(Utf8Test, RefusesOverlongSurrogatesAndStrays) {
  for (const std::string_view bad :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe0\xa0",
        "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xff", "ok\xfe", "\xe6\x8c"}) {
    EXPECT_FALSE(IsValidUtf8(bad)) << bad;
    EXPECT_FALSE(IsValidText(bad)) << bad;
  }
}

// Many bytes are looked at together.
TEST(Utf8Test, WhatIsWrongIsSeenWhereverItStands) {
  const std::string around = "12345678挂牌督办";
  for (std::size_t at = 0; at <= 8; ++at) {
    const std::string before = around.substr(at);
    EXPECT_TRUE(IsValidText(before + "牌" + around)) << at;
    for (const std::string_view bad : {"\x80", "\xe6\x8c", "\xe6\x8c\x41", "\xe6\x41\x8c",
                                       "\xe0\x9f\xbf", "\xed\xa0\x80", "\xef\xbf"}) {
      EXPECT_FALSE(IsValidText(before + std::string(bad))) << at;
      EXPECT_FALSE(IsValidText(before + std::string(bad) + around)) << at;
    }
  }
}

TEST(Utf8Test, NulIsWellFormedButNoText) {
  const std::string_view nul("a\0b", 3);
  EXPECT_TRUE(IsValidUtf8(nul));
  EXPECT_FALSE(IsValidText(nul));
}

TEST(Utf8Test, EveryCodePointRoundTrips) {
  for (char32_t point = 0; point <= 0x10ffff; point += point < 0x3000 ? 1 : 97) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    std::string text;
    if (point < 0x80) {
      text = {static_cast<char>(point)};
    } else if (point < 0x800) {
      text = {static_cast<char>(0xc0 | (point >> 6)), static_cast<char>(0x80 | (point & 0x3f))};
    } else if (point < 0x10000) {
      text = {static_cast<char>(0xe0 | (point >> 12)),
              static_cast<char>(0x80 | ((point >> 6) & 0x3f)),
              static_cast<char>(0x80 | (point & 0x3f))};
    } else {
      text = {static_cast<char>(0xf0 | (point >> 18)),
              static_cast<char>(0x80 | ((point >> 12) & 0x3f)),
              static_cast<char>(0x80 | ((point >> 6) & 0x3f)),
              static_cast<char>(0x80 | (point & 0x3f))};
    }
    std::string_view rest = text;
    ASSERT_EQ(TakeCodePoint(rest), point);
    ASSERT_TRUE(rest.empty());
  }
}

TEST(Utf8Test, CountsCodePoints) {
  EXPECT_EQ(CodePointCount("abc"), 3U);
  EXPECT_EQ(CodePointCount("挂牌督办"), 4U);
  EXPECT_EQ(CodePointCount("a\xff\xfe"), 3U);
}

TEST(Utf8Test, ChineseTakesTwoColumns) {
  EXPECT_EQ(DisplayWidth("Hazard 12"), 9U);
  EXPECT_EQ(DisplayWidth("挂牌督办"), 8U);
  EXPECT_EQ(DisplayWidth("字〔2017〕12号"), 2U + 2 + 4 + 2 + 2 + 2);
  EXPECT_EQ(DisplayWidth("，（）ＡＢ"), 10U);
  EXPECT_EQ(DisplayWidth("한글かな"), 8U);
  EXPECT_EQ(DisplayWidth("é"), 1U);
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1U);  // e and a combining acute accent
  EXPECT_EQ(DisplayWidth("\xf0\x9f\x9a\xa7"), 2U);
  EXPECT_EQ(DisplayWidth("\xf0\xa0\xae\xb7"), 2U);  // a character of CJK extension B
  EXPECT_EQ(DisplayWidth("→ § 25 % ≤"), 10U);
  EXPECT_EQ(DisplayWidth("\xff"), 1U);
}

TEST(Utf8Test, TruncationSplitsNoCharacter) {
  EXPECT_EQ(TruncateToWidth("挂牌督办", 8), "挂牌督办");
  EXPECT_EQ(TruncateToWidth("挂牌督办", 7), "挂牌督");
  EXPECT_EQ(TruncateToWidth("a挂牌", 2), "a");
  EXPECT_EQ(TruncateToWidth("abc", 0), "");
  EXPECT_EQ(TruncateToWidth("e\xcc\x81x", 1), "e\xcc\x81");
}

}  // namespace
}  // namespace vigil
