#include "server/import/words.h"

#include <map>
#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "vigil/v1/hazard.pb.h"
#include "vigil/v1/risk_source.pb.h"

namespace vigil::importer {
namespace {

using console::Language;

bool IsAscii(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) > 127) return false;
  }
  return true;
}

TEST(WordsTest, EveryColumnHasAHeadingInBothLanguagesAndIsFoundByIt) {
  for (const FileLayout& layout : FileLayouts()) {
    std::map<std::string, std::string> taken;
    for (const Column& column : layout.columns) {
      EXPECT_EQ(HeadingOf(layout, column, Language::kEnglish), column.name);
      const std::string chinese = HeadingOf(layout, column, Language::kChinese);
      EXPECT_FALSE(IsAscii(chinese)) << layout.file << ": " << column.name << ": " << chinese;
      std::set<std::string> headings = {column.name, chinese};
      for (const std::string& other : OtherHeadings(layout, column)) headings.insert(other);
      for (const std::string& heading : headings) {
        const auto [place, free] = taken.emplace(heading, column.name);
        EXPECT_TRUE(free) << layout.file << ": " << heading << " stands for " << place->second
                          << " and for " << column.name;
        EXPECT_EQ(FindByHeading(layout, heading), &column) << layout.file << ": " << heading;
      }
    }
  }
}

TEST(WordsTest, HeadingsAsPeopleWriteThem) {
  const FileLayout& hazards = *FindLayout("hazards.csv");
  const Column* due = hazards.Find("due_date");
  for (const char* text :
       {"due_date", "Due date", "整改期限", "整改\n期限", "*整改期限", "整改时限", "　整改期限"}) {
    EXPECT_EQ(FindByHeading(hazards, text), due) << text;
  }
  const FileLayout& sources = *FindLayout("risk_sources.csv");
  EXPECT_EQ(FindByHeading(sources, "检查间隔(天)"), sources.Find("inspection_interval_days"));
  EXPECT_EQ(FindByHeading(hazards, "序号"), nullptr);
  EXPECT_EQ(FindByHeading(hazards, " "), nullptr);
}

TEST(WordsTest, ValuesInBothLanguages) {
  const auto& type = *v1::HazardStatus_descriptor();
  const auto& verified = *type.FindValueByName("HAZARD_STATUS_VERIFIED");
  EXPECT_EQ(EnumWord(verified, Language::kEnglish), "verified");
  EXPECT_EQ(EnumWord(verified, Language::kChinese), "复查通过");
  for (int i = 1; i < type.value_count(); ++i) {
    const auto& value = *type.value(i);
    EXPECT_EQ(ParseEnumWord(type, EnumWord(value, Language::kEnglish)), value.number());
    EXPECT_EQ(ParseEnumWord(type, EnumWord(value, Language::kChinese)), value.number());
  }
  EXPECT_EQ(ParseEnumWord(*v1::SiteType_descriptor(), "park slope"), v1::SITE_TYPE_PARK_SLOPE);
  EXPECT_EQ(ParseEnumWord(type, "unspecified"), std::nullopt);
  EXPECT_EQ(ParseEnumWord(type, ""), std::nullopt);
}

}  // namespace
}  // namespace vigil::importer
