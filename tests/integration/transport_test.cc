// The phone's transport and the office's client against a server of its own.

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "gmock/gmock.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "sync/base/ids.h"
#include "sync/base/loop_executor.h"
#include "sync/base/random.h"
#include "sync/transport/grpc_transport.h"
#include "sync/transport/office_client.h"
#include "tests/support/relay.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"
#include "tests/support/vigild_process.h"

namespace vigil::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using transport::GrpcTransport;
using transport::OfficeClient;

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr char kData[] = "deploy/data/shenzhen-2017";

struct Pages final : public engine::PageSink {
  void Page(v1::PullResponse page, Ready ready) override {
    pages.push_back(std::move(page));
    ready(pages.size() < pages_max);
  }
  void Finish(const absl::Status& end) override {
    finished = true;
    status = end;
  }

  std::vector<v1::PullResponse> pages;
  std::size_t pages_max = 1'000'000;
  bool finished = false;
  absl::Status status;
};

class TransportTest : public ::testing::Test {
 protected:
  TransportTest()
      : vigild_(directory_.path()),
        office_({.server = vigild_.server(), .token = vigild_.office_token()}),
        executor_(clock_) {}

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
    VIGIL_EXPECT_OK(office_.Import(options, files, [&](const v1::ImportResponse& response) {
      EXPECT_FALSE(response.has_problem()) << response.problem().ShortDebugString();
      if (response.has_summary()) summary = response.summary();
    }));
    return summary;
  }

  std::unique_ptr<GrpcTransport> Phone(const std::string& person_code) {
    v1::AddDeviceRequest request;
    request.set_person(person_code);
    request.set_kind(v1::DEVICE_KIND_PHONE);
    const absl::StatusOr<v1::AddDeviceResponse> added = office_.AddDevice(request);
    EXPECT_THAT(added, IsOk());
    if (!added.ok()) return nullptr;
    device_ = added->device();
    person_ = added->person();
    return std::make_unique<GrpcTransport>(
        executor_, GrpcTransport::Options{.server = vigild_.server(), .token = added->token()});
  }

  v1::PushRequest Report(const std::string& risk_source) {
    v1::Operation operation;
    operation.set_id(MakeUuidV7(absl::Now(), random_).ToString());
    operation.set_device(device_);
    operation.set_person(person_);
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
    return request;
  }

  TempDir directory_;
  VigildProcess vigild_;
  OfficeClient office_;
  SystemClock clock_;
  SystemRandom random_;
  LoopExecutor executor_;
  std::string device_;
  std::string person_;
  std::uint64_t device_seq_ = 0;
};

TEST_F(TransportTest, APhoneSaysHelloPullsPushesAndIsTold) {
  ASSERT_TRUE(Import().applied());
  const auto phone = Phone("inspector-01");
  ASSERT_NE(phone, nullptr);

  absl::StatusOr<v1::HelloResponse> hello = absl::UnknownError("no answer");
  v1::HelloRequest greeting;
  greeting.set_protocol(1);
  phone->Hello(greeting, [&](absl::StatusOr<v1::HelloResponse> response) { hello = response; });
  RunUntil([&] { return hello.ok() || hello.status().code() != absl::StatusCode::kUnknown; });
  VIGIL_ASSERT_OK(hello);
  EXPECT_EQ(hello->device(), device_);

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
  phone->Push(Report(risk_source),
              [&](absl::StatusOr<v1::PushResponse> response) { pushed = response; });
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
  GrpcTransport nobody(executor_, {.server = vigild_.server(), .token = "guess"});
  absl::StatusOr<v1::HelloResponse> hello = absl::UnknownError("no answer");
  bool answered = false;
  nobody.Hello({}, [&](absl::StatusOr<v1::HelloResponse> response) {
    hello = std::move(response);
    answered = true;
  });
  RunUntil([&] { return answered; });
  EXPECT_THAT(hello, ReasonIs("REASON_UNAUTHENTICATED"));
  auto sink = std::make_shared<Pages>();
  nobody.Pull({}, sink);
  RunUntil([&] { return sink->finished; });
  EXPECT_THAT(sink->status, ReasonIs("REASON_UNAUTHENTICATED"));
  absl::Status ended;
  const auto watch = nobody.OpenWatch(
      {}, [](const v1::WatchResponse&) {}, [&](const absl::Status& status) { ended = status; });
  RunUntil([&] { return !ended.ok(); });
  EXPECT_THAT(ended, ReasonIs("REASON_UNAUTHENTICATED"));
  // An office's credential is no phone's.
  GrpcTransport office(executor_, {.server = vigild_.server(), .token = vigild_.office_token()});
  answered = false;
  office.Hello({}, [&](absl::StatusOr<v1::HelloResponse> response) {
    hello = std::move(response);
    answered = true;
  });
  RunUntil([&] { return answered; });
  EXPECT_THAT(hello, ReasonIs("REASON_WRONG_CHANNEL"));
}

TEST_F(TransportTest, AServerThatIsNotThereIsUnreachable) {
  GrpcTransport phone(executor_, {.server = "127.0.0.1:1", .token = "x"});
  absl::Status status;
  phone.Push({},
             [&](const absl::StatusOr<v1::PushResponse>& response) { status = response.status(); });
  RunUntil([&] { return !status.ok(); });
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(status, ReasonIs("REASON_SERVER_UNREACHABLE"));
}

TEST_F(TransportTest, AFirstConnectionThatFailsIsNotBelieved) {
  int port = 0;
  ASSERT_TRUE(absl::SimpleAtoi(vigild_.port(), &port));
  const Relay relay({.port = port, .drops = 1});
  OfficeClient office({.server = relay.address(), .token = vigild_.office_token()});
  EXPECT_THAT(office.GetSession({}), IsOk());
  EXPECT_EQ(relay.dropped(), 1);

  // A phone begins with a greeting.
  const Relay other_relay({.port = port, .drops = 1});
  GrpcTransport phone(executor_, {.server = other_relay.address(), .token = "unknown"});
  absl::Status status;
  phone.Hello({}, [&](const absl::StatusOr<v1::HelloResponse>& hello) { status = hello.status(); });
  RunUntil([&] { return !status.ok(); });
  EXPECT_THAT(status, ReasonIs("REASON_UNAUTHENTICATED")) << "the register itself has answered";
  EXPECT_EQ(other_relay.dropped(), 1);
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
