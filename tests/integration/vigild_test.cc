// The server as a process: how it starts, refuses to start, and ends.

#include <signal.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/transport/office_client.h"
#include "tests/support/process.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vigild_process.h"

namespace vigil::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using transport::OfficeClient;

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
    VigildProcess vigild(directory_.path());
    vigild.process().Signal(SIGTERM);
    ASSERT_EQ(vigild.process().Wait(), 0) << vigild.process().Errors();
  }

  std::string database() const { return directory_.File("reg") + "/register.db"; }

  TempDir directory_;
};

TEST_F(VigildTest, StartsSaysThatItIsLoopbackOnlyAnswersAndDrains) {
  VigildProcess vigild(directory_.path());
  OfficeClient client({.server = vigild.server(), .token = vigild.office_token()});
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetSessionResponse session, client.GetSession({}));
  EXPECT_EQ(session.person_name(), "Administrator");
  vigild.process().Signal(SIGTERM);
  EXPECT_EQ(vigild.process().Wait(), 0);
  EXPECT_THAT(vigild.process().Errors(),
              AllOf(HasSubstr("loopback only"), HasSubstr("draining"), HasSubstr("stopped")));
  EXPECT_FALSE(Exists(vigild.data_dir() + "/port"));
  EXPECT_THAT(client.GetSession({}), ReasonIs("REASON_SERVER_UNREACHABLE"));
}

TEST_F(VigildTest, TheLogNeverHoldsTheToken) {
  VigildProcess vigild(directory_.path());
  const std::string token = vigild.office_token();
  ASSERT_EQ(token.size(), 43U);
  OfficeClient client({.server = vigild.server(), .token = token});
  VIGIL_EXPECT_OK(client.GetSession({}));
  vigild.process().Signal(SIGINT);
  EXPECT_EQ(vigild.process().Wait(), 0);
  EXPECT_THAT(vigild.process().Errors(), Not(HasSubstr(token)));
}

TEST_F(VigildTest, ItsFilesAreItsOwn) {
  VigildProcess vigild(directory_.path());
  struct stat info {};
  ASSERT_EQ(stat((vigild.data_dir() + "/office.token").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0400U);
  ASSERT_EQ(stat(vigild.data_dir().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  ASSERT_EQ(stat(database().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0077, 0U);
}

TEST_F(VigildTest, KeepsItsRegisterAndItsTokenOverARestart) {
  std::string token;
  std::string device;
  {
    VigildProcess vigild(directory_.path());
    token = vigild.office_token();
    OfficeClient client({.server = vigild.server(), .token = token});
    VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetSessionResponse session, client.GetSession({}));
    device = session.device();
    vigild.process().Signal(SIGKILL);
    EXPECT_EQ(vigild.process().Wait(), 128 + SIGKILL);
  }
  {
    VigildProcess vigild(directory_.path());
    EXPECT_EQ(vigild.office_token(), token);
    OfficeClient client({.server = vigild.server(), .token = token});
    VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetSessionResponse session, client.GetSession({}));
    EXPECT_EQ(session.device(), device);
    EXPECT_EQ(session.head().seq(), 2U) << "the first administrator is made once";
    vigild.process().Signal(SIGTERM);
    EXPECT_EQ(vigild.process().Wait(), 0);
  }
  // Somebody put the token away: it is not made anew.
  ASSERT_EQ(remove((directory_.File("reg") + "/office.token").c_str()), 0);
  VigildProcess vigild(directory_.path());
  EXPECT_FALSE(Exists(vigild.data_dir() + "/office.token"));
}

TEST_F(VigildTest, SaysThatAPortIsInUse) {
  VigildProcess vigild(directory_.path());
  std::string errors;
  EXPECT_EQ(Fails({"--data-dir", directory_.File("other"), "--port", vigild.port()}, errors), 1);
  EXPECT_THAT(errors, HasSubstr("in use by another process"));
  EXPECT_FALSE(Exists(directory_.File("other") + "/port"));
}

TEST_F(VigildTest, TwoDoNotShareARegister) {
  VigildProcess vigild(directory_.path());
  std::string errors;
  EXPECT_EQ(Fails({"--data-dir", vigild.data_dir(), "--port", "0"}, errors), 1);
  EXPECT_THAT(errors, HasSubstr("another vigild"));
  OfficeClient client({.server = vigild.server(), .token = vigild.office_token()});
  VIGIL_EXPECT_OK(client.GetSession({}));
  EXPECT_TRUE(Exists(vigild.data_dir() + "/port")) << "the first one's";
}

TEST_F(VigildTest, RefusesAForeignFileAndLeavesItAlone) {
  ASSERT_EQ(mkdir(directory_.File("reg").c_str(), 0700), 0);
  const std::string letter = "Dear colleagues,\n" + std::string(5000, '.');
  WriteFile(database(), letter);
  std::string errors;
  EXPECT_EQ(Fails({"--data-dir", directory_.File("reg"), "--port", "0"}, errors), 1);
  EXPECT_THAT(errors, HasSubstr("not a Vigil register"));
  EXPECT_EQ(ReadFile(database()), letter);
}

TEST_F(VigildTest, RefusesADamagedRegister) {
  StartAndStop();
  std::string bytes = ReadFile(database());
  ASSERT_GT(bytes.size(), 8192U);
  for (std::size_t i = 4096; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ 0x5a);
  WriteFile(database(), bytes);
  std::string errors;
  EXPECT_EQ(Fails({"--data-dir", directory_.File("reg"), "--port", "0"}, errors), 1);
  EXPECT_THAT(errors, HasSubstr("damaged"));
}

TEST_F(VigildTest, RefusesAWrongConfigurationWithLineAndReason) {
  const std::string path = directory_.File("vigild.textproto");
  std::string errors;
  WriteFile(path, "data_dir: \"x\"\nlimits {\n  drain_s: 9999\n}\n");
  EXPECT_EQ(Fails({"--config", path}, errors), 2);
  EXPECT_THAT(errors, HasSubstr(path + ":3:3: drain_s is 9999"));
  WriteFile(path, "listen_address: \"0.0.0.0\"\n");
  EXPECT_EQ(Fails({"--config", path}, errors), 2);
  EXPECT_THAT(errors, HasSubstr(":1:1: listen_address"));
  EXPECT_EQ(Fails({"--config", directory_.File("missing")}, errors), 2);
  EXPECT_THAT(errors, HasSubstr("missing"));
  EXPECT_EQ(Fails({"--prot", "7"}, errors), 2);
  EXPECT_EQ(Fails({}, errors), 2);
  EXPECT_THAT(errors, HasSubstr("no data directory"));
}

TEST_F(VigildTest, TakesItsValuesFromAConfiguration) {
  const std::string path = directory_.File("vigild.textproto");
  WriteFile(path, "time_zone: \"UTC\" limits { push_operations_max: 3 }");
  VigildProcess vigild(directory_.path(), {"--config", path});
  OfficeClient client({.server = vigild.server(), .token = vigild.office_token()});
  VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetSessionResponse session, client.GetSession({}));
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
