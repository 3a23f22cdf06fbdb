// The server as a process: how it starts, refuses to start, and ends.

#include <signal.h>
#include <sys/stat.h>

#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/transport/office_client.h"
#include "tests/integration/access_support.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vigild_process.h"

namespace vigil::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

void WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  ASSERT_TRUE(file.good());
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool Exists(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0;
}

class VigildTest : public ::testing::Test {
 protected:
  // Runs to its end; expects that it does not start.
  int Fails(const std::vector<std::string>& arguments, std::string& errors) {
    std::vector<std::string> command = {ProgramPath("vigild")};
    command.insert(command.end(), arguments.begin(), arguments.end());
    Process process(command, {.directory = directory_.path(), .name = "failing"});
    const std::optional<int> code = process.Wait();
    errors = process.Errors();
    EXPECT_TRUE(code.has_value()) << "it runs";
    return code.value_or(-1);
  }

  void StartAndStop() {
    VigildProcess vigild(directory_.path(), {"--plain-text"});
    vigild.process().Signal(SIGTERM);
    ASSERT_EQ(vigild.process().Wait(), 0) << vigild.process().Errors();
  }

  std::string database() const { return directory_.File("reg") + "/register.db"; }

  Newcomers NewcomersOf(const VigildProcess& vigild) {
    return Newcomers(directory_.path(), {.server = vigild.server(),
                                         .authorities = identity_.authority().certificate()});
  }

  TempDir directory_;
  ServerIdentity identity_{directory_.path()};
};

TEST_F(VigildTest, StartsAnswersOverTlsAndDrains) {
  VigildProcess vigild(directory_.path(), identity_.Options());
  Newcomers newcomers = NewcomersOf(vigild);
  const auto client = newcomers.Administrator(vigild.data_dir());
  ASSERT_NE(client, nullptr);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetSessionResponse session, client->GetSession({}));
  EXPECT_EQ(session.person_name(), "Administrator");
  vigild.process().Signal(SIGTERM);
  EXPECT_EQ(vigild.process().Wait(), 0);
  EXPECT_THAT(vigild.process().Errors(),
              AllOf(HasSubstr("transport=tls"), HasSubstr("draining"), HasSubstr("stopped")));
  EXPECT_FALSE(Exists(vigild.data_dir() + "/port"));
  EXPECT_THAT(client->GetSession({}), ReasonIs("REASON_SERVER_UNREACHABLE"));
}

TEST_F(VigildTest, PlainTextIsForLoopbackAndSaysSo) {
  VigildProcess vigild(directory_.path(), {"--plain-text"});
  Newcomers newcomers(directory_.path(), {.server = vigild.server(), .plain_text = true});
  const auto client = newcomers.Administrator(vigild.data_dir());
  ASSERT_NE(client, nullptr);
  VIGIL_EXPECT_OK(client->GetSession({}));
  EXPECT_THAT(vigild.process().Errors(), HasSubstr("transport=\"plain text, loopback only\""));
}

