// Both clients against a register over real TLS.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sync/base/loop_executor.h"
#include "sync/base/random.h"
#include "sync/base/status.h"
#include "sync/transport/access_client.h"
#include "sync/transport/grpc_transport.h"
#include "sync/transport/office_client.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/sync/transport/fake_calls.h"
#include "tests/unit/sync/transport/scripted_register.h"

namespace vigil::transport {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::ReasonIs;
using ::testing::SizeIs;

constexpr char kHello[] = "vigil.v1.SyncService/Hello";
constexpr char kPush[] = "vigil.v1.SyncService/Push";
constexpr char kPull[] = "vigil.v1.SyncService/Pull";
constexpr char kWatch[] = "vigil.v1.SyncService/Watch";
constexpr absl::Duration kPatience = absl::Seconds(60);

struct Pages final : public engine::PageSink {
  void Page(v1::PullResponse, Ready ready) override {
    ++pages;
    ready(true);
  }
  void Finish(const absl::Status& status) override { end = status; }

  int pages = 0;
  std::optional<absl::Status> end;
};

class CallsTest : public ::testing::Test {
 protected:
  CallsTest() : key_(P256PrivateKey::Generate()), executor_(clock_) {}

  void Begin(ScriptedRegister::Options options = {}) {
    const std::string refresh_token(32, 'r');
    register_.emplace(key_.public_key(), refresh_token, options);
    AccessState state;
    state.device = kDevice;
    state.person = kPerson;
    state.register_id = *Uuid::Parse(kRegister);
    state.refresh_token = refresh_token;
    VIGIL_ASSERT_OK(SaveProgramKey(files_, directory_.path(), key_));
    VIGIL_ASSERT_OK(SaveAccessState(files_, directory_.path(), state));
  }

  std::shared_ptr<ProgramAccess> OpenAccess() {
    auto access = ProgramAccess::Open({files_, clock_, random_}, directory_.path());
    EXPECT_THAT(access, IsOk());
    return *std::move(access);
  }
  Connection To() {
    return {.server = register_->server(), .authorities = register_->authority().certificate()};
  }
  std::unique_ptr<GrpcTransport> Phone(const Connection& connection) {
    auto made = GrpcTransport::Make(executor_, {.connection = connection, .access = OpenAccess()});
    EXPECT_THAT(made, IsOk());
    return *std::move(made);
  }
  std::unique_ptr<GrpcTransport> Phone() { return Phone(To()); }
  std::unique_ptr<OfficeClient> Office() {
    auto made = OfficeClient::Make({.connection = To(), .access = OpenAccess()});
    EXPECT_THAT(made, IsOk());
    return *std::move(made);
  }

  void RunUntil(const std::function<bool()>& done) {
    const absl::Time end = absl::Now() + kPatience;
    executor_.PostAt(end, [] {});
    ASSERT_TRUE(executor_.RunUntil([&] { return done() || absl::Now() >= end; }));
    ASSERT_TRUE(done()) << "nothing came";
  }
  absl::Status Hello(GrpcTransport& phone) {
    std::optional<absl::Status> result;
    phone.Hello({},
                [&](const absl::StatusOr<v1::HelloResponse>& hello) { result = hello.status(); });
    EXPECT_FALSE(result.has_value()) << "answered from inside the call";
    RunUntil([&] { return result.has_value(); });
    return result.value_or(absl::UnknownError("nothing came"));
  }
  absl::Status Pull(GrpcTransport& phone, int pages) {
    auto sink = std::make_shared<Pages>();
    phone.Pull({}, sink);
    RunUntil([&] { return sink->end.has_value(); });
    EXPECT_EQ(sink->pages, pages);
    return sink->end.value_or(absl::UnknownError("nothing came"));
  }
  // Gives the error with which it ended, which a watch that was let in does at once, too.
  absl::Status Watch(GrpcTransport& phone, int news) {
    std::optional<absl::Status> result;
    int told = 0;
    const auto watch = phone.OpenWatch(
        {}, [&](const v1::WatchResponse&) { ++told; },
        [&](const absl::Status& status) { result = status; });
    RunUntil([&] { return result.has_value(); });
    EXPECT_EQ(told, news);
    return result.value_or(absl::UnknownError("nothing came"));
  }

