#include "server/service/options.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/service/guard.h"
#include "server/service/log.h"
#include "tests/support/status_matchers.h"

namespace vigil::testing {
namespace {

using service::HelpText;
using service::LogValue;
using service::Options;
using service::ParseOptions;
using ::testing::HasSubstr;

TEST(OptionsTest, TakesValuesAsWordsAndAfterAnEqualsSign) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const Options options,
                             ParseOptions({"--data-dir", "reg", "--port=0", "--config", "c"}));
  EXPECT_EQ(options.data_dir, "reg");
  EXPECT_EQ(options.port, 0U);
  EXPECT_EQ(options.config_path, "c");
  EXPECT_FALSE(options.help);
  VIGIL_ASSERT_OK_AND_ASSIGN(const Options help, ParseOptions({"--help"}));
  EXPECT_TRUE(help.help);
}

TEST(OptionsTest, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(ParseOptions({"--prot", "1"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'--prot'")));
  EXPECT_THAT(ParseOptions({"--prot"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'--prot'")));
  EXPECT_THAT(ParseOptions({"--port", "65536"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseOptions({"--port", "x"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ParseOptions({"--port"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("needs a value")));
  EXPECT_THAT(ParseOptions({"reg"}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(OptionsTest, TheHelpNamesEveryOptionAndHasExamples) {
  for (const char* word : {"--config", "--data-dir", "--port", "--version", "Examples", "Exit"}) {
    EXPECT_THAT(std::string(HelpText()), HasSubstr(word));
  }
}

TEST(LogTest, ALineStaysOneLine) {
  EXPECT_EQ(LogValue("plain-1.0"), "plain-1.0");
  EXPECT_EQ(LogValue(""), "\"\"");
  EXPECT_EQ(LogValue("two words"), "\"two words\"");
  EXPECT_EQ(LogValue("a\"b\\c\nd\x01"), "\"a\\\"b\\\\c\\nd?\"");
  EXPECT_EQ(LogValue("隐患"), "隐患");
}

TEST(GuardTest, EveryMethodOfTheContractSaysWhoMayCallIt) {
  VIGIL_EXPECT_OK(service::Guard::CheckContract());
}

}  // namespace
}  // namespace vigil::testing
