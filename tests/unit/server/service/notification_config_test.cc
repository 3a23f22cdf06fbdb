#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/service/config.h"
#include "tests/support/status_matchers.h"

namespace vigil::testing {
namespace {

using service::ParseConfig;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The channel's text begins at line 3, column 3.
std::string Config(const std::string& channel) {
  return absl::StrCat("notifications {\n allowed_networks: \"10.1.0.0/16\"\n  ", channel, "\n}");
}

struct Wrong {
  std::string text;
  std::string place;
  std::string reason;
};

class WrongNotificationsTest : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongNotificationsTest, AreRefusedWithLineAndReason) {
  const auto config = ParseConfig(GetParam().text, "c");
  EXPECT_THAT(config, ReasonIs("REASON_INVALID_CONFIGURATION"));
  EXPECT_THAT(std::string(ToStd(config.status().message())),
              ::testing::AllOf(StartsWith("c:" + GetParam().place + ": "),
                               HasSubstr(GetParam().reason), Not(HasSubstr("s3cret"))));
}

INSTANTIATE_TEST_SUITE_P(
    Options, WrongNotificationsTest,
    ::testing::Values(
        Wrong{"notifications {\n  attempts_max: 101 }", "2:3", "between 1 and 100"},
        Wrong{"notifications {\n  first_retry_s: 10\n  longest_retry_s: 9 }", "3:3",
              "less than first_retry_s"},
        Wrong{"notifications {\n  attempt_s: 301 }", "2:3", "between 1 and 300"},
        Wrong{"notifications {\n  allowed_networks: \"10.0.0.0/8\"\n  allowed_networks: "
              "\"10.0.0.1/8\" }",
              "3:3", "'10.0.0.1/8': it has bits set"},
        Wrong{"notifications {\n  allowed_networks: \"example.org\" }", "2:3", "no network"}));

INSTANTIATE_TEST_SUITE_P(
    Channels, WrongNotificationsTest,
    ::testing::Values(
        Wrong{Config("channels { name: \"a\" }"), "3:3", "has no kind"},
        Wrong{Config("channels { log {} }"), "3:3", "name is ''"},
        Wrong{Config("channels { name: \"A b\" log {} }"), "3:14", "name is 'A b'"},
        Wrong{Config("channels { name: \"log\" log {} }"), "3:14", "the server's own"},
        Wrong{Config("channels { name: \"a\" log {} }\n  channels { name: \"a\" log {} }"), "4:14",
              "two channels have the name 'a'"},
        Wrong{Config("channels { name: \"a\" languages: NOTICE_LANGUAGE_ZH "
                     "languages: NOTICE_LANGUAGE_ZH log {} }"),
              "3:54", "each language stands once"}));

INSTANTIATE_TEST_SUITE_P(
    Addresses, WrongNotificationsTest,
    ::testing::Values(
        Wrong{Config("channels { name: \"a\" webhook { url: \"https://x.org/\" } }"), "3:24",
              "keys_file is missing"},
        Wrong{Config("channels { name: \"a\" webhook { keys_file: \"k\" } }"), "3:24",
              "url is missing"},
        Wrong{Config("channels { name: \"a\" webhook { keys_file: \"k\" url: "
                     "\"http://x.org/s3cret\" } }"),
              "3:49", "it must be https://"},
        Wrong{Config("channels { name: \"a\" webhook { keys_file: \"k\" url: "
                     "\"ftp://x.org/\" } }"),
              "3:49", "url begins with ftp://"},
        Wrong{Config("channels { name: \"a\" webhook { keys_file: \"k\" url: "
                     "\"https://u:s3cret@x.org/\" } }"),
              "3:49", "a user or password"},
        Wrong{Config("channels { name: \"a\" webhook { keys_file: \"k\" url: "
                     "\"https://10.2.0.1/\" } }"),
              "3:49", "10.2.0.1 is no public address"},
        Wrong{Config("channels { name: \"a\" webhook { keys_file: \"k\" url: "
                     "\"https://localhost/\" } }"),
              "3:49", "localhost is no public address"},
        Wrong{Config("channels { name: \"a\" webhook { keys_file: \"k\" plain_text: true url: "
                     "\"http://10.1.0.1/\" } }"),
              "3:66", "without encryption only this machine"},
        Wrong{Config("channels { name: \"a\" webhook { keys_file: \"k\" plain_text: true url: "
                     "\"https://127.0.0.1/\" } }"),
              "3:66", "with plain_text it is http://"},
        Wrong{Config("channels { name: \"a\" wecom { key_file: \"k\" url: "
                     "\"https://x.org/send?key=s3cret\" } }"),
              "3:46", "it belongs into a file"},
        Wrong{Config("channels { name: \"a\" wecom { } }"), "3:24", "key_file is missing"},
        Wrong{Config("channels { name: \"a\" dingtalk { } }"), "3:24", "token_file is missing"}));

std::string Mail(const std::string& more) {
  return Config("channels { name: \"a\" smtp { url: \"smtp://mail.example.org:587\"\n" + more +
                " } }");
}

INSTANTIATE_TEST_SUITE_P(
    Mail, WrongNotificationsTest,
    ::testing::Values(
        Wrong{Mail("from: \"vigil\""), "4:1", "no mail address"},
        Wrong{Mail("from: \"v@x.org\""), "3:24", "addresses are needed"},
        Wrong{Mail("from: \"v@x.org\" user: \"v\""), "4:17", "come together"},
        Wrong{Mail("from: \"v@x.org\"\naddresses { address: \"a@x.org\" }\n"
                   "addresses { address: \"a@x.org\" }"),
              "6:13", "for the second time"},
        Wrong{Mail("from: \"v@x.org\"\naddresses { address: \"a@x.org\\r\\nRCPT TO: b\" }"), "5:13",
              "no mail address"},
        Wrong{Mail("from: \"v@x.org\"\naddresses { address: \"a,b@x.org\" }"), "5:13",
              "no mail address"}));

TEST(NotificationConfigTest, ARightOneIsTaken) {
  VIGIL_ASSERT_OK_AND_ASSIGN(
      const v1::ServerConfig config,
      ParseConfig(Config("channels { name: \"hook\" recipients: \"BUREAU\" webhook { url: "
                         "\"https://10.1.2.3:8443/x?y\" keys_file: \"k\" } }\n"
                         "channels { name: \"wecom\" wecom { key_file: \"k\" } }\n"
                         "channels { name: \"ding\" dingtalk { token_file: \"t\" } }\n"
                         "channels { name: \"log-too\" log {} }\n"
                         "channels { name: \"mail\" smtp { url: \"smtps://mail.example.org\" from: "
                         "\"v@x.org\" addresses { address: \"a.b+c@x.org\" } } }"),
                  "c"));
  EXPECT_EQ(config.notifications().channels_size(), 5);
  EXPECT_EQ(config.notifications().attempts_max(), 20U);
  EXPECT_EQ(config.notifications().longest_retry_s(), 21'600U);
}

}  // namespace
}  // namespace vigil::testing
