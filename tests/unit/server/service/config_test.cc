#include "server/service/config.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/file.h"
#include "tests/support/status_matchers.h"

namespace vigil::testing {
namespace {

using service::CheckConfig;
using service::DefaultConfig;
using service::ParseConfig;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ConfigTest, WhatIsUnsetGetsItsDefault) {
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::ServerConfig config,
                             ParseConfig("data_dir: \"reg\" listen_port: 7433", "c"));
  EXPECT_EQ(config.listen_address(), "127.0.0.1");
  EXPECT_EQ(config.listen_port(), 7433U);
  EXPECT_EQ(config.time_zone(), "Asia/Shanghai");
  EXPECT_EQ(config.escalation_tick_s(), 30U);
  EXPECT_EQ(config.limits().push_operations_max(), 500U);
  EXPECT_EQ(config.lifetimes().access_token_s(), 900U);
  EXPECT_EQ(config.limits().connections_per_address_max(), 500U);
}

struct Wrong {
  std::string text;
  std::string place;
  std::string reason;
};

class WrongConfigTest : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongConfigTest, IsRefusedWithLineAndReason) {
  const auto config = ParseConfig(GetParam().text, "vigild.textproto");
  EXPECT_THAT(config, ReasonIs("REASON_INVALID_CONFIGURATION"));
  EXPECT_THAT(std::string(ToStd(config.status().message())),
              ::testing::AllOf(StartsWith("vigild.textproto:" + GetParam().place + ": "),
                               HasSubstr(GetParam().reason)));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongConfigTest,
    ::testing::Values(Wrong{"data_dir: \"x\"\nport: 1\n", "2:5", "no field named \"port\""},
                      Wrong{"data_dir: 7", "1:11", "Expected string"},
                      Wrong{"data_dir: \"x\n", "1:13", "line"},
                      Wrong{"listen_port: 70000", "1:1", "between 0 and 65535"},
                      Wrong{"lifetimes {\n  access_token_s: 59 }", "2:3", "between 60 and 3600"},
                      Wrong{"limits { call_s: 601 }", "1:10", "between 1 and 600"},
                      Wrong{"time_zone: \"Mars/Olympus\"", "1:1", "time zone database"},
                      Wrong{"escalation_tick_s: 4000", "1:1", "between 1 and 3600"},
                      Wrong{"limits {\n  drain_s: 601\n}", "2:3", "between 1 and 600"},
                      Wrong{"limits {\n  operation_bytes_max: 10 }", "2:3", "operation_bytes_max"},
                      Wrong{"limits {\n  operation_bytes_max: 4194304 }", "2:3", "does not fit"},
                      Wrong{"log_level: LOUD", "1:16", "LOUD"},
                      Wrong{"evidence {\n  content_mib_max: 2000\n}", "2:3", "1024"},
                      Wrong{"evidence {\n  person_mib_max: 63\n}", "2:3", "content_mib_max"},
                      Wrong{"evidence {\n  media_types: \"text/plain\"\n}", "2:3", "text/plain"}));

TEST(ConfigTest, TheExampleIsTheDefaultWithADirectory) {
  PosixFileSystem files;
  VIGIL_ASSERT_OK_AND_ASSIGN(const std::string text,
                             files.Read("deploy/config/vigild.textproto", 100000));
  VIGIL_ASSERT_OK_AND_ASSIGN(v1::ServerConfig example, ParseConfig(text, "example"));
  VIGIL_EXPECT_OK(CheckConfig(example));
  EXPECT_NE(example.listen_port(), 0U);
  example.clear_data_dir();
  example.clear_listen_port();
  EXPECT_FALSE(example.tls().certificate_file().empty());
  example.clear_tls();
  EXPECT_EQ(example.DebugString(), DefaultConfig().DebugString());
}

v1::ServerConfig WithDirectory() {
  v1::ServerConfig config = DefaultConfig();
  config.set_data_dir("reg");
  return config;
}

TEST(ConfigTest, ADataDirectoryIsNeeded) {
  v1::ServerConfig config = DefaultConfig();
  config.set_plain_text(true);
  EXPECT_THAT(CheckConfig(config), ReasonIs("REASON_INVALID_CONFIGURATION"));
  config.set_data_dir("reg");
  VIGIL_EXPECT_OK(CheckConfig(config));
}

TEST(ConfigTest, EncryptionIsTheDefaultAndNeedsACertificate) {
  v1::ServerConfig config = WithDirectory();
  EXPECT_THAT(CheckConfig(config), ReasonIs("REASON_INVALID_CONFIGURATION"));
  config.mutable_tls()->set_certificate_file("server.pem");
  EXPECT_THAT(CheckConfig(config), ReasonIs("REASON_INVALID_CONFIGURATION"))
      << "the key is missing";
  config.mutable_tls()->set_key_file("server.key");
  VIGIL_EXPECT_OK(CheckConfig(config));
  config.set_listen_address("0.0.0.0");
  VIGIL_EXPECT_OK(CheckConfig(config));
  config.set_plain_text(true);
  EXPECT_THAT(CheckConfig(config), ReasonIs("REASON_INVALID_CONFIGURATION")) << "both";
}

TEST(ConfigTest, PlainTextOnlyOnLoopback) {
  v1::ServerConfig config = WithDirectory();
  config.set_plain_text(true);
  for (const char* address : {"127.0.0.1", "127.8.9.10", "::1", "localhost"}) {
    config.set_listen_address(address);
    VIGIL_EXPECT_OK(CheckConfig(config)) << address;
  }
  for (const char* address : {"0.0.0.0", "::", "10.0.0.1", "example.org", "127.example.org"}) {
    config.set_listen_address(address);
    EXPECT_THAT(CheckConfig(config), ReasonIs("REASON_INVALID_CONFIGURATION")) << address;
  }
}

}  // namespace
}  // namespace vigil::testing
