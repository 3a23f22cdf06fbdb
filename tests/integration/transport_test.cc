// The phone's transport and the office's client against a server of its own.

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "sync/base/hash.h"
#include "sync/base/ids.h"
#include "sync/base/loop_executor.h"
#include "sync/base/random.h"
#include "sync/base/signing.h"
#include "sync/transport/grpc_transport.h"
#include "sync/transport/office_client.h"
#include "tests/integration/access_support.h"
#include "tests/support/relay.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vigild_process.h"

namespace vigil::testing {
namespace {

using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using transport::GrpcTransport;
using transport::OfficeClient;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr char kData[] = "deploy/data/shenzhen-2017";

struct Pages final : public engine::PageSink {
  void Page(v1::PullResponse page, Ready ready) override {
    pages.push_back(std::move(page));
    if (keeps) {
      kept = std::move(ready);
    } else {
      ready(pages.size() < pages_max);
    }
  }
  void Finish(const absl::Status& end) override {
    finished = true;
    status = end;
  }

  std::vector<v1::PullResponse> pages;
  std::size_t pages_max = 1'000'000;
  // Pages wait until `kept` is called.
  bool keeps = false;
  Ready kept;
  bool finished = false;
  absl::Status status;
};

class TransportTest : public ::testing::Test {
 protected:
  TransportTest()
      : identity_(directory_.path()),
        vigild_(directory_.path(), identity_.Options()),
        newcomers_(directory_.path(), {.server = vigild_.server(),
                                       .authorities = identity_.authority().certificate()}),
        executor_(clock_) {}

  void SetUp() override {
    office_ = newcomers_.Administrator(vigild_.data_dir());
    ASSERT_NE(office_, nullptr);
  }

  // Runs the loop until `done` is true.
  void RunUntil(const std::function<bool()>& done) {
    const absl::Time end = absl::Now() + kPatience;
    executor_.PostAt(end, [] {});
    ASSERT_TRUE(executor_.RunUntil([&] { return done() || absl::Now() >= end; }));
    ASSERT_TRUE(done()) << "nothing came";
  }

  v1::ImportSummary Import(const v1::ImportOptions& options = {}) {
    std::vector<v1::ImportFile> files;
    for (const auto& entry : std::filesystem::directory_iterator(kData)) {
      if (entry.path().extension() != ".csv") continue;
      std::ifstream in(entry.path(), std::ios::binary);
      std::ostringstream text;
      text << in.rdbuf();
      v1::ImportFile& file = files.emplace_back();
      file.set_name(entry.path().filename().string());
      file.set_content(text.str());
    }
    v1::ImportSummary summary;
    VIGIL_EXPECT_OK(office_->Import(options, files, [&](const v1::ImportResponse& response) {
      EXPECT_FALSE(response.has_problem()) << response.problem().ShortDebugString();
      if (response.has_summary()) summary = response.summary();
    }));
    return summary;
  }

