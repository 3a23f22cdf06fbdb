#include "sync/transport/connection.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace vigil::transport {
namespace {

using testing::IsOk;
using testing::ReasonIs;
using testing::StatusIs;

constexpr char kCertificate[] = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
constexpr char kKey[] = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";

TEST(ConnectionTest, OnlyAddressesOfThisMachineAreLoopback) {
  for (const char* server : {"127.0.0.1:7433", "127.8.9.255:1", "localhost:7433", "[::1]:7433"}) {
    EXPECT_TRUE(IsLoopback(server)) << server;
  }
  for (const char* server :
       {"127.0.0.1.example:7433", "127.0.0.1", "127.0.0.256:1", "127.0.0:1", "127.0.0.1.1:1",
        "1127.0.0.1:1", "10.0.0.1:7433", "0.0.0.0:7433", "localhost.example:1", "[::2]:7433",
        "dns:///localhost:1", "ipv4:127.0.0.1:1", "unix:socket:1", "127.0.0.1:7433@example", "",
        "127.+1.0.1:7", "localhost:"}) {
    EXPECT_FALSE(IsLoopback(server)) << server;
  }
}

TEST(ConnectionTest, PlainTextLeavesNoMachine) {
  PosixFileSystem files;
  EXPECT_THAT(ReadConnection(files, {.server = "127.0.0.1:7433", .plain_text = true}), IsOk());
  EXPECT_THAT(ReadConnection(files, {.server = "register.example:7433", .plain_text = true}),
              ReasonIs("REASON_INVALID_CONFIGURATION"));
  EXPECT_THAT(ReadConnection(files, {.server = "register.example:7433"}), IsOk());
}

TEST(ConnectionTest, ReadsWhatBelongsTogether) {
  const testing::TempDir directory;
  PosixFileSystem files;
  const std::string ca = directory.File("ca.pem");
  const std::string key = directory.File("key.pem");
  VIGIL_ASSERT_OK(files.WriteAtomic(ca, kCertificate));
  VIGIL_ASSERT_OK(files.WriteAtomic(key, kKey));
  VIGIL_ASSERT_OK_AND_ASSIGN(
      const Connection connection,
      ReadConnection(files,
                     {.server = "a:1", .ca_file = ca, .certificate_file = ca, .key_file = key}));
  EXPECT_EQ(connection.authorities, kCertificate);
  EXPECT_EQ(connection.certificate, kCertificate);
  EXPECT_EQ(connection.key, kKey);
  EXPECT_FALSE(connection.plain_text);

  EXPECT_THAT(ReadConnection(files, {.server = "a:1", .certificate_file = ca}),
              ReasonIs("REASON_INVALID_CONFIGURATION"));
  EXPECT_THAT(ReadConnection(files, {.server = "a:1", .key_file = key}),
              ReasonIs("REASON_INVALID_CONFIGURATION"));
  EXPECT_THAT(ReadConnection(files, {.server = "127.0.0.1:1", .ca_file = ca, .plain_text = true}),
              ReasonIs("REASON_INVALID_CONFIGURATION"));
  EXPECT_THAT(ReadConnection(files, {.server = "a:1", .ca_file = key}),
              ReasonIs("REASON_CERTIFICATE_INVALID"));
  EXPECT_THAT(ReadConnection(files, {.server = "a:1", .certificate_file = ca, .key_file = ca}),
              ReasonIs("REASON_CERTIFICATE_INVALID"));
  EXPECT_THAT(ReadConnection(files, {.server = "a:1", .ca_file = directory.File("none")}),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ReadConnection(files, {}), ReasonIs("REASON_INVALID_CONFIGURATION"));
}

}  // namespace
}  // namespace vigil::transport