  testing::TempDir directory_;
  PosixFileSystem files_;
  SystemClock clock_;
  SystemRandom random_;
  P256PrivateKey key_;
  std::optional<ScriptedRegister> register_;
  LoopExecutor executor_;
};

TEST_F(CallsTest, APhoneRenewsItsAccessAndProvesEachCall) {
  Begin();
  const auto phone = Phone();
  VIGIL_EXPECT_OK(Hello(*phone));
  VIGIL_EXPECT_OK(Pull(*phone, 1));
  VIGIL_EXPECT_OK(Watch(*phone, 1));
  std::optional<absl::Status> pushed;
  phone->Push({}, [&](const absl::StatusOr<v1::PushResponse>& push) { pushed = push.status(); });
  RunUntil([&] { return pushed.has_value(); });
  VIGIL_EXPECT_OK(*pushed);
  EXPECT_THAT(register_->admitted(), ElementsAre(kHello, kPull, kWatch, kPush));
  EXPECT_EQ(register_->exchanges(), 1);
  EXPECT_THAT(register_->refusals(), SizeIs(0));
}

TEST_F(CallsTest, WhatFindsItsTokenExpiredOrForgottenIsMadeAgain) {
  Begin();
  const auto phone = Phone();
  VIGIL_EXPECT_OK(Hello(*phone));
  register_->ExpireTokens();
  VIGIL_EXPECT_OK(Pull(*phone, 1));
  register_->ExpireTokens();
  VIGIL_EXPECT_OK(Watch(*phone, 1));
  register_->ForgetTokens();
  VIGIL_EXPECT_OK(Hello(*phone));
  EXPECT_EQ(register_->exchanges(), 4);
  EXPECT_THAT(register_->admitted(), ElementsAre(kHello, kPull, kWatch, kHello));
}

TEST_F(CallsTest, ManyCallsWaitForOneExchange) {
  Begin();
  const auto phone = Phone();
  int answered = 0;
  for (int i = 0; i < 20; ++i) {
    phone->Hello({}, [&](const absl::StatusOr<v1::HelloResponse>& hello) {
      VIGIL_EXPECT_OK(hello);
      ++answered;
    });
  }
  RunUntil([&] { return answered == 20; });
  EXPECT_EQ(register_->exchanges(), 1);
}

TEST_F(CallsTest, AClockThatIsOffIsSetRight) {
  Begin({.plain_text = false, .mutual = false, .clock_ahead = absl::Hours(-5)});
  const auto phone = Phone();
  // The exchange tells the time, so that the first proof is right already.
  VIGIL_EXPECT_OK(Hello(*phone));
  EXPECT_THAT(register_->refusals(), SizeIs(0));
}

TEST_F(CallsTest, ALostAnswerDoesNotEndTheSignIn) {
  Begin();
  const auto phone = Phone();
  register_->LoseNextAnswer();
  EXPECT_THAT(Hello(*phone), ReasonIs("REASON_INTERNAL"));
  VIGIL_EXPECT_OK(Hello(*phone));
  EXPECT_EQ(register_->exchanges(), 2);
}

TEST_F(CallsTest, ARevokedPhoneIsToldSoAndAsksNoMore) {
  Begin();
  const auto phone = Phone();
  VIGIL_EXPECT_OK(Hello(*phone));
  register_->Revoke();
  EXPECT_THAT(Hello(*phone), ReasonIs("REASON_DEVICE_REVOKED"));
  EXPECT_THAT(Pull(*phone, 0), ReasonIs("REASON_DEVICE_REVOKED"));
  EXPECT_THAT(Watch(*phone, 0), ReasonIs("REASON_DEVICE_REVOKED"));
  EXPECT_EQ(register_->exchanges(), 1) << "a new token would not help";
  register_->ForgetTokens();
  EXPECT_THAT(Hello(*phone), ReasonIs("REASON_DEVICE_REVOKED"));
  EXPECT_EQ(register_->exchanges(), 2);
}

TEST_F(CallsTest, ATransportMayGoWhileItRenewsItsAccess) {
  Begin();
  auto phone = Phone();
  phone->Hello({}, [](const absl::StatusOr<v1::HelloResponse>&) { ADD_FAILURE(); });
  phone->Pull({}, std::make_shared<Pages>());
  auto watch = phone->OpenWatch(
      {}, [](const v1::WatchResponse&) { ADD_FAILURE(); },
      [](const absl::Status&) { ADD_FAILURE(); });
  watch.reset();
  phone.reset();
  executor_.RunReady();
}

TEST_F(CallsTest, APhoneWaitsForAnotherProcessesExchange) {
  Begin();
  const auto phone = Phone();
  const std::shared_ptr<ProgramAccess> other = OpenAccess();
  auto exchange = other->BeginExchange("");
  VIGIL_ASSERT_OK(exchange);
  std::optional<absl::Status> result;
  phone->Hello({},
               [&](const absl::StatusOr<v1::HelloResponse>& hello) { result = hello.status(); });
  executor_.RunReady();
  EXPECT_FALSE(result.has_value());
  VIGIL_EXPECT_OK(OfficeClient::Make({.connection = To(), .access = other}));
  EXPECT_EQ(register_->exchanges(), 0);
  exchange->reset();
  RunUntil([&] { return result.has_value(); });
  VIGIL_EXPECT_OK(*result);
  EXPECT_EQ(register_->exchanges(), 1);
}

TEST_F(CallsTest, TheOfficeRenewsItsAccessToo) {
  Begin();
  const auto office = Office();
  VIGIL_EXPECT_OK(office->GetSession({}));
  register_->ExpireTokens();
  VIGIL_EXPECT_OK(office->GetSession({}));
  EXPECT_EQ(register_->exchanges(), 2);
  register_->Revoke();
  EXPECT_THAT(office->GetSession({}), ReasonIs("REASON_DEVICE_REVOKED"));
}

TEST_F(CallsTest, ManyProgramsOfOneDirectoryAreNoThieves) {
  Begin();
  std::vector<std::thread> programs;
  for (int i = 0; i < 4; ++i) {
    programs.emplace_back([this] {
      const auto office = Office();
      for (int call = 0; call < 5; ++call) {
        // Where another one has just ended the new token too, it gives up.
        const absl::Status status = office->GetSession({}).status();
        EXPECT_TRUE(status.ok() || ReasonOf(status) == "REASON_TOKEN_EXPIRED") << status;
        register_->ExpireTokens();
      }
    });
  }
  for (std::thread& program : programs) program.join();
  EXPECT_EQ(register_->refusals().count("not the next token"), 0U);
  EXPECT_EQ(register_->refusals().count("REASON_UNAUTHENTICATED"), 0U);
  VIGIL_EXPECT_OK(Office()->GetSession({}));
}

TEST_F(CallsTest, SigningOutIsACallLikeOthers) {
  Begin();
  auto client = AccessClient::Make(To());
  VIGIL_ASSERT_OK(client);
  VIGIL_EXPECT_OK((*client)->SignOut(OpenAccess()));
  EXPECT_THAT(register_->admitted(), ElementsAre("vigil.v1.AccessService/SignOut"));
}

TEST_F(CallsTest, ARegisterOfAnotherAuthorityIsNotTrusted) {
  Begin();
  const testing::TestAuthority other;
  Connection connection = To();
  connection.authorities = other.certificate();
  const auto phone = Phone(connection);
  const absl::Status status = Hello(*phone);
  EXPECT_THAT(status, ReasonIs("REASON_SERVER_UNREACHABLE"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--ca"));
  EXPECT_EQ(register_->exchanges(), 0) << "nothing was given away";
}

TEST_F(CallsTest, PlainTextReachesNoTlsRegister) {
  Begin();
  const auto phone = Phone({.server = register_->server(), .plain_text = true});
  EXPECT_THAT(Hello(*phone), ReasonIs("REASON_SERVER_UNREACHABLE"));
}

TEST_F(CallsTest, PlainTextIsThereForWhoAsks) {
  Begin({.plain_text = true, .mutual = false, .clock_ahead = {}});
  const auto phone = Phone({.server = register_->server(), .plain_text = true});
  VIGIL_EXPECT_OK(Hello(*phone));
}

TEST_F(CallsTest, ARegisterMayAskForACertificate) {
  Begin({.plain_text = false, .mutual = true, .clock_ahead = {}});
  const auto stranger = Phone();
  EXPECT_THAT(Hello(*stranger), ReasonIs("REASON_SERVER_UNREACHABLE"));
  Connection connection = To();
  const testing::TestAuthority::Issued issued = register_->authority().Issue();
  connection.certificate = issued.certificate;
  connection.key = issued.key;
  const auto phone = Phone(connection);
  VIGIL_EXPECT_OK(Hello(*phone));
}

TEST_F(CallsTest, WhatDoesNotGoTogetherIsRefusedAtOnce) {
  Begin();
  EXPECT_THAT(GrpcTransport::Make(
                  executor_, {.connection = {.server = "register.example:1", .plain_text = true},
                              .access = OpenAccess()}),
              ReasonIs("REASON_INVALID_CONFIGURATION"));
}

}  // namespace
}  // namespace vigil::transport