  std::unique_ptr<GrpcTransport> Phone(const std::string& person_code) {
    access_ = newcomers_.Open(newcomers_.Phone(*office_, person_code));
    if (access_ == nullptr) return nullptr;
    return TransportTo(newcomers_.connection(), access_);
  }
  std::unique_ptr<GrpcTransport> TransportTo(
      const transport::Connection& connection,
      const std::shared_ptr<transport::ProgramAccess>& access) {
    auto made = GrpcTransport::Make(executor_, {.connection = connection, .access = access});
    EXPECT_THAT(made, IsOk());
    return made.ok() ? *std::move(made) : nullptr;
  }
  absl::Status Hello(GrpcTransport& phone, std::string* register_id = nullptr) {
    std::optional<absl::Status> result;
    v1::HelloRequest greeting;
    greeting.set_protocol(1);
    phone.Hello(greeting, [&](const absl::StatusOr<v1::HelloResponse>& hello) {
      result = hello.status();
      if (hello.ok() && register_id != nullptr) *register_id = hello->epochs().rbegin()->id();
    });
    RunUntil([&] { return result.has_value(); });
    return result.value_or(absl::UnknownError("nothing came"));
  }
  // The device's record says so from now on.
  void Revoke(const std::string& device) {
    v1::GetRecordRequest get;
    get.set_record(device);
    VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetRecordResponse known, office_->GetRecord(get));
    v1::Operation operation;
    operation.set_id(MakeUuidV7(absl::Now(), random_).ToString());
    *operation.mutable_made_at() = google::protobuf::util::TimeUtil::GetCurrentTime();
    v1::Seen& seen = *operation.add_seen();
    seen.set_record(device);
    seen.set_version(known.record().version());
    v1::EditRecord& edit = *operation.mutable_edit_record();
    edit.set_record(device);
    edit.mutable_entity()->mutable_device()->set_revoked(true);
    edit.mutable_update_mask()->add_paths("revoked");
    VIGIL_ASSERT_OK_AND_ASSIGN(const v1::GetSessionResponse session, office_->GetSession({}));
    operation.set_device(session.device());
    operation.set_person(session.person());
    v1::SubmitRequest request;
    request.set_operation(operation.SerializeAsString());
    VIGIL_ASSERT_OK_AND_ASSIGN(const v1::SubmitResponse answer, office_->Submit(request));
    ASSERT_EQ(answer.outcome().verdict(), v1::VERDICT_APPLIED)
        << answer.outcome().ShortDebugString();
  }

  // Signed for this register.
  v1::PushRequest Report(const std::string& risk_source, const std::string& register_id) {
    v1::Operation operation;
    operation.set_id(MakeUuidV7(absl::Now(), random_).ToString());
    operation.set_device(access_->device());
    operation.set_person(access_->person());
    operation.set_device_seq(++device_seq_);
    *operation.mutable_made_at() = google::protobuf::util::TimeUtil::GetCurrentTime();
    v1::ReportHazard& report = *operation.mutable_report_hazard();
    report.set_hazard_id(MakeUuidV7(absl::Now(), random_).ToString());
    report.mutable_hazard()->set_risk_source(risk_source);
    report.mutable_hazard()->set_description("loose rock");
    *report.mutable_hazard()->mutable_found_at() = operation.made_at();
    v1::PushRequest request;
    v1::PushEntry& entry = *request.add_entries();
    entry.set_operation_id(operation.id());
    entry.set_device_seq(operation.device_seq());
    entry.set_operation(operation.SerializeAsString());
    absl::StatusOr<std::string> signature = access_->signer().Sign(
        BytesToSign(PushToSign{.register_id = *Uuid::Parse(register_id),
                               .device = *Uuid::Parse(access_->device()),
                               .device_seq = DeviceSeq(operation.device_seq()),
                               .operation_hash = Sha256Of(entry.operation())}));
    EXPECT_THAT(signature, IsOk());
    request.set_signature(*std::move(signature));
    return request;
  }

