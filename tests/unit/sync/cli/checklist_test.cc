#include "sync/cli/field/checklist.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/cli/console/exit_code.h"

namespace vigil::field {
namespace {

using ::testing::HasSubstr;

v1::ChecklistItem Item(v1::AnswerType type) {
  v1::ChecklistItem item;
  item.set_code("LF-01");
  item.set_text("甲烷浓度");
  item.set_type(type);
  return item;
}

TEST(ChecklistTest, ReadsAnswersOfEveryType) {
  EXPECT_EQ(ParseAnswer(Item(v1::ANSWER_TYPE_YES_NO), "是")->yes_no(), v1::ANSWER_VALUE_YES);
  EXPECT_EQ(ParseAnswer(Item(v1::ANSWER_TYPE_YES_NO), "no")->yes_no(), v1::ANSWER_VALUE_NO);
  EXPECT_EQ(ParseAnswer(Item(v1::ANSWER_TYPE_YES_NO), "na")->yes_no(),
            v1::ANSWER_VALUE_NOT_APPLICABLE);
  EXPECT_EQ(ParseAnswer(Item(v1::ANSWER_TYPE_NUMBER), "-0.5")->number(), -0.5);
  EXPECT_EQ(ParseAnswer(Item(v1::ANSWER_TYPE_TEXT), "正常")->text(), "正常");
  v1::ChecklistItem choice = Item(v1::ANSWER_TYPE_CHOICE);
  choice.add_choices("good");
  EXPECT_EQ(ParseAnswer(choice, "good")->choice(), "good");
}

TEST(ChecklistTest, RefusesWhatIsNoAnswer) {
  v1::ChecklistItem choice = Item(v1::ANSWER_TYPE_CHOICE);
  choice.add_choices("good");
  EXPECT_EQ(console::ExitCodeOf(ParseAnswer(choice, "bad").status()), console::kUsage);
  EXPECT_FALSE(ParseAnswer(Item(v1::ANSWER_TYPE_YES_NO), "perhaps").ok());
  EXPECT_FALSE(ParseAnswer(Item(v1::ANSWER_TYPE_NUMBER), "nan").ok());
  EXPECT_FALSE(ParseAnswer(Item(v1::ANSWER_TYPE_TEXT), "").ok());
}

TEST(ChecklistTest, WarnsAndAlarmsAtTheItemsValues) {
  v1::ChecklistItem item = Item(v1::ANSWER_TYPE_NUMBER);
  item.set_warning_value(1);
  item.set_alarm_value(1.25);
  const auto judge = [&](const char* text) { return Judge(item, *ParseAnswer(item, text)); };
  EXPECT_EQ(judge("0.99"), Finding::kGood);
  EXPECT_EQ(judge("1"), Finding::kWarning);
  EXPECT_EQ(judge("1.25"), Finding::kAlarm);
  item.set_low_is_bad(true);
  item.set_warning_value(8);
  item.set_alarm_value(5);
  EXPECT_EQ(judge("9"), Finding::kGood);
  EXPECT_EQ(judge("8"), Finding::kWarning);
  EXPECT_EQ(judge("5"), Finding::kAlarm);
}

TEST(ChecklistTest, AYesNoItemHasAGoodAnswer) {
  v1::ChecklistItem item = Item(v1::ANSWER_TYPE_YES_NO);
  item.set_good_answer(true);
  EXPECT_EQ(Judge(item, *ParseAnswer(item, "yes")), Finding::kGood);
  EXPECT_EQ(Judge(item, *ParseAnswer(item, "no")), Finding::kWarning);
  EXPECT_EQ(Judge(item, *ParseAnswer(item, "na")), Finding::kGood);
}

TEST(ChecklistTest, APromptSaysWhichFiguresAreNotVerified) {
  v1::ChecklistItem item = Item(v1::ANSWER_TYPE_NUMBER);
  item.set_alarm_value(0.1);
  EXPECT_THAT(Prompt(item, console::Language::kEnglish), HasSubstr("not verified"));
  item.set_verified(true);
  EXPECT_THAT(Prompt(item, console::Language::kEnglish), ::testing::Not(HasSubstr("not verified")));
}

TEST(ChecklistTest, ALaterAnswerReplacesTheFirst) {
  v1::Inspection inspection;
  const v1::ChecklistItem item = Item(v1::ANSWER_TYPE_NUMBER);
  SetAnswer(*ParseAnswer(item, "1"), inspection);
  SetAnswer(*ParseAnswer(item, "2"), inspection);
  ASSERT_EQ(inspection.answers_size(), 1);
  EXPECT_EQ(FindAnswer(inspection, "LF-01")->number(), 2);
  EXPECT_EQ(FindAnswer(inspection, "LF-02"), nullptr);
}

}  // namespace
}  // namespace vigil::field
