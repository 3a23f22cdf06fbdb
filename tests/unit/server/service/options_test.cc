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
  EXPECT_FALSE(options.plain_text);
  VIGIL_ASSERT_OK_AND_ASSIGN(const Options help, ParseOptions({"--help"}));
  EXPECT_TRUE(help.help);
  VIGIL_ASSERT_OK_AND_ASSIGN(
      const Options secure,
      ParseOptions({"--tls-certificate", "a", "--tls-key=b", "--tls-client-authorities", "c"}));
  EXPECT_EQ(secure.tls_certificate, "a");
  EXPECT_EQ(secure.tls_key, "b");
  EXPECT_EQ(secure.tls_client_authorities, "c");
  VIGIL_ASSERT_OK_AND_ASSIGN(const Options plain,
                             ParseOptions({"--plain-text", "--invite-administrator"}));
  EXPECT_TRUE(plain.plain_text);
  EXPECT_TRUE(plain.invite_administrator);
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
  for (const char* word : {"--config", "--data-dir", "--port", "--tls-certificate", "--tls-key",
                           "--tls-client-authorities", "--plain-text", "--invite-administrator",
                           "--version", "Examples", "Exit"}) {
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