  TempDir directory_;
  ServerIdentity identity_;
  VigildProcess vigild_;
  Newcomers newcomers_;
  std::unique_ptr<OfficeClient> office_;
  SystemClock clock_;
  SystemRandom random_;
  LoopExecutor executor_;
  // Of the phone that was made last.
  std::shared_ptr<transport::ProgramAccess> access_;
  std::uint64_t device_seq_ = 0;
};

TEST_F(TransportTest, APhoneSaysHelloPullsPushesAndIsTold) {
  ASSERT_TRUE(Import().applied());
  const auto phone = Phone("inspector-01");
  ASSERT_NE(phone, nullptr);

  std::string register_id;
  VIGIL_ASSERT_OK(Hello(*phone, &register_id));

  auto sink = std::make_shared<Pages>();
  v1::PullRequest pull;
  pull.set_page_bytes(16 * 1024);
  phone->Pull(pull, sink);
  RunUntil([&] { return sink->finished; });
  VIGIL_ASSERT_OK(sink->status);
  EXPECT_GT(sink->pages.size(), 3U);
  EXPECT_TRUE(sink->pages.back().last());
  EXPECT_THAT(sink->pages.back().digest(), SizeIs(256));
  std::string risk_source;
  for (const v1::PullResponse& page : sink->pages) {
    for (const std::string& bytes : page.records()) {
      v1::Record record;
      ASSERT_TRUE(record.ParseFromString(bytes));
      if (record.entity().has_risk_source()) risk_source = record.id();
    }
  }
  ASSERT_NE(risk_source, "");

  std::vector<std::uint64_t> told;
  v1::WatchRequest watch_request;
  watch_request.set_seq(sink->pages.back().head().seq());
  const auto watch = phone->OpenWatch(
      watch_request, [&](const v1::WatchResponse& news) { told.push_back(news.seq()); },
      [](const absl::Status& status) { ADD_FAILURE() << status.ToString(); });
  absl::StatusOr<v1::PushResponse> pushed = absl::UnknownError("no answer");
  phone->Push(Report(risk_source, register_id),
              [&](const absl::StatusOr<v1::PushResponse>& response) { pushed = response; });
  RunUntil([&] { return pushed.ok() && !told.empty(); });
  ASSERT_THAT(pushed->outcomes(), SizeIs(1));
  EXPECT_EQ(pushed->outcomes(0).verdict(), v1::VERDICT_APPLIED);
  EXPECT_EQ(told.back(), pushed->outcomes(0).seq());
}

TEST_F(TransportTest, ASecondImportOfTheSameFilesChangesNothing) {
  const v1::ImportSummary first = Import();
  EXPECT_TRUE(first.applied());
  EXPECT_GT(first.operations(), 1000);
  EXPECT_EQ(Import().operations(), 0);
}

TEST_F(TransportTest, ErrorsCarryTheRegistersReason) {
  // An office's access is no phone's.
  const auto office =
      TransportTo(newcomers_.connection(), newcomers_.Open(directory_.File("access-1")));
  EXPECT_THAT(Hello(*office), ReasonIs("REASON_WRONG_CHANNEL"));
  auto sink = std::make_shared<Pages>();
  office->Pull({}, sink);
  RunUntil([&] { return sink->finished; });
  EXPECT_THAT(sink->status, ReasonIs("REASON_WRONG_CHANNEL"));
  absl::Status ended;
  const auto watch = office->OpenWatch(
      {}, [](const v1::WatchResponse&) {}, [&](const absl::Status& status) { ended = status; });
  RunUntil([&] { return !ended.ok(); });
  EXPECT_THAT(ended, ReasonIs("REASON_WRONG_CHANNEL"));
}

TEST_F(TransportTest, ATokenIsWorthNothingWithoutItsKey) {
  ASSERT_TRUE(Import().applied());
  const auto phone = Phone("inspector-01");
  ASSERT_NE(phone, nullptr);
  VIGIL_ASSERT_OK(Hello(*phone));
  // A copy of the state beside another key.
  const std::string copy = directory_.File("copy");
  PosixFileSystem files;
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto state,
                             transport::LoadAccessState(files, directory_.File("access-2")));
  VIGIL_ASSERT_OK(files.MakeDirectories(copy, 0700));
  VIGIL_ASSERT_OK(transport::SaveProgramKey(files, copy, P256PrivateKey::Generate()));
  VIGIL_ASSERT_OK(transport::SaveAccessState(files, copy, *state));
  const auto thief = TransportTo(newcomers_.connection(), newcomers_.Open(copy));
  EXPECT_THAT(Hello(*thief), ReasonIs("REASON_PROOF_INVALID"));
  VIGIL_EXPECT_OK(Hello(*phone)) << "its owner notices nothing";
}

TEST_F(TransportTest, ACopiedAccessEndsWithItsFirstUseByBoth) {
  ASSERT_TRUE(Import().applied());
  ASSERT_NE(Phone("inspector-01"), nullptr);
  const std::string original = directory_.File("access-2");
  const std::string copy = directory_.File("copy");
  std::filesystem::copy(original, copy);
  // Neither has an access token any more.
  PosixFileSystem files;
  for (const std::string& place : {original, copy}) {
    VIGIL_ASSERT_OK_AND_ASSIGN(auto state, transport::LoadAccessState(files, place));
    state->token.clear();
    VIGIL_ASSERT_OK(transport::SaveAccessState(files, place, *state));
  }
  const auto thief = TransportTo(newcomers_.connection(), newcomers_.Open(copy));
  VIGIL_EXPECT_OK(Hello(*thief));
  const auto owner = TransportTo(newcomers_.connection(), newcomers_.Open(original));
  EXPECT_THAT(Hello(*owner), ReasonIs("REASON_UNAUTHENTICATED"));
  EXPECT_THAT(Hello(*thief), ReasonIs("REASON_UNAUTHENTICATED")) << "neither is let in";
}