TEST_F(VigildTest, ItsFilesAreItsOwn) {
  VigildProcess vigild(directory_.path(), identity_.Options());
  struct stat info {};
  for (const char* secret : {"/first-administrator.code", "/register.key"}) {
    ASSERT_EQ(stat((vigild.data_dir() + secret).c_str(), &info), 0) << secret;
    EXPECT_EQ(info.st_mode & 0777, 0400U) << secret;
  }
  ASSERT_EQ(stat(vigild.data_dir().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  ASSERT_EQ(stat(database().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0077, 0U);
}

TEST_F(VigildTest, KeepsItsRegisterAndItsKeyOverARestart) {
  std::string code;
  std::string key;
  {
    VigildProcess vigild(directory_.path(), identity_.Options());
    code = ReadFile(vigild.data_dir() + "/first-administrator.code");
    key = ReadFile(vigild.data_dir() + "/register.key");
    EXPECT_EQ(code.size(), 20U);
    vigild.process().Signal(SIGKILL);
    EXPECT_EQ(vigild.process().Wait(), 128 + SIGKILL);
  }
  {
    // Nobody has a password yet: there is a new code.
    VigildProcess vigild(directory_.path(), identity_.Options());
    EXPECT_NE(ReadFile(vigild.data_dir() + "/first-administrator.code"), code);
    Newcomers newcomers = NewcomersOf(vigild);
    const auto client = newcomers.Administrator(vigild.data_dir());
    ASSERT_NE(client, nullptr);
    VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetSessionResponse session, client->GetSession({}));
    EXPECT_EQ(session.head().seq(), 2U) << "the first administrator is made once";
    vigild.process().Signal(SIGTERM);
    EXPECT_EQ(vigild.process().Wait(), 0);
  }
  VigildProcess vigild(directory_.path(), identity_.Options());
  EXPECT_FALSE(Exists(vigild.data_dir() + "/first-administrator.code")) << "he has a password";
  EXPECT_EQ(ReadFile(vigild.data_dir() + "/register.key"), key);
}

TEST_F(VigildTest, AnAdministratorWhoHasLostHisPasswordIsInvitedAnew) {
  {
    VigildProcess vigild(directory_.path(), identity_.Options());
    ASSERT_NE(NewcomersOf(vigild).Administrator(vigild.data_dir()), nullptr);
    vigild.process().Signal(SIGTERM);
    EXPECT_EQ(vigild.process().Wait(), 0);
  }
  std::vector<std::string> options = identity_.Options();
  options.emplace_back("--invite-administrator");
  VigildProcess vigild(directory_.path(), options);
  Newcomers newcomers = NewcomersOf(vigild);
  const auto client = newcomers.Administrator(vigild.data_dir());
  ASSERT_NE(client, nullptr);
  VIGIL_EXPECT_OK(client->GetSession({}));
}

TEST_F(VigildTest, AskedToItLetsInOnlyProgramsWithACertificate) {
  WriteFile(directory_.File("clients.pem"), identity_.authority().certificate());
  std::vector<std::string> options = identity_.Options();
  options.insert(options.end(), {"--tls-client-authorities", directory_.File("clients.pem")});
  VigildProcess vigild(directory_.path(), options);
  v1::SetPasswordRequest request;
  const auto refused = NewcomersOf(vigild).Calls()->SetPassword(request);
  EXPECT_THAT(refused, ReasonIs("REASON_SERVER_UNREACHABLE"));
  const TestAuthority::Issued mine = identity_.authority().Issue({.name = "office 07"});
  transport::Connection connection{.server = vigild.server(),
                                   .authorities = identity_.authority().certificate(),
                                   .certificate = mine.certificate,
                                   .key = mine.key};
  Newcomers newcomers(directory_.path(), connection);
  const auto client = newcomers.Administrator(vigild.data_dir());
  ASSERT_NE(client, nullptr);
  VIGIL_EXPECT_OK(client->GetSession({}));
  // Of an authority that it does not know.
  const TestAuthority::Issued strangers = TestAuthority().Issue();
  connection.certificate = strangers.certificate;
  connection.key = strangers.key;
  EXPECT_THAT(Newcomers(directory_.path(), connection).Calls()->SetPassword(request),
              ReasonIs("REASON_SERVER_UNREACHABLE"));
}

TEST_F(VigildTest, RefusesToStartWithoutACertificateThatIsGood) {
  const std::vector<std::string> base = {"--data-dir", directory_.File("reg"), "--port", "0"};
  std::string errors;
  EXPECT_EQ(Fails(base, errors), 2);
  EXPECT_THAT(errors, HasSubstr("tls is missing"));
  std::vector<std::string> options = base;
  for (const std::string& word : identity_.Options()) options.push_back(word);
  WriteFile(directory_.File("server.pem"), "");
  EXPECT_EQ(Fails(options, errors), 1);
  EXPECT_THAT(errors, HasSubstr("is empty"));
  EXPECT_FALSE(Exists(directory_.File("reg") + "/port"));
}

TEST_F(VigildTest, SaysThatAPortIsInUse) {
  VigildProcess vigild(directory_.path(), {"--plain-text"});
  std::string errors;
  EXPECT_EQ(Fails({"--data-dir", directory_.File("other"), "--port", vigild.port(), "--plain-text"},
                  errors),
            1);
  EXPECT_THAT(errors, HasSubstr("in use by another process"));
  EXPECT_FALSE(Exists(directory_.File("other") + "/port"));
}

TEST_F(VigildTest, TwoDoNotShareARegister) {
  VigildProcess vigild(directory_.path(), identity_.Options());
  Newcomers newcomers = NewcomersOf(vigild);
  const auto client = newcomers.Administrator(vigild.data_dir());
  ASSERT_NE(client, nullptr);
  std::string errors;
  EXPECT_EQ(Fails({"--data-dir", vigild.data_dir(), "--port", "0", "--plain-text"}, errors), 1);
  EXPECT_THAT(errors, HasSubstr("another vigild"));
  VIGIL_EXPECT_OK(client->GetSession({}));
  EXPECT_TRUE(Exists(vigild.data_dir() + "/port")) << "the first one's";
}

TEST_F(VigildTest, RefusesAForeignFileAndLeavesItAlone) {
  ASSERT_EQ(mkdir(directory_.File("reg").c_str(), 0700), 0);
  const std::string letter = "Dear colleagues,\n" + std::string(5000, '.');
  WriteFile(database(), letter);
  std::string errors;
  EXPECT_EQ(Fails({"--data-dir", directory_.File("reg"), "--port", "0", "--plain-text"}, errors),
            1);
  EXPECT_THAT(errors, HasSubstr("not a Vigil register"));
  EXPECT_EQ(ReadFile(database()), letter);
}

// A new key would lock every phone out without a word.
TEST_F(VigildTest, RefusesARegisterWhoseKeyIsGone) {
  StartAndStop();
  const std::string path = directory_.File("reg") + "/register.key";
  const std::string key = ReadFile(path);
  ASSERT_EQ(std::remove(path.c_str()), 0);
  std::string errors;
  EXPECT_EQ(Fails({"--data-dir", directory_.File("reg"), "--port", "0", "--plain-text"}, errors),
            1);
  EXPECT_THAT(errors, AllOf(HasSubstr("the register's key is not there: put it back at "),
                            HasSubstr("register.key"), HasSubstr("--new-key")));
  EXPECT_FALSE(Exists(path));
  WriteFile(path, key);
  StartAndStop();
}

TEST_F(VigildTest, RefusesADamagedRegister) {
  StartAndStop();
  std::string bytes = ReadFile(database());
  ASSERT_GT(bytes.size(), 8192U);
  for (std::size_t i = 4096; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ 0x5a);
  WriteFile(database(), bytes);
  std::string errors;
  EXPECT_EQ(Fails({"--data-dir", directory_.File("reg"), "--port", "0", "--plain-text"}, errors),
            1);
  EXPECT_THAT(errors, HasSubstr("damaged"));
}

TEST_F(VigildTest, RefusesAWrongConfigurationWithLineAndReason) {
  const std::string path = directory_.File("vigild.textproto");
  std::string errors;
  WriteFile(path, "data_dir: \"x\"\nlimits {\n  drain_s: 9999\n}\n");
  EXPECT_EQ(Fails({"--config", path}, errors), 2);
  EXPECT_THAT(errors, HasSubstr(path + ":3:3: drain_s is 9999"));
  WriteFile(path, "data_dir: \"x\" listen_address: \"0.0.0.0\" plain_text: true\n");
  EXPECT_EQ(Fails({"--config", path}, errors), 2);
  EXPECT_THAT(errors, HasSubstr("only a loopback address"));
  EXPECT_EQ(Fails({"--config", directory_.File("missing")}, errors), 2);
  EXPECT_THAT(errors, HasSubstr("missing"));
  EXPECT_EQ(Fails({"--prot", "7"}, errors), 2);
  EXPECT_EQ(Fails({"--plain-text"}, errors), 2);
  EXPECT_THAT(errors, HasSubstr("no data directory"));
}

TEST_F(VigildTest, TakesItsValuesFromAConfiguration) {
  const std::string path = directory_.File("vigild.textproto");
  WriteFile(path, "time_zone: \"UTC\" plain_text: true limits { push_operations_max: 3 }");
  std::vector<std::string> options = identity_.Options();
  options.insert(options.begin(), {"--config", path});
  std::string errors;
  EXPECT_EQ(Fails(options, errors), 2) << "plain text and a certificate";
  WriteFile(path, "time_zone: \"UTC\" limits { push_operations_max: 3 }");
  VigildProcess vigild(directory_.path(), options);
  Newcomers newcomers = NewcomersOf(vigild);
  const auto client = newcomers.Administrator(vigild.data_dir());
  ASSERT_NE(client, nullptr);
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetSessionResponse session, client->GetSession({}));
  EXPECT_EQ(session.time_zone(), "UTC");
}

TEST_F(VigildTest, HelpIsForPeople) {
  Process process({ProgramPath("vigild"), "--help"},
                  {.directory = directory_.path(), .name = "help"});
  EXPECT_EQ(process.Wait(), 0);
  EXPECT_THAT(process.Output(), HasSubstr("Examples:"));
}

}  // namespace
}  // namespace vigil::testing