TEST_F(TransportTest, ARevokedPhoneIsRefusedAndItsWatchEnds) {
  ASSERT_TRUE(Import().applied());
  const auto phone = Phone("inspector-01");
  ASSERT_NE(phone, nullptr);
  bool told = false;
  absl::Status ended;
  const auto watch = phone->OpenWatch(
      {}, [&](const v1::WatchResponse&) { told = true; },
      [&](const absl::Status& status) { ended = status; });
  RunUntil([&] { return told; });
  Revoke(access_->device());
  RunUntil([&] { return !ended.ok(); });
  EXPECT_THAT(ended, ReasonIs("REASON_DEVICE_REVOKED"));
  EXPECT_THAT(Hello(*phone), ReasonIs("REASON_DEVICE_REVOKED"));
}

TEST_F(TransportTest, ASignOutEndsWhatItsTokensCanDo) {
  const std::string place = directory_.File("access-1");
  VIGIL_ASSERT_OK(office_->GetSession({}));
  VIGIL_ASSERT_OK(newcomers_.Calls()->SignOut(newcomers_.Open(place)));
  EXPECT_THAT(office_->GetSession({}), ReasonIs("REASON_UNAUTHENTICATED"));
}

TEST_F(TransportTest, AServerThatIsNotThereIsUnreachable) {
  const auto phone = TransportTo({.server = "127.0.0.1:1", .plain_text = true},
                                 newcomers_.Open(directory_.File("access-1")));
  absl::Status status;
  phone->Push(
      {}, [&](const absl::StatusOr<v1::PushResponse>& response) { status = response.status(); });
  RunUntil([&] { return !status.ok(); });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(status, ReasonIs("REASON_SERVER_UNREACHABLE"));
}

TEST_F(TransportTest, AFirstConnectionThatFailsIsNotBelieved) {
  int port = 0;
  ASSERT_TRUE(absl::SimpleAtoi(vigild_.port(), &port));
  const Relay relay({.port = port, .drops = 1});
  transport::Connection connection = newcomers_.connection();
  connection.server = relay.address();
  VIGIL_ASSERT_OK_AND_ASSIGN(
      const auto office,
      OfficeClient::Make(
          {.connection = connection, .access = newcomers_.Open(directory_.File("access-1"))}));
  EXPECT_THAT(office->GetSession({}), IsOk());
  EXPECT_EQ(relay.dropped(), 1);

  // A phone begins with a greeting.
  const Relay other_relay({.port = port, .drops = 1});
  connection.server = other_relay.address();
  const auto phone = TransportTo(connection, newcomers_.Open(directory_.File("access-1")));
  EXPECT_THAT(Hello(*phone), ReasonIs("REASON_WRONG_CHANNEL")) << "the register has answered";
  EXPECT_EQ(other_relay.dropped(), 1);

  // So does whoever is not known yet, by what must not come twice.
  const Relay third_relay({.port = port, .drops = 1});
  connection.server = third_relay.address();
  VIGIL_ASSERT_OK_AND_ASSIGN(const auto calls, transport::AccessClient::Make(connection));
  EXPECT_THAT(calls->SetPassword({}), Not(ReasonIs("REASON_SERVER_UNREACHABLE")));
  EXPECT_EQ(third_relay.dropped(), 1);
}

TEST_F(TransportTest, AReaderMayStopAPull) {
  ASSERT_TRUE(Import().applied());
  const auto phone = Phone("inspector-01");
  ASSERT_NE(phone, nullptr);
  auto sink = std::make_shared<Pages>();
  sink->pages_max = 2;
  v1::PullRequest pull;
  pull.set_page_bytes(4096);
  phone->Pull(pull, sink);
  RunUntil([&] { return sink->finished; });
  EXPECT_THAT(sink->pages, SizeIs(2));
  EXPECT_THAT(sink->status, StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(TransportTest, NothingComesWhileAPageIsKept) {
  ASSERT_TRUE(Import().applied());
  const auto phone = Phone("inspector-01");
  ASSERT_NE(phone, nullptr);
  v1::PullRequest pull;
  pull.set_page_bytes(4096);
  auto others = std::make_shared<Pages>();
  phone->Pull(pull, others);
  RunUntil([&] { return others->finished; });
  auto sink = std::make_shared<Pages>();
  sink->keeps = true;
  phone->Pull(pull, sink);
  for (std::size_t pages = 1; !sink->finished; ++pages) {
    RunUntil([&] { return sink->kept != nullptr; });
    // By the time that this is answered further pages have come, or the end.
    VIGIL_ASSERT_OK(Hello(*phone));
    ASSERT_THAT(sink->pages, SizeIs(pages));
    ASSERT_FALSE(sink->finished);
    std::exchange(sink->kept, nullptr)(true);
    RunUntil([&] { return sink->finished || sink->kept != nullptr; });
  }
  VIGIL_EXPECT_OK(sink->status);
  EXPECT_GT(sink->pages.size(), 20U);
  EXPECT_TRUE(sink->pages.back().last());
  ASSERT_THAT(sink->pages, SizeIs(others->pages.size()));
  for (std::size_t i = 0; i < sink->pages.size(); ++i) {
    EXPECT_THAT(sink->pages[i].records(), ElementsAreArray(others->pages[i].records())) << i;
  }
}

TEST_F(TransportTest, ATransportMayGoWhileAPageIsKept) {
  ASSERT_TRUE(Import().applied());
  auto phone = Phone("inspector-01");
  ASSERT_NE(phone, nullptr);
  auto sink = std::make_shared<Pages>();
  sink->keeps = true;
  phone->Pull({}, sink);
  RunUntil([&] { return sink->kept != nullptr; });
  VIGIL_ASSERT_OK(Hello(*phone));
  phone.reset();
  std::exchange(sink->kept, nullptr)(true);
  executor_.RunReady();
  EXPECT_FALSE(sink->finished);
  EXPECT_THAT(sink->pages, SizeIs(1));
}

TEST_F(TransportTest, ADestroyedTransportReportsNothing) {
  ASSERT_TRUE(Import().applied());
  auto phone = Phone("inspector-01");
  ASSERT_NE(phone, nullptr);
  auto sink = std::make_shared<Pages>();
  phone->Pull({}, sink);
  auto watch = phone->OpenWatch(
      {}, [](const v1::WatchResponse&) { ADD_FAILURE(); },
      [](const absl::Status&) { ADD_FAILURE(); });
  phone->Push({}, [](const absl::StatusOr<v1::PushResponse>&) { ADD_FAILURE(); });
  watch.reset();
  phone.reset();
  executor_.RunReady();
  EXPECT_FALSE(sink->finished);
  EXPECT_THAT(sink->pages, IsEmpty());
}

TEST_F(TransportTest, ADrainEndsWatchesAtOnceAndSaysWhy) {
  ASSERT_TRUE(Import().applied());
  const auto phone = Phone("inspector-01");
  ASSERT_NE(phone, nullptr);
  absl::Status ended;
  bool told = false;
  // Known from seq 0: the first message shows that the watch is open.
  const auto watch = phone->OpenWatch(
      {}, [&](const v1::WatchResponse&) { told = true; },
      [&](const absl::Status& status) { ended = status; });
  RunUntil([&] { return told; });
  const absl::Time begin = absl::Now();
  vigild_.process().Signal(SIGTERM);
  RunUntil([&] { return !ended.ok(); });
  EXPECT_THAT(ended, ReasonIs("REASON_SHUTTING_DOWN"));
  EXPECT_EQ(vigild_.process().Wait(), 0);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(8)) << "an open watch does not use up the drain";
}

}  // namespace
}  // namespace vigil::testing
